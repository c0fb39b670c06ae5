"""Forward migrations: sql/migrations/NNNN_name.sql, each in one transaction with its own row in `migration`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smppd.errors import StartError
from smppd.store.queries import sql_folder

if TYPE_CHECKING:
    from smppd.store.database import Connection

_LEDGER = """
create table if not exists migration (
  number integer primary key,
  name text not null,
  at timestamptz not null default now()
)
"""
_LOCK = 0x534D505044  # two starters wait for each other here


def migrations() -> list[tuple[int, str, str]]:
    """(number, name, text) of every migration shipped, in order."""
    found = sorted(f.name for f in (sql_folder() / "migrations").iterdir() if f.name.endswith(".sql"))
    texts = ((name, (sql_folder() / "migrations" / name).read_text(encoding="utf-8")) for name in found)
    return [(int(name[:4]), name.removesuffix(".sql"), text) for name, text in texts]


async def migrate(connection: Connection) -> list[str]:
    """Bring the schema up and return the names of what was applied.

    Raises StartError when the database is newer than this program or older than PostgreSQL 14.
    """
    if connection.get_server_version().major < 14:
        raise StartError(f"PostgreSQL {connection.get_server_version().major} is too old: 14 or newer is needed")
    applied: list[str] = []
    async with connection.transaction():
        await connection.execute("select pg_advisory_xact_lock($1)", _LOCK)
        await connection.execute(_LEDGER)
        done = {row["number"] for row in await connection.fetch("select number from migration")}
        shipped = migrations()
        if unknown := done - {number for number, _, _ in shipped}:
            raise StartError(
                f"the database has migration {max(unknown)}, which this version does not know: install a newer smppd"
            )
        for number, name, text in shipped:
            if number not in done:
                await connection.execute("insert into migration (number, name) values ($1, $2)", number, name)
                await connection.execute(text)
                applied.append(name)
    return applied


async def pending(connection: Connection) -> list[str]:
    """Names of migrations not applied yet."""
    there = await connection.fetchval("select to_regclass('migration') is not null")
    done = {row["number"] for row in await connection.fetch("select number from migration")} if there else set()
    return [name for number, name, _ in migrations() if number not in done]
