"""CHT's messages: each sent once and its state told, in order, whatever stops in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from smppd.simulator.cht import Cht
from smppd.simulator.cht_records import RANK, ChtUser, Task
from smppd.simulator.smsc import Smsc
from tests.flows.book import MARK, PHONE
from tests.flows.conftest import SECRET, carrier
from tests.flows.process import Process
from tests.flows.waiting import phones, taken

COUNT = 60
NOWHERE, DENIED, LOST = "+441632960001", f"+{PHONE}9999999", f"{PHONE}8888888"
RETRY = {"first": "200ms", "max": "1s"}


@pytest.fixture
async def cht() -> AsyncIterator[Cht]:
    server = Cht(users=[ChtUser("gateway", SECRET)])
    await server.start()
    yield server
    assert server.overlaps == 0
    assert server.regressions == []
    assert server.unknown_updates == []
    await server.stop()


@pytest.fixture
def node(gateway: Callable[..., Process], smsc: Smsc, cht: Cht, dsn: str) -> Process:
    system = {
        "type": "cht", "url": cht.url, "username": "gateway", "password": SECRET, "poll": "500ms", "retry": RETRY,
        "senders": ["15001"],
    }  # fmt: skip
    return gateway(
        store={"dsn": dsn, "max_disk": "100GB"},
        carriers=carrier(smsc, prefixes=[PHONE[:3]], numbers=["15001"], throughput=40),
        systems={"cht": system},
        policy={"deny": [DENIED]},
    )


def tasks(cht: Cht, first: int, count: int) -> list[Task]:
    return [cht.add_task(f"+{PHONE}{n:07}", f"{MARK} visit {n}") for n in range(first, first + count)]


async def all_in(cht: Cht, given: list[Task], state: str, timeout: float = 60.0) -> None:
    await cht.watch.until(
        lambda: all(task.state == state for task in given),
        timeout,
        lambda: f"not {state}: { {task.state for task in given if task.state != state} }",
    )


def sent_once(smsc: Smsc, given: list[Task]) -> None:
    assert phones([smsc]) == {int(task.to.removeprefix(f"+{PHONE}")) for task in given}
    assert set(taken([smsc]).values()) == {1}


async def test_messages_of_cht_are_sent_once_through_stops_and_their_states_are_told_in_order(
    node: Process, smsc: Smsc, cht: Cht
) -> None:
    smsc.habits.receipt_delay, smsc.habits.receipt_id = 0.5, "hex"
    given = tasks(cht, 0, COUNT)
    await node.start()
    await smsc.wait_submits(COUNT // 3)
    assert await node.stop() == 0
    assert len(smsc.submits) < COUNT, "the stop came too late to show anything"
    await node.start()
    await all_in(cht, given, "delivered")
    sent_once(smsc, given)
    assert cht.count < 200, "CHT was asked in circles"
    # More of them, and CHT goes away as soon as it has handed them out.
    smsc.habits.receipt_delay = 0.0
    port = int(cht.url.rpartition(":")[2])
    more = tasks(cht, COUNT, 20)
    await cht.watch.until(lambda: all(task.handed_out for task in more), 30)
    await cht.stop()
    async with node.database() as connection, asyncio.timeout(60):
        while await connection.fetchval("select count(*) from outbound where state = 4") < COUNT + 20:
            pass
    await node.kill()  # all of them delivered, CHT not told
    await cht.start(port=port)
    await node.start()
    await all_in(cht, [*given, *more], "delivered")
    sent_once(smsc, [*given, *more])
    assert await node.stop() == 0
    for task in cht.tasks.values():
        ranks = [RANK[status] for status in task.updates]
        assert ranks == sorted(ranks), task.updates
        assert task.updates[-1] == "DELIVERED"


async def test_cht_hears_that_a_message_is_on_its_way_while_the_carrier_takes_its_time(
    node: Process, smsc: Smsc, cht: Cht
) -> None:
    smsc.habits.lose_answers_every = 1
    (task,) = tasks(cht, 0, 1)
    await node.start()
    await cht.wait_state(task.uuid, "forwarded-by-gateway", 30)
    assert [status for status in task.updates if status != "UNSENT"] == ["PENDING"]


async def test_what_cannot_be_sent_or_delivered_is_told_as_failed_with_a_word_of_chts(
    node: Process, smsc: Smsc, cht: Cht
) -> None:
    smsc.habits.update({"rules": [{"to": LOST, "stat": "UNDELIV", "error": "027"}]})
    nowhere, denied, lost = (cht.add_task(to, f"{MARK} x") for to in (NOWHERE, DENIED, f"+{LOST}"))
    await node.start()
    for task in (nowhere, denied, lost):
        await cht.wait_state(task.uuid, "failed", 30)
    assert nowhere.history[-1] == denied.history[-1] == ("failed", {"reason": "destination.invalid"})
    assert lost.history[-1] == ("failed", {"reason": "Delivery failed: UNDELIV err=027"})
    assert [submit.destination for submit in smsc.submits] == [LOST]
    # Whoever edits the document lets CHT hand it out again: nothing is sent, and CHT hears the same.
    lost.state = "pending"
    await cht.wait_state(lost.uuid, "failed", 30)
    assert len(smsc.submits) == 1
    assert await node.stop() == 0
