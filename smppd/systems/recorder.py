"""Writes down what came of deliveries, several at a time, for as long as it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import asyncpg
from structlog.typing import FilteringBoundLogger

from smppd import metrics
from smppd.store.database import DOWN
from smppd.store.queue import Postponed, Queue

GATHER = 0.005  # seconds to wait for company; a crash repeats at most so much more


class Recorder:
    """Outcomes of one system. `waiting` of them are not in the database yet; `forget` is told which are done with."""

    def __init__(self, queue: Queue, logger: FilteringBoundLogger, forget: Callable[[Iterable[int]], None]) -> None:
        self._queue, self._log, self._forget = queue, logger, forget
        self._delivered: list[int] = []
        self._dead: list[tuple[int, str]] = []
        self._postponed: list[Postponed] = []
        self._due = asyncio.Event()
        self._written = asyncio.Event()
        self.waiting = 0

    def delivered(self, message: int) -> None:
        """The system has it."""
        self._delivered.append(message)
        self._more()

    def dead(self, message: int, reason: str) -> None:
        """It is not tried again by itself."""
        self._dead.append((message, reason))
        self._more()

    def postponed(self, later: Postponed) -> None:
        """It is tried again."""
        self._postponed.append(later)
        self._more()

    async def progress(self) -> None:
        """Wait until the next outcomes are written, or there was nothing to write."""
        self._written.clear()
        self._due.set()
        await self._written.wait()

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._due.wait()
            await asyncio.sleep(GATHER)
            self._due.clear()
            delivered, self._delivered = self._delivered, []
            dead, self._dead = self._dead, []
            postponed, self._postponed = self._postponed, []
            done = [*delivered, *(message for message, _ in dead)]
            if done or postponed:
                await self._write(delivered, dead, postponed)
                self._forget(done)
                self.waiting -= len(done) + len(postponed)
            self._written.set()

    def _more(self) -> None:
        self.waiting += 1
        self._due.set()

    async def _write(self, delivered: list[int], dead: list[tuple[int, str]], postponed: list[Postponed]) -> None:
        while True:
            try:
                with metrics.STORE_SECONDS.labels("record").time():
                    await self._queue.record(delivered, dead, postponed)
            except (*DOWN, asyncpg.PostgresError) as error:
                # Held in memory and not asked for again until the database has it.
                self._log.warning("outcomes wait for the database", reason=type(error).__name__)
                self._queue.drop_connection("record")
                await asyncio.sleep(0.5)
            else:
                return
