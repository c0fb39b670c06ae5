"""The desk knows a message again whatever changed since, and takes over what an older version left unsent."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from smppd.app.counter import Counter
from smppd.config import Config
from smppd.desk import Accepted, Desk, Refused
from smppd.model import Options, OutboundState, Submission
from smppd.store import Database, unadmitted
from tests.store.outbound import Outbound

S = OutboundState
ASKED = Submission("+255754000001", "your visit is due", reference="visit-1")
CARRIER = {"hosts": ["127.0.0.1:1"], "system_id": "x"}
TABLES: dict[str, Any] = {
    "carriers": {"vodacom": {**CARRIER, "prefixes": ["25575"]}},
    "systems": {
        "sink": {"type": "webhook", "url": "http://127.0.0.1:1/", "senders": ["15001", "15002"]},
        "other": {"type": "api"},
    },
    "policy": {"deny": ["+255754000666"], "loop": 0, "burst": 0},
}


@pytest.fixture
async def counter(make_config: Callable[..., Config]) -> AsyncIterator[Counter]:
    config = make_config(**TABLES)
    db = Database(config)
    await db.start()
    counter = Counter(db, config, lambda: None)
    running = asyncio.create_task(counter.writer.run())
    yield counter
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    await db.stop()


def reconfigured(desk: Desk, **tables: Any) -> None:
    store = {"dsn": desk.db.dsn, "max_disk": "100GB"}
    desk.configure(Config.model_validate({"store": store, **TABLES, **tables}))


CHANGES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "a carrier with a number of its own": {"carriers": {"other": {**CARRIER, "numbers": ["15009"]}}},
    "no carrier for the number": {"carriers": {"vodacom": {**CARRIER, "prefixes": ["25578"]}}},
    "the number is denied": {"policy": {"deny": ["+255754*"]}},
    "another first sender": {"systems": {"sink": {**TABLES["systems"]["sink"], "senders": ["15002", "15001"]}}},
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_message_asked_for_again_is_known_whatever_changed_since(counter: Counter, change: str) -> None:
    (first,) = await counter.desk.submit("sink", [ASKED])
    assert isinstance(first, Accepted)
    await counter.desk.db.pool.execute("update outbound set state = 4, reason = 'DELIVRD'")
    reconfigured(counter.desk, **CHANGES[change])
    again = await counter.desk.submit("sink", [replace(ASKED, report=S.SENT.bit), ASKED])
    for result in again:
        assert isinstance(result, Accepted)
        assert (result.id, result.repeated, result.state, result.reason) == (first.id, True, S.DELIVERED, "DELIVRD")
    assert await counter.desk.db.pool.fetchval("select count(*) from outqueue") == 1


OTHERS = [
    replace(ASKED, text="another text"),
    replace(ASKED, recipient="+255754000002"),
    replace(ASKED, sender="15002"),
    replace(ASKED, priority=3),
    replace(ASKED, options=Options(message_class=0)),
    replace(ASKED, recipient="+255784000002"),  # no carrier serves it
]


@pytest.mark.parametrize("other", OTHERS)
async def test_a_reference_used_for_something_else_is_a_conflict_that_tells_what_it_stands_for(
    counter: Counter, other: Submission
) -> None:
    (first,) = await counter.desk.submit("sink", [ASKED])
    (result,) = await counter.desk.submit("sink", [other])
    assert isinstance(result, Refused)
    assert (result.code, result.id, result.state) == ("conflict", first.id, S.QUEUED)
    assert await counter.desk.db.pool.fetchval("select count(*) from outbound") == 1


async def test_what_was_never_taken_is_refused_each_time(counter: Counter) -> None:
    unrouted = replace(ASKED, recipient="+255784000002")
    for result in [*await counter.desk.submit("sink", [unrouted]), *await counter.desk.submit("sink", [unrouted] * 2)]:
        assert isinstance(result, Refused)
        assert (result.code, result.id) == ("unrouted", 0)


async def left_over(db: Database, *recipients: str, expires_in: timedelta = timedelta(days=3)) -> list[int]:
    """Messages as the migration leaves them: taken by a version that could not send."""
    out = Outbound(db)
    made = []
    for recipient in recipients:
        id = await out.message(S.QUEUED, recipient=recipient, report=0, expires_in=expires_in)
        await db.pool.execute("update outbound set fingerprint = 0, carrier = null, reference = id where id = $1", id)
        await db.pool.execute("insert into unadmitted values ($1)", id)
        made.append(id)
    return made


async def queued(db: Database) -> list[int]:
    return [row["id"] for row in await db.pool.fetch("select id from outqueue order by id")]


async def test_messages_of_an_older_version_are_judged_and_routed_once(counter: Counter) -> None:
    desk, db = counter.desk, counter.desk.db
    good, denied, unrouted = await left_over(db, "+255754000001", "+255754000666", "+255784000001")
    (expired,) = await left_over(db, "+255754000003", expires_in=timedelta(seconds=-1))
    bits = S.FAILED.bit | S.DENIED.bit | S.EXPIRED.bit
    assert await desk.admit("sink", bits) == 4
    assert await desk.admit("sink", bits) == 0
    assert await queued(db) == [good]
    out = Outbound(db)
    row = await out.row(good)
    assert (row["state"], row["carrier"], row["ended_at"], row["report"]) == (
        S.QUEUED, await db.carrier_id("vodacom"), None, bits,
    )  # fmt: skip
    assert await out.reports(good) == []
    assert await out.reports(denied) == [("DENIED", "policy.deny")]
    ((state, reason),) = await out.reports(unrouted)
    assert (state, reason.split(":")[0]) == ("FAILED", "to")
    assert [state for state, _ in await out.reports(expired)] == ["EXPIRED"]
    assert (await out.row(expired))["ended_at"] is not None
    assert await db.pool.fetchval("select count(*) from unadmitted") == 0


async def test_two_that_admit_the_same_messages_admit_each_once(counter: Counter) -> None:
    desk, db = counter.desk, counter.desk.db
    made = await left_over(db, *(f"+2557540{n:05}" for n in range(250)))
    while sum(await asyncio.gather(desk.admit("sink", 0), desk.admit("sink", 0))):
        pass
    assert await queued(db) == made


async def test_one_that_ended_meanwhile_is_not_sent(counter: Counter) -> None:
    desk, db = counter.desk, counter.desk.db
    (one,) = await left_over(db, "+255754000001")
    waiting = await unadmitted.unadmitted(db, "sink", 10)
    await db.pool.execute("update outbound set state = 6, ended_at = now() where id = $1", one)
    assert [id for id, _ in waiting] == [one]
    assert await desk.admit("sink", 0) == 1
    assert await queued(db) == []
    assert await Outbound(db).state(one) is S.EXPIRED


async def test_those_of_another_system_are_left_to_its_own_forwarder(counter: Counter) -> None:
    await left_over(counter.desk.db, "+255754000001")
    assert await counter.desk.admit("other", 0) == 0
    assert await counter.desk.db.pool.fetchval("select count(*) from unadmitted") == 1


async def test_half_of_a_character_is_kept_as_a_question_mark_and_known_again(counter: Counter) -> None:
    asked = Submission("+255754000001", "cut \ud83d", reference="half")
    (first,) = await counter.desk.submit("sink", [asked])
    (again,) = await counter.desk.submit("sink", [asked])
    assert isinstance(first, Accepted)
    assert isinstance(again, Accepted)
    assert (again.id, again.repeated) == (first.id, True)
    assert await counter.desk.db.pool.fetchval("select text from outbound where id = $1", first.id) == "cut ?"
