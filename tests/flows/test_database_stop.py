"""PostgreSQL goes away under load: temporary errors, then everything, once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from smppd.simulator.smsc import Smsc
from smppd.store.embedded import EmbeddedServer
from tests.flows.book import Arrivals, Load
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
            await smsc.wait_counter("temporary_pdus", refused + 20, 30)
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
