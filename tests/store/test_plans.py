"""Every statement that runs by itself keeps the right plan: on an empty queue, with a million rows, and in between.

A connection of the store's own keeps a statement prepared for weeks, so its generic plan must be right in whatever
state of the tables it was made. A pooled one plans each execution anew, but with what autovacuum last told.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from smppd.config import Config
from smppd.store import Database
from smppd.store.queries import statement
from smppd.store.queue import Queue
from tests.store.conftest import SENT_FROM, SYSTEM, TOLD, States
from tests.store.plans import Plan, kept

KEYS = [[1] * 3, [f"+25570000000{n}" for n in range(3)], ["15001"] * 3, ["udh16"] * 3, [7] * 3, [3] * 3]
SOME = list(range(500_000, 500_100))
NOW = datetime.now(UTC)
AGE = timedelta(days=30)
BIG = {
    "queue",
    "received",
    "outcome",
    "part",
    "receipt",
    "doubt",
    "report",
    "outbound",
    "outqueue",
    "outpart",
    "outkey",
}

EITHER = ("received_pkey id", "report_pkey id", "outbound_pkey1 id")
SET = "part_pkey carrier sender recipient kind reference total"


@dataclass(frozen=True, slots=True)
class Case:
    """`scans`: for each big table that is read, the indexes that may be used with the columns that must be given."""

    name: str
    values: tuple[Any, ...]
    scans: tuple[str, ...]


OWN = [
    Case("queue.claim", (SYSTEM, 500, [5], 1000, [0, 1]), ("queue_pkey system message", *EITHER)),
    Case("queue.claim_sender", (SYSTEM, 5, 500, 16, [0, 1]), ("queue_sender sender message", *EITHER)),
    Case("queue.sweep", (SYSTEM, 0, 500, [5], SOME, 1000, [0, 1]), ("queue_pkey system message", *EITHER)),
    Case("queue.claim_reports", (TOLD, 500, [5], 1000), ("queue_report system message", *EITHER)),
    Case("queue.sweep_reports", (TOLD, 0, 500, [5], SOME, 1000), ("queue_report system message", *EITHER)),
    Case("queue.share", (SYSTEM, 0, 500_000, 10_000), ("queue_pkey system message",)),
    Case("intake.parts_of_sets", (*KEYS, AGE), (SET,)),
    Case("intake.finish_sets", (*KEYS, [1, 2, 3]), (SET, "part_id id")),
    Case("intake.drop_sets", tuple(KEYS), (SET, "part_id id")),
    Case("session.match_doubts", ([5, 6], [1, 1]), ("doubt_pkey id",)),
    Case("session.drop_doubts", ([5, 6],), ("doubt_pkey id",)),
]
# Of the sender.
PART = "outpart_pkey message"
HELD = "outbound_pkey1 id"
LANES = [[3, 0], [NOW - AGE] * 2, [0] * 2, [500] * 2]
WAITING = list(range(SENT_FROM + 500_000, SENT_FROM + 500_100))
PARTS = ("outbound_pkey1 id", "outpart_pkey message")
SENDING = [
    Case("outqueue.claim", (1, *LANES), ("outqueue_pkey carrier priority due_at", *PARTS)),
    Case("outqueue.sweep", (1, *LANES, SOME, AGE), ("outqueue_pkey carrier priority due_at", *PARTS)),
    Case("outqueue.marked", (1,), ("outqueue_pkey carrier", *PARTS)),
    Case(
        "outqueue.mark",
        (1, WAITING, WAITING, [1] * 100, [1] * 100, [7] * 100, False, "carrier/vodacom", UUID(int=1)),
        ("outqueue_id id", "outpart_pkey message number"),
    ),
    Case(
        "outqueue.record",
        ("carrier/vodacom", UUID(int=1), 1, SOME, *[[1] * 100] * 2, [0] * 100, ["x"] * 100, ["{x}"] * 100, [0] * 100,
         ["x"], [5], [1], WAITING),
        ("outpart_pkey message number", "outqueue_id id", HELD),
    ),
    Case(
        "outqueue.record_ends",
        (1, WAITING, [3] * 100, [""] * 100, [1] * 100),
        ("outqueue_id id", "outbound_pkey1 id"),
    ),
    Case(
        "outqueue.record_waiting",
        (1, WAITING, [1] * 100, [None] * 100, [1] * 100, ["{}"] * 100, ["{}"] * 100, [""] * 100),
        ("outqueue_id id",),
    ),
    Case(
        "outqueue.take_over",
        (2, 1, 0, NOW - AGE, 0, [2], 100),
        ("outqueue_pkey carrier priority due_at", "outqueue_id id"),
    ),
]  # fmt: skip
BOTH = [  # a session ends on the writer's connection, a link returns on a pooled one
    Case("session.doubt_received", (999_000, 1000, 1), ("received_pkey id",)),
    Case("session.doubt_parts", (999_000, 1000, 1), ("part_id id",)),
    Case("session.doubt_receipts", (999_000, 1000, 1), ("receipt_pkey id",)),
    Case("session.reopen_doubts", (1000, 1), ("doubt_carrier carrier",)),
    Case("session.reopen_unheard", (1000, 1, [5, 6]), ("doubt_carrier carrier",)),
    Case("session.extend_doubts", (1, AGE, True), ("doubt_carrier carrier",)),
    Case("session.open_doubts", (1,), ("doubt_carrier carrier",)),
]
POOLED = [  # and what the forwarder records, on a connection that keeps no plan either
    Case("queue.record_delivered", (SYSTEM, SOME), ("queue_pkey system message",)),
    Case("queue.record_dead", (SYSTEM, [5, 6], ["no", "no"]), ("queue_pkey system message",)),
    Case(
        "queue.record_retry",
        (SYSTEM, [5, 6], [NOW] * 2, [1, 0], [True, False], ["503", "503"]),
        ("queue_pkey system message",),
    ),
    Case("session.forget_doubts", (1,), ("doubt_carrier carrier",)),
    Case("intake.overdue_sets", (1, timedelta(hours=1)), ("part_waiting received_at", SET)),
    Case("intake.forget_parts", (AGE,), ("part_finished received_at", "part_id id")),
    Case("keeper.blank_texts", (AGE, 500), ("received_pkey id", "queue_pkey system message")),
    Case(
        "keeper.forget_received",
        (AGE, 500),
        ("received_pkey id", "queue_pkey system message", "outcome_message message"),
    ),
    Case("keeper.forget_receipts", (AGE, 500), ("receipt_pkey id",)),
    Case("keeper.incomplete_sets", (), ("part_waiting",)),
    Case(
        "history.replay_past",
        ([5, 6], None, True),
        ("outcome_message message", "outcome_dead message", "received_pkey id", "report_pkey id"),
    ),
    Case("outbound.known", ([TOLD], ["r5"]), ("outbound_reference system reference",)),
    Case("outbound.unadmitted", (TOLD, 100), ("outbound_pkey1 id",)),
    Case("outbound.admit", ([5], ["1"], ["2"], [1], [1], [""], [0], [1], ["{}"]), ("outbound_pkey1 id",)),
    Case(
        "history.reports",
        (None, None, 5, False, 50),
        ("report_pkey id", "queue_pkey message", "outcome_message message"),
    ),
    Case("history.unrouted", ([5, 6],), ("received_attention state id", "received_pkey id")),
    Case("history.route_again", ([5, 6], ["{1}", "{1}"]), ("received_pkey id",)),
    Case("status.carriers", (AGE,), ("outqueue_pkey carrier priority",)),
    Case("status.recent", (), ("received_pkey",)),
    Case("status.attention", (), ("received_attention",)),
    Case(
        "status.systems",
        (),
        ("queue_pkey system", "received_pkey id", "report_pkey id", "outcome_dead system", "outcome_message message"),
    ),
]
ANSWERED = [  # of receipts and reports: on pooled connections, and on that of a carrier's answers
    Case("receipt.lock", ([5],), (HELD,)),
    Case("receipt.parts", ([5],), (PART,)),
    Case("receipt.update_parts", ([5], [1], [2], ["DELIVRD"], ["000"], [True]), (PART,)),
    Case("receipt.end_messages", ([5], [4], [""]), (HELD,)),
    Case("receipt.on_the_way", ([5],), ("receipt_message message", "report_outbound outbound")),
    Case("receipt.deciding", ([5],), ("receipt_message message",)),
    Case("receipt.seen_parts", ([5],), (PART,)),
    Case("report.add", ([5], [3], [8], [""], ["{}"]), (HELD,)),
    Case("report.told", ([5], 2), ("report_outbound outbound",)),
]
MATCHING = [  # and by the clock: on pooled connections
    Case("receipt.candidates", (1, [5], ["5"]), ("outkey_pkey carrier key", "outpart_pkey message number", HELD)),
    Case("receipt.claim", (1, [5]), ("receipt_pkey id",)),
    Case("receipt.assign", ([5], [6], [1]), ("receipt_pkey id",)),
    Case("receipt.parked", (1, 0, 1000), ("receipt_pkey id",)),
    Case("receipt.give_up", (1, AGE), ("receipt_pkey id",)),
    Case("outkeeper.expire", ("too late",), ("outqueue_expires expires_at", "outqueue_id id", HELD)),
    Case("outkeeper.aged", (AGE, 5), (HELD,)),
    Case("outkeeper.overdue", ([5], [1], [AGE], AGE, AGE), (HELD,)),
    Case("inquiry.query", ([5],), (HELD,)),
    Case("inquiry.cancel", (5, "told", ["vodacom"], ""), (HELD,)),
    Case("inquiry.next", (1,), (HELD, PART)),
    Case("inquiry.heard", (5, "x", "delivered", "DELIVRD", "000", 1), (HELD,)),
    Case("inquiry.kept", (5, ""), (HELD,)),
    Case("outkeeper.unconfirmed", ([5],), (HELD,)),
    Case("outkeeper.unheard_parts", ([5],), (PART,)),
    Case("outkeeper.give_up_messages", ([5], [""]), (HELD,)),
    Case(
        "outkeeper.blank",
        (AGE, 5),
        (HELD, "receipt_message message", "report_outbound outbound", "queue_pkey system message"),
    ),
    Case(
        "outkeeper.forget",
        (AGE, 5),
        (HELD, PART, "report_outbound outbound", "queue_pkey system message", "outcome_message message",
         "outkey_pkey carrier key message number"),
    ),
]  # fmt: skip
NOTHING = (None, None, None, None, None, None, None, False, 50)
DELIVERIES = ("queue_pkey message", "outcome_message message")
SEARCHES = {
    "newest": (NOTHING, ("received_pkey", *DELIVERIES)),
    "one": ((*NOTHING[:6], 77, False, 50), ("received_pkey id", *DELIVERIES)),
    "dead": ((*NOTHING[:7], True, 50), ("received_pkey id", "outcome_dead", *DELIVERIES)),
    "dead at one system": (
        (None, "sink", *NOTHING[2:7], True, 50),
        ("received_pkey id", "outcome_dead", *DELIVERIES),
    ),
    "unrouted": (("unrouted", *NOTHING[1:]), ("received_pkey id", "received_attention state", *DELIVERIES)),
}


def faults(plan: Plan, allowed: tuple[str, ...]) -> list[str]:
    """What is read of the big tables in another way than the allowed ones."""
    wanted: dict[str | None, list[str]] = {}
    for index, *columns in map(str.split, allowed):
        wanted[index] = columns
    return [
        str(scan)
        for scan in plan.scans
        if scan.table in BIG
        and not (scan.index in wanted and all(column in scan.condition for column in wanted[scan.index]))
    ]


def names(case: object) -> str | None:
    return case.name if isinstance(case, Case) else None


@pytest.fixture
async def database(states: States) -> Any:
    """state -> Database, connected as the gateway is."""
    async with AsyncExitStack() as stack:

        async def opened(state: str) -> Database:
            config = Config.model_validate({"store": {"dsn": getattr(states, state), "max_disk": "100GB"}})
            db = Database(config)
            await db.open()
            stack.push_async_callback(db.stop)
            return db

        yield opened


Opened = Callable[[str], Any]


@pytest.mark.parametrize("executions", [0, 7], ids=["generic", "after seven"])
@pytest.mark.parametrize("state", ["empty", "grown", "known"])
@pytest.mark.parametrize("case", [*OWN, *BOTH, *SENDING, *ANSWERED], ids=names)
async def test_a_plan_that_is_kept_is_right_in_every_state(
    database: Opened, case: Case, state: str, executions: int
) -> None:
    db = await database(state)
    connection = await db.connect()
    try:
        plan = await kept(connection, statement(*case.name.split(".")), *case.values, executions=executions)
    finally:
        await connection.close()
    assert faults(plan, case.scans) == [], plan.text


@pytest.mark.parametrize("state", ["grown", "known"])
@pytest.mark.parametrize("case", [*BOTH, *POOLED, *ANSWERED, *MATCHING], ids=names)
async def test_a_plan_made_for_each_execution_is_right_whatever_autovacuum_told(
    database: Opened, case: Case, state: str
) -> None:
    db = await database(state)
    async with db.pool.acquire() as connection:
        plan = await kept(connection, statement(*case.name.split(".")), *case.values, executions=7)
    assert faults(plan, case.scans) == [], plan.text


async def test_what_records_outcomes_keeps_no_plan(database: Opened) -> None:
    queue = Queue(await database("known"), "sink")
    connection = await queue._connected("record")
    assert await connection.fetchval("show plan_cache_mode") == "force_custom_plan"
    queue.close()


@pytest.mark.parametrize("state", ["grown", "known"])
@pytest.mark.parametrize("search", SEARCHES)
async def test_a_search_finds_what_is_rare_by_its_own_index(database: Opened, search: str, state: str) -> None:
    values, scans = SEARCHES[search]
    db = await database(state)
    async with db.pool.acquire() as connection:
        plan = await kept(connection, statement("history", "search"), *values, executions=7)
    assert faults(plan, scans) == [], plan.text
