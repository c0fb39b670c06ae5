"""Who has a carrier writes for it, and nobody who had it before; what nobody has any more does not stand for ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from smppd.model import OutboundState, PartState, ReportDetail
from smppd.smpp.mapping import receipt_words
from smppd.store import Database
from smppd.store.outqueue import Ended, Outqueue, Record, Told, Waiting, Wanted
from tests.carriers.kit import carrier, texts
from tests.store.outbound import Outbound

LEASE = "carrier/vodacom"


@pytest.fixture
async def queue(db: Database) -> Outqueue:
    """Of the owner of the carrier."""
    assert await db.take_lease(LEASE, 15)
    return Outqueue(db, "vodacom", receipt_words)


async def lose(db: Database) -> None:
    """Another node has taken the carrier, after our lease ran out."""
    await db.pool.execute(
        "update lease set node = 'other', instance = gen_random_uuid(), expires_at = now() + '15 s' where name = $1",
        LEASE,
    )


async def test_an_owner_that_lost_its_carrier_marks_nothing(db: Database, queue: Outqueue) -> None:
    book = Outbound(db)
    message = await book.message(OutboundState.QUEUED)
    await book.waiting(message, marked=True)
    await book.part(message, "a1")
    await lose(db)
    assert await queue.mark([message], [Wanted(message, 1, 1, 7)], again=True) == set()
    assert await book.part_states(message) == [PartState.ACCEPTED], "the new owner's"


async def test_what_an_owner_heard_too_late_does_not_unmark_what_the_next_one_sends(
    db: Database, queue: Outqueue
) -> None:
    book = Outbound(db)
    message = await book.message(OutboundState.QUEUED)
    await book.waiting(message)
    assert await queue.mark([message], [Wanted(message, 1, 1, 7)]) == {message}
    await lose(db)
    late = Record([Told(message, 1, PartState.WAITING, 8)])
    late.waiting.append(Waiting(message, queue.id, 5.0, True, (), (), "busy"))
    assert not await queue.record(late)
    assert await db.pool.fetchval("select marked from outqueue where id = $1", message)
    assert await book.part_states(message) == [PartState.SENDING]


async def test_an_answer_written_twice_does_not_touch_the_part_at_the_next_carrier(
    db: Database, queue: Outqueue
) -> None:
    """The commit was made, its acknowledgement lost, and meanwhile another carrier took the message over."""
    book = Outbound(db)
    message = await book.message(OutboundState.QUEUED)
    await book.waiting(message)
    await queue.mark([message], [Wanted(message, 1, 1, 7)])
    other = await db.carrier_id("airtel")
    record = Record([Told(message, 1, PartState.WAITING, 0x0A)])
    record.waiting.append(Waiting(message, other, None, True, (), (queue.id,), "not ours"))
    await queue.record(record)
    assert await db.take_lease("carrier/airtel", 15)
    next_one = Outqueue(db, "airtel", receipt_words)
    assert await next_one.mark([message], [Wanted(message, 1, 1, 8)]) == {message}
    await queue.record(record)
    assert await book.part_states(message) == [PartState.SENDING]


async def test_a_message_cut_into_fewer_parts_by_its_next_carrier_can_still_be_delivered(
    db: Database, queue: Outqueue
) -> None:
    book = Outbound(db)
    message = await book.message(OutboundState.QUEUED, parts=2)
    await book.waiting(message)
    await book.part(message, None, number=1, total=3, state=PartState.WAITING, carrier="airtel")
    await book.part(message, None, number=2, total=3, state=PartState.WAITING, carrier="airtel")
    await book.part(message, None, number=3, total=3, state=PartState.WAITING, carrier="airtel")
    await queue.mark([message], [Wanted(message, 1, 2, 7), Wanted(message, 2, 2, 7)])
    assert await book.part_states(message) == [PartState.SENDING] * 2


async def test_an_owner_that_was_replaced_without_hearing_of_it_begins_anew(
    carriers: Callable[[], Any], run: Callable[..., Any]
) -> None:
    """Cut off from the database for longer than its lease; the other node had the carrier meanwhile, and is dead."""
    smsc = await carriers()
    node = await run({"vodacom": carrier(smsc)})
    await smsc.wait_bound(1)
    book = Outbound(node.database)
    message = await book.message(OutboundState.QUEUED)
    await book.waiting(message, marked=True)
    await book.part(message, None, state=PartState.SENDING)
    await node.database.pool.execute("delete from lease where name = $1", LEASE)
    await node.ended([message])
    assert texts(smsc) == ["hello"]
    assert (await node.parts(message))[0]["resends"] == 1


async def test_a_part_that_is_known_to_be_lost_counts_when_the_other_will_never_be_known(
    db: Database, queue: Outqueue
) -> None:
    book = Outbound(db)
    message = await book.message(OutboundState.QUEUED, parts=2)
    await book.waiting(message)
    await queue.mark([message], [Wanted(message, 1, 2, 7), Wanted(message, 2, 2, 7)])
    await queue.record(Record([Told(message, 1, PartState.ACCEPTED, 0, "a1", ("a1",))]))
    await db.pool.execute("update outpart set state = $2, stat = 'UNDELIV' where message = $1 and number = 1",
                          message, int(PartState.UNDELIVERED))  # fmt: skip
    end = Ended(message, OutboundState.UNKNOWN, "in doubt", 2, 0, ReportDetail(parts=2))
    await queue.record(Record([Told(message, 2, PartState.UNKNOWN)], [end]))
    assert await book.state(message) is OutboundState.UNDELIVERED
