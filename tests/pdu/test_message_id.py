"""Ids in every spelling that carriers give one message."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pdu.message_id import LONGEST, Base, canonical, clean, keys, likeness, variants

UUID = "6BA7B810-9DAD-11D1-80B4-00C04FD430C8"
NUMBERS = st.integers(0, 2**256 - 1) | st.integers(0, 99_999)
BLANKS = st.text(" \t\r\n\0", max_size=2)


def spelled(number: int, form: str, zeros: int) -> str:
    return "0" * zeros + format(number, form)


SPELLINGS = st.tuples(st.sampled_from("dxX"), st.integers(0, 30))
TEXTS = st.text(max_size=300) | st.text("0123456789abcdefABCDEF-_ \0g", max_size=90) | st.text("01aA", max_size=3)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("0A1B", "0A1B"),
        (" \t0A1B\r\n", "0A1B"),
        ("0A1B\0\0", "0A1B"),
        ("\0 0A1B", "0A1B"),
        ("0A1B \0junk", "0A1B"),
        ("a b", "a b"),
        ("é\ud800", "é?"),
        ("", ""),
        (" \0 ", ""),
    ],
)
def test_blanks_and_nuls_are_no_part_of_an_id(text: str, kept: str) -> None:
    assert clean(text) == kept


@pytest.mark.parametrize(
    ("text", "base", "form"),
    [
        (" 00A1b ", "as-is", "00A1b"),
        ("0A1B", "hex", "2587"),
        ("00000a1b", "hex", "2587"),
        ("2587", "decimal", "2587"),
        ("0000002587", "decimal", "2587"),
        ("2587", "hex", "9607"),
        ("0000", "hex", "0"),
        ("0000", "decimal", "0"),
        ("0A1B", "decimal", "0a1b"),  # not in its base: text
        (UUID, "hex", UUID.lower()),
        ("SMS-17", "decimal", "sms-17"),
        ("f" * 64, "hex", str(2**256 - 1)),
        ("1" + "0" * 64, "hex", "1" + "0" * 64),  # larger than any id may be
        (str(2**256 - 1), "decimal", str(2**256 - 1)),
        (str(2**256), "decimal", str(2**256)),
        ("٣", "decimal", "٣"),
        ("", "hex", ""),
    ],
)
def test_an_id_in_a_known_base_has_one_form(text: str, base: Base, form: str) -> None:
    assert canonical(text, base) == form


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2587", ("2587", "9607")),
        ("0A1B", ("2587",)),
        ("a1b", ("2587",)),
        ("0000002587", ("2587", "9607")),
        ("7", ("7",)),
        ("000", ("0",)),
        (UUID, (UUID.lower(),)),
        ("deadbeef", ("3735928559",)),
        ("SMS-17", ("sms-17",)),
        ("17g", ("17g",)),
        ("-17", ("-17",)),
        ("1 7", ("1 7",)),
        (" 2587\0", ("2587", "9607")),
        ("", ()),
        ("\0", ()),
    ],
)
def test_an_id_stands_under_few_keys(text: str, expected: tuple[str, ...]) -> None:
    assert keys(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2587", ("2587", "9607", "a1b")),
        ("0A1B", ("0A1B", "0a1b", "a1b", "2587")),
        ("0010", ("0010", "10", "16", "a")),
        (UUID, (UUID, UUID.lower())),
        ("sms-17", ("sms-17",)),
        ("0", ("0",)),
        ("", ()),
    ],
)
def test_the_other_side_may_have_spelled_it_so(text: str, expected: tuple[str, ...]) -> None:
    assert variants(text) == expected


@pytest.mark.parametrize(
    ("submitted", "receipted", "name"),
    [
        ("0A1B", "0A1B", "exact"),
        ("0A1B", " 0A1B\0", "exact"),
        ("0A1B", "0a1b", "folded"),
        (UUID, UUID.lower(), "folded"),
        ("0000012345", "12345", "padded"),
        ("a1b", "00000A1B", "padded"),
        ("9" * 77, "0" + "9" * 77, "padded"),
        ("0A1B", "2587", "hex-to-decimal"),
        ("0a1b", "0000002587", "hex-to-decimal"),
        ("10", "16", "hex-to-decimal"),
        ("2587", "A1B", "decimal-to-hex"),
        ("16", "10", "decimal-to-hex"),
        ("16", "34", None),  # 22 in hexadecimal and 34 in hexadecimal: not the same number in any reading
        ("12345", "12346", None),
        ("SMS-17", "17", None),
        ("sms-0017", "sms-17", None),
        ("", "", None),
        ("", "0", None),
    ],
)
def test_two_ids_are_alike(submitted: str, receipted: str, name: str | None) -> None:
    assert likeness(submitted, receipted) == name


@given(NUMBERS, SPELLINGS, SPELLINGS, BLANKS, BLANKS)
def test_every_two_spellings_of_a_number_share_a_key(
    number: int, one: tuple[str, int], other: tuple[str, int], before: str, after: str
) -> None:
    first, second = spelled(number, *one), before + spelled(number, *other) + after
    assert set(keys(first)) & set(keys(second))
    assert likeness(first, second) is not None


@given(NUMBERS, SPELLINGS, st.integers(0, 10))
def test_known_bases_give_every_spelling_one_form(number: int, one: tuple[str, int], zeros: int) -> None:
    base: Base = "decimal" if one[0] == "d" else "hex"
    assert canonical(spelled(number, *one), base) == canonical(spelled(number, "d", zeros), "decimal") == str(number)


@given(TEXTS, TEXTS)
def test_ids_share_a_key_only_if_one_spells_the_other(one: str, other: str) -> None:
    assert bool(set(keys(one)) & set(keys(other))) == (likeness(one, other) is not None)


def test_no_two_small_ids_are_taken_for_each_other_that_are_not_the_same_number() -> None:
    for one, other in product(range(64), repeat=2):
        alike = one == other or int(str(one), 16) == other or int(str(other), 16) == one
        assert bool(set(keys(str(one))) & set(keys(str(other)))) == alike


@given(TEXTS, NUMBERS, SPELLINGS)
def test_an_id_with_other_letters_or_dashes_is_never_a_number(text: str, number: int, form: tuple[str, int]) -> None:
    assume(set(clean(text)) - set("0123456789abcdefABCDEF"))
    assert not set(keys(text)) & set(keys(spelled(number, *form)))
    assert keys(text) == keys(clean(text).lower()) or not text.isascii()


@given(TEXTS)
def test_the_forms_are_few_short_and_always_the_same(text: str) -> None:
    for forms, most in ((keys(text), 2), (variants(text), 5)):
        assert len(set(forms)) == len(forms) <= most
        assert all(0 < len(form) <= LONGEST and "\0" not in form for form in forms)
        assert bool(forms) == bool(clean(text))
    assert keys(text) == keys(f" {text}\0")
    assert set(keys(text)) <= {canonical(text, base) for base in ("hex", "decimal")}


def test_of_an_id_too_long_for_an_index_the_end_is_a_digest() -> None:
    one, other = "x" * 1000, "x" * 999 + "y"
    assert len(keys(one)[0]) == len(canonical(one, "as-is")) == LONGEST
    assert keys(one) == keys(one.upper()) != keys(other)
    assert keys("x" * LONGEST) == ("x" * LONGEST,)
    assert keys("1" * 100_000) != keys("1" * 100_001)
