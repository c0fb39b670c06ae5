"""Back-off: doubled per attempt, bounded, half of it at random."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smppd.backoff import delay


@pytest.mark.parametrize(
    ("attempt", "first", "most", "least", "longest"),
    [
        (0, 5, 900, 2.5, 5),
        (1, 5, 900, 2.5, 5),
        (2, 5, 900, 5, 10),
        (3, 5, 900, 10, 20),
        (8, 5, 900, 320, 640),
        (9, 5, 900, 450, 900),
        (1_000_000, 5, 900, 450, 900),
        (1, 60, 30, 15, 30),
    ],
)
def test_the_wait_lies_between_half_and_all_of_its_bound(
    attempt: int, first: float, most: float, least: float, longest: float
) -> None:
    assert delay(attempt, first, most, rng=lambda: 0.0) == least
    assert delay(attempt, first, most, rng=lambda: 1.0) == longest


@given(st.integers(0, 10**9), st.floats(0.001, 1e4), st.floats(0.001, 1e6), st.floats(0, 1, exclude_max=True))
def test_it_is_never_longer_than_the_most_and_never_nothing(
    attempt: int, first: float, most: float, chance: float
) -> None:
    assert 0 < delay(attempt, first, most, rng=lambda: chance) <= most


def test_two_that_failed_together_come_back_apart() -> None:
    assert len({delay(5, 5, 900) for _ in range(50)}) == 50
