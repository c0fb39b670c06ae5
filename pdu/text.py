"""data_coding and octets to text (SMPP 3.4 section 5.2.19, 3GPP TS 23.038 sections 4 and 6)."""

from __future__ import annotations

from codecs import utf_16_be_decode, utf_16_decode  # found at once, where their names are looked up for each text
from collections.abc import Sequence
from typing import NamedTuple

from pdu.dcs import COMPRESSED, alphabet_of
from pdu.gsm7 import DEFAULT, Tables, decode_septets, fill_bits, unpack
from pdu.national import tables_of
from pdu.udh import Element

# What ASCII text is made of. The other codes below 0x20 are letters of the GSM alphabet.
_ASCII_TEXT = bytes((0x09, 0x0A, 0x0D, *range(0x20, 0x80)))
_MARKS = (b"\xfe\xff", b"\xff\xfe")


class Decoded(NamedTuple):
    """Text as far as it could be read.

    `text` is None for 8-bit data and compressed text; `alphabet` is the one used; `damaged` marks octets that had to be
    guessed or left.
    """

    text: str | None
    alphabet: str
    damaged: bool


def decode_text(
    octets: bytes,
    data_coding: int,
    *,
    default: str = "gsm7",
    elements: Sequence[Element] = (),
    header_octets: int | None = None,
) -> Decoded:
    """The text of `octets`. Never raises.

    `default` is what 0 means at this carrier. `elements` are those of the user data header split off before the
    octets: they may name national tables, and packed septets begin after the fill bits behind the header.
    `header_octets` is its size, its length octet counted, where the elements do not tell.
    """
    alphabet = alphabet_of(data_coding, default)
    if alphabet == "gsm7":
        text, damaged = decode_septets(octets, tables_of(elements) if elements else DEFAULT)
        # Nearly every text comes by here or by `_ucs2`: Decoded's own constructor would take a quarter of its time.
        return tuple.__new__(Decoded, (text, "gsm7", damaged))
    if alphabet == "ucs2":
        return _ucs2(octets)
    if alphabet == "binary":
        return Decoded(None, "binary", False)
    if alphabet == COMPRESSED:
        return Decoded(None, COMPRESSED, False)
    tables = tables_of(elements)
    if alphabet == "gsm7-packed":
        if header_octets is None:
            header_octets = 1 + sum([2 + len(element.value) for element in elements]) if elements else 0
        text, damaged = decode_septets(unpack(octets, fill_bits(header_octets)), tables)
        return Decoded(text, alphabet, damaged)
    if alphabet == "ascii":
        if not octets.isascii():
            return Decoded(octets.decode("latin-1"), alphabet, True)
        # SMSCs built on node-smpp say 1 unless told otherwise, and write the GSM alphabet. NULs at the end are padding.
        if octets.rstrip(b"\0").translate(None, _ASCII_TEXT):
            return Decoded(*_septets(octets, tables))
    try:
        return Decoded(octets.decode(alphabet), alphabet, False)
    except ValueError:  # of UnicodeError a few codecs of Python raise no more than that
        # Latin-1 keeps every octet visible, as for septets above 0x7F.
        return Decoded(octets.decode("latin-1"), alphabet, True)
    except LookupError:
        return Decoded(*_septets(octets, tables))


def _septets(octets: bytes, tables: Tables) -> tuple[str, str, bool]:
    text, damaged = decode_septets(octets, tables)
    return text, "gsm7", damaged


def _ucs2(octets: bytes) -> Decoded:
    odd = len(octets) & 1
    if odd:
        octets = octets[:-1]
    # A few SMSCs begin with a byte order mark, some of them in little endian. No text of a person does.
    decode = utf_16_decode if octets[:2] in _MARKS else utf_16_be_decode
    try:
        return tuple.__new__(Decoded, (decode(octets, "strict", True)[0], "ucs2", bool(odd)))
    except UnicodeDecodeError:
        # A surrogate without its other half: cut by a carrier that counts code units.
        return Decoded(decode(octets, "replace", True)[0], "ucs2", True)
