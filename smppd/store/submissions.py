"""Commits what systems submit: one writer for all, so that a slow disk makes commits larger, not waits longer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from smppd import log, metrics
from smppd.errors import StoreDown, StoreFull
from smppd.model import OutboundState
from smppd.store.database import DOWN, Connection, Database, OwnConnection
from smppd.store.queries import statement
from smppd.store.text import storable

MOST = 1000  # rows in one commit
NOWHERE = -1  # the carrier of a row that is not queued

_ADD = statement("outbound", "add")
_KNOWN = statement("outbound", "known")


@dataclass(slots=True)
class Row:
    """One judged message. `carrier` is None for what is not queued, because its `state` is an end already."""

    system: int
    reference: str | None
    fingerprint: int
    sender: str
    recipient: str
    text: str | None
    data: bytes | None
    options: str | None  # JSON
    priority: int
    parts: int
    state: OutboundState
    reason: str
    report: int
    expires_at: datetime
    send_at: datetime | None
    carrier: int | None
    alternatives: tuple[int, ...] = ()


@dataclass(slots=True)
class Written:
    """`repeated`: the reference was there before, `id` is what it stands for, and `state` what became of it so far;
    `same`: it was the same that was asked."""

    id: int
    state: OutboundState
    reason: str
    repeated: bool = False
    same: bool = True


@dataclass(slots=True)
class Known:
    """The message that a reference stands for."""

    id: int
    fingerprint: int
    state: OutboundState
    reason: str
    parts: int


@dataclass(slots=True, eq=False)
class _Job:
    rows: Sequence[Row]
    done: asyncio.Future[list[Written]]


class Submissions:
    """`add` waits for the commit of its rows; `run` is the writer. `full` is set by the disk guard."""

    def __init__(self, db: Database, on_commit: Callable[[], None]) -> None:
        self._db, self._on_commit = db, on_commit
        self._jobs: list[_Job] = []
        self._due = asyncio.Event()
        self._connection: OwnConnection | None = None
        self._seconds = metrics.STORE_SECONDS.labels("submit")
        self._log = log.get("submissions")
        self.full = False
        self._over = False  # the writer has ended: nobody would write what comes now

    async def add(self, rows: Sequence[Row]) -> list[Written]:
        """Commit rows in order; returns what each became. Raises StoreDown or StoreFull: then nothing is known of it.

        Rows beyond a thousand are committed in several transactions, in order.
        """
        written: list[Written] = []
        for at in range(0, len(rows), MOST):
            written += await self.begin(rows[at : at + MOST])
        return written

    def begin(self, rows: Sequence[Row]) -> asyncio.Future[list[Written]]:
        """The same for at most a thousand, in one transaction and behind all that was begun before; returns at once."""
        done: asyncio.Future[list[Written]] = asyncio.get_running_loop().create_future()
        if self._over:
            done.set_exception(StoreDown("stopping"))
        elif self.full:
            done.set_exception(StoreFull("the disk budget is spent"))
        elif not rows:
            done.set_result([])
        else:
            self._jobs.append(_Job(rows, done))
            self._due.set()
        return done

    def announce(self) -> None:
        """Somebody else has committed rows for the senders."""
        self._on_commit()

    async def known(self, system: str, references: Sequence[str]) -> dict[str, Known]:
        """Those of the references that stand for a message of the system. Raises StoreDown."""
        try:
            systems = [await self._db.system_id(system)] * len(references)
            rows = await self._db.pool.fetch(_KNOWN, systems, [storable(reference) for reference in references])
        except DOWN as error:
            raise StoreDown(str(error) or type(error).__name__) from None
        return {
            references[row["ord"] - 1]: Known(
                row["id"], row["fingerprint"], OutboundState(row["state"]), row["reason"], row["parts"]
            )
            for row in rows
        }

    async def run(self) -> None:
        """Write until cancelled."""
        try:
            while True:
                await self._due.wait()
                self._due.clear()
                while self._jobs:
                    await self._commit(self._next())
        finally:
            self._over = True
            self._fail(self._jobs, StoreDown("stopping"))
            self._drop_connection()

    def _next(self) -> list[_Job]:
        taken, rows = 0, 0
        for job in self._jobs:
            if taken and rows + len(job.rows) > MOST:
                break
            taken, rows = taken + 1, rows + len(job.rows)
        jobs, self._jobs = self._jobs[:taken], self._jobs[taken:]
        return [job for job in jobs if not job.done.done()]  # whose caller went away before we began

    async def _commit(self, jobs: list[_Job]) -> None:
        rows = [row for job in jobs for row in job.rows]
        if not rows:
            return
        try:
            async with asyncio.timeout(10):
                connection = await self._connected()
                with self._seconds.time():
                    written = await self._write(connection, rows)
        except DOWN as error:
            self._log.warning("submissions refused: the database cannot be reached", reason=type(error).__name__)
            self._drop_connection()
            self._fail(jobs, StoreDown(str(error) or type(error).__name__))
        except asyncpg.PostgresError as error:
            if len(jobs) > 1:  # one of them cannot be stored; the others shall not suffer for it
                for job in jobs:
                    await self._commit([job])
                return
            self._log.error("not stored", reason=f"{type(error).__name__}: {error.sqlstate}")
            self._fail(jobs, StoreDown(f"the database refuses it: {type(error).__name__}"))
        except BaseException:
            self._fail(jobs, StoreDown("stopping"))
            raise
        else:
            at = 0
            for job in jobs:
                if not job.done.done():
                    job.done.set_result(written[at : at + len(job.rows)])
                at += len(job.rows)
            self._on_commit()

    async def _write(self, connection: Connection, rows: list[Row]) -> list[Written]:
        ids: list[int | None] = await connection.fetchval(_ADD, *_columns(rows))
        written = [Written(made or 0, row.state, row.reason) for made, row in zip(ids, rows, strict=True)]
        repeats = [index for index, made in enumerate(ids) if made is None]
        if repeats:
            systems, references = [rows[i].system for i in repeats], [rows[i].reference for i in repeats]
            for row in await connection.fetch(_KNOWN, systems, references):
                index = repeats[row["ord"] - 1]
                same = row["fingerprint"] in (rows[index].fingerprint, 0)
                state = OutboundState(row["state"])
                written[index] = Written(row["id"], state, row["reason"], repeated=True, same=same)
        return written

    async def _connected(self) -> OwnConnection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._db.connect()
        return self._connection

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    def _fail(self, jobs: list[_Job], error: Exception) -> None:
        for job in jobs:
            if not job.done.done():
                job.done.set_exception(error)


def _columns(rows: list[Row]) -> tuple[list[Any], ...]:
    """The columns as the statement takes them: most say the same in each row, and that is said once."""
    return (
        _same([row.system for row in rows]),
        _given([None if row.reference is None else storable(row.reference) for row in rows]),
        [row.fingerprint for row in rows],
        _same([storable(row.sender) for row in rows]),
        [storable(row.recipient) for row in rows],
        _given([None if row.text is None else storable(row.text) for row in rows]),
        _given([row.data for row in rows]),
        _given([row.options for row in rows]),
        _same([row.priority for row in rows]),
        _same([row.parts for row in rows]),
        _same([int(row.state) for row in rows]),
        _same([storable(row.reason) for row in rows]),
        _same([row.report for row in rows]),
        _same([row.expires_at for row in rows]),
        _given([row.send_at for row in rows]),
        _same([NOWHERE if row.carrier is None else row.carrier for row in rows]),
        _same(["{" + ",".join(map(str, row.alternatives)) + "}" if row.alternatives else "{}" for row in rows]),
    )


def _same(values: list[Any]) -> list[Any]:
    """Of values that are never null: the first alone if it is that of all."""
    return values[:1] if values.count(values[0]) == len(values) else values


def _given(values: list[Any]) -> list[Any]:
    """Of values that may be null: none if all are."""
    return [] if values.count(None) == len(values) else values
