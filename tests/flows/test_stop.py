"""SIGTERM and SIGHUP, as a service manager sends them."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from smppd.simulator.smsc import Smsc
from smppd.simulator.standin import FOREVER
from smppd.store.embedded import EmbeddedServer
from tests.flows.book import Arrivals, Load
from tests.flows.conftest import carrier, webhook
from tests.flows.process import Process


def tables(smsc: Smsc, sink: Arrivals, **more: object) -> dict[str, object]:
    return {
        "carriers": carrier(smsc, links=2),
        "systems": {"sink": webhook(sink)},
        "routes": [{"to": ["sink"]}],
        **more,
    }


@pytest.mark.parametrize("processes", [1, 2])
async def test_sigterm_under_load_answers_what_is_stored_unbinds_and_leaves_nothing_half_done(
    gateway: Callable[..., Process], smsc: Smsc, sink: Arrivals, processes: int
) -> None:
    process = gateway(**tables(smsc, sink, node={"name": "gw1", "processes": processes}))
    smsc.rate = 1000
    await process.start()
    await smsc.wait_bound(2, 30)
    load = Load(smsc, long=20)
    load.begin()
    await smsc.wait_acked(1500, 30)
    async with asyncio.timeout(20):
        assert await process.stop() == 0
    acked = {entry.message.text for entry in load.entries if entry.acked_at is not None}
    assert [line for line in process.lines if "cut short" in line] == []
    # Everything answered is stored, everything stored was answered, and nothing that was delivered is still waiting.
    async with process.database() as connection:
        assert await connection.fetch("select * from node") == []
        stored = {row["text"] for row in await connection.fetch("select text from received")}
        waiting = {
            row["text"] for row in await connection.fetch("select text from queue join received on id = message")
        }
    assert stored == acked
    assert waiting == stored - set(sink.ids)
    await process.start()
    count = await load.end()
    await sink.wait(count)
    assert sink.doubled == {}
    assert sink.repeats == 0


async def test_a_second_sigterm_ends_it_at_once_and_costs_nothing(
    gateway: Callable[..., Process], smsc: Smsc, sink: Arrivals
) -> None:
    process = gateway(**tables(smsc, sink))
    sink.sink.faults.hang = FOREVER
    await process.start()
    load = Load(smsc)
    load.put(50)
    await load.end()
    await sink.sink.wait_requests(1)
    process.signal(signal.SIGTERM)
    await process.said("stopping")
    process.signal(signal.SIGTERM)
    assert await process.ended(5) == 130
    sink.sink.faults.hang = 0
    await process.start()
    await sink.wait(50)
    assert sink.doubled == {}


async def test_a_stop_while_the_database_is_awaited_is_a_stop(
    gateway: Callable[..., Process], smsc: Smsc, sink: Arrivals, folder: Path
) -> None:
    process = gateway(**tables(smsc, sink, store={"dsn": f"postgresql://smppd@/x?host={folder}"}))
    await process.launch()
    await process.said("waiting for the database", "nothing listens there")
    assert "cannot be reached" in await process.until_page("/readyz", lambda status, _: status == 503)
    assert await process.stop() == 0


@pytest.mark.usefixtures("long_form")
async def test_a_stop_while_the_database_is_away_ends_within_its_time(
    gateway: Callable[..., Process], smsc: Smsc, sink: Arrivals, folder: Path
) -> None:
    server = EmbeddedServer(folder / "external")
    await server.start()
    try:
        process = gateway(**tables(smsc, sink, store={"dsn": server.dsn, "max_disk": "100GB"}))
        await process.start()
        load = Load(smsc)
        load.begin()
        await smsc.wait_acked(200)
        await server.stop("fast")
        await smsc.wait_counter("temporary_pdus", 10, 30)
        assert await process.stop(25) == 0
        await server.start()
        await process.start()
        count = await load.end()
        await sink.wait(count)
        assert sink.doubled == {}
    finally:
        await server.stop("immediate")


async def test_sighup_takes_over_a_changed_route_and_keeps_the_old_file_when_the_new_one_is_broken(
    gateway: Callable[..., Process], smsc: Smsc, sink: Arrivals
) -> None:
    other = Arrivals()
    await other.sink.start()
    process = gateway(**tables(smsc, sink, systems={"sink": webhook(sink), "other": webhook(other)}))
    await process.start()
    load = Load(smsc)
    load.put(10)
    await load.end()
    await sink.wait(10)
    process.write(routes=[{"to": ["other"]}])
    process.signal(signal.SIGHUP)
    await process.said("configuration read again")
    load.put(10)
    await load.end()
    await other.wait(10)
    good = process.file.read_text()
    process.file.write_text(good + "[log]\nlevle = 3\n")
    process.signal(signal.SIGHUP)
    said = await process.said("the old one stays")
    assert "log.levle" in said
    assert "did you mean" in said
    load.put(10)
    await load.end()
    await other.wait(20)
    assert len(sink.ids) == 10
    assert smsc.counters.binds == 2  # a route is no reason to bind again
    await other.sink.stop()


async def test_sighup_binds_a_new_carrier_leaves_a_removed_one_and_rebinds_a_changed_one(
    gateway: Callable[..., Process], smsc: Smsc, sink: Arrivals
) -> None:
    second = Smsc(window=10)
    await second.start()
    table = carrier(smsc)
    process = gateway(**tables(smsc, sink, carriers=table))
    await process.start()
    await smsc.wait_bound(1)
    process.write(carriers={**table, "airtel": {"hosts": [f"127.0.0.1:{second.port}"], "system_id": "x"}})
    process.signal(signal.SIGHUP)
    await second.wait_bound(1)
    process.write(carriers={"airtel": {"hosts": [f"127.0.0.1:{second.port}"], "system_id": "x", "links": 2}})
    process.signal(signal.SIGHUP)
    await smsc.wait_counter("links_lost", 1)
    await second.wait_bound(2)
    load = Load(second)
    load.put(20)
    await load.end()
    await sink.wait(20)
    assert smsc.counters.binds == 1
    assert await process.stop() == 0
    await second.stop()
