"""A carrier is bound by one node at a time: the lease is taken before its links start, and lost means unbound."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from smppd import log
from smppd.carriers.smpp import SmppCarrier
from smppd.config import CarrierConfig
from smppd.errors import StoreDown
from smppd.smpp.ports import LinkState
from smppd.store import Database
from smppd.store.database import DOWN
from smppd.store.intake import Intake

LEASE = 15.0  # seconds
ELSEWHERE = "elsewhere"

Changed = Callable[[str, int, str, str, str], None]  # carrier, link, state, reason, peer


class Holding:
    """One carrier on this node: its links run while this node has its lease."""

    def __init__(self, db: Database, name: str, config: CarrierConfig, intake: Intake, changed: Changed) -> None:
        self._db, self.name, self._config, self._intake, self._changed = db, name, config, intake, changed
        self._carrier: SmppCarrier | None = None
        self._stopping = asyncio.Event()
        self._log = log.get("carriers").bind(carrier=name)
        SmppCarrier(name, config, intake)  # a TLS file that cannot be used is said at the start

    async def run(self) -> None:
        """Hold the carrier whenever it is free. Ends by `stop` or cancellation."""
        lease, waiting = f"carrier/{self.name}", False
        while not self._stopping.is_set():
            try:
                if await self._db.take_lease(lease, LEASE):
                    waiting = False
                    await self._hold(lease)
                    continue
                if not waiting:
                    self._log.info("another node has this carrier")
                    self._changed(self.name, 1, ELSEWHERE, "another node has it", "")
                waiting = True
            except (*DOWN, StoreDown) as error:
                self._log.warning("waiting for the database", reason=type(error).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), LEASE / 3)

    async def stop(self, seconds: float) -> None:
        """Answer what is committed, unbind, give the lease back."""
        self._stopping.set()
        end = asyncio.get_running_loop().time() + seconds
        if self._carrier is not None:
            # A carrier that never answers the unbind must leave time to write down what it may not have heard.
            await self._carrier.stop(end - min(2.0, seconds / 4))
        try:
            async with asyncio.timeout_at(end):
                await self._intake.settled(self.name)
        except TimeoutError:
            # Another node must not bind before it can know what we left in doubt: the lease runs out by itself.
            self._log.warning("the carrier is kept until its lease ends: the database does not answer")
            return
        with contextlib.suppress(*DOWN, StoreDown):
            await self._db.release_lease(f"carrier/{self.name}")

    async def _hold(self, lease: str) -> None:
        self._carrier = SmppCarrier(self.name, self._config, self._intake, on_state=self._state)
        running = asyncio.create_task(self._carrier.run())
        try:
            while not running.done():
                await asyncio.wait({running}, timeout=LEASE / 3)
                with contextlib.suppress(*DOWN, StoreDown):  # nobody can take it while the database is away
                    if not running.done() and not await self._db.take_lease(lease, LEASE):
                        self._log.warning("another node has taken this carrier: unbinding")
                        await self._carrier.stop(asyncio.get_running_loop().time() + LEASE / 3)
            await running
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running

    def _state(self, carrier: str, number: int, state: LinkState, reason: str) -> None:
        peer = self._carrier.links[number - 1].endpoint if self._carrier is not None else ""
        self._changed(carrier, number, state.value, reason, peer)
