"""Optional parameters (SMPP 3.4 section 5.3) in the order received."""

from __future__ import annotations

from collections.abc import Iterable
from struct import Struct
from struct import error as struct_error
from typing import NamedTuple

from pdu.errors import EncodeError

HEAD = Struct(">HH")


Pair = tuple[int, bytes]
"""One optional parameter as PDUs carry it: tag 1 to 65535, value of 0 to 65535 octets."""


class Tlv(NamedTuple):
    """The same with names, for who writes it down; equal to the pair, which costs a sixth to make."""

    tag: int
    value: bytes


_unpack = HEAD.unpack_from
_pack = HEAD.pack


def read_tlvs(octets: bytes, at: int) -> tuple[tuple[Pair, ...], bytes]:
    """The parameters from offset `at` to the end, and what is left where they stop making sense.

    A parameter that runs past the end, and tag 0 (reserved; in practice padding), begin the rest.
    """
    found: list[Pair] = []
    end = len(octets)
    value = at
    while at + 4 <= end:
        tag, size = _unpack(octets, at)
        if not tag:
            break
        value = at + 4
        at = value + size
        found.append((tag, octets[value:at]))
    if at == end:
        return tuple(found), b""
    if at > end:  # only the last can run past
        del found[-1]
        at = value - 4
    return tuple(found), octets[at:]


def write_tlvs(tlvs: Iterable[Pair]) -> bytes:
    """Octets of the parameters. Raises EncodeError naming the tag."""
    if not isinstance(tlvs, tuple | list):  # a generator may have been read to its end already
        raise EncodeError("tlvs", "not a sequence of pairs")
    out = b""
    try:
        for tag, value in tlvs:
            if not tag:
                raise ValueError
            out += _pack(tag, len(value)) + value
    except (ValueError, TypeError, struct_error):
        raise _fault(tlvs) from None
    return out


def _fault(tlvs: Iterable[Pair]) -> EncodeError:
    for pair in tlvs:
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            break
        tag, value = pair
        if not isinstance(tag, int) or not 0 < tag <= 0xFFFF:
            return EncodeError("tlvs", "a tag that is not within 1 to 65535")
        if not isinstance(value, bytes):
            return EncodeError(f"tlvs[0x{tag:04x}]", "not octets")
        if len(value) > 0xFFFF:
            return EncodeError(f"tlvs[0x{tag:04x}]", f"{len(value)} octets, at most 65535 fit")
    return EncodeError("tlvs", "not pairs of tag and value")


def find_tlv(tlvs: Iterable[Pair], tag: int) -> bytes | None:
    """The value of the first parameter with this tag."""
    for found, value in tlvs:
        if found == tag:
            return value
    return None


def int_tlv(tlvs: Iterable[Pair], tag: int) -> int | None:
    """The value as a big-endian unsigned number of any length; None when absent or empty."""
    value = find_tlv(tlvs, tag)
    return int.from_bytes(value, "big") if value else None


def text_tlv(tlvs: Iterable[Pair], tag: int) -> str | None:
    """The value as Latin-1 up to its first NUL, present or not."""
    value = find_tlv(tlvs, tag)
    return None if value is None else value.partition(b"\0")[0].decode("latin-1")
