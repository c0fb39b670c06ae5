"""Parts in any order, of any sender, are one text again; and what is missing or in doubt is named."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pdu import (
    Element,
    Joined,
    Segment,
    UserData,
    build_udh,
    concatenation,
    decode_parts,
    join,
    national_elements,
    parse_udh,
    ports,
    split_text,
    user_data,
)
from pdu.encoding import encode_text
from pdu.gsm7 import fill_bits, pack
from smppd.smpp.mapping import compose
from tests.pdu.test_split import KINDS, PIECES, as_submit

LETTERS = st.text(st.sampled_from("aZ1 €{]éĞğЖጤक्ष😀\u0301\n"), min_size=1, max_size=60)


def part(number: int, body: bytes, total: int = 3, data_coding: int = 0, **fields: Any) -> UserData:
    return UserData(body, segment=Segment("udh8", 7, total, number), data_coding=data_coding, **fields)


A, B, C = part(1, b"Haba"), part(2, b"ri za"), part(3, b" leo")


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], Joined("", b"", "gsm7", False, 0)),
        ([A, B, C], Joined("Habari za leo", b"Habari za leo", "gsm7", False, 3)),
        ([C, A, B], Joined("Habari za leo", b"Habari za leo", "gsm7", False, 3)),
        ([C, A, A, B, C], Joined("Habari za leo", b"Habari za leo", "gsm7", False, 3)),
        ([C, A], Joined("Haba[…] leo", b"Haba leo", "gsm7", False, 3, missing=(2,))),
        ([B], Joined("[…]ri za[…]", b"ri za", "gsm7", False, 3, missing=(1, 3))),
        ([UserData(b"Hi")], Joined("Hi", b"Hi", "gsm7", False, 1)),
        (
            [A, B, part(2, b"ro ya"), C, part(2, b"rx xx")],
            Joined("Habari za leo", b"Habari za leo", "gsm7", False, 3, conflicts=(2,)),
        ),
        (
            [A, UserData(b"Hi"), B, part(1, b"x", total=2), C],
            Joined(
                "Habari za leo", b"Habari za leo", "gsm7", False, 3, strangers=(UserData(b"Hi"), part(1, b"x", total=2))
            ),
        ),
        ([part(1, b"\1\xff", 2, 4), part(2, b"\2", 2, 4)], Joined(None, b"\1\xff\2", "binary", False, 2)),
        # An alphabet each, one of them without text.
        ([part(1, b"a", 2), part(2, b"\4\x16", 2, 8)], Joined("aЖ", b"a\4\x16", "gsm7", False, 2)),
        ([part(1, b"a", 2), part(2, b"\1", 2, 4)], Joined(None, b"a\1", "gsm7", False, 2)),
        # Pairs that their sender cut in two.
        ([part(1, b"a\x1b", 2), part(2, b"eb", 2)], Joined("a€b", b"a\x1beb", "gsm7", False, 2)),
        (
            [part(1, b"\xd8\x3d", 2, 8), part(2, b"\xdc\x4b", 2, 8)],
            Joined("👋", b"\xd8\x3d\xdc\x4b", "ucs2", False, 2),
        ),
        # Half a pair of which the rest is missing, or never was.
        ([part(1, b"a\x1b", 2)], Joined("a[…]", b"a\x1b", "gsm7", True, 2, missing=(2,))),
        ([part(2, b"\xdc\x4b\0a", 2, 8)], Joined("[…]\ufffda", b"\xdc\x4b\0a", "ucs2", True, 2, missing=(1,))),
        # An octet lost from one part shifts none that follow; one that is only in the next part is no loss.
        ([part(1, b"\0a\0", 2, 8), part(2, b"\0b\0c", 2, 8)], Joined("abc", b"\0a\0\0b\0c", "ucs2", True, 2)),
        ([part(1, b"\0a\0", 2, 8), part(2, b"b\0c", 2, 8)], Joined("abc", b"\0a\0b\0c", "ucs2", False, 2)),
        # A byte order mark in every part.
        (
            [part(1, b"\xff\xfea\0", 2, 8), part(2, b"\xff\xfeb\0", 2, 8)],
            Joined("ab", b"\xff\xfea\0\xff\xfeb\0", "ucs2", False, 2),
        ),
    ],
)
def test_parts_make_one_message(parts: list[UserData], expected: Joined) -> None:
    joined = join(parts)
    assert joined == expected
    assert joined.complete == (not expected.missing)


def test_what_stands_for_a_gap_and_for_0_is_the_callers_choice() -> None:
    assert join([part(1, b"\xe9", 2)], default="latin1", gap="?").text == "é?"


def test_other_elements_are_kept_once() -> None:
    mine = (ports(2948), Element(0x70, b"\1"))
    parts = [
        part(number, b"x", elements=(concatenation("udh8", 7, 3, number), *mine, Element(0x71, bytes((number,)))))
        for number in (3, 1, 2)
    ]
    assert join(parts).elements == (
        *mine, Element(0x71, b"\1"), Element(0x71, b"\2"), Element(0x71, b"\3")
    )  # fmt: skip


def test_parts_in_different_tables_are_read_each_in_its_own() -> None:
    turkish = national_elements(0, 1)
    septets = encode_text("ğış", languages=["turkish"], unmappable="refuse")
    parts = [
        part(1, b"abc"),
        part(2, septets.octets, elements=septets.elements),
        part(3, b"\x04\x05", elements=tuple(turkish)),
    ]
    assert join(parts).text == "abcğış" + "€é"


@given(st.sampled_from(KINDS), st.sampled_from(["gsm7", "ucs2", "utf-8"]), st.integers(0, 1 << 32))
def test_order_and_repeats_change_nothing(kind: str, prefer: str, seed: int) -> None:
    dice = random.Random(seed)
    text = "".join(dice.choices(PIECES, k=dice.randrange(100, 300)))
    split = split_text(text, reference=9, kind=kind, prefer=prefer, languages=["turkish"], limit=60)
    default = "utf-8" if prefer == "utf-8" else "gsm7"
    parts = [user_data(as_submit(part)) for part in split.parts]
    mixed = [*parts, *dice.choices(parts, k=3)]
    dice.shuffle(mixed)
    assert join(mixed, default=default) == join(parts, default=default)
    lost = dice.choice(parts)
    assert lost.segment is not None
    joined = join([each for each in mixed if each != lost], default=default)
    assert joined.missing == (lost.segment.number,)
    assert joined.total == len(parts)


# --- what senders do that count units --------------------------------------------------------------------------------


def pieces_of(units: bytes, seed: int, step: int = 1) -> list[bytes]:
    """Cut anywhere, up to 20 times."""
    dice = random.Random(seed)
    cuts = sorted({0, len(units), *(step * dice.randrange(len(units) // step + 1) for _ in range(20))})
    return [units[start:end] for start, end in pairwise(cuts)]


def gsm7(text: str, seed: int) -> tuple[list[UserData], str]:
    encoded = encode_text(text, unmappable="replace", languages=["turkish"])
    bodies = pieces_of(encoded.octets, seed)
    return [UserData(body, encoded.elements) for body in bodies], encoded.text


def packed(text: str, seed: int) -> tuple[list[UserData], str]:
    encoded = encode_text(text, prefer="gsm7-packed", unmappable="replace", languages=["turkish"])
    assert encoded.septets is not None
    made = []
    for size, septets in enumerate(pieces_of(encoded.septets, seed)):
        made.append(UserData(pack(septets, fill_bits(size % 9)), encoded.elements, header_octets=size % 9))
    return made, encoded.text


def ucs2(text: str, seed: int) -> tuple[list[UserData], str]:
    return [UserData(body, data_coding=8) for body in pieces_of(text.encode("utf-16-be"), seed, step=2)], text


def utf8(text: str, seed: int) -> tuple[list[UserData], str]:
    return [UserData(body) for body in pieces_of(text.encode(), seed)], text


@pytest.mark.parametrize(("cut", "default"), [(gsm7, "gsm7"), (packed, "gsm7-packed"), (ucs2, "gsm7"), (utf8, "utf-8")])
@given(text=LETTERS, seed=st.integers(0, 1 << 32))
def test_whatever_a_foreign_sender_cuts_in_two_is_whole_again(
    cut: Callable[[str, int], tuple[list[UserData], str]], default: str, text: str, seed: int
) -> None:
    bodies, shown = cut(text, seed)
    parts = [body._replace(segment=Segment("udh16", 1, len(bodies), number)) for number, body in enumerate(bodies, 1)]
    joined = join(parts if len(parts) > 1 else bodies, default=default)
    assert (joined.text, joined.damaged) == (shown, False)


HEADERS = [b"", build_udh([ports(1)]), build_udh(national_elements(1, 1)), build_udh(national_elements(0, 6))]
STORED = st.tuples(st.binary(max_size=9), st.sampled_from([0, 1, 3, 4, 8, 0xF5]), st.sampled_from(HEADERS))


@given(st.lists(st.none() | STORED, max_size=6), st.sampled_from(["gsm7", "gsm7-packed", "latin1"]))
def test_the_gateway_joins_as_this_does(bodies: list[tuple[bytes, int, bytes] | None], default: str) -> None:
    there = []
    for number, stored in enumerate(bodies, 1):
        if stored is not None:
            body, data_coding, header = stored
            elements = parse_udh(header)[0] if header else ()
            there.append(part(number, body, len(bodies), data_coding, elements=elements, header_octets=len(header)))
    assume(there)
    joined = join(there, default=default)
    text, octets, damaged = compose(bodies, default)
    assert (octets, damaged) == (joined.octets, joined.damaged)
    assert text == (None if joined.text is None else joined.text.rstrip("\0"))


@given(
    st.lists(
        st.builds(
            UserData,
            st.binary(max_size=9),
            st.lists(st.builds(Element, st.sampled_from([0, 8, 0x24, 0x25, 5]), st.binary(max_size=4))).map(tuple),
            st.none()
            | st.builds(Segment, st.just("udh8"), st.integers(0, 1), st.integers(2, 4), st.integers(1, 4)).filter(
                lambda segment: segment.number <= segment.total
            ),
            st.integers(0, 255),
            st.integers(0, 20),
        ),
        max_size=6,
    ),
    st.sampled_from(["gsm7", "gsm7-packed", "latin1", "utf-8", "ucs2"]),
)
def test_joining_never_raises(parts: list[UserData], default: str) -> None:
    joined = join(parts, default=default)
    assert len(joined.missing) < max(joined.total, 1)
    assert decode_parts(parts, default=default).alphabet
