"""News of a message become a delivery when, and only when, its system wants to hear of them."""

from __future__ import annotations

import pytest

from smppd.model import BUFFERED, OutboundState, ReportDetail
from smppd.store import Database, reports
from smppd.store.queue import Queue
from smppd.store.reports import News
from tests.store.outbound import ALL, Outbound


@pytest.fixture
def out(db: Database) -> Outbound:
    return Outbound(db)


async def add(db: Database, *news: News) -> bool:
    async with db.transaction() as connection:
        return await reports.add(connection, news)


@pytest.mark.parametrize(
    ("wanted", "news", "stored"),
    [
        (OutboundState.DELIVERED.bit, News(0, OutboundState.DELIVERED), [("DELIVERED", "")]),
        (OutboundState.DELIVERED.bit, News(0, OutboundState.UNDELIVERED), []),
        (OutboundState.SENT.bit, News(0, OutboundState.SENT), [("SENT", "")]),
        (BUFFERED, News(0, OutboundState.SENT, "enroute", buffered=True), [("QUEUED", "enroute")]),
        (ALL & ~BUFFERED, News(0, OutboundState.SENT, "enroute", buffered=True), []),
        (ALL, News(0, OutboundState.UNKNOWN, "no receipt"), [("UNKNOWN", "no receipt")]),
        (0, News(0, OutboundState.DELIVERED), []),
    ],
)
async def test_only_the_states_that_a_system_asked_for_are_reported(
    db: Database, out: Outbound, wanted: int, news: News, stored: list[tuple[str, str]]
) -> None:
    news.outbound = await out.message(report=wanted)
    assert await add(db, news) is bool(stored)
    assert await out.reports(news.outbound) == stored
    assert await db.pool.fetchval("select count(*) from queue") == len(stored)


async def test_reports_of_one_commit_keep_the_order_in_which_they_were_given(db: Database, out: Outbound) -> None:
    ids = [await out.message(report=ALL if n % 3 else 0) for n in range(50)]
    news = [News(one, state) for one in reversed(ids) for state in (OutboundState.SENT, OutboundState.DELIVERED)]
    assert await add(db, *news)
    stored = await db.pool.fetch("select outbound, state from report order by id")
    wanted = [(one.outbound, one.state) for one in news if ids.index(one.outbound) % 3]
    assert [tuple(row) for row in stored] == wanted


async def test_a_forwarder_gets_what_the_carrier_said(db: Database, out: Outbound) -> None:
    message = await out.message(reference="r-1")
    detail = ReportDetail("0A1F", 0x0B, "UNDELIV", "069", "id:0A1F …", 2, 3)
    await add(db, News(message, OutboundState.UNDELIVERED, "UNDELIV, error 069", detail))
    queue = Queue(db, "sink")
    ((claimed,),) = [await queue.claim(0, (), 10)]
    queue.close()
    report = claimed.delivery.report
    assert report is not None
    assert (report.outbound, report.reference, report.state) == (message, "r-1", OutboundState.UNDELIVERED)
    assert (report.reason, report.detail) == ("UNDELIV, error 069", detail)
    assert (claimed.lane, claimed.delivery.sender, claimed.delivery.recipient) == (message, "+255754000001", "15001")


async def test_what_the_database_cannot_hold_is_replaced(db: Database, out: Outbound) -> None:
    message = await out.message()
    await add(db, News(message, OutboundState.UNDELIVERED, "a\0b", ReportDetail("\ud800", text="x\0y")))
    assert await out.reports(message) == [("UNDELIVERED", "a\ufffdb")]
    assert await out.details(message) == [{"message_id": "?", "text": "x\ufffdy", "parts": 1}]


async def test_nothing_is_written_without_news_or_for_a_message_that_is_gone(db: Database, out: Outbound) -> None:
    assert not await add(db)
    assert not await add(db, News(12345, OutboundState.DELIVERED))
    assert await db.pool.fetchval("select count(*) from queue") == 0


async def test_reports_go_with_the_transaction_that_makes_them_true(db: Database, out: Outbound) -> None:
    message = await out.message()
    async with db.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        assert await reports.add(connection, [News(message, OutboundState.DELIVERED)])
        await transaction.rollback()
    assert await out.reports(message) == []
