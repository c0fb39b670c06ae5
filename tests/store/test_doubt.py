"""What is in doubt, over every order of commit, loss, end and return that PostgreSQL and two links allow."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg
import pytest

from pdu import BindTransceiverResp, encode
from smppd.app.holding import Holding, Outlet
from smppd.config import CarrierConfig, Config
from smppd.model import Answer
from smppd.simulator.smsc import Smsc
from smppd.store import Database
from smppd.store import intake as intake_module
from smppd.store.health import Health
from smppd.store.intake import Intake
from smppd.store.wake import SEND, Wake
from tests.store.relay import Relay
from tests.store.test_intake import Bench, PlainReader, part, single

Watcher: TypeAlias = "asyncpg.Connection[Any]"
HELD = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"


@contextlib.asynccontextmanager
async def working(db: Database, window: float = 900.0) -> AsyncIterator[Bench]:
    bench = Bench(db)
    bench.intake = Intake(db, PlainReader(), windows={"vodacom": window}, on_commit=lambda: None)
    writer = asyncio.create_task(bench.intake.run())
    try:
        yield bench
    finally:
        writer.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await writer


@pytest.fixture
async def bench(db: Database) -> AsyncIterator[Bench]:
    async with working(db) as bench:
        yield bench


@pytest.fixture
async def relay(dsn: str) -> AsyncIterator[Relay]:
    relay = Relay(Path(dsn.partition("host=")[2]) / ".s.PGSQL.5432")
    await relay.start()
    yield relay
    await relay.stop()


@pytest.fixture
async def far(relay: Relay, make_config: Callable[..., Config], dsn: str) -> AsyncIterator[Database]:
    """The database behind the relay."""
    config = make_config(carriers={"vodacom": {"hosts": ["127.0.0.1:1"], "system_id": "x"}})
    store = config.store.model_validate({"dsn": f"{dsn.partition('host=')[0]}host={relay.folder}"})
    database = Database(config.model_copy(update={"store": store}))
    await database.start()
    yield database
    await database.stop()


@pytest.fixture
async def admin(dsn: str) -> AsyncIterator[Watcher]:
    connection = await asyncpg.connect(dsn)
    yield connection
    await connection.close()


@contextlib.asynccontextmanager
async def blocking(dsn: str, statement: str, *arguments: object) -> AsyncIterator[None]:
    """A transaction of somebody else that has locked something."""
    other = await asyncpg.connect(dsn)
    async with other.transaction():
        await other.execute(statement, *arguments)
        yield
    await other.close()


async def held(admin: Watcher, count: int = 1) -> None:
    """Wait until so many connections wait for a lock."""
    async with asyncio.timeout(20):
        while await admin.fetchval(HELD) < count:
            pass


async def test_a_commit_whose_answer_is_lost_is_not_made_twice(relay: Relay, far: Database) -> None:
    async with working(far) as bench:
        record = await bench.open()
        relay.mark = b"unheard"
        assert await bench.take(record, single("unheard")) == [Answer.REPEATED]
        assert relay.lost.is_set()
        assert await bench.texts() == ["unheard"]


async def test_a_repeat_recognised_in_a_commit_whose_answer_is_lost_is_recognised_again(
    relay: Relay, far: Database
) -> None:
    async with working(far) as bench:
        first = await bench.open()
        await bench.take(first, single("1"))
        bench.intake.close(first)
        second = await bench.open()
        relay.mark = b"beside it"
        answers = await bench.take(second, single("1"), single("beside it"))
        assert relay.lost.is_set()
        assert answers == [Answer.REPEATED, Answer.REPEATED]
        assert await bench.texts() == ["1", "beside it"]


async def test_what_was_committed_unheard_and_proved_since_is_no_repeat_after_a_cut(
    relay: Relay, far: Database
) -> None:
    async with working(far) as bench:
        first = await bench.open()
        relay.mark = b"STOCK 1"
        assert await bench.take(first, single("STOCK 1")) == [Answer.REPEATED]
        bench.intake.proved(first, 1)
        bench.intake.close(first)
        assert await bench.take(await bench.open(), single("STOCK 1")) == [Answer.STORED]


async def test_what_was_committed_unheard_is_expected_again_for_the_window_only(
    relay: Relay, far: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "PATIENCE", 0.0)
    async with working(far, window=0.0) as bench:
        record = await bench.open()
        relay.mark = b"STOCK 1"
        assert await bench.take(record, single("STOCK 1")) == [Answer.TEMPORARY]
        assert await bench.take(record, single("other")) == [Answer.STORED]
        assert await bench.take(record, single("STOCK 1")) == [Answer.STORED]


async def test_a_commit_that_happens_after_its_connection_was_lost_is_not_made_twice(
    relay: Relay, far: Database, dsn: str, admin: Watcher
) -> None:
    async with working(far) as bench:
        record = await bench.open()
        await bench.take(record, single("before"))
        async with blocking(dsn, "lock table received in exclusive mode"):  # as a disk that stands still
            relay.mark, relay.after_commit = b"STOCK 7", False
            taking = asyncio.create_task(bench.take(record, single("STOCK 7")))
            await asyncio.wait_for(relay.lost.wait(), 20)
            await held(admin)
            await admin.fetchval("select pg_sleep(1)")  # the writer is back and has looked
        assert len(await taking) == 1
        assert await bench.texts() == ["before", "STOCK 7"]


async def test_a_commit_that_happens_after_its_process_was_killed_is_not_made_twice(
    relay: Relay, far: Database, db: Database, dsn: str, admin: Watcher
) -> None:
    async with working(db) as bench, contextlib.AsyncExitStack() as life:
        killed = await life.enter_async_context(working(far))
        before = await killed.open()
        await killed.take(before, single("before"))
        async with blocking(dsn, "lock table received in exclusive mode"):
            relay.mark, relay.after_commit = b"STOCK 7", False
            killed.intake.put(before, single("STOCK 7"), lambda answer: None)
            await asyncio.wait_for(relay.lost.wait(), 20)
            await life.aclose()
            await held(admin)
            await db.seen()
            taking = asyncio.create_task(bench.take(await bench.open(), single("STOCK 7")))
            await admin.fetchval("select pg_sleep(0.5)")
        await taking
    assert await admin.fetchval("select count(*) from received") == 2


async def test_what_waits_on_a_link_that_ends_while_another_is_written_off_is_not_stored_unseen(
    bench: Bench, dsn: str, admin: Watcher
) -> None:
    one, two = await bench.open(1), await bench.open(2)
    async with blocking(dsn, "select from session where id = $1 for update", one.id):
        bench.intake.put(two, single("1"), lambda answer: None)
        bench.intake.close(one)
        await held(admin)
        bench.intake.close(two)
    await bench.take(await bench.open(2), single("1"))
    assert await bench.texts() == ["1"]


async def test_a_link_that_opens_while_another_ends_knows_what_that_one_left(
    bench: Bench, dsn: str, admin: Watcher
) -> None:
    one, two = await bench.open(1), await bench.open(2)
    await bench.take(one, single("0"))
    await bench.take(two, single("1"))
    bench.intake.close(one)
    await bench.intake.drained()
    await admin.execute("""
        create function wait() returns trigger language plpgsql as $$
          begin perform pg_advisory_xact_lock(1); return null; end $$;
        create constraint trigger late after update on doubt deferrable initially deferred
          for each row execute function wait();
    """)
    await admin.execute("select pg_advisory_lock(1)")
    opening = asyncio.create_task(bench.open(1))
    await held(admin)  # at its commit: it has read what is in doubt
    bench.intake.close(two)
    await bench.intake.drained()
    await admin.execute("select pg_advisory_unlock(1)")
    assert await bench.take(await opening, single("1")) == [Answer.REPEATED]


async def test_a_proof_that_cannot_be_written_makes_no_message_two(bench: Bench, dsn: str, admin: Watcher) -> None:
    record = await bench.open()
    await bench.take(record, single("1"))
    await admin.execute("""
        create function no() returns trigger language plpgsql as $$ begin raise exception 'no'; end $$;
        create trigger no before update on session for each row execute function no();
    """)
    bench.intake.proved(record, 1)
    assert await bench.take(record, single("2")) == [Answer.STORED]
    assert await bench.take(record, single("3")) == [Answer.STORED]
    await admin.execute("drop trigger no on session")
    await bench.intake.drained()
    assert await bench.texts() == ["1", "2", "3"]


async def test_a_repeat_recognised_on_one_link_and_sent_on_another_waits_for_the_first_links_proof(
    bench: Bench,
) -> None:
    before = await bench.open(1)
    await bench.take(before, single("1"))
    bench.intake.close(before)
    one, two = await bench.open(1), await bench.open(2)
    assert await bench.take(one, single("1")) == [Answer.REPEATED]
    waiting = asyncio.create_task(bench.take(two, single("1")))
    await bench.take(two, single("other"))
    bench.intake.close(one)
    assert await waiting == [Answer.REPEATED]


async def test_the_same_octets_on_another_link_wait_also_while_the_first_are_being_written(
    bench: Bench, dsn: str, admin: Watcher
) -> None:
    one, two = await bench.open(1), await bench.open(2)
    async with blocking(dsn, "lock table received in exclusive mode"):
        first = asyncio.create_task(bench.take(one, single("1")))
        await held(admin)
        second = asyncio.create_task(bench.take(two, single("1")))
        other = asyncio.create_task(bench.take(two, single("other")))
        await asyncio.sleep(0)
    assert await first == [Answer.STORED]
    await other
    bench.intake.close(one)
    assert await second == [Answer.REPEATED]


async def test_a_repeat_that_nobody_can_tell_from_a_new_message_is_left_with_the_carrier(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "HELD", 0.1)
    one, two = await bench.open(1), await bench.open(2)
    await bench.take(one, single("1"))
    assert await bench.take(two, single("1")) == [Answer.TEMPORARY]  # the first link lives and proves nothing
    bench.intake.proved(two, 1)
    bench.intake.proved(one, 1)
    assert await bench.take(two, single("1")) == [Answer.STORED]
    assert not one.held


async def test_a_carrier_that_never_proves_anything_costs_no_more_memory_with_every_message(bench: Bench) -> None:
    record = await bench.open()
    for n in range(1, 100_001):
        record.take(n)
        record.answer(n, record.latest + n)
    assert len(record.answered) == len(record.unproved) < 20_000
    assert record.proved_upto > record.latest + 80_000


def outlet(db: Database) -> Outlet:
    """For a carrier that nothing is sent over."""
    return Outlet(Wake(db, SEND), Health(db), lambda carrier, parts: None, lambda: None, lambda: None)


async def test_a_carrier_that_never_answers_the_unbind_is_given_up_all_the_same(bench: Bench) -> None:
    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(encode(BindTransceiverResp("SMSC", sequence=1)))
        while await reader.read(1000):
            pass

    def changed(carrier: str, link: int, state: str, reason: str, peer: str) -> None:
        if state == "bound":
            bound.set()

    bound = asyncio.Event()
    server = await asyncio.start_server(deaf, "127.0.0.1", 0)
    host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    config = CarrierConfig.model_validate({"hosts": [host], "system_id": "moh"})
    holding = Holding(bench.db, "vodacom", config, bench.intake, changed, outlet(bench.db))
    running = asyncio.create_task(holding.run())
    try:
        async with asyncio.timeout(20):
            await bound.wait()
            await holding.stop(2)
        assert await bench.db.pool.fetchval("select count(*) from lease") == 0
    finally:
        running.cancel()
        await asyncio.wait([running])
        server.close()


async def test_a_carrier_is_given_up_only_when_what_it_left_in_doubt_is_written_down(
    bench: Bench, dsn: str, admin: Watcher
) -> None:
    smsc = Smsc(accounts={"moh": "x"})
    config = CarrierConfig.model_validate(
        {"hosts": [f"127.0.0.1:{await smsc.start()}"], "system_id": "moh", "password": "x"}
    )
    holding = Holding(bench.db, "vodacom", config, bench.intake, lambda *state: None, outlet(bench.db))
    running = asyncio.create_task(holding.run())
    try:
        await smsc.wait_bound(1)
        async with blocking(dsn, "select from session for update"):
            stopping = asyncio.create_task(holding.stop(20))
            await held(admin)
            assert await admin.fetchval("select count(*) from lease") == 1
            assert not stopping.done()
        await stopping
        assert await admin.fetchval("select count(*) from lease") == 0
    finally:
        running.cancel()
        await asyncio.wait([running])
        await smsc.stop()


async def test_a_link_that_never_binds_keeps_no_repeat_expected_beyond_its_window(bench: Bench) -> None:
    before = await bench.open(1)
    await bench.take(before, single("1"))
    bench.intake.close(before)
    await bench.take(await bench.open(1), single("other"))
    until = await bench.db.pool.fetchval("select expires_at from doubt")
    bench.intake.close(await bench.open(2))
    await bench.open(2)
    assert await bench.db.pool.fetchval("select expires_at from doubt") == until


async def test_what_no_index_holds_is_quarantined_and_not_asked_for_again(bench: Bench) -> None:
    wide = "".join(chr(0x4E00 + n % 20000) for n in range(0, 20000, 7))
    assert await bench.take(await bench.open(), part(1, 3, "body", sender=wide)) == [Answer.STORED]
    assert await bench.db.pool.fetchval("select state from message") == "quarantined"


async def test_a_node_that_died_has_lost_its_sessions_before_another_gets_its_carrier(
    bench: Bench, make_config: Callable[..., Config]
) -> None:
    await bench.db.seen()
    await bench.db.take_lease("carrier/vodacom", 15)
    await bench.take(await bench.open(), single("1"))
    # As it stands 15 s after a kill: the lease was renewed last, and the node seen once more just before the end.
    await bench.db.pool.execute("update lease set expires_at = now() - interval '1 ms'")
    await bench.db.pool.execute("update node set seen_at = now() - interval '10.1 s'")
    other = Database(
        make_config(node={"name": "gw2"}, carriers={"vodacom": {"hosts": ["127.0.0.1:1"], "system_id": "x"}})
    )
    await other.start()
    try:
        assert await other.take_lease("carrier/vodacom", 15)
        async with working(other) as second:
            assert await second.take(await second.open(), single("1")) == [Answer.REPEATED]
    finally:
        await other.stop()
