"""Circuit: one sender's failures are its own, the system's open it, one probe at a time decides."""

from __future__ import annotations

import pytest

from smppd.config import Retry
from smppd.systems.circuit import FAILURES, LONGEST, Circuit, failures_for

FIRST = Retry().first


def circuit() -> Circuit:
    return Circuit(Retry())


def fail(circuit: Circuit, now: float, *lanes: int, pause: bool = False, after: float | None = None) -> list[bool]:
    return [circuit.failure(now, lane, "503", pause=pause, after=after) for lane in lanes]


def test_a_closed_circuit_allows_everything() -> None:
    assert circuit().limit(8, 0.0) == 8


def test_one_sender_that_fails_for_ever_does_not_open_it() -> None:
    one = circuit()
    assert not any(fail(one, 0.0, *[7] * 100))
    assert not one.is_open


def test_as_many_senders_as_it_takes_with_no_success_between_open_it() -> None:
    one = circuit()
    assert fail(one, 0.0, *range(FAILURES)) == [False] * (FAILURES - 1) + [True]
    assert one.reason == "503"
    assert one.limit(8, 0.0) == 0


@pytest.mark.parametrize(("concurrency", "failures"), [(1, 5), (2, 5), (3, 6), (8, 16), (100, 200)])
def test_the_more_is_asked_at_once_the_more_senders_it_takes(concurrency: int, failures: int) -> None:
    one = Circuit(Retry(), failures_for(concurrency))
    assert fail(one, 0.0, *range(failures)) == [False] * (failures - 1) + [True]


def test_a_success_between_them_begins_the_count_again() -> None:
    one = circuit()
    fail(one, 0.0, *range(FAILURES - 1))
    assert not one.success()
    assert not any(fail(one, 0.0, *range(FAILURES - 1)))


def test_a_pause_opens_it_at_once() -> None:
    one = circuit()
    assert fail(one, 0.0, 1, pause=True) == [True]


@pytest.mark.parametrize("after", [0.0, 17.0, 120.0])
def test_it_waits_at_least_as_long_as_the_system_asked(after: float) -> None:
    one = circuit()
    fail(one, 100.0, 1, pause=True, after=after)
    assert one.open_until >= 100.0 + max(after, FIRST / 2)


def test_one_probe_is_allowed_when_the_time_has_come() -> None:
    one = circuit()
    fail(one, 0.0, 1, pause=True)
    assert one.limit(8, one.open_until - 0.001) == 0
    assert one.limit(8, one.open_until) == 1


def test_a_probe_that_succeeds_closes_it() -> None:
    one = circuit()
    fail(one, 0.0, 1, pause=True)
    assert one.success()
    assert (one.limit(8, 0.0), one.reason) == (8, "")


def test_each_probe_that_fails_doubles_the_wait_up_to_the_longest() -> None:
    one = circuit()
    waits, now = [], 0.0
    for _ in range(12):
        assert fail(one, now, 1, pause=True) == [True]
        waits.append(one.open_until - now)
        now = one.open_until
    bounds = [min(LONGEST, FIRST * 2**n) for n in range(12)]
    assert all(bound / 2 <= wait <= bound for wait, bound in zip(waits, bounds, strict=True))


def test_attempts_from_before_it_opened_do_not_lengthen_the_wait() -> None:
    one = circuit()
    fail(one, 0.0, 1, pause=True)
    until = one.open_until
    assert fail(one, 0.5, 2, 3, 4, pause=True) == [False] * 3
    assert one.open_until == until
