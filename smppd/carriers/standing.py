"""How a carrier stands, as its owner tells all nodes: up while a link can send, and why it is not faster."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import asyncpg

from smppd.errors import StoreDown
from smppd.store import Database
from smppd.store.database import DOWN
from smppd.store.health import RENEW
from smppd.store.queries import statement

LOOK = 0.5  # seconds between two looks


class Standing:
    """`run` until cancelled. `bound` asks whether a link stands that can send."""

    def __init__(self, db: Database, carrier: str, down_after: float, bound: Callable[[], bool]) -> None:
        self._db, self._carrier, self._down_after, self._bound = db, carrier, down_after, bound
        self._changed = asyncio.Event()
        self._seen = float("-inf")  # bound, on the loop's clock
        self._told = float("-inf")
        self._up: bool | None = None  # as was told last

    @property
    def up(self) -> bool:
        """Bound now, or a moment ago: a link that is bound again soon is not worth moving messages for."""
        return asyncio.get_running_loop().time() - self._seen < self._down_after or self._bound()

    def changed(self) -> None:
        """A link was bound or lost."""
        self._changed.set()

    async def run(self) -> None:
        """Tell it when it changes, and again every two seconds while up."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                if self._bound():
                    self._seen = loop.time()
                up = self.up
                if up is not self._up or (up and loop.time() - self._told >= RENEW):
                    await self._tell(up)
                try:
                    async with asyncio.timeout(LOOK):
                        await self._changed.wait()
                except TimeoutError:
                    pass
                self._changed.clear()
        finally:
            self._up = None

    async def gone(self) -> None:
        """This node serves it no more, in order."""
        await self._tell(False)

    async def _tell(self, up: bool) -> None:
        try:
            await self._db.ask(statement("carrier", "set_up"), await self._db.carrier_id(self._carrier), up)
        except (*DOWN, StoreDown, asyncpg.PostgresError):
            return  # said again at the next look; what is not renewed is down soon
        self._up, self._told = up, asyncio.get_running_loop().time()
