"""Written and not answered: sent again or not by the carrier's choice, counted, and never silently."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from smppd import metrics
from smppd.config import Config
from smppd.model import OutboundState, PartState, Submission
from smppd.simulator.smsc import Smsc
from smppd.store import Database
from tests.carriers.kit import carrier, config, copies, office, texts
from tests.store.outbound import Outbound

Run = Callable[..., Any]


@pytest.fixture
async def smsc(carriers: Callable[[], Any]) -> Smsc:
    made: Smsc = await carriers()
    made.habits.receipts = False
    return made


def counted(action: str) -> float:
    return metrics.IN_DOUBT.labels("vodacom", action)._value.get()


async def test_what_was_written_when_the_link_was_lost_is_sent_again_and_counted(smsc: Smsc, run: Run) -> None:
    before = counted("resend")
    node = await run({"vodacom": carrier(smsc, window=10)})
    await smsc.wait_bound(1)
    smsc.habits.slow_answers = 60.0
    ids = await node.send_many(30)
    await smsc.watch.until(lambda: len(smsc.submits) == 10, 10)
    smsc.habits.slow_answers = 0.0
    smsc.cut()
    await node.ended(ids)
    assert set(texts(smsc)) == {f"message {n}" for n in range(30)}
    assert sum(copies(smsc).values()) == 20
    resent = await node.database.pool.fetchval("select sum(resends) from outpart")
    assert resent == counted("resend") - before == 10
    assert texts(smsc)[10:20] == texts(smsc)[:10], "what was first in line is first again"


async def test_by_choice_it_is_not_sent_again_and_its_end_is_unknown(smsc: Smsc, run: Run) -> None:
    before = counted("unknown")
    node = await run({"vodacom": carrier(smsc, window=10, in_doubt="unknown")})
    await smsc.wait_bound(1)
    smsc.habits.slow_answers = 60.0
    ids = await node.send_many(30, report=OutboundState.UNKNOWN.bit)
    await smsc.watch.until(lambda: len(smsc.submits) == 10, 10)
    smsc.habits.slow_answers = 0.0
    smsc.cut()
    await node.ended(ids)
    assert await node.states() == {"UNKNOWN": 10, "SENT": 20}
    assert copies(smsc) == {}
    assert counted("unknown") - before == 10
    assert await node.part_states(ids[0]) == [PartState.UNKNOWN]
    assert await node.reports(ids[0]) == ["UNKNOWN"]
    assert "before the carrier answered" in (await node.row(ids[0]))["reason"]


async def test_an_answer_that_comes_long_after_its_time_counts_and_doubles_nothing(smsc: Smsc, run: Run) -> None:
    """What 90 seconds are to a response_timeout of 60."""
    node = await run({"vodacom": carrier(smsc, window=5, response_timeout="600ms", late_response="10s")})
    await smsc.wait_bound(1)
    smsc.habits.slow_answers = 0.9
    ids = await node.send_many(20)
    await node.ended(ids)
    assert sorted(texts(smsc)) == sorted(f"message {n}" for n in range(20))
    assert await node.database.pool.fetchval("select max(resends) from outpart") == 0
    assert await node.states() == {"SENT": 20}


async def test_when_no_answer_can_come_any_more_it_is_in_doubt_while_the_link_lives(smsc: Smsc, run: Run) -> None:
    node = await run({"vodacom": carrier(smsc, response_timeout="200ms", late_response="300ms")})
    await smsc.wait_bound(1)
    smsc.habits.lose_answers_every = 1
    (message,) = await node.send(Submission("+255754000001", "hello"))
    await smsc.watch.until(lambda: len(smsc.submits) == 1, 10)
    smsc.habits.lose_answers_every = 0
    await node.ended([message])
    assert texts(smsc) == ["hello", "hello"]
    assert [part["resends"] for part in await node.parts(message)] == [1]


async def test_a_stop_in_order_leaves_nothing_in_doubt_and_the_next_start_goes_on(
    smsc: Smsc, make_config: Callable[..., Config]
) -> None:
    settings = config(make_config, {"vodacom": carrier(smsc, window=10, throughput=200)})
    smsc.habits.slow_answers = 0.2
    async with office(settings) as node:
        await smsc.wait_bound(1)
        ids = await node.send_many(300)
        await smsc.watch.until(lambda: len(smsc.submits) >= 50, 20)
    assert len(smsc.submits) < 300
    database = Database(settings)
    await database.open()
    assert await database.pool.fetchval("select count(*) from outqueue where marked") == 0
    assert await database.pool.fetchval("select count(*) from outpart where state = 0") == 0
    await database.stop()
    smsc.habits.slow_answers = 0.0
    async with office(settings) as node:
        await node.ended(ids)
        assert await node.database.pool.fetchval("select sum(resends) from outpart") == 0
    assert texts(smsc) == [f"message {n}" for n in range(300)]


@pytest.mark.parametrize("choice", ["resend", "unknown"])
async def test_what_a_dead_owner_left_under_way_is_settled_before_anything_is_sent(
    smsc: Smsc, make_config: Callable[..., Config], db: Database, choice: str
) -> None:
    past = Outbound(db)
    before = counted(choice)
    doubtful, half, whole = [await past.message(OutboundState.QUEUED, parts=n, text="x" * 160) for n in (1, 2, 1)]
    await db.pool.execute("update outbound set text = repeat('y', 200) where id = $1", half)
    for message in (doubtful, half, whole):
        await past.waiting(message, marked=True)
    await past.part(doubtful, None, state=PartState.SENDING)
    await past.part(half, "77", number=1, total=2, state=PartState.ACCEPTED)
    await past.part(half, None, number=2, total=2, state=PartState.SENDING)
    await past.part(whole, "78", state=PartState.ACCEPTED)
    async with office(config(make_config, {"vodacom": carrier(smsc, in_doubt=choice)})) as node:
        await node.ended([doubtful, half, whole])
        states = [OutboundState((await node.row(message))["state"]).name for message in (doubtful, half, whole)]
        assert counted(choice) - before == 2
        assert await node.database.pool.fetchval("select sum(resends) from outpart") == (2 if choice == "resend" else 0)
    if choice == "resend":
        assert states == ["SENT", "SENT", "SENT"]
        assert [submit.octets[:6] for submit in smsc.submits] == [b"x" * 6, b"\5\0\3\7\2\2"]
    else:
        assert states == ["UNKNOWN", "UNKNOWN", "SENT"]
        assert len(smsc.submits) == 0


async def test_a_message_withdrawn_in_time_is_not_sent(smsc: Smsc, run: Run) -> None:
    node = await run({"vodacom": carrier(smsc, window=1, throughput=5)})
    await smsc.wait_bound(1)
    ids = await node.send_many(10)
    cancelled = await node.database.pool.fetchval(
        "with d as (delete from outqueue where id = any($1) and not marked and attempts = 0 returning id)"
        " select array_agg(id) from d",
        ids[5:],
    )
    await node.until("select not exists (select from outqueue)")
    await asyncio.sleep(0)
    assert len(smsc.submits) == 10 - len(cancelled)
    assert len(cancelled) >= 3
