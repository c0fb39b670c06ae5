"""The forwarder: order per sender, nobody delayed by another, retries, circuit, leases, what a stop leaves behind."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from smppd.app.counter import Counter
from smppd.config import SystemConfig
from smppd.desk import Result
from smppd.model import BatchResult, Delivery, Outcome, Submission, Verdict
from smppd.store import Database
from smppd.store.status import set_paused
from smppd.systems.contract import PollFailed
from smppd.systems.forwarder import Forwarder

OK = Outcome(Verdict.DELIVERED)
LATER = Outcome(Verdict.RETRY, "503")


class Scripted:
    """A system that answers as `script` says and remembers what came."""

    def __init__(self, *, batch: int = 1, concurrency: int = 8) -> None:
        self.batch, self.concurrency, self.poll_every, self.poll_again = batch, concurrency, None, False
        self.reports = 0
        self.script: Callable[[Delivery], Outcome] = lambda delivery: OK
        self.hold: asyncio.Event | None = None
        self.seen: list[Delivery] = []
        self.accepted: list[tuple[str, str]] = []  # sender, text
        self.hand_out: list[Submission] = []
        self.told: list[str] = []
        self.changed = asyncio.Condition()

    async def deliver(self, batch: list[Delivery]) -> BatchResult:
        if self.hold is not None:
            await self.hold.wait()
        outcomes = []
        for delivery in batch:
            self.seen.append(delivery)
            outcome = self.script(delivery)
            outcomes.append(outcome)
            if outcome.verdict is Verdict.DELIVERED:
                self.accepted.append((delivery.sender, delivery.text or ""))
        async with self.changed:
            self.changed.notify_all()
        handed, self.hand_out = self.hand_out, []
        return BatchResult(outcomes, handed)

    async def poll(self) -> list[Submission]:
        raise PollFailed("not polled here")

    def settled(self, messages: list[Submission], results: list[Result]) -> None:
        assert len(messages) == len(results)
        self.told.extend(message.reference for message in messages)

    async def until(self, condition: Callable[[], bool], seconds: float = 20) -> None:
        async with asyncio.timeout(seconds), self.changed:
            await self.changed.wait_for(condition)


class Bench:
    def __init__(self, db: Database) -> None:
        self.db = db
        self.tasks: list[asyncio.Task[None]] = []
        self.beside: list[asyncio.Task[None]] = []
        self.wake = asyncio.Event()
        self.counter = Counter(db, db.config, lambda: None)

    async def put(self, *messages: tuple[str, str]) -> None:
        """(sender, text) into the queue, in order, in one commit."""
        system = await self.db.system_id("sink")
        carrier = await self.db.carrier_id("vodacom")
        await self.db.pool.execute(
            """
            with n as materialized
               (select nextval('entry_id') id, u.* from unnest($3::text[], $4::text[]) u(sender, body)),
             m as (insert into received
                     (id, carrier, link, session, digest, sender, recipient, text, data_coding, esm_class, state)
                   select id, $2, 1, 1, 0, sender, '15001', body, 0, 0, 0 from n)
            insert into queue (system, message, sender) select $1, id, hashtextextended(sender, 0) from n
            """,
            system,
            carrier,
            [sender for sender, _ in messages],
            [text for _, text in messages],
        )
        self.wake.set()

    def start(self, adapter: Scripted, db: Database | None = None, **retry: Any) -> Forwarder:
        keys = {"first": "50ms", "max": "100ms", **retry}
        config = SystemConfig(type="webhook", url="http://127.0.0.1:1/", retry=keys, concurrency=adapter.concurrency)
        forwarder = Forwarder(db or self.db, "sink", config, adapter, self.wake, self.counter.desk)
        self.tasks.append(asyncio.create_task(forwarder.run()))
        self.beside.append(asyncio.create_task(self.counter.writer.run()))
        return forwarder

    async def kill(self) -> None:
        """End at once, as a crash does."""
        for task in (*self.tasks, *self.beside):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self.tasks.clear()
        self.beside.clear()

    async def waiting(self) -> int:
        count: int = await self.db.pool.fetchval("select count(*) from queue")
        return count

    async def drained(self, forwarder: Forwarder) -> None:
        async with asyncio.timeout(20):
            await forwarder.stop()
        assert await self.waiting() == 0


@pytest.fixture
async def bench(db: Database) -> AsyncIterator[Bench]:
    bench = Bench(db)
    yield bench
    await bench.kill()


async def test_everything_waiting_is_delivered_and_recorded(bench: Bench) -> None:
    await bench.put(*((f"+{n % 37}", f"m{n}") for n in range(500)))
    sink = Scripted()
    forwarder = bench.start(sink)
    await sink.until(lambda: len(sink.accepted) == 500)
    await bench.drained(forwarder)
    assert await bench.db.pool.fetchval("select count(*) from outcome where state = 1") == 500


async def test_messages_of_one_sender_keep_their_order_under_failures(bench: Bench) -> None:
    await bench.put(*((f"+{n % 5}", f"{n:04}") for n in range(300)))
    sink = Scripted()
    tries: dict[int, int] = defaultdict(int)

    def every_seventh_fails_once(delivery: Delivery) -> Outcome:
        tries[delivery.id] += 1
        return LATER if delivery.id % 7 == 0 and tries[delivery.id] == 1 else OK

    sink.script = every_seventh_fails_once
    forwarder = bench.start(sink)
    await sink.until(lambda: len(sink.accepted) == 300)
    for sender in {s for s, _ in sink.accepted}:
        texts = [t for s, t in sink.accepted if s == sender]
        assert texts == sorted(texts)
    await bench.drained(forwarder)


async def test_a_sender_whose_head_fails_delays_only_itself(bench: Bench) -> None:
    await bench.put(("+bad", "head"), *(("+bad", f"b{n}") for n in range(50)), *((f"+{n}", "x") for n in range(200)))
    sink = Scripted()
    sink.script = lambda delivery: LATER if delivery.text == "head" else OK
    bench.start(sink, first="1h", max="1h")
    await sink.until(lambda: len(sink.accepted) == 200)
    assert {s for s, _ in sink.accepted} == {f"+{n}" for n in range(200)}


async def test_the_log_says_at_once_that_messages_are_tried_again_and_not_of_each(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    await bench.put(("+1", "x"), ("+2", "x"))
    sink = Scripted()
    sink.script = lambda _: LATER if len(sink.seen) < 5 else OK
    forwarder = bench.start(sink)
    await sink.until(lambda: len(sink.accepted) == 2)
    await bench.drained(forwarder)
    (said,) = [line for line in capsys.readouterr().err.splitlines() if "tried again later" in line]
    assert "503" in said
    assert "sink" in said


async def test_as_many_failing_senders_as_are_asked_at_once_delay_only_themselves(bench: Bench) -> None:
    await bench.put(*((f"-{n}", "bad") for n in range(8)), *((f"+{n}", "good") for n in range(500)))
    sink = Scripted(concurrency=8)
    sink.script = lambda delivery: LATER if delivery.text == "bad" else OK
    bench.start(sink, first="1h", max="1h")
    await sink.until(lambda: len(sink.accepted) == 500)
    assert len(sink.seen) == 508  # an open circuit would have probed the bad ones again


async def test_one_sender_with_twenty_thousand_waiting_messages_does_not_stand_before_the_others(bench: Bench) -> None:
    await bench.put(*(("+hog", f"h{n:05}") for n in range(20_000)))
    await bench.put(*((f"+{n}", "small") for n in range(100)))
    sink = Scripted()
    bench.start(sink)
    await sink.until(lambda: sum(t == "small" for _, t in sink.accepted) == 100)
    assert len(sink.accepted) < 2_000, "the others waited for the twenty thousand"
    hogged = [t for s, t in sink.accepted if s == "+hog"]
    assert hogged == [f"h{n:05}" for n in range(len(hogged))]


async def test_a_permanent_refusal_stands_as_dead_with_its_reason_and_the_next_message_goes_on(bench: Bench) -> None:
    await bench.put(("+1", "bad"), ("+1", "good"))
    sink = Scripted()
    sink.script = lambda delivery: Outcome(Verdict.DEAD, "409 unknown sender") if delivery.text == "bad" else OK
    forwarder = bench.start(sink)
    await sink.until(lambda: len(sink.accepted) == 1)
    await bench.drained(forwarder)
    row = await bench.db.pool.fetchrow("select state, reason, attempts from delivery where state = 'dead'")
    assert tuple(row) == ("dead", "409 unknown sender", 1)


async def test_a_message_past_its_time_is_given_up_with_its_last_reason(bench: Bench) -> None:
    await bench.put(("+1", "old"))
    await bench.db.pool.execute("update received set received_at = now() - interval '8 days'")
    sink = Scripted()
    sink.script = lambda delivery: LATER
    forwarder = bench.start(sink, give_up="7d")
    await sink.until(lambda: len(sink.seen) == 1)
    await bench.drained(forwarder)
    assert await bench.db.pool.fetchval("select reason from outcome") == "given up after 192 h: 503"


async def test_a_system_that_pauses_is_probed_one_by_one_and_no_attempt_counts(bench: Bench) -> None:
    await bench.put(*((f"+{n}", "x") for n in range(40)))
    sink = Scripted()
    sink.script = lambda delivery: Outcome(Verdict.PAUSE, "401 credentials")
    forwarder = bench.start(sink)
    await sink.until(lambda: len(sink.seen) >= 12)
    sink.script = lambda delivery: OK
    await sink.until(lambda: len(sink.accepted) == 40)
    await bench.drained(forwarder)
    assert await bench.db.pool.fetchval("select max(attempts) from outcome") == 1


async def test_a_pause_and_its_end_stand_in_the_database(bench: Bench) -> None:
    async def stands(reason: str) -> None:
        async with asyncio.timeout(10):
            while True:
                row = await bench.db.pool.fetchrow("select * from system where name = 'sink'")
                if row and row["paused_reason"] == reason and (row["paused_until"] is None) == (not reason):
                    return

    await bench.put(("+1", "x"))
    await set_paused(bench.db, "sink", datetime.now(UTC), "left by an owner that died")
    sink = Scripted()
    sink.script = lambda delivery: Outcome(Verdict.PAUSE, "401: wrong password")
    bench.start(sink)
    await stands("401: wrong password")
    sink.script = lambda delivery: OK
    await stands("")
    await bench.kill()
    await set_paused(bench.db, "sink", datetime.now(UTC), "left by an owner that died")
    bench.start(Scripted())
    await stands("")


async def test_an_id_committed_late_by_another_node_is_not_overtaken_for_good(bench: Bench) -> None:
    other = await bench.db.connect()
    transaction = other.transaction()
    await transaction.start()
    early = await other.fetchval("select nextval('entry_id')")
    await bench.put(("+1", "later id"))
    sink = Scripted()
    forwarder = bench.start(sink)
    await sink.until(lambda: len(sink.accepted) == 1)
    await other.execute(
        "insert into received"
        " (id, carrier, link, session, digest, sender, recipient, text, data_coding, esm_class, state)"
        " values ($1, $2, 1, 1, 0, '+2', '15001', 'early id', 0, 0, 0)",
        early,
        await bench.db.carrier_id("vodacom"),
    )
    await other.execute(
        "insert into queue (system, message, sender) values ($1, $2, 5)", await bench.db.system_id("sink"), early
    )
    await transaction.commit()
    await other.close()
    await sink.until(lambda: len(sink.accepted) == 2)
    await bench.drained(forwarder)


async def test_a_replayed_message_is_delivered_again(bench: Bench) -> None:
    from smppd.store.history import replay

    await bench.put(("+1", "x"))
    sink = Scripted()
    bench.start(sink)
    await sink.until(lambda: len(sink.accepted) == 1)
    (message,) = [d.id for d in sink.seen]
    while not await replay(bench.db, [message]):
        pass  # its outcome is not recorded yet
    await sink.until(lambda: len(sink.accepted) == 2)


async def test_after_a_crash_the_unrecorded_are_delivered_again_and_marked_in_doubt(bench: Bench) -> None:
    await bench.put(("+1", "under way"))
    sink = Scripted()
    sink.hold = asyncio.Event()
    bench.start(sink)
    async with asyncio.timeout(10):
        while not await bench.db.pool.fetchval("select count(*) from lease where name = 'system/sink'"):
            pass
    await bench.kill()
    again = Scripted()
    forwarder = bench.start(again)
    await again.until(lambda: len(again.accepted) == 1)
    assert again.seen[0].in_doubt
    await bench.drained(forwarder)


async def test_after_an_orderly_stop_nothing_is_in_doubt(bench: Bench) -> None:
    await bench.put(("+1", "first"))
    sink = Scripted()
    forwarder = bench.start(sink)
    await sink.until(lambda: len(sink.accepted) == 1)
    await bench.drained(forwarder)
    await asyncio.wait(bench.tasks)
    await bench.put(("+1", "second"))
    again = Scripted()
    bench.start(again)
    await again.until(lambda: len(again.accepted) == 1)
    assert not again.seen[0].in_doubt


async def test_only_one_node_serves_a_system_and_another_takes_over_when_it_stops(bench: Bench, db: Database) -> None:
    second_db = Database(db.config.model_copy(update={"node": db.config.node.model_copy(update={"name": "gw2"})}))
    await second_db.start()
    try:
        first, second = Scripted(), Scripted()
        one = bench.start(first)
        await bench.put(("+1", "a"))
        await first.until(lambda: len(first.accepted) == 1)
        assert not await second_db.take_lease("system/sink", 15)
        await bench.drained(one)
        await asyncio.wait(bench.tasks)
        bench.start(second, second_db)
        await bench.put(("+1", "b"))
        await second.until(lambda: len(second.accepted) == 1)
        assert [t for _, t in first.accepted + second.accepted] == ["a", "b"]
        await bench.kill()
    finally:
        await second_db.stop()


async def test_what_a_system_hands_out_is_committed_once_and_acknowledged(bench: Bench) -> None:
    sink = Scripted(batch=10, concurrency=1)
    forwarder = bench.start(sink)
    for n in range(2):
        sink.hand_out = [Submission("+255700000002", "come back", reference="uuid-1")]
        await bench.put(("+1", f"m{n}"))
        await sink.until(lambda n=n: len(sink.accepted) == n + 1)
    await bench.drained(forwarder)
    assert await bench.db.pool.fetchval("select count(*) from outbound") == 1
    assert sink.told == ["uuid-1", "uuid-1"]


async def test_a_lost_database_connection_loses_no_outcome_and_doubles_no_delivery(bench: Bench) -> None:
    await bench.put(*((f"+{n % 50}", f"{n}") for n in range(1000)))
    sink = Scripted()
    forwarder = bench.start(sink)
    for share in (200, 500, 800):
        await sink.until(lambda share=share: len(sink.accepted) >= share)
        await bench.db.pool.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
    await sink.until(lambda: len(sink.accepted) >= 1000)
    await bench.drained(forwarder)
    assert len(sink.accepted) == 1000
