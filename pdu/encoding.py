"""Text to octets and a data_coding, with a choice of what becomes of characters that the alphabet has not."""

from __future__ import annotations

from codecs import utf_8_encode, utf_16_be_encode
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from pdu.dcs import data_coding_of
from pdu.errors import EncodeError
from pdu.gsm7 import DEFAULT, encode_septets, fill_bits, pack
from pdu.national import language_of, national_elements, national_tables, single_shift
from pdu.nearest import adapt
from pdu.udh import Element, build_udh

ALPHABETS = ("gsm7", "gsm7-packed", "latin1", "ascii", "ucs2", "utf-8")
UNMAPPABLE = ("ucs2", "refuse", "replace", "transliterate", "transliterate-replace")

_OCTETS = 140  # of user data in one short message (3GPP TS 23.040 section 9.2.3.16)
_CONCATENATED = 6  # of them for a header that numbers the parts
_ELEMENT = 3  # of them for an element that names a table

_FITS: dict[str, Callable[[str], bool]] = {"ascii": str.isascii, "latin1": lambda char: char < "\u0100"}
_Changes = tuple[tuple[str, str], ...]


class Encoded(NamedTuple):
    """Text on its way out.

    `elements` name the national tables used, and belong into the header of every part. `changed` are the characters
    that could not go as they are, in order, each with what goes in its place; `text` is what the phone will show.
    `septets` are those of a GSM alphabet before any packing, an octet each, in which a character of `text` takes one or
    an escape and one; None in another alphabet.
    """

    octets: bytes
    data_coding: int
    alphabet: str
    elements: tuple[Element, ...] = ()
    changed: tuple[tuple[str, str], ...] = ()
    text: str = ""
    septets: bytes | None = None


def encode_text(
    text: str,
    *,
    prefer: str = "gsm7",
    unmappable: str = "ucs2",
    languages: Iterable[int | str] = (),
    message_class: int | None = None,
) -> Encoded:
    """`text` in the alphabet `prefer`, one of ALPHABETS, as far as it fits.

    What does not fit is dealt with as `unmappable` says: "ucs2" moves the whole text there, "refuse" raises EncodeError
    with the first character and its position (from 0), "replace" writes question marks, "transliterate" writes the
    nearest characters and moves the text to UCS2 where one has no neighbour, "transliterate-replace" writes a question
    mark for that one. A surrogate without its other half is in no alphabet: refused, or a question mark.

    `languages` are the national languages, by name or number, that the receiving phones are known to have. Their tables
    are used for a text that does not fit the default alphabet, by the pair that makes the fewest parts and septets; if
    it could move to UCS2, only where that makes more parts.

    `message_class` is 0 (flash) to 3. Without one gsm7, gsm7-packed and utf-8 go out as data_coding 0, right only where
    that is what the carrier takes 0 for; ascii, latin1 and ucs2 name themselves (1, 3, 8). Packed septets begin behind
    the header that `elements` make.

    Raises EncodeError for an unknown alphabet, choice or language, and a class that the alphabet cannot have.
    """
    if unmappable not in UNMAPPABLE:
        raise EncodeError("unmappable", f"{unmappable!r} is none of {', '.join(UNMAPPABLE)}")
    if prefer == "gsm7" or prefer == "gsm7-packed":
        septets = encode_septets(text)
        if septets is not None:
            if prefer == "gsm7" and message_class is None:
                # Nearly every text comes by here, and half its time would go into Encoded's own constructor.
                return tuple.__new__(Encoded, (septets, 0, "gsm7", (), (), text, septets))
            return _in_septets(text, septets, prefer, message_class)
        if unmappable == "ucs2" and not languages:
            return _in_unicode(text, "ucs2", unmappable, message_class)
        return _beyond_septets(text, prefer, unmappable, list(languages), message_class)
    if prefer == "ucs2" or prefer == "utf-8":
        return _in_unicode(text, prefer, unmappable, message_class)
    if prefer != "ascii" and prefer != "latin1":
        raise EncodeError("alphabet", f"{prefer!r} is none of {', '.join(ALPHABETS)}")
    changed: _Changes = ()
    try:
        octets = text.encode(prefer)
    except UnicodeEncodeError:
        adapted = _adapted(text, prefer, unmappable, _FITS[prefer])
        if adapted is None:
            return _in_unicode(text, "ucs2", unmappable, message_class)
        text, changed = adapted
        octets = text.encode(prefer)
    return Encoded(octets, data_coding_of(prefer, message_class), prefer, (), changed, text)


def _in_septets(
    text: str,
    septets: bytes,
    alphabet: str,
    message_class: int | None,
    elements: tuple[Element, ...] = (),
    changed: _Changes = (),
) -> Encoded:
    data_coding = 0 if message_class is None else data_coding_of(alphabet, message_class)
    octets = septets if alphabet == "gsm7" else pack(septets, fill_bits(len(build_udh(elements))))
    return Encoded(octets, data_coding, alphabet, elements, changed, text, septets)


