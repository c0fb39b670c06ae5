"""Headers, segments and the parts of long texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu import (
    DataSm,
    DecodeError,
    DeliverSm,
    Element,
    EncodeError,
    Part,
    Segment,
    SubmitSm,
    Tlv,
    build_udh,
    decode_text,
    parse_udh,
    split_octets,
    split_text,
    user_data,
)

# A byte order mark and its mirror, at the beginning of a part, are no text.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufeff\ufffe"), max_size=400)
SAR = (Tlv(0x020C, b"\x01\x02"), Tlv(0x020E, b"\x03"), Tlv(0x020F, b"\x02"))


@pytest.mark.parametrize(
    ("octets", "elements", "body"),
    [
        (b"\x05\x00\x03\x2a\x02\x01Hi", (Element(0, b"\x2a\x02\x01"),), b"Hi"),
        (b"\x06\x08\x04\x01\x02\x02\x01", (Element(8, b"\x01\x02\x02\x01"),), b""),
        (
            b"\x0b\x05\x04\x15\x81\x00\x00\x00\x03\x2a\x02\x01Hi",
            (Element(5, b"\x15\x81\x00\x00"), Element(0, b"\x2a\x02\x01")),
            b"Hi",
        ),
        (b"\x02\x70\x00Hi", (Element(0x70, b""),), b"Hi"),
        (b"\x00Hi", (), b"Hi"),
    ],
)
def test_a_header_is_split_off(octets: bytes, elements: tuple[Element, ...], body: bytes) -> None:
    assert parse_udh(octets) == (elements, body)
    if elements:
        assert build_udh(elements) + body == octets


@pytest.mark.parametrize(
    "octets", [b"", b"\x05", b"\x05\x00\x03\x2a\x02", b"\x05\x00\x09\x2a\x02\x01Hi", b"\x01\x00Hi"]
)
def test_a_header_past_its_end_is_refused(octets: bytes) -> None:
    with pytest.raises(DecodeError):
        parse_udh(octets)
    with pytest.raises(DecodeError) as caught:
        user_data(DeliverSm(esm_class=0x40, short_message=octets, sequence=9))
    assert (caught.value.command_id, caught.value.sequence) == (5, 9)


@pytest.mark.parametrize("elements", [[Element(256, b"")], [Element(0, bytes(256))], [Element(0, bytes(200))] * 2])
def test_a_header_that_does_not_fit_is_not_built(elements: list[Element]) -> None:
    with pytest.raises(EncodeError):
        build_udh(elements)


@pytest.mark.parametrize(
    ("pdu", "body", "segment"),
    [
        (DeliverSm(short_message=b"Hi"), b"Hi", None),
        (DeliverSm(esm_class=0x40, short_message=b"\5\0\3\x2a\2\1Hi"), b"Hi", Segment("udh8", 0x2A, 2, 1)),
        (DeliverSm(esm_class=0x44, short_message=b"\5\0\3\x2a\2\1Hi"), b"Hi", Segment("udh8", 0x2A, 2, 1)),
        (SubmitSm(esm_class=0x40, short_message=b"\6\x08\4\1\2\3\3Hi"), b"Hi", Segment("udh16", 0x0102, 3, 3)),
        (DeliverSm(short_message=b"\5\0\3\x2a\2\1Hi"), b"\5\0\3\x2a\2\1Hi", None),
        (DeliverSm(short_message=b"Hi", tlvs=SAR), b"Hi", Segment("sar", 0x0102, 3, 2)),
        (
            DeliverSm(esm_class=0x40, short_message=b"\5\0\3\x2a\2\1Hi", tlvs=SAR),
            b"Hi",
            Segment("udh8", 0x2A, 2, 1),
        ),
        (DeliverSm(esm_class=0x40, short_message=b"\2\x70\0Hi", tlvs=SAR), b"Hi", Segment("sar", 0x0102, 3, 2)),
        (DeliverSm(esm_class=0x40, short_message=b"\5\0\3\x2a\0\1Hi"), b"Hi", None),
        (DeliverSm(esm_class=0x40, short_message=b"\5\0\3\x2a\1\1Hi"), b"Hi", None),
        (DeliverSm(esm_class=0x40, short_message=b"\5\0\3\x2a\2\0Hi"), b"Hi", None),
        (DeliverSm(esm_class=0x40, short_message=b"\5\0\3\x2a\2\3Hi"), b"Hi", None),
        (DeliverSm(esm_class=0x40, short_message=b"\4\0\2\x2a\2Hi"), b"Hi", None),
        (DeliverSm(tlvs=(Tlv(0x020C, b"\1"), Tlv(0x020E, b"\2"))), b"", None),
        (DeliverSm(tlvs=(Tlv(0x0424, b"Hi"),)), b"Hi", None),
        (DeliverSm(short_message=b"Hi", tlvs=(Tlv(0x0424, b"Ho"),)), b"Hi", None),
        (DataSm(tlvs=(Tlv(0x0424, b"Hi"),)), b"Hi", None),
        (DataSm(), b"", None),
        (DataSm(esm_class=0x40, tlvs=(Tlv(0x0424, b"\5\0\3\x2a\2\1Hi"),)), b"Hi", Segment("udh8", 0x2A, 2, 1)),
    ],
)
def test_user_data_is_body_and_segment(
    pdu: DeliverSm | DataSm | SubmitSm, body: bytes, segment: Segment | None
) -> None:
    found = user_data(pdu)
    assert (found.body, found.segment) == (body, segment)


def as_submit(part: Part) -> SubmitSm:
    return SubmitSm(
        esm_class=part.esm_class, data_coding=part.data_coding, short_message=part.udh + part.body, tlvs=part.tlvs
    )


def joined(parts: list[Part], default: str = "gsm7") -> str:
    """The text as a receiver puts it together, each part decoded on its own."""
    text = ""
    for number, part in enumerate(parts, 1):
        data = user_data(as_submit(part))
        if len(parts) > 1:
            assert data.segment is not None
            assert (data.segment.total, data.segment.number) == (len(parts), number)
        decoded = decode_text(data.body, part.data_coding, default=default, header_octets=len(part.udh))
        assert not decoded.damaged
        assert decoded.text is not None
        text += decoded.text
    return text


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
        ("Ж" * 70, "udh8", [140]),
        ("Ж" * 71, "udh8", [134, 8]),
        ("Ж" * 71, "udh16", [132, 10]),
        ("Ж" * 66 + "😀" + "Ж" * 10, "udh8", [132, 24]),
        ("Ж" * 66 + "e\u0301" + "Ж" * 10, "udh8", [132, 24]),
        ("Ж" * 63 + "👩\u200d💻" + "Ж" * 10, "udh8", [126, 30]),
        ("Ж" * 65 + "👍🏿" + "Ж" * 10, "udh8", [130, 28]),
        ("Ж" * 65 + "🇹🇿" + "Ж" * 10, "udh8", [130, 28]),
        ("Ж" * 69 + "\u0301" * 80, "udh8", [134, 134, 30]),
    ],
)
def test_a_text_is_cut_where_it_does_not_hurt(text: str, kind: str, sizes: list[int]) -> None:
    parts = split_text(text, reference=7, kind=kind)
    if "\u0301" * 80 not in text:
        assert [len(part.body) for part in parts] == sizes
    assert joined(parts) == text


@pytest.mark.parametrize(
    ("kind", "esm_class", "head"),
    [("udh8", 0x40, "050003020201"), ("udh16", 0x40, "06080401020201"), ("sar", 0, "")],
)
def test_the_reference_stands_in_its_kind_of_header(kind: str, esm_class: int, head: str) -> None:
    first, second = split_text("a" * 200, reference=0x0102, kind=kind)
    assert (first.udh.hex(), first.esm_class) == (head, esm_class)
    assert user_data(as_submit(second)).segment == Segment(kind, 0x02 if kind == "udh8" else 0x0102, 2, 2)


@given(TEXT, st.sampled_from(["udh8", "udh16", "sar"]), st.sampled_from(["gsm7", "latin1", "utf-8"]))
def test_any_text_comes_together_again(text: str, kind: str, prefer: str) -> None:
    parts = split_text(text, reference=0xABCD, kind=kind, prefer=prefer)
    assert joined(parts, prefer) == text
    for part in parts:
        room = 160 if part.data_coding == 0 and prefer == "gsm7" else 140
        assert len(part.udh) + len(part.body) <= room


@given(st.text("abc@€{é", max_size=500))
def test_packed_septets_come_together_again(text: str) -> None:
    parts = split_text(text, reference=1, prefer="gsm7-packed")
    assert all(len(part.udh) + len(part.body) <= 140 for part in parts)
    # A last "@" of a part may be taken for padding: SMPP has no count of septets.
    if "@" not in text:
        assert joined(parts, "gsm7-packed") == text


@given(st.binary(max_size=1000))
def test_any_octets_come_together_again(octets: bytes) -> None:
    parts = split_octets(octets, reference=1)
    assert b"".join(user_data(as_submit(part)).body for part in parts) == octets
    assert {part.data_coding for part in parts} == {4}
    assert all(len(part.udh) + len(part.body) <= 140 for part in parts)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"text": "a" * (153 * 255 + 1)}, "text"),
        ({"text": "a" * 200, "kind": "pigeon"}, "kind"),
        ({"text": "a" * 200, "limit": 8}, "limit"),
    ],
)
def test_what_cannot_be_split_is_refused(arguments: dict[str, str], field: str) -> None:
    with pytest.raises(EncodeError) as caught:
        split_text(**arguments, reference=1)  # type: ignore[arg-type]
    assert caught.value.field == field
