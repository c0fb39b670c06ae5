"""How a carrier stands, as its owner tells all nodes: up while a link can send, refusing, and why it is not faster."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import asyncpg

from smppd.carriers.sender import Sender
from smppd.errors import StoreDown
from smppd.store import Database
from smppd.store.database import DOWN
from smppd.store.health import RENEW
from smppd.store.queries import statement
from smppd.store.text import storable

LOOK = 0.5  # seconds between two looks
LIMITED = 2.0  # seconds over which it is judged what holds it back
MARGIN = 10.0  # seconds a refusing carrier has to take a first part after its time, before it gets its turn


class Standing:
    """`run` until cancelled, `gone` when this node gives the carrier up in order."""

    def __init__(self, db: Database, sender: Sender, down_after: float) -> None:
        self._db, self._sender, self._down_after = db, sender, down_after
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._seen = float("-inf")  # bound, on the loop's clock
        self._told = self._limited_at = float("-inf")
        self._up: bool | None = None  # as was told last
        self._was_up = False  # and went down
        self._refusing = 0.0  # until when, as was told last
        self._limited: tuple[str, float, str] = ("", 0.0, "")

    def changed(self) -> None:
        """A link was bound or lost."""
        self._changed.set()

    async def run(self) -> None:
        """Tell what changes, and again every two seconds that it is up."""
        while True:
            now = self._loop.time()
            try:
                await self._up_or_down(now)
                await self._refuses(now)
                await self._limits(now)
            except (*DOWN, StoreDown, asyncpg.PostgresError):
                pass  # told again at the next look; what is not renewed is down soon
            self._sender.tend()
            try:
                async with asyncio.timeout(LOOK):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()

    async def gone(self) -> None:
        """This node serves it no more."""
        await self._ask("set_up", False)

    async def _up_or_down(self, now: float) -> None:
        if self._sender.bound:
            self._seen = now
        # A link that is bound again soon is not worth moving messages for.
        up = now - self._seen < self._down_after
        if up and self._was_up and not self._up:
            self._sender.returned()
        elif self._up and not up:
            self._was_up = True
            self._sender.withdraw()  # others may take it
        if up is not self._up or (up and now - self._told >= RENEW):
            await self._ask("set_up", up)
            self._up, self._told = up, now

    async def _refuses(self, now: float) -> None:
        until = self._sender.circuit.open_until
        if until != self._refusing:
            span = timedelta(seconds=until - now + MARGIN) if until else None
            await self._ask("set_refusing", span, storable(self._sender.answers.refusal) if until else "")
            self._refusing = until

    async def _limits(self, now: float) -> None:
        if now - self._limited_at < LIMITED:
            return
        self._limited_at = now
        answers = self._sender.answers
        throttled, answers.throttled = answers.throttled, 0
        reason = f"throttled {throttled} times in the last {LIMITED:g} s" if throttled else ""
        limited = (self._sender.limits.worst(now), self._sender.pace.rate, reason)
        if limited != self._limited:
            await self._ask("set_limited", *limited)
            self._limited = limited

    async def _ask(self, name: str, *values: object) -> None:
        await self._db.ask(statement("carrier", name), await self._db.carrier_id(self._sender.name), *values)