def _in_unicode(text: str, alphabet: str, unmappable: str, message_class: int | None) -> Encoded:
    changed: _Changes = ()
    encode = utf_16_be_encode if alphabet == "ucs2" else utf_8_encode  # not by name, which is looked up each time
    try:
        octets = encode(text, "strict")[0]
    except UnicodeEncodeError:
        if unmappable == "refuse":
            raise _refusal(text, alphabet, _is_whole) from None
        text, changed = _replaced(text, _is_whole)
        octets = encode(text, "strict")[0]
    data_coding = data_coding_of(alphabet, message_class)
    return tuple.__new__(Encoded, (octets, data_coding, alphabet, (), changed, text, None))  # as in `encode_text`


def _is_whole(char: str) -> bool:
    return not "\ud800" <= char <= "\udfff"


class _Fit(NamedTuple):
    """One way to write a text in septets."""

    single: int
    locking: int
    text: str
    septets: bytes
    changed: _Changes = ()

    @property
    def header(self) -> int:
        return _ELEMENT * ((self.single > 0) + (self.locking > 0))

    @property
    def parts(self) -> int:
        if len(self.septets) <= (_OCTETS - (self.header and self.header + 1)) * 8 // 7:
            return 1
        return -(-len(self.septets) // ((_OCTETS - _CONCATENATED - self.header) * 8 // 7))

    @property
    def cost(self) -> tuple[int, int, int]:
        return len(self.changed), self.parts, len(self.septets) + self.header


def _beyond_septets(
    text: str, alphabet: str, unmappable: str, languages: Sequence[int | str], message_class: int | None
) -> Encoded:
    """Text that the default alphabet has not: with national tables, changed, or in UCS2."""
    fits = []
    pairs = _pairs(text, languages)
    for single, locking in pairs:
        septets = encode_septets(text, national_tables(single, locking))
        if septets is not None:
            fits.append(_Fit(single, locking, text, septets))
    if fits and unmappable == "ucs2":
        units = len(text.encode("utf-16-be", "replace")) // 2
        most = 1 if units <= _OCTETS // 2 else -(-units // ((_OCTETS - _CONCATENATED) // 2))
        fits = [fit for fit in fits if fit.parts < most]
    elif not fits and unmappable != "ucs2":
        for single, locking in ((0, 0), *pairs):
            tables = national_tables(single, locking)
            adapted = _adapted(text, alphabet, unmappable, tables.characters.__contains__)
            if adapted is not None:
                septets = encode_septets(adapted[0], tables)
                assert septets is not None
                fits.append(_Fit(single, locking, adapted[0], septets, adapted[1]))
    if not fits:
        return _in_unicode(text, "ucs2", unmappable, message_class)
    best = min(fits, key=lambda fit: fit.cost)
    elements = national_elements(best.single, best.locking)
    return _in_septets(best.text, best.septets, alphabet, message_class, elements, best.changed)


def _pairs(text: str, languages: Sequence[int | str]) -> list[tuple[int, int]]:
    """Single and locking shift tables in every pair that may help: each has something that is missing without it."""
    characters = frozenset(text)
    numbers = dict.fromkeys([language_of(language) for language in languages])
    foreign = characters - DEFAULT.characters
    pairs = []
    for locking in (0, *[number for number in numbers if foreign & national_tables(0, number).characters]):
        missing = characters - national_tables(0, locking).characters
        single = [number for number in numbers if not missing.isdisjoint((single_shift(number) or {}).values())]
        pairs += [(number, locking) for number in (0, *single) if number or locking]
    return pairs


def _adapted(text: str, alphabet: str, unmappable: str, fits: Callable[[str], bool]) -> tuple[str, _Changes] | None:
    """The text in characters that fit, and what was changed; None where it moves to UCS2. Raises EncodeError."""
    if unmappable == "refuse":
        raise _refusal(text, alphabet, fits)
    if unmappable == "replace":
        return _replaced(text, fits)
    return None if unmappable == "ucs2" else adapt(text, fits, "?" if unmappable == "transliterate-replace" else None)


def _replaced(text: str, fits: Callable[[str], bool]) -> tuple[str, _Changes]:
    changed = tuple([(char, "?") for char in text if not fits(char)])
    return "".join([char if fits(char) else "?" for char in text]), changed


def _refusal(text: str, alphabet: str, fits: Callable[[str], bool]) -> EncodeError:
    at = next(index for index, char in enumerate(text) if not fits(char))
    return EncodeError("text", f"U+{ord(text[at]):04X} at position {at} is not in {alphabet}")
