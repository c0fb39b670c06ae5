"""Segments are put together whatever their order, cuts and repeats: told without tshark, many times."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from smppd.cli.capture import Segment, put_together

STREAM = bytes(range(256)) * 2
pieces = st.lists(st.tuples(st.integers(0, len(STREAM)), st.integers(1, 120)), max_size=12)
starts = st.sampled_from([0, 1, 1000, 2**31 - 100, 2**32 - 100, 2**32 - 1])


def segment(packet: int, start: int, at: int, octets: bytes, *, syn: bool = False) -> Segment:
    sequence = (start + at) % 2**32
    return Segment(packet, float(packet), 0, "a:1", "b:2", sequence, syn, len(octets), octets)


@given(
    cuts=st.sets(st.integers(1, len(STREAM) - 1), max_size=20),
    more=pieces,
    start=starts,
    order=st.randoms(),
    syn=st.booleans(),
)
def test_the_stream_comes_out_whole(cuts, more, start, order, syn) -> None:  # type: ignore[no-untyped-def]
    edges = [0, *sorted(cuts), len(STREAM)]
    parts = [(a, b - a) for a, b in pairwise(edges)] + more
    segments = [segment(number, start, at, STREAM[at : at + size]) for number, (at, size) in enumerate(parts)]
    order.shuffle(segments)
    if syn:
        segments.append(segment(99, start, -1, b"", syn=True))
    (found,) = put_together(segments)
    assert bytes(found.octets) == STREAM
    assert found.gaps == []
    for at in range(0, len(STREAM), 37):
        brought = found.at(at)
        offset = (brought.sequence - start) % 2**32
        assert offset <= at < offset + brought.length


@given(kept=st.sets(st.integers(0, 15)), start=starts)
def test_what_is_missing_is_a_gap_of_its_size(kept: set[int], start: int) -> None:
    segments = [segment(99, start, -1, b"", syn=True)]
    segments += [segment(each, start, each * 32, STREAM[each * 32 : each * 32 + 32]) for each in sorted(kept)]
    (found,) = put_together(segments)
    assert bytes(found.octets) == b"".join(STREAM[each * 32 : each * 32 + 32] for each in sorted(kept))
    assert sum(size for _, size in found.gaps) == (32 * (max(kept) + 1 - len(kept)) if kept else 0)


def test_two_connections_and_two_directions_are_kept_apart() -> None:
    one = segment(1, 5, 0, b"one")
    other = one._replace(stream=1, octets=b"two")
    back = one._replace(source="b:2", target="a:1", octets=b"six")
    assert [bytes(each.octets) for each in put_together([one, other, back])] == [b"one", b"two", b"six"]
