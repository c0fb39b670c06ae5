"""The codecs that benchmarks.codec compares, each as four calls without arguments, and one process to time them in.

python -m benchmarks.codecs NAME SECONDS    one line of JSON, SECONDS to a batch

A is a deliver_sm of 113 octets with 63 octets of GSM text, B a submit_sm of 172 octets with a user data header, 100
octets of text and three optional parameters. To decode is octets to object and the fields read; where a library
converts on access, each optional parameter is accessed too. To encode is the object built from scalars and its octets
produced: some keep the octets in the object.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable, Sequence
from itertools import repeat
from time import thread_time
from typing import Any, NamedTuple

A = bytes.fromhex(
    "000000710000000500000000000000070001013235353731323334353637380000013135303031000000000000000000003f5245472041"
    "4d494e412e4a554d41204147452e32372056494c4c2e4d57414e5a41204849562e4e45472057542e36312056495349542e32204348572e"
    "313134"
)
B = bytes.fromhex(
    "000000ac0000000400000000000000070000013135303031000101323535373132333435363738004000000000010000006a0500032a02"
    "0148616261726920416d696e612e204b756d62756b61206b77656e6461206b6c696e696b6920746172656865203134206b7761206b6970"
    "696d6f2063686120756a61757a69746f2e2042656261206b6164692079616b6f206e61206368616e64617275612e020400021234020d00"
    "01010426000101"
)
MESSAGE_A, MESSAGE_B = A[50:113], B[50:156]
REFERENCE, ONE = b"\x12\x34", b"\x01"
UDH, TEXT_A, TEXT_B = MESSAGE_B[:6], MESSAGE_A.decode("ascii"), MESSAGE_B[6:].decode("ascii")
TLVS = [[0x0204, 0x1234], [0x020D, 1], [0x0426, 1]]
# What every library must read: source, destination, esm_class, data_coding, message, optional parameters as numbers.
FIELDS: list[list[Any]] = [
    ["255712345678", "15001", 0, 0, MESSAGE_A.hex(), []],
    ["15001", "255712345678", 0x40, 0, MESSAGE_B.hex(), TLVS],
]

Read = tuple[Any, Any, Any, Any, Any, Sequence[Any]]
BATCHES = 7


class Codec(NamedTuple):
    """One library: `plain` makes what decoding read comparable, and is not timed."""

    read: Callable[[bytes], Read]
    encode_a: Callable[[], bytes]
    encode_b: Callable[[], bytes]
    plain: Callable[[Read], list[Any]]


def as_listed(read: Read) -> list[Any]:
    """For libraries that hand out octets."""
    *fields, message, tlvs = read
    numbers = [[int(tag), int.from_bytes(value, "big")] for tag, value in tlvs]
    return [*fields, message.hex(), numbers]


def smppd() -> Codec:
    """This project, message and optional parameters as octets."""
    from pdu import DeliverSm, SubmitSm, decode, encode

    def read(frame: bytes) -> Read:
        v: Any = decode(frame)
        return v.source_addr, v.destination_addr, v.esm_class, v.data_coding, v.short_message, v.tlvs

    def encode_a() -> bytes:
        return encode(
            DeliverSm(
                source_addr_ton=1,
                source_addr_npi=1,
                source_addr="255712345678",
                dest_addr_ton=0,
                dest_addr_npi=1,
                destination_addr="15001",
                short_message=MESSAGE_A,
                sequence=7,
            )
        )

    def encode_b() -> bytes:
        return encode(
            SubmitSm(
                source_addr_ton=0,
                source_addr_npi=1,
                source_addr="15001",
                dest_addr_ton=1,
                dest_addr_npi=1,
                destination_addr="255712345678",
                esm_class=0x40,
                registered_delivery=1,
                short_message=MESSAGE_B,
                tlvs=((0x0204, REFERENCE), (0x020D, ONE), (0x0426, ONE)),
                sequence=7,
            )
        )

    return Codec(read, encode_a, encode_b, as_listed)


def smppd_with_values() -> Codec:
    """This project, message as text and optional parameters as numbers: what aiosmpplib and node-smpp always do."""
    from pdu import STANDARD, DeliverSm, SubmitSm, decode, decode_text, encode, encode_text

    build = STANDARD.build

    def read(frame: bytes) -> Read:
        v: Any = decode(frame)
        octets = v.short_message
        udh = octets[: octets[0] + 1] if v.esm_class & 0x40 else b""
        text = decode_text(octets[len(udh) :], v.data_coding, header_octets=len(udh)).text
        tlvs = STANDARD.read_all(v.tlvs)
        return v.source_addr, v.destination_addr, v.esm_class, v.data_coding, (udh, text), tlvs

    def encode_a() -> bytes:
        octets, data_coding, *_ = encode_text(TEXT_A)
        return encode(
            DeliverSm(
                source_addr_ton=1,
                source_addr_npi=1,
                source_addr="255712345678",
                dest_addr_ton=0,
                dest_addr_npi=1,
                destination_addr="15001",
                data_coding=data_coding,
                short_message=octets,
                sequence=7,
            )
        )

    def encode_b() -> bytes:
        octets, data_coding, *_ = encode_text(TEXT_B)
        return encode(
            SubmitSm(
                source_addr_ton=0,
                source_addr_npi=1,
                source_addr="15001",
                dest_addr_ton=1,
                dest_addr_npi=1,
                destination_addr="255712345678",
                esm_class=0x40,
                registered_delivery=1,
                data_coding=data_coding,
                short_message=UDH + octets,
                tlvs=(
                    build("user_message_reference", 0x1234),
                    build("language_indicator", 1),
                    build("more_messages_to_send", 1),
                ),
                sequence=7,
            )
        )

    def plain(read: Read) -> list[Any]:
        *fields, (udh, text), tlvs = read
        tags = {each.name: each.tag for each in STANDARD}
        return [*fields, (udh + text.encode("ascii")).hex(), [[tags[name], value] for name, value in tlvs]]

    return Codec(read, encode_a, encode_b, plain)


def aiosmpplib() -> Codec:
    """Decodes and encodes the text always; tells a concatenation header as sar_ parameters."""
    from aiosmpplib.codec import find_codec_info
    from aiosmpplib.protocol import DeliverSm, PhoneNumber, SmppMessage, SubmitSm
    from aiosmpplib.state import NPI, TON, OptionalParam, SmppCommand

    classes = {SmppCommand.DELIVER_SM: DeliverSm, SmppCommand.SUBMIT_SM: SubmitSm}

    def read(frame: bytes) -> Read:
        header = SmppMessage.parse_header(frame)
        v = classes[header.smpp_command].from_pdu(frame, header, "gsm0338")
        return v.source.number, v.destination.number, v.esm_class, v.encoding, v.short_message, v.optional_params

    def encode_a() -> bytes:
        return DeliverSm(
            sequence_num=7,
            short_message=TEXT_A,
            source=PhoneNumber("255712345678", TON.INTERNATIONAL, NPI.ISDN),
            destination=PhoneNumber("15001", TON.UNKNOWN, NPI.ISDN),
            registered_delivery=0,
        ).pdu()

    def encode_b() -> bytes:
        v = SubmitSm(
            sequence_num=7,
            short_message=TEXT_B,
            source=PhoneNumber("15001", TON.UNKNOWN, NPI.ISDN),
            destination=PhoneNumber("255712345678", TON.INTERNATIONAL, NPI.ISDN),
            esm_class=0x40,
            registered_delivery=1,
            optional_params=[OptionalParam(0x0204, 0x1234), OptionalParam(0x020D, 1), OptionalParam(0x0426, 1)],
        )
        v.set_encoded_message(UDH + find_codec_info("gsm0338").encode(TEXT_B)[0])  # as its session does with parts
        return v.pdu()

    def plain(read: Read) -> list[Any]:
        *addressed, encoding, text, parameters = read
        tlvs = [(each.tag, each.value) for each in parameters]
        sar = {tag: value for tag, value in tlvs if 0x020C <= tag <= 0x020F and tag != 0x020D}
        udh = bytes((5, 0, 3, sar[0x020C], sar[0x020E], sar[0x020F])) if sar else b""
        others = [[tag, value] for tag, value in tlvs if tag not in sar]
        return [*addressed, 0 if encoding is None else encoding, (udh + text.encode("ascii")).hex(), others]

    return Codec(read, encode_a, encode_b, plain)


def smpplib() -> Codec:
    """Hands out octets; optional parameters are attributes, in its own order."""
    from smpplib.smpp import make_pdu, parse_pdu

    class Client:
        sequence = 7

        def next_sequence(self) -> int:
            return self.sequence

    client = Client()
    named = {0x0204: "user_message_reference", 0x020D: "language_indicator", 0x0426: "more_messages_to_send"}

    def read(frame: bytes) -> Read:
        v = parse_pdu(frame, client=client)
        tlvs = [(tag, getattr(v, name)) for tag, name in named.items()]
        return v.source_addr, v.destination_addr, v.esm_class, v.data_coding, v.short_message, tlvs

    def encode_a() -> bytes:
        v = make_pdu(
            "deliver_sm",
            client=client,
            source_addr_ton=1,
            source_addr_npi=1,
            source_addr="255712345678",
            dest_addr_ton=0,
            dest_addr_npi=1,
            destination_addr="15001",
            sm_length=len(MESSAGE_A),
            short_message=MESSAGE_A,
        )
        return bytes(v.generate())

    def encode_b() -> bytes:
        v = make_pdu(
            "submit_sm",
            client=client,
            source_addr_ton=0,
            source_addr_npi=1,
            source_addr="15001",
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr="255712345678",
            esm_class=0x40,
            registered_delivery=1,
            short_message=MESSAGE_B,
            user_message_reference=0x1234,
            language_indicator=1,
            more_messages_to_send=1,
        )
        return bytes(v.generate())

    def plain(read: Read) -> list[Any]:
        source, destination, *numbers, message, tlvs = read
        there = [[tag, value] for tag, value in tlvs if value is not None]
        return [source.decode(), destination.decode(), *numbers, message.hex(), there]

    return Codec(read, encode_a, encode_b, plain)


def smpp34() -> Codec:
    """The Rust wheel; converts on access."""
    from smpp34 import DeliverSm, SubmitSm, Tlv, decode

    def read(frame: bytes) -> Read:
        v: Any = decode(frame)
        tlvs = [(each.tag, each.value) for each in v.tlvs]
        return v.source_addr, v.destination_addr, v.esm_class, v.data_coding, v.short_message, tlvs

    def encode_a() -> bytes:
        return DeliverSm(
            "255712345678",
            "15001",
            MESSAGE_A,
            source_addr_ton=1,
            source_addr_npi=1,
            dest_addr_ton=0,
            dest_addr_npi=1,
            sequence_number=7,
        ).encode()

    def encode_b() -> bytes:
        return SubmitSm(
            "15001",
            "255712345678",
            MESSAGE_B,
            source_addr_ton=0,
            source_addr_npi=1,
            dest_addr_ton=1,
            dest_addr_npi=1,
            esm_class=0x40,
            registered_delivery=1,
            tlvs=[Tlv(0x0204, REFERENCE), Tlv(0x020D, ONE), Tlv(0x0426, ONE)],
            sequence_number=7,
        ).encode()

    return Codec(read, encode_a, encode_b, as_listed)


CODECS: dict[str, Callable[[], Codec]] = {
    "smppd": smppd,
    "smppd, values": smppd_with_values,
    "aiosmpplib": aiosmpplib,
    "smpplib": smpplib,
    "smpp34 (Rust)": smpp34,
}


def timed(call: Callable[..., object], seconds: float, *given: object) -> float:
    """Microseconds of CPU per call: the median of batches of about `seconds` each."""
    count = 1
    while _batch(call, count, given) < seconds:
        count *= 2
    return statistics.median(_batch(call, count, given) for _ in range(BATCHES)) / count * 1e6


def _batch(call: Callable[..., object], count: int, given: tuple[object, ...]) -> float:
    began = thread_time()
    for _ in repeat(None, count):
        call(*given)
    return thread_time() - began


def answered(seconds: float) -> float:
    """Microseconds of CPU of our whole wire for one A of a stream: cut, decoded with its text, answered."""
    from pdu import DeliverSmResp, Framer, decode, decode_text, encode

    stream = A * 64

    def serve() -> bytes:
        answers = []
        for frame in Framer().feed(stream):
            v: Any = decode(frame)
            decode_text(v.short_message, v.data_coding)
            answers.append(encode(DeliverSmResp(sequence=v.sequence)))
        return b"".join(answers)

    return timed(serve, seconds) / 64


def main(name: str, seconds: float) -> None:
    """Tell what the codec reads and writes, and how long it takes."""
    codec = CODECS[name]()
    told = {
        "fields": [codec.plain(codec.read(A)), codec.plain(codec.read(B))],
        "frames": [codec.encode_a().hex(), codec.encode_b().hex()],
        "us": [
            timed(codec.read, seconds, A),
            timed(codec.encode_a, seconds),
            timed(codec.read, seconds, B),
            timed(codec.encode_b, seconds),
        ],
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
