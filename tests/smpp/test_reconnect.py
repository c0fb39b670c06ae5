"""When a link tries again, as a table."""

from __future__ import annotations

import pytest

from smppd.smpp.events import Cause
from smppd.smpp.reconnect import Reconnect

LOW, HIGH = 0.0, 1.0


def delays(rng: float, *ends: tuple[Cause, int, float | None]) -> list[float]:
    reconnect = Reconnect(rng=lambda: rng)
    return [reconnect.delay(*end) for end in ends]


LOST = (Cause.CLOSED, 0, None)


def test_the_wait_doubles_up_to_a_minute_and_is_all_at_random() -> None:
    assert delays(HIGH, *[LOST] * 8) == [1, 2, 4, 8, 16, 32, 60, 60]
    assert delays(LOW, *[LOST] * 8) == [0] * 8
    assert delays(0.5, *[LOST] * 3) == [0.5, 1, 2]


@pytest.mark.parametrize(("bound_for", "after"), [(9.9, 16), (10.0, 1), (3600.0, 1)])
def test_only_a_stable_spell_starts_it_anew(bound_for: float, after: float) -> None:
    assert delays(HIGH, *[LOST] * 4, (Cause.CLOSED, 0, bound_for))[-1] == after


def test_a_link_that_flaps_is_slowed_down() -> None:
    assert delays(HIGH, *[(Cause.CLOSED, 0, 0.5)] * 7)[-1] == 60


@pytest.mark.parametrize(("rng", "delay"), [(LOW, 30), (HIGH, 60)])
def test_a_carrier_that_holds_our_old_session_is_given_time(rng: float, delay: float) -> None:
    assert delays(rng, *[(Cause.REFUSED, 0x05, None)] * 3) == [delay] * 3


@pytest.mark.parametrize("status", [0x0D, 0x0E, 0x0F, 0x53])
def test_refused_credentials_slow_down_to_minutes_and_never_end(status: int) -> None:
    ends = [(Cause.REFUSED, status, None)] * 5
    assert delays(HIGH, *ends) == [60, 120, 240, 300, 300]
    assert delays(LOW, *ends) == [30, 60, 120, 150, 150]


def test_a_bind_that_stood_forgets_earlier_refusals() -> None:
    refused = (Cause.REFUSED, 0x0E, None)
    assert delays(HIGH, refused, refused, (Cause.CLOSED, 0, 60.0), refused)[-1] == 60


@pytest.mark.parametrize("status", [0x08, 0x04, 0x401])
def test_other_refusals_wait_like_any_failure(status: int) -> None:
    assert delays(HIGH, *[(Cause.REFUSED, status, None)] * 3) == [1, 2, 4]


def test_our_own_store_is_asked_again_soon() -> None:
    assert delays(HIGH, *[(Cause.STORE, 0, None)] * 6) == [1, 2, 4, 5, 5, 5]


def test_it_goes_on_for_ever() -> None:
    assert delays(HIGH, *[LOST] * 5000)[-1] == 60
    assert delays(HIGH, *[(Cause.REFUSED, 0x0E, None)] * 5000)[-1] == 300
