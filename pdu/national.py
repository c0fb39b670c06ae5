"""The national language tables (3GPP TS 23.038 annexes A.2 and A.3), named by their elements in a user data header."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from pdu.errors import EncodeError
from pdu.gsm7 import BASIC, DEFAULT, EXTENSION, GAP, Tables, make_tables
from pdu.udh import NATIONAL_LOCKING_SHIFT, NATIONAL_SINGLE_SHIFT, Element

LANGUAGES = {
    1: "turkish",
    2: "spanish",
    3: "portuguese",
    4: "bengali",
    5: "gujarati",
    6: "hindi",
    7: "kannada",
    8: "malayalam",
    9: "oriya",
    10: "punjabi",
    11: "tamil",
    12: "telugu",
    13: "urdu",
}
"""National language identifiers (section 6.2.1.2.4)."""

# What the locking tables of 4 to 13 have in common; a dot stands for a letter of the language, in order.
# At 0x2C some copies of the annex print an apostrophe. Phones have the comma, which no other place would hold.
_FRAME = (
    "··········\n··\r··"
    "···········\x1b····"
    " !······)(··,·.·"
    "0123456789:;···?"
    "················"
    "················"
    "·abcdefghijklmno"
    "pqrstuvwxyz·····"
)
# And their single shift tables, from 0x00 to 0x18; what follows are the letters, at these places.
_SIGNS = "@£$¥¿\"¤%&'\f*+\0-/<=>¡^¡_#*"
_PLACES = (*range(0x19, 0x1B), *range(0x1C, 0x28), *range(0x2A, 0x2F), *range(0x30, 0x3C), 0x3F)
# Unicode lays the scripts of India out alike, and so do their locking tables: these places of a block of 128 ...
# (So 0x24 of Kannada is U+0CA1, as phones have it: the annex prints U+0CAA there too, which stands at 0x3D.)
_BLOCK = bytes((*range(0x01, 0x04), *range(0x05, 0x3A), *range(0x3C, 0x4E)))

# ... without what the script has not, then six more; in the single shift table, behind the two dandas, yet others.
_INDIC = {
    4: (0x0980, "0d 0e 11 12 29 31 33 34 35 45 46 49 4a", "4e 57 5c 5d 70 71",
        "66 67 68 69 6a 6b 6c 6d 6e 6f 5f 60 61 62 63 72 73 74 75 76 77 78 79 7a"),
    5: (0x0A80, "0e 12 29 31 34 46 4a", "50 60 61 62 63 71",
        "66 67 68 69 6a 6b 6c 6d 6e 6f"),
    6: (0x0900, "", "50 72 7b 7c 7e 7f",
        "66 67 68 69 6a 6b 6c 6d 6e 6f 51 52 53 54 58 59 5a 5b 5c 5d 5e 5f 60 61 62 63 70 71"),
    7: (0x0C80, "01 0d 11 29 34 45 49", "55 56 60 61 62 63",
        "66 67 68 69 6a 6b 6c 6d 6e 6f 5e 71 72"),
    8: (0x0D00, "01 0d 11 29 3c 45 49", "57 60 61 62 63 79",
        "66 67 68 69 6a 6b 6c 6d 6e 6f 70 71 72 73 74 75 7a 7b 7c 7d 7e 7f"),
    9: (0x0B00, "0d 0e 11 12 29 31 34 45 46 49 4a", "56 57 60 61 62 63",
        "66 67 68 69 6a 6b 6c 6d 6e 6f 5c 5d 5f 70 71"),
    10: (0x0A00, "0b 0c 0d 0e 11 12 29 31 34 37 3d 43 44 45 46 49 4a", "51 70 71 72 73 74",
         "66 67 68 69 6a 6b 6c 6d 6e 6f 59 5a 5b 5c 5e 75"),
    11: (0x0B80, "01 0b 0c 0d 11 16 17 18 1b 1d 20 21 22 25 26 27 2b 2c 2d 3c 3d 43 44 45 49", "50 57 70 71 72 79",
         "66 67 68 69 6a 6b 6c 6d 6e 6f 73 74 75 76 77 78 7a"),
    12: (0x0C00, "0d 11 29 34 3c 45 49", "55 56 60 61 62 63",
         "66 67 68 69 6a 6b 6c 6d 6e 6f 58 59 78 79 7a 7b 7c 7d 7e 7f"),
}  # fmt: skip
_WITHOUT_DANDAS = {4: "", 12: GAP + GAP}

_ARABIC = 0x0600
_URDU_LOCKING = """
    27 22 28 7b 80 7e a6 2a c2 7f 79 7d 7a 7c 2b 2c 81 84 83 85 86 87 2d 2e 2f 8c 88 89 8a
    8f 8d 30 31 91 93 99 32 96 98 9a 33 34 35 36 37 38 39 41 42 a9 aa ab af b3 b1 44 45 46
    ba bb bc 48 c4 d5 c1 be 21 cc d0 d2 4d 50 4f 57 54 55 51 53 56 70
"""
_URDU_SINGLE = """
    00 01 f0 f1 f2 f3 f4 f5 f6 f7 f8 f9 0c 0d 0e 0f 10 11 12 13 14 1b 1f 40 52 58 6b 6c 72 73 cd d4
