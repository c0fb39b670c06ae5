"""data_coding to text and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu import Decoded, EncodeError, alphabet_of, decode_text, encode_text
from pdu.gsm7 import BASIC, EXTENSION, decode_septets, encode_septets, fill_bits, pack, unpack

SEPTET_TEXT = st.text(st.sampled_from(BASIC.replace("\x1b", "") + "".join(EXTENSION.values())))


@pytest.mark.parametrize(
    ("octets", "data_coding", "default", "expected"),
    [
        (b"Habari", 0, "gsm7", Decoded("Habari", "gsm7", False)),
        (b"\x00\x02\x1b\x65", 0, "gsm7", Decoded("@$€", "gsm7", False)),
        (b"a\x1bz", 0, "gsm7", Decoded("az", "gsm7", False)),
        (b"a\x1b\x1bb", 0, "gsm7", Decoded("a b", "gsm7", False)),
        (b"\x1b\x1b(\x1b(\x1b\x1b\x1be", 0, "gsm7", Decoded(" ({ €", "gsm7", False)),
        (b"\x1b\x1b\x1b", 0, "gsm7", Decoded(" ", "gsm7", True)),
        (b"\x1b\x1b\x1b(\xe9\x1b\x1b\x1b", 0, "gsm7", Decoded(" {é ", "gsm7", True)),
        (b"a\x1b", 0, "gsm7", Decoded("a", "gsm7", True)),
        (b"\x1b\x28a\x1b\x29", 0, "gsm7", Decoded("{a}", "gsm7", False)),
        (b"caf\xe9", 0, "gsm7", Decoded("café", "gsm7", True)),
        (b"\x1b\xe9", 0, "gsm7", Decoded("é", "gsm7", True)),
        (b"caf\xe9", 0, "latin1", Decoded("café", "latin1", False)),
        ("café".encode(), 0, "utf-8", Decoded("café", "utf-8", False)),
        (b"caf\xe9", 0, "utf-8", Decoded("café", "utf-8", True)),
        (b"a_b", 0, "ascii", Decoded("a_b", "ascii", False)),
        (bytes.fromhex("e8329bfd06"), 0, "gsm7-packed", Decoded("hello", "gsm7-packed", False)),
        (b"a@b_", 1, "gsm7", Decoded("a@b_", "ascii", False)),
        (b"a\tb\r\n[c]\0", 1, "gsm7", Decoded("a\tb\r\n[c]\0", "ascii", False)),
        (b"\x1b(a\x1b) \x1be2", 1, "gsm7", Decoded("{a} €2", "gsm7", False)),
        (b"ana\0b.org", 1, "gsm7", Decoded("ana@b.org", "gsm7", False)),
        (b"a\xe9", 1, "gsm7", Decoded("aé", "ascii", True)),
        (b"\x01\xff", 2, "gsm7", Decoded(None, "binary", False)),
        (b"\xe9", 3, "gsm7", Decoded("é", "latin1", False)),
        (b"\x01\xff", 4, "gsm7", Decoded(None, "binary", False)),
        ("Доктор".encode("iso8859-5"), 6, "gsm7", Decoded("Доктор", "iso8859-5", False)),
        ("Ж😀".encode("utf-16-be"), 8, "gsm7", Decoded("Ж😀", "ucs2", False)),
        (b"\0a\0", 8, "gsm7", Decoded("a", "ucs2", True)),
        (b"\0a\xd8\x3d", 8, "gsm7", Decoded("a\ufffd", "ucs2", True)),
        (b"", 8, "gsm7", Decoded("", "ucs2", False)),
        ("\ufeffЖ😀".encode("utf-16-be"), 8, "gsm7", Decoded("Ж😀", "ucs2", False)),
        ("\ufeffЖ😀".encode("utf-16-le"), 8, "gsm7", Decoded("Ж😀", "ucs2", False)),
        (b"\xff\xfea\0\x3d", 8, "gsm7", Decoded("a", "ucs2", True)),
        (b"\xff\xfea\0\x3d\xd8", 8, "gsm7", Decoded("a\ufffd", "ucs2", True)),
        (b"Hi", 0x0B, "gsm7", Decoded("Hi", "gsm7", False)),
        (b"Hi", 0x10, "gsm7", Decoded("Hi", "gsm7", False)),
        (b"\xe9", 0x10, "latin1", Decoded("é", "latin1", False)),
        (b"Hi", 0x15, "gsm7", Decoded(None, "binary", False)),
        (b"\0H", 0x18, "gsm7", Decoded("H", "ucs2", False)),
        (b"\0H", 0x19, "gsm7", Decoded("H", "ucs2", False)),
        (b"Hi", 0x1F, "gsm7", Decoded("Hi", "gsm7", False)),
        (b"\0H", 0x48, "gsm7", Decoded("H", "ucs2", False)),
        (b"Hi", 0x85, "gsm7", Decoded("Hi", "gsm7", False)),
        (b"Hi", 0xC0, "gsm7", Decoded("Hi", "gsm7", False)),
        (b"Hi", 0xD8, "gsm7", Decoded("Hi", "gsm7", False)),
        (b"\0H", 0xE1, "gsm7", Decoded("H", "ucs2", False)),
        (b"Hi", 0xF1, "gsm7", Decoded("Hi", "gsm7", False)),
        (b"Hi", 0xF5, "gsm7", Decoded(None, "binary", False)),
        (b"Hi", 0x1234, "gsm7", Decoded("Hi", "gsm7", False)),
        (b"Hi", 0, "klingon", Decoded("Hi", "gsm7", False)),
        (b"caf\xe9", 0, "punycode", Decoded("café", "punycode", True)),
        (b"Hi", 0, "undefined", Decoded("Hi", "undefined", True)),
        (b"Hi", 0, "no\0name", Decoded("Hi", "no\0name", True)),
    ],
)
def test_octets_are_read_as_their_data_coding_says(
    octets: bytes, data_coding: int, default: str, expected: Decoded
) -> None:
    assert decode_text(octets, data_coding, default=default) == expected


@given(
    st.binary(max_size=300),
    st.integers(0, 300),
    st.sampled_from(["gsm7", "gsm7-packed", "latin1", "ascii", "utf-8", ""]),
)
def test_reading_never_raises(octets: bytes, data_coding: int, default: str) -> None:
    text = decode_text(octets, data_coding, default=default).text
    assert (text is None) == (alphabet_of(data_coding, default) in ("binary", "compressed"))


@pytest.mark.parametrize(
    ("text", "prefer", "expected"),
    [
        ("Habari @ 5$", "gsm7", (b"Habari \x00 5\x02", 0)),
        ("€", "gsm7", (b"\x1b\x65", 0)),
        ("", "gsm7", (b"", 0)),
        ("Ж", "gsm7", (b"\x04\x16", 8)),
        ("ç", "gsm7", (b"\x00\xe7", 8)),
        ("😀", "gsm7", (b"\xd8\x3d\xde\x00", 8)),
        ("\x1b", "gsm7", (b"\x00\x1b", 8)),
        ("\x80", "gsm7", (b"\x00\x80", 8)),
        ("\ufffe", "gsm7", (b"\xff\xfe", 8)),
        ("hello", "gsm7-packed", (bytes.fromhex("e8329bfd06"), 0)),
        ("é", "latin1", (b"\xe9", 3)),
        ("Ж", "latin1", (b"\x04\x16", 8)),
        ("a_b", "ascii", (b"a_b", 1)),
        ("é", "ascii", (b"\x00\xe9", 8)),
        ("é", "utf-8", (b"\xc3\xa9", 0)),
        ("Hi", "ucs2", (b"\0H\0i", 8)),
        ("\ud83d", "ucs2", (b"\0?", 8)),
    ],
)
def test_text_is_written_in_the_alphabet_that_fits(text: str, prefer: str, expected: tuple[bytes, int]) -> None:
    assert encode_text(text, prefer=prefer)[:2] == expected


def test_an_unknown_alphabet_is_refused_on_writing() -> None:
    with pytest.raises(EncodeError):
        encode_text("Hi", prefer="klingon")


@given(st.text().filter(lambda text: text[:1] not in ("\ufeff", "\ufffe")))  # a byte order mark and its mirror
def test_any_text_survives(text: str) -> None:
    octets, data_coding = encode_text(text)[:2]
    assert decode_text(octets, data_coding).text == text


@given(SEPTET_TEXT)
def test_any_septet_text_survives_in_gsm7(text: str) -> None:
    octets, data_coding = encode_text(text)[:2]
    assert (data_coding, octets.isascii()) == (0, True)
    assert decode_text(octets, 0) == Decoded(text, "gsm7", False)


@given(st.binary(max_size=200).map(lambda octets: bytes(octet & 0x7F for octet in octets)), st.integers(0, 6))
def test_septets_survive_packing(septets: bytes, fill: int) -> None:
    packed = pack(septets, fill)
    assert len(packed) == (len(septets) * 7 + fill + 7) // 8
    back = unpack(packed, fill)
    # A last NUL or CR is lost where it looks like padding, and padding can look like a NUL.
    assert back.rstrip(b"\0\r") == septets.rstrip(b"\0\r")


@pytest.mark.parametrize(("header", "fill"), [(0, 0), (6, 1), (7, 0), (12, 2), (5, 2)])
def test_fill_bits_bring_the_header_to_a_septet_boundary(header: int, fill: int) -> None:
    assert fill_bits(header) == fill
    assert (header * 8 + fill) % 7 == 0


def test_the_tables_are_those_of_23_038() -> None:
    assert len(BASIC) == 128
    assert len(set(BASIC)) == 128
    assert [BASIC.index(char) for char in "@Δ ¡P¿pà§"] == [0x00, 0x10, 0x20, 0x40, 0x50, 0x60, 0x70, 0x7F, 0x5F]
    assert len(EXTENSION) == 10


def test_all_that_can_be_decoded_can_be_encoded() -> None:
    for code in range(128):
        text, damaged = decode_septets(bytes((code,)))
        assert damaged == (code == 0x1B)
        assert encode_septets(text) == (b"" if damaged else bytes((code,)))
