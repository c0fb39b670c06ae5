"""From a system's request to the phone and back: what the other parts are for, seen from both ends of one process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from smppd.simulator.smsc import Smsc
from tests.flows.conftest import SECRET, carrier
from tests.flows.process import Process
from tests.flows.waiting import Callbacks, Client, accounts, api, phone, phones, prefill, settled, taken, text


@pytest.fixture
async def other() -> AsyncIterator[Smsc]:
    """Another carrier."""
    smsc = Smsc(accounts={"moh": SECRET})
    await smsc.start()
    yield smsc
    await smsc.stop()


async def test_a_message_goes_from_the_request_to_the_phone_and_its_receipt_back_to_the_system(
    gateway: Callable[..., Process], smsc: Smsc, callbacks: Callbacks
) -> None:
    process = gateway(carriers=carrier(smsc, links=2), systems={"clinic": api()})
    smsc.habits.update(
        {"receipt_id": "hex", "receipt_other_link": True, "rules": [{"to": "255780", "stat": "UNDELIV"}]}
    )
    await process.start()
    await smsc.wait_bound(2)
    url = callbacks.sink.url + "/told"
    asked = [
        {
            "to": phone(1000000 + n),
            "from": "15001",
            "text": text(n, long=n == 1),
            "reference": f"r{n}",
            "callback_url": url,
        }
        for n in range(2)
    ]
    asked.append(asked[0] | {"to": phone(1), "text": text(2), "reference": "r2"})
    client = Client(process)
    status, answer = await client.post({"messages": asked})
    assert status == 202, answer
    ids = [each["id"] for each in answer["messages"]]
    for id, state in zip(ids, ("delivered", "delivered", "undelivered"), strict=True):
        await callbacks.wait(id, state)
    life = [await client.life(id) for id in ids]
    assert [each["state"] for each in life] == ["delivered", "delivered", "undelivered"]
    assert smsc.counters.submits == 4  # one was in two parts
    again, repeated = await client.post({"messages": asked})
    assert [each["id"] for each in repeated["messages"]] == ids
    assert again == 202
    assert smsc.submits.doubled == {}
    assert await process.stop() == 0


async def test_priority_overtakes_a_queue_of_100_000(gateway: Callable[..., Process], smsc: Smsc) -> None:
    process = gateway(carriers=carrier(smsc, throughput=200, window=10), systems={"clinic": api()})
    await prefill(process, 100_000)
    await process.start()
    await smsc.wait_submits(50)
    status, answer = await Client(process).post({"to": phone(9_000_000), "text": text(9_000_000), "priority": 3})
    assert status == 202, answer
    before = smsc.counters.submits
    await smsc.watch.until(
        lambda: any(submit.destination == phone(9_000_000)[1:] for submit in smsc.submits), 20, lambda: "not sent"
    )
    place = [submit.destination for submit in smsc.submits].index(phone(9_000_000)[1:])
    assert place - before <= 200  # what one second lets through, of 100,000
    assert smsc.submits.doubled == {}
    assert await process.stop() == 0


async def test_two_nodes_on_one_database_send_each_message_once(
    gateway: Callable[..., Process], smsc: Smsc, other: Smsc, dsn: str
) -> None:
    both = {
        **carrier(smsc, throughput=1000),
        "tigo": {"hosts": [f"127.0.0.1:{other.port}"], "system_id": "moh", "password": SECRET, "throughput": 1000},
    }
    common = {"store": {"dsn": dsn, "max_disk": "100GB"}, "carriers": both, "systems": {"clinic": api()}}
    first, second = gateway(node={"name": "gw1"}, **common), gateway(node={"name": "gw2"}, **common)
    await prefill(first, 2000, long=10, alternatives=["tigo"])
    await prefill(first, 2000, start=2000, long=10, carrier="tigo", alternatives=["vodacom"])
    await first.start()
    await second.start()
    await smsc.wait_submits(500)
    assert await first.stop() == 0
    # The API of the node that is left, while it takes the carriers of the other over.
    messages = [{"to": phone(4000 + n), "text": text(4000 + n), "from": "15001"} for n in range(100)]
    status, answer = await Client(second).post({"messages": messages})
    assert status == 202, answer
    await settled(second)
    assert await second.stop() == 0
    duplicates, resends = await accounts(second, [smsc, other], 4100)
    assert (duplicates, resends) == (0, 0)


async def test_a_restart_in_the_middle_goes_on_where_it_was(gateway: Callable[..., Process], smsc: Smsc) -> None:
    process = gateway(carriers=carrier(smsc, throughput=2000, links=2, window=20), systems={"clinic": api()})
    smsc.habits.slow_answers = 0.02
    for turn in range(3):
        await process.start()
        before = smsc.counters.submits
        await prefill(process, 1000, start=turn * 1000, long=10)
        await smsc.wait_submits(before + 500)
        assert await process.stop() == 0
        assert smsc.counters.submits < 1100 * (turn + 1)  # something was left to go on with
    await process.start()
    await settled(process)
    assert await process.stop() == 0
    assert await accounts(process, [smsc], 3000, long=10) == (0, 0)
    assert phones([smsc]) == set(range(3000))
    assert sum(taken([smsc]).values()) == 3300
