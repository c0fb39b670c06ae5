"""What was claimed and waits for its turn: one lane per priority, each in order of time. Bounded. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from heapq import heappop, heappush

from smppd.store.outqueue import PRIORITIES, START, Claimed, Cursor

ROOM = 1000  # messages per lane; claimed again when half of it is gone


class Lanes:
    """`held` are the ids of all messages the sender has in memory, in a lane or beyond it."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._lanes: dict[int, list[tuple[Cursor, Claimed]]] = {priority: [] for priority in PRIORITIES}
        self.cursors: dict[int, Cursor] = dict.fromkeys(PRIORITIES, START)
        self.held: set[int] = set()
        self._dry: set[int] = set()  # lanes that a claim brought all for

    def __len__(self) -> int:
        return sum(map(len, self._lanes.values()))

    @property
    def low(self) -> bool:
        """Whether some lane has room, and there may be more for it."""
        return any(self._is_low(priority) for priority in PRIORITIES)

    def wanted(self) -> dict[int, tuple[Cursor, int]]:
        """Which lanes to claim for: from where on, and how many."""
        return {
            priority: (self.cursors[priority], self._room - len(lane))
            for priority, lane in self._lanes.items()
            if self._is_low(priority)
        }

    def answered(self, wanted: dict[int, tuple[Cursor, int]], claimed: Iterable[Claimed]) -> None:
        """A claim brought this: where it was less than asked for, there is no more until something stirs."""
        counts = Counter(one.priority for one in claimed)
        self._dry |= {priority for priority, (_, room) in wanted.items() if counts[priority] < room}

    def stirred(self) -> None:
        """There may be more of anything."""
        self._dry.clear()

    def _is_low(self, priority: int) -> bool:
        return priority not in self._dry and len(self._lanes[priority]) <= self._room // 2

    def add(self, claimed: Iterable[Claimed], *, ahead: bool) -> int:
        """Take what was claimed; how many. `ahead`: it stood behind the cursors, which it moves."""
        count = 0
        for one in claimed:
            at = (one.due_at, one.id)
            if ahead:
                self.cursors[one.priority] = max(self.cursors[one.priority], at)
            if one.id not in self.held:
                self.held.add(one.id)
                heappush(self._lanes[one.priority], (at, one))
                count += 1
        return count

    def pop(self) -> Claimed | None:
        """The next: the highest priority first, then what has waited longest."""
        for lane in self._lanes.values():
            if lane:
                return heappop(lane)[1]
        return None

    def forget(self, ids: Iterable[int]) -> None:
        """They are in memory no more."""
        self.held.difference_update(ids)
