"""Receipts in the dialects of carriers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu import DataSm, DeliverSm, Receipt, Tlv, parse_receipt

STANDARD = (
    b"id:0A1B sub:001 dlvrd:001 submit date:2605040915 done date:2605040916 stat:DELIVRD err:000 "
    b"text:Habari ya leo id:9"
)


def receipt(text: bytes = b"", *tlvs: Tlv, esm_class: int = 0x04, data_coding: int = 0) -> Receipt:
    found = parse_receipt(DeliverSm(esm_class=esm_class, data_coding=data_coding, short_message=text, tlvs=tlvs))
    assert found is not None
    return found


def test_the_standard_text_is_read_whole() -> None:
    assert receipt(STANDARD) == Receipt(
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
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"id:1 stat:DELIVRD", ("1", "DELIVRD", "", "", "")),
        (b"ID: 1  STAT: delivrd  ERR: 042", ("1", "delivrd", "042", "", "")),
        (b"stat:DELIVRD err:1A id:1", ("1", "DELIVRD", "1A", "", "")),
        (b"id:1\nstat:EXPIRED\nerr:000\nText:x", ("1", "EXPIRED", "000", "", "x")),
        (b"id:1,stat:EXPIRED,err:000", ("1", "EXPIRED", "000", "", "")),
        (b"id:1 submit_date:20260504091500 done_date:0000000000 stat:ACCEPTD", ("1", "ACCEPTD", "", "0000000000", "")),
        (b"id:1 submitdate:2605040915 donedate: stat:REJECTD err: text:", ("1", "REJECTD", "", "", "")),
        (b"id:1 stat:REJECTD text:cut at tw", ("1", "REJECTD", "", "", "cut at tw")),
        (b"text:first id:1 stat:REJECTD", ("1", "REJECTD", "", "", "first")),
        (b"id:6ba7b810-9dad_11d1@80b4 stat:DELIVRD", ("6ba7b810-9dad_11d1@80b4", "DELIVRD", "", "", "")),
        (b"id:1 stat:DELIVRD\0", ("1", "DELIVRD", "", "", "")),
        (b"\5\0\3\1\1\1id:1 stat:DELIVRD", ("1", "DELIVRD", "", "", "")),
        (b"", ("", "", "", "", "")),
        (b"nothing of the kind", ("", "", "", "", "")),
    ],
)
def test_dialects_are_read(text: bytes, expected: tuple[str, ...]) -> None:
    found = receipt(text)
    assert (found.message_id, found.stat, found.error, found.done, found.text) == expected


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
    assert (found.message_id, found.state, found.stat, found.error) == ("2587", "undelivered", "DELIVRD", "000")
    assert (found.fields["id"], found.fields["receipted_message_id"]) == ("0A1B", "2587")


def test_an_absent_error_is_not_invented_and_the_network_code_serves() -> None:
    assert receipt(b"id:1 stat:UNDELIV").error == ""
    assert receipt(b"id:1 stat:UNDELIV", Tlv(0x0423, b"\x03\x00\x11")).error == "017"
    assert receipt(b"id:1 stat:UNDELIV", Tlv(0x0423, b"\x03")).error == "03"


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


@given(
    st.binary(max_size=200) | st.text("idstaerx: 0\n").map(str.encode),
    st.lists(st.builds(Tlv, st.sampled_from([0x1E, 0x423, 0x427, 0x424]), st.binary(max_size=9)), max_size=4),
    st.integers(0, 255),
    st.booleans(),
)
def test_reading_never_raises(text: bytes, tlvs: list[Tlv], esm_class: int, sniff: bool) -> None:
    found = parse_receipt(DeliverSm(esm_class=esm_class, short_message=text, tlvs=tuple(tlvs)), sniff=sniff)
    assert found is not None or esm_class & 0x3C not in (0x04, 0x08, 0x20)
