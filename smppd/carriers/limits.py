"""What keeps a sender from being faster: where its time goes while something waits. No clock of its own."""

from __future__ import annotations

from collections.abc import Callable

WINDOW = "window"  # all requests the window allows are under way: a larger one would help
PACE = "pace"  # the contract's throughput
CARRIER = "carrier"  # it throttles, refuses, is paused, or no link is bound
STORE = "store"  # the database: nothing is marked yet, or nothing claimed
IDLE = ""


class Limits:
    """`blocked` says what it is from now on; `worst` what it was most of the time since it was asked last.

    `spent` is told of all time that something held it back.
    """

    def __init__(self, now: float, spent: Callable[[str, float], None]) -> None:
        self._reason, self._since, self._tell = IDLE, now, spent
        self._spent: dict[str, float] = {}

    def blocked(self, reason: str, now: float) -> None:
        """This holds the sender back from now on."""
        if reason != self._reason:
            self._close(now)
            self._reason = reason

    def worst(self, now: float) -> str:
        """What held it back most; nothing when it was idle all the time."""
        self._close(now)
        spent, self._spent = self._spent, {}
        return max(spent, key=lambda reason: spent[reason]) if spent else IDLE

    def _close(self, now: float) -> None:
        if self._reason and now > self._since:
            self._spent[self._reason] = self._spent.get(self._reason, 0.0) + now - self._since
            self._tell(self._reason, now - self._since)
        self._since = now
