"""Any slices of a stream give the same frames."""

from __future__ import annotations

import pytest

from pdu import Destination, Framer, FramingError, SubmitMulti, Tag, Tlv, encode
from pdu.framer import LONGEST_FRAME
from tests.pdu.samples import GOLDEN_DELIVER, GOLDEN_SUBMIT, SAMPLES, frame

STREAM = b"".join(octets for _, octets in SAMPLES)
FRAMES = [octets for _, octets in SAMPLES]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 15, 16, 17, 31, 64, 113, 1000, len(STREAM)])
def test_frames_do_not_depend_on_how_the_stream_is_cut(size: int) -> None:
    framer = Framer()
    found = [each for at in range(0, len(STREAM), size) for each in framer.feed(STREAM[at : at + size])]
    assert found == FRAMES
    assert framer.pending == 0


def test_two_frames_cut_at_every_boundary_come_out_whole() -> None:
    stream = GOLDEN_DELIVER + GOLDEN_SUBMIT
    for cut in range(len(stream) + 1):
        framer = Framer()
        first = framer.feed(stream[:cut])
        assert framer.pending == cut - sum(map(len, first))
        assert first + framer.feed(stream[cut:]) == [GOLDEN_DELIVER, GOLDEN_SUBMIT]


def test_nothing_fed_is_nothing_found() -> None:
    assert Framer().feed(b"") == []


@pytest.mark.parametrize("length", [0, 1, 15, LONGEST_FRAME + 1, 0xFFFFFFFF])
def test_a_length_that_cannot_be_true_loses_the_stream(length: int) -> None:
    framer = Framer()
    with pytest.raises(FramingError) as caught:
        framer.feed(length.to_bytes(4, "big") + bytes(12))
    assert caught.value.status == 0x02
    assert caught.value.raw == length.to_bytes(4, "big") + bytes(12)
    with pytest.raises(FramingError):
        framer.feed(GOLDEN_DELIVER)


def test_an_http_probe_is_recognisable_after_four_octets() -> None:
    framer = Framer()
    assert framer.feed(b"GET") == []
    with pytest.raises(FramingError) as caught:
        framer.feed(b" / HTTP/1.0\r\n\r\n")
    assert caught.value.raw.startswith(b"GET / ")


def test_frames_before_the_bad_one_are_not_lost() -> None:
    framer = Framer()
    assert framer.feed(GOLDEN_DELIVER + GOLDEN_SUBMIT + bytes(20)) == [GOLDEN_DELIVER, GOLDEN_SUBMIT]
    assert framer.error is not None
    with pytest.raises(FramingError):
        framer.feed(b"")


@pytest.mark.parametrize(("limit", "size", "whole"), [(100, 100, True), (100, 101, False), (65536, 65536, True)])
def test_the_limit_counts_the_header(limit: int, size: int, whole: bool) -> None:
    framer, octets = Framer(limit), frame(0x15, bytes(size - 16))
    if whole:
        assert framer.feed(octets) == [octets]
    else:
        with pytest.raises(FramingError):
            framer.feed(octets)


def test_the_largest_frame_of_the_specification_passes() -> None:
    number = Destination(1, 1, "2" * 20)
    payload = Tlv(Tag.MESSAGE_PAYLOAD, bytes(0xFFFF)), Tlv(Tag.BILLING_IDENTIFICATION, bytes(1024))
    octets = encode(SubmitMulti("SIXTH", 1, 1, "1" * 20, (number,) * 255, short_message=bytes(254), tlvs=payload))
    assert Framer().feed(octets) == [octets]
    assert LONGEST_FRAME - len(octets) < 1024, "no larger than need be"


def test_a_large_frame_octet_by_octet_is_held_once() -> None:
    octets = frame(0x103, bytes(65000))
    framer = Framer()
    found = [each for at in range(len(octets)) for each in framer.feed(octets[at : at + 1])]
    assert found == [octets]
