"""The desk of one process with what it needs to run: its writer, and the health of the carriers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from smppd.config import Config
from smppd.desk import Desk
from smppd.store import Database
from smppd.store.health import Health
from smppd.store.submissions import Submissions


class Counter:
    """`run` until cancelled. `on_commit` is told after each commit, to wake the senders."""

    def __init__(self, db: Database, config: Config, on_commit: Callable[[], None]) -> None:
        self.writer = Submissions(db, on_commit)
        self.health = Health(db)
        self.desk = Desk(db, config, self.writer, self.health)

    async def run(self) -> None:
        """Write what is handed in, and know how the carriers are."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.writer.run())
            group.create_task(self.health.run())
