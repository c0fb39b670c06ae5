"""The national language tables, beside those that others have typed from the specification."""

from __future__ import annotations

import gsmcodecs.charmaps
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu import LANGUAGES, Element, Encoded, EncodeError, build_udh, decode_text, encode_text, national_elements
from pdu.gsm7 import BASIC, DEFAULT, EXTENSION, GAP, decode_septets, encode_septets, fill_bits, pack, unpack
from pdu.national import language_of, locking_shift, national_tables, single_shift, tables_of

LOCKING = [number for number in LANGUAGES if number != 2]
INDIC = range(4, 13)
PAIRS = [(single, locking) for single in (0, *LANGUAGES) for locking in (0, *LOCKING)]

# Where the other tables are not what phones have. The annex itself prints U+0CAA twice in Kannada. An apostrophe at
# 0x2C would be there twice with the single shift table, the comma nowhere. The euro sign of Telugu was passed over.
THEIRS = {
    **{("locking", number, 0x2C): "'" for number in range(4, 14)},
    ("locking", 7, 0x24): "ಪ",
    ("singleShift", 12, 0x65): None,
}


@pytest.mark.parametrize("number", [0, *LANGUAGES])
@pytest.mark.parametrize("kind", ["locking", "singleShift"])
def test_the_tables_are_those_of_an_independent_copy_of_the_annex(kind: str, number: int) -> None:
    theirs = gsmcodecs.charmaps.GSMCHARMAPS[number].get(kind)
    basic, extension = locking_shift(number), single_shift(number)
    ours = dict(enumerate(basic)) if kind == "locking" and basic else extension if kind != "locking" else None
    assert (ours is None) == (theirs is None)
    if ours is None:
        return
    for code in set(range(128)) - {0x1B}:
        char = ours.get(code, GAP)
        other = theirs["decode"].get(code)
        expected = THEIRS.get((kind, number, code), None if char == GAP else char)
        assert (None if other is None else chr(other)) == expected, hex(code)


def test_where_the_copies_differ_there_is_one_letter_each() -> None:
    assert locking_shift(7)[0x24] == "\u0ca1"  # type: ignore[index]
    assert {locking_shift(number)[0x2C] for number in range(4, 14)} == {","}  # type: ignore[index]
    assert single_shift(12)[0x65] == "€"  # type: ignore[index]


@pytest.mark.parametrize("number", [0, *LOCKING])
def test_a_locking_shift_table_holds_what_every_text_needs_where_it_always_is(number: int) -> None:
    table = locking_shift(number)
    assert table is not None
    assert len(table) == 128
    letters = [char for char in table if char != GAP]
    assert len(set(letters)) == len(letters)
    for place, text in ((0x0A, "\n"), (0x0D, "\r"), (0x1B, "\x1b"), (0x20, " !"), (0x30, "0123456789:;"), (0x3F, "?")):
        assert table[place : place + len(text)] == text
    assert table[0x61:0x7B] == "abcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize("number", LANGUAGES)
def test_a_single_shift_table_holds_the_extension_table(number: int) -> None:
    table = single_shift(number)
    assert table is not None
    assert EXTENSION.items() <= table.items()
    assert 0x1B not in table
    assert all(0 <= code < 128 and len(char) == 1 for code, char in table.items())
    if number > 3:
        assert {table[code] for code in range(0x41, 0x5B)} == set("ABCDEFGHIJKLMNOPQRSTUVWXYZ")


@pytest.mark.parametrize("number", range(4, 14))
def test_with_both_tables_of_a_language_ascii_can_be_written(number: int) -> None:
    missing = {chr(code) for code in range(0x20, 0x7F)} - national_tables(number, number).characters
    assert missing == {"`"}


@pytest.mark.parametrize(
    ("number", "locked", "shifted"),
    [
        (1, "Şğıİç", "ŞĞğıİç"),
        (2, None, "áÁíÍóÓúÚç"),
        (3, "ãõÃÕâêôçÇªº∞`", "êçÔôÁáΦΓΩΠΨΣΘÊÀÍÓÚÃÕÂãõâ"),
        (4, "বাংলা", "০৯\u09dfৠ৲৺"),
        (5, "ગુજરાતી", "।॥૦૯"),
        (6, "हिन्दी", "।॥०९\u0958\u095fॱ"),
        (7, "ಕನ್ನಡ", "೦೯ೞ"),
        (8, "മലയാളം", "൦൯ൺൿ"),
        (9, "ଓଡ\u0b3cିଆ", "୦୯\u0b5c\u0b5d\u0b5f"),
        (10, "ਪੰਜਾਬੀ", "੦੯\u0a59\u0a5eੵ"),
        (11, "தமிழ்", "௦௯௳௺"),
        (12, "తెలుగు", "౦౯ౘ౿"),
        (13, "اردو", "۰۹؟۔"),
    ],
)
def test_each_language_writes_its_own_name(number: int, locked: str | None, shifted: str) -> None:
    if locked is not None:
        octets = encode_septets(locked, national_tables(0, number))
        assert octets is not None
        assert len(octets) == len(locked)
        assert encode_septets(locked) is None
    octets = encode_septets(shifted, national_tables(number, 0))
    assert octets is not None
    assert encode_septets(shifted) is None


