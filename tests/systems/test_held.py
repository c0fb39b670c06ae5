"""A system that an operator has paused: nothing is begun, nothing is lost, and nobody but an operator ends it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from smppd.model import Outcome, Submission, Verdict
from smppd.store import Database
from smppd.store.status import held, hold, let_go
from smppd.systems import forwarder as module
from tests.systems.test_forwarder import OK, Bench, Scripted


class Held(Bench):
    """A bench whose forwarder looks for the operator all the time; `looks` are what it saw."""

    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self.looks: list[bool] = []

    async def look(self, db: Database, system: str) -> bool:
        self.looks.append(await held(db, system))
        return self.looks[-1]

    async def heeded(self, paused: bool) -> None:
        """The forwarder has known for so long that whatever it would begin has begun."""
        seen = len(self.looks)
        await self.until(lambda: self.looks[seen:].count(paused) >= 10)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0)

    async def counted(self, query: str, wanted: int) -> None:
        """The database says so."""
        async with asyncio.timeout(20):
            while await self.db.pool.fetchval(query) != wanted:
                pass


@pytest.fixture
async def bench(db: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Held]:
    bench = Held(db)
    monkeypatch.setattr(module, "HEED", 0.01)
    monkeypatch.setattr(module, "held", bench.look)
    yield bench
    await bench.kill()


async def test_what_is_under_way_ends_and_is_recorded_and_the_rest_waits_untried(bench: Held) -> None:
    await bench.put(*(("+1", f"m{n}") for n in range(30)))
    sink = Scripted()
    sink.hold = asyncio.Event()
    forwarder = bench.start(sink)
    await bench.until(lambda: forwarder._under_way == 1)
    await hold(bench.db, "sink", "amina")
    await bench.heeded(True)
    sink.hold.set()
    await bench.counted("select count(*) from outcome where state = 1", 1)
    await bench.put(("+2", "another"))
    await bench.heeded(True)
    assert [delivery.text for delivery in sink.seen] == ["m0"]
    assert await bench.waiting() == 30
    await let_go(bench.db, "sink")
    await sink.until(lambda: len(sink.accepted) == 31)
    assert [text for sender, text in sink.accepted if sender == "+1"] == [f"m{n}" for n in range(30)]
    await bench.drained(forwarder)
    assert await bench.db.pool.fetchval("select max(attempts) from outcome") == 1


async def test_a_restart_leaves_it_paused(bench: Held) -> None:
    await hold(bench.db, "sink", "amina")
    await bench.put(("+1", "x"))
    sink = Scripted()
    for _ in range(2):
        forwarder = bench.start(sink)
        await bench.heeded(True)
        async with asyncio.timeout(20):
            await forwarder.stop()
        await bench.kill()
    assert sink.seen == []
    assert await bench.waiting() == 1


async def test_a_probe_that_succeeds_ends_the_pause_of_the_failing_system_and_not_that_of_the_operator(
    bench: Held,
) -> None:
    own = "select count(*) from system where paused_until is not null"
    await bench.put(*((f"+{n}", "x") for n in range(5)))
    sink = Scripted()
    sink.script = lambda delivery: Outcome(Verdict.PAUSE, "401: wrong password")
    forwarder = bench.start(sink)
    await bench.counted(own, 1)
    sink.hold = asyncio.Event()
    sink.script = lambda delivery: OK
    await bench.until(lambda: forwarder._under_way == 1)
    await hold(bench.db, "sink", "amina")
    await bench.heeded(True)
    sink.hold.set()
    await bench.counted(own, 0)
    await bench.heeded(True)
    assert len(sink.accepted) == 1
    assert await held(bench.db, "sink")
    await let_go(bench.db, "sink")
    await sink.until(lambda: len(sink.accepted) == 5)
    await bench.drained(forwarder)


async def test_a_failing_system_that_is_paused_by_hand_is_not_probed(bench: Held) -> None:
    await bench.put(("+1", "x"))
    sink = Scripted()
    sink.script = lambda delivery: Outcome(Verdict.PAUSE, "401: wrong password")
    bench.start(sink)
    await sink.until(lambda: len(sink.seen) >= 2)
    await hold(bench.db, "sink", "amina")
    await bench.heeded(True)
    tried = len(sink.seen)
    await bench.heeded(True)  # as long as ten probes would take
    assert len(sink.seen) == tried


async def test_it_is_not_asked_for_messages_either_and_what_was_asked_before_is_taken(bench: Held) -> None:
    class Polled(Scripted):
        asked = 0
        answer = asyncio.Event()

        async def poll(self) -> list[Submission]:
            self.asked += 1
            if self.asked == 3:
                await self.answer.wait()
                return [Submission("+255700000002", "come back", reference="uuid-1")]
            return []

    sink = Polled()
    sink.poll_every = 0.001
    bench.start(sink)
    await bench.until(lambda: sink.asked == 3)
    await hold(bench.db, "sink", "amina")
    await bench.heeded(True)
    sink.answer.set()
    await bench.until(lambda: sink.told == ["uuid-1"])
    await bench.heeded(True)
    assert sink.asked == 3
    await let_go(bench.db, "sink")
    await bench.until(lambda: sink.asked > 5)


async def test_the_operator_who_came_first_is_named(db: Database) -> None:
    for who in ("amina", "viola"):
        await hold(db, "sink", who)
    assert await db.pool.fetchval("select held_by from system where held_at is not null") == "amina"
    assert not await held(db, "one that never ran")
    await let_go(db, "sink")
    assert await db.pool.fetchval("select held_by from system where held_at is null") == ""
