"""A carrier is bound and sent to by one node at a time: the lease is taken before its links start, and lost means
unbound."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from smppd import log
from smppd.carriers.asking import Asking
from smppd.carriers.recorder import Recorded
from smppd.carriers.sender import Sender
from smppd.carriers.smpp import SmppCarrier
from smppd.carriers.standing import Standing
from smppd.config import CarrierConfig
from smppd.errors import StoreDown
from smppd.smpp.ports import LinkState
from smppd.store import Database
from smppd.store.database import DOWN
from smppd.store.health import Health
from smppd.store.intake import Intake
from smppd.store.wake import Wake

LEASE = 15.0  # seconds
ELSEWHERE = "elsewhere"

Changed = Callable[[str, int, str, str, str], None]  # carrier, link, state, reason, peer


@dataclass(slots=True)
class Outlet:
    """What the senders of one process share: who wakes them, what they ask, and whom they tell."""

    wake: Wake  # on SEND
    health: Health
    recorded: Recorded
    on_report: Callable[[], None]
    on_moved: Callable[[], None]


class Holding:
    """One carrier on this node: its links and its sender run while this node has its lease."""

    def __init__(
        self, db: Database, name: str, config: CarrierConfig, intake: Intake, changed: Changed, outlet: Outlet
    ) -> None:
        self._db, self.name, self._config, self._intake, self._changed = db, name, config, intake, changed
        self._outlet = outlet
        self._carrier: SmppCarrier | None = None
        self._sender: Sender | None = None
        self._standing: Standing | None = None
        self._until = 0.0  # the lease is ours, on the loop's clock
        self._stopping = asyncio.Event()
        self._finished = asyncio.Event()  # what was under way at the stop is recorded, or was given up
        self._log = log.get("carriers").bind(carrier=name)
        SmppCarrier(name, config, intake)  # a TLS file that cannot be used is said at the start

    async def run(self) -> None:
        """Hold the carrier whenever it is free. Ends by `stop` or cancellation."""
        waiting = False
        while not self._stopping.is_set():
            try:
                if await self._take():
                    waiting = False
                    await self._hold()
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
        """Send no more, record and answer what is under way, unbind, give the lease back."""
        self._stopping.set()
        try:
            await self._finish(seconds)
        finally:
            self._finished.set()

    async def _finish(self, seconds: float) -> None:
        end = asyncio.get_running_loop().time() + seconds
        if self._sender is not None:
            self._sender.halt()
        if self._carrier is not None:
            # A carrier that never answers the unbind must leave time to write down what it may not have heard.
            await self._carrier.stop(end - min(2.0, seconds / 4))
        try:
            async with asyncio.timeout_at(end):
                await self._intake.settled(self.name)
                if self._sender is not None:
                    await self._sender.finish()
                if self._standing is not None:
                    await self._standing.gone()
        except TimeoutError:
            # Another node must not bind before it can know what we left in doubt: the lease runs out by itself.
            self._log.warning("the carrier is kept until its lease ends: the database does not answer")
            return
        with contextlib.suppress(*DOWN, StoreDown):
            await self._db.release_lease(f"carrier/{self.name}")

    async def _take(self, *, again: bool = False) -> bool:
        """Take the lease, or renew it."""
        began = asyncio.get_running_loop().time()
        ask = self._db.renew_lease if again else self._db.take_lease
        if taken := await ask(f"carrier/{self.name}", LEASE):
            self._until = began + LEASE
        return taken

    async def _hold(self) -> None:
        self._carrier = SmppCarrier(self.name, self._config, self._intake, on_state=self._state)
        tasks = [asyncio.create_task(self._carrier.run())]
        wake = self._outlet.wake.subscribe()
        if self._config.bind != "receiver":
            self._sender, self._standing = self._sending(self._carrier, wake)
            tasks += [asyncio.create_task(self._sender.run()), asyncio.create_task(self._standing.run())]
            tasks.append(asyncio.create_task(self._asking(self._carrier, self._sender).run()))
        try:
            await self._renew(tasks)
        finally:
            self._outlet.wake.unsubscribe(wake)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _renew(self, tasks: list[asyncio.Task[None]]) -> None:
        """Keep the lease until the links have ended, or one of the tasks fails."""
        links = tasks[0]
        assert self._carrier is not None
        while not links.done():
            done, _ = await asyncio.wait(tasks, timeout=LEASE / 3, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            with contextlib.suppress(*DOWN, StoreDown):  # nobody can take it while the database is away
                if not links.done() and not await self._take(again=True):
                    self._log.warning("another node has, or had, this carrier: unbinding")
                    self._until = 0.0
                    await self._carrier.stop(asyncio.get_running_loop().time() + LEASE / 3)
        if self._stopping.is_set():
            await self._finished.wait()  # the sender has something to record yet

    def _sending(self, carrier: SmppCarrier, wake: asyncio.Event) -> tuple[Sender, Standing]:
        outlet, loop = self._outlet, asyncio.get_running_loop()
        sender = Sender(
            self._db,
            carrier,
            self._config,
            wake,
            owns=lambda: loop.time() < self._until,
            health=outlet.health,
            recorded=outlet.recorded,
            on_report=outlet.on_report,
            on_moved=outlet.on_moved,
        )
        return sender, Standing(self._db, sender, self._config.down_after)

    def _asking(self, carrier: SmppCarrier, sender: Sender) -> Asking:
        loop, on_report = asyncio.get_running_loop(), self._outlet.on_report

        def owns() -> bool:
            return loop.time() < self._until

        return Asking(self._db, carrier, self._config, sender.pace, owns=owns, on_report=on_report)

    def _state(self, carrier: str, number: int, state: LinkState, reason: str) -> None:
        peer = self._carrier.links[number - 1].endpoint if self._carrier is not None else ""
        self._changed(carrier, number, state.value, reason, peer)
        if self._sender is not None and self._standing is not None:
            self._sender.changed()
            self._standing.changed()
