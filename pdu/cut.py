"""Where encoded text may be cut: into the fewest pieces, between what a reader takes for characters."""

from __future__ import annotations

from codecs import utf_16_be_decode
from collections.abc import Callable
from typing import NamedTuple

from pdu.graphemes import are_breaks, first_break, last_break
from pdu.gsm7 import ESCAPE


class Cut(NamedTuple):
    """From where to where each piece goes, in units.

    `alone` says that there is one, and that it is no larger than such a piece may be; `torn` are the clusters that no
    piece could hold whole.
    """

    spans: list[tuple[int, int]]
    alone: bool
    torn: tuple[str, ...] = ()


class _Units(NamedTuple):
    """How an alphabet writes code points: units (octets or septets) are bytes, one or more to a code point."""

    floor: Callable[[bytes, int], int]
    """The place itself where a code point begins there, else the beginning of the one that it is inside of."""
    chars: Callable[[bytes, int, int], int]
    """Code points from one such place to another."""


def cut_octets(octets: bytes, alone: int, room: int) -> Cut:
    """Pieces of 8-bit data: one if it is at most `alone`, else of `room` octets each."""
    if len(octets) <= alone:
        return Cut([(0, len(octets))], True)
    return Cut(_even(len(octets), room), False)


def _even(size: int, room: int) -> list[tuple[int, int]]:
    return [(at, min(at + room, size)) for at in range(0, size, room)]


def cut_text(text: str, units: bytes, alphabet: str, alone: int, room: int) -> Cut:
    """Pieces of `text` that is written as `units`: one if it is at most `alone`, else each of at most `room`.

    As much as may be goes into each piece, and so there are no fewer: whatever a cut leaves for later, a cut further
    on leaves less. `room` takes the largest code point.
    """
    size = len(units)
    if size <= alone:
        return Cut([(0, size)], True)
    floor, chars = _UNITS[alphabet]
    width = 2 if alphabet == "ucs2" else 1
    if size == width * len(text):  # each code point takes as many
        most = room // width
        if are_breaks(text[most - 1 :: most], text[most::most]):
            return Cut(_even(size, most * width), False)
        floor, chars = _PAIRS if width == 2 else _OCTET
    spans = []
    torn = []
    at = place = 0  # the same spot, in units and in code points
    whole = 0  # a code point before which no cluster is left to keep together
    while size - at > room:
        end = floor(units, at + room)
        upto = place + chars(units, at, end)
        if upto > whole:
            begin = last_break(text, max(place, whole), upto)
            if begin < upto:
                back = end
                for _ in range(upto - begin):
                    back = floor(units, back - 1)
                beyond = begin + chars(units, back, floor(units, min(back + room, size)))
                after = first_break(text, begin)
                if after <= beyond:
                    end, upto = back, begin
                else:
                    torn.append(text[begin:after])
                    whole = after
        spans.append((at, end))
        at, place = end, upto
    return Cut([*spans, (at, size)], False, tuple(torn))


def _septet_floor(units: bytes, at: int) -> int:
    # An escape is always the first of a pair: no table has one behind an escape.
    return at - 1 if at and units[at - 1] == ESCAPE else at


def _septet_chars(units: bytes, start: int, end: int) -> int:
    return end - start - units.count(ESCAPE, start, end)


def _utf16_floor(units: bytes, at: int) -> int:
    at -= at & 1
    return at - 2 if at < len(units) and units[at] & 0xFC == 0xDC else at


def _utf16_chars(units: bytes, start: int, end: int) -> int:
    return len(utf_16_be_decode(units[start:end])[0])


def _utf8_floor(units: bytes, at: int) -> int:
    while at < len(units) and units[at] & 0xC0 == 0x80:
        at -= 1
    return at


def _utf8_chars(units: bytes, start: int, end: int) -> int:
    return len(units[start:end].decode())


_OCTET = _Units(lambda units, at: at, lambda units, start, end: end - start)
_PAIRS = _Units(lambda units, at: at & -2, lambda units, start, end: end - start >> 1)  # UTF-16 without surrogates
_UNITS = {
    "gsm7": _Units(_septet_floor, _septet_chars),
    "ucs2": _Units(_utf16_floor, _utf16_chars),
    "utf-8": _Units(_utf8_floor, _utf8_chars),
    "latin1": _OCTET,
    "ascii": _OCTET,
}
