"""A steady rate of sending."""

from __future__ import annotations

#: What may be caught up at once after a late timer, in seconds of sending.
_CATCH_UP = 0.05


class Pace:
    """Spaces messages evenly: `rate` per second, or no limit when None."""

    def __init__(self, rate: float | None, now: float = 0.0) -> None:
        self.rate = rate
        self._next_at = now

    def wait_until(self, now: float) -> float | None:
        """When the next message may go; None for now."""
        return None if self.rate is None or self._next_at <= now else self._next_at

    def spend(self, now: float) -> None:
        """Counts a message that goes out now."""
        if self.rate is not None:
            self._next_at = max(self._next_at, now - _CATCH_UP) + 1 / self.rate
