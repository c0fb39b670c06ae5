"""Messages of carriers that cannot send, taken over by those that can, no faster than they send them."""

from __future__ import annotations

from smppd.store.health import Health
from smppd.store.outqueue import PRIORITIES, START, Cursor, Outqueue

SPAN = 2.0  # seconds of sending that are taken at once
FEWEST = 10


class Takeover:
    """For one carrier, which takes; `look` once a second or so while it has nothing better to do."""

    def __init__(self, queue: Outqueue, health: Health) -> None:
        self._queue, self._health = queue, health
        self._cursors: dict[tuple[int, int], Cursor] = {}

    async def look(self, rate: float) -> int:
        """Take what is ours to take, highest priority first; how many. Raises what the database raises."""
        left = max(FEWEST, int(rate * SPAN))
        taken = 0
        usable, down = self._health.split()
        down = [carrier for carrier in down if carrier != self._queue.id]
        if self._queue.id not in usable:
            return 0
        for priority in PRIORITIES:
            for other in down:
                if left <= 0:
                    return taken
                key = (other, priority)
                count, end = await self._queue.take_over(other, priority, self._cursors.get(key, START), usable, left)
                self._cursors[key] = end or START
                taken, left = taken + count, left - count
        return taken
