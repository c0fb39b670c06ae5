"""What waits for one carrier, as its sender sees it: claimed in order, marked before the wire, recorded afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import asyncpg

from smppd.model import Options, OutboundState, PartState, ReportDetail
from smppd.store import receipts, reports
from smppd.store.database import Connection, Database, OwnConnection
from smppd.store.options import options_of
from smppd.store.queries import statement
from smppd.store.reports import News
from smppd.store.text import storable

_CLAIM, _MARK, _RECORD = (statement("outqueue", name) for name in ("claim", "mark", "record"))
_WITH_CARRIER = (OutboundState.SENT, OutboundState.UNKNOWN)
PRIORITIES = (3, 2, 1, 0)
"""Of the lanes, the first to be served first."""

Cursor = tuple[datetime, int]
START: Cursor = (datetime(1970, 1, 1, tzinfo=UTC), 0)
"""Before everything."""

RECENT = timedelta(seconds=60)
"""How long before its place in the queue was passed a commit may have begun, several times over."""
ALL = timedelta(days=100_000)


@dataclass(slots=True)
class Known:
    """A part of which the database knows, from an earlier attempt."""

    number: int
    total: int
    state: PartState
    reference: int
    resends: int


@dataclass(slots=True)
class Claimed:
    """A message that waits. `parts` are those of earlier attempts."""

    id: int
    priority: int
    due_at: datetime
    expires_at: datetime
    attempts: int
    alternatives: tuple[int, ...]
    tried: tuple[int, ...]
    reason: str
    sender: str
    recipient: str
    text: str | None
    data: bytes | None
    options: Options
    report: int
    created_at: datetime
    total: int  # parts, as was reckoned when it was handed in
    parts: tuple[Known, ...] = ()


@dataclass(slots=True)
class Wanted:
    """A part that is about to be written."""

    message: int
    number: int
    total: int
    reference: int


@dataclass(slots=True)
class Told:
    """What became of a part that was marked."""

    message: int
    number: int
    state: PartState
    status: int = 0
    message_id: str | None = None
    keys: tuple[str, ...] = ()
    resent: bool = False  # in doubt, and it will be sent again


@dataclass(slots=True)
class Ended:
    """A message that waits no more; `report`: the states its system wants to hear of."""

    message: int
    state: OutboundState
    reason: str
    parts: int
    report: int
    detail: ReportDetail
    plain: bool = False  # sent, in as many parts as was reckoned


@dataclass(slots=True)
class Waiting:
    """A message that waits again. `after`: seconds from now, None: at its old place. `counted`: an attempt was made."""

    message: int
    carrier: int
    after: float | None
    counted: bool
    alternatives: tuple[int, ...]
    tried: tuple[int, ...]
    reason: str


@dataclass(slots=True)
class Record:
    """One transaction's worth of what became of parts and messages."""

    parts: list[Told] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.parts or self.ended or self.waiting)


