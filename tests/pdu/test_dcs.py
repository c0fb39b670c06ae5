"""data_coding explains itself: the groups of 3GPP TS 23.038 and SMPP's own numbers."""

from __future__ import annotations

import pytest

from pdu import Coding, EncodeError, Waiting, alphabet_of, coding_of, data_coding_of, decode_text


@pytest.mark.parametrize(
    ("data_coding", "expected", "words"),
    [
        (0x00, Coding("smpp", "gsm7"), "gsm7"),
        (0x01, Coding("smpp", "ascii"), "ascii"),
        (0x02, Coding("smpp", "binary"), "binary"),
        (0x03, Coding("smpp", "latin1"), "latin1"),
        (0x04, Coding("smpp", "binary"), "binary"),
        (0x06, Coding("smpp", "iso8859-5"), "iso8859-5"),
        (0x08, Coding("smpp", "ucs2"), "ucs2"),
        (0x0F, Coding("smpp", "gsm7"), "gsm7"),
        (0x10, Coding("general", "gsm7", 0), "gsm7, class 0 (flash)"),
        (0x15, Coding("general", "binary", 1), "binary, class 1 (phone)"),
        (0x1A, Coding("general", "ucs2", 2), "ucs2, class 2 (SIM)"),
        (0x1F, Coding("general", "gsm7", 3), "gsm7, class 3 (terminal equipment)"),
        (0x20, Coding("general", "gsm7", None, True), "compressed gsm7"),
        (0x2B, Coding("general", "ucs2", None, True), "compressed ucs2"),
        (0x34, Coding("general", "binary", 0, True), "compressed binary, class 0 (flash)"),
        (0x40, Coding("deletion", "gsm7"), "gsm7, to be deleted once read"),
        (0x4B, Coding("deletion", "ucs2"), "ucs2, to be deleted once read"),
        (0x5A, Coding("deletion", "ucs2", 2), "ucs2, class 2 (SIM), to be deleted once read"),
        (0x60, Coding("deletion", "gsm7", None, True), "compressed gsm7, to be deleted once read"),
        (0x71, Coding("deletion", "gsm7", 1, True), "compressed gsm7, class 1 (phone), to be deleted once read"),
        (0x80, Coding("reserved", "gsm7"), "gsm7, reserved"),
        (0xBF, Coding("reserved", "gsm7"), "gsm7, reserved"),
        (
            0xC0,
            Coding("waiting-discard", "gsm7", waiting=Waiting("voicemail", False, False)),
            "gsm7, voicemail waiting off, not to be kept",
        ),
        (
            0xC9,
            Coding("waiting-discard", "gsm7", waiting=Waiting("fax", True, False)),
            "gsm7, fax waiting on, not to be kept",
        ),
        (0xD2, Coding("waiting-store", "gsm7", waiting=Waiting("email", False, True)), "gsm7, email waiting off"),
        (0xEB, Coding("waiting-store-ucs2", "ucs2", waiting=Waiting("other", True, True)), "ucs2, other waiting on"),
        (0xF0, Coding("class", "gsm7", 0), "gsm7, class 0 (flash)"),
        (0xF6, Coding("class", "binary", 2), "binary, class 2 (SIM)"),
        (0xFB, Coding("class", "gsm7", 3), "gsm7, class 3 (terminal equipment)"),  # bit 3 is reserved
        (0x1234, Coding("reserved", "gsm7"), "gsm7, reserved"),
        (-1, Coding("reserved", "gsm7"), "gsm7, reserved"),
    ],
)
def test_a_data_coding_explains_itself(data_coding: int, expected: Coding, words: str) -> None:
    assert coding_of(data_coding) == expected
    assert str(coding_of(data_coding)) == words


@pytest.mark.parametrize("default", ["gsm7", "gsm7-packed", "latin1", "utf-8"])
def test_the_default_alphabet_is_that_of_the_carrier(default: str) -> None:
    for data_coding in range(0x110):
        coding, plain = coding_of(data_coding, default), coding_of(data_coding)
        assert coding.alphabet == (default if plain.alphabet == "gsm7" else plain.alphabet)
        assert coding._replace(alphabet="") == plain._replace(alphabet="")
        assert alphabet_of(data_coding, default) == ("compressed" if coding.compressed else coding.alphabet)


def test_compressed_text_is_left_alone() -> None:
    for data_coding in (*range(0x20, 0x40), *range(0x60, 0x80)):
        assert coding_of(data_coding).compressed
        assert decode_text(b"\x01Hi", data_coding) == (None, "compressed", False)
    assert sum(coding_of(data_coding).compressed for data_coding in range(0x100)) == 0x40


@pytest.mark.parametrize(
    ("alphabet", "message_class", "expected"),
    [
        ("gsm7", None, 0),
        ("gsm7-packed", None, 0),
        ("utf-8", None, 0),
        ("ascii", None, 1),
        ("latin1", None, 3),
        ("binary", None, 4),
        ("ucs2", None, 8),
        ("iso8859-5", None, 6),
        ("gsm7", 0, 0xF0),
        ("gsm7-packed", 3, 0xF3),
        ("binary", 1, 0xF5),
        ("ucs2", 0, 0x18),
        ("ucs2", 2, 0x1A),
    ],
)
def test_an_alphabet_and_a_class_name_a_data_coding(alphabet: str, message_class: int | None, expected: int) -> None:
    assert data_coding_of(alphabet, message_class) == expected
    back = coding_of(expected, "utf-8" if alphabet == "utf-8" else "gsm7")
    assert (back.alphabet, back.message_class) == (alphabet.removesuffix("-packed"), message_class)


@pytest.mark.parametrize(
    ("alphabet", "message_class", "field"),
    [
        ("klingon", None, "alphabet"),
        ("latin1", 0, "message_class"),
        ("gsm7", 4, "message_class"),
        ("ucs2", -1, "message_class"),
    ],
)
def test_what_no_data_coding_says_is_refused(alphabet: str, message_class: int | None, field: str) -> None:
    with pytest.raises(EncodeError) as caught:
        data_coding_of(alphabet, message_class)
    assert caught.value.field == field
