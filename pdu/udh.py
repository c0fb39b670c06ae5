"""The user data header as a list of elements (3GPP TS 23.040 section 9.2.3.24)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from pdu.errors import DecodeError, EncodeError

CONCAT_8 = 0x00
PORTS_16 = 0x05
CONCAT_16 = 0x08
NATIONAL_SINGLE_SHIFT = 0x24
NATIONAL_LOCKING_SHIFT = 0x25

CONCATENATIONS = (CONCAT_8, CONCAT_16)
NATIONAL = (NATIONAL_SINGLE_SHIFT, NATIONAL_LOCKING_SHIFT)


class Element(NamedTuple):
    """One information element."""

    tag: int
    value: bytes


def parse_udh(octets: bytes) -> tuple[tuple[Element, ...], bytes]:
    """The elements of the header that `octets` begin with, and the body behind it.

    Raises DecodeError when the header, or an element in it, runs past its end; offsets count from the header.
    """
    if not octets:
        raise DecodeError("udh", 0, "no length octet", status=0x01)
    end = 1 + octets[0]
    if end > len(octets):
        raise DecodeError("udh", 0, f"{octets[0]} octets announced, {len(octets) - 1} follow", status=0x01)
    at = 1
    found = []
    while at < end:
        if at + 2 > end or at + 2 + octets[at + 1] > end:
            raise DecodeError("udh", at, "an element runs past the end of the header", status=0x01)
        beyond = at + 2 + octets[at + 1]
        found.append(Element(octets[at], octets[at + 2 : beyond]))
        at = beyond
    return tuple(found), octets[end:]


def build_udh(elements: Iterable[Element]) -> bytes:
    """The header with its length octet; nothing for no elements. Raises EncodeError."""
    out = b""
    for tag, value in elements:
        if not 0 <= tag <= 0xFF or len(value) > 0xFF:
            raise EncodeError("udh", f"element {tag} does not fit one octet of tag and one of length")
        out += bytes((tag, len(value))) + value
    if len(out) > 0xFF:
        raise EncodeError("udh", f"{len(out)} octets, at most 255 fit")
    return bytes((len(out),)) + out if out else b""


def concatenation(kind: str, reference: int, total: int, number: int) -> Element:
    """The element that numbers a part (sections 9.2.3.24.1 and .8): `kind` is "udh8" or "udh16".

    The reference is cut to as many bits; total and number are 1 to 255. Raises EncodeError.
    """
    if not 0 < number <= total <= 0xFF:
        raise EncodeError("udh", f"part {number} of {total}")
    if kind == "udh8":
        return Element(CONCAT_8, bytes((reference & 0xFF, total, number)))
    if kind == "udh16":
        return Element(CONCAT_16, bytes((reference >> 8 & 0xFF, reference & 0xFF, total, number)))
    raise EncodeError("kind", f"{kind!r} is neither udh8 nor udh16")


def ports(destination: int, source: int = 0) -> Element:
    """The element that addresses an application (section 9.2.3.24.4); ports of 16 bits. Raises EncodeError."""
    if not 0 <= destination <= 0xFFFF or not 0 <= source <= 0xFFFF:
        raise EncodeError("udh", f"ports {destination} and {source} are not within 0 to 65535")
    return Element(PORTS_16, destination.to_bytes(2, "big") + source.to_bytes(2, "big"))
