"""What a carrier had under way that is sent to no more: taken out of the configuration, renamed, or a receiver now."""

from __future__ import annotations

import asyncio
from typing import Final

import asyncpg

from smppd import log
from smppd.carriers.recovery import settle
from smppd.errors import StoreDown
from smppd.smpp.mapping import receipt_words
from smppd.store import Database
from smppd.store.database import DOWN
from smppd.store.outqueue import Outqueue
from smppd.store.queries import statement

EVERY = 60.0  # seconds between two looks
LEASE = 15.0  # seconds; it is not given back, as a carrier that is configured again may hold it by then
IN_DOUBT: Final = "resend"  # the default of the key, which is not known any more


class Orphans:
    """`run` until cancelled. Marked rows are nobody's but their carrier's owner: without one they would wait for ever.

    As its owner for a moment it settles them as a sender does that begins. Then others may take them over, or they
    expire in their time. The lease keeps it from a carrier that another node serves.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._log = log.get("carriers")
        self._told: set[str] = set()

    async def run(self) -> None:
        """Look now, and again and again."""
        while True:
            try:
                await self.settle()
            except (*DOWN, StoreDown, asyncpg.PostgresError) as error:
                self._log.debug("not looked for what no carrier sends", reason=type(error).__name__)
            await asyncio.sleep(EVERY)

    async def settle(self) -> None:
        """Look once. Raises what the database raises."""
        sent_to = [name for name, each in self._db.config.carriers.items() if each.bind != "receiver"]
        rows = await self._db.pool.fetch(statement("outqueue", "unserved"), sent_to)
        for row in rows:
            name = row["name"]
            if row["marked"] and await self._db.take_lease(f"carrier/{name}", LEASE):
                await self._settle(name)
            if name not in self._told:
                self._told.add(name)
                self._log.warning(
                    "messages wait for a carrier that this node does not send to", carrier=name,
                    fix="configure it again; else they go to other carriers of their route, or expire",
                )  # fmt: skip

    async def _settle(self, name: str) -> None:
        queue = Outqueue(self._db, name, receipt_words)
        try:
            await settle(queue, IN_DOUBT, self._log.bind(carrier=name))
        finally:
            queue.close()
