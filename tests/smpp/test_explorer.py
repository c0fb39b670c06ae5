"""Every state a session can reach with a few of everything, and every input in it.

The explorer walks all reachable situations breadth first. A ledger beside the session knows what was asked and
answered; what must always hold is checked after every step.
"""

from __future__ import annotations

import copy
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

import pdu
from pdu import Command
from smppd.smpp.events import (
    Closed,
    Delivered,
    Event,
    Lost,
    Outcome,
    Overdue,
    PeerUnbound,
    Proved,
    Response,
    Undecodable,
)
from smppd.smpp.session import Session, WrongState
from smppd.smpp.states import BOUND, REACTIONS, State
from tests.smpp.mc import BIND_RESPONSES, UNREADABLE, frame, mo, started, wire

MOST_OWED = 2
RESPONSE = 0x80000000


@dataclass
class World:
    """A session, its ledger, and the wire towards the carrier."""

    session: Session
    now: float = 0.0
    theirs: int = 100  # the carrier's last sequence
    asked: Counter[int] = field(default_factory=Counter)  # sequences of what the carrier asked and must hear about
    owed: list[pdu.DeliverSm | Undecodable] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)  # sequences, in the order given by the gateway
    requests: set[int] = field(default_factory=set)  # in the window
    overdue: set[int] = field(default_factory=set)
    written: set[int] = field(default_factory=set)  # requests, on the wire
    unwritten: set[int] = field(default_factory=set)  # requests told so
    enquiries: dict[int, int] = field(default_factory=dict)  # our enquire_link -> answers written before it
    unbind: int = 0
    left: bool = False  # the carrier asked to unbind, then
    left_at: float = 0.0
    cut: bool = False  # the connection was lost
    proved: int = 0
    closed: bool = False
    outcomes: set[tuple[str, bool]] = field(default_factory=set)  # of requests

    @property
    def key(self) -> tuple[object, ...]:
        timers = self.session._timers
        due = [timers.bind, timers.enquire, timers.answer, timers.proof, timers.end, self.session._outstanding.due]
        clock = self.session._clock.elapsed
        return (
            self.session.state,
            len(self.owed),
            len(self.requests),
            min(len(self.overdue), 2),
            len(self.requests - self.written),
            min(len(self.answers), 3) - min(self.proved, 3),
            min(len(self.enquiries), 2),
            self.session._heard,
            self.session._clock.running,
            tuple(round(each - clock) for each in due if each != float("inf")),
            min(len(self.session._held), 2),
            self.closed,
        )

    def hear(self, octets: bytes) -> None:
        self.take_in(self.session.receive(octets, self.now))

    def take_in(self, events: list[Event]) -> None:
        for event in events:
            assert not self.closed, "an event after Closed"
            if isinstance(event, Outcome):
                self.outcomes.add((type(event).__name__, getattr(event, "late", getattr(event, "written", False))))
            match event:
                case Delivered() | Undecodable():
                    assert self.session.state in BOUND or self.session.state in (State.LEAVING, State.CLOSED)
                    self.owed.append(event.pdu if isinstance(event, Delivered) else event)  # type: ignore[arg-type]
                case Response():
                    self.end(event.sequence, event.late)
                case Lost():
                    assert event.written == (event.sequence in self.written), "written is not what it was"
                    if not event.written:
                        self.unwritten.add(event.sequence)
                    elif self.left and not self.cut and event.sequence in self.requests:
                        assert self.now >= self.left_at + 3.0, "left before it was answered"
                    self.end(event.sequence, event.sequence in self.overdue)
                case Overdue():
                    assert event.sequence in self.requests, "overdue twice, or no request"
                    self.requests.remove(event.sequence)
                    self.overdue.add(event.sequence)
                case PeerUnbound():
                    self.left, self.left_at = True, self.now
                case Proved():
                    assert self.proved < event.count <= len(self.answers), "a proof of what was not answered"
                    self.proved = event.count
                case Closed():
                    self.closed = True
        self.write()

    def end(self, sequence: int, overdue: bool) -> None:
        waiting = self.overdue if overdue else self.requests
        assert sequence in waiting, "an end of no request"
        waiting.remove(sequence)

    def write(self) -> None:
        """Look at what the session says."""
        for octets in pdu.Framer().feed(self.session.take()):
            said = pdu.decode(octets)
            if said.command_id == Command.ENQUIRE_LINK:
                # Written in order: what was answered before is before it on the wire.
                self.enquiries[said.sequence] = len(self.answers)
            elif said.command_id == Command.UNBIND:
                self.unbind = said.sequence
            elif said.command_id == Command.SUBMIT_SM:
                assert said.sequence not in self.unwritten, "written after all"
                self.written.add(said.sequence)
            elif said.command_id & RESPONSE:
                if said.command_id == Command.UNBIND_RESP and not self.unbind:
                    assert not self.owed or self.now >= self.left_at + 10.0, "left before it had answered"
                self.asked[said.sequence] -= 1
                assert self.asked[said.sequence] >= 0, f"an answer too many: {said}"

    def check(self) -> None:
        session = self.session
        assert session.closed == self.closed or session.deadline() is not None, "an end that nobody is told"
        assert self.closed or session.owed == len(self.owed)
        assert session.proof.answered == len(self.answers)
        assert session.waiting == len(self.requests) <= session.settings.window
        assert session.overdue == len(self.overdue)
        if self.closed:
            assert not self.requests, "a request without an end"
            assert not self.overdue, "a request without an end"
            assert session.deadline() is None