class Outqueue:
    """The rows of one carrier. Claiming, marking and recording each have a connection of their own.

    `words` reads the text of a receipt that came for one part while others were still to be answered.
    Every method raises what the database raises; `drop` then forgets the connection of that use.
    """

    def __init__(self, db: Database, carrier: str, words: receipts.Text) -> None:
        self._db, self.carrier, self._words = db, carrier, words
        self._lease = f"carrier/{carrier}", db.instance
        self.id = 0  # the carrier's; known once a method was called
        self._connections: dict[str, OwnConnection] = {}

    async def claim(self, lanes: Mapping[int, tuple[Cursor, int]]) -> list[Claimed]:
        """The next of each lane, a priority, behind its cursor: at most so many as it names. Writes nothing."""
        connection = await self._connected("claim")
        return [_claimed(row) for row in await connection.fetch(_CLAIM, self.id, *_lanes(lanes))]

    async def sweep(
        self, lanes: Mapping[int, tuple[Cursor, int]], held: Iterable[int], back: timedelta
    ) -> list[Claimed]:
        """What stands before the cursors, not further `back` than that, and is not among the `held`."""
        connection = await self._connected("claim")
        rows = await connection.fetch(statement("outqueue", "sweep"), self.id, *_lanes(lanes), list(held), back)
        return [_claimed(row) for row in rows]

    async def mark(
        self, messages: list[int], parts: Sequence[Wanted], *, news: Sequence[News] = (), again: bool = False
    ) -> set[int]:
        """Make messages ours before their parts are written; those that were still there. None without the lease.

        Of the `news` those of such messages are reported, in the same transaction. `again`: it was tried before, and
        nobody knows whether that was committed.
        """
        connection = await self._connected("mark")
        if not news:
            return await self._mark(connection, messages, parts, again)
        async with connection.transaction():
            ours = await self._mark(connection, messages, parts, again)
            told = [one for one in news if one.outbound in ours]
            if told:  # one that was withdrawn before it was written is marked once more, and told once
                there = statement("report", "told"), [one.outbound for one in told], int(told[0].state)
                known = {row["outbound"] for row in await connection.fetch(*there)}
                told = [one for one in told if one.outbound not in known]
            await reports.add(connection, told)
        return ours

    async def _mark(
        self, connection: Connection, messages: list[int], parts: Sequence[Wanted], again: bool
    ) -> set[int]:
        rows = await connection.fetch(
            _MARK,
            self.id,
            messages,
            [part.message for part in parts],
            [part.number for part in parts],
            [part.total for part in parts],
            [part.reference for part in parts],
            again,
            *self._lease,
        )
        return {row["id"] for row in rows}

    async def record(self, record: Record) -> bool:
        """Write it all or nothing; whether a system is to hear of it. Written again, it changes nothing.

        Nothing is written without the lease: the new owner has taken all that was marked for in doubt.
        """
        connection = await self._connected("record")
        plain = [end.message for end in record.ended if end.plain]
        values = (*self._lease, self.id, *_parts(record.parts), plain)
        if not record.waiting and all(map(_is_simple, record.ended)):
            await connection.fetchrow(_RECORD, *values)
            return False
        async with connection.transaction():
            row = await connection.fetchrow(_RECORD, *values)
            assert row is not None
            if not row["owned"]:
                return False
            told = await self._ended(connection, record.ended, set(row["sent"]))
            if record.waiting:
                await connection.execute(statement("outqueue", "record_waiting"), self.id, *_waiting(record.waiting))
        return told

    async def marked(self) -> list[Claimed]:
        """What an earlier owner of the carrier had marked, with its parts."""
        connection = await self._connected("record")
        return [_claimed(row) for row in await connection.fetch(statement("outqueue", "marked"), self.id)]

    async def take_over(
        self, other: int, priority: int, cursor: Cursor, usable: list[int], most: int
    ) -> tuple[int, Cursor | None]:
        """Take rows of a carrier that cannot send; how many, and where to go on, None at the end of them."""
        connection = await self._connected("take")
        row = await connection.fetchrow(
            statement("outqueue", "take_over"), self.id, other, priority, *cursor, usable, most
        )
        assert row is not None
        return row["taken"], None if row["id"] is None else (row["due_at"], row["id"])

    def drop(self, use: str) -> None:
        """Forget a connection that failed; `use` is claim, mark, record or take."""
        if (connection := self._connections.pop(use, None)) is not None:
            connection.terminate()

    def close(self) -> None:
        """Forget all of them."""
        for use in list(self._connections):
            self.drop(use)

    async def _connected(self, use: str) -> OwnConnection:
        connection = self._connections.get(use)
        if connection is None or connection.is_closed():
            self.id = await self._db.carrier_id(self.carrier)
            connection = self._connections[use] = await self._db.connect()
        return connection

    async def _ended(self, connection: Connection, ended: list[Ended], changed: set[int]) -> bool:
        """`changed`: of those that are plain, which the record has changed."""
        others = [end for end in ended if not end.plain]
        if others:
            rows = await connection.fetch(
                statement("outqueue", "record_ends"),
                self.id,
                [end.message for end in others],
                [int(end.state) for end in others],
                [storable(end.reason) for end in others],
                [end.parts for end in others],
            )
            changed.update(row["id"] for row in rows)
        news = [end for end in ended if end.report & end.state.bit and end.message in changed]
        told = await reports.add(connection, [News(n.message, n.state, n.reason, n.detail) for n in news])
        sent = [end.message for end in ended if end.state in _WITH_CARRIER and end.parts > 1]
        return await receipts.settle(connection, sent, self._words) or told


def _is_simple(end: Ended) -> bool:
    """Whether nothing follows from it: no report, and no receipt that came before its last part was sent."""
    return end.plain and end.parts == 1 and not end.report & end.state.bit


def _parts(parts: list[Told]) -> tuple[object, ...]:
    keys = [(key, part.message, part.number) for part in parts for key in part.keys]
    return (
        [part.message for part in parts],
        [part.number for part in parts],
        [int(part.state) for part in parts],
        [part.status for part in parts],
        [None if part.message_id is None else storable(part.message_id) for part in parts],
        [_array(part.keys) if part.keys else None for part in parts],
        [int(part.resent) for part in parts],
        [key for key, _, _ in keys],
        [message for _, message, _ in keys],
        [number for _, _, number in keys],
    )


def _lanes(lanes: Mapping[int, tuple[Cursor, int]]) -> tuple[list[int], list[datetime], list[int], list[int]]:
    found = lanes.values()
    return list(lanes), [at[0] for at, _ in found], [at[1] for at, _ in found], [room for _, room in found]


def _waiting(waiting: list[Waiting]) -> tuple[object, ...]:
    return (
        [one.message for one in waiting],
        [one.carrier for one in waiting],
        [one.after for one in waiting],
        [int(one.counted) for one in waiting],
        ["{" + ",".join(map(str, one.alternatives)) + "}" for one in waiting],
        ["{" + ",".join(map(str, one.tried)) + "}" for one in waiting],
        [storable(one.reason) for one in waiting],
    )


def _array(words: tuple[str, ...]) -> str:
    """As PostgreSQL writes an array of text."""
    quoted = (storable(word).replace("\\", "\\\\").replace('"', '\\"') for word in words)
    return "{" + ",".join(f'"{word}"' for word in quoted) + "}"


def _claimed(row: asyncpg.Record) -> Claimed:
    parts = row["parts"]
    return Claimed(
        row["id"],
        row["priority"],
        row["due_at"],
        row["expires_at"],
        row["attempts"],
        tuple(row["alternatives"]),
        tuple(row["tried"]),
        row["reason"],
        row["sender"],
        row["recipient"],
        row["text"],
        row["data"],
        options_of(row["options"]),
        row["report"],
        row["created_at"],
        row["total"],
        tuple(Known(n, total, PartState(state), ref, resends) for n, total, state, ref, resends in parts or ()),
    )
