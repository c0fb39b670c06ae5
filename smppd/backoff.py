"""When to try again. Pure: the caller brings the randomness and the time."""

from __future__ import annotations

from collections.abc import Callable
from random import random


def delay(attempt: int, first: float, most: float, *, rng: Callable[[], float] = random) -> float:
    """Seconds before try number `attempt` + 1: `first` doubled per attempt up to `most`, with half of it at random.

    The random half keeps a thousand messages that failed together from coming back together.
    """
    full = min(most, first * 2.0 ** min(max(attempt - 1, 0), 60))
    return full / 2 + full / 2 * rng()