"""

# Turkish, Spanish and Portuguese add letters to the extension table, most of them at the code of the letter without
# its mark: a code and its letter by turns.
_LATIN_SINGLE = {
    1: "GĞIİSŞcçgğiısş",
    2: "\x09çAÁIÍOÓUÚaáiíoóuú",
    3: "\x05ê\x09ç\x0bÔ\x0cô\x0eÁ\x0fá\x12Φ\x13Γ\x15Ω\x16Π\x17Ψ\x18Σ\x19Θ\x1fÊAÀIÍOÓUÚ[Ã\\ÕaÂiíoóuú{ã|õ\x7fâ",
}
_LATIN_LOCKING = {
    1: (
        "@£$¥€éùıòÇ\nĞğ\rÅå"
        "Δ_ΦΓΛΩΠΨΣΘΞ\x1bŞşßÉ"
        " !\"#¤%&'()*+,-./"
        "0123456789:;<=>?"
        "İABCDEFGHIJKLMNO"
        "PQRSTUVWXYZÄÖÑÜ§"
        "çabcdefghijklmno"
        "pqrstuvwxyzäöñüà"
    ),
    3: (
        "@£$¥êéúíóç\nÔô\rÁá"
        "Δ_ªÇÀ∞^\\€Ó|\x1bÂâÊÉ"
        " !\"#º%&'()*+,-./"
        "0123456789:;<=>?"
        "ÍABCDEFGHIJKLMNO"
        "PQRSTUVWXYZÃÕÚÜ§"
        "~abcdefghijklmno"
        "pqrstuvwxyzãõ`üà"
    ),
}


def _letters(base: int, places: str | bytes) -> str:
    return "".join([chr(base + place) for place in (bytes.fromhex(places) if isinstance(places, str) else places)])


def _framed(letters: str) -> str:
    left = iter(letters)
    return "".join([next(left) if char == "·" else char for char in _FRAME])


def _shifted(letters: str) -> dict[int, str]:
    table = {code: char for code, char in enumerate(_SIGNS) if char != "\0"}
    table |= {code: char for code, char in EXTENSION.items() if code > 0x18}
    table |= {code: chr(code) for code in range(0x41, 0x5B)}
    return table | {code: char for code, char in zip(_PLACES, letters, strict=False) if char != GAP}


@cache
def locking_shift(language: int) -> str | None:
    """The 128 characters of a locking shift table, GAP where it has none; None if there is no such table (section A.3).

    0 is the default alphabet.
    """
    if not language:
        return BASIC
    if language in _LATIN_LOCKING:
        return _LATIN_LOCKING[language]
    if language == 13:
        return _framed(_letters(_ARABIC, _URDU_LOCKING))
    if language not in _INDIC:
        return None
    base, missing, more, _ = _INDIC[language]
    absent = bytes.fromhex(missing)
    letters = [GAP if place in absent else chr(base + place) for place in _BLOCK]
    return _framed("".join(letters) + _letters(base, more))


@cache
def single_shift(language: int) -> dict[int, str] | None:
    """The characters behind an escape by their code; None if there is no such table (section A.2).

    0 is the extension table of the default alphabet.
    """
    if not language:
        return EXTENSION
    if language in _LATIN_SINGLE:
        pairs = _LATIN_SINGLE[language]
        return EXTENSION | {ord(code): char for code, char in zip(pairs[::2], pairs[1::2], strict=True)}
    if language == 13:
        return _shifted(_letters(_ARABIC, _URDU_SINGLE))
    if language not in _INDIC:
        return None
    base, _, _, letters = _INDIC[language]
    return _shifted(_WITHOUT_DANDAS.get(language, "।॥") + _letters(base, letters))


@cache
def national_tables(single: int = 0, locking: int = 0) -> Tables:
    """The alphabet that these national language identifiers make; 0 and what is unknown mean the default tables."""
    base, extension = locking_shift(locking), single_shift(single)
    if (base is None or base is BASIC) and (extension is None or extension is EXTENSION):
        return DEFAULT
    return make_tables(base or BASIC, EXTENSION if extension is None else extension)


def tables_of(elements: Iterable[Element]) -> Tables:
    """The alphabet that the elements of a header name; the last one counts (3GPP TS 23.040 section 9.2.3.24)."""
    single = locking = 0
    for tag, value in elements:
        if len(value) == 1:
            if tag == NATIONAL_SINGLE_SHIFT:
                single = value[0]
            elif tag == NATIONAL_LOCKING_SHIFT:
                locking = value[0]
    return national_tables(single, locking) if single or locking else DEFAULT


def national_elements(single: int = 0, locking: int = 0) -> tuple[Element, ...]:
    """The elements that name these tables; none for 0."""
    found = ((NATIONAL_SINGLE_SHIFT, single), (NATIONAL_LOCKING_SHIFT, locking))
    return tuple(Element(tag, bytes((language,))) for tag, language in found if language)


def language_of(language: int | str) -> int:
    """The identifier of a language by its name in LANGUAGES. Raises EncodeError."""
    for number, name in LANGUAGES.items():
        if language in (number, name):
            return number
    raise EncodeError("languages", f"{language!r} is none of {', '.join(LANGUAGES.values())}")
