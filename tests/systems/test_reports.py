"""Reports are deliveries like any other, and neither they nor messages wait for the other's troubles."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from smppd import metrics
from smppd.app.counter import Counter
from smppd.app.forwarding import Forwarding
from smppd.config import Config, SystemConfig
from smppd.model import Delivery, OutboundState, Outcome, ReportDetail, Verdict
from smppd.simulator.webhook import Sink
from smppd.store import Database, reports
from smppd.store.history import replay
from smppd.store.queue import MESSAGES, REPORTS
from smppd.store.reports import News
from smppd.systems.forwarder import Forwarder
from tests.store.outbound import Outbound
from tests.systems.test_forwarder import LATER, OK, Bench, Scripted

SENT, GONE = OutboundState.SENT, OutboundState.DELIVERED


@pytest.fixture
async def bench(db: Database) -> AsyncIterator[Bench]:
    bench = Bench(db)
    yield bench
    await bench.kill()


async def tell(db: Database, *news: News) -> None:
    async with db.transaction() as connection:
        assert await reports.add(connection, news)


async def called_back(db: Database, message: int, url: str) -> None:
    await db.pool.execute("update outbound set options = $2 where id = $1", message, json.dumps({"callback_url": url}))


def kinds_of(bench: Bench, adapter: Scripted, *kinds: int, **retry: Any) -> Forwarder:
    config = SystemConfig.model_validate(
        {"type": "webhook", "url": "http://127.0.0.1:1/", "retry": {"first": "50ms", "max": "100ms", **retry}}
    )
    forwarder = Forwarder(bench.db, "sink", config, adapter, bench.wake, bench.counter.desk, kinds)
    bench.tasks.append(asyncio.create_task(forwarder.run()))
    return forwarder


async def test_a_report_brings_all_that_is_known_of_the_message(bench: Bench) -> None:
    out = Outbound(bench.db)
    message = await out.message(GONE, reference="visit-17", recipient="+255754000009", parts=2)
    await called_back(bench.db, message, "https://app.example.org/dlr")
    await tell(bench.db, News(message, GONE, "all parts", ReportDetail("7f3a", stat="DELIVRD", part=2, parts=2)))
    sink = Scripted()
    forwarder = bench.start(sink)
    await sink.until(lambda: len(sink.seen) == 1)
    (seen,) = sink.seen
    assert (seen.sender, seen.recipient, seen.text, seen.parts) == ("+255754000009", "15001", None, 2)
    report = seen.report
    assert report is not None
    assert (report.outbound, report.reference, report.state, report.reason) == (message, "visit-17", GONE, "all parts")
    assert (report.sender, report.recipient) == ("15001", "+255754000009")
    assert report.detail == ReportDetail("7f3a", stat="DELIVRD", part=2, parts=2)
    assert report.options.callback_url == "https://app.example.org/dlr"
    await bench.drained(forwarder)
    assert await bench.db.pool.fetchval("select count(*) from outcome where message = $1 and state = 1", seen.id) == 1


async def test_the_news_of_one_message_keep_their_order_under_failures(bench: Bench) -> None:
    out = Outbound(bench.db)
    messages = [await out.message() for _ in range(20)]
    for state in (OutboundState.SENDING, SENT, GONE):
        await tell(bench.db, *(News(message, state) for message in messages))
    failed: set[int] = set()

    def each_fails_once(delivery: Delivery) -> Outcome:
        known = delivery.id in failed
        failed.add(delivery.id)
        return OK if known else LATER

    sink = Scripted()
    sink.script = each_fails_once
    forwarder = bench.start(sink, first="1ms", max="5ms")
    await sink.until(lambda: len(sink.accepted) == 60)
    taken: dict[int, list[OutboundState]] = {}
    seen: set[int] = set()
    for delivery in sink.seen:
        assert delivery.report is not None
        if delivery.id in seen:
            taken.setdefault(delivery.report.outbound, []).append(delivery.report.state)
        seen.add(delivery.id)
    assert taken == {message: [OutboundState.SENDING, SENT, GONE] for message in messages}
    await bench.drained(forwarder)


@pytest.mark.parametrize("kind", [MESSAGES, REPORTS])
async def test_a_forwarder_of_one_kind_leaves_the_other_alone(bench: Bench, kind: int) -> None:
    message = await Outbound(bench.db).message()
    await tell(bench.db, News(message, SENT))
    await bench.put(("+1", "x"))
    await tell(bench.db, News(message, GONE))
    await bench.put(("+1", "y"))
    sink = Scripted()
    forwarder = kinds_of(bench, sink, kind)
    await sink.until(lambda: len(sink.accepted) == 2)
    assert {delivery.report is not None for delivery in sink.seen} == {kind == REPORTS}
    async with asyncio.timeout(20):
        await forwarder.stop()
    assert await bench.db.pool.fetchval("select array_agg(distinct kind) from queue") == [1 - kind]


async def test_many_that_wait_of_the_other_kind_are_passed_over_once(bench: Bench) -> None:
    message = await Outbound(bench.db).message()
    await bench.db.pool.execute(
        """with n as (insert into report (id, outbound, system, state)
                      select nextval('entry_id'), $1, $2, 3 from generate_series(1, 30000) returning id)
           insert into queue (system, message, sender, kind) select $2, id, $1, 1 from n""",
        message, await bench.db.system_id("sink"),
    )  # fmt: skip
    await bench.put(("+1", "x"))
    sink = Scripted()
    forwarder = kinds_of(bench, sink, MESSAGES)
    await sink.until(lambda: len(sink.accepted) == 1)
    async with asyncio.timeout(20):
        while forwarder._cursor < 20_000:
            await bench.db.pool.fetchval("select 1")
    await bench.put(("+1", "y"), ("+2", "z"))
    await sink.until(lambda: len(sink.accepted) == 3)


async def test_a_report_that_is_dead_says_why_and_is_put_back_by_its_id(bench: Bench) -> None:
    message = await Outbound(bench.db).message()
    await tell(bench.db, News(message, SENT), News(message, GONE))
    sink = Scripted()
    sink.script = lambda delivery: Outcome(Verdict.DEAD, "404 Not Found") if len(sink.seen) <= 1 else OK
    forwarder = bench.start(sink)
    await sink.until(lambda: len(sink.seen) == 2)
    await bench.drained(forwarder)
    (dead,) = await bench.db.pool.fetch("select message, reason from outcome where state = 2")
    assert dead["reason"] == "404 Not Found"
    await bench.kill()
    assert await replay(bench.db, [dead["message"]], dead_only=True) == 1
    forwarder = bench.start(sink)
    await sink.until(lambda: len(sink.seen) == 3)
    assert [d.report.state for d in sink.seen if d.report is not None] == [SENT, GONE, SENT]
    await bench.drained(forwarder)


async def test_one_that_is_not_tried_costs_no_attempt_and_ends_with_its_age(bench: Bench) -> None:
    message = await Outbound(bench.db).message()
    await tell(bench.db, News(message, SENT))
    await bench.db.pool.execute("update report set at = now() - interval '2 hours'")
    sink = Scripted()
    sink.script = lambda _: Outcome(Verdict.PAUSE, "503", 0.001, apart=True)
    forwarder = bench.start(sink, give_up="3h")
    await sink.until(lambda: len(sink.seen) >= 3)
    (row,) = await bench.db.pool.fetch("select attempts, reason from queue")
    assert (row["attempts"], row["reason"]) == (0, "")
    async with asyncio.timeout(20):
        await forwarder.stop()
    await bench.kill()
    forwarder = bench.start(sink, give_up="1h")
    async with asyncio.timeout(20):
        while not await bench.db.pool.fetchval("select count(*) from outcome"):
            pass
    assert await bench.db.pool.fetchval("select reason from outcome where state = 2") == "given up after 2 h: 503"


async def test_callbacks_that_nobody_takes_and_messages_that_nobody_takes_do_not_wait_for_each_other(
    dsn: str, make_config: Callable[..., Config]
) -> None:
    system, place = Sink(), Sink()
    await system.start()
    await place.start()
    retry = {"first": "1h", "max": "1h", "give_up": "7d"}
    config = make_config(
        carriers={"vodacom": {"hosts": ["127.0.0.1:1"], "system_id": "x"}},
        systems={"sink": {"type": "webhook", "url": system.url, "concurrency": 2, "retry": retry}},
    )
    db = Database(config)
    await db.start()
    bench, out = Bench(db), Outbound(db)
    counter = Counter(db, config, lambda: None)
    forwarding = Forwarding(db, config, ["sink"], counter)
    running = asyncio.create_task(forwarding.run())
    opened = metrics.CIRCUIT_OPEN.labels("sink")
    try:
        # The callbacks' place fails, again and again: the system gets its messages all the same.
        place.status = 503
        for _ in range(20):
            message = await out.message()
            await called_back(db, message, place.url)
            await tell(db, News(message, GONE))
        await db.pool.execute("notify smppd_queue")
        await place.wait_requests(5)
        await bench.put(*((f"+{n}", "x") for n in range(50)))
        await db.pool.execute("notify smppd_queue")
        await system.wait_requests(50)
        assert opened._value.get() == 0
        assert place.count <= 6, "a place that fails is left alone"
        # The system is down: callbacks go on.
        await system.stop()
        await bench.put(*((f"+{n}", "y") for n in range(20)))
        await db.pool.execute("notify smppd_queue")
        async with asyncio.timeout(20):
            while not await db.pool.fetchval("select paused_until from system where name = 'sink'"):
                pass
        assert opened._value.get() == 1
        other = Sink()
        await other.start()
        message = await out.message()
        await called_back(db, message, other.url)
        await tell(db, News(message, GONE))
        await db.pool.execute("notify smppd_queue")
        await other.wait_requests(1)
        assert await forwarding.stop(10)
        await other.stop()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await place.stop()
        await system.stop()
        await db.stop()


@pytest.mark.parametrize("cut", [0, 1])
async def test_what_an_older_version_took_goes_to_a_carrier_at_the_start_whenever_that_is_cut_short(
    bench: Bench, cut: int
) -> None:
    out = Outbound(bench.db)
    made = [await out.message(OutboundState.QUEUED, recipient=f"+2557540{n:05}", report=0) for n in range(300)]
    await bench.db.pool.execute("insert into unadmitted select id from outbound")
    left = "select count(*) from unadmitted"
    bench.start(Scripted())
    async with asyncio.timeout(20):
        while await bench.db.pool.fetchval(left) == 300:
            pass
    if cut:
        await bench.kill()
        assert await bench.db.pool.fetchval(left) + await bench.db.pool.fetchval("select count(*) from outqueue") == 300
        bench.start(Scripted())
    async with asyncio.timeout(20):
        while await bench.db.pool.fetchval(left):
            pass
    rows = await bench.db.pool.fetch("select id from outqueue order by id")
    assert [row["id"] for row in rows] == made
