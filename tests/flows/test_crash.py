"""kill -9 under load: what was acknowledged arrives, and nothing becomes two messages."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from random import Random

from smppd.simulator.smsc import Smsc
from tests.flows.book import Arrivals, Load
from tests.flows.conftest import carrier, webhook
from tests.flows.process import Process

RATE = 1000  # deliver_sm per second


async def test_nothing_is_lost_or_doubled_when_the_gateway_or_a_forwarder_is_killed_at_random_moments(
    gateway: Callable[..., Process], smsc: Smsc, sink: Arrivals, rounds: int | None
) -> None:
    kills = rounds or 4
    process = gateway(
        node={"name": "gw1", "processes": 2},
        carriers=carrier(smsc, links=2),
        systems={"sink": webhook(sink)},
        routes=[{"to": ["sink"]}],
    )
    dice = Random(kills)
    smsc.rate = RATE
    await process.start()
    await smsc.wait_bound(2, 30)
    load = Load(smsc, long=20)
    load.begin()
    acked_before_a_kill = 0
    for turn in range(kills):
        await smsc.wait_acked(smsc.counters.acked + dice.randint(200, 1500), 60)
        if turn % 3 == 2:
            for pid in process.children():
                os.kill(pid, signal.SIGKILL)
            await process.said("forwarder process died")
        else:
            acked_before_a_kill = smsc.counters.acked
            await process.kill()
            await process.start()
    await smsc.wait_acked(acked_before_a_kill + 500, 60)
    count = await load.end()
    await sink.wait(count, 60)
    assert await process.stop() == 0
    assert set(sink.ids) == load.texts
    assert sink.doubled == {}
    async with process.database() as connection:
        assert await connection.fetchval("select count(*) from queue") == 0
        assert await connection.fetchval("select count(*) from part where message is null") == 0
        assert await connection.fetchval("select count(*) from received") == count
    # Only what was under way at a kill is repeated, never the backlog.
    assert sink.repeats < 500 * kills
    print(f"{kills} kills, {count} messages, {smsc.counters.redelivered_pdus} redelivered, {sink.repeats} repeats")
