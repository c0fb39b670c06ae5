"""Odd frames as carriers send them: every one must be read, or refused so that the link lives."""

from __future__ import annotations

from typing import Any

import pytest

from pdu import DataSm, DecodeError, DeliverSm, Pdu, Status, decode, decode_text, parse_receipt, user_data
from tests.pdu.samples import frame


def deliver(
    *,
    ton: int = 1,
    npi: int = 1,
    source: bytes = b"255712345678",
    esm_class: int = 0,
    validity: bytes = b"",
    schedule: bytes = b"",
    data_coding: int = 0,
    text: bytes = b"Habari",
    tail: bytes = b"",
    sequence: int = 1,
) -> bytes:
    """A deliver_sm written octet by octet."""
    body = b"\0" + bytes((ton, npi)) + source + b"\0\x00\x0115001\0" + bytes((esm_class, 0, 0))
    body += schedule + b"\0" + validity + b"\0" + bytes((0, 0, data_coding, 0, len(text))) + text + tail
    return frame(0x05, body, sequence=sequence)


RECEIPT = b"id:0A1B sub:001 dlvrd:001 submit date:2605040915 done date:2605040916 stat:DELIVRD err:000 text:join"
SUBMIT_RESP, BIND_RESP = 0x80000004, 0x80000009

READ: list[tuple[str, bytes, dict[str, Any]]] = [
    ("reserved NPI 2", deliver(npi=2), {"source_addr_npi": 2}),
    ("reserved TON 7", deliver(ton=7), {"source_addr_ton": 7}),
    ("TON 0x50", deliver(ton=0x50), {"source_addr_ton": 0x50}),
    *((f"data_coding 0x{code:02X}", deliver(data_coding=code), {"data_coding": code}) for code in (0xF1, 0x10, 0x11)),
    *((f"data_coding 0x{code:02X}", deliver(data_coding=code), {"data_coding": code}) for code in (0xF5, 0x0B, 0x19)),
    ("GSM text above 0x7F", deliver(text=b"caf\xe9"), {"short_message": b"caf\xe9"}),
    ("source of 21 characters", deliver(source=b"2" * 21), {"source_addr": "2" * 21}),
    ("source of 64 characters", deliver(source=b"2" * 64), {"source_addr": "2" * 64}),
    ("three octets of junk", deliver(tail=b"\xde\xad\xbe"), {"trailing": b"\xde\xad\xbe", "tlvs": ()}),
    ("one NUL too many", deliver(tail=b"\0"), {"trailing": b"\0"}),
    ("padding of NULs", deliver(tail=bytes(8)), {"trailing": bytes(8), "tlvs": ()}),
    ("submit_sm_resp 0x400", frame(SUBMIT_RESP, b"\0", status=0x400), {"status": 0x400, "message_id": ""}),
    ("submit_sm_resp 0, no body", frame(SUBMIT_RESP), {"status": 0, "message_id": ""}),
    ("message_id without NUL", frame(SUBMIT_RESP, b"0A1B"), {"message_id": "0A1B"}),
    ("message_id of 70 characters", frame(SUBMIT_RESP, b"m" * 70 + b"\0"), {"message_id": "m" * 70}),
    ("UUID as message_id", frame(SUBMIT_RESP, b"a-b" * 12 + b"\0"), {"message_id": "a-b" * 12}),
    ("bind_resp, long system_id", frame(BIND_RESP, b"s" * 20 + b"\0"), {"system_id": "s" * 20}),
    ("bind_resp error, no body", frame(BIND_RESP, status=0x0E), {"status": 0x0E, "system_id": ""}),
    (
        "bind_resp error, parameters alone",
        frame(BIND_RESP, b"\x02\x10\x00\x01\x34", status=0x0E),
        {"system_id": "", "tlvs": ((0x0210, b"\x34"),), "trailing": b""},
    ),
    (
        "submit_sm_resp error, parameters alone",
        frame(SUBMIT_RESP, b"\x00\x1d\x00\x05busy\0", status=0x58),
        {"message_id": "", "tlvs": ((0x001D, b"busy\0"),), "trailing": b""},
    ),
    (
        "submit_sm_resp error with a body",
        frame(SUBMIT_RESP, b"0A\0\x00\x1d\x00\x05busy\0", status=0x58),
        {"message_id": "0A", "tlvs": ((0x001D, b"busy\0"),)},
    ),
    ("query_sm_resp error, no body", frame(0x80000003, status=0x67), {"message_id": "", "message_state": 0}),
    ("query_sm_resp error, cut", frame(0x80000003, b"1\0", status=0x67), {"message_id": "1", "final_date": ""}),
    ("deliver_sm_resp, no body", frame(0x80000005), {"message_id": ""}),
    ("generic_nack with junk", frame(0x80000000, b"\0", status=3), {"trailing": b"\0"}),
    (
        "data_sm",
        frame(0x103, b"\0\1\x01255\0\0\x0015001\0\0\0\0\x04\x24\x00\x02Hi"),
        {"tlvs": ((0x0424, b"Hi"),), "source_addr": "255"},
    ),
    ("alert_notification", frame(0x102, b"\1\x01255\0\0\x0015001\0"), {"esme_addr": "15001"}),
    ("alert_notification without its last NUL", frame(0x102, b"\1\x01255\0\0\x0015001"), {"esme_addr": "15001"}),
    ("malformed validity time", deliver(validity=b"tomorrow"), {"validity_period": "tomorrow"}),
    ("absolute validity time", deliver(validity=b"261122120000000+"), {"validity_period": "261122120000000+"}),
    ("relative time", deliver(schedule=b"000001000000000R"), {"schedule_delivery_time": "000001000000000R"}),
    ("unknown TLV", deliver(tail=b"\x14\x01\x00\x01A"), {"tlvs": ((0x1401, b"A"),)}),
    ("TLV of length 0", deliver(tail=b"\x14\x01\x00\x00"), {"tlvs": ((0x1401, b""),)}),
    (
        "TLV running past the end",
        deliver(tail=b"\x02\x04\x00\x02\0\1\x14\x01\x00\x09A"),
        {"tlvs": ((0x0204, b"\0\1"),), "trailing": b"\x14\x01\x00\x09A"},
    ),
    ("empty source", deliver(source=b""), {"source_addr": ""}),
    ("sequence 0", deliver(sequence=0), {"sequence": 0}),
    ("sequence 0xFFFFFFFF", deliver(sequence=0xFFFFFFFF), {"sequence": 0xFFFFFFFF}),
    (
        "sm_length larger than what follows",
        frame(0x05, b"\0\1\x01255\0\0\x0015001\0" + bytes(9) + b"\x50Habari"),
        {"short_message": b"Habari", "trailing": b""},
    ),
    (
        "sm_length smaller than what follows",
        frame(0x05, b"\0\1\x01255\0\0\x0015001\0" + bytes(9) + b"\x03Habari"),
        {"short_message": b"Hab", "trailing": b"ari"},
    ),
    ("text of an even more odd UCS2", deliver(data_coding=8, text=b"\0a\0"), {"short_message": b"\0a\0"}),
]


