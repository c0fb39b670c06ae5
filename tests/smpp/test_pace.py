"""The pace against carriers that count in slots: simulated, so that minutes pass at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppd.smpp.pace import REST, SLOWEST, Pace

JITTER = 0.001  # seconds a timer may be late


@dataclass
class Run:
    """A sender that always has something to send, and a carrier that takes `limit` per second, counted in slots.

    `accepted` and `refused` are the times of arrival, `order` the places of what was accepted.
    """

    limit: float
    slot: float
    rtt: float
    seed: int
    pace: Pace
    accepted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    order: list[int] = field(default_factory=list)
    now: float = 0.0

    def __post_init__(self) -> None:
        self._dice = Random(self.seed)
        self._phase = self._dice.random()
        self._flying: list[tuple[float, float, int, bool]] = []
        self._again: list[int] = []
        self._next = 0
        self._slots: dict[int, int] = {}

    @property
    def length(self) -> float:
        return max(self.slot, 1 / self.limit)

    @property
    def room(self) -> int:
        return max(1, round(self.limit * self.length))

    def on(self, until: float) -> None:
        while self.now < until:
            wait = self.pace.wait(self.now)
            due = self.now + wait + (self._dice.random() * JITTER if wait else 0.0)
            if self._flying and self._flying[0][0] <= due:
                self._answer()
            else:
                self.now = due
                self._send()

    def _send(self) -> None:
        place = heappop(self._again) if self._again else self._next
        self._next = max(self._next, place + 1)
        self.pace.spend(self.now)
        arrival = self.now + self.rtt / 2 * (1 + 0.05 * self._dice.random())
        slot = int((arrival + self._phase) / self.length)
        self._slots[slot] = self._slots.get(slot, 0) + 1
        taken = self._slots[slot] <= self.room
        if taken:
            self.order.append(place)
        (self.accepted if taken else self.refused).append(arrival)
        heappush(self._flying, (arrival + self.rtt / 2, self.now, place, taken))

    def _answer(self) -> None:
        self.now, sent_at, place, taken = heappop(self._flying)
        if taken:
            self.pace.accepted(self.now)
        else:
            self.pace.throttled(self.now, sent_at)
            heappush(self._again, place)

    def rate(self, begin: float, end: float) -> float:
        """Accepted per second, as a share of what the carrier would take."""
        return sum(begin <= at < end for at in self.accepted) / (end - begin) / (self.room / self.length)


def run(limit: float, slot: float = 0.1, rtt: float = 0.001, seed: int = 0, contract: float | None = None) -> Run:
    return Run(limit, slot, rtt, seed, Pace(contract or 2.5 * limit, 0.0))


@pytest.mark.parametrize("slot", [0.1, 1.0])
@pytest.mark.parametrize("rtt", [0.001, 0.02, 0.1])
@pytest.mark.parametrize("limit", [2, 5, 20, 33, 100, 500])
def test_it_settles_within_a_tenth_of_what_the_carrier_takes(limit: float, rtt: float, slot: float) -> None:
    for seed in range(3):
        it = run(limit, slot, rtt, seed)
        it.on(60)
        assert 0.9 <= it.rate(30, 60) <= 1.06
        refused = sum(at >= 30 for at in it.refused)
        assert refused <= 0.02 * limit * 30 + 6


@pytest.mark.parametrize("seed", range(5))
def test_at_twenty_a_second_in_slots_of_a_tenth_it_has_settled_after_ten_seconds(seed: int) -> None:
    it = run(20, seed=seed, contract=50)
    it.on(30)
    assert 0.9 <= it.rate(10, 30) <= 1.0
    assert len(it.refused) < 40


@pytest.mark.parametrize("limit", [2, 20, 100])
def test_order_is_kept_and_nothing_is_lost_or_doubled_when_answers_come_before_the_next_is_due(limit: float) -> None:
    it = run(limit)
    it.on(40)
    assert it.order == sorted(set(it.order)) == list(range(len(it.order)))


@pytest.mark.parametrize("limit", [1, 7, 20, 50, 200, 1000])
def test_without_a_word_from_the_carrier_it_sends_at_its_contract_evenly(limit: float) -> None:
    it = run(10 * limit, contract=limit)
    it.on(20)
    assert it.rate(0, 20) * 10 >= 0.95
    most = max(1, limit / 10) + max(1.0, 0.06 * limit / 10) + 1
    for at in it.accepted[:: max(1, len(it.accepted) // 50)]:
        assert sum(at <= other < at + 0.1 for other in it.accepted) <= most
        assert sum(at <= other < at + 1.0 for other in it.accepted) <= limit + max(1, 0.01 * limit) + 1


def test_a_carrier_that_takes_less_than_before_is_followed_down_and_up_again() -> None:
    it = run(100, contract=100)
    it.on(20)
    assert not it.pace.lowered
    it.limit = 20
    it.on(50)
    assert it.pace.lowered
    assert 0.9 <= it.rate(35, 50) <= 1.06
    it.limit = 1000
    it.on(170)
    assert it.pace.rate == 100


def test_what_was_under_way_when_it_slowed_down_slows_it_down_no_more() -> None:
    pace = Pace(100, 0.0)
    pace.throttled(1.0, 0.9)
    rate = pace.rate
    for n in range(50):
        pace.throttled(1.0 + n / 100, 0.9 + n / 1000)
    assert pace.rate == rate < 100


def test_a_carrier_that_takes_nothing_is_asked_ever_less_often_and_the_rate_does_not_collapse() -> None:
    pace, now, asked = Pace(100, 0.0), 0.0, []
    while now < 60:
        now += pace.wait(now)
        pace.spend(now)
        asked.append(now)
        pace.throttled(now + 0.01, now)
        now += 0.01
    assert asked[-1] - asked[-2] == pytest.approx(REST, abs=0.1)
    assert len(asked) < 25
    assert pace.rate > 1


def test_after_an_absence_it_begins_at_a_tenth_and_climbs_to_where_it_was() -> None:
    it = run(1000, contract=50)
    it.on(5)
    it.pace.restart(it.now)
    assert it.pace.rate == 5
    it.on(it.now + 1)
    assert 5 < it.pace.rate < 15
    it.on(it.now + 11)
    assert it.pace.rate == 50


steps = st.lists(st.tuples(st.sampled_from(["send", "taken", "throttled", "restart"]), st.floats(0, 3)), max_size=200)


@given(st.floats(0.1, 10_000), steps)
def test_whatever_happens_it_stays_within_its_bounds(limit: float, steps: list[tuple[str, float]]) -> None:
    pace, now = Pace(limit, 0.0), 0.0
    for step, passed in steps:
        now += passed
        match step:
            case "send":
                now += pace.wait(now)
                pace.spend(now)
                assert pace.wait(now) > 0
            case "taken":
                pace.accepted(now)
            case "throttled":
                pace.throttled(now, now - passed)
            case "restart":
                pace.restart(now)
        assert min(SLOWEST, limit) * 0.999 <= pace.rate <= limit * 1.001
        assert pace.wait(now) <= max(REST, 2 / pace.rate) + 1