@pytest.mark.parametrize(
    ("elements", "octets", "expected", "damaged"),
    [
        ((), b"\x1c\x1bs", "Æs", False),
        ((Element(0x25, b"\x01"),), b"\x1c\x1bs", "Şs", False),
        ((Element(0x24, b"\x01"),), b"\x1c\x1bs", "Æş", False),
        ((Element(0x24, b"\x01"), Element(0x25, b"\x03")), b"\x1c\x1bs", "Âş", False),
        ((Element(0, b"\x01\x02\x01"), Element(0x25, b"\x01")), b"\x1c", "Ş", False),
        ((Element(0x25, b"\x01"), Element(0x25, b"\x03")), b"\x1c", "Â", False),  # the last counts
        ((Element(0x25, b"\x02"),), b"\x1c", "Æ", False),  # Spanish has none to lock
        ((Element(0x25, b"\x0e"),), b"\x1c", "Æ", False),  # reserved
        ((Element(0x24, b"\xff"),), b"\x1be", "€", False),
        ((Element(0x25, b""), Element(0x24, b"\x01\x01")), b"\x1c\x1bs", "Æs", False),  # no element of the kind
        ((Element(0x25, b"\x04"),), b"\x10\x11", "ঐ\ufffd", True),  # a code that the table leaves empty
        ((Element(0x25, b"\x01"),), b"\x1c\x1b", "Ş", True),
        ((Element(0x25, b"\x01"),), b"\x1c\x1b\x1bs", "Ş s", False),
        ((Element(0x25, b"\x01"),), b"\x1b\x1c\xe9", "Şé", True),  # behind an escape: the locked table's character
    ],
)
def test_the_elements_of_a_header_choose_the_tables(
    elements: tuple[Element, ...], octets: bytes, expected: str, damaged: bool
) -> None:
    found = decode_text(octets, 0, elements=elements)
    assert (found.text, found.alphabet, found.damaged) == (expected, "gsm7", damaged)
    header = len(build_udh(elements)) if elements else 0
    packed = decode_text(pack(octets, fill_bits(header)), 0xF1, default="gsm7-packed", elements=elements)
    if octets.isascii():
        assert (packed.text, packed.alphabet, packed.damaged) == (expected, "gsm7-packed", damaged)


@pytest.mark.parametrize(
    ("data_coding", "octets", "text"),
    [(8, b"\x00\x1c", "\x1c"), (3, b"\xe9", "é"), (1, b"s", "s"), (1, b"\x1c", "Ş"), (4, b"\x1c", None)],
)
def test_alphabets_without_septets_have_no_national_tables(data_coding: int, octets: bytes, text: str | None) -> None:
    assert decode_text(octets, data_coding, elements=national_elements(1, 1)).text == text


def test_an_unknown_language_changes_nothing() -> None:
    assert national_tables(0, 2) is national_tables(14, 200) is national_tables() is DEFAULT
    assert tables_of([Element(0x24, b"\x00"), Element(0x25, b"\x00")]) is DEFAULT
    assert (locking_shift(2), locking_shift(14), single_shift(14)) == (None, None, None)
    assert (locking_shift(0), single_shift(0)) == (BASIC, EXTENSION)


def test_languages_go_by_name_or_number() -> None:
    assert [language_of(name) for name in LANGUAGES.values()] == list(LANGUAGES)
    assert [language_of(number) for number in LANGUAGES] == list(LANGUAGES)
    for wrong in ("klingon", 0, 14, "", "1"):
        with pytest.raises(EncodeError, match=r"languages: .* is none of turkish, spanish"):
            language_of(wrong)


# --- round trips -----------------------------------------------------------------------------------------------------


@st.composite
def national_texts(draw: st.DrawFn) -> tuple[int, int, str]:
    single, locking = draw(st.sampled_from(PAIRS))
    characters = sorted(national_tables(single, locking).characters)
    return single, locking, draw(st.text(st.sampled_from(characters), max_size=60))


