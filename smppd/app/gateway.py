"""The composition root: what there is, in which order it starts, and in which order it stops.

Start: HTTP listeners (a bad port fails at once), database, writer, forwarders, carriers last. Stop: the other way
round, so that nothing is taken that cannot be answered and nothing answered that is not stored.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Coroutine
from datetime import UTC, datetime
from typing import Any

from smppd import log, metrics
from smppd.app.children import Child
from smppd.app.counter import Counter
from smppd.app.forwarding import Forwarding
from smppd.app.front import front
from smppd.app.holding import Holding, Outlet
from smppd.app.orders import Orders
from smppd.app.orphans import Orphans
from smppd.app.reader import Reader
from smppd.carriers.matchers import Matchers
from smppd.config import CarrierConfig, Config, Secret
from smppd.errors import StartError, StoreDown
from smppd.store import Database
from smppd.store.database import DOWN
from smppd.store.health import STALE
from smppd.store.intake import Intake
from smppd.store.keeper import Keeper
from smppd.store.queries import statement
from smppd.store.revival import Revival
from smppd.store.status import set_link_state
from smppd.store.wake import SEND, Hint, Wake

STARTING = "starting"
STOP_SECONDS = 20.0  # for everything; systemd's default leaves 90
LAST_WORDS = 2.0  # of them, to take this node out of `status`


class Gateway:
    """One node. `serve` runs it until `stop` is called or something fails that must not."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.db = Database(config)
        self.reader = Reader(config)
        self._sending = Hint(self.db, SEND)
        self._wake = Wake(self.db, SEND)
        self.counter = Counter(self.db, config, self._submitted)
        self.http = front(config, self.counter.desk, self._readiness, self._exposition)
        self.ready = asyncio.Event()
        self._stop = asyncio.Event()
        self._unready: str | None = STARTING
        self._carriers: dict[str, tuple[CarrierConfig, Holding, asyncio.Task[None]]] = {}
        self._reloads: asyncio.Queue[dict[str, CarrierConfig]] = asyncio.Queue()
        self._states: asyncio.Queue[tuple[str, int, str, str, str]] = asyncio.Queue()
        self._children: list[Child] = []
        self._forwarding: Forwarding | None = None
        self._outlet: Outlet
        self._matchers: Matchers | None = None
        self._depth_read = 0.0
        self._log = log.get("gateway")

    async def serve(self, *, migrate_schema: bool = True) -> None:
        """Everything, until stopped. Raises StartError in words when it cannot start."""
        await self.http.start()
        try:
            try:
                if await self._unless_stopped(self._reach_database(migrate_schema)):
                    await self._run()
                    await self._say_goodbye()
            finally:
                await self.db.stop()
        finally:
            await self.http.stop()

    async def _say_goodbye(self) -> None:
        with contextlib.suppress(*DOWN, StoreDown):  # TimeoutError is one of them
            async with asyncio.timeout(LAST_WORDS):
                await self.db.gone()

    async def _reach_database(self, migrate_schema: bool) -> None:
        while True:
            await self.db.start(migrate_schema=migrate_schema, patience=float("inf"))
            if self.db.embedded is not None:
                self.db.embedded.claim()
            with contextlib.suppress(*DOWN):  # gone again between the two: wait for it again
                return await self.db.seen()

    async def _unless_stopped(self, work: Coroutine[Any, Any, object]) -> bool:
        """Do it to its end, or leave it when told to stop; whether it was done."""
        doing, stopping = asyncio.ensure_future(work), asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if doing.done():
                await doing
            return doing.done()
        finally:
            doing.cancel()
            stopping.cancel()
            await asyncio.gather(doing, stopping, return_exceptions=True)

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    def stop(self) -> None:
        """Begin the orderly stop."""
        self._unready = "stopping"
        self._stop.set()

    def reload(self, config: Config) -> None:
        """Take over routes, log and the carriers that changed; what needs a restart is named in the log."""
        log.setup(config.log)
        for table in ("store", "node", "http", "systems"):
            if getattr(config, table) != getattr(self.config, table):
                self._log.warning("needs a restart to take effect", table=table)
        self.config = config
        self.db.config = self.db.config.model_copy(update={"carriers": config.carriers})  # the keeper reads it
        self.reader.configure(config)
        self.counter.desk.configure(config)
        for child in self._children:
            child.configure(config)
        if self._matchers is not None:
            self._matchers.configure(config.carriers)
        self._reloads.put_nowait(config.carriers)
        self._log.info("configuration read again")

    async def _run(self) -> None:
        hint = Hint(self.db)
        windows = {name: carrier.redelivery_window for name, carrier in self.config.carriers.items()}
        intake = Intake(self.db, self.reader, windows=windows, on_commit=hint.give)
        keeper = Keeper(self.db, intake, self.reader, hint.give)
        self._matchers = Matchers(self.db, self.config.carriers, intake.receipts, hint.give)
        self._outlet = Outlet(self._wake, self.counter.health, self._matchers.recorded, hint.give, self._submitted)
        async with asyncio.TaskGroup() as group, self._ended(group):
            own = [
                group.create_task(job)
                for job in (
                    intake.run(),
                    keeper.run(),
                    hint.run(),
                    self._sending.run(),
                    self._wake.run(),
                    self.counter.run(),
                    self._matchers.run(),
                    self._watch(),
                    self._note_states(),
                )
            ]
            own.append(group.create_task(Orphans(self.db).run()))
            if self.db.embedded is not None:
                own.append(group.create_task(Revival(self.db.embedded).run()))
            own.extend(self._start_systems(group))
            for name, config in self.config.carriers.items():
                self._start_carrier(group, intake, name, config)
            own.append(group.create_task(self._reload_carriers(group, intake)))
            if await self._unless_stopped(self._children_ready()):
                self._unready = None
                self.ready.set()
                await self._stop.wait()
            await self._stop_all(intake)
            for task in own:
                task.cancel()

    async def _children_ready(self) -> None:
        for child in self._children:
            await child.ready.wait()

    @contextlib.asynccontextmanager
    async def _ended(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        try:
            yield
        finally:
            for _, _, task in self._carriers.values():
                task.cancel()

    def _start_systems(self, group: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        names = list(self.config.systems)
        count = min(self._processes() - 1, len(names))
        if count < 1:
            self._forwarding = Forwarding(self.db, self.config, names, self.counter)
            return [group.create_task(self._forwarding.run())] if names else []
        store = self.config.store.model_copy(update={"dsn": Secret(self.db.dsn)})
        config = self.config.model_copy(update={"store": store})
        orders = [Orders(config, names[n::count]) for n in range(count)]
        orders[0].listeners = self.http.listeners
        self._children = [self._child(f"forwarder-{n}", each) for n, each in enumerate(orders, 1)]
        return [group.create_task(child.run()) for child in self._children]

    def _child(self, name: str, orders: Orders) -> Child:
        async def readiness(_: bytes) -> bytes:
            return (await self._readiness() or "").encode()

        async def exposition(_: bytes) -> bytes:
            return await self._exposition()

        questions = {"readiness": readiness, "exposition": exposition}
        return Child(name, orders, questions, {"submitted": lambda _: self._submitted()}, self._served_elsewhere)

    async def _served_elsewhere(self, elsewhere: bool) -> None:
        """HTTP leaves the process of the carriers while another one takes the connections."""
        await (self.http.rest() if elsewhere else self.http.accept())

    def _processes(self) -> int:
        wanted = self.config.node.processes
        return min(2, len(os.sched_getaffinity(0))) if wanted == "auto" else wanted

    def _start_carrier(self, group: asyncio.TaskGroup, intake: Intake, name: str, config: CarrierConfig) -> None:
        holding = Holding(self.db, name, config, intake, self._state, self._outlet)
        self._carriers[name] = config, holding, group.create_task(holding.run())

    async def _reload_carriers(self, group: asyncio.TaskGroup, intake: Intake) -> None:
        while True:
            wanted = await self._reloads.get()
            for name, (config, _, _) in list(self._carriers.items()):
                if wanted.get(name) != config:
                    await self._stop_carrier(name, STOP_SECONDS / 2)
            for name, config in wanted.items():
                if name in self._carriers or self._stop.is_set():
                    continue
                try:
                    self._start_carrier(group, intake, name, config)
                except StartError as error:  # the others shall not be missing for it
                    self._log.error("this carrier cannot be used", carrier=name, reason=str(error))

    async def _stop_carrier(self, name: str, seconds: float) -> None:
        _, holding, task = self._carriers.pop(name)
        await holding.stop(seconds)
        task.cancel()

    async def _stop_all(self, intake: Intake) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + STOP_SECONDS
        self._log.info("stopping: carriers first")
        await asyncio.gather(*(self._stop_carrier(name, STOP_SECONDS / 2) for name in list(self._carriers)))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(1.0, end - loop.time() - STOP_SECONDS / 4)):
                await intake.drained()
        left = max(1.0, end - loop.time())
        await asyncio.gather(*(child.stop(left) for child in self._children))
        if self._forwarding is not None and not await self._forwarding.stop(left):
            self._log.warning("deliveries were cut short; they are tried again at the next start")
        await self._flush_states()

    def _submitted(self) -> None:
        """Messages wait for a carrier: tell the senders of this process at once, and those of others."""
        self._wake.hear()
        self._sending.give()

    def _state(self, carrier: str, link: int, state: str, reason: str, peer: str) -> None:
        self._states.put_nowait((carrier, link, state, reason, peer))

    async def _note_states(self) -> None:
        while True:
            change = await self._states.get()
            with contextlib.suppress(*DOWN, StoreDown):  # the log has it; the table is for looking on
                await set_link_state(self.db, *change)

    async def _flush_states(self) -> None:
        with contextlib.suppress(*DOWN, StoreDown):
            while not self._states.empty():
                await set_link_state(self.db, *self._states.get_nowait())

    async def _readiness(self) -> str | None:
        return self.db.trouble if self._unready == STARTING and self.db.trouble else self._unready

    async def _watch(self) -> None:
        """Know within a few seconds whether messages can be stored."""
        while True:
            reason = None
            try:
                await self.db.ask("select 1")
            except (*DOWN, StoreDown) as error:
                reason = f"the database cannot be reached: {type(error).__name__}"
            if self.ready.is_set() and not self._stop.is_set() and reason != self._unready:
                self._unready = reason
                if reason is None:
                    self._log.info("the database is back")
                else:
                    self._log.warning("not ready", reason=reason)
            await asyncio.sleep(1)

    async def _exposition(self) -> bytes:
        await asyncio.gather(*(child.collect() for child in self._children))
        with contextlib.suppress(*DOWN, StoreDown):
            await self._read_depth()
        return metrics.exposition()

    async def _read_depth(self) -> None:
        if time.monotonic() - self._depth_read < 5 or not self.ready.is_set():
            return  # counting a million rows for each of many scrapes would cost more than it tells
        self._depth_read = time.monotonic()
        now = datetime.now(UTC)
        for row in await self.db.pool.fetch(statement("status", "systems")):
            metrics.QUEUE_MESSAGES.labels("inbound", row["name"], "pending").set(row["waiting"])
            metrics.QUEUE_MESSAGES.labels("inbound", row["name"], "dead").set(row["dead"])
            age = (now - row["oldest"]).total_seconds() if row["oldest"] else 0.0
            metrics.QUEUE_OLDEST.labels("inbound", row["name"]).set(age)
        for row in await self.db.pool.fetch(statement("status", "carriers"), STALE):
            for state in ("queued", "scheduled", "sending"):
                metrics.QUEUE_MESSAGES.labels("outbound", row["name"], state).set(row[state])
            age = (now - row["oldest"]).total_seconds() if row["oldest"] else 0.0
            metrics.QUEUE_OLDEST.labels("outbound", row["name"]).set(max(0.0, age))
