"""The one writer of what carriers send: collects while the last commit runs, commits, then lets the answers go.

Everything that must be decided before an answer is decided here, in the order of arrival: is it a repeat, is it a
part and which set does it fill, where must the message go. Statements are in sql/queries/intake.sql.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Protocol

import asyncpg

from smppd import log, metrics
from smppd.errors import StoreDown
from smppd.model import Answer, Received, ReceivedReceipt
from smppd.store import sessions
from smppd.store.assurance import Assurance
from smppd.store.batch import Batch
from smppd.store.database import COMMIT_TIMEOUT, DOWN, Connection, Database, OwnConnection
from smppd.store.entry import Entry
from smppd.store.queries import statement
from smppd.store.receipts import Parked
from smppd.store.sessions import SessionRecord

HELD = 20.0  # seconds one link may wait for another's proof; carriers wait longer for an answer
PATIENCE = 5.0  # seconds an outage may last before carriers are asked to try again
RECONNECT = 0.25  # seconds between attempts to reach the database
REFUSED = (asyncpg.DataError, asyncpg.ProgramLimitExceededError)  # what no second try makes storable
MOST = 2000  # entries in one commit: enough for any window, small enough to answer soon

Done = Callable[[Answer], None]
Parking = Callable[[list[Parked]], None]


class Reader(Protocol):
    """What the writer asks of the wire side and of routing."""

    def compose(self, carrier: str, slots: list[tuple[bytes, int, bytes] | None]) -> tuple[str | None, bytes, bool]:
        """Join a set of octets, data_coding and header (None where a part is missing): text, octets, damaged."""

    def label(self, text: str) -> str:
        """The label of a joined message's text, or ""."""

    def targets(self, carrier: str, sender: str, recipient: str, text: str | None) -> tuple[str, ...]:
        """Names of the systems this message must reach."""