@given(national_texts())
def test_every_text_in_every_pair_of_tables_comes_back(written: tuple[int, int, str]) -> None:
    single, locking, text = written
    tables = national_tables(single, locking)
    septets = encode_septets(text, tables)
    assert septets is not None
    assert septets.isascii()
    assert decode_septets(septets, tables) == (text, False)
    assert decode_text(septets, 0, elements=national_elements(single, locking)).text == text


@given(national_texts(), st.integers(0, 6))
def test_packed_it_comes_back_behind_every_fill(written: tuple[int, int, str], fill: int) -> None:
    single, locking, text = written
    elements = national_elements(single, locking)
    tables = national_tables(single, locking)
    septets = encode_septets(text, tables)
    assert septets is not None
    octets = pack(septets, fill)
    assert octets == b"" or octets[0] & (1 << fill) - 1 == 0
    # A last NUL or CR where seven bits are left over is padding: nothing in SMPP can tell.
    lost = (
        septets[-1:] in (b"\0", b"\r")
        and (8 * len(octets) - fill) % 7 == 0
        and len(septets) * 7 + fill == 8 * len(octets)
    )
    assert unpack(octets, fill) == (septets[:-1] if lost else septets)
    header = next(size for size in range(7) if fill_bits(size) == fill)
    found = decode_text(octets, 0, default="gsm7-packed", elements=elements, header_octets=header)
    if not lost:
        assert (found.text, found.damaged) == (text, False)


@pytest.mark.parametrize(("single", "locking"), PAIRS)
def test_every_code_of_every_pair_is_read_and_written(single: int, locking: int) -> None:
    tables = national_tables(single, locking)
    seen = set()
    for septets in [bytes((code,)) for code in range(128) if code != 0x1B] + [
        bytes((0x1B, code)) for code in single_shift(single) or ()
    ]:
        text, damaged = decode_septets(septets, tables)
        assert damaged == (text == GAP)
        if not damaged:
            seen.add(text)
            again = encode_septets(text, tables)
            assert again is not None
            assert len(again) <= len(septets)
            assert decode_septets(again, tables) == (text, False)
    assert seen == tables.characters


# --- the choice of tables --------------------------------------------------------------------------------------------


def chosen(text: str, **choice: object) -> tuple[str, tuple[tuple[int, int], ...]]:
    found = encode_text(text, **choice)  # type: ignore[arg-type]
    shown = decode_text(found.octets, found.data_coding, default=found.alphabet, elements=found.elements)
    assert (shown.text, shown.damaged) == (found.text, False)
    return found.alphabet, tuple([(tag, value[0]) for tag, value in found.elements])


TURKISH = "ağaç ışığı ş"  # 12 characters, ten of them beyond the default alphabet


@pytest.mark.parametrize(
    ("text", "choice", "expected"),
    [
        ("merhaba", {"languages": ["turkish"]}, ("gsm7", ())),
        (TURKISH * 2, {"languages": ["turkish"]}, ("ucs2", ())),  # one part either way
        (TURKISH * 6, {"languages": ["turkish"]}, ("gsm7", ((0x25, 1),))),
        (TURKISH * 6, {}, ("ucs2", ())),
        (TURKISH * 6, {"languages": ["spanish", 3]}, ("ucs2", ())),
        (TURKISH * 6, {"languages": [1], "prefer": "gsm7-packed"}, ("gsm7-packed", ((0x25, 1),))),
        (TURKISH * 6, {"languages": [1], "prefer": "latin1"}, ("ucs2", ())),
        ("a" * 100 + "ş", {"languages": [1]}, ("gsm7", ((0x25, 1),))),
        ("Ø" * 100 + "ş", {"languages": [1]}, ("gsm7", ((0x24, 1),))),  # the Turkish table has lost its Ø
        ("a" * 100 + "é á ó", {"languages": ["spanish"]}, ("gsm7", ((0x24, 2),))),
        ("a" * 70 + "ñandú", {"languages": ["spanish", "portuguese"]}, ("gsm7", ((0x24, 2),))),
        ("क" * 60 + "०" * 20, {"languages": ["hindi"]}, ("gsm7", ((0x24, 6), (0x25, 6)))),
        ("क" * 100, {"languages": ["hindi"]}, ("gsm7", ((0x25, 6),))),
        ("०" * 71, {"languages": ["hindi"]}, ("gsm7", ((0x24, 6),))),
        ("०" * 60, {"languages": ["hindi"]}, ("ucs2", ())),
        ("क" * 60 + "ş" * 20, {"languages": ["hindi", "turkish"]}, ("gsm7", ((0x24, 1), (0x25, 6)))),
        ("क" * 100 + "த", {"languages": list(LANGUAGES)}, ("ucs2", ())),
        ("😀" + TURKISH * 6, {"languages": [1]}, ("ucs2", ())),
        # Nothing is changed where a table allowed has it, however short.
        ("ş", {"languages": [1], "unmappable": "refuse"}, ("gsm7", ((0x25, 1),))),
        ("ş", {"languages": [1], "unmappable": "replace"}, ("gsm7", ((0x25, 1),))),
        ("ş", {"languages": [1], "unmappable": "transliterate"}, ("gsm7", ((0x25, 1),))),
    ],
)
def test_tables_are_chosen_that_make_the_fewest_parts(
    text: str, choice: dict[str, object], expected: tuple[str, tuple[tuple[int, int], ...]]
) -> None:
    assert chosen(text, **choice) == expected
    assert encode_text(text, **choice).changed == ()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("unmappable", "text", "changed"),
    [
        ("replace", "ş ? ?", (("😀", "?"), ("—", "?"))),
        ("transliterate-replace", "ş ? -", (("😀", "?"), ("—", "-"))),
    ],
)
def test_the_table_that_changes_least_is_taken(
    unmappable: str, text: str, changed: tuple[tuple[str, str], ...]
) -> None:
    found = encode_text("ş 😀 —", unmappable=unmappable, languages=["hindi", "turkish"])
    assert found[2:6] == ("gsm7", (Element(0x25, b"\x01"),), changed, text)


