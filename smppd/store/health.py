"""Whether each carrier can take messages now, as every node sees it: read from the database, at most a second old."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import timedelta

import asyncpg

from smppd.errors import StoreDown
from smppd.store.database import DOWN, Database
from smppd.store.queries import statement

EVERY = 1.0  # seconds between two looks
RENEW = 2.0  # seconds after which the owner of a carrier says again that it is up
STALE = timedelta(seconds=3 * RENEW)  # an owner that has said nothing for so long is dead, and its carrier down


@dataclass(slots=True, frozen=True)
class CarrierHealth:
    """One carrier. `usable` is what routing asks."""

    id: int
    up: bool = False
    paused: bool = False
    refusing: bool = False
    reason: str = ""

    @property
    def usable(self) -> bool:
        """Whether it gets its turn."""
        return self.up and not self.paused and not self.refusing


_UNKNOWN = CarrierHealth(0)


class Health:
    """`of` answers from memory; `run` keeps it fresh until cancelled."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._carriers: dict[str, CarrierHealth] = {}

    def of(self, name: str) -> CarrierHealth:
        """What is known of a carrier; down when nothing is."""
        return self._carriers.get(name, _UNKNOWN)

    def usable(self, name: str) -> bool:
        """Whether routing may choose it now."""
        return self.of(name).usable

    def usable_id(self, carrier: int) -> bool:
        """The same by the number that stands for a carrier in rows."""
        return any(each.id == carrier and each.usable for each in self._carriers.values())

    def split(self) -> tuple[list[int], list[int]]:
        """The numbers of those that routing may choose now, and of those that it may not."""
        usable, down = list[int](), list[int]()
        for each in self._carriers.values():
            (usable if each.usable else down).append(each.id)
        return usable, down

    async def refresh(self) -> None:
        """Look now. Raises what the database raises."""
        rows = await self._db.pool.fetch(statement("carrier", "health"), STALE)
        self._carriers = {
            row["name"]: CarrierHealth(row["id"], row["up"], row["paused"], row["refusing"], row["reason"])
            for row in rows
        }

    async def run(self) -> None:
        """Look again and again; while the database is away, what was known stands."""
        while True:
            with contextlib.suppress(*DOWN, StoreDown, asyncpg.PostgresError):
                await self.refresh()
            await asyncio.sleep(EVERY)
