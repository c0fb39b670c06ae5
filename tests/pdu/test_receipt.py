"""Receipts in the dialects of carriers."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu import DataSm, DeliverSm, NetworkErrorCode, Receipt, Tlv, encode_text, parse_receipt
from pdu.receipt_state import STATES

moment = datetime.fromisoformat
STANDARD = (
    b"id:0A1B sub:001 dlvrd:001 submit date:2605040915 done date:2605040916 stat:DELIVRD err:000 "
    b"text:Habari ya leo id:9"
)


def receipt(text: bytes = b"", *tlvs: Tlv, esm_class: int = 0x04, data_coding: int = 0) -> Receipt:
    found = parse_receipt(DeliverSm(esm_class=esm_class, data_coding=data_coding, short_message=text, tlvs=tlvs))
    assert found is not None
    return found


def test_the_standard_text_is_read_whole() -> None:
    found = receipt(STANDARD)
    assert found == Receipt(
        "0A1B",
        "delivered",
        "DELIVRD",
        "000",
        "2605040915",
        "2605040916",
        "Habari ya leo id:9",
        {
            "id": "0A1B",
            "sub": "001",
            "dlvrd": "001",
            "submit date": "2605040915",
            "done date": "2605040916",
            "stat": "DELIVRD",
            "err": "000",
            "text": "Habari ya leo id:9",
        },
        "delivery",
    )
    assert (found.submitted_at, found.done_at) == (moment("2026-05-04T09:15"), moment("2026-05-04T09:16"))
    assert (found.final, found.message_ids, found.network_error) == (True, ("0A1B",), None)


# What carriers and gateways send: id, state, error, done date as a moment, beginning of the text.
DIALECTS = {
    "appendix B": (STANDARD, "0A1B", "delivered", "000", "2026-05-04T09:16", "Habari ya leo id:9"),
    "Text with a capital, as the specification prints it": (
        b"id:7 sub:001 dlvrd:001 submit date:2605040915 done date:2605040916 stat:DELIVRD err:000 Text:Hello",
        "7", "delivered", "000", "2026-05-04T09:16", "Hello"),
    "Nexmo and Vonage, padded decimal id": (
        b"id:0000000012345678 sub:001 dlvrd:001 submit date:1601010100 done date:1601010101 stat:DELIVRD err:000 "
        b"text:none", "0000000012345678", "delivered", "000", "2016-01-01T01:01", "none"),
    "Clickatell, hexadecimal id, seconds, empty text": (
        b"id:a29f6845555647139e5c8f3b817f2c9a sub:001 dlvrd:001 submit date:141023215253 done date:141023215259 "
        b"stat:DELIVRD err:000 text:",
        "a29f6845555647139e5c8f3b817f2c9a", "delivered", "000", "2014-10-23T21:52:59", ""),
    "Kannel's SMPP box, UUID, two date forms": (
        b"id:577e505a-dbd7-46ab-a04c-5a927ffb85b1 sub:001 dlvrd:000 submit date:2408201338 done date:240820093823 "
        b"stat:REJECTD err:00B text:You",
        "577e505a-dbd7-46ab-a04c-5a927ffb85b1", "rejected", "00B", "2024-08-20T09:38:23", "You"),
    "an id of letters, digits, dashes, an underscore and a dot": (
        b"id:1234-5678-9abc_DEF.0 sub:001 dlvrd:000 submit date:1508101126 done date:1508101126 stat:UNDELIV "
        b"err:027 text:", "1234-5678-9abc_DEF.0", "undelivered", "027", "2015-08-10T11:26", ""),
    "without sub and dlvrd": (
        b"id:1526758174 submit date:1701240904 done date:1701240904 stat:DELIVRD err:000 text:hellow",
        "1526758174", "delivered", "000", "2017-01-24T09:04", "hellow"),
    "without sub, dlvrd and text": (
        b"id:0654354026 submit date:2302101454 done date:2302101454 stat:DELIVRD err:000",
        "0654354026", "delivered", "000", "2023-02-10T14:54", ""),
    "a hexadecimal id of 32 digits, twelve hours between the dates": (
        b"id:DA86D4610CE0C0D23B0165A278EC0C43 sub:001 dlvrd:000 submit date:260608095640 done date:260608215641 "
        b"stat:EXPIRED err:001 text:Received Rs.648.00 f",
        "DA86D4610CE0C0D23B0165A278EC0C43", "expired", "001", "2026-06-08T21:56:41", "Received Rs.648.00 f"),
    "an error of four zeros": (
        b"id:117062714244798261 sub:001 dlvrd:001 submit date:1706271624 done date:1706271624 stat:DELIVRD "
        b"err:0000 text:Hllo world",
        "117062714244798261", "delivered", "0000", "2017-06-27T16:24", "Hllo world"),
    "without err and text": (
        b"id:86 submit date:1410160730 done date:1410160730 stat:DELIVRD",
        "86", "delivered", "", "2014-10-16T07:30", ""),
    "SMPP's own form of dates": (
        b"id:rdwjwxns18krxr9936ey96ymcw sub:000 dlvrd:000 submit date:180711070003912+ done date:180711070000012+ "
        b"stat:UNDELIV err:000",
        "rdwjwxns18krxr9936ey96ymcw", "undelivered", "000", "2018-07-11T07:00:00+03:00", ""),
    "seconds since 1970": (
        b"id:1f sub:001 dlvrd:001 submit date:1590075164 done date:1590075164 stat:DELIVRD err:000 text:1",
        "1f", "delivered", "000", "2020-05-21T15:32:44+00:00", "1"),
    "years of four digits": (
        b"id:88 sub:001 dlvrd:000 submit date:20260719080000 done date:20260719080500 stat:EXPIRED err:034 text:x",
        "88", "expired", "034", "2026-07-19T08:05", "x"),
    "dates with punctuation and a blank": (
        b"id:88 submit date:2026-07-19 08:00:00 done date:2026-07-19 08:05:01 stat:EXPIRED err:034",
        "88", "expired", "034", "2026-07-19T08:05:01", ""),
    "dates with slashes": (
        b"id:88 submit date:26/07/19 08:00 done date:26/07/19 08:05 stat:EXPIRED err:034",
        "88", "expired", "034", "2026-07-19T08:05", ""),
    "zeros for a date": (
        b"id:88 sub:001 dlvrd:000 submit date:2607190800 done date:0000000000 stat:ENROUTE err:000 text:",
        "88", "enroute", "000", None, ""),
    "no dates after their keys": (
        b"id:88 sub: dlvrd: submit date: done date: stat:ACCEPTD err: text:", "88", "accepted", "", None, ""),
    "blanks after the colons and padded fields": (
        b"id: 88   sub: 001 dlvrd: 001 submit date: 2607190800 done date: 2607190805 stat: UNDELIV err: 042 text: x",
        "88", "undelivered", "042", "2026-07-19T08:05", "x"),
    "lower case": (b"id:88 stat:delivrd err:000 text:x", "88", "delivered", "000", None, "x"),
    "upper case keys": (
        b"ID:88 SUB:001 DLVRD:001 SUBMIT DATE:2607190800 DONE DATE:2607190805 STAT:DELIVRD ERR:000 TEXT:X",
        "88", "delivered", "000", "2026-07-19T08:05", "X"),
    "underscores in keys": (
        b"id:88 submit_date:260719080000 done_date:260719080500 stat:DELIVRD err:0",
        "88", "delivered", "0", "2026-07-19T08:05", ""),
    "keys without their blank": (
        b"id:88 submitdate:2607190800 donedate:2607190805 stat:DELIVRD err:0",
        "88", "delivered", "0", "2026-07-19T08:05", ""),
    "one field a line": (
        b"id:88\r\nsub:001\r\ndlvrd:001\r\nsubmit date:2607190800\r\ndone date:2607190805\r\nstat:DELIVRD\r\n"
        b"err:000\r\nText:two\r\nlines", "88", "delivered", "000", "2026-07-19T08:05", "two\r\nlines"),
    "commas": (b"id:88,stat:EXPIRED,err:001", "88", "expired", "001", None, ""),
    "semicolons": (b"id:88;stat:DELIVRD;err:000;text:x", "88", "delivered", "000", None, "x"),
    "bars": (b"id:88|sub:001|stat:DELIVRD|err:000|text:x", "88", "delivered", "000", None, "x"),
    "another order": (
        b"stat:DELIVRD err:000 done date:2607190805 submit date:2607190800 id:88",
        "88", "delivered", "000", "2026-07-19T08:05", ""),
    "a missing blank": (
        b"id:88 sub:001dlvrd:001submit date:2607190800done date:2607190805stat:DELIVRD err:000text:x",
        "88", "delivered", "000", "2026-07-19T08:05", "x"),
    "cut within stat": (b"id:88 sub:001 dlvrd:001 stat:DELI", "88", "unknown", "", None, ""),
    "cut within a key": (b"id:88 stat:DELIVRD er", "88", "delivered", "", None, ""),
    "stat last, without a blank": (b"id:88 stat:DELIVRD", "88", "delivered", "", None, ""),
    "stat last, NUL": (b"id:88 stat:DELIVRD\0", "88", "delivered", "", None, ""),
    "quoted": (b"id:'88' stat:\"DELIVRD\" err:'000'", "88", "delivered", "000", None, ""),
    "quoted with a blank": (b'id:"8 8" stat:DELIVRD', "8 8", "delivered", "", None, ""),
    "message_id for id, status for stat": (
        b"message_id:88 status:DELIVERED error code:12", "88", "delivered", "12", None, ""),
    "msgid and errcode": (b"msgid:88 state:2 errcode:0", "88", "delivered", "0", None, ""),
    "a key of the carrier's own within": (
        b"id:88 smsc:tz1 sub:001 stat:DELIVRD err:000 mccmnc:64004 text:x",
        "88", "delivered", "000", None, "x"),
    "an id after another id": (b"smsc-id:5 id:88 stat:DELIVRD", "88", "delivered", "", None, ""),
    "key-like words in the text": (
        b"id:88 stat:UNDELIV err:001 text:id:99 stat:DELIVRD err:0 done date:2607190805",
        "88", "undelivered", "001", None, "id:99 stat:DELIVRD err:0 done date:2607190805"),
    "the text first": (b"text:habari id:88 stat:DELIVRD", "88", "delivered", "", None, "habari"),
    "letters for an error": (b"id:88 stat:UNDELIV err:xxx text:", "88", "undelivered", "xxx", None, ""),
    "hexadecimal error": (
        b"id:88 stat:UNDELIV err:0x0000000B text:", "88", "undelivered", "0x0000000B", None, ""),
    "an error of four digits": (b"id:88 stat:UNDELIV err:0501 text:", "88", "undelivered", "0501", None, ""),
    "a number for stat": (b"id:88 sub:001 stat:5 err:1", "88", "undelivered", "1", None, ""),
    "FAILED": (b"id:88 sub:001 dlvrd:0 stat:FAILED err:1 text:", "88", "undelivered", "1", None, ""),
    "ACKED": (b"id:88 stat:ACKED err:000", "88", "accepted", "000", None, ""),
    "BUFFRED": (b"id:88 stat:BUFFRED err:000", "88", "enroute", "000", None, ""),
    "two words for stat": (b"id:88 stat:NOT DELIVERED err:000", "88", "undelivered", "000", None, ""),
    "an underscore in the GSM alphabet": (b"id:88\x11A stat:DELIVRD", "88_A", "delivered", "", None, ""),
    "an id of 70 characters": (b"id:" + b"m-" * 35 + b" stat:DELIVRD", "m-" * 35, "delivered", "", None, ""),
    "no id": (b"sub:001 dlvrd:001 stat:DELIVRD err:000 text:", "", "delivered", "000", None, ""),
    "an id of nothing but odd blanks": (b"id:\x0b\x85\xa0 stat:\x0c err:\x1f", "", "unknown", "", None, ""),
    "an id and nothing": (b"id:88", "88", "unknown", "", None, ""),
    "GSM letters before the text": (b"id:88 stat:DELIVRD text:\x1belle\x00", "88", "delivered", "", None, "\x1belle"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message_id", "state", "error", "done", "quoted"), DIALECTS.values(), ids=DIALECTS)
def test_a_dialect_is_read(text: bytes, message_id: str, state: str, error: str, done: str | None, quoted: str) -> None:
    found = receipt(text)
    assert (found.message_id, found.state, found.error, found.text) == (message_id, state, error, quoted)
    assert found.done_at == (None if done is None else moment(done))


@pytest.mark.parametrize(
    ("message_id", "state", "error", "quoted", "text"),
    [(row[1], row[2], row[3], row[5], row[0]) for row in DIALECTS.values()],
    ids=DIALECTS,
)
def test_a_dialect_is_read_in_ucs2_in_data_sm_and_beside_the_text(
    message_id: str, state: str, error: str, quoted: str, text: bytes
) -> None:
    wide = text.decode("latin-1").replace("\x11", "_").encode("utf-16-be")
    for pdu in (
        DeliverSm(esm_class=0x04, data_coding=8, short_message=wide),
        DeliverSm(
            esm_class=0x04, data_coding=8, short_message=b"\xff\xfe" + wide.decode("utf-16-be").encode("utf-16-le")
        ),
        DeliverSm(esm_class=0x04, data_coding=8, short_message=wide.decode("utf-16-be").encode("utf-16-le")),
        DeliverSm(esm_class=0x44, short_message=b"\6\5\4\x0b\x84\x23\xf0" + wide),
        DeliverSm(esm_class=0x44, short_message=b"\6\5\4\x0b\x84\x23\xf0" + text),
        DeliverSm(esm_class=0x44, short_message=text),
        DataSm(esm_class=0x04, tlvs=(Tlv(0x0424, text),)),
        DataSm(esm_class=0x04, data_coding=8, tlvs=(Tlv(0x0424, wide),)),
        DeliverSm(esm_class=0x04, tlvs=(Tlv(0x0424, text),)),
        DeliverSm(esm_class=0x04, short_message=b"Delivery report", tlvs=(Tlv(0x0424, text),)),
    ):
        found = parse_receipt(pdu)
        assert found is not None
        assert (found.message_id, found.state, found.error) == (message_id, state, error)
        assert found.text.strip("\0") == quoted


@pytest.mark.parametrize("data_coding", [0, 8])
@pytest.mark.parametrize("header", [b"", b"\5\0\3\1\1\1", b"\6\x08\4\1\1\1\1"])
@pytest.mark.parametrize("charset", ["ascii", "utf-16-be"])
def test_the_text_is_read_whatever_its_data_coding_and_header(data_coding: int, header: bytes, charset: str) -> None:
    text = header + STANDARD.decode().encode(charset)
    found = receipt(text, esm_class=0x44, data_coding=data_coding)
    assert (found.message_id, found.state, found.text) == ("0A1B", "delivered", "Habari ya leo id:9")


@pytest.mark.parametrize(
    ("stat", "state"),
    [
        ("DELIVRD", "delivered"),
        ("DELIVERED", "delivered"),
        ("delivrd", "delivered"),
        ("EXPIRED", "expired"),
        ("DELETED", "deleted"),
        ("UNDELIV", "undelivered"),
        ("UNDELIVERABLE", "undelivered"),
        ("FAILED", "undelivered"),
        ("ACCEPTD", "accepted"),
        ("ACKED", "accepted"),
        ("BUFFRED", "enroute"),
        ("BUFFERD", "enroute"),
        ("ENROUTE", "enroute"),
        ("SCHEDULED", "scheduled"),
        ("SKIPPED", "skipped"),
        ("REJECTD", "rejected"),
        ("REJECTED", "rejected"),
        ("RJCTD", "rejected"),
        ("BLOCKED", "rejected"),
        ("DELIVRD;", "delivered"),
        ("'DELIVRD'", "delivered"),
        ("DLVRD", "delivered"),
        ("DLIVRD", "delivered"),
        ("DELIVERED_TO_HANDSET", "delivered"),
        ("READ", "delivered"),
        ("DELIVERED_TO_OPERATOR", "enroute"),
        ("DELIVERY PENDING", "enroute"),
        ("DELIVERY_FAILED", "undelivered"),
        ("DELIVERY IMPOSSIBLE", "undelivered"),
        ("UNDLIVRD", "undelivered"),
        ("UNDLVRD", "undelivered"),
        ("NOT_DELIVERED", "undelivered"),
        ("NONDELIV", "undelivered"),
        ("NoDelivery", "undelivered"),
        ("EXPIRD", "expired"),
        ("TIMEOUT", "expired"),
        ("CANCELLED", "deleted"),
        ("ACCEPTED", "accepted"),
        ("BUFFERED", "enroute"),
        ("QUEUED", "enroute"),
        ("SUBMITD", "enroute"),
        ("SENT", "enroute"),
        ("PENDING", "enroute"),
        ("NACK", "unknown"),
        ("READY", "unknown"),
        ("UNKNOWN SUBSCRIBER", "unknown"),
        ("10", "unknown"),
        ("-2", "unknown"),
        ("DELIVRD" * 20, "unknown"),
        ("UNKNOWN", "unknown"),
        ("PERDU", "unknown"),
        ("2", "delivered"),
        ("005", "undelivered"),
        ("200", "unknown"),
        ("²", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_word_means_a_state(stat: str, state: str) -> None:
    assert receipt(f"id:1 stat:{stat} err:000".encode("latin-1")).state == state


@pytest.mark.parametrize(
    ("number", "state"),
    [
        (0, "scheduled"),
        (1, "enroute"),
        (2, "delivered"),
        (3, "expired"),
        (4, "deleted"),
        (5, "undelivered"),
        (6, "accepted"),
        (7, "unknown"),
        (8, "rejected"),
        (9, "skipped"),
        (10, "unknown"),
        (200, "unknown"),
    ],
)
def test_a_message_state_means_a_state(number: int, state: str) -> None:
    found = receipt(b"", Tlv(0x001E, b"0A1B\0"), Tlv(0x0427, bytes((number,))))
    assert (found.message_id, found.state) == ("0A1B", state)


def test_parameters_come_before_the_text_and_both_are_kept() -> None:
    found = receipt(STANDARD, Tlv(0x001E, b"2587"), Tlv(0x0427, b"\x05"), Tlv(0x0423, b"\x03\x00\x11"))
    assert (found.message_id, found.state, found.stat, found.error) == ("2587", "undelivered", "DELIVRD", "017")
    assert (found.fields["id"], found.fields["receipted_message_id"]) == ("0A1B", "2587")
    assert found.message_ids == ("2587", "0A1B")
    assert found.network_error == NetworkErrorCode(3, 17)


def test_an_absent_error_is_not_invented_and_the_network_code_serves() -> None:
    assert receipt(b"id:1 stat:UNDELIV").error == ""
    assert receipt(b"id:1 stat:UNDELIV", Tlv(0x0423, b"\x03\x00\x11")).error == "017"
    assert receipt(b"id:1 stat:UNDELIV err:000", Tlv(0x0423, b"\x03\x01\x00")).error == "256"
    assert receipt(b"id:1 stat:UNDELIV err:042", Tlv(0x0423, b"\x03\x00\x11")).error == "042"
    assert receipt(b"id:1 stat:DELIVRD err:000", Tlv(0x0423, b"\x03\x00\x00")).error == "000"
    assert receipt(b"id:1 stat:DELIVRD", Tlv(0x0423, b"\x03\x00\x00")).error == ""
    assert receipt(b"id:1 stat:UNDELIV", Tlv(0x0423, b"\x03")).error == "03"
    assert receipt(b"id:1 stat:UNDELIV", Tlv(0x0423, b"\x03")).network_error is None


@pytest.mark.parametrize("esm_class", [0x04, 0x08, 0x20, 0x44, 0xC4, 0x07])
def test_receipt_types_are_receipts(esm_class: int) -> None:
    assert receipt(STANDARD, esm_class=esm_class).message_id == "0A1B"


@pytest.mark.parametrize("esm_class", [0x00, 0x01, 0x10, 0x18, 0x40])
def test_other_types_are_receipts_only_where_sniffed(esm_class: int) -> None:
    pdu = DeliverSm(esm_class=esm_class, short_message=STANDARD)
    assert parse_receipt(pdu) is None
    found = parse_receipt(pdu, sniff=True)
    assert found is not None
    assert found.state == "delivered"


@pytest.mark.parametrize("text", [b"Habari", b"id:5 ni namba yangu", b"stat:DELIVRD", b""])
def test_a_message_without_id_and_state_is_not_sniffed(text: bytes) -> None:
    assert parse_receipt(DeliverSm(short_message=text), sniff=True) is None


def test_a_receipt_may_come_as_data_sm_or_in_message_payload() -> None:
    for pdu in (
        DataSm(esm_class=0x04, tlvs=(Tlv(0x0424, STANDARD),)),
        DeliverSm(esm_class=0x04, tlvs=(Tlv(0x0424, STANDARD),)),
    ):
        found = parse_receipt(pdu)
        assert found is not None
        assert found.message_id == "0A1B"


@pytest.mark.parametrize(
    ("esm_class", "stat", "kind", "final"),
    [
        (0x04, "DELIVRD", "delivery", True),
        (0x04, "UNDELIV", "delivery", True),
        (0x04, "EXPIRED", "delivery", True),
        (0x04, "DELETED", "delivery", True),
        (0x04, "REJECTD", "delivery", True),
        (0x04, "SKIPPED", "delivery", True),
        (0x04, "ENROUTE", "delivery", False),
        (0x04, "ACCEPTD", "delivery", False),
        (0x04, "SCHEDULED", "delivery", False),
        (0x04, "UNKNOWN", "delivery", False),
        (0x20, "UNDELIV", "intermediate", False),  # tried, to be tried again
        (0x20, "ENROUTE", "intermediate", False),
        (0x20, "DELIVRD", "intermediate", True),
        (0x08, "DELIVRD", "acknowledgement", True),
        (0x24, "UNDELIV", "delivery", True),  # two types at once, which no subscriber can set
        (0x30, "UNDELIV", "intermediate", False),
    ],
)
def test_a_receipt_knows_whether_another_follows(esm_class: int, stat: str, kind: str, final: bool) -> None:
    found = receipt(f"id:1 stat:{stat}".encode(), esm_class=esm_class)
    assert (found.kind, found.final) == (kind, final)


def test_an_acknowledgement_without_a_state_says_that_it_arrived() -> None:
    assert receipt(b"read it", esm_class=0x08).state == "delivered"
    assert receipt(b"id:1 stat:odd", esm_class=0x08).state == "unknown"
    assert receipt(b"", Tlv(0x0427, b"\x05"), esm_class=0x08).state == "undelivered"


@pytest.mark.parametrize("esm_class", [0x24, 0x30, 0x0C, 0x14])
def test_a_reserved_type_that_reads_as_no_receipt_is_a_message(esm_class: int) -> None:
    assert parse_receipt(DeliverSm(esm_class=esm_class, short_message=b"Habari")) is None


def test_a_sniffed_receipt_says_so() -> None:
    found = parse_receipt(DeliverSm(short_message=STANDARD), sniff=True)
    assert found is not None
    assert (found.kind, found.final) == ("sniffed", True)


@pytest.mark.parametrize(
    ("text", "tlvs", "state"),
    [
        (b"id:1 stat:DELIVRD", (), "accepted"),
        (b"id:1 stat:delivrd", (), "accepted"),
        (b"id:1 stat:DELIVRD", (Tlv(0x0427, b"\x02"),), "accepted"),
        (b"id:1 stat:7", (), "undelivered"),
        (b"id:1", (Tlv(0x0427, b"\x07"),), "undelivered"),
        (b"id:1 stat:EXPIRED", (), "expired"),
        (b"id:1", (), "unknown"),
    ],
)
def test_a_carrier_may_mean_something_else_by_its_words(text: bytes, tlvs: tuple[Tlv, ...], state: str) -> None:
    pdu = DeliverSm(esm_class=0x04, short_message=text, tlvs=tlvs)
    found = parse_receipt(pdu, states={"DELIVRD": "accepted", "7": "undelivered"})
    assert found is not None
    assert found.state == state


@pytest.mark.parametrize(
    ("number", "stat", "state"),
    [(1, "DELIVRD", "enroute"), (7, "DELIVRD", "delivered"), (200, "DELIVRD", "delivered"), (7, "", "unknown")],
)
def test_the_word_serves_where_the_number_says_nothing(number: int, stat: str, state: str) -> None:
    assert receipt(f"id:1 stat:{stat}".encode(), Tlv(0x0427, bytes((number,)))).state == state


def test_every_parameter_is_kept_by_its_name() -> None:
    found = receipt(
        b"id:1 stat:UNDELIV mccmnc:64004",
        Tlv(0x001E, b" 88\0"),
        Tlv(0x001D, b"no such subscriber\0"),
        Tlv(0x0204, b"\x01\x02"),
        Tlv(0x0423, b"\x03\x00\x01"),
        Tlv(0x0425, b"\x02"),
        Tlv(0x1400, b"64004\0"),
        Tlv(0x1401, b"\x00\xff"),
        Tlv(0x1401, b"again"),
        Tlv(0x1402, b""),
        Tlv(0x0424, b"not shown"),
    )
    assert found.fields == {
        "id": "1",
        "stat": "UNDELIV",
        "mccmnc": "64004",
        "receipted_message_id": "88",
        "additional_status_info_text": "no such subscriber",
        "user_message_reference": "258",
        "network_error_code": "030001",
        "delivery_failure_reason": "2",
        "0x1400": "64004",
        "0x1401": "00ff",
    }


def test_a_key_in_the_text_may_have_the_name_of_a_parameter() -> None:
    text = b"id:1 stat:UNDELIV network_error_code:absent message_state:9"
    found = receipt(text)
    assert (found.network_error, found.error, found.state) == (None, "", "undelivered")
    assert receipt(text, Tlv(0x0423, b"\x03\0\1")).network_error == NetworkErrorCode(3, 1)


@pytest.mark.parametrize(
    ("tlv", "ids"),
    [
        (b"88", ("88", "0A1B")),
        (b"0A1B\0", ("0A1B",)),
        (b"", ("0A1B",)),
        (b"\0", ("0A1B",)),
        (b"  \0junk", ("0A1B",)),
    ],
)
def test_an_id_beside_the_text_is_tried_first_and_an_empty_one_not_at_all(tlv: bytes, ids: tuple[str, ...]) -> None:
    found = receipt(STANDARD, Tlv(0x001E, tlv))
    assert (found.message_id, found.message_ids) == (ids[0], ids)


def test_what_follows_text_is_a_quotation_once_parameters_tell_id_and_state() -> None:
    found = receipt(b"sub:001 Text:stat:UNDELIV err:9 id:5", Tlv(0x001E, b"88"), Tlv(0x0427, b"\x02"))
    assert (found.message_id, found.stat, found.error) == ("88", "", "")
    assert found.text == "stat:UNDELIV err:9 id:5"


@pytest.mark.parametrize("end", b"0aZ_")
def test_a_header_that_ends_in_a_letter_does_not_hide_the_id(end: int) -> None:
    header = b"\5\0\3" + bytes((1, 200, end))
    assert receipt(header + STANDARD, esm_class=0x44).message_id == "0A1B"


def test_a_receipt_in_packed_septets_is_read() -> None:
    packed = encode_text(STANDARD.decode(), prefer="gsm7-packed")[0]
    found = receipt(packed)
    assert (found.message_id, found.state, found.text) == ("0A1B", "delivered", "Habari ya leo id:9")


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_a_receipt_cut_anywhere_says_the_same_or_nothing(dialect: tuple[bytes, str, str, str, str | None, str]) -> None:
    text, message_id, state, error, _, _ = dialect
    for end in range(len(text)):
        found = receipt(text[:end])
        assert found.state in (state, "unknown")
        if found.state != "unknown":
            assert message_id.startswith(found.message_id)
        # Behind an error, without a blank, the beginning of the next key cannot be told from its value.
        assert error.startswith(found.error) or found.error.startswith(error)
        assert found.text in text.decode("latin-1")


@pytest.mark.parametrize("tail", [b"\0", b"\0\0\0", b"\r\n", b" "])
@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_a_tail_of_blanks_or_nuls_changes_nothing(
    dialect: tuple[bytes, str, str, str, str | None, str], tail: bytes
) -> None:
    assert receipt(dialect[0] + tail) == receipt(dialect[0])


PARAMETERS = st.lists(
    st.builds(Tlv, st.sampled_from([0x1D, 0x1E, 0x423, 0x424, 0x425, 0x427, 0x1400]), st.binary(max_size=9)),
    max_size=4,
).map(tuple)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A dialect with a few octets cut out, put in or turned over, perhaps in UCS-2."""
    text = draw(st.sampled_from([row[0] for row in DIALECTS.values()]))
    if draw(st.booleans()):
        text = text.decode("latin-1").encode(draw(st.sampled_from(["utf-16-be", "utf-16-le", "utf-16"])))
    octets = bytearray(text)
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, len(octets)))
        octets[at : at + draw(st.integers(0, 3))] = draw(
            st.binary(max_size=4) | st.sampled_from([b":", b"id:", b" ", b"'"])
        )
    return bytes(octets)


