"""The right side of one process: its systems, each with its adapter, its HTTP client and its forwarder."""

from __future__ import annotations

import asyncio
import contextlib

from aiohttp import web

from smppd.app.counter import Counter
from smppd.config import Config
from smppd.desk import Desk
from smppd.store import Database
from smppd.store.queue import MESSAGES, REPORTS
from smppd.store.wake import Wake
from smppd.systems import TYPES
from smppd.systems.api import Api
from smppd.systems.callback import Callbacks
from smppd.systems.contract import Context, System
from smppd.systems.forwarder import Forwarder
from smppd.systems.http import http_session


class Forwarding:
    """Forwarders for the systems `names`, until `stop`."""

    def __init__(self, db: Database, config: Config, names: list[str], counter: Counter) -> None:
        self._db, self._config, self._names, self._counter = db, config, names, counter
        self._forwarders: list[Forwarder] = []
        self._over = asyncio.Event()
        self._over.set()

    async def run(self) -> None:
        """Serve until cancelled or stopped; a task that fails ends them all, loudly."""
        self._over.clear()
        wake = Wake(self._db)
        async with contextlib.AsyncExitStack() as stack:
            for name in self._names:
                await self._add(name, wake, stack)
            async with asyncio.TaskGroup() as group:
                hearing = group.create_task(wake.run())
                running = [group.create_task(forwarder.run()) for forwarder in self._forwarders]
                await asyncio.gather(*running)
                self._over.set()
                hearing.cancel()

    async def _add(self, name: str, wake: Wake, stack: contextlib.AsyncExitStack) -> None:
        """The forwarder of a system, and one for its reports unless they go with its messages."""
        system = self._config.systems[name]
        kind = TYPES[system.type]
        deliver = kind.deliver or Api
        region = self._config.policy.region
        http = await stack.enter_async_context(http_session(system))
        calls = await stack.enter_async_context(http_session(system, anywhere=True))
        own, apart = (Context(name, system, session, self._db.installation, region) for session in (http, calls))
        if kind.together:
            served: list[tuple[System, tuple[int, ...]]] = [(Callbacks(deliver(own), apart), (MESSAGES, REPORTS))]
        else:
            served = [(deliver(own), (MESSAGES,)), (Callbacks(deliver(apart), apart), (REPORTS,))]
        for adapter, kinds in served:
            forwarder = Forwarder(self._db, name, system, adapter, wake.subscribe(), self._counter.desk, kinds)
            self._forwarders.append(forwarder)

    async def stop(self, seconds: float) -> bool:
        """Let what is under way end, record it, give the leases back; False when the time was too short."""
        try:
            async with asyncio.timeout(seconds):
                await asyncio.gather(*(forwarder.stop() for forwarder in self._forwarders))
                await self._over.wait()
        except TimeoutError:
            return False
        return True


def served(config: Config, desk: Desk) -> list[web.RouteDef]:
    """The routes that the kinds of the configured systems declare."""
    kinds = dict.fromkeys(system.type for system in config.systems.values())
    sides = [serve for kind in kinds if (serve := TYPES[kind].serve) is not None]
    return [route for serve in sides for route in serve(desk)]