@pytest.mark.parametrize(("octets", "expected"), [row[1:] for row in READ], ids=[row[0] for row in READ])
def test_an_odd_frame_is_read(octets: bytes, expected: dict[str, Any]) -> None:
    value = decode(octets)
    assert {name: getattr(value, name) for name in expected} == expected


@pytest.mark.parametrize("command_id", [0x00, 0x0A, 0x22, 0x23, 0x24, 0x110, 0x114, 0x80000024, 0x12345678])
def test_an_unknown_command_is_answered_by_a_nack_with_its_sequence(command_id: int) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(frame(command_id, b"anything", sequence=42))
    assert caught.value.status == Status.ESME_RINVCMDID
    assert (caught.value.command_id, caught.value.sequence) == (command_id, 42)


@pytest.mark.parametrize(
    ("octets", "message_id", "state"),
    [
        (deliver(esm_class=4, text=RECEIPT, tail=b"\x04\x27\x00\x01\xc8"), "0A1B", "delivered"),
        (deliver(esm_class=4, text=b"id:1", tail=b"\x04\x27\x00\x01\xc8"), "1", "unknown"),
        (deliver(esm_class=4, text=b"", tail=b"\x00\x1e\x00\x040A1B\x04\x27\x00\x01\x02"), "0A1B", "delivered"),
        (deliver(esm_class=0x44, text=b"", tail=b"\x00\x1e\x00\x050A1B\0\x04\x27\x00\x01\x05"), "0A1B", "undelivered"),
        (deliver(esm_class=0x44, text=RECEIPT), "0A1B", "delivered"),
    ],
    ids=[
        "message_state 200, text says delivered",
        "message_state 200 alone",
        "receipted_message_id without NUL, empty text",
        "empty text, esm_class 0x44",
        "esm_class 0x44 and no header",
    ],
)
def test_an_odd_receipt_is_read(octets: bytes, message_id: str, state: str) -> None:
    value = decode(octets)
    assert isinstance(value, DeliverSm)
    receipt = parse_receipt(value)
    assert receipt is not None
    assert (receipt.message_id, receipt.state) == (message_id, state)


@pytest.mark.parametrize(
    ("octets", "text", "damaged"),
    [
        (deliver(data_coding=0xF1), "Habari", False),
        (deliver(data_coding=0x10), "Habari", False),
        (deliver(data_coding=0x11), "Habari", False),
        (deliver(data_coding=0x0B), "Habari", False),
        (deliver(data_coding=0xF5, text=b"\1\2"), None, False),
        (deliver(data_coding=0x19, text=b"\0H\0i"), "Hi", False),
        (deliver(text=b"caf\xe9"), "café", True),
        (deliver(data_coding=8, text=b"\0H\0i\0"), "Hi", True),
    ],
)
def test_an_odd_text_is_read(octets: bytes, text: str | None, damaged: bool) -> None:
    value: Pdu = decode(octets)
    assert isinstance(value, DeliverSm | DataSm)
    decoded = decode_text(user_data(value).body, value.data_coding)
    assert (decoded.text, decoded.damaged) == (text, damaged)
