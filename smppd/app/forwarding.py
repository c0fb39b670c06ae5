"""The right side of one process: its systems, each with its adapter, its HTTP client and its forwarder."""

from __future__ import annotations

import asyncio
import contextlib

from aiohttp import web

from smppd.app.counter import Counter
from smppd.config import Config
from smppd.desk import Desk
from smppd.store import Database
from smppd.store.wake import Wake
from smppd.systems import TYPES
from smppd.systems.contract import Context
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
                system = self._config.systems[name]
                http = await stack.enter_async_context(http_session(system))
                deliver = TYPES[system.type].deliver
                if deliver is None:
                    continue
                adapter = deliver(Context(name, system, http, self._db.installation, self._config.policy.region))
                desk = self._counter.desk
                self._forwarders.append(Forwarder(self._db, name, system, adapter, wake.subscribe(), desk))
            async with asyncio.TaskGroup() as group:
                hearing = group.create_task(wake.run())
                running = [group.create_task(forwarder.run()) for forwarder in self._forwarders]
                await asyncio.gather(*running)
                self._over.set()
                hearing.cancel()

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
