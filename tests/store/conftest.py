"""A database with a million waiting messages, made once for those who ask what reading it costs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count

import asyncpg
import pytest

from smppd.store.embedded import EmbeddedServer
from tests.conftest import dsn_of

_numbers = count(1)
WAITING = 1_000_000
SENDERS = 20_000
SYSTEM, OTHER = 1, 2  # the million waits for SYSTEM; for OTHER twenty thousand of one sender and some of others
TOLD = 3  # a hundred thousand reports wait for it, and behind them a thousand messages
REPORTS = 100_000
HOG = 5
SENT_FROM = 2_000_000  # above it stand the ids of a million messages that wait for carrier 1

_FILL = f"""
insert into carrier (name) values ('vodacom'), ('airtel');
insert into system (name) values ('sink'), ('other'), ('told');
insert into session (carrier, link, node, instance, proved_upto)
select 1, 1, 'gw', gen_random_uuid(), n * 1000 from generate_series(0, {WAITING} / 1000) n;
insert into received (id, carrier, link, session, digest, sender, recipient, text, data_coding, esm_class, state,
                      received_at)
select n, 1, 1, 1 + n / 1000, n, '+2557' || lpad((n % {SENDERS})::text, 8, '0'), '15001', 'ANC 12 report ' || n, 0, 0,
       case when n % 1000 = 0 then 2 else 0 end, now() - ({WAITING} - n) * interval '0.1 seconds'
from generate_series(1, {WAITING}) n;
insert into queue (system, message, sender) select {SYSTEM}, id, hashtextextended(sender, 0) from received;
insert into queue (system, message, sender)
select {OTHER}, n, case when n % 201 = 0 then n else {HOG} end from generate_series(900001, 920100) n;
insert into outcome (message, system, state, attempts, reason)
select n, {OTHER}, case when n % 1000 = 0 then 2 else 1 end, 1, '' from generate_series(1, 200000) n;
insert into part (carrier, sender, recipient, kind, reference, total, number, id, session, link, digest, data_coding,
                  esm_class, body, message, received_at)
select 1, '+2557' || lpad((n / 3 % {SENDERS})::text, 8, '0'), '15001', 'udh16', n / 3, 3, 1 + n % 3, {WAITING} + n,
       1000, 1, n, 0, 64,
       case when n >= 198000 and n % 3 < 2 then '\\x61'::bytea end, case when n < 198000 or n % 3 = 2 then n end,
       now() - (200000 - n) * interval '1 second'
from generate_series(1, 200000) n where n < 198000 or n % 3 < 2;
insert into receipt (id, carrier, link, session, digest, sender, recipient, message_id, state, stat, error, raw)
select {WAITING} + 200000 + n, 1, 1, 1000, n, '+255700000001', '15001', n::text, 'delivered', 'DELIVRD', '000', '\\x00'
from generate_series(1, 50000) n;
insert into doubt (id, carrier, digest, expires_at) select n, 1, n, 'infinity' from generate_series(1, 20000) n;
insert into outbound (id, system, reference, fingerprint, sender, recipient, text, priority, parts, state, report,
                      carrier, expires_at)
select {WAITING} + 300000 + n, {TOLD}, 'r' || n, n, '15001', '+2557' || lpad(n::text, 8, '0'), 'your visit ' || n,
       0, 1, 3, 4095, 1, now() + interval '1 day'
from generate_series(1, {REPORTS}) n;
insert into report (id, outbound, system, state, detail)
select {WAITING} + 500000 + n, {WAITING} + 300000 + n, {TOLD}, 3, '{{"parts": 1}}' from generate_series(1, {REPORTS}) n;
insert into queue (system, message, sender, kind)
select {TOLD}, {WAITING} + 500000 + n, {WAITING} + 300000 + n, 1 from generate_series(1, {REPORTS}) n;
insert into received (id, carrier, link, session, digest, sender, recipient, text, data_coding, esm_class, state)
select {WAITING} + 700000 + n, 1, 1, 1001, n, '+25576' || lpad(n::text, 7, '0'), '15001', 'ANC ' || n, 0, 0, 0
from generate_series(1, 1000) n;
insert into queue (system, message, sender)
select {TOLD}, id, hashtextextended(sender, 0) from received where id > {WAITING} + 700000;
insert into outbound (id, system, fingerprint, sender, recipient, text, priority, parts, state, report, expires_at,
                      created_at)
select n, 1, n, '15001', '+2557' || lpad((n % {SENDERS})::text, 8, '0'), 'reminder ' || n, 0, 1, 1, 0,
       now() + interval '1 day', now() - ({SENT_FROM} + {WAITING} - n) * interval '0.01 seconds'
from generate_series({SENT_FROM} + 1, {SENT_FROM} + {WAITING}) n;
insert into outqueue (carrier, priority, due_at, id, expires_at, alternatives)
select 1, case when id % 1000 = 0 then 3 else 0 end, created_at, id, expires_at,
       array_fill(2::smallint, array[(id % 2)::integer])
from outbound where state = 1;
insert into outpart (message, number, total, carrier, state, reference, message_id, keys, answered_at)
select n, 1, 1, 1, 1, 0, n::text, array[n::text], now() from generate_series(1, 300000) n;
insert into outkey (carrier, key, message, number) select 1, n::text, n, 1 from generate_series(1, 300000) n;
select setval('entry_id', {SENT_FROM} + {WAITING} + 250000);
"""


@dataclass(frozen=True, slots=True)
class States:
    """One schema in three states, each the dsn of a database.

    `empty`: vacuumed and analysed with nothing in it. `grown`: a million rows came since, and the planner has not been
    told. `known`: it has.
    """

    empty: str
    grown: str
    known: str


@pytest.fixture(scope="session")
def states(server: EmbeddedServer) -> States:
    async def make() -> States:
        admin = await asyncpg.connect(server.dsn)
        names = {state: f"state_{state}" for state in ("empty", "grown", "known")}
        await admin.execute(f"create database {names['empty']} template template_smppd")
        await _run(server, names["empty"], "vacuum analyze")
        await admin.execute(f"create database {names['grown']} template {names['empty']}")
        for table in (
            "received",
            "queue",
            "outcome",
            "part",
            "receipt",
            "doubt",
            "session",
            "outbound",
            "report",
            "outqueue",
            "outpart",
            "outkey",
        ):
            await _run(server, names["grown"], f"alter table {table} set (autovacuum_enabled = off)")
        await _run(server, names["grown"], _FILL)
        await admin.execute(f"create database {names['known']} template {names['grown']} strategy file_copy")
        await _run(server, names["known"], "vacuum analyze")
        await admin.close()
        return States(**{state: dsn_of(server, name) for state, name in names.items()})

    return asyncio.run(make())


@pytest.fixture
async def backlog(server: EmbeddedServer, states: States) -> AsyncIterator[str]:
    """The dsn of a copy of `known` that may be changed."""
    name = f"backlog{next(_numbers)}"
    await _run(server, "postgres", f"create database {name} template state_known strategy file_copy")
    yield dsn_of(server, name)
    await _run(server, "postgres", f"drop database {name} with (force)")


async def _run(server: EmbeddedServer, database: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn_of(server, database))
    await connection.execute(statement)
    await connection.close()
