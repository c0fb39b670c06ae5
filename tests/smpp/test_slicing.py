"""What a session understands does not depend on how TCP cuts the stream."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

import pdu
from smppd.smpp.events import Delivered, Event, Undecodable
from smppd.smpp.session import Session
from tests.smpp.mc import UNREADABLE, frame, mo, started, wire

CONVERSATION = wire(
    pdu.EnquireLink(sequence=1),
    mo(2),
    pdu.BindTransceiverResp("SMSC", sequence=1),
    mo(0xFFFFFFFF, b""),
    frame(0x999, 3),
    UNREADABLE,
    frame(0x80000000, 0, 3),
    pdu.DataSm(sequence=5),
    pdu.Unbind(sequence=6),
)

PDUS = st.one_of(
    st.builds(mo, st.integers(0, 0xFFFFFFFF), st.binary(max_size=20)),
    st.builds(lambda number: pdu.EnquireLink(sequence=number), st.integers(0, 0xFFFFFFFF)),
    st.builds(lambda number: pdu.BindTransceiverResp("S", sequence=number), st.integers(0, 3)),
    st.builds(lambda number, status: frame(0x80000004, number, status), st.integers(0, 5), st.integers(0, 0x500)),
    st.builds(frame, st.integers(0, 0x200), st.integers(0, 9), st.integers(0, 3), st.binary(max_size=9)),
    st.just(UNREADABLE),
    st.just(pdu.Unbind(sequence=1)),
    st.just(pdu.EnquireLinkResp(sequence=2)),
    st.just(b"\0\0\0\x04"),
)


def outcome(pieces: list[bytes]) -> tuple[list[Event], bytes, int]:
    """Everything told and said; what is handed over is answered at once."""
    session: Session = started()
    told: list[Event] = []
    written = b""
    for piece in pieces:
        events = session.receive(piece, 0.0)
        told += events
        for event in events:
            if isinstance(event, Delivered):
                session.answer(event.pdu, 0)
            elif isinstance(event, Undecodable):
                session.answer(event, 0)
        told += session.tick(0.0)
        written += session.take()
    return told, written, session.strange.total()


def answers(written: bytes) -> set[bytes]:
    return set(pdu.Framer().feed(written))


def test_two_pieces_cut_anywhere_mean_the_same() -> None:
    whole = outcome([CONVERSATION])
    for cut in range(len(CONVERSATION)):
        told, written, strange = outcome([CONVERSATION[:cut], CONVERSATION[cut:]])
        assert told == whole[0]
        assert strange == whole[2]
        assert answers(written) == answers(whole[1])


def test_octet_by_octet_everything_is_told() -> None:
    told, written, _ = outcome([CONVERSATION[at : at + 1] for at in range(len(CONVERSATION))])
    assert [type(event).__name__ for event in told] == [
        "Bound",
        "Delivered",
        "Delivered",
        "Undecodable",
        "Delivered",
        "PeerUnbound",
        "Closed",
    ]
    assert answers(written) == {
        pdu.encode(each)
        for each in (
            pdu.EnquireLinkResp(sequence=1),
            pdu.DeliverSmResp(sequence=2),
            pdu.DeliverSmResp(sequence=0xFFFFFFFF),
            pdu.GenericNack(sequence=3, status=3),
            pdu.DeliverSmResp(sequence=9),
            pdu.DataSmResp(sequence=5),
            pdu.UnbindResp(sequence=6),
        )
    }


@settings(max_examples=300, deadline=None)
@given(st.lists(PDUS, max_size=12), st.lists(st.integers(0, 600), max_size=12))
def test_any_stream_in_any_pieces_is_survived_and_taken_alike(sent: list[pdu.Pdu | bytes], cuts: list[int]) -> None:
    stream = wire(*sent)
    bounds = [0, *sorted({cut for cut in cuts if cut < len(stream)}), len(stream)]
    pieces = [stream[start:end] for start, end in pairwise(bounds)]
    told, _, _ = outcome(pieces)
    every_octet, _, _ = outcome([stream[at : at + 1] for at in range(len(stream))])
    # An unbind in the same read as messages before it is answered after them, so only what was taken is compared.
    assert [event for event in told if isinstance(event, (Delivered, Undecodable))] == [
        event for event in every_octet if isinstance(event, (Delivered, Undecodable))
    ]
