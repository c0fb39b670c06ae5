"""Hints from intake to forwarders: heard by all, few under load, and nothing depends on them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import asyncpg
import pytest

from smppd.store import Database
from smppd.store.wake import QUEUE, Hint, Wake


@pytest.fixture
async def hint(db: Database) -> AsyncIterator[Hint]:
    hint = Hint(db)
    async with running(hint.run()):
        yield hint


@contextlib.asynccontextmanager
async def running(*jobs: object) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(job) for job in jobs]  # type: ignore[call-overload]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def heard(event: asyncio.Event) -> None:
    async with asyncio.timeout(10):
        await event.wait()
    event.clear()


async def test_every_subscriber_hears_a_hint(db: Database, hint: Hint) -> None:
    wake = Wake(db)
    events = [wake.subscribe() for _ in range(3)]
    async with running(wake.run()):
        for event in events:
            await heard(event)  # set once when listening begins: what came before was heard by nobody
        hint.give()
        for event in events:
            await heard(event)


async def test_a_thousand_hints_at_once_are_few_notifications(db: Database, hint: Hint) -> None:
    connection = await asyncpg.connect(db.dsn)
    came = 0
    last = asyncio.Event()

    def count(_: object, __: int, ___: str, payload: object) -> None:
        nonlocal came
        came += 1
        if payload == "last":
            last.set()

    await connection.add_listener(QUEUE, count)
    for _ in range(1000):
        hint.give()
        await asyncio.sleep(0)
    await db.pool.execute(f"notify {QUEUE}, 'last'")
    await heard(last)
    await connection.close()
    assert 1 <= came <= 50


async def test_a_lost_connection_of_the_listener_is_made_again_and_wakes_for_what_was_missed(db: Database) -> None:
    wake = Wake(db)
    event = wake.subscribe()
    async with running(wake.run()):
        await heard(event)
        await db.pool.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where query ilike 'listen%' and pid <> pg_backend_pid()"
        )
        await heard(event)


async def test_a_lost_connection_of_the_sender_is_made_again(db: Database, hint: Hint) -> None:
    wake = Wake(db)
    event = wake.subscribe()
    async with running(wake.run()):
        await heard(event)
        hint.give()
        await heard(event)
        await db.pool.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where query ilike 'notify%' and pid <> pg_backend_pid()"
        )
        async with asyncio.timeout(20):
            while not event.is_set():
                hint.give()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(event.wait(), 0.1)
