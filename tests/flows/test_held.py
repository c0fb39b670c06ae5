"""An operator pauses one system of two nodes, and resumes it after both were started again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aiohttp
from argon2 import PasswordHasher

from smppd.simulator.smsc import Smsc
from tests.flows.book import Arrivals, Load
from tests.flows.conftest import carrier, webhook
from tests.flows.process import Process
from tests.flows.waiting import Callbacks, Client, api, phone, text

PASSWORD = "karibu-tena-5"


async def order(process: Process, verb: str) -> Any:
    """What the gateway answers to the operator."""
    url = f"http://127.0.0.1:{process.port}/api/v1/systems/clinic/{verb}"
    headers = {"Authorization": aiohttp.encode_basic_auth("amina", PASSWORD)}
    async with aiohttp.ClientSession(headers=headers) as session, session.post(url) as response:
        assert response.status == 200, await response.text()
        return await response.json()


async def test_a_paused_system_gets_nothing_from_any_node_and_all_of_it_afterwards(
    gateway: Callable[..., Process], smsc: Smsc, sink: Arrivals, dsn: str
) -> None:
    well, callbacks = Arrivals(), Callbacks()
    await well.sink.start()
    await callbacks.sink.start()
    common = {
        "store": {"dsn": dsn, "max_disk": "100GB"},
        "carriers": carrier(smsc),
        "systems": {"clinic": webhook(sink, access=api()["access"], senders=["15001"]), "well": webhook(well)},
        "routes": [{"to": ["clinic", "well"]}],
        "console": {"users": {"amina": {"password_hash": PasswordHasher(1, 8, 1).hash(PASSWORD), "role": "operator"}}},
    }
    nodes = [gateway(node={"name": name}, **common) for name in ("gw1", "gw2")]
    for node in nodes:
        await node.start()
    load = Load(smsc, senders=20)
    load.put(100)
    await load.end()
    await sink.wait(100)
    said = await order(nodes[1], "pause")
    assert (said["state"], said["paused_by"], said["paused_until"]) == ("paused", "amina", None)
    async with nodes[0].database() as connection:
        owners = dict(await connection.fetch("select name, node from lease where name like '%/clinic'"))
    for lease, end in {"system/clinic": '"system":"clinic"}', "reports/clinic": '"of":"reports"}'}.items():
        await nodes[owners[lease] == "gw2"].said("paused by hand", end)

    # What comes now waits, and what the system itself sends goes to the phone.
    client = Client(nodes[0])
    status, answer = await client.post(
        {"to": phone(1), "from": "15001", "text": text(1), "callback_url": callbacks.sink.url + "/told"}
    )
    assert status == 202, answer
    await smsc.wait_submits(1)
    load.put(100)
    await load.end()
    await well.wait(200)
    for node in nodes:
        assert await node.stop() == 0
    for node in nodes:
        await node.start()
    load.put(100)
    await load.end()
    await well.wait(300)
    assert len(sink.ids) == 100
    assert callbacks.told == {}
    shown = (await nodes[0].command("status"))[1]
    assert "by hand: amina" in shown
    async with nodes[0].database() as connection:
        waiting = "select count(*), max(attempts) from queue q join system s on s.id = q.system where s.name = 'clinic'"
        assert tuple(await connection.fetchrow(waiting)) == (201, 0)

    said = await order(nodes[0], "resume")
    assert (said["state"], said["paused_by"]) == ("up", None)
    await sink.wait(300)
    await callbacks.wait(answer["id"], "delivered")
    for node in nodes:
        assert await node.stop() == 0
    assert set(sink.ids) == load.texts
    assert sink.repeats == 0
    assert sink.out_of_order() == []
    assert callbacks.states(answer["id"]) == ["delivered"]
    async with nodes[0].database() as connection:
        assert await connection.fetchval("select count(*) from queue") == 0
        assert await connection.fetchval("select max(attempts) from outcome") == 1
    await well.sink.stop()
    await callbacks.sink.stop()
