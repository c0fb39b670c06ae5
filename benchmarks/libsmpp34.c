/* What the C library libsmpp34 takes for the two PDUs of benchmarks/codec.py: SECONDS HEX_A HEX_B -> one line of JSON.
 *
 * cc -O2 libsmpp34.c -l:libsmpp34.a. The struct is reused, its parameters are freed, as a careful user would. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <libsmpp34/smpp34.h>
#include <libsmpp34/smpp34_structs.h>
#include <libsmpp34/smpp34_params.h>

enum { MOST = 1024, BATCHES = 7 };

static uint8_t frame_a[MOST], frame_b[MOST], text_a[MOST], text_b[MOST], out[MOST];
static int octets_a, octets_b, size_a, size_b, packed;
static volatile unsigned long sink; /* what is read must not be optimised away */

static void fail(const char *what) {
    fprintf(stderr, "%s: %s\n", what, smpp34_strerror);
    exit(1);
}

static int from_hex(const char *hex, uint8_t *octets) {
    int size = (int)strlen(hex) / 2;
    unsigned octet;
    if (size > MOST) fail("too long");
    for (int i = 0; i < size; i++) {
        if (sscanf(hex + 2 * i, "%2x", &octet) != 1) fail("no hex");
        octets[i] = (uint8_t)octet;
    }
    return size;
}

static void print_hex(const uint8_t *octets, int size) {
    for (int i = 0; i < size; i++) printf("%02x", octets[i]);
}

static deliver_sm_t a;
static submit_sm_t b;

static void decode_a(void) {
    if (smpp34_unpack2(&a, frame_a, octets_a)) fail("unpack");
    sink += a.source_addr[0] + a.destination_addr[0] + a.esm_class + a.data_coding + a.short_message[0] + a.sm_length;
    for (tlv_t *t = a.tlv; t; t = t->next) sink += t->tag + t->value.octet[0];
    if (a.tlv) destroy_tlv(a.tlv);
    a.tlv = NULL;
}

static void decode_b(void) {
    if (smpp34_unpack2(&b, frame_b, octets_b)) fail("unpack");
    sink += b.source_addr[0] + b.destination_addr[0] + b.esm_class + b.data_coding + b.short_message[0] + b.sm_length;
    for (tlv_t *t = b.tlv; t; t = t->next) sink += t->tag + t->value.octet[0];
    if (b.tlv) destroy_tlv(b.tlv);
    b.tlv = NULL;
}

static void encode_a(void) {
    static deliver_sm_t v;
    v.command_id = DELIVER_SM;
    v.command_status = 0;
    v.sequence_number = 7;
    v.source_addr_ton = v.source_addr_npi = v.dest_addr_npi = 1;
    v.dest_addr_ton = 0;
    strcpy((char *)v.source_addr, "255712345678");
    strcpy((char *)v.destination_addr, "15001");
    v.sm_length = (uint8_t)size_a;
    memcpy(v.short_message, text_a, (size_t)size_a);
    if (smpp34_pack2(out, sizeof out, &packed, &v)) fail("pack");
}

static void add(tlv_t **to, uint16_t tag, uint16_t size, uint16_t value) {
    tlv_t one;
    one.tag = tag;
    one.length = size;
    if (size == 2) one.value.val16 = value;
    else one.value.val08 = (uint8_t)value;
    one.next = NULL;
    if (build_tlv(to, &one)) fail("tlv");
}

static void encode_b(void) {
    static submit_sm_t v;
    v.command_id = SUBMIT_SM;
    v.command_status = 0;
    v.sequence_number = 7;
    v.source_addr_ton = 0;
    v.source_addr_npi = v.dest_addr_ton = v.dest_addr_npi = 1;
    strcpy((char *)v.source_addr, "15001");
    strcpy((char *)v.destination_addr, "255712345678");
    v.esm_class = 0x40;
    v.registered_delivery = 1;
    v.sm_length = (uint8_t)size_b;
    memcpy(v.short_message, text_b, (size_t)size_b);
    v.tlv = NULL;
    /* build_tlv puts each in front of the others */
    add(&v.tlv, TLVID_more_messages_to_send, 1, 1);
    add(&v.tlv, TLVID_language_indicator, 1, 1);
    add(&v.tlv, TLVID_user_message_reference, 2, 0x1234);
    if (smpp34_pack2(out, sizeof out, &packed, &v)) fail("pack");
    destroy_tlv(v.tlv);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double batch(void (*call)(void), long count) {
    double began = now();
    for (long i = 0; i < count; i++) call();
    return now() - began;
}

static int ascending(const void *x, const void *y) {
    double d = *(const double *)x - *(const double *)y;
    return (d > 0) - (d < 0);
}

static double timed(void (*call)(void), double seconds) {
    double took[BATCHES];
    long count = 1;
    while (batch(call, count) < seconds) count *= 2;
    for (int i = 0; i < BATCHES; i++) took[i] = batch(call, count) / (double)count * 1e6;
    qsort(took, BATCHES, sizeof *took, ascending);
    return took[BATCHES / 2];
}

static void print_fields(const uint8_t *source, const uint8_t *destination, int esm_class, int data_coding,
                         const uint8_t *text, int size, tlv_t *tlvs) {
    printf("[\"%s\", \"%s\", %d, %d, \"", source, destination, esm_class, data_coding);
    print_hex(text, size);
    printf("\", [");
    for (tlv_t *t = tlvs; t; t = t->next)
        printf("[%d, %d]%s", t->tag, t->length == 2 ? t->value.val16 : t->value.val08, t->next ? ", " : "");
    printf("]]");
}

int main(int argc, char **argv) {
    if (argc != 4) fail("SECONDS HEX_A HEX_B");
    octets_a = from_hex(argv[2], frame_a);
    octets_b = from_hex(argv[3], frame_b);
    if (smpp34_unpack2(&a, frame_a, octets_a) || smpp34_unpack2(&b, frame_b, octets_b)) fail("unpack");
    memcpy(text_a, a.short_message, (size_t)(size_a = a.sm_length));
    memcpy(text_b, b.short_message, (size_t)(size_b = b.sm_length));
    printf("{\"fields\": [");
    print_fields(a.source_addr, a.destination_addr, a.esm_class, a.data_coding, a.short_message, size_a, a.tlv);
    printf(", ");
    print_fields(b.source_addr, b.destination_addr, b.esm_class, b.data_coding, b.short_message, size_b, b.tlv);
    if (b.tlv) destroy_tlv(b.tlv);
    b.tlv = NULL;
    printf("], \"frames\": [\"");
    encode_a();
    print_hex(out, packed);
    printf("\", \"");
    encode_b();
    print_hex(out, packed);
    double seconds = atof(argv[1]);
    printf("\"], \"us\": [%f, %f, ", timed(decode_a, seconds), timed(encode_a, seconds));
    printf("%f, %f]}\n", timed(decode_b, seconds), timed(encode_b, seconds));
    return 0;
}
