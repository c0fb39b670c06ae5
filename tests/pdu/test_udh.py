"""Headers, and which part of a message they say it is."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu import (
    DataSm,
    DecodeError,
    DeliverSm,
    Element,
    EncodeError,
    Segment,
    SubmitSm,
    Tlv,
    build_udh,
    concatenation,
    parse_udh,
    payload,
    ports,
    user_data,
)

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


def headed(octets: bytes) -> DeliverSm:
    return DeliverSm(esm_class=0x40, short_message=octets)


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
        # Of two the last counts, unless it cannot be.
        (
            DeliverSm(esm_class=0x40, short_message=b"\x0b\0\3\x2a\2\1\x08\4\1\2\3\3Hi"),
            b"Hi",
            Segment("udh16", 0x0102, 3, 3),
        ),
        (
            DeliverSm(esm_class=0x40, short_message=b"\x0a\0\3\x2a\2\1\0\3\x2b\2\2Hi"),
            b"Hi",
            Segment("udh8", 0x2B, 2, 2),
        ),
        (
            DeliverSm(esm_class=0x40, short_message=b"\x0a\0\3\x2a\2\1\0\3\x2b\2\0Hi"),
            b"Hi",
            Segment("udh8", 0x2A, 2, 1),
        ),
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
    assert found.header_octets == len(payload(pdu)) - len(body)


@pytest.mark.parametrize(
    ("element", "octets"),
    [
        (concatenation("udh8", 0x0102, 3, 2), "0003020302"),
        (concatenation("udh16", 0x030102, 255, 255), "08040102ffff"),
        (ports(2948, 9200), "05040b8423f0"),
        (ports(16000), "05043e800000"),
    ],
)
def test_an_element_is_made_of_its_numbers(element: Element, octets: str) -> None:
    assert build_udh([element])[1:].hex() == octets


@pytest.mark.parametrize(
    "numbers", [("udh8", 1, 256, 1), ("udh8", 1, 2, 3), ("udh8", 1, 2, 0), ("udh16", 1, 0, 0), ("sar", 1, 2, 1)]
)
def test_a_part_that_cannot_be_numbered_is_refused(numbers: tuple[str, int, int, int]) -> None:
    with pytest.raises(EncodeError):
        concatenation(*numbers)


@pytest.mark.parametrize("numbers", [(65536, 0), (0, -1)])
def test_a_port_beyond_two_octets_is_refused(numbers: tuple[int, int]) -> None:
    with pytest.raises(EncodeError, match="ports"):
        ports(*numbers)


@given(st.lists(st.builds(Element, st.integers(0, 255), st.binary(max_size=30)), min_size=1, max_size=7), st.binary())
def test_any_header_is_read_back(elements: list[Element], body: bytes) -> None:
    assert parse_udh(build_udh(elements) + body) == (tuple(elements), body)


@given(st.binary(max_size=20))
def test_any_octets_are_a_header_or_refused(octets: bytes) -> None:
    with suppress(DecodeError):
        elements, body = parse_udh(octets)
        assert 1 + sum(2 + len(value) for _, value in elements) + len(body) == len(octets)
