"""What a reader takes for one character, beside the `regex` package, which follows the same annex."""

from __future__ import annotations

import random
import time

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from pdu.graphemes import are_breaks, clusters, last_break

ORACLE = regex.compile(r"\X")
# Some of each class, and some of none. Drawn from these, rules meet that no text of a person brings together.
POOL = (
    "\r\n\t\u00ad\u200b a1é\u0301\u0327\u20e3\ufe0f\u200c\u200d\u0600\u06dd\u0d4e\u1100\u1160\u11a8\uac00\uac01"
    "\u0915\u0937\u0930\u094d\u093c\u093e\u0903\u0995\u09cd\u0a95\u0acd\u0b15\u0b4d\u0c15\u0c4d\u0d15\u0d4d\u0e33"
    "\u1000\u1039\u102b\u1cf5\U0001f1f9\U0001f1ff\u2764\u00a9\U0001f469\U0001f4bb\U0001f3ff\U000e0067\U000e007fЖእ"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("Hi", ["H", "i"]),
        ("a\r\nb\n\r", ["a", "\r\n", "b", "\n", "\r"]),
        ("e\u0301é", ["e\u0301", "é"]),
        ("\u0301a", ["\u0301", "a"]),
        ("እናት", ["እ", "ና", "ት"]),
        ("👩\u200d💻👍🏿", ["👩\u200d💻", "👍🏿"]),
        ("👨\u200d👩\u200d👧\u200d👦", ["👨\u200d👩\u200d👧\u200d👦"]),
        ("❤\ufe0f\u200d🔥1\ufe0f\u20e3", ["❤\ufe0f\u200d🔥", "1\ufe0f\u20e3"]),
        ("🇹🇿🇰🇪🇺", ["🇹🇿", "🇰🇪", "🇺"]),
        ("🏴\U000e0067\U000e0062\U000e007f!", ["🏴\U000e0067\U000e0062\U000e007f", "!"]),
        ("각\u11a8\u1100\u1161", ["각\u11a8", "\u1100\u1161"]),
        ("नमस्ते", ["न", "म", "स्ते"]),  # Devanagari: s, virama, t and its vowel are drawn as one
        ("क्\u200dष", ["क्\u200dष"]),
        ("क\u200cष", ["क\u200c", "ष"]),
        ("স্ত্রী", ["স্ত্রী"]),  # Bengali
        ("ક્ષ", ["ક્ષ"]),  # Gujarati
        ("କ୍ଷ", ["କ୍ଷ"]),  # Oriya
        ("స్త్రీ", ["స్త్రీ"]),  # Telugu
        ("ന്ത", ["ന്ത"]),  # Malayalam
        ("நன்றி", ["ந", "ன்", "றி"]),  # Tamil stacks nothing
        ("กำ", ["กำ"]),
        ("\u0600\u0661", ["\u0600\u0661"]),
    ],
)
def test_a_text_falls_into_what_is_drawn_as_one(text: str, expected: list[str]) -> None:
    assert clusters(text) == expected
    assert ORACLE.findall(text) == expected


@pytest.mark.parametrize(
    "around", ["a{}", "{0}{0}", "\u0915\u094d{}", "👩\u200d{}", "\u1100{}", "{}\u11a8", "{}\u094d\u0915"]
)
def test_every_code_point_behaves_as_its_class_says(around: str) -> None:
    codes = [code for code in (*range(0x20000), *range(0xE0000, 0xE1100), 0x10FFFF) if not 0xD800 <= code <= 0xDFFF]
    text = "\n".join([around.format(chr(code)) for code in codes])
    found, expected = clusters(text), ORACLE.findall(text)
    wrong = next((pair for pair in zip(found, expected, strict=False) if pair[0] != pair[1]), None)
    assert wrong is None
    assert len(found) == len(expected)


def test_rules_that_meet_in_any_order_agree_with_the_oracle() -> None:
    dice = random.Random(29)
    for _ in range(20_000):
        text = "".join(dice.choices(POOL, k=dice.randrange(1, 10)))
        assert clusters(text) == ORACLE.findall(text), ascii(text)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_agrees_with_the_oracle(text: str) -> None:
    assert clusters(text) == ORACLE.findall(text)


def test_a_lone_surrogate_is_a_control_as_the_annex_has_it() -> None:
    # The one difference: `regex` puts a mark to it, though GraphemeBreakProperty.txt lists Cs under Control.
    assert clusters("\ud800\u0301") == ["\ud800", "\u0301"]
    assert ORACLE.findall("\ud800\u0301") == ["\ud800\u0301"]


@given(st.text(st.sampled_from(POOL), max_size=12))
def test_the_last_break_is_that_of_the_whole_text(text: str) -> None:
    begins = [0]
    for cluster in clusters(text):
        begins.append(begins[-1] + len(cluster))
    for end in range(len(text) + 1):
        for start in [begin for begin in begins if begin <= end]:
            assert last_break(text, start, end) == max(begin for begin in begins if begin <= end)


def test_what_two_characters_tell_of_a_break_holds_in_any_text() -> None:
    dice = random.Random(30)
    told = 0
    for _ in range(5_000):
        text = "".join(dice.choices(POOL, k=dice.randrange(2, 10)))
        at = dice.randrange(1, len(text))
        if are_breaks(text[at - 1], text[at]):
            told += 1
            assert last_break(text, 0, at) == at, ascii(text)
    assert told > 500


@pytest.mark.parametrize(
    ("before", "behind", "sure"),
    [
        ("aЖእ中ت", "bЖእ中ت", True),
        ("aa", "a\u0301", False),
        ("a\u0600", "aa", False),
        ("a\r", "a\n", False),
        ("", "", True),
    ],
)
def test_one_place_in_doubt_puts_all_in_doubt(before: str, behind: str, sure: bool) -> None:
    assert are_breaks(before, behind) is sure


@pytest.mark.parametrize("text", ["a" + "\u0301" * 100_000, "\u0915" + "\u094d" * 100_000, "👩" + "\u0301" * 100_000])
def test_marks_without_end_are_read_once(text: str) -> None:
    # Read anew for each mark they would take hours; once is some milliseconds.
    began = time.process_time()
    assert clusters(text) == [text]
    assert time.process_time() - began < 5
