"""The right side of the gateway as a process of its own: systems, and the HTTP listeners if it is given any.

It is told what to do over standard input and answers on standard output. End of input means that the parent is gone,
however it went; then nothing more may be delivered by this process, since the next parent starts its own.
"""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import socket
import sys

import orjson
import uvloop

from smppd import log, metrics
from smppd.app.channel import Channel
from smppd.app.counter import Counter
from smppd.app.forwarding import Forwarding
from smppd.app.front import front
from smppd.app.nudge import Nudge
from smppd.app.orders import READY, SERVING, Orders
from smppd.errors import SmppdError, StartError
from smppd.http import HttpServer
from smppd.store import Database

SCRAPE = 9.0  # seconds for the metrics of all processes; Prometheus waits for ten
LAST_WORDS = 5.0  # seconds the forwarders have to give their leases back after they have stopped


class RightSide:
    """What the parent asks of this process. `over` is its exit code."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.WriteTransport) -> None:
        questions = {"start": self._start, "metrics": self._metrics, "stop": self._stop}
        self.channel = Channel(reader, writer, questions, {"configure": self._configure})
        self.over: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._http: HttpServer | None = None
        self._turn = asyncio.Lock()  # to be stopped is a question, too, and may come before the start is over

    async def _start(self, octets: bytes) -> bytes:
        """Run by orders; the answer says whether the listeners are served."""
        async with self._turn:
            return await self._begin(pickle.loads(octets))

    async def _begin(self, orders: Orders) -> bytes:
        log.setup(orders.config.log)
        self._db = Database(orders.config)
        try:
            await self._db.start(migrate_schema=False)
        except SmppdError as error:
            log.get("forwarder").error("cannot start", reason=str(error))
            self.over.set_result(1)
            return b""
        self._counter = Counter(self._db, orders.config, Nudge(lambda: self.channel.tell("submitted")).give)
        self._forwarding = Forwarding(self._db, orders.config, orders.systems, self._counter)
        self._counting = asyncio.create_task(self._counter.run())
        self._running = asyncio.create_task(self._forwarding.run())
        for task in (self._counting, self._running):
            task.add_done_callback(self._failed)
        if orders.listeners:
            await self._serve(orders)
        return READY if self._http is None else SERVING

    async def _serve(self, orders: Orders) -> None:
        sockets = [socket.socket(fileno=number) for number in orders.listeners]
        http = front(orders.config, self._counter.desk, self._readiness, self._exposition)
        try:
            await http.start(sockets)
        except StartError as error:  # a certificate that is no longer there; the parent goes on serving
            log.get("forwarder").error("cannot listen here", reason=str(error))
        else:
            self._http = http

    async def _readiness(self) -> str | None:
        return (await self.channel.ask("readiness")).decode() or None

    async def _exposition(self) -> bytes:
        return await self.channel.ask("exposition", patience=SCRAPE)

    async def _metrics(self, _: bytes) -> bytes:
        return orjson.dumps(metrics.samples())

    def _configure(self, octets: bytes) -> None:
        self._counter.desk.configure(pickle.loads(octets))

    async def _stop(self, octets: bytes) -> bytes:
        """Forwarders first, then HTTP: its last requests are still written."""
        async with self._turn:
            if not self.over.done():
                await self._end(float(octets))
        return b""

    async def _end(self, seconds: float) -> None:
        await self._forwarding.stop(seconds)
        await asyncio.wait({self._running}, timeout=LAST_WORDS)
        if self._http is not None:
            await self._http.stop()
        for task in (self._counting, self._running):
            task.remove_done_callback(self._failed)
            task.cancel()
        await self._db.stop()
        if not self.over.done():
            self.over.set_result(0)

    def _failed(self, task: asyncio.Task[None]) -> None:
        """Neither of them ends by itself, but when they are stopped."""
        failure = None if task.cancelled() else task.exception()
        if failure is not None and not self.over.done():
            log.get("forwarder").error("stopped", error=failure)
            self.over.set_result(1)


async def serve() -> int:
    """Until told to stop; returns the exit code."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=2**24)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    out, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, sys.stdout.buffer)
    side = RightSide(reader, out)
    hearing = asyncio.create_task(side.channel.run())
    hearing.add_done_callback(_deserted)
    code = await side.over
    hearing.remove_done_callback(_deserted)
    hearing.cancel()
    return code


def _deserted(heard: asyncio.Task[None]) -> None:
    """The parent is gone, or says what cannot be read: the next one starts its own."""
    failure = None if heard.cancelled() else heard.exception()
    if failure is not None:
        log.get("forwarder").error("cannot hear the other process", error=failure)
    os._exit(0 if failure is None else 1)


if __name__ == "__main__":
    gc.freeze()  # what was loaded stays: each full collection would stop everything to look at it again
    sys.exit(uvloop.run(serve()))
