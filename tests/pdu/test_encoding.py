"""What becomes of characters that the alphabet has not."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu import Encoded, EncodeError, coding_of, decode_text, encode_text
from pdu.encoding import ALPHABETS, UNMAPPABLE
from pdu.gsm7 import DEFAULT, encode_septets
from pdu.nearest import nearest


@pytest.mark.parametrize(
    ("text", "choice", "expected"),
    [
        ("Hi €", {}, Encoded(b"Hi \x1be", 0, "gsm7", (), (), "Hi €", b"Hi \x1be")),
        ("hello", {"prefer": "gsm7-packed"},
         Encoded(bytes.fromhex("e8329bfd06"), 0, "gsm7-packed", (), (), "hello", b"hello")),
        ("Ж", {}, Encoded(b"\x04\x16", 8, "ucs2", (), (), "Ж")),
        ("aЖ", {"unmappable": "replace"}, Encoded(b"a?", 0, "gsm7", (), (("Ж", "?"),), "a?", b"a?")),
        ("aЖ", {"unmappable": "transliterate"}, Encoded(b"\0a\x04\x16", 8, "ucs2", (), (), "aЖ")),
        ("“Ж”", {"unmappable": "transliterate-replace"},
         Encoded(b'"?"', 0, "gsm7", (), (("“", '"'), ("Ж", "?"), ("”", '"')), '"?"', b'"?"')),
        ("“a”", {"unmappable": "transliterate"},
         Encoded(b'"a"', 0, "gsm7", (), (("“", '"'), ("”", '"')), '"a"', b'"a"')),
        ("é–", {"prefer": "ascii", "unmappable": "transliterate"},
         Encoded(b"e-", 1, "ascii", (), (("é", "e"), ("–", "-")), "e-")),
        ("é–", {"prefer": "latin1", "unmappable": "transliterate"},
         Encoded(b"\xe9-", 3, "latin1", (), (("–", "-"),), "é-")),
        ("é–", {"prefer": "latin1", "unmappable": "replace"}, Encoded(b"\xe9?", 3, "latin1", (), (("–", "?"),), "é?")),
        ("a\ud83d", {"prefer": "utf-8"}, Encoded(b"a?", 0, "utf-8", (), (("\ud83d", "?"),), "a?")),
        ("Ж\udc00", {}, Encoded(b"\x04\x16\0?", 8, "ucs2", (), (("\udc00", "?"),), "Ж?")),
        ("Ж\udc00", {"unmappable": "transliterate"}, Encoded(b"\x04\x16\0?", 8, "ucs2", (), (("\udc00", "?"),), "Ж?")),
        ("", {"unmappable": "refuse"}, Encoded(b"", 0, "gsm7", (), (), "", b"")),
        ("Hi", {"message_class": 0}, Encoded(b"Hi", 0xF0, "gsm7", (), (), "Hi", b"Hi")),
        ("Ж", {"message_class": 1}, Encoded(b"\x04\x16", 0x19, "ucs2", (), (), "Ж")),
        ("Ж", {"message_class": 1, "prefer": "latin1"}, Encoded(b"\x04\x16", 0x19, "ucs2", (), (), "Ж")),
    ],
)  # fmt: skip
def test_the_choice_is_made_and_told(text: str, choice: dict[str, object], expected: Encoded) -> None:
    assert encode_text(text, **choice) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "prefer", "reason"),
    [
        ("abЖЖ", "gsm7", "U+0416 at position 2 is not in gsm7"),
        ("😀", "gsm7-packed", "U+1F600 at position 0 is not in gsm7-packed"),
        ("a\x1b", "gsm7", "U+001B at position 1 is not in gsm7"),
        ("\te", "gsm7", "U+0009 at position 0 is not in gsm7"),
        ("aé", "ascii", "U+00E9 at position 1 is not in ascii"),
        ("é–", "latin1", "U+2013 at position 1 is not in latin1"),
        ("ab\ud83d", "ucs2", "U+D83D at position 2 is not in ucs2"),
        ("\udfff", "utf-8", "U+DFFF at position 0 is not in utf-8"),
    ],
)
def test_a_refusal_names_the_first_character_without_the_text(text: str, prefer: str, reason: str) -> None:
    with pytest.raises(EncodeError) as caught:
        encode_text(text, prefer=prefer, unmappable="refuse")
    assert (caught.value.field, caught.value.reason) == ("text", reason)


@pytest.mark.parametrize(
    ("choice", "field"),
    [
        ({"prefer": "klingon"}, "alphabet"),
        ({"prefer": "binary"}, "alphabet"),
        ({"unmappable": "drop"}, "unmappable"),
        ({"message_class": 4}, "message_class"),
        ({"message_class": 0, "prefer": "latin1"}, "message_class"),
        ({"message_class": 0, "prefer": "utf-8"}, "message_class"),
    ],
)
def test_a_choice_that_is_none_is_refused(choice: dict[str, object], field: str) -> None:
    with pytest.raises(EncodeError) as caught:
        encode_text("Hi", **choice)  # type: ignore[arg-type]
    assert caught.value.field == field


# --- the nearest character -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("‘a’ “b” „c“ «d» ‹e›", '\'a\' "b" "c" "d" \'e\''),
        ("a–b—c‑d−e", "a-b-c-d-e"),
        ("wait…", "wait..."),
        ("a\u00a0b\u202fc\u2009d\te", "a b c d e"),
        ("a\u200bb\u200dc\ufeffd\u00ade\u200ff", "abcdef"),
        ("a\u2028b\x85c", "a\nb\nc"),
        ("ﬁ ﬂ œuvre Ĳ", "fi fl oeuvre IJ"),
        ("naïve São Łódź Đà", "naive Sao Lodz Dà"),
        ("ằ ế ộ ữ Ệ", "à é o u E"),  # the mark that the alphabet has is kept
        ("e\u0301 n\u0303 x\u0303 e\u0323\u0301", "é ñ x é"),  # marks that stand alone
        ("ɓaɗo ƙasa ɛ ɔ ŋ", "bado kasa e o ng"),
        ("Ａ１ 𝐁", "A1 B"),
        ("٣٤ १२", "34 12"),
        ("Αθήνα γάτα σς", "AΘHNA ΓATA ΣΣ"),
        ("СОС аро", "COC apo"),
        ("37°C ±2 3×4 ≤5 ≥6 ≠7 ÷8", "37degC +-2 3x4 <=5 >=6 !=7 /8"),
        ("№ 5 ™ © ® ₦500 ₹20", "No 5 (TM) (c) (R) N500 Rs20"),
        # A number stays the number it is.
        ("1½ tab, ½ tab, ¼", "1 1/2 tab, 1/2 tab, 1/4"),
        ("10⁹/L 10⁻¹² m² x²y³", "10^9/L 10^-12 m^2 x^2y^3"),
        ("H₂O CO₂ C₁₂", "H2O CO2 C12"),
        ("① 5⒈ ½5 ²5 ²³", "(1) 5 1. 1/2 5 ^2 5 ^23"),
        ("5 µg 5 μg 5 ㎎", "5 ug 5 ug 5 mg"),
        ("μα μ", "MA u"),
    ],
)
def test_the_nearest_characters_are_written(text: str, expected: str) -> None:
    found = encode_text(text, unmappable="transliterate")
    assert (found.alphabet, found.text) == ("gsm7", expected)
    rebuilt = text
    for old, new in found.changed:
        assert old in rebuilt
        rebuilt = rebuilt.replace(old, new, 1)
    assert unicodedata.normalize("NFC", rebuilt) == unicodedata.normalize("NFC", expected)


@pytest.mark.parametrize(
    "text", ["Привет", "你好", "سلام", "नमस्ते", "😀", "5₁", "2≮3", "2\u033853", "∉", "a\ud83d", "\x1b", "\x00", "क़"]
)
def test_what_has_no_neighbour_moves_the_text_as_it_was(text: str) -> None:
    found = encode_text(f"“{text}”", unmappable="transliterate")
    assert found.alphabet == "ucs2"
    assert found.text == f"“{text}”".replace("\ud83d", "?")
    assert encode_text(f"“{text}”", unmappable="transliterate-replace").alphabet == "gsm7"


def test_in_a_smaller_alphabet_more_has_to_change() -> None:
    found = encode_text("Straße £5 ¿Qué? æ € Ω", prefer="ascii", unmappable="transliterate-replace")
    assert found.text == "Strasse ?5 ?Que? ae EUR ?"


@given(st.characters())
def test_the_nearest_to_any_character_fits(char: str) -> None:
    for fits in (DEFAULT.characters.__contains__, str.isascii):
        found = nearest(char, fits, "1", "1")
        assert found is None or all(map(fits, found))


def test_no_digit_comes_to_stand_beside_another() -> None:
    """5 of anything that stands for a number must not read as fifty-something."""
    fits = DEFAULT.characters.__contains__
    for code in range(0x110000):
        char = chr(code)
        if unicodedata.category(char) == "No" and not fits(char):
            found = nearest(char, fits, "5", "")
            assert found is None or not found[:1].isdigit(), (hex(code), found)
            found = nearest(char, fits, "", "5")
            assert found is None or found[-1:] in " )", (hex(code), found)


# --- any text, any choice --------------------------------------------------------------------------------------------


@given(
    st.text(st.one_of(st.characters(), st.sampled_from("“–…é½²ş\u0301ЖСμ\u200b😀")), max_size=80),
    st.sampled_from(ALPHABETS),
    st.sampled_from(UNMAPPABLE),
    st.sampled_from([None, 0, 1, 2, 3]),
)
def test_whatever_is_chosen_the_phone_shows_what_was_told(
    text: str, prefer: str, unmappable: str, message_class: int | None
) -> None:
    if message_class is not None and prefer in ("latin1", "ascii", "utf-8"):
        message_class = None
    try:
        found = encode_text(text, prefer=prefer, unmappable=unmappable, message_class=message_class)
    except EncodeError as error:
        refused = error
        found = None
    if found is None:
        assert (unmappable, refused.field) == ("refuse", "text")
        return
    assert found.alphabet in (prefer, "ucs2")
    assert coding_of(found.data_coding).message_class == message_class
    assert found.elements == ()
    assert (found.septets is None) == (found.alphabet not in ("gsm7", "gsm7-packed"))
    read = decode_text(found.octets, found.data_coding, default=found.alphabet)
    at_risk = found.text[:1] in ("\ufeff", "\ufffe") or (prefer == "gsm7-packed" and found.text[-1:] in ("@", "\r"))
    assert at_risk or read.text == found.text or prefer == "ascii"
    if not found.changed:
        assert found.text == text
    elif unmappable in ("ucs2", "refuse"):
        assert {new for _, new in found.changed} == {"?"}
    if unmappable == "transliterate" and found.alphabet == prefer == "gsm7":
        assert encode_septets(found.text) == found.octets
