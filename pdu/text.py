"""data_coding and octets to text, and back (SMPP 3.4 section 5.2.19, 3GPP TS 23.038 section 4)."""

from __future__ import annotations

from typing import NamedTuple

from pdu.errors import EncodeError
from pdu.gsm7 import decode_septets, encode_septets, fill_bits, pack, unpack

ALPHABETS = ("gsm7", "gsm7-packed", "latin1", "ascii", "ucs2", "utf-8", "binary")

_FIXED = {1: "ascii", 2: "binary", 3: "latin1", 4: "binary", 8: "ucs2"}
# Alphabets that Python knows and a carrier may still name; the rest of the list has no takers in the field.
_PYTHON = {5: "shift_jis", 6: "iso8859-5", 7: "iso8859-8", 10: "iso2022_jp", 13: "iso2022_jp_1", 14: "euc_kr"}
# What ASCII text is made of. The other codes below 0x20 are letters of the GSM alphabet.
_ASCII_TEXT = bytes((0x09, 0x0A, 0x0D, *range(0x20, 0x80)))
_MARKS = (b"\xfe\xff", b"\xff\xfe")
_CLASS_ALPHABETS = ("default", "binary", "ucs2", "default")


class Decoded(NamedTuple):
    """Text as far as it could be read.

    `text` is None for 8-bit data; `alphabet` is the one used; `damaged` marks octets that had to be guessed or left.
    """

    text: str | None
    alphabet: str
    damaged: bool


def alphabet_of(data_coding: int, default: str = "gsm7") -> str:
    """The alphabet that a data_coding asks for; `default` is what 0 means at this carrier. Unknown codes mean 0."""
    if not data_coding:
        return default
    if data_coding in _FIXED:
        return _FIXED[data_coding]
    if data_coding in _PYTHON:
        return _PYTHON[data_coding]
    group = data_coding >> 4
    if group in (0x1, 0x4, 0x5, 0x6, 0x7):  # general data coding, with class or marked for deletion: bits 2 and 3
        named = _CLASS_ALPHABETS[data_coding >> 2 & 3]
    elif group == 0xE:  # message waiting, text in UCS2
        named = "ucs2"
    elif group == 0xF:  # data coding and message class: bit 2
        named = "binary" if data_coding & 0x04 else "default"
    else:  # message waiting in the default alphabet, and whatever is reserved
        named = "default"
    return default if named == "default" else named


def decode_text(octets: bytes, data_coding: int, *, default: str = "gsm7", header_octets: int = 0) -> Decoded:
    """The text of `octets`. Never raises.

    `header_octets` is the size of the user data header split off before them, its length octet counted: packed
    septets begin after the fill bits behind it.
    """
    alphabet = alphabet_of(data_coding, default)
    if alphabet == "gsm7":
        return Decoded(*_septets(octets))
    if alphabet == "ucs2":
        return _ucs2(octets)
    if alphabet == "binary":
        return Decoded(None, "binary", False)
    if alphabet == "gsm7-packed":
        text, damaged = decode_septets(unpack(octets, fill_bits(header_octets)))
        return Decoded(text, alphabet, damaged)
    if alphabet == "ascii":
        if not octets.isascii():
            return Decoded(octets.decode("latin-1"), alphabet, True)
        # SMSCs built on node-smpp say 1 unless told otherwise, and write the GSM alphabet. NULs at the end are padding.
        if octets.rstrip(b"\0").translate(None, _ASCII_TEXT):
            return Decoded(*_septets(octets))
    try:
        return Decoded(octets.decode(alphabet), alphabet, False)
    except UnicodeDecodeError:
        # Latin-1 keeps every octet visible, as for septets above 0x7F.
        return Decoded(octets.decode("latin-1"), alphabet, True)
    except LookupError:
        return Decoded(*_septets(octets))


def _septets(octets: bytes) -> tuple[str, str, bool]:
    text, damaged = decode_septets(octets)
    return text, "gsm7", damaged


def _ucs2(octets: bytes) -> Decoded:
    odd = len(octets) & 1
    # A few SMSCs begin with a byte order mark, some of them in little endian. No text of a person does.
    codec = "utf-16" if octets[:2] in _MARKS else "utf-16-be"
    try:
        return Decoded(octets[: len(octets) - odd].decode(codec), "ucs2", bool(odd))
    except UnicodeDecodeError:
        # A surrogate without its other half: cut by a carrier that counts code units.
        return Decoded(octets[: len(octets) - odd].decode(codec, "replace"), "ucs2", True)


def encode_text(text: str, *, prefer: str = "gsm7") -> tuple[bytes, int]:
    """Octets and their data_coding: in the alphabet `prefer` where the text fits it, else UCS2.

    gsm7, gsm7-packed and utf-8 go out as data_coding 0, right only where that is what the carrier takes 0 for; ascii,
    latin1 and ucs2 name themselves (1, 3, 8). Raises EncodeError for an unknown alphabet.
    """
    if prefer == "gsm7" or prefer == "gsm7-packed":
        septets = encode_septets(text)
        if septets is not None:
            return (septets if prefer == "gsm7" else pack(septets)), 0
    elif prefer == "ascii" or prefer == "latin1":
        try:
            return text.encode(prefer), 1 if prefer == "ascii" else 3
        except UnicodeEncodeError:
            pass
    elif prefer == "utf-8":
        return text.encode("utf-8", "replace"), 0
    elif prefer != "ucs2":
        raise EncodeError("alphabet", f"{prefer!r} is none of {', '.join(ALPHABETS)}")
    # A lone surrogate cannot travel; "replace" puts a question mark.
    return text.encode("utf-16-be", "replace"), 8
