"""Migrations: once, by one at a time, forward only; and the schema they make stands in sql/schema.sql."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from smppd.errors import StartError
from smppd.store import migrate
from smppd.store.embedded import EmbeddedServer
from tests.conftest import dsn_of
from tests.project.dump_schema import SCHEMA, dumped


@pytest.fixture
async def bare(server: EmbeddedServer) -> AsyncIterator[str]:
    """A database with nothing in it."""
    admin = await asyncpg.connect(server.dsn)
    await admin.execute("drop database if exists bare with (force)")
    await admin.execute("create database bare")
    yield dsn_of(server, "bare")
    await admin.execute("drop database bare with (force)")
    await admin.close()


async def test_several_starters_at_once_migrate_once(bare: str) -> None:
    connections = [await asyncpg.connect(bare) for _ in range(4)]
    applied = await asyncio.gather(*(migrate.migrate(connection) for connection in connections))
    shipped = [name for _, name, _ in migrate.migrations()]
    assert sorted(applied) == [[], [], [], shipped]
    rows = await connections[0].fetch("select name from migration order by number")
    assert [row["name"] for row in rows] == shipped
    for connection in connections:
        await connection.close()


async def test_what_is_pending_is_named(bare: str, dsn: str) -> None:
    for database, waiting in ((bare, [name for _, name, _ in migrate.migrations()]), (dsn, [])):
        connection = await asyncpg.connect(database)
        assert await migrate.pending(connection) == waiting
        await connection.close()


async def test_a_database_of_a_newer_version_is_refused_and_left_alone(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("insert into migration (number, name) values (9999, 'from_the_future')")
    with pytest.raises(StartError, match="migration 9999, which this version does not know: install a newer smppd"):
        await migrate.migrate(connection)
    assert await connection.fetchval("select count(*) from migration where number = 9999") == 1
    await connection.close()


async def test_a_migration_that_fails_leaves_nothing_behind(bare: str, monkeypatch: pytest.MonkeyPatch) -> None:
    good = migrate.migrations()
    monkeypatch.setattr(migrate, "migrations", lambda: [*good, (9998, "9998_bad", "create table half (); select 1/0")])
    connection = await asyncpg.connect(bare)
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate.migrate(connection)
    assert await connection.fetchval("select count(*) from pg_tables where schemaname = 'public'") == 0
    await connection.close()


async def test_numbers_go_up_one_by_one() -> None:
    assert [number for number, _, _ in migrate.migrations()] == list(range(1, len(migrate.migrations()) + 1))


async def test_the_schema_that_people_read_is_the_one_that_the_migrations_make(
    server: EmbeddedServer, dsn: str
) -> None:
    made = await asyncio.to_thread(dumped, server, dsn)
    assert made == SCHEMA.read_text(encoding="utf-8"), "run: python -m tests.project.dump_schema"


async def test_what_was_handed_out_before_we_could_send_waits_to_be_judged(bare: str) -> None:
    connection = await asyncpg.connect(bare)
    await connection.execute("create table migration (number integer primary key, name text, at timestamptz)")
    for _, _, script in migrate.migrations()[:2]:
        await connection.execute(script)
    await connection.execute(
        "insert into system (name) values ('cht');"
        "insert into outbound (system, reference, sender, recipient, text) values (1, 'uuid', '15001', '+1', 'visit')"
    )
    await connection.execute(migrate.migrations()[2][2])
    (row,) = await connection.fetch("select o.* from outbound o join unadmitted u using (id)")
    assert (row["reference"], row["state"], row["fingerprint"], row["text"]) == ("uuid", 1, 0, "visit")
    await connection.close()
