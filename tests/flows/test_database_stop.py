"""PostgreSQL goes away under load: temporary errors, then everything, once."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from smppd.simulator.smsc import Smsc
from smppd.store.embedded import EmbeddedServer
from tests.flows.book import MARK, Arrivals, Load
from tests.flows.conftest import carrier, webhook
from tests.flows.process import Process

TEMPORARY = 0x64


def tables(smsc: Smsc, sink: Arrivals) -> dict[str, object]:
    return {
        "node": {"name": "gw1", "processes": 2},
        "carriers": carrier(smsc),
        "systems": {"sink": webhook(sink)},
        "routes": [{"to": ["sink"]}],
    }


async def everything_once(process: Process, load: Load, sink: Arrivals) -> None:
    count = await load.end(90)
    await sink.wait(count, 90)
    assert await process.stop() == 0
    assert set(sink.ids) == load.texts
    assert sink.doubled == {}
    async with process.database() as connection:
        assert await connection.fetchval("select count(*) from queue") == 0
        assert await connection.fetchval("select count(*) from received") == count


async def test_an_external_database_that_stops_costs_temporary_errors_and_nothing_else(
    gateway: Callable[..., Process], smsc: Smsc, sink: Arrivals, folder: Path, rounds: int | None
) -> None:
    server = EmbeddedServer(folder / "external")
    await server.start()
    try:
        process = gateway(store={"dsn": server.dsn, "max_disk": "100GB"}, **tables(smsc, sink))
        smsc.rate = 500
        await process.start()
        await smsc.wait_bound(1, 30)
        load = Load(smsc, long=20)
        load.begin()
        for mode in ("fast", "immediate") * (rounds or 1):
            await smsc.wait_acked(smsc.counters.acked + 500, 60)
            refused = smsc.counters.temporary_pdus
            await server.stop(mode)
            status, body = await asyncio.wait_for(_until(process, 503), 30)
            assert status == 503
            assert "database" in body
            # Refusals begin after five seconds; so many of them take about twenty.
            await smsc.wait_counter("temporary_pdus", refused + (20 if rounds is None else 3000), 60)
            assert (await process.get("/healthz"))[0] == 200
            await server.start()
            await process.until_page("/readyz", lambda status, _: status == 200)
        assert smsc.counters.links_lost == 0  # a database that restarts is no reason to leave the carrier
        await everything_once(process, load, sink)
    finally:
        await server.stop("immediate")


async def _until(process: Process, wanted: int) -> tuple[int, str]:
    body = await process.until_page("/readyz", lambda status, _: status == wanted)
    return wanted, body


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT, signal.SIGKILL], ids=["fast", "immediate", "crash"])
async def test_the_embedded_server_is_brought_back_when_it_ends(
    gateway: Callable[..., Process], smsc: Smsc, sink: Arrivals, how: signal.Signals, rounds: int | None
) -> None:
    process = gateway(**tables(smsc, sink))
    smsc.rate = 500
    await process.start()
    await smsc.wait_bound(1, 30)
    load = Load(smsc, long=20)
    load.begin()
    for _ in range(rounds or 1):
        await smsc.wait_acked(smsc.counters.acked + 500, 60)
        first = process.database_pid()
        said = len(process.lines)
        process.stop_database(how)
        await process.said("the embedded PostgreSQL has ended", after=said)
        await process.said("the embedded PostgreSQL runs again", after=said, timeout=60)
        assert process.database_pid() not in (None, first)
        await process.until_page("/readyz", lambda status, _: status == 200)
    await everything_once(process, load, sink)


async def test_an_embedded_server_kept_from_starting_is_tried_again_until_it_starts(
    gateway: Callable[..., Process], smsc: Smsc, sink: Arrivals
) -> None:
    process = gateway(**tables(smsc, sink))
    smsc.rate = 500
    await process.start()
    await smsc.wait_bound(1, 30)
    load = Load(smsc)
    load.begin()
    await smsc.wait_acked(300, 60)
    control = process.data / "postgres" / "global" / "pg_control"
    control.rename(control.with_suffix(".away"))
    process.stop_database(signal.SIGQUIT)
    await process.said("the embedded PostgreSQL does not start")
    await smsc.wait_counter("temporary_pdus", 20, 30)
    assert "database" in await process.until_page("/readyz", lambda status, _: status == 503)
    control.with_suffix(".away").rename(control)
    await process.until_page("/readyz", lambda status, _: status == 200)
    await everything_once(process, load, sink)


class Wire:
    """A TCP way to a PostgreSQL socket that can swallow the answer to a commit and then break."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self.armed = False
        self.open = asyncio.Event()  # cleared: nothing passes, and nobody is told
        self.open.set()
        self.cut = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(str(self._socket))
        swallow = asyncio.Event()

        async def forth() -> None:
            while data := await reader.read(2**16):
                if self.armed and MARK.encode() in data:
                    self.armed = False
                    swallow.set()
                await self.open.wait()
                back.write(data)
                await back.drain()

        async def home() -> None:
            while data := await there.read(2**16):
                # ReadyForQuery, idle: the insert is committed, and nobody will hear of it.
                if swallow.is_set() and data.endswith(b"Z\0\0\0\5I"):
                    self.cut += 1
                    return
                await self.open.wait()
                writer.write(data)
                await writer.drain()

        ways = [asyncio.create_task(forth()), asyncio.create_task(home())]
        try:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            for end in (writer, back):
                end.close()


