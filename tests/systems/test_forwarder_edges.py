"""The forwarder where its tasks meet: nothing spins, nothing begins after a stop, no answer stops the recording."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import asyncpg
import pytest

from smppd import metrics
from smppd.app.forwarding import Forwarding
from smppd.model import Delivery, Outcome, Submission, Verdict
from smppd.store import Database
from smppd.systems import forwarder
from smppd.systems.words import first_words
from tests.systems.test_forwarder import LATER, OK, Bench, Scripted


@pytest.fixture
async def bench(db: Database) -> AsyncIterator[Bench]:
    bench = Bench(db)
    yield bench
    await bench.kill()


async def test_the_first_message_of_a_new_database_is_not_passed_over(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarder, "SWEEP", 0.01)
    monkeypatch.setattr(forwarder, "POLL", 0.01)
    sink = Scripted()
    serving = bench.start(sink)
    async with asyncio.timeout(20):
        for _ in range(3):  # by then it has looked at what ids there are, and at what was there before
            before = serving._swept
            while serving._swept == before:
                await asyncio.sleep(0)
    monkeypatch.setattr(forwarder, "SWEEP", 3600.0)
    await bench.put(("+1", "first"))
    await sink.until(lambda: len(sink.accepted) == 1)


async def test_a_sender_that_is_due_while_every_worker_is_busy_costs_no_cpu(bench: Bench) -> None:
    sink = Scripted(concurrency=1)
    sink.script = lambda delivery: LATER
    bench.start(sink, first="10ms", max="10ms")
    await bench.put(("+due", "x"))
    await sink.until(lambda: len(sink.seen) == 1)
    sink.hold = asyncio.Event()
    await bench.put(("+slow", "x"))
    await bench.db.pool.fetchval("select pg_sleep(0.2)")  # both are due now, one is under way
    before = time.process_time()
    await bench.db.pool.fetchval("select pg_sleep(1)")
    assert time.process_time() - before < 0.3
    sink.hold.set()


async def test_what_is_claimed_while_the_stop_is_asked_for_is_left_for_the_next_start(bench: Bench) -> None:
    await bench.put(("+1", "x"))
    sink = Scripted()
    other = await asyncpg.connect(bench.db.dsn)
    async with other.transaction():
        await other.execute("lock table received in access exclusive mode")
        forwarder = bench.start(sink)
        async with asyncio.timeout(10):
            while not await bench.db.pool.fetchval("select count(*) from pg_locks where not granted"):
                pass
        await forwarder.stop()
    await other.close()
    await asyncio.wait(bench.tasks)
    assert sink.seen == []
    assert await bench.waiting() == 1


async def test_a_stop_ends_when_the_leases_are_given_back(bench: Bench) -> None:
    forwarding = Forwarding(bench.db, bench.db.config, ["sink"], bench.counter)
    running = asyncio.create_task(forwarding.run())
    async with asyncio.timeout(10):
        while not await bench.db.pool.fetchval("select count(*) from lease"):
            pass
    assert await forwarding.stop(10)
    running.cancel()
    assert await bench.db.pool.fetchval("select count(*) from lease") == 0


@pytest.mark.parametrize("reason", ["500 a\0b", "500 " + first_words(rb'{"message": "cut \ud83e"}')])
async def test_a_reason_that_no_database_holds_stops_no_recording(bench: Bench, reason: str) -> None:
    await bench.put(("+1", "bad"), ("+2", "good"), ("+3", "later"))
    sink = Scripted()
    outcomes = {"bad": Outcome(Verdict.DEAD, reason), "good": OK, "later": Outcome(Verdict.DEAD, "404")}
    sink.script = lambda delivery: outcomes[delivery.text or ""]
    forwarder = bench.start(sink)
    await sink.until(lambda: len(sink.seen) == 3)
    await bench.drained(forwarder)
    assert await bench.db.pool.fetchval("select count(*) from outcome where state = 2") == 2


async def test_a_message_handed_out_that_no_database_holds_holds_back_no_other(bench: Bench) -> None:
    sink = Scripted(batch=10, concurrency=1)
    forwarder = bench.start(sink)
    sink.hand_out = [
        Submission("+255700000002", "come \0 back", reference="uuid-1"),
        Submission("+255700000003", "come back", reference="uuid-2"),
    ]
    await bench.put(("+1", "x"))
    await sink.until(lambda: len(sink.accepted) == 1)
    await bench.drained(forwarder)
    assert sink.told == ["uuid-1", "uuid-2"]


@pytest.mark.parametrize("batch", [1, 10])
async def test_a_message_that_an_adapter_cannot_bear_holds_back_only_its_sender(bench: Bench, batch: int) -> None:
    sink = Scripted(batch=batch, concurrency=1)

    def unbearable(delivery: Delivery) -> Outcome:
        if delivery.text == "poison":
            raise KeyError("a fault of ours")
        return OK

    sink.script = unbearable
    await bench.put(("+1", "poison"), ("+1", "behind it"), ("+2", "a"), ("+3", "b"))
    forwarder = bench.start(sink)
    await sink.until(lambda: len(sink.accepted) == 2)
    assert sorted(sink.accepted) == [("+2", "a"), ("+3", "b")]
    async with asyncio.timeout(10):
        while "fault of smppd itself, see the log: KeyError" not in await reasons(bench):
            pass
    sink.script = lambda delivery: OK
    await sink.until(lambda: len(sink.accepted) == 4)
    assert sink.accepted[2:] == [("+1", "poison"), ("+1", "behind it")]
    await bench.drained(forwarder)


async def reasons(bench: Bench) -> set[str]:
    return {row["reason"] for row in await bench.db.pool.fetch("select reason from queue")}


async def test_a_poll_that_an_adapter_cannot_bear_is_tried_again_and_stops_nothing(bench: Bench) -> None:
    class Polled(Scripted):
        polls = 0

        async def poll(self) -> list[Submission]:
            async with self.changed:
                self.polls += 1
                self.changed.notify_all()
            if self.polls < 3:
                raise KeyError("a fault of ours")
            return [Submission("+255700000002", "come back", reference="uuid-1")] if self.polls == 3 else []

    sink = Polled()
    sink.poll_every = 0.01
    forwarder = bench.start(sink)
    await sink.until(lambda: sink.told == ["uuid-1"] or sink.polls > 3)
    assert sink.told == ["uuid-1"]
    await bench.put(("+1", "x"))
    await sink.until(lambda: len(sink.accepted) == 1)
    await bench.drained(forwarder)


async def test_every_try_after_which_a_system_may_have_the_message_is_counted(bench: Bench) -> None:
    counted = metrics.MAYBE_DUPLICATE.labels("sink")
    before = counted._value.get()
    sink = Scripted()
    sink.script = lambda delivery: Outcome(Verdict.RETRY, "no answer", in_doubt=True) if len(sink.seen) < 3 else OK
    await bench.put(("+1", "x"))
    forwarder = bench.start(sink)
    await sink.until(lambda: len(sink.accepted) == 1)
    await bench.drained(forwarder)
    assert counted._value.get() == before + 2
    assert sink.seen[-1].in_doubt