class Intake:
    """`run` is the writer; the other methods are called from the same loop and never block."""

    def __init__(
        self, db: Database, reader: Reader, *, windows: dict[str, float], on_commit: Callable[[], None]
    ) -> None:
        self._db, self._reader, self._on_commit = db, reader, on_commit
        self._pending: list[Entry] = []
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._records: dict[int, list[SessionRecord]] = {}  # carrier id -> its open sessions in this process
        self._assurance = Assurance(db, windows, self._wake)
        self._connection: OwnConnection | None = None
        self._down_since: float | None = None
        self._told = False  # the log has it that carriers are refused
        self._seconds = metrics.STORE_SECONDS.labels("intake")
        self.full = False  # set by the disk guard: nothing new is taken
        self.receipts: dict[str, Parking] = {}  # carrier -> who matches its receipts, told after each commit
        self._log = log.get("intake")

    async def open(self, carrier: str, link: int, prove: Callable[[], None]) -> SessionRecord:
        """A new session of a link. Raises StoreDown while the database cannot be reached."""
        try:
            async with asyncio.timeout(10):
                await self.settled(carrier)
            record = await sessions.begin(self._db, carrier, link, prove)
            async with self._db.pool.acquire(timeout=10) as connection:
                doubts = await sessions.settle(
                    connection,
                    self._db.instance,
                    record.carrier_id,
                    self._assurance.window(carrier),
                    away=not any(other.heard for other in self._records.get(record.carrier_id, ())),
                )
        except DOWN as error:
            raise StoreDown(str(error) or type(error).__name__) from error
        if doubts:
            self._log.info("repeats expected", carrier=carrier, link=link, count=len(doubts))
        self._assurance.read_again(record.carrier_id)
        self._records.setdefault(record.carrier_id, []).append(record)
        return record

    def put(self, record: SessionRecord, item: Received | ReceivedReceipt, done: Done) -> None:
        """Take one PDU. `done` is called exactly once, in order, after the commit or its failure."""
        entry = Entry(record, item, done)
        peers = self._records.get(record.carrier_id, ())
        if len(peers) > 1 and (
            isinstance(item, ReceivedReceipt) or item.part is None
        ):  # a part's set knows its repeats
            for other in peers:
                # The same octets, just answered on another link that has not proved it: either that link is dying
                # and this is a repeat, or a person sent the text twice. Its next proof, or its end, tells.
                if other is not record and item.digest in other.unproved:
                    other.held.append(entry)
                    other.prove()
                    asyncio.get_running_loop().call_later(HELD, self._hold_no_longer, other, entry)
                    return
        self._queue(entry)

    def proved(self, record: SessionRecord, count: int) -> None:
        """The carrier has read the first `count` answers of this session."""
        record.prove_answers(count)
        self._assurance.note(record)
        if record.held:
            held, record.held = record.held, []
            for entry in held:
                self.put(entry.record, entry.item, entry.done)

    def close(self, record: SessionRecord) -> None:
        """The session has ended; what it could not prove is written down before anything else."""
        if record.closed:
            return
        record.closed = True
        with contextlib.suppress(ValueError):
            self._records.get(record.carrier_id, []).remove(record)
        self._idle.clear()
        self._assurance.end(record)

    def _hold_no_longer(self, other: SessionRecord, entry: Entry) -> None:
        if entry in other.held:  # no proof and no end: nobody can tell, so the carrier keeps it
            other.held.remove(entry)
            entry.record.take(entry.item.digest)
            self._refuse([entry], Answer.TEMPORARY)

    async def settled(self, carrier: str) -> None:
        """Wait until what the carrier's ended sessions could not prove is written down."""
        await self._assurance.settled(carrier)

    async def drained(self) -> None:
        """Wait until everything taken so far has been answered and written down."""
        await self._idle.wait()

    async def run(self) -> None:
        """Write until cancelled. A database that goes away costs temporary errors, never this task."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._pending or self._assurance.due:
                    await self._round()
                self._idle.set()
        finally:
            self._refuse(self._pending, Answer.TEMPORARY)
            if self._connection is not None:
                self._connection.terminate()

    def _queue(self, entry: Entry) -> None:
        entry.record.take(entry.item.digest)
        self._pending.append(entry)
        self._idle.clear()
        self._wake.set()

    async def _round(self) -> None:
        batch: list[Entry] = []
        try:
            connection = await self._connected()
            await self._assurance.settle(connection, self._queue)
            await self._assurance.read(connection)
            # No wait from here to the write: an entry of a session that ended in between would be in nobody's doubts.
            # Beyond the time of a statement: asyncpg's own way out of one waits for a server that may have gone silent.
            async with asyncio.timeout(COMMIT_TIMEOUT + 1.0):
                if batch := self._next():
                    with self._seconds.time():
                        await self._write_some(connection, batch)
                    self._back()
                await self._assurance.write_proofs(connection)
            self._back()
        except (*DOWN, asyncpg.PostgresError) as error:
            await self._wait_for_database(batch, error)

    def _next(self) -> list[Entry]:
        if self.full:
            refused, self._pending = self._pending, []
            self._refuse(refused, Answer.FULL)
        # Nobody waits for the answer to what came on a connection that is gone, and the carrier will send it again.
        waiting = [entry for entry in self._pending if not entry.record.closed]
        batch, self._pending = waiting[:MOST], waiting[MOST:]
        return batch

    async def _write_some(self, connection: Connection, batch: list[Entry]) -> None:
        try:
            await self._write(connection, batch)
        except DOWN:
            raise
        except asyncpg.PostgresError:
            # Something in the batch cannot be stored as it is. Alone, each shows whether it is the one.
            await self._one_by_one(connection, batch)

    async def _wait_for_database(self, batch: list[Entry], error: BaseException) -> None:
        # Some carriers stop sending for good after a few refusals: a short outage is waited out, in order.
        now = asyncio.get_running_loop().time()
        if self._down_since is None:
            self._log.warning("waiting for the database", reason=type(error).__name__)
        self._drop_connection()
        self._pending[:0] = [entry for entry in batch if not entry.answered]
        if self._down_since is None:
            self._down_since = now
        if now - self._down_since >= PATIENCE:
            refused, self._pending = self._pending, []
            if refused and not self._told:
                self._told = True
                self._log.warning("the database stays away: carriers are asked to send again later")
            self._refuse(refused, Answer.TEMPORARY)
        await asyncio.sleep(RECONNECT)

    def _back(self) -> None:
        self._down_since = None
        if self._told:
            self._told = False
            self._log.info("the database is back: carriers are answered again")

    async def _connected(self) -> OwnConnection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._db.connect()
            # Of the connection that was lost the server process may still be about to commit.
            await sessions.end_writers(self._connection, {self._db.instance})
            await self._connection.execute(statement("session", "begin_writer"), sessions.mark(self._db.instance))
            await self._assurance.reconcile(self._connection)
        return self._connection

    async def _write(self, connection: Connection, entries: list[Entry]) -> None:
        batch = Batch(self._db, self._reader, entries)
        for entry in entries:
            if (found := self._assurance.take(entry.record.carrier_id, entry.item.digest)) is not None:
                batch.suspect(entry, found)
        try:
            await batch.write(connection)
        except BaseException as error:  # also when cancelled in the middle
            for entry, doubt in batch.undo():
                self._assurance.put(entry.record.carrier_id, entry.item.digest, doubt)
            if isinstance(error, DOWN) or not isinstance(error, asyncpg.PostgresError):
                self._assurance.unsure.update(entry.record for entry in entries)
            raise
        for entry in entries:
            record = entry.record
            record.latest = max(record.latest, entry.id)
            record.answer(entry.item.digest, entry.id, entry.doubt)
            entry.answer(Answer.REPEATED if entry.doubt else Answer.STORED)
        for record in {entry.record for entry in entries}:
            if record.held:
                record.prove()
            self._assurance.note(record)
        batch.count()
        for carrier, receipts in batch.parked().items():
            if (park := self.receipts.get(carrier)) is not None:
                park(receipts)
        if batch.queued:
            self._on_commit()

    async def _one_by_one(self, connection: Connection, entries: list[Entry]) -> None:
        for entry in entries:
            try:
                try:
                    await self._write(connection, [entry])
                except REFUSED as error:
                    self._log.error("cannot be stored as it is; quarantined", reason=type(error).__name__)
                    entry.quarantine(f"the database refuses it: {type(error).__name__}")
                    await self._write(connection, [entry])
            except DOWN:
                raise
            except asyncpg.PostgresError as error:
                # A fault of ours or of the schema: the carrier keeps its message until it is mended.
                self._log.error("not stored", reason=f"{type(error).__name__}: {error.sqlstate}")
                self._refuse([entry], Answer.TEMPORARY)

    def _refuse(self, entries: list[Entry], answer: Answer) -> None:
        for entry in entries:
            entry.record.answer(entry.item.digest)
            entry.answer(answer)

    def _drop_connection(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
