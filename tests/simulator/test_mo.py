"""What the SMSC makes of a message, read back by the codec."""

from __future__ import annotations

import random
from typing import Any

import pytest

import pdu
from smppd.simulator.habits import Habits
from smppd.simulator.mo import Mo, flood_maker


def made(mo: Mo, reference: int = 7) -> list[Any]:
    return [pdu.decode(octets) for octets, _ in mo.pdus(reference, Habits(), random.Random(0))]


def text_of(messages: list[Any]) -> str:
    parts = [(pdu.user_data(message), message.data_coding) for message in messages]
    texts = [pdu.decode_text(part.body, data_coding).text for part, data_coding in parts]
    return "".join(text or "" for text in texts)


@pytest.mark.parametrize(
    ("text", "alphabet", "data_coding", "octets"),
    [
        ("ab@€", "auto", 0x00, b"ab\x00\x1be"),
        ("ab@€", "gsm7", 0x00, b"ab\x00\x1be"),
        ("habari ڤ", "auto", 0x08, "habari ڤ".encode("utf-16-be")),
        ("ab", "ucs2", 0x08, b"\x00a\x00b"),
        ("é", "latin1", 0x03, b"\xe9"),
        ("é", "utf-8", 0x00, b"\xc3\xa9"),
        ("ab", "ascii", 0x01, b"ab"),
    ],
)
def test_the_alphabet_gives_octets_and_data_coding(text: str, alphabet: str, data_coding: int, octets: bytes) -> None:
    (message,) = made(Mo(text=text, alphabet=alphabet))
    assert (message.data_coding, message.short_message) == (data_coding, octets)


@pytest.mark.parametrize(("text", "alphabet"), [("ڤ", "gsm7"), ("ڤ", "latin1"), ("é", "ascii")])
def test_a_text_outside_its_alphabet_is_refused(text: str, alphabet: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        made(Mo(text=text, alphabet=alphabet))


@pytest.mark.parametrize("kind", ["udh8", "udh16", "sar"])
@pytest.mark.parametrize(
    "text", ["x" * 161, "€" * 200, "ڤ" * 200, "😀" * 100, "x" * 152 + "€" + "y" * 300, "ab😀" * 60]
)
def test_a_long_text_is_cut_and_joins_again(kind: str, text: str) -> None:
    messages = made(Mo(text=text, multipart=kind), reference=0x1234)
    segments = [pdu.user_data(message).segment for message in messages]
    total = len(messages)
    assert total > 1
    expected = 0x34 if kind == "udh8" else 0x1234
    assert segments == [pdu.Segment(kind, expected, total, number) for number in range(1, total + 1)]
    assert text_of(messages) == text
    for message in messages:
        body = pdu.user_data(message).body
        assert body[-1:] != b"\x1b"
        assert message.data_coding != 8 or not 0xD8 <= body[-2] < 0xDC


@pytest.mark.parametrize(("text", "parts"), [("x" * 160, 1), ("x" * 161, 2), ("ڤ" * 70, 1), ("ڤ" * 71, 2)])
def test_what_fits_one_message_is_not_cut(text: str, parts: int) -> None:
    assert len(made(Mo(text=text))) == parts


def test_a_message_payload_holds_all() -> None:
    (message,) = made(Mo(text="x" * 400, multipart="payload"))
    assert (message.short_message, pdu.find_tlv(message.tlvs, 0x0424)) == (b"", b"x" * 400)


def test_parts_go_in_the_order_told_repeated_and_left_out() -> None:
    messages = made(Mo(text="x" * 400, order=(3, 1, 1)))
    assert [segment.number for message in messages if (segment := pdu.user_data(message).segment)] == [3, 1, 1]


@pytest.mark.parametrize("order", [(0,), (4,), (-1,)])
def test_an_order_of_parts_that_are_not_there_is_refused(order: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="1 to 3"):
        made(Mo(text="x" * 400, order=order))


def test_parts_name_their_links() -> None:
    mo = Mo(text="x" * 400, links=(0, 1))
    assert [link for _, link in mo.pdus(1, Habits(), random.Random(0))] == [0, 1, 0]


def test_octets_data_coding_esm_class_and_tlvs_are_taken_as_given() -> None:
    (message,) = made(Mo(octets=b"\x05\x00\x03", data_coding=0xF5, esm_class=0x40, tlvs=(pdu.Tlv(0x1400, b"v"),)))
    assert (message.short_message, message.data_coding, message.esm_class) == (b"\x05\x00\x03", 0xF5, 0x40)
    assert message.tlvs == (pdu.Tlv(0x1400, b"v"),)


def test_data_sm_carries_the_text_in_message_payload() -> None:
    messages = made(Mo(text="x" * 200, data_sm=True))
    assert [type(message) for message in messages] == [pdu.DataSm] * 2
    assert text_of(messages) == "x" * 200


def test_a_raw_pdu_is_sent_as_it_is() -> None:
    octets = bytes.fromhex("00000011000000050000000000000000ff")
    assert list(Mo(raw=octets).pdus(1, Habits(), random.Random(0))) == [(octets, None)]


def test_json_names_everything() -> None:
    given = {"from": "1", "to": "2", "octets": "ff00", "order": [1], "links": [2], "tlvs": {"0x1400": "0a"}}
    tlvs = (pdu.Tlv(0x1400, b"\n"),)
    expected = Mo(source="1", destination="2", octets=b"\xff\x00", order=(1,), links=(2,), tlvs=tlvs)
    assert Mo.from_json(given) == expected


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"txt": "a"}, "unknown field 'txt'"),
        ({"text": 5}, "field 'text' takes str"),
        ({"octets": "zz"}, "field 'octets'"),
        ({"tlvs": [1]}, "field 'tlvs'"),
        ({"alphabet": "ebcdic"}, "field 'alphabet' is one of"),
        ({"multipart": "udh32"}, "field 'multipart' is one of"),
        ({"data_sm": 1}, "field 'data_sm' takes bool"),
    ],
)
def test_json_that_does_not_fit_is_refused_by_name(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Mo.from_json(given)


def test_a_flood_differs_in_sender_and_number_only() -> None:
    make = flood_maker(senders=10, destination="15002", text="LOAD")
    messages = [pdu.decode(make(number)) for number in (0, 3, 13)]
    assert [message.source_addr for message in messages] == ["255700000000", "255700000003", "255700000003"]
    assert [message.short_message for message in messages] == [b"LOAD 00000000", b"LOAD 00000003", b"LOAD 00000013"]
    assert {message.destination_addr for message in messages} == {"15002"}
