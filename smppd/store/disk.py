"""The disk budget: beyond it carriers keep their messages, long before PostgreSQL has no room to work."""

from __future__ import annotations

import shutil
from pathlib import Path

from smppd.store.database import Database
from smppd.store.queries import statement

RESUME = 0.98  # of the budget: intake resumes below, so that it does not flap at the border


class DiskBudget:
    """`used` is the share of the budget in use, 1.0 at the limit; None where it cannot be known."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._budget = db.config.store.max_disk
        self.full = False

    async def used(self) -> float | None:
        """Measure now. Raises what the database raises."""
        if self._budget.endswith("%"):
            if self._db.embedded is None:
                return None  # another machine's volume cannot be seen from here; give a size instead
            usage = shutil.disk_usage(Path(self._db.config.store.data_dir))
            # As df counts: what the system keeps back for root or by quota belongs to nobody's share.
            return usage.used / (usage.used + usage.free) / (int(self._budget[:-1]) / 100)
        size: int = await self._db.pool.fetchval(statement("keeper", "database_size"))
        return size / int(self._budget)

    async def check(self) -> float | None:
        """Measure and set `full`, with a little slack before it is taken back."""
        used = await self.used()
        if used is not None:
            self.full = used >= 1.0 or (self.full and used >= RESUME)
        return used