@given(
    mutated() | st.binary(max_size=200) | st.text("idstaerx: 0\n").map(str.encode),
    PARAMETERS,
    st.integers(0, 255),
    st.booleans(),
)
def test_reading_never_raises(text: bytes, tlvs: tuple[Tlv, ...], esm_class: int, sniff: bool) -> None:
    for pdu in (
        DeliverSm(esm_class=esm_class, short_message=text, tlvs=tlvs),
        DataSm(esm_class=esm_class, tlvs=(*tlvs, Tlv(0x0424, text))),
    ):
        found = parse_receipt(pdu, sniff=sniff, states={"ENROUTE": "delivered"})
        assert found is not None or esm_class & 0x3C not in (0x04, 0x08, 0x20)
        if found is None:
            continue
        assert found.state in STATES
        assert found.final in (True, False)
        assert found.message_ids[:1] == ((found.message_id,) if found.message_id else ())
        for date in (found.submitted_at, found.done_at):
            assert date is None or 1970 <= date.year <= 2099
        assert found.network_error is None or found.network_error.code < 65536
        assert all(isinstance(part, str) for pair in found.fields.items() for part in pair)


@given(PARAMETERS, st.binary(max_size=20))
def test_a_message_of_a_person_is_none_whatever_it_says(tlvs: tuple[Tlv, ...], text: bytes) -> None:
    assert parse_receipt(DeliverSm(short_message=STANDARD + text, tlvs=tlvs)) is None
