"""The desk of one process with what it needs to run: its writer, the health of the carriers, and the disk budget."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import asyncpg

from smppd.config import Config
from smppd.desk import Desk
from smppd.errors import StoreDown
from smppd.store import Database
from smppd.store.database import DOWN
from smppd.store.disk import DiskBudget
from smppd.store.health import Health
from smppd.store.submissions import Submissions

CHECK = 5.0  # seconds between two looks at the disk


class Counter:
    """`run` until cancelled. `on_commit` is told after each commit, to wake the senders."""

    def __init__(self, db: Database, config: Config, on_commit: Callable[[], None]) -> None:
        self.writer = Submissions(db, on_commit)
        self.health = Health(db)
        self.desk = Desk(db, config, self.writer, self.health)
        self.disk = DiskBudget(db)

    async def run(self) -> None:
        """Write what is handed in, and know how the carriers are."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.writer.run())
            group.create_task(self.health.run())
            group.create_task(self._watch_disk())

    async def check_disk(self) -> None:
        """Take nothing in while the disk budget is spent; carriers are asked to keep theirs by the keeper."""
        await self.disk.check()
        self.writer.full = self.disk.full

    async def _watch_disk(self) -> None:
        while True:
            with contextlib.suppress(*DOWN, StoreDown, asyncpg.PostgresError):  # nothing can be taken in meanwhile
                await self.check_disk()
            await asyncio.sleep(CHECK)