def test_languages_that_are_none_are_refused() -> None:
    for wrong in ("turkish", ["klingon"], [99]):
        with pytest.raises(EncodeError, match=r"^languages: "):
            encode_text("ş", languages=wrong)  # type: ignore[arg-type]


@given(
    st.sets(st.sampled_from(sorted(LANGUAGES))),
    national_texts(),
    st.sampled_from(["gsm7", "gsm7-packed"]),
    st.sampled_from(["ucs2", "refuse", "replace", "transliterate", "transliterate-replace"]),
)
def test_what_goes_out_is_what_is_told(
    languages: set[int], written: tuple[int, int, str], prefer: str, unmappable: str
) -> None:
    text = written[2]
    fits = any(encode_septets(text, national_tables(*pair)) is not None for pair in PAIRS if {*pair} <= {0, *languages})
    if unmappable == "refuse" and not fits:
        with pytest.raises(EncodeError, match=r"^text: U\+[0-9A-F]{4} at position \d+ is not in gsm7"):
            encode_text(text, prefer=prefer, unmappable=unmappable, languages=languages)
        return
    found = encode_text(text, prefer=prefer, unmappable=unmappable, languages=languages)
    assert fits <= (not found.changed)
    assert found.septets is None or found.alphabet == prefer
    assert {value[0] for _, value in found.elements} <= languages
    read = decode_text(found.octets, found.data_coding, default=prefer, elements=found.elements)
    packing = prefer == "gsm7-packed" and found.text[-1:] in ("@", "\r", "\u0627")
    assert packing or (read.text == found.text and not read.damaged)
    assert not found.changed or unmappable in ("replace", "transliterate", "transliterate-replace")
    if not found.changed:
        assert found.text == text
    if found.septets is not None:
        assert widths(found) == len(found.septets)


def cost(septets: int, elements: int) -> tuple[int, int]:
    """Parts of 140 octets, and septets with their headers."""
    alone = (140 * 8 - (8 + 24 * elements if elements else 0)) // 7
    room = ((140 - 6 - 3 * elements) * 8) // 7
    return 1 if septets <= alone else -(-septets // room), septets + 3 * elements


@given(st.sets(st.sampled_from(sorted(LANGUAGES)), max_size=5), national_texts(), st.integers(1, 4))
def test_no_other_pair_of_the_tables_allowed_would_do_with_less(
    languages: set[int], written: tuple[int, int, str], times: int
) -> None:
    text = written[2] * times
    allowed = [pair for pair in PAIRS if {*pair} <= {0, *languages}]
    least = [
        (cost(len(septets), sum(map(bool, pair))))
        for pair in allowed
        if (septets := encode_septets(text, national_tables(*pair))) is not None
    ]
    found = encode_text(text, unmappable="replace", languages=languages)
    assert bool(least) == (not found.changed)
    if least and encode_septets(text) is None:
        assert found.septets is not None
        assert cost(len(found.septets), len(found.elements)) == min(least)


def widths(found: Encoded) -> int:
    """Septets of a text, told from its characters alone: one, or two behind an escape."""
    at = 0
    assert found.septets is not None
    for _ in found.text:
        at += 2 if found.septets[at] == 0x1B else 1
    return at
