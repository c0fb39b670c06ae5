"""The waiting deliveries of one system: claim, sweep, record. Statements are in sql/queries/queue.sql.

One owner at a time serves a system (the lease); within it a claim writes nothing, and the queue row is there until
its outcome is recorded. A crash therefore repeats work and never loses it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg
import orjson

from smppd.model import Delivery, MessageState, OutboundState, Report, ReportDetail
from smppd.store.database import Database, OwnConnection
from smppd.store.options import options_of
from smppd.store.queries import statement
from smppd.store.text import storable

MESSAGES, REPORTS = 0, 1
"""What column `kind` holds."""


@dataclass(slots=True)
class Claimed:
    """A delivery with its place in line: `lane` is the hash of its sender, or the message that a report speaks of."""

    delivery: Delivery
    lane: int
    due_at: datetime


@dataclass(slots=True)
class Postponed:
    """A delivery to be tried again at `due`; `counted` says whether the try counts as an attempt."""

    message: int
    due: datetime
    counted: bool
    in_doubt: bool
    reason: str


class Queue:
    """One system's queue over two connections of its own, one to claim and one to record, made again when lost.

    `kinds`: which deliveries it claims, messages, reports, or both. Raises what asyncpg raises.
    """

    def __init__(self, db: Database, name: str, kinds: Sequence[int] = (MESSAGES, REPORTS)) -> None:
        self._db, self.name, self._kinds = db, name, list(kinds)
        self._alone = self._kinds == [REPORTS]  # they have an index and statements of their own
        self._asked = () if self._alone else (self._kinds,)
        self._connections: dict[str, OwnConnection] = {}
        self._id = 0
        self._carriers: dict[int, str] = {}

    async def claim(self, after: int, without: Iterable[int], limit: int) -> list[Claimed]:
        """The next deliveries behind `after`, passing over the lanes `without`."""
        return await self._claimed("claim", after, list(without), limit, *self._asked)

    async def claim_lane(self, lane: int, after: int, limit: int) -> list[Claimed]:
        """The next deliveries of one sender behind `after`."""
        return await self._claimed("claim_sender", lane, after, limit, self._kinds)

    async def sweep(
        self, after: int, upto: int, without: Iterable[int], held: Iterable[int], limit: int
    ) -> list[Claimed]:
        """Deliveries behind `after` up to `upto` that nobody holds: committed late by another node, or replayed."""
        return await self._claimed("sweep", after, upto, list(without), list(held), limit, *self._asked)

    async def share(self, after: int, upto: int, rows: int) -> int:
        """The id at which the next so many rows behind `after` end, `upto` when there are fewer."""
        connection = await self._connected("claim")
        end: int | None = await connection.fetchval(statement("queue", "share"), self._id, after, upto, rows)
        return upto if end is None else end

    async def record(self, delivered: list[int], dead: list[tuple[int, str]], postponed: list[Postponed]) -> None:
        """Write outcomes, all or none. Once written, writing them again changes nothing."""
        connection = await self._connected("record")
        async with connection.transaction():
            if delivered:
                await connection.execute(statement("queue", "record_delivered"), self._id, delivered)
            if dead:
                messages, reasons = [m for m, _ in dead], [storable(r) for _, r in dead]
                await connection.execute(statement("queue", "record_dead"), self._id, messages, reasons)
            if postponed:
                await connection.execute(
                    statement("queue", "record_retry"),
                    self._id,
                    [p.message for p in postponed],
                    [p.due for p in postponed],
                    [int(p.counted) for p in postponed],
                    [p.in_doubt for p in postponed],
                    [storable(p.reason) for p in postponed],
                )

    async def last_id(self) -> int:
        """The newest id given out to any message; 0 before the first."""
        connection = await self._connected("claim")
        latest: int = await connection.fetchval("select last_value - (not is_called)::integer from entry_id")
        return latest

    def drop_connection(self, use: str) -> None:
        """Forget a connection that failed; `use` is "claim" or "record"."""
        if (connection := self._connections.pop(use, None)) is not None:
            connection.terminate()

    def close(self) -> None:
        """Forget both."""
        for use in list(self._connections):
            self.drop_connection(use)

    async def _connected(self, use: str) -> OwnConnection:
        connection = self._connections.get(use)
        if connection is None or connection.is_closed():
            self._id = await self._db.system_id(self.name)
            # Before PostgreSQL 17 a plan for a list of ids that was made on an empty queue reads all of a full one.
            # Outcomes are written in batches, so planning each costs nothing beside it.
            connection = self._connections[use] = await self._db.connect(custom=use == "record")
        return connection

    async def _claimed(self, name: str, *arguments: object) -> list[Claimed]:
        connection = await self._connected("claim")
        query = f"{name}_reports" if self._alone and name != "claim_sender" else name
        rows = await connection.fetch(statement("queue", query), self._id, *arguments)
        if any(row["carrier"] is not None and row["carrier"] not in self._carriers for row in rows):
            self._carriers = await self._db.names("carrier")
        return [self._row(row) for row in rows]

    def _row(self, row: asyncpg.Record) -> Claimed:
        if row["kind"]:
            carrier = self._carriers.get(row["carrier"], "")
            return Claimed(_news(row, carrier), row["lane"], row["due_at"])
        delivery = Delivery(
            row["message"], row["sender"], row["recipient"], row["text"], row["data"], row["received_at"],
            self._carriers.get(row["carrier"], str(row["carrier"])), row["parts"],
            row["state"] != MessageState.INCOMPLETE, row["label"], row["attempts"], row["in_doubt"],
        )  # fmt: skip
        return Claimed(delivery, row["lane"], row["due_at"])


def _news(row: asyncpg.Record, carrier: str) -> Delivery:
    report = Report(
        row["outbound"], row["reference"], OutboundState(row["report_state"]), row["reason"],
        ReportDetail(**orjson.loads(row["detail"])), row["number"], row["phone"], options_of(row["options"]),
    )  # fmt: skip
    return Delivery(
        row["message"], row["phone"], row["number"], None, None, row["at"], carrier, report.detail.parts, True, "",
        row["attempts"], row["in_doubt"], report,
    )  # fmt: skip


def due_in(seconds: float) -> datetime:
    """That many seconds from now, as the database writes time."""
    return datetime.now(UTC) + timedelta(seconds=seconds)
