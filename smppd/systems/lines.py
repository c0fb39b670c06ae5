"""Who is next: deliveries in memory, in a line per sender. Pure; the forwarder brings rows, outcomes and the time.

Messages of one sender go one after another; senders do not wait for each other. A line holds few rows: the rest of a
long one stays in the database (`more`) and is fetched for that line alone, so that one sender's twenty thousand
messages neither fill the memory nor stand before the others. A line whose head must wait is parked.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from smppd.store.queue import Claimed

PER_LINE = 16
WINDOW = 2000  # rows in memory, parked heads apart
PARKED = 20_000  # lines that may wait for their head's next try


@dataclass(slots=True)
class Line:
    """One sender's rows. `last` is the highest id seen of it."""

    rows: deque[Claimed] = field(default_factory=deque)
    more: bool = False
    busy: bool = False
    parked: float = 0.0
    queued: bool = False
    last: int = 0


class Lines:
    """All lines of one system."""

    def __init__(self) -> None:
        self._lines: dict[int, Line] = {}
        self._ready: deque[int] = deque()
        self._parked: list[tuple[float, int]] = []
        self._parked_count = 0
        self.held: set[int] = set()  # ids that are in memory or whose outcome is not recorded yet
        self.hungry: dict[int, None] = {}  # lanes whose rows must be fetched, those that wait longest first

    @property
    def room(self) -> int:
        """How many rows may be claimed now."""
        return 0 if self._parked_count >= PARKED else max(0, self._slack)

    @property
    def fits(self) -> bool:
        """Whether rows of one hungry lane may be fetched: thousands of lines may be so at once."""
        return self._slack > 0

    @property
    def _slack(self) -> int:
        return WINDOW - (len(self.held) - self._parked_count)

    def apart(self) -> list[int]:
        """Lanes that a general claim must pass over."""
        return [lane for lane, line in self._lines.items() if line.more]

    def add(self, rows: Iterable[Claimed], now: float, wait: Iterable[float]) -> None:
        """Append claimed rows in order; `wait` says for each how many seconds it is not due yet."""
        for row, seconds in zip(rows, wait, strict=True):
            if row.delivery.id in self.held:
                continue
            line = self._lines.get(row.lane)
            if line is None:
                line = self._lines[row.lane] = Line()
            if line.more and row.lane not in self.hungry:
                continue
            if len(line.rows) >= PER_LINE or (line.parked and line.rows):
                line.more = True
                continue
            line.rows.append(row)
            line.last = max(line.last, row.delivery.id)
            self.held.add(row.delivery.id)
            if len(line.rows) == 1 and not line.busy:
                if seconds > 0:
                    self._park(row.lane, line, now + seconds)
                else:
                    self._queue(row.lane, line)

    def fed(self, lane: int, count: int, limit: int) -> None:
        """A fetch for this lane alone has brought `count` rows of at most `limit`."""
        self.hungry.pop(lane, None)
        line = self._lines[lane]
        line.more = count >= limit
        self._rest(lane, line)

    def take(self, limit: int, now: float) -> list[Claimed]:
        """Up to `limit` rows that may go now, of as many lines as it takes; [] when none may."""
        while self._parked and self._parked[0][0] <= now:
            due, lane = heapq.heappop(self._parked)
            line = self._lines.get(lane)
            if line is not None and line.parked == due:
                self._unpark(line)
                self._queue(lane, line)
        taken: list[Claimed] = []
        while self._ready and len(taken) < limit:
            lane = self._ready.popleft()
            line = self._lines[lane]
            line.queued = False
            if line.busy or line.parked or not line.rows:
                continue
            line.busy = True
            while line.rows and len(taken) < limit:
                taken.append(line.rows.popleft())
        return taken

    def finish(self, batch: list[Claimed], retry: dict[int, float], now: float) -> None:
        """A batch has come back. `retry`: id -> seconds until it may be tried again; all others are done with."""
        for row in reversed(batch):
            if row.delivery.id in retry:
                self._lines[row.lane].rows.appendleft(row)
        for lane in {row.lane for row in batch}:
            line = self._lines[lane]
            line.busy = False
            if line.rows and (wait := retry.get(line.rows[0].delivery.id)) is not None:
                self._park(lane, line, now + wait)
            else:
                self._rest(lane, line)

    def forget(self, ids: Iterable[int]) -> None:
        """Their outcomes are recorded."""
        self.held.difference_update(ids)

    def next_due(self) -> float | None:
        """When the next parked line may go on."""
        return self._parked[0][0] if self._parked else None

    def after(self, lane: int) -> int:
        """The highest id of this lane that was claimed."""
        return self._lines[lane].last

    def _rest(self, lane: int, line: Line) -> None:
        if line.busy:
            return
        if line.rows:
            self._queue(lane, line)
        elif line.more:
            self.hungry[lane] = None
        else:
            del self._lines[lane]

    def _queue(self, lane: int, line: Line) -> None:
        if not line.queued and not line.parked:
            line.queued = True
            self._ready.append(lane)

    def _park(self, lane: int, line: Line, due: float) -> None:
        if not line.parked:
            self._parked_count += 1
        line.parked = due
        heapq.heappush(self._parked, (due, lane))
        while len(line.rows) > 1:  # only the head is worth memory while it waits
            dropped = line.rows.pop()
            self.held.discard(dropped.delivery.id)
            line.more = True
        line.last = line.rows[0].delivery.id

    def _unpark(self, line: Line) -> None:
        line.parked = 0.0
        self._parked_count -= 1
