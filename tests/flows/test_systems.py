"""One system misbehaves: the others notice nothing, and it gets everything in order when it is well again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from smppd.simulator.smsc import Smsc
from smppd.simulator.standin import FOREVER, Failure
from tests.flows.book import Arrivals, Load
from tests.flows.conftest import carrier, webhook
from tests.flows.process import Process

COUNT = 300


@pytest.fixture
async def sick() -> AsyncIterator[Arrivals]:
    arrivals = Arrivals()
    await arrivals.sink.start()
    yield arrivals
    await arrivals.sink.stop()


@dataclass
class Trouble:
    """What ails the system, and how it becomes well. `repeats`: its book may show messages more than once."""

    faults: dict[str, Any]
    options: dict[str, Any]
    repeats: bool = False


def _failing(status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> dict[str, Any]:
    return {"fail": FOREVER, "failure": Failure(status, headers or {}, body)}


TROUBLES = {
    "500": Trouble(_failing(500), {}),
    "503 with a page": Trouble(_failing(503, {"Content-Type": "text/html"}, b"<html>down</html>"), {}),
    "429 with Retry-After": Trouble(_failing(429, {"Retry-After": "1"}), {}),
    "409 that passes": Trouble(_failing(409), {"retry_status": [409]}),
    "stored, then 500": Trouble({"fail_after": FOREVER, "failure": Failure(500)}, {}, repeats=True),
    "drops the connection": Trouble({"drop_before": FOREVER}, {}),
    "stores, then drops": Trouble({"drop": FOREVER}, {}, repeats=True),
    "hangs": Trouble({"hang": FOREVER}, {"timeout": "2s"}),
    "slow": Trouble({"slow": asyncio.Event}, {"timeout": "20s"}),
}


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES)
async def test_a_system_in_trouble_delays_no_other_and_loses_nothing(
    gateway: Callable[..., Process], smsc: Smsc, sink: Arrivals, sick: Arrivals, trouble: Trouble, dsn: str
) -> None:
    faults = sick.sink.faults
    made = {name: value() if value is asyncio.Event else value for name, value in trouble.faults.items()}
    for name, value in made.items():
        setattr(faults, name, value)
    process = gateway(
        store={"dsn": dsn, "max_disk": "100GB"},
        carriers=carrier(smsc),
        systems={"well": webhook(sink), "sick": webhook(sick, **trouble.options)},
        routes=[{"to": ["well", "sick"]}],
    )
    await process.start()
    load = Load(smsc, senders=20)
    load.put(COUNT)
    await load.end()
    # All of it is at the healthy one while the other has not taken a single message for good.
    await sink.wait(COUNT)
    async with process.database() as connection:
        waiting = await connection.fetchval(
            "select count(*) from queue q join system s on s.id = q.system where s.name = 'sick'"
        )
    assert waiting == COUNT
    for name, value in made.items():
        if isinstance(value, asyncio.Event):
            value.set()
        else:
            setattr(faults, name, 0 if name != "failure" else Failure())
    if "hang" in made:
        await sick.sink.stop()
        await sick.sink.start(port=int(sick.sink.url.rpartition(":")[2]))
    await sick.wait(COUNT)
    assert await process.stop() == 0
    for book in (sink, sick):
        assert set(book.ids) == load.texts
        assert book.doubled == {}
        assert book.out_of_order() == []
    assert sink.repeats == 0
    assert trouble.repeats or sick.repeats == 0
    async with process.database() as connection:
        assert await connection.fetchval("select count(*) from queue") == 0
        assert await connection.fetchval("select count(*) from outcome where state = 1") == 2 * COUNT


async def test_a_system_that_is_down_at_the_start_gets_everything_when_it_comes(
    gateway: Callable[..., Process], smsc: Smsc, sink: Arrivals, sick: Arrivals, dsn: str
) -> None:
    port = int(sick.sink.url.rpartition(":")[2])
    process = gateway(
        store={"dsn": dsn, "max_disk": "100GB"},
        carriers=carrier(smsc),
        systems={"well": webhook(sink), "sick": webhook(sick, concurrency=4)},
        routes=[{"to": ["well", "sick"]}],
    )
    await sick.sink.stop()
    await process.start()
    load = Load(smsc, senders=20)
    load.put(COUNT)
    await load.end()
    await sink.wait(COUNT)
    await process.said("not asked for a while", "cannot connect")
    assert sick.ids == {}
    await sick.sink.start(port=port)
    await sick.wait(COUNT)
    assert sick.out_of_order() == []
    assert sick.repeats == 0


async def test_a_refusal_for_good_is_dead_with_its_reason_and_can_be_replayed(
    gateway: Callable[..., Process], smsc: Smsc, sink: Arrivals, sick: Arrivals, dsn: str
) -> None:
    sick.sink.faults.fail, sick.sink.faults.failure = FOREVER, Failure(409, {}, b'{"message": "no such sender"}')
    process = gateway(
        store={"dsn": dsn, "max_disk": "100GB"},
        carriers=carrier(smsc),
        systems={"well": webhook(sink), "sick": webhook(sick)},
        routes=[{"to": ["well", "sick"]}],
    )
    await process.start()
    load = Load(smsc, senders=5)
    load.put(20)
    await load.end()
    await sink.wait(20)
    async with process.database() as connection, asyncio.timeout(10):
        rows: list[Any] = []
        while len(rows) < 20:
            rows = await connection.fetch("select reason from outcome where state = 2")
    reasons = {row["reason"] for row in rows}
    assert len(reasons) == 1
    assert reasons.pop().startswith("409 Conflict")
    sick.sink.faults.fail = 0
    code, said, _ = await process.command("replay", "--dead", "--yes")
    assert code == 0, said
    await sick.wait(20)
    assert sick.repeats == 0
    assert sink.repeats == 0
