"""From PDUs to what the store keeps."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pdu
from pdu import Tag, Tlv
from pdu.message_id import Base
from smppd.model import PartRef, Received, ReceivedReceipt
from smppd.smpp.events import Delivered, Undecodable
from smppd.smpp.mapping import MISSING, MappingSettings, compose, receipt_words, received
from tests.smpp.mc import UNREADABLE, mo

GSM = MappingSettings()


def read(message: pdu.DeliverSm | pdu.DataSm, settings: MappingSettings = GSM) -> Received | ReceivedReceipt:
    return received(Delivered(message, pdu.encode(message)), settings)


def message(body: bytes, **fields: object) -> Received:
    found = read(mo(text=body, **fields))
    assert isinstance(found, Received)
    return found


def test_a_plain_message_is_kept_with_its_numbers_octets_and_text() -> None:
    found = message(b"REG AMINA")
    assert (found.sender, found.recipient) == ("255712345678", "15001")
    assert (found.body, found.text, found.data_coding, found.esm_class) == (b"REG AMINA", "REG AMINA", 0, 0)
    assert (found.part, found.damaged, found.label, found.problem) == (None, False, "", "")


@pytest.mark.parametrize(
    ("body", "data_coding", "text", "damaged"),
    [
        (b"\x00abc\x1be", 0x00, "@abc€", False),
        ("habari 👋".encode("utf-16-be"), 0x08, "habari 👋", False),
        (b"\x00h\x00", 0x08, "h", True),
        (b"\xe9t\xe9", 0x03, "été", False),
        (b"\x01\x02\xff", 0x04, None, False),
        (b"x\xe9", 0x00, "xé", True),
        (b"", 0x00, "", False),
        (b"flash", 0xF0, "flash", False),
        (b"ANC\0\0", 0x01, "ANC", False),
        (b"ANC\0", 0x03, "ANC", False),
        (b"\0A\0\0", 0x08, "A", False),
        (b"ana\0", 0x00, "ana@", False),
        ("\ufeffANC".encode("utf-16-le"), 0x08, "ANC", False),
    ],
)
def test_text_is_read_by_its_data_coding(body: bytes, data_coding: int, text: str | None, damaged: bool) -> None:
    found = message(body, data_coding=data_coding)
    assert (found.text, found.damaged, found.body) == (text, damaged, body)


@pytest.mark.parametrize(
    ("alphabet", "body", "text"),
    [("latin1", b"\xe9", "é"), ("utf-8", "é".encode(), "é"), ("gsm7", b"\x05", "é"), ("ascii", b"e", "e")],
)
def test_data_coding_0_is_what_the_carrier_takes_it_for(alphabet: str, body: bytes, text: str) -> None:
    found = read(mo(text=body), MappingSettings(alphabet))
    assert isinstance(found, Received)
    assert found.text == text


def test_the_user_data_header_is_taken_off() -> None:
    found = message(b"\x06\x05\x04\x0b\x84\x23\xf0hello", esm_class=0x40)  # a port, no part
    assert (found.body, found.text, found.part) == (b"hello", "hello", None)


@pytest.mark.parametrize(
    ("body", "fields", "part"),
    [
        (b"\x05\x00\x03\x2a\x03\x02two", {"esm_class": 0x40}, PartRef("udh8", 42, 3, 2)),
        (b"\x06\x08\x04\x01\x02\x03\x02two", {"esm_class": 0x40}, PartRef("udh16", 258, 3, 2)),
        (
            b"two",
            {
                "tlvs": (
                    Tlv(Tag.SAR_MSG_REF_NUM, b"\x01\x02"),
                    Tlv(Tag.SAR_TOTAL_SEGMENTS, b"\x03"),
                    Tlv(Tag.SAR_SEGMENT_SEQNUM, b"\x02"),
                )
            },
            PartRef("sar", 258, 3, 2),
        ),
        (b"", {"esm_class": 0x40, "tlvs": (Tlv(Tag.MESSAGE_PAYLOAD, b"\x05\x00\x03\x2a\x03\x02two"),)},
         PartRef("udh8", 42, 3, 2)),
        (b"\x05\x00\x03\x2a\x03\x04two", {"esm_class": 0x40}, None),  # number beyond total
        (b"\x05\x00\x03\x2a\x01\x01two", {"esm_class": 0x40}, None),
        (b"\x05\x00\x03\x2a\x00\x00two", {"esm_class": 0x40}, None),
    ],
)  # fmt: skip
def test_a_part_knows_its_set_and_is_not_decoded(body: bytes, fields: dict[str, object], part: PartRef | None) -> None:
    found = message(body, **fields)
    assert found.body == b"two"
    assert found.part == part
    assert found.text == (None if part else "two")


@pytest.mark.parametrize("body", [b"\x0a\x00\x03", b"", b"\x05\x00\x09\x01\x01\x01x"])
def test_a_header_that_runs_past_the_end_is_quarantined_whole(body: bytes) -> None:
    sent = mo(text=body, esm_class=0x40)
    found = read(sent)
    assert isinstance(found, Received)
    assert "udh" in found.problem
    assert found.body == pdu.encode(sent)
    assert (found.sender, found.text, found.part) == ("255712345678", None, None)


def test_an_unreadable_pdu_is_quarantined_whole_and_recognised_when_it_comes_again() -> None:
    first = received(Undecodable(UNREADABLE, "source_addr: no NUL", 9, 5, 2), GSM)
    again = UNREADABLE[:12] + b"\0\0\0\x0a" + UNREADABLE[16:]
    assert isinstance(first, Received)
    assert (first.problem, first.body, first.text) == ("source_addr: no NUL", UNREADABLE, None)
    assert received(Undecodable(again, "source_addr: no NUL", 10, 5, 2), GSM).digest == first.digest
    assert received(Undecodable(UNREADABLE + b"x", "source_addr: no NUL", 9, 5, 2), GSM).digest != first.digest


RECEIPT = b"id:0A1B sub:001 dlvrd:001 submit date:2411210400 done date:2411210401 stat:DELIVRD err:000 text:habari"


@pytest.mark.parametrize("esm_class", [0x04, 0x08, 0x20, 0x04 | 0x80])
def test_a_receipt_is_told_by_its_esm_class(esm_class: int) -> None:
    sent = mo(text=RECEIPT, esm_class=esm_class)
    found = read(sent)
    assert isinstance(found, ReceivedReceipt)
    assert (found.message_id, found.state, found.stat, found.error) == ("0A1B", "delivered", "DELIVRD", "000")
    assert (found.sender, found.recipient, found.raw) == ("255712345678", "15001", pdu.encode(sent))


def test_a_carriers_own_words_mean_what_its_configuration_says() -> None:
    sent = mo(text=RECEIPT.replace(b"DELIVRD", b"PERDU"), esm_class=0x04)
    for words, state in (({}, "unknown"), ({"PERDU": "undelivered"}, "undelivered")):
        found = read(sent, MappingSettings(receipt_states=words))
        assert isinstance(found, ReceivedReceipt)
        assert (found.state, found.stat) == (state, "PERDU")


def test_a_receipt_may_be_a_data_sm_with_parameters_only() -> None:
    found = read(
        pdu.DataSm(
            esm_class=0x04, tlvs=(Tlv(Tag.RECEIPTED_MESSAGE_ID, b"77"), Tlv(Tag.MESSAGE_STATE, b"\x05")), sequence=1
        )
    )
    assert isinstance(found, ReceivedReceipt)
    assert (found.message_id, found.state) == ("77", "undelivered")


@pytest.mark.parametrize(
    ("bases", "text", "beside", "keys"),
    [
        (("as-is", "as-is"), b"id:10 stat:DELIVRD", None, ("10", "16")),
        (("hex", "decimal"), b"id:10 stat:DELIVRD", None, ("10",)),
        (("decimal", "hex"), b"id:10 stat:DELIVRD", None, ("16",)),
        (("hex", "as-is"), b"id:10 stat:DELIVRD", None, ("10", "16")),
        (("as-is", "as-is"), b"id:AB-1 stat:DELIVRD", b"xy\0", ("xy", "ab-1")),
        (("as-is", "as-is"), b"id:A stat:DELIVRD", b"10\0", ("10", "16")),
        (("as-is", "as-is"), b"stat:DELIVRD", None, ()),
    ],
)
def test_a_receipt_has_the_forms_of_every_id_it_gives(
    bases: tuple[Base, Base], text: bytes, beside: bytes | None, keys: tuple[str, ...]
) -> None:
    tlvs = () if beside is None else (Tlv(Tag.RECEIPTED_MESSAGE_ID, beside),)
    found = read(mo(text=text, esm_class=0x04, tlvs=tlvs), MappingSettings(bases=bases))
    assert isinstance(found, ReceivedReceipt)
    assert found.keys == keys


@pytest.mark.parametrize(
    ("esm_class", "stat", "state"),
    [
        (0x20, b"UNDELIV", "enroute"),
        (0x20, b"EXPIRED", "enroute"),
        (0x20, b"DELIVRD", "delivered"),
        (0x20, b"ENROUTE", "enroute"),
        (0x20, b"ACCEPTD", "accepted"),
        (0x04, b"UNDELIV", "undelivered"),
    ],
)
def test_a_failure_in_an_intermediate_notification_is_not_the_end(esm_class: int, stat: bytes, state: str) -> None:
    found = read(mo(text=b"id:7 stat:" + stat, esm_class=esm_class))
    assert isinstance(found, ReceivedReceipt)
    assert (found.state, found.stat) == (state, stat.decode())


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (mo(text=RECEIPT, esm_class=0x04), RECEIPT.decode()),
        (mo(text=b"", esm_class=0x04, tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, RECEIPT),)), RECEIPT.decode()),
        (mo(text=RECEIPT.decode().encode("utf-16-be"), esm_class=0x04, data_coding=8), RECEIPT.decode()),
        (pdu.DataSm(esm_class=0x04, tlvs=(Tlv(Tag.RECEIPTED_MESSAGE_ID, b"77"),), sequence=1), ""),
        (pdu.EnquireLink(sequence=1), ""),
    ],
)
def test_the_words_of_a_receipt_are_read_again_from_its_octets(sent: pdu.Pdu, words: str) -> None:
    assert receipt_words(pdu.encode(sent)) == words


def test_a_receipt_whose_octets_were_blanked_has_no_words() -> None:
    assert receipt_words(b"") == ""


def test_a_receipt_that_says_udh_and_has_none_is_still_a_receipt() -> None:
    found = read(mo(text=b"", esm_class=0x44, tlvs=(Tlv(Tag.RECEIPTED_MESSAGE_ID, b"77\0"),)))
    assert isinstance(found, ReceivedReceipt)
    assert found.message_id == "77"


def test_a_receipt_whose_id_no_index_takes_is_quarantined() -> None:
    found = read(mo(text=b"", esm_class=0x04, tlvs=(Tlv(Tag.RECEIPTED_MESSAGE_ID, b"7" * 3000),)))
    assert isinstance(found, Received)
    assert found.problem == "message_id: 3000 characters"


def test_a_persons_text_that_looks_like_such_a_receipt_is_a_message() -> None:
    text = b"id:" + b"7" * 3000 + b" stat:DELIVRD"
    found = read(mo(text=b"", tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, text),)), MappingSettings(sniff_receipts=True))
    assert isinstance(found, Received)
    assert (found.text, found.problem) == (text.decode(), "")


def test_what_a_person_forges_is_a_message_unless_the_carrier_needs_sniffing() -> None:
    assert isinstance(read(mo(text=RECEIPT)), Received)
    assert isinstance(read(mo(text=RECEIPT), MappingSettings(sniff_receipts=True)), ReceivedReceipt)


@settings(max_examples=500, deadline=None)
@given(
    body=st.binary(max_size=30),
    data_coding=st.integers(0, 255),
    esm_class=st.integers(0, 255),
    tlvs=st.lists(
        st.builds(
            Tlv,
            st.sampled_from([0x0424, 0x020C, 0x020E, 0x020F, 0x001E, 0x0427, 0x1400]),
            st.binary(max_size=4),
        ),
        max_size=4,
    ),
    alphabet=st.sampled_from(["gsm7", "gsm7-packed", "latin1", "ascii", "utf-8"]),
)
def test_nothing_that_can_be_decoded_makes_the_mapping_fail(
    body: bytes, data_coding: int, esm_class: int, tlvs: list[Tlv], alphabet: str
) -> None:
    sent = mo(text=body, data_coding=data_coding, esm_class=esm_class, tlvs=tuple(tlvs))
    found = read(sent, MappingSettings(alphabet))
    if isinstance(found, Received):
        (found.text or "").encode()  # no half of a surrogate pair
        if found.part is not None:
            text, octets, _ = compose([(found.body, found.data_coding, found.header), None], alphabet)
            assert octets == found.body
            (text or "").encode()


# --- the digest ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"source_addr": "255712345679"},
        {"source_addr_ton": 1},
        {"source_addr_npi": 1},
        {"destination_addr": "15002"},
        {"dest_addr_ton": 1},
        {"dest_addr_npi": 1},
        {"esm_class": 0x80},
        {"protocol_id": 1},
        {"data_coding": 1},
        {"short_message": b"REG AMINB"},
        {"tlvs": (Tlv(0x1400, b"1"),)},
    ],
)
def test_whatever_makes_another_message_makes_another_digest(change: dict[str, object]) -> None:
    assert read(replace(mo(), **change)).digest != read(mo()).digest


@pytest.mark.parametrize("change", [{"sequence": 99}, {"priority_flag": 3}, {"validity_period": "soon"}])
def test_what_a_carrier_may_fill_in_anew_makes_no_other_digest(change: dict[str, object]) -> None:
    assert read(replace(mo(), **change)).digest == read(mo()).digest


def test_fields_cannot_be_shifted_into_each_other() -> None:
    one = mo(source_addr="1", destination_addr="23", text=b"4")
    assert len({read(replace(one, source_addr=a, destination_addr=b, short_message=c)).digest for a, b, c in (
        ("1", "23", b"4"), ("12", "3", b"4"), ("1", "2", b"34"), ("", "123", b"4"))}) == 4  # fmt: skip
    tlvs = [(Tlv(1, b"2:1:3"),), (Tlv(1, b"2"), Tlv(1, b"3")), (Tlv(12, b"1:3"),)]
    assert len({read(replace(one, tlvs=each)).digest for each in tlvs}) == 3


def test_the_digest_fits_a_signed_64_bit_column_and_never_changes_between_versions() -> None:
    # Repeats are recognised across an upgrade.
    assert read(mo()).digest == DIGEST
    assert all(-(2**63) <= read(mo(text=bytes([n]))).digest < 2**63 for n in range(100))


DIGEST = 3370861767070715173


# --- joining ---------------------------------------------------------------------------------------------------------


def halves(text: str, at: int) -> list[tuple[bytes, int]]:
    octets = text.encode("utf-16-be")
    return [(octets[:at], 8), (octets[at:], 8)]


@pytest.mark.parametrize(
    ("parts", "text", "damaged"),
    [
        ([(b"one ", 0), (b"two", 0)], "one two", False),
        ([(b"euro \x1b", 0), (b"e now", 0)], "euro € now", False),  # an escape cut in two
        (halves("ab👋cd", 6), "ab👋cd", False),  # a surrogate pair cut in two
        (halves("abcd", 3), "abcd", False),  # a character cut in two
        ([(b"\0a\0", 8), (b"\0b\0c", 8)], "abc", True),  # an octet lost from one part
        ([(b"latin ", 3), ("ucs2 é".encode("utf-16-be"), 8)], "latin ucs2 é", False),
        ([(b"one ", 0), None, (b" three", 0)], f"one {MISSING} three", False),
        ([None, (b"two", 0)], f"{MISSING}two", False),
        ([(b"one", 0), None, None], f"one{MISSING}{MISSING}", False),
        ([(b"\x01\x02", 4), (b"\x03", 4)], None, False),
        ([(b"text", 0), (b"\x03", 4)], None, False),
        ([(b"x\xff", 0), (b"y", 0)], "xÿy", True),
        ([(b"one ", 3), (b"two\0", 3)], "one two", False),
    ],
)
def test_parts_are_joined_before_they_are_read(
    parts: list[tuple[bytes, int] | None], text: str | None, damaged: bool
) -> None:
    joined = compose([part and (*part, b"") for part in parts], "gsm7")
    assert joined == (text, b"".join(part[0] for part in parts if part), damaged)


@pytest.mark.parametrize("header", [b"\x05\x00\x03\x07\x02", b"\x06\x08\x04\x00\x07\x02"])
def test_packed_septets_of_parts_begin_after_their_fill_bits(header: bytes) -> None:
    packed = MappingSettings("gsm7-packed")
    bodies: list[tuple[bytes, int, bytes]] = []
    for number, text in ((1, "habari za "), (2, "asubuhi")):
        octets = header + bytes((number,))
        fill = -len(octets) * 8 % 7
        septets = sum(code << fill + 7 * place for place, code in enumerate(text.encode()))
        size = (fill + 7 * len(text) + 7) // 8
        found = read(mo(text=octets + septets.to_bytes(size, "little"), esm_class=0x40), packed)
        assert isinstance(found, Received)
        assert found.part is not None
        bodies.append((found.body, found.data_coding, found.header))
    assert compose(bodies, "gsm7-packed")[0] == "habari za asubuhi"


TURKISH = b"\x03\x25\x01\x01"  # a header that locks the Turkish table


@pytest.mark.parametrize(
    ("header", "body", "alphabet", "text"),
    [
        (TURKISH, b"\x1c\x1d @", "gsm7", "Şş İ"),
        (b"\x03\x24\x01\x01", b"\x1bS\x1bs\x1be", "gsm7", "Şş€"),
        (b"\x06\x24\x01\x01\x25\x01\x01", b"\x0b\x1bg", "gsm7", "Ğğ"),
        (b"\x03\x24\x01\x03", b"\x1b\x12", "gsm7", "Φ"),
        (b"\x03\x25\x01\x06", b"\x27\x10", "gsm7", "तऐ"),
        (b"\x03\x25\x01\x63", b"abc", "gsm7", "abc"),  # a language that nobody has defined
        (b"\x03\x25\x01\x01", b"S\xe9", "latin1", "Sé"),
        (b"\x03\x25\x01\x01", b"\xe0\x74\x00", "gsm7-packed", "Şş"),
    ],
)
def test_the_header_names_the_national_tables(header: bytes, body: bytes, alphabet: str, text: str) -> None:
    found = read(mo(text=header + body, esm_class=0x40), MappingSettings(alphabet))
    assert isinstance(found, Received)
    assert (found.text, found.damaged, found.body) == (text, False, body)


def of_a_set(number: int, body: bytes, elements: bytes = TURKISH[1:], **fields: object) -> tuple[bytes, int, bytes]:
    udh = b"\x00\x03\x2a\x02" + bytes((number,)) + elements
    found = message(bytes((len(udh),)) + udh + body, esm_class=0x40, **fields)
    assert (found.text, found.body, found.part) == (None, body, PartRef("udh8", 42, 2, number))
    return found.body, found.data_coding, found.header


@pytest.mark.parametrize(
    ("first", "second", "text"),
    [
        (of_a_set(1, b"\x1c"), of_a_set(2, b"\x1d"), "Şş"),
        (of_a_set(1, b"\x1c\x1b"), of_a_set(2, b"e"), "Ş€"),  # an escape cut in two
        (of_a_set(1, b"\x1c"), of_a_set(2, b"\x1c", b""), "ŞÆ"),  # what has no element of its own is plain
        (of_a_set(1, b"\x1c"), of_a_set(2, b"\x1b\x09", b"\x24\x01\x02"), "Şç"),
        (of_a_set(1, b"\x00S", data_coding=8), of_a_set(2, b"\x1c"), "SŞ"),
        (of_a_set(1, b"\x1c"), None, "Ş" + MISSING),
    ],
)
def test_parts_are_joined_by_the_tables_that_their_headers_name(
    first: tuple[bytes, int, bytes], second: tuple[bytes, int, bytes] | None, text: str
) -> None:
    assert compose([first, second], "gsm7")[::2] == (text, False)


@pytest.mark.parametrize("kind", ["udh8", "udh16", "sar"])
@pytest.mark.parametrize("prefer", ["gsm7", "gsm7-packed"])
def test_what_was_split_for_a_national_language_is_read_alone_and_in_parts(prefer: str, kind: str) -> None:
    settings = MappingSettings(prefer)
    for text in ("ışık", "ışık ve ağaç " * 30):
        bodies = []
        split = pdu.split_text(text, reference=7, kind=kind, prefer=prefer, unmappable="refuse", languages=["turkish"])
        for part in split.parts:
            found = read(mo(text=part.short_message, esm_class=part.esm_class, tlvs=part.tlvs), settings)
            assert isinstance(found, Received)
            assert not found.damaged
            bodies.append((found.body, found.data_coding, found.header))
        assert (found.text if len(bodies) == 1 else compose(bodies, prefer)[0]) == text


# --- labels ----------------------------------------------------------------------------------------------------------


def test_a_dhis2_compressed_text_is_labelled() -> None:
    assert message(b"ShIAAAAAASDCu3TggmFZBPPUIB1VMeME").label == "dhis2:DELETE:v2:1"
