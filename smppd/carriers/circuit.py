"""Whether a carrier is asked at all: when nearly all it answers are errors of its own, others get its turn. Pure."""

from __future__ import annotations

from collections import deque

from smppd.backoff import delay

ANSWERS = 20  # the last so many are judged
ENOUGH = 10  # of them, at least, before it is judged at all
BAD = 0.9  # share of errors at which it counts as refusing
FIRST, LONGEST = 10.0, 120.0  # seconds until it is tried again


class Circuit:
    """Closed: everything goes. Open: nothing until a time, then one part; that it is taken closes the circuit."""

    def __init__(self) -> None:
        self._answers: deque[bool] = deque(maxlen=ANSWERS)
        self._trips = 0
        self.open_until = 0.0

    @property
    def is_open(self) -> bool:
        return self._trips > 0

    def limit(self, window: int, now: float) -> int:
        """How many parts may be under way now."""
        if not self._trips:
            return window
        return 1 if now >= self.open_until else 0

    def good(self) -> bool:
        """An answer that is about the message, or takes it; True when this closed the circuit."""
        self._answers.append(True)
        if not self._trips:
            return False
        self._answers.clear()
        self._trips, self.open_until = 0, 0.0
        return True

    def bad(self, now: float) -> float:
        """The carrier cannot, or will not, whatever the message; for how many seconds this opened the circuit, or 0."""
        self._answers.append(False)
        if self._trips:
            if now < self.open_until:
                return 0.0  # it was under way before
        elif len(self._answers) < ENOUGH or self._answers.count(False) < BAD * len(self._answers):
            return 0.0
        self._trips += 1
        span = delay(self._trips, FIRST, LONGEST)
        self.open_until = now + span
        return span
