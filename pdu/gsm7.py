"""The GSM 7-bit default alphabet, its extension table and septet packing (3GPP TS 23.038 sections 6.1.2 and 6.2.1)."""

from __future__ import annotations

import re
from codecs import charmap_decode
from re import Pattern
from typing import NamedTuple

ESCAPE = 0x1B

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)
EXTENSION = {
    0x0A: "\f",
    0x14: "^",
    0x28: "{",
    0x29: "}",
    0x2F: "\\",
    0x3C: "[",
    0x3D: "~",
    0x3E: "]",
    0x40: "|",
    0x65: "€",
}

GAP = "\ufffd"
"""Stands in a table for a code that has no character."""


class Tables(NamedTuple):
    """An alphabet of septets, ready to use: see `make_tables`."""

    decoding: str  # 256 characters by octet
    shifted: str  # the same, but from 0x80 on what a code means behind an escape
    encoding: dict[int, str]  # septets, as characters, by code point; above 0x7F where there are none
    characters: frozenset[str]
    foreign: Pattern[str]  # finds a character that is in neither table


def make_tables(basic: str, extension: dict[int, str]) -> Tables:
    """The alphabet of a table of 128 characters and the one behind its escape. A character in both goes out without."""
    # Octets above 0x7F are no septets; carriers that send them mean Latin-1 more often than anything else.
    decoding = basic + bytes(range(0x80, 0x100)).decode("latin-1")
    # A code without meaning shows its basic character, as section 6.2.1.1 asks. Two escapes are reserved for another
    # table: a space.
    shifted = basic + "".join([" " if code == ESCAPE else extension.get(code, basic[code]) for code in range(128)])
    # What is in neither table must end above 0x7F, which "ascii" refuses: most of it does by itself.
    encoding = dict.fromkeys(range(128), "\x80")
    # Backwards, so that of two codes for one character the lower counts.
    encoding |= {ord(char): "\x1b" + chr(code) for code, char in reversed(extension.items())}
    encoding |= {ord(basic[code]): chr(code) for code in range(127, -1, -1) if code != ESCAPE and basic[code] != GAP}
    characters = (frozenset(basic) | frozenset(extension.values())) - {"\x1b", GAP}
    return Tables(decoding, shifted, encoding, characters, re.compile(f"[^{re.escape(''.join(characters))}]"))


DEFAULT = make_tables(BASIC, EXTENSION)


def decode_septets(octets: bytes, tables: Tables = DEFAULT) -> tuple[str, bool]:
    """The text of one septet per octet, and whether anything had to be guessed."""
    if ESCAPE not in octets:
        text = charmap_decode(octets, "strict", tables.decoding)[0]
        return text, not octets.isascii() or (tables is not DEFAULT and GAP in text)
    if not octets.isascii():
        return _decode_each(octets, tables), True
    # Each pair becomes one octet above 0x7F: all pairs of a kind at once, and first of all those of two escapes, whose
    # second one escapes nothing.
    damaged = False
    octets = octets.replace(b"\x1b\x1b", b"\x9b")
    while (at := octets.find(ESCAPE)) >= 0:
        pair = octets[at : at + 2]
        if len(pair) == 1:
            octets, damaged = octets[:at], True  # the second half of a pair is lost
        else:
            octets = octets.replace(pair, bytes((pair[1] | 0x80,)))
    text = charmap_decode(octets, "strict", tables.shifted)[0]
    return text, damaged or (tables is not DEFAULT and GAP in text)


def _decode_each(octets: bytes, tables: Tables) -> str:
    """As `decode_septets`, where what is no septet takes the place above 0x7F."""
    text = ""
    escaped = False
    for octet in octets:
        if not escaped and octet == ESCAPE:
            escaped = True
            continue
        text += tables.shifted[octet | 0x80] if escaped and octet < 0x80 else tables.decoding[octet]
        escaped = False
    return text


def encode_septets(text: str, tables: Tables = DEFAULT) -> bytes | None:
    """One septet per octet, escape pairs included; None where a character is in neither table."""
    # Translating is quick where it need not look up most characters, and finding one that does not fit is then quicker.
    if not text.isascii() and tables.foreign.search(text):
        return None
    try:
        return text.translate(tables.encoding).encode("ascii")
    except UnicodeEncodeError:
        return None


def pack(septets: bytes, fill: int = 0) -> bytes:
    """Septets packed to octets, after `fill` bits that bring a user data header to a septet boundary."""
    out = bytearray()
    for at in range(0, len(septets), 8):  # in blocks: shifting one number of them all costs the square of its length
        bits = 0
        for septet in reversed(septets[at : at + 8]):
            bits = bits << 7 | septet & 0x7F
        out += bits.to_bytes(7, "little")
    size = (7 * len(septets) + fill + 7) // 8
    return (int.from_bytes(out, "little") << fill).to_bytes(len(out) + 1, "little")[:size]


def unpack(octets: bytes, fill: int = 0) -> bytes:
    """Septets from packed octets.

    Where seven bits are left over, a NUL or CR there is padding, not a character (section 6.1.2.3.1): SMPP carries no
    count of septets, so nothing else can tell.
    """
    count = max(8 * len(octets) - fill, 0) // 7
    shifted = (int.from_bytes(octets, "little") >> fill).to_bytes(len(octets), "little")
    out = bytearray()
    for at in range(0, len(octets), 7):  # in blocks, as in `pack`
        bits = int.from_bytes(shifted[at : at + 7], "little")
        for _ in range(8):
            out.append(bits & 0x7F)
            bits >>= 7
    del out[count:]
    if count and (8 * len(octets) - fill) % 7 == 0 and out[-1] in (0x00, 0x0D):
        del out[-1]
    return bytes(out)


def fill_bits(header_octets: int) -> int:
    """Bits between a user data header of so many octets (its length octet counted) and the first septet."""
    return -8 * header_octets % 7
