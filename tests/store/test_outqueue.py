"""What waits for a carrier, as its sender claims, marks and records it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from smppd.model import OutboundState, PartState, ReportDetail
from smppd.smpp.mapping import receipt_words
from smppd.store import Database
from smppd.store.outqueue import ALL, PRIORITIES, START, Ended, Outqueue, Record, Told, Waiting, Wanted
from smppd.store.reports import News
from tests.store.outbound import Outbound

LANES = dict.fromkeys(PRIORITIES, (START, 10))


@pytest.fixture
async def queue(db: Database) -> AsyncIterator[Outqueue]:
    queue = Outqueue(db, "vodacom", receipt_words)
    assert await db.take_lease("carrier/vodacom", 60)  # only its owner marks and records
    yield queue
    queue.close()


@pytest.fixture
def past(db: Database) -> Outbound:
    return Outbound(db)


async def waiting(past: Outbound, count: int = 1, **more: Any) -> list[int]:
    """Messages with their rows; `more` are columns of outqueue."""
    ids = [await past.message(OutboundState.QUEUED, **more) for _ in range(count)]
    for message in ids:
        await past.waiting(message)
    return ids


async def change(past: Outbound, message: int, what: str) -> None:
    await past.db.pool.execute(f"update outqueue set {what} where id = $1", message)


def wanted(message: int) -> Wanted:
    return Wanted(message, 1, 1, 7)


async def test_what_is_due_is_claimed_by_priority_and_age_and_never_twice(queue: Outqueue, past: Outbound) -> None:
    ids = await waiting(past, 5)
    await change(past, ids[0], "due_at = now() + interval '1 hour'")
    await change(past, ids[1], "priority = 3")
    await change(past, ids[2], "marked = true")
    await change(past, ids[4], "due_at = due_at - interval '1 hour'")
    claimed = await queue.claim(LANES)
    assert sorted((-one.priority, one.due_at, one.id) for one in claimed) == [
        (-one.priority, one.due_at, one.id) for one in sorted(claimed, key=lambda one: (-one.priority, one.due_at))
    ]
    assert {one.id for one in claimed} == {ids[1], ids[3], ids[4]}
    ends = dict.fromkeys(PRIORITIES, (START, 10))
    for one in claimed:
        ends[one.priority] = max(ends[one.priority], ((one.due_at, one.id), 10))
    assert await queue.claim(ends) == []


async def test_a_sweep_finds_what_was_committed_late_and_is_not_held(queue: Outqueue, past: Outbound) -> None:
    early, late, held = await waiting(past, 3)
    cursors = {0: (((await queue.claim(LANES))[-1].due_at, held), 10)}
    swept = await queue.sweep(cursors, {early, held}, ALL)
    assert [one.id for one in swept] == [late]
    await change(past, late, "due_at = due_at - interval '1 hour'")
    assert await queue.sweep(cursors, {early, held}, timedelta(minutes=1)) == []
    assert [one.id for one in await queue.sweep(cursors, {early, held}, ALL)] == [late]


async def test_only_what_is_still_there_and_ours_is_marked(queue: Outqueue, past: Outbound) -> None:
    mine, gone, moved, twice = await waiting(past, 4)
    await past.db.pool.execute("delete from outqueue where id = $1", gone)
    await change(past, moved, f"carrier = {await past.db.carrier_id('airtel')}")
    assert await queue.mark([twice], [wanted(twice)]) == {twice}
    ids = [mine, gone, moved, twice]
    assert await queue.mark(ids, [wanted(each) for each in ids]) == {mine}
    assert await queue.mark(ids, [wanted(each) for each in ids], again=True) == {mine, twice}
    assert await past.db.pool.fetchval("select array_agg(message order by message) from outpart") == [mine, twice]
    assert await past.part_states(mine) == [PartState.SENDING]


async def test_that_a_message_is_on_its_way_is_told_once_and_only_of_what_is_ours(
    queue: Outqueue, past: Outbound
) -> None:
    mine, moved = await waiting(past, 2)
    unasked = await past.message(OutboundState.QUEUED, report=OutboundState.SENT.bit)
    await past.waiting(unasked)
    await change(past, moved, f"carrier = {await past.db.carrier_id('airtel')}")
    ids = [mine, moved, unasked]
    news = [News(each, OutboundState.SENDING) for each in ids]
    for again in (False, True):  # the first commit may have been acknowledged to nobody
        await queue.mark(ids, [wanted(each) for each in ids], news=news, again=again)
        assert await past.reports(mine) == [("SENDING", "")]
        assert await past.reports(moved) == await past.reports(unasked) == []


async def test_recording_is_all_or_nothing_and_changes_nothing_the_second_time(queue: Outqueue, past: Outbound) -> None:
    sent, refused, later = await waiting(past, 3)
    ids = [sent, refused, later]
    await queue.mark(ids, [wanted(each) for each in ids])
    record = Record(
        [
            Told(sent, 1, PartState.ACCEPTED, 0, 'a"b\\c{,}', ('a"b\\c{,}', "12")),
            Told(refused, 1, PartState.REFUSED, 0x0B),
            Told(later, 1, PartState.WAITING, resent=True),
        ],
        [
            Ended(sent, OutboundState.SENT, "", 1, 1 << 3, ReportDetail(), plain=True),
            Ended(refused, OutboundState.REJECTED, "no such number", 1, 1 << 7, ReportDetail(status=0x0B)),
        ],
        [Waiting(later, queue.id, 60.0, True, (5,), (6,), "later")],
    )
    for turn in range(2):
        told = await queue.record(record)
        assert told is (turn == 0)
        assert [await past.state(each) for each in ids] == [
            OutboundState.SENT,
            OutboundState.REJECTED,
            OutboundState.QUEUED,
        ]
        assert await past.reports(sent) == [("SENT", "")]
        assert await past.reports(refused) == [("REJECTED", "no such number")]
        assert await past.db.pool.fetchval("select array_agg(key order by key) from outkey") == ["12", 'a"b\\c{,}']
        parts = await past.db.pool.fetch("select message, state, status, keys, resends from outpart order by message")
        assert [tuple(part) for part in parts] == [
            (sent, 1, 0, ['a"b\\c{,}', "12"], 0),
            (refused, 4, 0x0B, None, 0),
            (later, 6, 0, None, 1),
        ]
    row = await past.db.pool.fetchrow("select *, due_at > now() + interval '50 s' as late from outqueue")
    assert (row["id"], row["marked"], row["attempts"], row["reason"], row["late"]) == (later, False, 1, "later", True)
    assert (row["alternatives"], row["tried"]) == ([5], [6])


async def test_what_receipts_have_decided_already_is_not_taken_back(queue: Outqueue, past: Outbound) -> None:
    (message,) = await waiting(past)
    await queue.mark([message], [wanted(message)])
    await past.db.pool.execute("update outbound set state = 5 where id = $1", message)
    await past.db.pool.execute("update outpart set state = 3 where message = $1", message)
    ended = Ended(message, OutboundState.SENT, "", 1, 1 << 3, ReportDetail(), plain=True)
    await queue.record(Record([Told(message, 1, PartState.ACCEPTED)], [ended]))
    assert await past.state(message) is OutboundState.UNDELIVERED
    assert await past.part_states(message) == [PartState.UNDELIVERED]
    assert await past.reports(message) == []
    assert await past.db.pool.fetchval("select count(*) from outqueue") == 0


async def test_a_claim_brings_what_is_known_of_the_parts_of_an_earlier_try(queue: Outqueue, past: Outbound) -> None:
    (message,) = await waiting(past)
    await past.part(message, "77", number=1, total=2)
    await past.part(message, None, number=2, total=2, state=PartState.WAITING)
    assert (await queue.claim(LANES))[0].parts == ()
    await change(past, message, "attempts = 1")
    (claimed,) = await queue.claim(LANES)
    assert sorted((part.number, part.total, part.state, part.reference) for part in claimed.parts) == [
        (1, 2, PartState.ACCEPTED, 7),
        (2, 2, PartState.WAITING, 7),
    ]


async def test_rows_are_taken_over_by_the_first_alternative_that_can_send(queue: Outqueue, past: Outbound) -> None:
    ids = await waiting(past, 6)
    airtel, tigo = await past.db.carrier_id("airtel"), await past.db.carrier_id("tigo")
    for message, alternatives, tried in zip(
        ids,
        ([airtel, tigo], [tigo, airtel], [tigo], [], [airtel], [airtel]),
        ([], [], [], [], [airtel], []),
        strict=True,
    ):
        await past.db.pool.execute(
            "update outqueue set alternatives = $2, tried = $3 where id = $1", message, alternatives, tried
        )
    await change(past, ids[5], "marked = true")
    vodacom = await past.db.carrier_id("vodacom")
    other = Outqueue(past.db, "airtel", receipt_words)
    assert await other.take_over(vodacom, 0, START, [airtel, tigo], 100) == (1, None)
    assert await other.take_over(vodacom, 0, START, [airtel], 100) == (1, None)
    rows = await past.db.pool.fetch("select id, alternatives from outqueue where carrier = $1 order by id", airtel)
    assert [tuple(row) for row in rows] == [(ids[0], [tigo, vodacom]), (ids[1], [tigo, vodacom])]
    other.close()


async def test_taking_over_goes_on_where_it_ended(queue: Outqueue, past: Outbound) -> None:
    ids = await waiting(past, 7)
    airtel, vodacom = await past.db.carrier_id("airtel"), await past.db.carrier_id("vodacom")
    await past.db.pool.execute("update outqueue set alternatives = $1", [airtel])
    other = Outqueue(past.db, "airtel", receipt_words)
    taken, cursor = await other.take_over(vodacom, 0, START, [airtel], 3)
    assert taken == 3
    assert cursor is not None
    assert cursor[1] == ids[2]
    assert await other.take_over(vodacom, 0, cursor, [airtel], 10) == (4, None)
    other.close()
