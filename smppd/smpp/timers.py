"""Time as a session sees it: a clock that only goes forward, and the instants at which something is due."""

from __future__ import annotations

from dataclasses import dataclass

NEVER = float("inf")


class Clock:
    """Seconds of a session's life, fed with the driver's `now`.

    It stands still when `now` steps back, and while the driver has stopped reading: what we chose not to hear cannot
    be held against the carrier.
    """

    __slots__ = ("_now", "elapsed", "running")

    def __init__(self, now: float) -> None:
        self.elapsed = 0.0
        self.running = True
        self._now = now

    def advance(self, now: float) -> float:
        """Take note of `now`; returns the seconds elapsed."""
        if now > self._now and self.running:
            self.elapsed += now - self._now
        self._now = now
        return self.elapsed

    def instant(self, due: float) -> float:
        """When `due` (in elapsed seconds) comes, on the driver's clock."""
        return self._now + (due - self.elapsed)


@dataclass(slots=True)
class Timers:
    """The timers of SMPP 3.4 section 7.2 and those of the proof, in elapsed seconds; NEVER when not running."""

    bind: float = NEVER  # session_init_timer: no answer to the bind
    enquire: float = NEVER  # enquire_link_timer: nothing heard for a while, ask
    answer: float = NEVER  # no answer to the enquire_link that is out
    proof: float = NEVER  # answers wait to be proved, ask
    inactivity: float = NEVER  # inactivity_timer: no message either way
    end: float = NEVER  # the unbind takes too long

    def earliest(self) -> float:
        """The next instant at which one of them is due."""
        # While an enquire_link is out no other is sent, so its answer is what to wait for.
        asking = self.answer if self.answer != NEVER else min(self.enquire, self.proof)
        return min(asking, self.bind, self.inactivity, self.end)

    def stop(self) -> None:
        """Nothing is due any more."""
        self.bind = self.enquire = self.answer = self.proof = self.inactivity = self.end = NEVER
