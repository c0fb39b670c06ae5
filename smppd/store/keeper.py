"""What must be done by the clock: heartbeat, disk budget, sets that wait too long, retention, gauges."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import asyncpg

from smppd import log, metrics
from smppd.config.carriers import CarrierConfig
from smppd.errors import StoreDown
from smppd.store.batch import Batch
from smppd.store.database import DOWN, Database
from smppd.store.disk import DiskBudget
from smppd.store.intake import Intake, Reader
from smppd.store.outkeeper import OutKeeper
from smppd.store.parts import SetKey
from smppd.store.queries import statement

MARKERS = timedelta(days=7)  # how long parts of finished sets are remembered for late repeats after a cut
_LEFT = CarrierConfig.model_validate({"hosts": ["localhost:2775"], "system_id": ""})  # every default
AGAIN = 86400.0  # seconds between two walks over the whole history


class Keeper:
    """Runs beside one Intake. Each job is tried again at its next turn when the database is away."""

    def __init__(self, db: Database, intake: Intake, reader: Reader, on_commit: Callable[[], None]) -> None:
        self._db, self._intake, self._reader, self._on_commit = db, intake, reader, on_commit
        self.disk = DiskBudget(db)
        self.outbound = OutKeeper(db, on_commit)
        self._log = log.get("keeper")
        self._blanked_upto = 0
        self._walked = time.monotonic()

    async def run(self) -> None:
        """Every job in its own rhythm, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._every(5.0, self._db.seen))
            group.create_task(self._every(5.0, self._check_disk))
            group.create_task(self._every(1.0, self.close_sets))
            group.create_task(self._every(60.0, self._forget))
            group.create_task(self._every(1.0, self.outbound.expire))
            group.create_task(self._every(60.0, self.outbound.tidy))

    async def _every(self, seconds: float, job: Callable[[], Awaitable[Any]]) -> None:
        failing = False
        while True:
            try:
                await job()
                failing = False
            except (*DOWN, StoreDown, asyncpg.PostgresError) as error:
                if not failing:
                    self._log.warning("put off", job=job.__name__, reason=type(error).__name__)
                failing = True
            await asyncio.sleep(seconds)

    async def _check_disk(self) -> None:
        was_full = self.disk.full
        used = await self.disk.check()
        if used is not None:
            metrics.DISK_USED.set(used)
        self._intake.full = self.disk.full
        if self.disk.full and not was_full:
            self._log.error(
                "disk budget spent: carriers are asked to keep their messages",
                budget=self._db.config.store.max_disk,
                fix="free space on the volume, or raise store.max_disk, or lower store.retain",
            )
        elif was_full and not self.disk.full:
            self._log.warning("disk budget has room again")

    async def close_sets(self) -> None:
        """Make messages of the sets that have waited their carrier's time, by its choice; count those that wait."""
        for carrier_id, name in (await self._db.names("carrier")).items():
            # A carrier that was taken out of the configuration may have left parts.
            carrier = self._db.config.carriers.get(name, _LEFT)
            if carrier.incomplete == "hold":
                continue
            span = timedelta(seconds=carrier.reassembly_timeout)
            rows = await self._db.pool.fetch(statement("intake", "overdue_sets"), carrier_id, span)
            keys = [SetKey(carrier_id, *row) for row in rows]
            if keys:
                batch = Batch(self._db, self._reader, [])
                async with self._db.pool.acquire() as connection:
                    closed = await batch.close(connection, name, keys, drop=carrier.incomplete == "drop", span=span)
                batch.count()
                if closed:
                    self._log.warning("incomplete sets closed", carrier=name, count=closed, choice=carrier.incomplete)
                    self._on_commit()
        metrics.PARTS_INCOMPLETE.set(await self._db.pool.fetchval(statement("keeper", "incomplete_sets")))

    async def _walk(self, name: str, seconds: float, after: int) -> int:
        """Run a statement of keeper.sql share by share; return the id it came to."""
        while reached := await self._db.pool.fetchval(statement("keeper", name), timedelta(seconds=seconds), after):
            after = reached
        return after

    async def _forget(self) -> None:
        store = self._db.config.store
        pool = self._db.pool
        # Each statement takes a bounded share and its own transaction: a message never waits for housekeeping.
        if time.monotonic() - self._walked > AGAIN:  # what was still waiting when its time came is looked at once more
            self._walked, self._blanked_upto = time.monotonic(), 0
        self._blanked_upto = await self._walk("blank_texts", store.retain_text, self._blanked_upto)
        await self._walk("forget_received", store.retain, 0)
        await self._walk("forget_receipts", store.retain, 0)
        while await pool.execute(statement("intake", "forget_parts"), MARKERS) != "DELETE 0":
            continue
        await pool.execute(statement("session", "forget_sessions"))
