"""Carriers that cannot send: others take over, and give nothing back in a flood."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from smppd.carriers import supply
from smppd.model import OutboundState, PartState, Submission
from smppd.simulator.smsc import Smsc
from tests.carriers.kit import Office, carrier, copies, texts

Run = Callable[..., Any]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supply, "GRACE", 0.5)


@pytest.fixture
async def pair(carriers: Callable[[], Any]) -> tuple[Smsc, Smsc]:
    one, two = await carriers(), await carriers()
    one.habits.receipts = two.habits.receipts = False
    return one, two


async def up(node: Office, *names: str) -> None:
    for name in names:
        await node.until("select up_at > now() - interval '5 s' from carrier where name = $1", name)
    async with asyncio.timeout(10):
        while not all(node.gateway.counter.health.usable(name) for name in names):
            await node.gateway.counter.health.refresh()


async def test_one_carrier_down_and_the_other_takes_over_what_waits(pair: tuple[Smsc, Smsc], run: Run) -> None:
    one, two = pair
    node = await run(
        {
            "one": carrier(one, throughput=100, window=5, down_after="500ms"),
            "two": carrier(two, weight=0, throughput=100),
        }
    )
    await up(node, "one", "two")
    ids = await node.send_many(200)
    await one.watch.until(lambda: len(one.submits) >= 20, 20)
    await one.stop()
    await node.ended(ids, 40)
    assert set(texts(one)) | set(texts(two)) == {f"message {n}" for n in range(200)}
    assert len(two.submits) > 100
    doubled = set(texts(one)) & set(texts(two))
    resent = await node.database.pool.fetchval("select count(*) from outpart where resends > 0")
    assert len(doubled) <= resent <= 5
    assert (await node.states()) == {"SENT": 200}


async def test_it_takes_new_messages_again_when_it_is_back_and_begins_slowly(pair: tuple[Smsc, Smsc], run: Run) -> None:
    one, two = pair
    node = await run(
        {"one": carrier(one, throughput=50, down_after="300ms"), "two": carrier(two, weight=0, throughput=10)}
    )
    await up(node, "one", "two")
    await one.stop()
    await node.until("select up_at is null from carrier where name = 'one'")
    async with asyncio.timeout(10):
        while node.gateway.counter.health.usable("one"):
            await node.gateway.counter.health.refresh()
    ids = await node.send_many(5)
    await node.ended(ids)
    assert len(two.submits) == 5
    await one.start()
    await up(node, "one")
    ids = await node.send_many(60, 100)
    await node.ended(ids)
    assert len(one.submits) == 60
    times = [submit.at for submit in one.submits]
    busiest = max(sum(at <= other < at + 1 for other in times) for at in times)
    assert busiest <= 50
    assert sum(other < times[0] + 1 for other in times) <= 20


async def test_a_carrier_that_refuses_nearly_everything_loses_its_turn_and_is_tried_again(
    pair: tuple[Smsc, Smsc], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("smppd.carriers.circuit.FIRST", 2.0)
    monkeypatch.setattr("smppd.carriers.standing.MARGIN", 0.5)
    one, two = pair
    one.habits.submit_status = 0x08
    node = await run({"one": carrier(one, throughput=100), "two": carrier(two, weight=0, throughput=100)})
    await up(node, "one", "two")
    ids = await node.send_many(60)
    await node.until("select refusing_until > now() from carrier where name = 'one'")
    reason = await node.database.pool.fetchval("select reason from carrier where name = 'one'")
    assert "system error at the peer" in reason
    await node.until("select count(*) >= 40 from outbound where state = 3", timeout=20)
    one.habits.submit_status = 0
    await node.database.pool.execute("update outqueue set due_at = now() where not marked")
    await node.ended(ids, 40)
    assert sorted(texts(one) + texts(two)) == sorted(f"message {n}" for n in range(60))
    await up(node, "one", "two")
    await node.ended(await node.send_many(1, 500))
    assert texts(one)[-1] == "message 500"
    await node.until("select refusing_until is null and reason = '' from carrier where name = 'one'")


async def test_what_this_carrier_will_not_have_goes_to_the_next_one_and_back_to_none(
    pair: tuple[Smsc, Smsc], run: Run
) -> None:
    one, two = pair
    one.habits.submit_status = 0x0A
    node = await run({"one": carrier(one), "two": carrier(two, weight=0)})
    await up(node, "one", "two")
    (message,) = await node.send(Submission("+255754000001", "hello"))
    await node.ended([message])
    assert texts(two) == ["hello"]
    two.habits.submit_status = 0x0A
    (message,) = await node.send(Submission("+255754000002", "hello"))
    row = await node.until(
        "select row_to_json(q)::text from outqueue q where id = $1 and attempts = 2 and not marked", message
    )
    assert "source address is invalid" in row
    two.habits.submit_status = 0
    await node.database.pool.execute("update outqueue set due_at = now() where id = $1", message)
    await node.ended([message])
    assert OutboundState((await node.row(message))["state"]) is OutboundState.SENT


async def test_a_paused_carrier_sends_nothing_and_others_take_over(pair: tuple[Smsc, Smsc], run: Run) -> None:
    one, two = pair
    node = await run({"one": carrier(one, throughput=20, window=5), "two": carrier(two, weight=0, throughput=100)})
    await up(node, "one", "two")
    ids = await node.send_many(100)
    await one.watch.until(lambda: len(one.submits) >= 5, 20)
    await node.database.pool.execute("update carrier set paused_at = now() where name = 'one'")
    await node.ended(ids, 20)
    assert len(two.submits) > 50
    assert sorted(texts(one) + texts(two)) == sorted(f"message {n}" for n in range(100))
    assert copies(one) == copies(two) == {}


async def test_the_rest_of_a_message_stays_with_the_carrier_that_has_its_beginning(
    pair: tuple[Smsc, Smsc], run: Run
) -> None:
    one, two = pair
    node = await run({"one": carrier(one, window=1, in_doubt="unknown"), "two": carrier(two, weight=0)})
    await up(node, "one", "two")
    one.habits.lose_answers_every = 2
    (message,) = await node.send(Submission("+255754000001", "z" * 400))
    await one.watch.until(lambda: len(one.submits) == 2, 10)
    one.habits.lose_answers_every = 0
    one.cut()
    await node.ended([message])
    assert OutboundState((await node.row(message))["state"]) is OutboundState.UNKNOWN
    assert await node.part_states(message) == [PartState.ACCEPTED, PartState.UNKNOWN, PartState.ACCEPTED]
    assert (len(one.submits), len(two.submits)) == (3, 0)
