"""A new configuration while messages wait: what is taken out, what stays, and who is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from smppd.app.orphans import Orphans
from smppd.config import Config
from smppd.model import OutboundState, PartState
from smppd.store import Database
from tests.carriers.kit import carrier, config, texts
from tests.store.outbound import Outbound

Run = Callable[..., Any]


async def test_what_a_carrier_of_the_past_had_under_way_is_settled_and_waits_again(
    db: Database, make_config: Callable[..., Config]
) -> None:
    book = Outbound(db, carrier="renamed")
    written, told = await book.message(OutboundState.QUEUED), await book.message(OutboundState.QUEUED, parts=2)
    for message in (written, told):
        await book.waiting(message, marked=True)
    await book.part(written, None, state=PartState.SENDING)
    await book.part(told, "a1", number=1, total=2)
    await book.part(told, None, number=2, total=2, state=PartState.SENDING)
    await Orphans(db).settle()
    rows = await db.pool.fetch("select id, marked, attempts from outqueue order by id")
    assert [tuple(row) for row in rows] == [(written, False, 1), (told, False, 1)]
    assert await book.part_states(told) == [PartState.ACCEPTED, PartState.WAITING]
    assert await db.pool.fetchval("select sum(resends) from outpart") == 2


async def test_what_another_node_has_under_way_is_left_to_it(db: Database) -> None:
    book = Outbound(db, carrier="elsewhere")
    message = await book.message(OutboundState.QUEUED)
    await book.waiting(message, marked=True)
    await db.pool.execute(
        "insert into lease (name, node, instance, expires_at)"
        " values ('carrier/elsewhere', 'other', gen_random_uuid(), now() + interval '15 s')"
    )
    await Orphans(db).settle()
    assert await db.pool.fetchval("select marked from outqueue")


async def test_a_carrier_that_cannot_be_used_keeps_no_other_of_the_new_configuration_from_starting(
    carriers: Callable[[], Any], run: Run, make_config: Callable[..., Config]
) -> None:
    first, last = await carriers(), await carriers()
    node = await run({"a": carrier(first), "c": carrier(last, prefixes=["+254"])})
    await first.wait_bound(1)
    await last.wait_bound(1)
    bad = carrier(first, tls={"ca": "/nowhere.pem"}, prefixes=["+256"])
    node.gateway.reload(config(make_config, {"a": carrier(first), "b": bad, "c": carrier(last, prefixes=["+255"])}))
    await last.wait_counter("binds", 2)
    ids = await node.send_many(1)
    await node.ended(ids)
    assert texts(last) == ["message 0"]
