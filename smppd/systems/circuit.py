"""Whether a system is asked at all. Pure; one probe at a time while it is doubtful."""

from __future__ import annotations

from smppd.backoff import delay
from smppd.config import Retry

FAILURES = 5  # senders that fail with no success between them, at least, before the system itself counts as down
LONGEST = 60.0  # seconds between probes: a system that is back is noticed within a minute


def failures_for(concurrency: int) -> int:
    """The limit for a system that is asked so many things at once.

    Where every second sender fails for a reason of its own, as many as are asked at once often fail in a row; twice
    as many hardly ever.
    """
    return max(FAILURES, 2 * concurrency)


class Circuit:
    """Closed: everything goes. Open: nothing until a time, then one probe; its success closes the circuit.

    `failures`: how many senders must fail with no success between them.
    """

    def __init__(self, retry: Retry, failures: int = FAILURES) -> None:
        self._retry = retry
        self._failures = failures
        self._failing: set[int] = set()
        self._trips = 0
        self.open_until = 0.0
        self.reason = ""

    @property
    def is_open(self) -> bool:
        return self._trips > 0

    def limit(self, concurrency: int, now: float) -> int:
        """How many attempts may be under way now."""
        if not self.is_open:
            return concurrency
        return 1 if now >= self.open_until else 0

    def success(self) -> bool:
        """An answer that shows the system alive; True when this closed the circuit."""
        closed = self.is_open
        self._failing.clear()
        self._trips = 0
        self.open_until, self.reason = 0.0, ""
        return closed

    def failure(self, now: float, lane: int, reason: str, *, pause: bool, after: float | None) -> bool:
        """A try that may be tried again; True when this opened the circuit (again).

        One sender's message that fails for ever is its own affair: failures count by `lane`. `pause` opens at once;
        `after` is the time the system asked for.
        """
        self._failing.add(lane)
        if not (pause or self.is_open or len(self._failing) >= self._failures):
            return False
        if self.is_open and now < self.open_until:
            return False  # an attempt from before the circuit opened
        self._trips += 1
        self.open_until = now + max(delay(self._trips, self._retry.first, min(self._retry.max, LONGEST)), after or 0.0)
        self.reason = reason
        return True
