"""Requests over any course of events: each ends exactly once, as a model of the carrier and the clock says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import pdu
from smppd.smpp.events import Closed, Event, Lost, Overdue, Response
from smppd.smpp.session import Session, WrongState
from smppd.smpp.states import State
from tests.smpp.mc import bound, frame, wire

WINDOW, TIMEOUT, LATE = 3, 10.0, 25.0
SUBMIT = pdu.SubmitSm(destination_addr="255712345678")


@dataclass
class Asked:
    """One request, as the driver sees it; it is what the session gives back with its outcomes."""

    sequence: int
    at: float
    written: bool = False
    overdue_at: float | None = None
    outcomes: list[Event] = field(default_factory=list)

    @property
    def overdue(self) -> bool:
        return self.overdue_at is not None

    @property
    def ended(self) -> bool:
        return bool(self.outcomes) and not isinstance(self.outcomes[-1], Overdue)


class Course:
    """A session, and everything that was asked of it."""

    def __init__(self, sequence: int) -> None:
        # Nothing but requests passes in time: no enquire_link.
        self.session: Session = bound(
            window=WINDOW, response_timeout=TIMEOUT, late_response=LATE, enquire_link=1e9, unbind_timeout=30.0
        )
        self.session._outstanding.sequence = sequence
        self.now = 0.0
        self.asked: list[Asked] = []
        self.closed = False

    def told(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, (Response, Overdue, Lost)):
                asked: Asked = event.told
                assert event.sequence == asked.sequence
                assert not asked.ended, "told after its end"
                asked.outcomes.append(event)
                if isinstance(event, Overdue):
                    assert not asked.overdue, "overdue twice"
                    assert self.now >= asked.at + TIMEOUT
                    asked.overdue_at = self.now
                elif isinstance(event, Response):
                    assert event.late == asked.overdue
                else:
                    assert event.written == asked.written
                    assert self.session.closed or self.over(asked) or not asked.written, "given up early"
            self.closed = self.closed or isinstance(event, Closed)

    def waiting(self) -> list[Asked]:
        return [each for each in self.asked if not each.ended]

    def over(self, asked: Asked) -> bool:
        return asked.overdue_at is not None and self.now >= asked.overdue_at + LATE

    # --- steps

    def request(self, _: int) -> None:
        room = self.session.room
        asked = Asked(0, self.now)
        try:
            sequence = self.session.request(SUBMIT, self.now, asked)
        except WrongState:
            assert (room, self.session.state is State.TRANSCEIVER) == (0, False)
            return
        assert (sequence is None) == (room == 0)
        if sequence is not None:
            assert 1 <= sequence <= 0x7FFFFFFF
            assert sequence not in [each.sequence for each in self.waiting()], "a sequence number taken twice"
            asked.sequence = sequence
            self.asked.append(asked)

    def write(self, _: int) -> None:
        for octets in pdu.Framer().feed(self.session.take()):
            said = pdu.decode(octets)
            if isinstance(said, pdu.SubmitSm):
                (asked,) = [each for each in self.asked if each.sequence == said.sequence and not each.written]
                assert not asked.ended or isinstance(asked.outcomes[-1], Response), "written after it was lost"
                asked.written = True

    def respond(self, pick: int) -> None:
        waiting = [each for each in self.waiting() if each.written]
        if waiting:
            asked = waiting[pick % len(waiting)]
            self.told(self.session.receive(wire(pdu.SubmitSmResp("id", sequence=asked.sequence)), self.now))
            assert self.closed or isinstance(asked.outcomes[-1], Response)

    def nack(self, pick: int) -> None:
        waiting = [each for each in self.waiting() if each.written]
        if waiting:
            self.told(self.session.receive(frame(0x80000000, waiting[pick % len(waiting)].sequence, 3), self.now))

    def respond_otherwise(self, pick: int) -> None:
        """With another command."""
        if self.asked:
            asked = self.asked[pick % len(self.asked)]
            before = list(asked.outcomes)
            self.told(self.session.receive(wire(pdu.DataSmResp("id", sequence=asked.sequence)), self.now))
            assert asked.outcomes == before

    def wait(self, seconds: int) -> None:
        self.write(0)  # the driver writes before it waits
        self.now += seconds
        self.told(self.session.tick(self.now))
        for asked in self.waiting():
            age = self.now - asked.at
            assert asked.overdue == (age >= TIMEOUT), "overdue is not told in time"
            assert not self.over(asked), "not given up in time"

    def rewind(self, _: int) -> None:
        """As if the sequence numbers had come around, to just before one that waits."""
        if self.waiting():
            self.session._outstanding.sequence = max(1, self.waiting()[0].sequence - 1)
            self.session._outstanding._wrapped = True

    def pause(self, seconds: int) -> None:
        """A driver that reads nothing for a while; time stands still for the session."""
        self.write(0)
        self.session.pause(self.now)
        self.now += seconds
        for asked in self.asked:
            asked.at += seconds
            if asked.overdue_at is not None:
                asked.overdue_at += seconds
        self.session.resume(self.now)

    def unbind(self, patience: int) -> None:
        self.session.unbind(self.now, patience)
        self.told(self.session.tick(self.now))

    def unbound(self, _: int) -> None:
        self.told(self.session.receive(wire(pdu.Unbind(sequence=9)), self.now))

    def lose(self, _: int) -> None:
        self.told(self.session.lost("reset"))


STEPS = st.one_of(
    st.tuples(
        st.sampled_from(["request", "request", "write", "respond", "nack", "respond_otherwise", "rewind"]),
        st.integers(0, 9),
    ),
    st.tuples(st.sampled_from(["wait", "wait", "pause"]), st.integers(1, 15)),
)
ENDS = st.tuples(st.sampled_from(["unbind", "unbound", "lose"]), st.integers(0, 20))


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from([1, 0x7FFFFFFB, 0x7FFFFFFE]),
    st.lists(STEPS, min_size=5, max_size=60),
    ENDS,
    st.lists(STEPS, max_size=10),
)
def test_each_request_ends_exactly_once(
    sequence: int, before: list[tuple[str, int]], end: tuple[str, int], after: list[tuple[str, int]]
) -> None:
    course = Course(sequence)
    for name, argument in [*before, end, *after, ("lose", 0)]:
        step: Any = getattr(course, name)
        step(argument)
        waiting = course.waiting()
        assert course.session.waiting == len([each for each in waiting if not each.overdue]) <= WINDOW
        assert course.session.overdue == len([each for each in waiting if each.overdue])
    assert course.closed
    assert course.waiting() == []
    course.write(0)  # what is still to be written is none of those told unwritten


def test_a_generic_nack_takes_nothing_even_with_status_0() -> None:
    assert Response(1, pdu.GenericNack(sequence=1)).status == pdu.Status.ESME_RUNKNOWNERR
    assert Response(1, pdu.GenericNack(status=3, sequence=1)).status == 3
    assert Response(1, pdu.SubmitSmResp(sequence=1, message_id="a")).status == 0
