"""Any value survives the wire, and the compiled codec agrees with the slow one of the same declaration."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from itertools import product
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pdu import (
    DecodeError,
    Destination,
    DistributionList,
    EncodeError,
    Framer,
    FramingError,
    Pdu,
    SubmitSm,
    Tlv,
    Unsuccess,
    decode,
    encode,
)
from pdu.codec import decode_slowly
from pdu.declare import LAYOUTS, READERS, WRITERS
from pdu.layout import HEADER, write_slowly
from pdu.wire import CString, Destinations, Kind, Number, Sized, Unsuccesses
from tests.pdu.samples import SAMPLES

octet = st.integers(0, 0xFF)


def string(limit: int) -> st.SearchStrategy[str]:
    return st.text(st.characters(min_codepoint=1, max_codepoint=0xFF), max_size=limit - 1)


def values_of(kind: Kind) -> st.SearchStrategy[Any]:
    if isinstance(kind, Number):
        return octet
    if isinstance(kind, CString):
        return string(kind.limit)
    if isinstance(kind, Sized):
        return st.binary(max_size=kind.limit)
    if isinstance(kind, Destinations):
        number = st.builds(Destination, octet, octet, string(21))
        return st.lists(number | st.builds(DistributionList, string(21)), max_size=5).map(tuple)
    assert isinstance(kind, Unsuccesses)
    one = st.builds(Unsuccess, octet, octet, string(21), st.integers(0, 0xFFFFFFFF))
    return st.lists(one, max_size=5).map(tuple)


def unlike_a_tag(value: Pdu) -> bool:
    """Whether an error response cannot be taken for one that has optional parameters in place of its body."""
    return not (value.status and value.command_id & 0x80000000 and b"\0" < encode(value)[16:17] < b" ")


def pdus() -> st.SearchStrategy[Pdu]:
    tlvs = st.lists(st.builds(Tlv, st.integers(1, 0xFFFF), st.binary(max_size=40)), max_size=4).map(tuple)
    number = st.integers(0, 0xFFFFFFFF)
    return st.one_of(
        [
            st.builds(
                make, **{name: values_of(kind) for name, kind in fields}, tlvs=tlvs, sequence=number, status=number
            )
            for fields, make in LAYOUTS.values()
        ]
    ).filter(unlike_a_tag)


@given(pdus())
def test_any_value_survives_the_wire(value: Pdu) -> None:
    octets = encode(value)
    assert decode(octets) == value
    assert Framer().feed(octets) == [octets]


@given(pdus())
def test_the_compiled_codec_agrees_with_the_slow_one(value: Pdu) -> None:
    octets = encode(value)
    assert write_slowly(value, value.command_id, LAYOUTS[value.command_id][0]) == octets
    assert decode_slowly(octets) == value


def mutated(rng: random.Random) -> bytes:
    """A good frame with a few octets changed, cut out or put in, and a length that is true again."""
    octets = bytearray(rng.choice(SAMPLES)[1])
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(8, len(octets) + 1)
        match rng.randrange(4):
            case 0:
                octets[at : at + 1] = rng.randbytes(1)
            case 1:
                del octets[at : at + rng.randint(1, 9)]
            case 2:
                octets[at:at] = rng.randbytes(rng.randint(1, 9))
            case _:
                octets[at:at] = bytes(rng.choice((1, 2, 300)))
    return len(octets).to_bytes(4, "big") + octets[4:]


def outcome_of(reader: Callable[[bytes], Pdu], octets: bytes) -> Pdu | tuple[str, int, bytes]:
    try:
        return reader(octets)
    except DecodeError as error:
        return error.field, error.offset, error.raw


def compiled_outcome_of(octets: bytes) -> Pdu | None:
    """What the compiled reader alone makes of a frame; None where it leaves it to the slow one."""
    _, command_id, status, sequence = HEADER.unpack_from(octets)
    try:
        return cast(Pdu, READERS[command_id](octets, status, sequence))
    except (KeyError, ValueError, IndexError):
        return None


@pytest.mark.parametrize("seed", range(8))
def test_mutated_frames_are_read_or_refused_and_the_compiled_reader_agrees_with_the_slow_one(seed: int) -> None:
    rng = random.Random(seed)
    read = refused = fast = 0
    for _ in range(1000):
        octets = mutated(rng)
        outcome = outcome_of(decode_slowly, octets)
        assert outcome_of(decode, octets) == outcome
        if isinstance(outcome, Pdu):
            read += 1
        else:
            assert outcome[2] == octets
            refused += 1
        compiled = compiled_outcome_of(octets) if len(octets) >= 16 else None
        if compiled is not None:
            assert compiled == outcome
            fast += 1
    assert min(read, refused, fast) > 100


@pytest.mark.parametrize("seed", range(4))
def test_random_bodies_are_read_or_refused(seed: int) -> None:
    rng = random.Random(seed)
    read = refused = 0
    for _ in range(1000):
        body, status, sequence = rng.randbytes(rng.randint(0, 120)), rng.choice((0, 0x58)), rng.getrandbits(32)
        outcome = outcome_of(decode, HEADER.pack(16 + len(body), rng.choice(list(LAYOUTS)), status, sequence) + body)
        if isinstance(outcome, Pdu):
            assert (outcome.sequence, outcome.status) == (sequence, status)
            read += 1
        else:
            refused += 1
    assert min(read, refused) > 100


@pytest.mark.parametrize("seed", range(4))
def test_random_streams_give_frames_or_lose_the_stream_however_cut(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(300):
        stream = b"".join(rng.choice(SAMPLES)[1] for _ in range(rng.randint(0, 3))) + rng.randbytes(rng.randint(0, 40))
        whole: list[bytes] = []
        sliced: list[bytes] = []
        for found, size in ((whole, len(stream)), (sliced, rng.randint(1, 30))):
            framer = Framer()
            with suppress(FramingError):
                for at in range(0, len(stream), size or 1):
                    found += framer.feed(stream[at : at + size])
        assert whole == sliced


def test_strings_of_every_length_are_packed_right_and_no_more_packers_are_kept_than_some() -> None:
    packs = WRITERS[SubmitSm].__globals__["packs"]
    for service, source, destination in product(range(6), range(21), range(21)):
        value = SubmitSm(service_type="s" * service, source_addr="1" * source, destination_addr="2" * destination)
        octets = encode(value)
        assert octets == write_slowly(value, value.command_id, LAYOUTS[value.command_id][0])
        assert decode(octets) == value
        assert 0 < len(packs) <= packs.MOST
    assert packs.MOST < 6 * 21 * 21


def test_encoding_leaves_what_it_is_given_as_it_is() -> None:
    text, rest = bytearray(b"text"), bytearray(b"rest")
    value = SubmitSm(short_message=cast(bytes, text), tlvs=((0x1400, b"v"),), trailing=cast(bytes, rest))
    with suppress(EncodeError):
        encode(value)
    assert (text, rest) == (b"text", b"rest")
