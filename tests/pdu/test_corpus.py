"""Odd frames as carriers send them: every one must be read, or refused so that the link lives."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pdu import (
    STANDARD,
    DataSm,
    DecodeError,
    DeliverSm,
    Pdu,
    Status,
    Tlv,
    decode,
    decode_text,
    encode,
    parse_receipt,
    user_data,
)
from pdu.declare import LAYOUTS
from pdu.tlv import write_tlvs
from pdu.wire import LONGEST_READ, CString, Number, Sized
from tests.pdu.samples import NAMES, SAMPLES, frame


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
    ("submit_multi_resp, no list", frame(0x80000021, b"77\0"), {"message_id": "77", "unsuccess_sme": ()}),
    (
        "submit_multi_resp, its list shorter than it says",
        frame(0x80000021, b"77\0\x03\x01\x01255\0\0\0\0\x0b\x01\x01256\0\0"),
        {"message_id": "77", "unsuccess_sme": ((1, 1, "255", 0x0B),), "trailing": b"\x01\x01256\0\0"},
    ),
    (
        "submit_multi_resp, its list longer than it says",
        frame(0x80000021, b"77\0\x00\x01\x01255\0\0\0\0\x0b"),
        {"message_id": "77", "unsuccess_sme": ()},
    ),
    (
        "broadcast_sm_resp error, parameters alone",
        frame(0x80000111, b"\x06\x07\x00\x04\0\0\1\x0a", status=0x10D),
        {"message_id": "", "tlvs": ((0x0607, b"\0\0\1\x0a"),), "trailing": b""},
    ),
    (
        "congestion_state in a response of a carrier that said 3.4",
        frame(SUBMIT_RESP, b"0A\0\x04\x28\x00\x01\x63"),
        {"message_id": "0A", "tlvs": ((0x0428, b"\x63"),)},
    ),
    ("outbind without its last NUL", frame(0x0B, b"smsc\0secret"), {"password": "secret"}),
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


# --- the same oddities in every PDU ----------------------------------------------------------------------------------

VENDOR = Tlv(0x1401, b"A")

ADDED: list[tuple[str, bytes, dict[str, Any]]] = [
    ("three octets of junk", b"\xde\xad\xbe", {"trailing": b"\xde\xad\xbe"}),
    ("one NUL", b"\0", {"trailing": b"\0"}),
    ("padding of NULs", bytes(8), {"trailing": bytes(8)}),
    ("a parameter that runs past the end", b"\x14\x01\x00\x09A", {"trailing": b"\x14\x01\x00\x09A"}),
    ("a vendor's parameter", b"\x14\x01\x00\x01A", {"tlvs": (VENDOR,)}),
    ("a parameter of length 0", b"\x14\x01\x00\x00", {"tlvs": (Tlv(0x1401, b""),)}),
    ("a parameter, then junk", b"\x14\x01\x00\x01A\xff", {"tlvs": (VENDOR,), "trailing": b"\xff"}),
]
every_pdu = pytest.mark.parametrize(("value", "octets"), SAMPLES, ids=NAMES)


def grown(octets: bytes, more: bytes) -> bytes:
    return (len(octets) + len(more)).to_bytes(4, "big") + octets[4:] + more


def unbounded(value: Pdu, **changes: str) -> tuple[bytes, dict[str, int]]:
    """The frame with strings of any length, and where each parameter begins."""
    body, starts = b"", {}
    for name, kind in LAYOUTS[value.command_id][0]:
        starts[name] = 16 + len(body)
        field = changes.get(name, getattr(value, name))
        body += field.encode("latin-1") + b"\0" if isinstance(kind, CString) else kind.write(name, field)
    return frame(value.command_id, body + write_tlvs(value.tlvs), status=value.status, sequence=value.sequence), starts


@every_pdu
@pytest.mark.parametrize(("more", "changes"), [row[1:] for row in ADDED], ids=[row[0] for row in ADDED])
def test_what_stands_behind_any_pdu_is_kept(value: Pdu, octets: bytes, more: bytes, changes: dict[str, Any]) -> None:
    expected = replace(value, **changes | {"tlvs": (*value.tlvs, *changes.get("tlvs", ()))})
    assert decode(grown(octets, more)) == expected


@every_pdu
@pytest.mark.parametrize("sequence", [0, 0x80000000, 0xFFFFFFFF])
@pytest.mark.parametrize("status", [0x00, 0x400, 0x4FF, 0xFFFFFFFF])
def test_any_sequence_and_any_status_are_read(value: Pdu, octets: bytes, sequence: int, status: int) -> None:
    odd = octets[:8] + status.to_bytes(4, "big") + sequence.to_bytes(4, "big") + octets[16:]
    assert decode(odd) == replace(value, status=status, sequence=sequence)


@pytest.mark.parametrize("command_id", [each for each in sorted(LAYOUTS) if each & 0x80000000])
@pytest.mark.parametrize("status", [0x00, 0x58, 0x0E, 0x401])
def test_a_response_may_leave_its_body_out_with_any_status(command_id: int, status: int) -> None:
    bare = LAYOUTS[command_id][1](status=status, sequence=9)
    assert decode(frame(command_id, status=status, sequence=9)) == bare
    for parameter in STANDARD if status else ():
        tlvs = (Tlv(parameter.tag, b"\0\0\1\x0a"), Tlv(0x001D, b"busy\0"), VENDOR)
        assert decode(frame(command_id, write_tlvs(tlvs), status=status, sequence=9)) == replace(bare, tlvs=tlvs)
        assert decode(frame(command_id, write_tlvs(tlvs[:1]), status=status, sequence=9)).tlvs == tlvs[:1]


@pytest.mark.parametrize("body", [b"\x06\0\0\1", b"\x01\0", b"\x1f"])
@pytest.mark.parametrize("status", [0x58, 0x20067])
def test_an_error_response_that_is_neither_body_nor_parameters_is_refused(body: bytes, status: int) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(frame(0x80000003, body, status=status))
    assert (caught.value.field, caught.value.offset) == ("message_id", 16)


@every_pdu
@pytest.mark.parametrize("odd", [2, 7, 0x50, 0xFF])
def test_reserved_numbers_stay_as_they_came(value: Pdu, octets: bytes, odd: int) -> None:
    numbers = {name: odd for name, kind in LAYOUTS[value.command_id][0] if isinstance(kind, Number)}
    assert decode(encode(replace(value, **numbers))) == replace(value, **numbers)


@every_pdu
def test_a_string_longer_than_the_specification_is_read_and_an_absurd_one_refused(value: Pdu, octets: bytes) -> None:
    for name, kind in LAYOUTS[value.command_id][0]:
        if not isinstance(kind, CString):
            continue
        for size in (kind.limit, kind.limit + 20, LONGEST_READ):
            odd, _ = unbounded(value, **{name: "x" * size})
            assert decode(odd) == replace(value, **{name: "x" * size})
        odd, starts = unbounded(value, **{name: "x" * (LONGEST_READ + 1)})
        with pytest.raises(DecodeError) as caught:
            decode(odd)
        assert (caught.value.field, caught.value.offset) == (name, starts[name])


@every_pdu
def test_the_last_string_may_lack_its_nul(value: Pdu, octets: bytes) -> None:
    layout = LAYOUTS[value.command_id][0]
    if layout and isinstance(layout[-1][1], CString) and not value.tlvs:
        bare = (len(octets) - 1).to_bytes(4, "big") + octets[4:-1]
        assert decode(bare) == value


@every_pdu
@pytest.mark.parametrize("off", [-1, 1, 100])
def test_a_wrong_sm_length_takes_what_is_there(value: Pdu, octets: bytes, off: int) -> None:
    if not any(isinstance(kind, Sized) for _, kind in LAYOUTS[value.command_id][0]):
        return
    plain = encode(replace(value, tlvs=()))
    text: bytes = value.short_message  # type: ignore[attr-defined]
    at = len(plain) - len(text) - 1
    odd = plain[:at] + bytes((min(len(text) + off, 255),)) + plain[at + 1 :]
    read = decode(odd)
    shorter = off < 0
    assert read == replace(
        value,
        tlvs=(),
        short_message=text[:off] if shorter else text,
        trailing=text[off:] if shorter else b"",
    )