Step = Callable[[World], None]


def ask(make: Callable[[int], bytes]) -> Step:
    """The carrier sends something that wants an answer."""

    def step(world: World) -> None:
        if world.session.owed + len(world.session._held) >= MOST_OWED:
            return
        world.theirs += 1
        world.asked[world.theirs] += 1
        world.hear(make(world.theirs))

    return step


def send(make: Callable[[World], bytes]) -> Step:
    """The carrier sends something that wants none."""
    return lambda world: world.hear(make(world))


def respond(status: int) -> Step:
    def step(world: World) -> None:
        if world.owed:
            request = world.owed.pop(0)
            if world.session.answer(request, status):
                world.answers.append(request.sequence)
            world.take_in(world.session.tick(world.now))

    return step


def submit(world: World, written: bool = True) -> None:
    try:
        sequence = world.session.request(pdu.SubmitSm(), world.now)
    except WrongState:
        assert world.session.state not in (State.TRANSMITTER, State.TRANSCEIVER)
    else:
        if sequence is None:
            assert len(world.requests) == world.session.settings.window
        else:
            assert not {sequence} & (world.requests | world.overdue | world.enquiries.keys()), "a sequence taken twice"
            world.requests.add(sequence)
    if written:
        world.write()


def prove(world: World) -> None:
    world.session.prove(world.now)
    world.write()


def unbind(world: World, patience: float = 0.0) -> None:
    world.session.unbind(world.now, patience)
    world.take_in(world.session.tick(world.now))


def wait(world: World) -> None:
    """Time goes on to the next deadline."""
    due = world.session.deadline()
    if due is not None:
        world.now = max(world.now, due)
        world.take_in(world.session.tick(world.now))
        after = world.session.deadline()
        assert after is None or after > world.now, "a deadline that does not pass"


def back(world: World) -> None:
    world.now -= 1000.0
    world.take_in(world.session.tick(world.now))


def lost(world: World) -> None:
    world.cut = True
    world.take_in(world.session.lost("reset"))


def enquiry(world: World, latest: bool) -> int:
    return (max if latest else min)(world.enquiries, default=0)


def unreadable(sequence: int) -> bytes:
    return UNREADABLE[:12] + sequence.to_bytes(4, "big") + UNREADABLE[16:]


STEPS: dict[str, Step] = {
    "deliver_sm": ask(lambda n: wire(mo(n))),
    "unreadable deliver_sm": ask(unreadable),
    "enquire_link": ask(lambda n: wire(pdu.EnquireLink(sequence=n))),
    "unknown command": ask(lambda n: frame(0x999, n)),
    "submit_sm from the carrier": ask(lambda n: wire(pdu.SubmitSm(sequence=n))),
    "unbind from the carrier": ask(lambda n: wire(pdu.Unbind(sequence=n))),
    "bind response": send(lambda w: wire(BIND_RESPONSES[w.session.settings.bind]("SMSC", sequence=1))),
    "bind refused": send(lambda w: frame(0x80000009, 1, 0x0E)),
    "last enquire_link_resp": send(lambda w: frame(0x80000015, enquiry(w, True))),
    "first enquire_link_resp": send(lambda w: frame(0x80000015, enquiry(w, False))),
    "submit_sm_resp": send(lambda w: frame(0x80000004, min(w.requests, default=0))),
    "nack of a request": send(lambda w: frame(0x80000000, min(w.requests, default=0), 3)),
    "nack without sequence": send(lambda w: frame(0x80000000, 0, 3)),
    "unbind_resp": send(lambda w: frame(0x80000006, w.unbind)),
    "late submit_sm_resp": send(lambda w: frame(0x80000004, min(w.overdue, default=0))),
    "response to nothing": send(lambda w: frame(0x80000004, 0x7000)),
    "stored": respond(0),
    "not stored": respond(0x64),
    "submit": submit,
    "submit, not yet written": lambda w: submit(w, written=False),
    "prove": prove,
    "unbind": unbind,
    "unbind with patience": lambda w: unbind(w, 20.0),
    "wait": wait,
    "clock steps back": back,
    "pause": lambda w: w.session.pause(w.now),
    "resume": lambda w: w.session.resume(w.now),
    "connection lost": lost,
}


@pytest.mark.parametrize("bind", ["transceiver", "receiver", "transmitter"])
def test_whatever_happens_in_whatever_state_the_ledger_agrees(bind: str) -> None:
    start = World(started(bind=bind, window=1, response_timeout=40.0, late_response=50.0))
    shared = (start.session.settings, *REACTIONS.values())  # never changed
    seen = {start.key}
    todo = deque([(start, ("start",))])
    states: set[State] = set()
    outcomes: set[tuple[str, bool]] = set()
    while todo:
        world, path = todo.popleft()
        states.add(world.session.state)
        for name, step in STEPS.items():
            then = copy.deepcopy(world, {id(each): each for each in shared})
            try:
                step(then)
                then.check()
            except AssertionError as error:
                raise AssertionError(f"{error}: {' > '.join((*path, name))}") from error
            outcomes |= then.outcomes
            if then.key not in seen and len(path) < 9:
                seen.add(then.key)
                todo.append((then, (*path, name)))
    assert states == set(State) - {State.OPEN} - {each for each in BOUND if each.value != bind}
    every = {("Response", False), ("Response", True), ("Overdue", False), ("Lost", False), ("Lost", True)}
    assert outcomes == (set() if bind == "receiver" else every)
    assert len(seen) > (50 if bind == "transmitter" else 200)
