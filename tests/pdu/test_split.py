"""Long texts in parts: cut where it does not hurt, in the fewest parts, and come together again."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu import (
    DataSm,
    Element,
    EncodeError,
    Part,
    Segment,
    Split,
    SubmitSm,
    clusters,
    decode,
    decode_text,
    encode,
    encode_text,
    join,
    ports,
    split_octets,
    split_text,
    user_data,
)
from pdu.gsm7 import unpack

KINDS = ("udh8", "udh16", "sar")
# Letters of every alphabet and of none but UCS-2, pairs, and clusters. A byte order mark or its mirror, at the begin of
# a part, are no text; a last "@" of packed septets may be taken for padding, as SMPP has no count of them.
PIECES = (
    *"aZ 1?éÄ\n", *"€{]", *"ğşİ", *"नमतषक", "स्ते", "क्ष", "त्र\u093f", "Ж", "ጤ", "😀", "👩\u200d💻", "👍🏿", "🇹🇿",
    "e\u0301", "\r\n", "Ж" + "\u0301" * 9,
)  # fmt: skip
INDIC = ("न", "म", "त", "स्ते", "क्ष", "त्र\u093f", " ", "a", "{", "?")
TURKISH = (*"aZ 1?Ä\n{ğşİ", "ğ", "\r\n")
GSM = [piece for piece in PIECES if set(piece) <= set("aZ 1?éÄ\n€{]\r")]


@st.composite
def asked(draw: st.DrawFn) -> dict[str, Any]:
    """A text, and how to split it."""
    pool = draw(st.sampled_from([PIECES, GSM, INDIC, TURKISH]))
    dice = random.Random(draw(st.integers(0, 1 << 32)))  # a list drawn by hypothesis is seldom long enough for parts
    return {
        "text": "".join(dice.choices(pool, k=draw(st.integers(0, 250)))),
        "reference": draw(st.integers(0, 0xFFFF)),
        "kind": draw(st.sampled_from(KINDS)),
        "limit": draw(st.sampled_from([140]) | st.integers(30, 260)),
        "prefer": draw(st.sampled_from(["gsm7", "gsm7", "gsm7-packed", "latin1", "ascii", "ucs2", "utf-8"])),
        "languages": draw(st.sampled_from([(), (1, 6), (1, 6), ("turkish",), ("hindi",)])),
        "elements": draw(st.sampled_from([(), (), (ports(2948),), (Element(0x70, b""), ports(5, 6))])),
    }


def as_submit(part: Part) -> SubmitSm:
    """As it goes over the wire."""
    message = SubmitSm(
        esm_class=part.esm_class, data_coding=part.data_coding, short_message=part.short_message, tlvs=part.tlvs
    )
    made = decode(encode(message))
    assert isinstance(made, SubmitSm)
    return made


def default_of(split: Split) -> str:
    return split.alphabet if split.alphabet in ("gsm7-packed", "utf-8") else "gsm7"


@pytest.mark.parametrize(
    ("text", "kind", "sizes"),
    [
        ("", "udh8", [0]),
        ("a" * 160, "udh8", [160]),
        ("a" * 161, "udh8", [153, 8]),
        ("a" * 161, "udh16", [152, 9]),
        ("a" * 161, "sar", [153, 8]),
        ("a" * 306, "udh8", [153, 153]),
        ("a" * 307, "udh8", [153, 153, 1]),
        ("a" * 152 + "€" + "a" * 20, "udh8", [152, 22]),
        ("€" * 81, "udh8", [152, 10]),
        ("a" * 152 + "\r\n" + "a" * 20, "udh8", [152, 22]),
        ("Ж" * 70, "udh8", [140]),
        ("Ж" * 71, "udh8", [134, 8]),
        ("Ж" * 71, "udh16", [132, 10]),
        ("Ж" * 66 + "😀" + "Ж" * 10, "udh8", [132, 24]),
        ("Ж" * 66 + "e\u0301" + "Ж" * 10, "udh8", [132, 24]),
        ("Ж" * 63 + "👩\u200d💻" + "Ж" * 10, "udh8", [126, 30]),
        ("Ж" * 65 + "👍🏿" + "Ж" * 10, "udh8", [130, 28]),
        ("Ж" * 65 + "🇹🇿" + "Ж" * 10, "udh8", [130, 28]),
        ("Ж" * 66 + "क्ष" + "Ж" * 10, "udh8", [132, 26]),
        ("Ж" * 70 + "\u0301" * 66, "udh8", [134, 4, 134]),
        ("Ж" * 65 + "Ж" + "\u0301" * 80 + "Ж" * 60, "udh8", [134, 134, 134, 10]),
    ],
)
def test_a_text_is_cut_where_it_does_not_hurt(text: str, kind: str, sizes: list[int]) -> None:
    split = split_text(text, reference=7, kind=kind)
    assert [len(part.body) for part in split.parts] == sizes
    assert split.text == text
    assert join(user_data(as_submit(part)) for part in split.parts).text == text


@pytest.mark.parametrize(
    ("kind", "esm_class", "head"),
    [("udh8", 0x40, "050003020201"), ("udh16", 0x40, "06080401020201"), ("sar", 0, "")],
)
def test_the_reference_stands_in_its_kind_of_header(kind: str, esm_class: int, head: str) -> None:
    first, second = split_text("a" * 200, reference=0x0102, kind=kind).parts
    assert (first.udh.hex(), first.esm_class) == (head, esm_class)
    assert user_data(as_submit(second)).segment == Segment(kind, 0x02 if kind == "udh8" else 0x0102, 2, 2)


@given(asked())
def test_any_text_comes_together_again(how: dict[str, Any]) -> None:
    split = split_text(**how)
    assert (split.text, split.changed) == (how["text"], ())
    users = [user_data(as_submit(part)) for part in split.parts]
    if len(users) > 1:
        assert [user.segment and user.segment[2:] for user in users] == [
            (len(users), number) for number in range(1, len(users) + 1)
        ]
    joined = join(users, default=default_of(split))
    assert (joined.text, joined.damaged, joined.missing, joined.conflicts, joined.strangers) == (
        how["text"], False, (), (), ()
    )  # fmt: skip
    assert joined.elements == (*how["elements"], *split.elements)


@given(asked())
def test_every_part_fits_and_is_whole_clusters(how: dict[str, Any]) -> None:
    split = split_text(**how)
    text, torn = split.text or "", "".join(split.torn)
    begins = {0}
    for cluster in clusters(text):
        begins.add(max(begins) + len(cluster))
    at = 0
    for part in split.parts:
        # A carrier makes a header of the sar parameters: of 6 octets, or 5 in one that is there.
        header = len(part.udh) + (5 if part.udh else 6) * (part.tlvs != ())
        on_air = -(-7 * len(part.body) // 8) if split.alphabet == "gsm7" else len(part.body)
        assert header + on_air <= how["limit"]
        assert len(part.short_message) <= 254
        own = user_data(as_submit(part))
        decoded = decode_text(
            own.body, own.data_coding, default=default_of(split), elements=own.elements, header_octets=own.header_octets
        )
        assert not decoded.damaged
        assert decoded.text is not None
        assert text.startswith(decoded.text, at)
        assert at in begins or text[at] in torn
        at += len(decoded.text)


def fewest(text: str, split: Split, how: dict[str, Any]) -> int:
    """Of all ways to put the atoms of the text into parts, the least: by trying every end of every part."""
    elements = (*how["elements"], *split.elements)
    plain = sum(2 + len(value) for _, value in elements)
    number = {"udh8": 5, "udh16": 6, "sar": 5}[how["kind"]]
    septets = split.alphabet in ("gsm7", "gsm7-packed")

    def room(octets: int) -> int:
        header = octets and octets + 1
        if not septets:
            return min(how["limit"], 254) - header
        if split.alphabet == "gsm7":
            return min((how["limit"] - header) * 8 - fill(header), 7 * (254 - header)) // 7
        # A carrier that makes a header of sar parameters moves what is behind it: it must fit before and after.
        return (8 * (min(how["limit"], 254) - header) - max(fill(header), fill(plain and plain + 1))) // 7

    def fill(header: int) -> int:
        """Behind a header septets begin at a multiple of seven bits."""
        return -(-8 * header // 7) * 7 - 8 * header

    def size(run: str) -> int:
        if septets:
            encoded = encode_text(run, unmappable="refuse", languages=how["languages"])
            assert encoded.septets is not None
            return len(encoded.septets)
        return len(run.encode({"ucs2": "utf-16-be"}.get(split.alphabet, split.alphabet)))

    if split.elements:  # the size of a letter depends on the tables chosen for the whole
        return fewest_septets(text, split, room(plain), room(plain + number))
    sizes = []
    for cluster in clusters(text):
        sizes += [size(cluster)] if size(cluster) <= room(plain + number) else [size(char) for char in cluster]
    return least_bins(sizes, room(plain), room(plain + number))


def fewest_septets(text: str, split: Split, alone: int, room: int) -> int:
    """The same where national tables are in use: the septets are taken from the parts themselves."""
    septets = b"".join(
        [
            unpack(part.body, -8 * len(part.udh) % 7) if split.alphabet == "gsm7-packed" else part.body
            for part in split.parts
        ]
    )
    letters = []
    at = 0
    while at < len(septets):
        wide = 2 if septets[at] == 0x1B else 1
        letters.append(wide)
        at += wide
    assert len(letters) == len(text)
    sizes = []
    for cluster in clusters(text):
        each, letters = letters[: len(cluster)], letters[len(cluster) :]
        sizes += [sum(each)] if sum(each) <= room else each
    return least_bins(sizes, alone, room)


def least_bins(sizes: list[int], alone: int, room: int) -> int:
    if sum(sizes) <= alone:
        return 1
    best = [0] + [len(sizes)] * len(sizes)
    for end in range(1, len(sizes) + 1):
        total = 0
        for start in range(end - 1, -1, -1):
            total += sizes[start]
            if total > room:
                break
            best[end] = min(best[end], best[start] + 1)
    return best[-1]


@given(asked())
def test_no_way_to_cut_needs_fewer_parts(how: dict[str, Any]) -> None:
    split = split_text(**how)
    assert len(split.parts) == fewest(how["text"], split, how)


@given(asked(), st.sampled_from(["gsm7", "gsm7-packed"]))
def test_no_alphabet_on_offer_needs_fewer_parts(how: dict[str, Any], prefer: str) -> None:
    how |= {"prefer": prefer}
    parts = len(split_text(**how).parts)
    assert parts <= len(split_text(**how | {"prefer": "ucs2"}).parts)
    with suppress(EncodeError):
        assert parts <= len(split_text(**how | {"unmappable": "refuse"}).parts)


@pytest.mark.parametrize(
    ("text", "limit", "header", "chosen"),
    [
        ("क" * 40, 140, 0, "UCS-2, 1 part"),
        ("क" * 80, 140, 0, "GSM 7-bit, 1 part"),
        # Smaller parts than those of 140 octets that the alphabets are compared by.
        ("क" * 15, 40, 8, "GSM 7-bit, 1 part"),  # 22 septets behind two elements, against 14 characters behind one
        ("क" * 15, 40, 0, "UCS-2, 1 part"),
        ("ğ{" * 36, 16, 0, "UCS-2, 15 parts"),  # 5 characters, against 5 septets of which a "{" takes two
        ("ğ{" * 36, 140, 0, "GSM 7-bit, 1 part"),
    ],
)
def test_tables_and_ucs2_are_compared_by_the_parts_asked_for(text: str, limit: int, header: int, chosen: str) -> None:
    elements = [Element(0x70, bytes(header))] if header else []
    split = split_text(text, reference=1, limit=limit, elements=elements, languages=["hindi", "turkish"])
    assert str(split) == chosen


def test_packed_septets_fit_also_where_a_carrier_makes_a_larger_header() -> None:
    # 16 octets are left of 30 behind a header of 14 on the air: 18 septets. Behind one of 9 in the PDU, with 5 fill
    # bits, they would take 17.
    elements = (Element(0x70, b""), ports(5, 6))
    split = split_text("a" * 36, reference=1, kind="sar", limit=30, prefer="gsm7-packed", elements=elements)
    assert [len(part.body) for part in split.parts] == [16, 16, 3]


@pytest.mark.parametrize("text", ["a" * 200, "Ж" * 200])
@pytest.mark.parametrize("kind", KINDS)
def test_what_the_caller_puts_into_the_header_stands_in_every_part(text: str, kind: str) -> None:
    mine = (ports(2948, 9200), Element(0x70, b"\1"))
    split = split_text(text, reference=1, kind=kind, elements=mine)
    assert len(split.parts) > 1
    for part in split.parts:
        assert part.esm_class == 0x40
        assert user_data(as_submit(part)).elements[-2:] == mine
    (one,) = split_text("Hi", reference=1, kind=kind, elements=mine).parts
    assert user_data(as_submit(one))[:3] == (b"Hi", mine, None)


def test_national_tables_are_named_in_every_part() -> None:
    split = split_text("ğ" * 200, reference=1, languages=["turkish"])
    assert split.alphabet == "gsm7"
    assert split.elements
    for part in split.parts:
        assert user_data(as_submit(part)).elements[1:] == split.elements


@pytest.mark.parametrize(("message_class", "data_coding"), [(0, 0xF0), (2, 0xF2)])
def test_the_class_passes_through(message_class: int, data_coding: int) -> None:
    split = split_text("a" * 200, reference=1, message_class=message_class)
    assert {part.data_coding for part in split.parts} == {data_coding}
    assert {part.data_coding for part in split_text("Ж" * 200, reference=1, message_class=message_class).parts} == {
        0x18 | message_class
    }


@pytest.mark.parametrize(
    ("text", "choices", "words"),
    [
        ("Hi", {}, "GSM 7-bit, 1 part"),
        ("Ж" * 200, {}, "UCS-2, 3 parts"),
        ("Ж" * 200, {"unmappable": "replace"}, "GSM 7-bit, 2 parts, 200 characters changed"),
        ("naïve", {"unmappable": "replace"}, "GSM 7-bit, 1 part, 1 character changed"),
        ("é" * 200, {"prefer": "latin1", "kind": "sar"}, "Latin-1, 2 parts"),
        ("Ж" + "\u0301" * 200, {}, "UCS-2, 3 parts, 1 cut apart"),
    ],
)
def test_the_result_says_what_was_chosen(text: str, choices: dict[str, Any], words: str) -> None:
    assert str(split_text(text, reference=1, **choices)) == words


def test_a_cluster_larger_than_a_part_is_cut_between_code_points_and_named() -> None:
    giant = "👩" + "\u200d👩" * 40
    split = split_text("Ж" * 10 + giant + "e\u0301" * 60, reference=1)
    assert split.torn == (giant,)
    joined = join(user_data(as_submit(part)) for part in split.parts)
    assert joined.text == split.text


# --- message_payload -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["a" * 161, "Ж" * 71, "a" * 65_535, "Ж" * 32_767])
def test_a_payload_holds_what_does_not_fit(text: str) -> None:
    split = split_text(text, reference=1, kind="payload")
    (part,) = split.parts
    assert (part.udh, part.short_message, part.esm_class) == (b"", b"", 0)
    sent = as_submit(part)
    assert join([user_data(sent)]).text == text
    assert join([user_data(DataSm(data_coding=part.data_coding, tlvs=part.tlvs))]).text == text


def test_what_fits_needs_no_payload() -> None:
    (part,) = split_text("a" * 160, reference=1, kind="payload").parts
    assert (part.short_message, part.tlvs) == (b"a" * 160, ())


def test_a_header_of_the_caller_goes_into_the_payload() -> None:
    split = split_text("ğ" * 400, reference=1, kind="payload", languages=["turkish"], elements=[ports(2948)])
    (part,) = split.parts
    assert part.esm_class == 0x40
    joined = join([user_data(as_submit(part))])
    assert (joined.text, joined.elements) == ("ğ" * 400, (ports(2948), *split.elements))


# --- octets ----------------------------------------------------------------------------------------------------------


@given(st.binary(max_size=1000), st.sampled_from(KINDS), st.integers(30, 260), st.sampled_from([(), (ports(1),)]))
def test_any_octets_come_together_again(octets: bytes, kind: str, limit: int, elements: tuple[Element, ...]) -> None:
    split = split_octets(octets, reference=1, kind=kind, limit=limit, elements=elements)
    assert (split.alphabet, split.data_coding, split.text) == ("binary", 4, None)
    assert {part.data_coding for part in split.parts} == {4}
    assert all(len(part.udh) + len(part.body) <= min(limit, 254) for part in split.parts)
    joined = join(user_data(as_submit(part)) for part in split.parts)
    assert (joined.octets, joined.text, joined.complete, joined.elements) == (octets, None, True, elements)


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "field", "reason"),
    [
        ({"text": "a" * (153 * 255 + 1)}, "text", "256 parts would be needed, at most 255 are allowed"),
        ({"text": "a" * 460, "max_parts": 3}, "text", "4 parts would be needed, at most 3 are allowed"),
        ({"text": "Ж" * 71, "max_parts": 1}, "text", "2 parts would be needed, at most 1 are allowed"),
        ({"text": "a" * 65_536, "kind": "payload"}, "text", "65536 octets are more than a message_payload holds"),
        ({"text": "a", "max_parts": 0}, "max_parts", "0 is not within 1 to 255"),
        ({"text": "a", "max_parts": 256}, "max_parts", "256 is not within 1 to 255"),
        ({"text": "a" * 200, "kind": "pigeon"}, "kind", "'pigeon' is none of udh8, udh16, sar, payload"),
        ({"text": "a" * 200, "limit": 8}, "limit", "8 octets leave 2 for text, at least 4 are needed"),
        ({"text": "a", "elements": [Element(0x25, b"\1")]}, "elements", "national tables follow from `languages`"),
        ({"text": "a", "elements": [Element(0, b"\1\2\1")]}, "elements", "the one that numbers a part is made here"),
        ({"text": "a", "elements": [Element(0x70, bytes(250))]}, "udh", None),
        ({"text": "a", "prefer": "klingon"}, "alphabet", None),
        ({"text": "Ж", "unmappable": "refuse"}, "text", None),
    ],
)
def test_what_cannot_be_split_is_refused(arguments: dict[str, Any], field: str, reason: str | None) -> None:
    with pytest.raises(EncodeError) as caught:
        split_text(**arguments, reference=1)
    assert caught.value.field == field
    assert reason is None or caught.value.reason == reason


def test_octets_of_too_many_parts_are_refused() -> None:
    with pytest.raises(EncodeError, match="256 parts would be needed, at most 255 are allowed"):
        split_octets(bytes(134 * 255 + 1), reference=1)
