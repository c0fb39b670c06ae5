"""Lines: no delivery is lost, order per sender is kept, nothing is handed out twice, memory stays bounded.

The machine plays the forwarder over a queue in a list; the limits are small so that each is reached.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from smppd.model import Delivery
from smppd.store.queue import Claimed
from smppd.systems import lines as module
from smppd.systems.lines import Lines

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def row(id: int, lane: int, attempts: int = 0) -> Claimed:
    return Claimed(Delivery(id, f"+{lane}", "15001", "x", None, NOW, "vodacom", 1, True, "", attempts), lane, NOW)


def ids(rows: list[Claimed]) -> list[int]:
    return [r.delivery.id for r in rows]


class Table:
    """Lines filled by hand at time 0."""

    def __init__(self, *rows: tuple[int, int]) -> None:
        self.lines = Lines()
        self.add(*rows)

    def add(self, *rows: tuple[int, int], now: float = 0.0, wait: float = 0.0) -> None:
        self.lines.add([row(*r) for r in rows], now, [wait] * len(rows))


def test_senders_take_turns_and_messages_of_one_go_one_after_another() -> None:
    table = Table((1, 7), (2, 7), (3, 8))
    one, two = table.lines.take(1, 0), table.lines.take(1, 0)
    assert (ids(one), ids(two), table.lines.take(1, 0)) == ([1], [3], [])
    table.lines.finish(one, {}, 0)
    assert ids(table.lines.take(1, 0)) == [2]


def test_a_batch_may_hold_several_messages_of_one_sender_in_their_order() -> None:
    assert ids(Table((1, 7), (2, 7), (3, 8)).lines.take(10, 0)) == [1, 2, 3]


def test_a_row_that_is_in_memory_or_not_recorded_yet_is_not_added_again() -> None:
    table = Table((1, 7))
    table.add((1, 7))
    batch = table.lines.take(10, 0)
    assert ids(batch) == [1]
    table.lines.finish(batch, {}, 0)
    table.add((1, 7))
    assert table.lines.take(10, 0) == []
    table.lines.forget([1])
    table.add((1, 7))  # replayed
    assert ids(table.lines.take(10, 0)) == [1]


def test_a_line_whose_head_must_wait_is_parked_until_then_and_the_others_go_on() -> None:
    table = Table((1, 7), (2, 7), (3, 8))
    head = table.lines.take(1, 0)
    table.lines.finish(head, {1: 5.0}, 0)
    assert table.lines.next_due() == 5.0
    assert ids(table.lines.take(10, 4.9)) == [3]
    assert ids(table.lines.take(10, 5.0)) == [1]


def test_only_the_head_of_a_parked_line_stays_in_memory_and_the_rest_is_fetched_for_it_alone() -> None:
    table = Table((1, 7), (2, 7), (3, 7))
    table.lines.finish(table.lines.take(1, 0), {1: 5.0}, 0)
    assert table.lines.held == {1}
    assert table.lines.apart() == [7]
    table.lines.finish(table.lines.take(10, 5.0), {}, 5.0)
    assert list(table.lines.hungry) == [7]
    assert table.lines.after(7) == 1


def test_a_message_that_is_not_due_yet_when_it_is_claimed_waits_for_its_time() -> None:
    table = Table()
    table.add((1, 7), now=0.0, wait=3.0)
    assert table.lines.take(1, 2.9) == []
    assert ids(table.lines.take(1, 3.0)) == [1]


def test_many_lines_that_are_fetched_for_alone_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WINDOW", 40)
    table = Table(*((n, n % 10) for n in range(1, 21)))
    for _ in range(10):  # every head fails, so every line has more in the database
        batch = table.lines.take(1, 0)
        table.lines.finish(batch, {batch[0].delivery.id: 1.0}, 0)
    for _ in range(10):
        batch = table.lines.take(1, 1.0)
        table.lines.finish(batch, {}, 1.0)
    fed = 0
    while table.lines.hungry and table.lines.fits:
        lane = next(iter(table.lines.hungry))
        table.add(*((1000 * (lane + 1) + n, lane) for n in range(module.PER_LINE)), now=1.0)
        table.lines.fed(lane, module.PER_LINE, module.PER_LINE)
        fed += 1
    assert fed < 10
    assert len(table.lines.held) < 40 + module.PER_LINE


class Forwarding(RuleBasedStateMachine):
    """What the forwarder does with Lines, in any order the database and the system may force on it."""

    @initialize()
    def start(self) -> None:
        self._saved = module.PER_LINE, module.WINDOW, module.PARKED
        module.PER_LINE, module.WINDOW, module.PARKED = 3, 8, 4
        self.lines = Lines()
        self.now = 0.0
        self.next_id = 0
        self.queue: dict[int, int] = {}  # id -> lane: what the database has
        self.tried: set[int] = set()
        self.cursor = 0
        self.under_way: list[list[Claimed]] = []
        self.unrecorded: list[int] = []
        self.done: dict[int, list[int]] = defaultdict(list)
        self.late: set[int] = set()
        self.skipped: list[tuple[int, int]] = []

    def teardown(self) -> None:
        if not hasattr(self, "lines"):
            return
        try:
            self.drain()
        finally:
            module.PER_LINE, module.WINDOW, module.PARKED = self._saved

    @rule(lanes=st.lists(st.integers(1, 4), min_size=1, max_size=8))
    def messages_come(self, lanes: list[int]) -> None:
        for lane in lanes:
            self.next_id += 1
            self.queue[self.next_id] = lane

    @rule(lane=st.integers(1, 4))
    def an_id_is_drawn_but_not_committed_yet(self, lane: int) -> None:
        self.next_id += 1
        self.skipped.append((self.next_id, lane))

    @precondition(lambda self: self.skipped)
    @rule(data=st.data())
    def it_is_committed_late(self, data: st.DataObject) -> None:
        id, lane = self.skipped.pop(data.draw(st.integers(0, len(self.skipped) - 1)))
        self.queue[id] = lane
        self.late.add(id)

    @rule()
    def claim(self) -> None:
        for lane in list(self.lines.hungry):
            if not self.lines.fits:
                break
            after = self.lines.after(lane)
            found = [i for i in sorted(self.queue) if self.queue[i] == lane and i > after][: module.PER_LINE]
            self._add(found)
            self.lines.fed(lane, len(found), module.PER_LINE)
        if room := self.lines.room:
            apart = set(self.lines.apart())
            found = [i for i in sorted(self.queue) if i > self.cursor and self.queue[i] not in apart][:room]
            if found:
                self.cursor = found[-1]
                self._add(found)

    @rule()
    def sweep(self) -> None:
        apart = set(self.lines.apart())
        loose = (i for i in sorted(self.queue) if i <= self.cursor and self.queue[i] not in apart)
        self._add([i for i in loose if i not in self.lines.held][: self.lines.room])

    @rule(limit=st.integers(1, 4))
    def hand_out(self, limit: int) -> None:
        if not (batch := self.lines.take(limit, self.now)):
            return
        lanes = {r.lane for r in batch}
        assert not lanes & {r.lane for b in self.under_way for r in b}, "a sender has two batches under way"
        handed = ids(batch)
        assert not set(handed) & set(self.unrecorded), "handed out after it was done"
        assert len(set(handed)) == len(handed)
        self.under_way.append(batch)

    @precondition(lambda self: self.under_way)
    @rule(data=st.data(), wait=st.floats(0.1, 5.0))
    def come_back(self, data: st.DataObject, wait: float) -> None:
        batch = self.under_way.pop(data.draw(st.integers(0, len(self.under_way) - 1)))
        # As adapters do: what follows a failure of the same sender in one batch is not tried.
        failed: set[int] = set()
        retry: dict[int, float] = {}
        for r in batch:
            if r.lane in failed or data.draw(st.integers(0, 3)) == 0:
                failed.add(r.lane)
                retry[r.delivery.id] = wait
            else:
                self.done[r.lane].append(r.delivery.id)
                self.unrecorded.append(r.delivery.id)
        self.tried.update(retry)
        self.lines.finish(batch, retry, self.now)

    @rule()
    def record(self) -> None:
        for id in self.unrecorded:
            del self.queue[id]
        self.lines.forget(self.unrecorded)
        self.unrecorded = []

    @rule(seconds=st.floats(0.5, 10.0))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def memory_is_bounded(self) -> None:
        if hasattr(self, "lines"):
            most = module.WINDOW + module.PARKED + module.PER_LINE + 4 * module.PER_LINE
            assert len(self.lines.held) <= most

    def _add(self, found: list[int]) -> None:
        self.lines.add([row(i, self.queue[i], int(i in self.tried)) for i in found], self.now, [0.0] * len(found))

    def drain(self) -> None:
        """The system answers from now on: everything must leave, each sender's messages in order."""
        for id, lane in self.skipped:
            self.queue[id] = lane
            self.late.add(id)
        for _ in range(10 * (len(self.queue) + 10)):
            if not self.queue and not self.under_way:
                break
            for batch in self.under_way:
                self.unrecorded += ids(batch)
                for r in batch:
                    self.done[r.lane].append(r.delivery.id)
                self.lines.finish(batch, {}, self.now)
            self.under_way = []
            self.record()
            self.now += 100.0
            self.claim()
            self.sweep()
            self.hand_out(4)
        assert not self.queue, f"never handed out: {self.queue}"
        for finished in self.done.values():
            assert len(set(finished)) == len(finished), "delivered twice"
            timely = [i for i in finished if i not in self.late]
            assert timely == sorted(timely), f"out of order: {finished}"


TestForwarding = Forwarding.TestCase
TestForwarding.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
