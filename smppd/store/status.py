"""The state of everything, read from the database: the same on every node and while a process is away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from smppd.store.database import Database
from smppd.store.disk import DiskBudget
from smppd.store.health import STALE
from smppd.store.queries import statement
from smppd.store.text import storable


@dataclass(slots=True)
class Status:
    """Rows as sql/queries/status.sql gives them; `disk` is the share of the budget in use, None if unknown."""

    at: datetime
    nodes: list[dict[str, Any]]
    links: list[dict[str, Any]]
    carriers: list[dict[str, Any]]
    systems: list[dict[str, Any]]
    recent: list[dict[str, Any]]
    attention: dict[str, int]
    parts_incomplete: int
    disk: float | None


async def snapshot(db: Database) -> Status:
    """Read everything once. Raises what the database raises."""

    async def rows(name: str) -> list[dict[str, Any]]:
        return [dict(row) for row in await db.pool.fetch(statement("status", name))]

    return Status(
        await db.pool.fetchval("select now()"),
        await rows("nodes"),
        await rows("links"),
        [dict(row) for row in await db.pool.fetch(statement("status", "carriers"), STALE)],
        await rows("systems"),
        await rows("recent"),
        (await rows("attention"))[0],
        await db.pool.fetchval(statement("keeper", "incomplete_sets")),
        await DiskBudget(db).used(),
    )


async def set_link_state(db: Database, carrier: str, link: int, state: str, reason: str, peer: str) -> None:
    """Note a link's state for people and other nodes."""
    await db.pool.execute(
        statement("session", "set_link_state"), await db.carrier_id(carrier), link, db.node, state, reason, peer
    )


async def set_paused(db: Database, system: str, until: datetime | None, reason: str) -> None:
    """Note until when a system is not asked, and why; None when it is asked as usual."""
    await db.pool.execute(statement("status", "set_paused"), await db.system_id(system), until, storable(reason))


async def hold(db: Database, system: str, by: str) -> None:
    """Let nothing be delivered to a system, on any node, until `let_go`; whatever it answers meanwhile."""
    await db.pool.execute(statement("status", "hold"), await db.system_id(system), storable(by))


async def let_go(db: Database, system: str) -> None:
    """End what `hold` began."""
    await db.pool.execute(statement("status", "let_go"), await db.system_id(system))


async def held(db: Database, system: str) -> bool:
    """Whether an operator holds the system. Raises what the database raises, soon."""
    found: bool = await db.ask(statement("status", "held"), system)
    return found
