"""How fast a carrier is sent to: evenly, never above what it allows, and finding its limit where it throttles. Pure.

Additive increase, multiplicative decrease, as TCP shares a line, with the memory of where it went wrong: the rate at
which the carrier throttled is approached again soon and passed only slowly.
"""

from __future__ import annotations

import math

SLOT = 0.1  # seconds over which the strictest carriers count
LATE = 0.005  # seconds a timer may be late without costing a turn: caught up, no more
SLOWEST = 0.2  # parts per second, however often it throttles
DECREASE = 0.95  # of the rate, when it was throttled after a while of peace
SHY = 0.97  # of it: as far as is climbed soon afterwards
AGAIN = 0.8  # of it, when that was not enough
HALF = 0.5  # of it, at most at once
PEACE = 2.0  # seconds without being throttled, after which the rate was nearly right
CLIMB = 0.1  # of the known limit per second, below it
PROBE = 0.002  # the same above it, doubled every PATIENCE seconds that nothing is throttled
PATIENCE = 10.0
REST = 5.0  # seconds between two tries, at most, when everything is throttled
MEMORY = 1.0  # seconds over which the accepted are counted


class Pace:
    """One per carrier, shared by its links. Times are seconds of any steady clock; a part takes one turn.

    `limit` is what the carrier's contract allows, `rate` what is dared now, both in parts per second.
    """

    def __init__(self, limit: float, now: float) -> None:
        self.limit = limit
        self.rate = limit
        self.ceiling = limit  # the rate at which it throttled last; `limit` when it did not
        self._next_at = now
        self._cut_at = self._rest_at = -math.inf
        self._grown_at = self._passed_at = self._counted_at = now
        self._accepted = 0.0  # per second, of late
        self._fresh = True  # something was accepted since the last cut
        self._refused = 0  # throttled answers in a row

    @property
    def lowered(self) -> bool:
        """Whether the carrier, not its contract, holds us back."""
        return self.rate < 0.99 * self.limit

    def wait(self, now: float) -> float:
        """Seconds until a part may go; 0 for now."""
        return max(0.0, self._next_at - now)

    def spend(self, now: float) -> None:
        """A part goes out now."""
        step = 1.0 / self.rate
        self._next_at = max(self._next_at, now - min(LATE, SLOT * step)) + step

    def accepted(self, now: float) -> None:
        """The carrier has taken a part."""
        self._count(now, 1.0)
        self._fresh, self._refused = True, 0
        passed = min(now - self._grown_at, max(1.0, 2.0 / self.rate))
        self._grown_at = now
        if self.rate >= self.limit:
            return
        if self.rate < self.ceiling:
            self._passed_at = now
            self.rate = min(self.ceiling, self.rate + passed * CLIMB * self.ceiling)
        else:
            steeper = 2.0 ** min((now - self._passed_at) / PATIENCE, 6.0)
            self.rate += passed * min(CLIMB, PROBE * steeper) * self.ceiling
        self.rate = min(self.rate, self.limit)

    def throttled(self, now: float, sent_at: float) -> None:
        """The carrier refused a part that was sent at `sent_at` because it was too fast."""
        self._count(now, 0.0)
        if sent_at < self._rest_at:
            return  # it was under way when we slowed down, and says nothing of the new rate
        # While everything is refused, the rate is not to blame: that a slot is full already says no more.
        if self._fresh or now - self._cut_at > 2 * REST:
            self._cut(now)
        rest = max(SLOT, 1.0 / self.rate) * 2.0 ** min(self._refused, 16)
        self._refused += 1
        self._rest_at = now
        self._next_at = max(self._next_at, now + min(rest, max(REST, 1.0 / self.rate)))

    def restart(self, now: float) -> None:
        """The carrier is back after it was away: begin low, and climb to where we were."""
        self.ceiling = max(self.rate, self.ceiling)
        self.rate = max(min(self.rate, 1.0), CLIMB * self.ceiling)
        self._next_at = self._grown_at = now
        self._refused = 0

    def _cut(self, now: float) -> None:
        lower = DECREASE * self.rate
        if now - self._cut_at < PEACE or self._cut_at == -math.inf:
            lower = min(AGAIN * self.rate, max(HALF * self.rate, self._accepted))
        self.ceiling = SHY * self.rate
        self.rate = min(self.limit, max(SLOWEST, lower))
        self._cut_at = self._grown_at = now
        self._fresh = False

    def _count(self, now: float, one: float) -> None:
        """Of what was accepted, the old is forgotten little by little."""
        self._accepted = self._accepted * math.exp((self._counted_at - now) / MEMORY) + one / MEMORY
        self._counted_at = now
