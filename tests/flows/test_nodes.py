"""Two gateways on one database: one binds, the other waits, and takes over when the first dies."""

from __future__ import annotations

from collections.abc import Callable

from smppd.simulator.smsc import Smsc
from tests.flows.book import Arrivals, Load
from tests.flows.conftest import carrier, webhook
from tests.flows.process import Process


async def test_the_second_node_takes_over_from_a_killed_one_and_recognises_what_is_delivered_again(
    gateway: Callable[..., Process], smsc: Smsc, sink: Arrivals, dsn: str
) -> None:
    common = {
        "store": {"dsn": dsn, "max_disk": "100GB"},
        "carriers": carrier(smsc),
        "systems": {"sink": webhook(sink)},
        "routes": [{"to": ["sink"]}],
    }
    first = gateway(node={"name": "gw1"}, **common)
    second = gateway(node={"name": "gw2"}, **common)
    smsc.rate = 1000
    await first.start()
    await smsc.wait_bound(1)
    await second.start()
    await second.said("another node has this carrier")
    assert smsc.counters.binds == 1
    load = Load(smsc, long=20)
    load.begin()
    await smsc.wait_acked(1000)
    # The last answers never reach the carrier: what it sends again is stored already.
    smsc.habits.drop_before_responses = True
    await smsc.wait_counter("links_lost", 1)
    await first.kill()
    smsc.habits.drop_before_responses = False
    await smsc.wait_counter("binds", 2, 40)
    assert "elsewhere" not in (await second.command("status"))[1]
    await smsc.wait_acked(smsc.counters.acked + 500, 30)
    count = await load.end()
    await sink.wait(count, 60)
    assert sink.doubled == {}
    assert set(sink.ids) == load.texts
    assert await second.stop() == 0
    async with second.database() as connection:
        assert await connection.fetchval("select count(*) from queue") == 0
        assert await connection.fetchval("select count(*) from received") == count


async def test_a_node_that_stops_in_order_hands_over_within_a_few_seconds(
    gateway: Callable[..., Process], smsc: Smsc, sink: Arrivals, dsn: str
) -> None:
    common = {
        "store": {"dsn": dsn, "max_disk": "100GB"},
        "carriers": carrier(smsc),
        "systems": {"sink": webhook(sink)},
        "routes": [{"to": ["sink"]}],
    }
    first = gateway(node={"name": "gw1"}, **common)
    second = gateway(node={"name": "gw2"}, **common)
    await first.start()
    await smsc.wait_bound(1)
    await second.start()
    load = Load(smsc)
    load.put(50)
    await load.end()
    await sink.wait(50)
    assert await first.stop() == 0
    await smsc.wait_counter("binds", 2, 12)
    assert (await second.command("status"))[1].startswith("running on gw2\n")
    load.put(50)
    await load.end()
    await sink.wait(100)
    assert sink.doubled == {}
    assert sink.repeats == 0
