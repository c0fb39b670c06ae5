"""Looking back: search what came, and put deliveries back into the queue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from smppd.model import OutboundState
from smppd.store.database import Database
from smppd.store.queries import statement


@dataclass(slots=True)
class HistoryRow:
    """One inbound message with what became of it: a line of words per system and outcome in `deliveries`."""

    id: int
    carrier: str
    link: int
    sender: str
    recipient: str
    text: str | None
    data: bytes | None
    state: str
    parts: int
    missing: list[int] | None
    label: str
    problem: str
    received_at: datetime
    deliveries: list[str]


async def search(
    db: Database,
    *,
    state: str | None = None,
    system: str | None = None,
    carrier: str | None = None,
    sender: str | None = None,
    recipient: str | None = None,
    since: datetime | None = None,
    id: int | None = None,
    dead: bool = False,
    limit: int = 50,
) -> list[HistoryRow]:
    """The newest messages first; every filter given must hold."""
    rows = await db.pool.fetch(
        statement("history", "search"), state, system, carrier, sender, recipient, since, id, dead, limit
    )
    return [HistoryRow(**dict(row)) for row in rows]


@dataclass(slots=True)
class ReportRow:
    """News of an outbound message for its system, with what became of it as in HistoryRow."""

    id: int
    outbound: int
    system: str
    state: str
    at: datetime
    deliveries: list[str]


async def reports(
    db: Database,
    *,
    system: str | None = None,
    since: datetime | None = None,
    id: int | None = None,
    dead: bool = False,
    limit: int = 50,
) -> list[ReportRow]:
    """The newest reports first; every filter given must hold."""
    rows = await db.pool.fetch(statement("history", "reports"), system, since, id, dead, limit)
    return [ReportRow(**{**dict(row), "state": OutboundState(row["state"]).name.lower()}) for row in rows]


async def replay(db: Database, ids: list[int], *, system: str | None = None, dead_only: bool = False) -> int:
    """Put past deliveries of messages and reports back; return how many were. One that still waits is left alone."""
    system_id = None if system is None else await db.system_id(system)
    rows = await db.pool.fetch(statement("history", "replay_past"), ids, system_id, dead_only)
    await db.pool.execute("notify smppd_queue")
    return len(rows)


Targets = Callable[[str, str, str, str | None], tuple[str, ...]]
"""carrier, sender, recipient, text -> names of systems."""


async def route_again(db: Database, ids: list[int], targets: Targets) -> int:
    """Route messages that no route took when they came by the routes of now; return how many found a system."""
    async with db.transaction() as connection:
        found: dict[int, str] = {}
        for row in await connection.fetch(statement("history", "unrouted"), ids):
            systems = targets(row["carrier"], row["sender"], row["recipient"], row["text"])
            if systems:
                found[row["id"]] = "{" + ",".join([str(await db.system_id(name)) for name in systems]) + "}"
        if found:
            await connection.execute(statement("history", "route_again"), list(found), list(found.values()))
    await db.pool.execute("notify smppd_queue")
    return len(found)
