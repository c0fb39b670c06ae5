"""Writes down what became of parts and messages, many in one commit, for as long as it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

import asyncpg
from structlog.typing import FilteringBoundLogger

from smppd import metrics
from smppd.model import PartState
from smppd.store.database import DOWN
from smppd.store.outqueue import Ended, Outqueue, Record, Told, Waiting

GATHER = 0.003  # seconds to wait for company; after a crash what was answered meanwhile is in doubt
MOST = 2000  # parts in one commit

Recorded = Callable[[str, Sequence[tuple[int, int, tuple[str, ...]]]], None]
"""Told the carrier and (message, number, keys) of each part that was accepted, after the commit."""


class Recorder:
    """Of one carrier. `done` is told which messages are off its hands, and whether they may be claimed again."""

    def __init__(
        self,
        queue: Outqueue,
        logger: FilteringBoundLogger,
        done: Callable[[Iterable[int], bool], None],
        recorded: Recorded,
        on_report: Callable[[], None],
        on_moved: Callable[[], None],
    ) -> None:
        self._queue, self._log, self._done = queue, logger, done
        self._recorded, self._on_report, self._on_moved = recorded, on_report, on_moved
        self._record = Record()
        self._due = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def part(self, told: Told) -> None:
        """A part is on the wire no more."""
        self._record.parts.append(told)
        self._more()

    def message(self, outcome: Ended | Waiting) -> None:
        """A message is off the sender's hands; its parts were told before."""
        if isinstance(outcome, Ended):
            self._record.ended.append(outcome)
        else:
            self._record.waiting.append(outcome)
        self._more()

    async def drained(self) -> None:
        """Until everything told so far is in the database."""
        await self._idle.wait()

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._due.wait()
            if len(self._record.parts) < MOST:
                await asyncio.sleep(GATHER)
            self._due.clear()
            record, self._record = self._record, Record()
            await self._write(record)
            if accepted := [(t.message, t.number, t.keys) for t in record.parts if t.state is PartState.ACCEPTED]:
                self._recorded(self._queue.carrier, accepted)
            if record.ended:
                self._done((end.message for end in record.ended), False)
            if record.waiting:
                self._done((one.message for one in record.waiting), True)
                if any(one.carrier != self._queue.id for one in record.waiting):
                    self._on_moved()
            if not self._record:
                self._idle.set()

    def _more(self) -> None:
        self._idle.clear()
        self._due.set()

    async def _write(self, record: Record) -> None:
        while True:
            try:
                with metrics.STORE_SECONDS.labels("sent").time():
                    told = await self._queue.record(record)
            except (*DOWN, asyncpg.PostgresError) as error:
                # Held in memory; no more is sent meanwhile than was marked already.
                self._log.warning("answers wait for the database", reason=type(error).__name__)
                self._queue.drop("record")
                await asyncio.sleep(0.5)
            else:
                if told:
                    self._on_report()
                return