async def test_a_commit_whose_answer_is_lost_on_the_way_is_not_made_twice(
    gateway: Callable[..., Process], smsc: Smsc, sink: Arrivals, folder: Path
) -> None:
    server = EmbeddedServer(folder / "external")
    await server.start()
    wire = Wire(folder / "external" / ".s.PGSQL.5432")
    try:
        port = await wire.start()
        dsn = f"postgresql://smppd@127.0.0.1:{port}/postgres"
        process = gateway(store={"dsn": dsn, "max_disk": "100GB"}, **tables(smsc, sink))
        smsc.rate = 500
        await process.start()
        await smsc.wait_bound(1, 30)
        load = Load(smsc, long=0)
        load.begin()
        for turn in range(5):
            await smsc.wait_acked(smsc.counters.acked + 100, 60)
            wire.armed = True
            async with asyncio.timeout(30):
                while wire.cut == turn:
                    await smsc.wait_acked(smsc.counters.acked + 10, 30)
        await everything_once(process, load, sink)
        assert wire.cut == 5
    finally:
        await wire.stop()
        await server.stop("immediate")


@pytest.mark.usefixtures("long_form")
async def test_a_database_that_falls_silent_costs_temporary_errors_and_comes_back(
    gateway: Callable[..., Process], smsc: Smsc, sink: Arrivals, folder: Path
) -> None:
    """A network that swallows packets: no reset, no answer, for longer than a statement may take."""
    server = EmbeddedServer(folder / "external")
    await server.start()
    wire = Wire(folder / "external" / ".s.PGSQL.5432")
    try:
        port = await wire.start()
        dsn = f"postgresql://smppd@127.0.0.1:{port}/postgres"
        process = gateway(store={"dsn": dsn, "max_disk": "100GB"}, **tables(smsc, sink))
        smsc.rate = 500
        await process.start()
        load = Load(smsc, long=10)
        load.begin()
        for _ in range(2):
            await smsc.wait_acked(smsc.counters.acked + 500, 60)
            refused = smsc.counters.temporary_pdus
            wire.open.clear()
            await process.until_page("/readyz", lambda status, _: status == 503)
            await smsc.wait_counter("temporary_pdus", refused + 50, 60)
            wire.open.set()
            await process.until_page("/readyz", lambda status, _: status == 200, 60)
        await everything_once(process, load, sink)
    finally:
        await wire.stop()
        await server.stop("immediate")
