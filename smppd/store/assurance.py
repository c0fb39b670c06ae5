"""What carriers may not have heard: written down when a session ends, read back, recognised, forgotten when proved.

The rules stand in `sessions`; this keeps what they need between commits. Only the writer awaits its methods, so that
what they read and write is in order with what it commits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

from smppd.store import sessions
from smppd.store.database import Connection, Database
from smppd.store.entry import Entry
from smppd.store.queries import statement
from smppd.store.sessions import Doubts, SessionRecord

PROOFS = 0.5  # seconds between notes of what carriers have proved to have read


class Assurance:
    """Doubts, ended sessions and unwritten proofs of one process. `wake` is set when the writer has work here."""

    def __init__(self, db: Database, windows: dict[str, float], wake: asyncio.Event) -> None:
        self._db, self._windows, self._wake = db, windows, wake
        self._doubts: dict[int, Doubts] = {}
        self._stale: set[int] = set()  # carriers whose doubts must be read again
        self._ended: list[SessionRecord] = []
        self._dirty: list[SessionRecord] = []  # proofs that are not written down yet
        self._proofs_due = False
        self.unsure: set[SessionRecord] = set()  # sessions whose last commit may or may not have happened

    @property
    def due(self) -> bool:
        """Whether there is something for the writer to do."""
        return bool(self._ended or self._stale or self._proofs_due)

    def window(self, carrier: str) -> float:
        """For how many seconds after its return a carrier's repeats are expected."""
        return self._windows.get(carrier, 900.0)

    def take(self, carrier_id: int, digest: int) -> int | None:
        """An open doubt with this digest, now taken; None when there is none."""
        doubts = self._doubts.get(carrier_id)
        return doubts.take(digest) if doubts else None

    def put(self, carrier_id: int, digest: int, doubt: int) -> None:
        """Its repeat was not committed: it is open again."""
        self._doubts[carrier_id].put(digest, doubt)

    def read_again(self, carrier_id: int) -> None:
        """The carrier's doubts in the database have changed."""
        self._stale.add(carrier_id)
        self._wake.set()

    def end(self, record: SessionRecord) -> None:
        """The session is over; `settle` writes down what it leaves in doubt."""
        self._ended.append(record)
        self._wake.set()

    async def settled(self, carrier: str) -> None:
        """Wait until what the carrier's ended sessions could not prove is written down."""
        for ended in [record for record in self._ended if record.carrier == carrier]:
            await ended.settled.wait()

    def note(self, record: SessionRecord) -> None:
        """What the carrier has proved to have read is to be written down, with others, before long."""
        # A proof not written yet makes the doubts of a crash larger by half a second; each need not cost a commit.
        if record.dirty and record not in self._dirty:
            if not self._dirty:
                asyncio.get_running_loop().call_later(PROOFS, self._proofs_ready)
            self._dirty.append(record)

    async def settle(self, connection: Connection, requeue: Callable[[Entry], None]) -> None:
        """Write down what ended sessions leave in doubt; what waited for their proof goes on by `requeue`."""
        while self._ended:
            record = self._ended[0]
            await self._prove(connection, record)
            await connection.execute(statement("session", "end_session"), record.id)
            self._doubts[record.carrier_id] = await sessions.settle(connection, self._db.instance, record.carrier_id)
            self._ended.pop(0)
            record.settled.set()
            self.unsure.discard(record)
            if record in self._dirty:
                self._dirty.remove(record)
            held, record.held = record.held, []
            for entry in held:
                requeue(entry)

    async def read(self, connection: Connection) -> None:
        """Read the doubts that have changed."""
        while self._stale:
            carrier_id = self._stale.pop()
            try:
                self._doubts[carrier_id] = Doubts(
                    await connection.fetch(statement("session", "open_doubts"), carrier_id)
                )
            except BaseException:
                self._stale.add(carrier_id)
                raise

    async def write_proofs(self, connection: Connection) -> None:
        """Write down what has been proved, when it is time."""
        if not self._proofs_due:
            return
        while self._dirty:
            await self._prove(connection, self._dirty[0])
            self._dirty.pop(0)
        self._proofs_due = False

    async def reconcile(self, connection: Connection) -> None:
        """On a new connection: find out which commits without an answer have happened."""
        for record in list(self.unsure):
            await self._reconcile(connection, record)
            self.unsure.discard(record)

    def _proofs_ready(self) -> None:
        self._proofs_due = bool(self._dirty)
        self._wake.set()

    async def _prove(self, connection: Connection, record: SessionRecord) -> None:
        if not record.dirty:
            return
        dropped, upto = list(record.dropped), record.proved_upto
        await connection.execute(statement("session", "prove_session"), record.id, upto)
        if dropped:
            await connection.execute(statement("session", "drop_doubts"), dropped)
            del record.dropped[: len(dropped)]
        record.dirty = bool(record.dropped) or record.proved_upto > upto

    async def _reconcile(self, connection: Connection, record: SessionRecord) -> None:
        # A commit whose answer we never saw may have happened, yet the carrier was told to try again: what is there
        # beyond what we know is a doubt, and will be recognised when it comes.
        async with connection.transaction():
            for source in ("doubt_received", "doubt_parts", "doubt_receipts"):
                await connection.execute(statement("session", source), record.latest, record.id, record.carrier_id)
            await connection.execute(
                statement("session", "reopen_unheard"), record.id, record.carrier_id, record.recognised()
            )
            span = timedelta(seconds=self.window(record.carrier))
            await connection.execute(statement("session", "extend_doubts"), record.carrier_id, span, False)
            latest = await connection.fetchval("select last_value - (not is_called)::integer from entry_id")
        record.latest = max(record.latest, latest)
        self._stale.add(record.carrier_id)
