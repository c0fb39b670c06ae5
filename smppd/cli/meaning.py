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
_PROTOCOLS = {
    0x00: "a short message",
    0x40: "silent: acknowledged and not shown",
    0x48: "triggers a device",
    0x5F: "asks for a call back",
    0x7C: "ANSI-136 R-DATA",
    0x7D: "data for the phone",
    0x7E: "takes the lock off the phone",
    0x7F: "data for the SIM",
}
# In deliver_sm (SMPP 3.4 section 4.6.1).
_UNUSED = ("schedule_delivery_time", "validity_period", "replace_if_present_flag", "sm_default_msg_id")
_RECEIPTS = ("no receipt", "receipt on success or failure", "receipt on failure", "receipt on success")


def meaning(name: str, value: Any, command_id: int) -> str:
    """Words for the value of a mandatory parameter, empty where the value says it all."""
    if name == "command_status" and not command_id & pdu.RESPONSE and value == 0:
        return "unused in a request"
    if command_id == pdu.Command.DELIVER_SM and name in _UNUSED and not value:
        return "unused"
    explain = _EXPLAIN.get(name) or _BY_END.get(name.rpartition("_")[2])
    return explain(value) if explain else ""


def _named(numbers: Any, value: int) -> str:
    try:
        return str(numbers(value).name).lower().replace("_", " ")
    except ValueError:
        return "not defined"


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


def moment(value: str) -> str:
    """A time of SMPP in words."""
    time = pdu.parse_time(value)
    if isinstance(time, pdu.Relative):
        spans = [f"{count} {unit[: -1 if count == 1 else None]}" for unit, count in time._asdict().items() if count]
        return f"in {' '.join(spans) or '0 seconds'}"
    if time is None:
        return "neither absolute nor relative" + ("" if len(value) == 16 else ": 16 characters make a time")
    return time.isoformat(" ", "milliseconds" if time.microsecond else "seconds")


def _date(value: str) -> str:
    date = pdu.parse_date(value)
    if not value:
        return "not in a final state"
    return moment(value) if date is None else date.isoformat(" ") + ("" if date.tzinfo else ", where the carrier is")


def _protocol(value: int) -> str:
    """protocol_id is that of GSM (3GPP TS 23.040 section 9.2.3.9)."""
    if value in _PROTOCOLS:
        return _PROTOCOLS[value]
    if 0x41 <= value <= 0x47:
        return f"replaces an earlier message of type {value & 0x07}"
    if 0x20 <= value <= 0x3F:
        return "to or from another telematic service"
    return "of the SMSC" if value >= 0xC0 else "reserved"


def _priority(value: int) -> str:
    return ("lowest", "level 1", "level 2", "highest")[value] if value < 4 else "not defined below SMPP 5.0"


def _error_code(value: int) -> str:
    return "none" if not value else "the network's own"


def _octets(value: bytes) -> str:
    return f"{len(value)} octets"


_EXPLAIN: dict[str, Callable[[Any], str]] = {
    "command_id": pdu.command_name,
    "command_status": lambda value: f"{pdu.status_name(value)}: {pdu.status_words(value)}",
    "esm_class": _esm_class,
    "data_coding": lambda value: str(pdu.coding_of(value, "the carrier's default alphabet")),
    "registered_delivery": _registered,
    "interface_version": lambda value: f"SMPP {pdu.version_name(value)}",
    "protocol_id": _protocol,
    "priority_flag": _priority,
    "error_code": _error_code,
    "dest_flag": lambda value: {1: "a number", 2: "a distribution list"}.get(value, "not defined"),
    "message_state": lambda value: _named(pdu.MessageState, value),
    "short_message": _octets,
    "schedule_delivery_time": lambda value: moment(value) if value else "at once",
    "validity_period": lambda value: moment(value) if value else "as long as the carrier likes",
    "final_date": _date,
    "replace_if_present_flag": lambda value: "replace" if value == 1 else "do not replace",
}

_BY_END: dict[str, Callable[[Any], str]] = {
    "ton": lambda value: _named(pdu.Ton, value),
    "npi": lambda value: _named(pdu.Npi, value),
}
