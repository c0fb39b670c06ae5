"""A million messages wait: what a turn of the forwarder reads, in pages; held-back senders hold back nobody."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from smppd.app.counter import Counter
from smppd.config import Config, SystemConfig
from smppd.model import Delivery, Outcome, Verdict
from smppd.store import Database
from smppd.store.database import OwnConnection
from smppd.store.queries import statement
from smppd.systems.forwarder import CLAIM, NEAR, SHARE, Forwarder
from smppd.systems.lines import PARKED, PER_LINE, WINDOW
from tests.store.conftest import HOG, OTHER, REPORTS, SENDERS, SYSTEM, TOLD, WAITING, States
from tests.store.plans import Plan, ran
from tests.systems.test_forwarder import Scripted

MESSAGES, BOTH = [0], [0, 1]


@pytest.fixture(params=["grown", "known"])
async def connection(states: States, request: pytest.FixtureRequest) -> AsyncIterator[OwnConnection]:
    """A connection as the queue has it; nothing done on it stays."""
    db = Database(_config(getattr(states, request.param)))
    connection = await db.connect()
    yield connection
    await connection.close()


def _config(dsn: str) -> Config:
    return Config.model_validate({"store": {"dsn": dsn, "max_disk": "100GB"}})


async def run(connection: OwnConnection, name: str, *values: object) -> Plan:
    return await ran(connection, statement("queue", name), *values)


async def lanes(connection: OwnConnection, share: str = "true") -> list[int]:
    rows = await connection.fetch(
        f"select distinct hashtextextended(sender, 0) as lane from received where id <= {SENDERS} and {share}"
    )
    return [row["lane"] for row in rows]


@pytest.mark.parametrize("after", [0, WAITING // 2, WAITING - CLAIM])
async def test_a_claim_reads_what_it_claims_wherever_the_cursor_stands(connection: OwnConnection, after: int) -> None:
    plan = await run(connection, "claim", SYSTEM, after, [], CLAIM, MESSAGES)
    assert plan.rows == CLAIM
    assert plan.buffers < 6 * CLAIM, plan.text


async def test_a_claim_passes_over_five_thousand_held_senders_at_the_cost_of_their_rows_alone(
    connection: OwnConnection,
) -> None:
    held = await lanes(connection, "id % 4 = 0")
    assert len(held) == 5000
    plan = await run(connection, "claim", SYSTEM, 0, held, CLAIM, MESSAGES)
    assert plan.rows == CLAIM
    assert plan.buffers < 6 * CLAIM, plan.text


async def test_a_claim_passes_over_one_sender_with_twenty_thousand_messages(connection: OwnConnection) -> None:
    plan = await run(connection, "claim", OTHER, 0, [HOG], CLAIM, MESSAGES)
    assert plan.rows == 100
    assert plan.buffers < 2000, plan.text


@pytest.mark.parametrize("after", [0, 910_000, 919_900])
async def test_the_next_messages_of_one_sender_are_found_among_its_twenty_thousand(
    connection: OwnConnection, after: int
) -> None:
    plan = await run(connection, "claim_sender", OTHER, HOG, after, PER_LINE, MESSAGES)
    assert plan.rows == PER_LINE
    assert plan.buffers < 6 * PER_LINE + 20, plan.text


async def test_a_sweep_over_nothing_but_held_senders_reads_a_bounded_share(connection: OwnConnection) -> None:
    held = await lanes(connection)
    assert len(held) == SENDERS
    end = await connection.fetchval(statement("queue", "share"), SYSTEM, 0, WAITING, SHARE)
    assert end == SHARE + 1
    near = await run(connection, "sweep", SYSTEM, WAITING - NEAR, WAITING, held, list(range(PARKED)), CLAIM, MESSAGES)
    share = await run(connection, "sweep", SYSTEM, 0, end, held, list(range(PARKED)), CLAIM, MESSAGES)
    looking = await run(connection, "share", SYSTEM, 0, WAITING, SHARE)
    assert near.rows == share.rows == 0
    assert near.buffers + share.buffers + looking.buffers < 2000, "\n".join((near.text, share.text, looking.text))


async def test_what_stands_behind_the_cursor_in_nobodys_hands_is_found_by_a_sweep(connection: OwnConnection) -> None:
    held = [n for n in range(1, SHARE + 1) if n % 100]
    plan = await run(connection, "sweep", SYSTEM, 0, SHARE, [], held, CLAIM, MESSAGES)
    assert plan.rows == SHARE // 100


async def test_a_commit_of_outcomes_reads_its_own_rows(connection: OwnConnection) -> None:
    some = list(range(WAITING // 2, WAITING // 2 + 100))
    plan = await run(connection, "record_delivered", SYSTEM, some)
    assert plan.buffers < 20 * len(some), plan.text


@pytest.mark.parametrize("kinds", [MESSAGES, BOTH], ids=["messages", "both"])
async def test_a_message_costs_no_look_at_reports(connection: OwnConnection, kinds: list[int]) -> None:
    plan = await run(connection, "claim", SYSTEM, 0, [], CLAIM, kinds)
    looked = {scan.table: scan.loops for scan in plan.scans}
    assert looked == {"queue": 1, "received": CLAIM, "report": 0, "outbound": 0}, plan.text


@pytest.mark.parametrize("claim", [("claim_reports",), ("claim", BOTH)], ids=["reports", "both"])
async def test_a_report_costs_no_look_at_messages(connection: OwnConnection, claim: tuple[Any, ...]) -> None:
    name, *kinds = claim
    plan = await run(connection, name, TOLD, 0, [], CLAIM, *kinds)
    looked = {scan.table: scan.loops for scan in plan.scans}
    assert looked.pop("received", 0) == 0
    assert looked == {"queue": 1, "report": CLAIM, "outbound": CLAIM}, plan.text
    assert plan.rows == CLAIM
    assert plan.buffers < 9 * CLAIM, plan.text


async def test_that_there_is_no_report_among_a_million_messages_is_known_at_once(connection: OwnConnection) -> None:
    claim = await run(connection, "claim_reports", SYSTEM, 0, [], CLAIM)
    sweep = await run(connection, "sweep_reports", SYSTEM, 0, WAITING, [], list(range(PARKED)), CLAIM)
    assert claim.rows == sweep.rows == 0
    assert claim.buffers + sweep.buffers < 20, "\n".join((claim.text, sweep.text))


async def test_messages_behind_a_hundred_thousand_reports_are_found_without_reading_one(
    connection: OwnConnection,
) -> None:
    plan = await run(connection, "claim", TOLD, 0, [], CLAIM, MESSAGES)
    looked = {scan.table: scan.loops for scan in plan.scans}
    assert looked == {"queue": 1, "received": CLAIM, "report": 0, "outbound": 0}, plan.text
    assert plan.buffers < 6 * CLAIM + REPORTS // 20, plan.text


async def test_five_thousand_senders_held_back_by_their_heads_hold_back_nobody_else(backlog: str) -> None:
    db = Database(_config(backlog))
    await db.start()
    sink = Scripted(concurrency=64)
    sink.script = _every_fourth_sender_fails
    config = SystemConfig(type="webhook", url="http://127.0.0.1:1/", retry={"first": "1h", "max": "1h"}, concurrency=64)  # type: ignore[arg-type]
    forwarder = Forwarder(db, "sink", config, sink, asyncio.Event(), Counter(db, db.config, lambda: None).desk)
    running = asyncio.create_task(forwarder.run())
    try:
        # All 20,000 senders have written by then, and those that are held back have been passed over more than once.
        await sink.until(lambda: len(sink.accepted) >= 40_000, 60)
        assert len({d.sender for d in sink.seen if _fails(d)}) == 5000
        assert len([d for d in sink.seen if _fails(d)]) == 5000, "a held-back sender's second message was tried"
        assert len(forwarder._lines.held) <= WINDOW + 5000 + CLAIM
        assert [d.id for d in sink.seen if not _fails(d)] == sorted(d.id for d in sink.seen if not _fails(d))
        async with asyncio.timeout(20):
            await forwarder.stop()
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await db.stop()


def _fails(delivery: Delivery) -> bool:
    return int(delivery.sender[1:]) % 4 == 0


def _every_fourth_sender_fails(delivery: Delivery) -> Outcome:
    return Outcome(Verdict.RETRY, "503") if _fails(delivery) else Outcome(Verdict.DELIVERED)
