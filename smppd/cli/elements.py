"""The elements of a user data header in words (3GPP TS 23.040 section 9.2.3.24)."""

from __future__ import annotations

from collections.abc import Callable

import pdu

_NAMES = {
    0x00: "concatenation, 8-bit reference",
    0x01: "special message indication",
    0x04: "ports, 8-bit",
    0x05: "ports, 16-bit",
    0x06: "SMSC control parameters",
    0x07: "source of the header",
    0x08: "concatenation, 16-bit reference",
    0x09: "wireless control message protocol",
    0x0A: "text formatting",
    0x0B: "predefined sound",
    0x0C: "user defined sound",
    0x0D: "predefined animation",
    0x0E: "large animation",
    0x0F: "small animation",
    0x10: "large picture",
    0x11: "small picture",
    0x12: "variable picture",
    0x13: "user prompt",
    0x14: "extended object",
    0x15: "reused extended object",
    0x16: "compression control",
    0x17: "object distribution",
    0x18: "standard WVG object",
    0x19: "character size WVG object",
    0x1A: "extended object data request",
    0x20: "e-mail header",
    0x21: "hyperlink",
    0x22: "reply address",
    0x23: "enhanced voice mail",
    0x24: "national language, single shift",
    0x25: "national language, locking shift",
}
_RANGES = (
    (0x1B, 0x1F, "reserved for EMS"),
    (0x70, 0x7F, "SIM toolkit security header"),
    (0x80, 0x9F, "of the sending and the receiving system"),
    (0xC0, 0xDF, "of the SMSC"),
)
_REPLY = 0x22
_WAITING = {0: "voice message", 1: "fax", 2: "e-mail", 3: "other message", 7: "video message"}
# Ports that a person may meet in a message (3GPP TS 23.040 section 9.2.3.24.4, the registry of IANA, Nokia's Smart
# Messaging).
_PORTS = {
    226: "vCard",
    228: "vCalendar",
    2948: "WAP push",
    2949: "WAP push, secure",
    5505: "ringing tone",
    5506: "operator logo",
    5507: "caller logo",
    5514: "picture message",
    9200: "WAP",
    9201: "WAP session",
    9202: "WAP, secure",
    9203: "WAP session, secure",
    9204: "vCard",
    9205: "vCalendar",
    49999: "settings",
}


def element_meaning(tag: int, value: bytes) -> str:
    """The name of an element, or what the range of its tag is for; and what it says, where that is known."""
    ranged = next((name for first, last, name in _RANGES if first <= tag <= last), "reserved")
    name = _NAMES.get(tag, ranged)
    if tag == _REPLY and len(value) > 2:
        return f"{name}: {_address(value)}"
    size, explain = _EXPLAIN.get(tag, (0, None))
    if explain is None:
        return name
    return f"{name}: {explain(value)}" if len(value) == size else f"{name}, but of {len(value)} octets and not {size}"


def _address(value: bytes) -> str:
    """A number as GSM writes it: how many digits, their type, two digits an octet, the first in the low half."""
    digits = "".join(f"{octet & 15:x}{octet >> 4:x}" for octet in value[2:])[: value[0]]
    return f"{'+' if value[1] & 0x70 == 0x10 else ''}{digits}"


def _part(number: int, total: int) -> str:
    words = f"part {number} of {total}"
    return words if 0 < number <= total else f"{words}, which cannot be: it is a message of its own"


def _special(value: bytes) -> str:
    kind, count = _WAITING.get(value[0] & 0x1F, _WAITING.get(value[0] & 0x03, "message")), value[1]
    kept = "to be kept" if value[0] & 0x80 else "not to be kept"
    return f"{count} {kind}{'' if count == 1 else 's'} waiting, {kept}"


def _ports(value: bytes) -> str:
    half = len(value) // 2
    to, source = int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big")
    name = _PORTS.get(to, "")
    return f"to port {to}{f' ({name})' if name else ''}, from port {source}"


def _control(value: bytes) -> str:
    words = [
        name
        for bit, name in ((0x01, "when delivered"), (0x02, "when failed for good"), (0x04, "when failed for now"))
        if value[0] & bit
    ]
    return "status report " + ", ".join(words) if words else "no status report"


def _language(value: bytes) -> str:
    if not value[0]:
        return "default table"
    return pdu.LANGUAGES.get(value[0], "not defined").capitalize()


def _source(value: bytes) -> str:
    return {1: "the original sender", 2: "the original receiver", 3: "the SMSC"}.get(value[0], "not defined")


_EXPLAIN: dict[int, tuple[int, Callable[[bytes], str]]] = {
    0x00: (3, lambda value: f"reference {value[0]}, {_part(value[2], value[1])}"),
    0x01: (2, _special),
    0x04: (2, _ports),
    0x05: (4, _ports),
    0x06: (1, _control),
    0x07: (1, _source),
    0x08: (4, lambda value: f"reference {value[0] << 8 | value[1]}, {_part(value[3], value[2])}"),
    0x13: (1, lambda value: f"{value[0]} objects"),
    0x24: (1, _language),
    0x25: (1, _language),
}
