"""What the numbers of a PDU mean, in words (SMPP 3.4 section 5.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pdu

_MODES = ("default mode", "datagram", "forward", "store and forward")
_TYPES = {
    0x00: "default message",
    0x04: "delivery receipt",
    0x08: "delivery acknowledgement",
    0x10: "manual acknowledgement",
    0x18: "conversation abort",
    0x20: "intermediate notification",
}
_RECEIPTS = ("no receipt", "receipt on success or failure", "receipt on failure", "reserved")


def meaning(name: str, value: Any, command_id: int) -> str:
    """Words for the value of a mandatory parameter, empty where the value says it all."""
    if name == "command_status" and not command_id & pdu.RESPONSE and value == 0:
        return "unused in a request"
    explain = _EXPLAIN.get(name) or _BY_END.get(name.rpartition("_")[2])
    return explain(value) if explain else ""


def tlv_meaning(tag: int, value: bytes) -> str:
    """Words for an optional parameter: a known number, readable text, or nothing."""
    if tag == pdu.Tag.MESSAGE_STATE and len(value) == 1:
        return _named(pdu.MessageState, value[0])
    if tag == pdu.Tag.SC_INTERFACE_VERSION and len(value) == 1:
        return _version(value[0])
    if tag == pdu.Tag.MESSAGE_PAYLOAD:
        return f"{len(value)} octets"
    text = value.removesuffix(b"\0")
    if len(text) > 2 and all(0x20 <= octet < 0x7F for octet in text):
        return f'"{text.decode("ascii")}"'
    return str(int.from_bytes(value, "big")) if 0 < len(value) <= 4 else ""


def _named(numbers: Any, value: int) -> str:
    try:
        return str(numbers(value).name).lower().replace("_", " ")
    except ValueError:
        return "not defined"


def _version(value: int) -> str:
    return f"SMPP {value >> 4}.{value & 0x0F}"


def _esm_class(value: int) -> str:
    words = [_TYPES.get(value & 0x3C, f"type 0x{value & 0x3C:02x}")]
    if value & 0x03:
        words.append(_MODES[value & 0x03])
    if value & pdu.EsmClass.UDHI:
        words.append("with user data header")
    if value & 0x80:
        words.append("reply path")
    return ", ".join(words)


def _registered(value: int) -> str:
    words = [_RECEIPTS[value & 0x03]]
    if value & 0x0C:
        words.append("acknowledgement by the phone")
    if value & 0x10:
        words.append("intermediate notifications")
    return ", ".join(words)


def _when(value: str) -> str:
    if not value:
        return "none"
    time = pdu.parse_time(value)
    if isinstance(time, pdu.Relative):
        spans = [f"{count} {unit[: -1 if count == 1 else None]}" for unit, count in time._asdict().items() if count]
        return f"in {' '.join(spans) or '0 seconds'}"
    if time is None:
        return "neither absolute nor relative" + ("" if len(value) == 16 else ": 16 characters make a time")
    return time.isoformat(" ", "milliseconds" if time.microsecond else "seconds")


def _date(value: str) -> str:
    date = pdu.parse_date(value)
    return _when(value) if date is None else date.isoformat(" ") + ("" if date.tzinfo else ", where the carrier is")


def _octets(value: bytes) -> str:
    return f"{len(value)} octets"


_EXPLAIN: dict[str, Callable[[Any], str]] = {
    "command_id": pdu.command_name,
    "command_status": lambda value: f"{pdu.status_name(value)}: {pdu.status_words(value)}",
    "esm_class": _esm_class,
    "data_coding": lambda value: pdu.alphabet_of(value, "the carrier's default alphabet"),
    "registered_delivery": _registered,
    "interface_version": _version,
    "message_state": lambda value: _named(pdu.MessageState, value),
    "short_message": _octets,
    "schedule_delivery_time": _when,
    "validity_period": _when,
    "final_date": _date,
    "replace_if_present_flag": lambda value: "replace" if value == 1 else "do not replace",
}

_BY_END: dict[str, Callable[[Any], str]] = {
    "ton": lambda value: _named(pdu.Ton, value),
    "npi": lambda value: _named(pdu.Npi, value),
}
