"""A nudge to another process: at once when it is the first, and under load only so often, since it is awake anyway."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

GAP = 0.004  # seconds between two


class Nudge:
    """`give` as often as there is reason to; `send` is called for all that were given within a gap together."""

    def __init__(self, send: Callable[[], None], gap: float = GAP) -> None:
        self._send, self._gap = send, gap
        self._resting: asyncio.TimerHandle | None = None
        self._due = False

    def give(self) -> None:
        """Now, or when the gap is over."""
        if self._resting is not None:
            self._due = True
            return
        self._resting = asyncio.get_running_loop().call_later(self._gap, self._over)
        self._send()

    def _over(self) -> None:
        self._resting = None
        if self._due:
            self._due = False
            self.give()
