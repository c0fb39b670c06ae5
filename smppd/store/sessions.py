"""What a carrier has been told and may not have heard: the doubts of sessions that are over.

A response is in doubt from its writing until the carrier proves that it read further, by answering an enquire_link
sent after it (TCP keeps order). When a session ends, what it took and could not prove is written to table `doubt`.
The carrier's next sessions recognise exactly those deliver_sm, each once, and answer them without storing them
again. The same text sent twice on a healthy link is two messages.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg

from smppd.store.database import Connection, Database
from smppd.store.queries import statement

# Whoever takes over a carrier after a crash must find the sessions over: its lease, 15 s long and renewed every 5 s,
# ran out 10 s after the crash or later.
DEAD_NODE = timedelta(seconds=9)
# A carrier has read the answers before those that its window holds, whether it proves it or not. No window is wider.
MOST_UNPROVED = 10_000


@dataclass(slots=True, eq=False)
class SessionRecord:
    """One bind, as the store sees it. `prove` asks the carrier for a sign that it read our answers."""

    id: int
    carrier: str
    carrier_id: int
    link: int
    prove: Callable[[], None]
    proved_upto: int
    latest: int = 0  # highest id taken for this session that we know to be committed
    answered: deque[tuple[int, int, int]] = field(default_factory=deque)  # (digest, id, doubt id), in answer order
    proved: int = 0  # answers proved so far
    unproved: Counter[int] = field(default_factory=Counter)  # digests taken, not refused, and not proved answered
    held: list[Any] = field(default_factory=list)  # entries of other links that wait for this one's proof
    dropped: list[int] = field(default_factory=list)  # doubts whose repeat is proved answered
    dirty: bool = False
    closed: bool = False
    settled: asyncio.Event = field(default_factory=asyncio.Event)  # what it left in doubt is written down

    @property
    def heard(self) -> bool:
        """Whether anything came on it: the carrier is there."""
        return bool(self.proved or self.answered)

    def take(self, digest: int) -> None:
        """A PDU is on its way into the database."""
        self.unproved[digest] += 1

    def answer(self, digest: int, entry: int = 0, doubt: int = 0) -> None:
        """Note one more answer; entry and doubt 0 mean that nothing of it is in the database."""
        self.answered.append((digest, entry, doubt))
        if not (entry or doubt):
            self._release(digest)
        if len(self.answered) > MOST_UNPROVED:
            self.prove_answers(self.proved + 1)

    def prove_answers(self, count: int) -> None:
        """The carrier has read the first `count` answers of this session."""
        while self.proved < count and self.answered:
            digest, entry, doubt = self.answered.popleft()
            self.proved += 1
            if entry or doubt:
                # A doubt may be an entry of this very session: committed, and unheard of when the connection was lost.
                self.proved_upto = max(self.proved_upto, entry, doubt)
                self.dirty = True
                self._release(digest)
            if doubt:
                self.dropped.append(doubt)

    def recognised(self) -> list[int]:
        """Doubts whose repeat was answered here, as far as they may still be in the database."""
        return [*self.dropped, *(doubt for _, _, doubt in self.answered if doubt)]

    def _release(self, digest: int) -> None:
        self.unproved[digest] -= 1
        if not self.unproved[digest]:
            del self.unproved[digest]


class Doubts:
    """digest -> ids of the open doubts of one carrier, in this process."""

    def __init__(self, rows: list[asyncpg.Record]) -> None:
        self._open: dict[int, list[int]] = {}
        for row in rows:
            self._open.setdefault(row["digest"], []).append(row["id"])

    def __bool__(self) -> bool:
        return bool(self._open)

    def __len__(self) -> int:
        return sum(map(len, self._open.values()))

    def put(self, digest: int, doubt: int) -> None:
        """Open a doubt again whose repeat was not committed."""
        self._open.setdefault(digest, []).append(doubt)

    def take(self, digest: int) -> int | None:
        """One doubt of this digest, which is no longer open then; None when there is none."""
        if (ids := self._open.get(digest)) is None:
            return None
        taken = ids.pop()
        if not ids:
            del self._open[digest]
        return taken


async def begin(db: Database, carrier: str, link: int, prove: Callable[[], None]) -> SessionRecord:
    """Open a session's row. Raises what the database raises."""
    carrier_id = await db.carrier_id(carrier)
    row = await db.pool.fetchrow(statement("session", "begin_session"), carrier_id, link, db.node, db.instance)
    assert row is not None
    return SessionRecord(row["id"], carrier, carrier_id, link, prove, row["proved_upto"], row["proved_upto"])


def mark(instance: UUID) -> int:
    """The advisory lock that the writer of a node's life holds."""
    return int.from_bytes(instance.bytes[:8], signed=True)


async def end_writers(connection: Connection, instances: set[UUID]) -> None:
    """End what still writes for these lives of nodes, so that all they have committed can be seen.

    Raises TimeoutError when one does not end, as where the disk stands still.
    """
    marks = [mark(instance) for instance in instances]
    if marks and await connection.fetchval(statement("session", "end_writers"), marks) is False:
        raise TimeoutError("a server process that may be about to commit does not end")


async def settle(
    connection: Connection, instance: UUID, carrier_id: int, returning: float | None = None, *, away: bool = True
) -> Doubts:
    """Write down what ended sessions of a carrier left in doubt, and return all its open doubts.

    `returning`: the carrier is about to be bound; repeats are expected for so many seconds from now, unless it was
    never `away` and they are expected already.
    """
    async with connection.transaction():
        ended = await connection.fetch(statement("session", "sessions_over"), carrier_id, DEAD_NODE, instance)
        await end_writers(connection, {over["instance"] for over in ended} - {instance})
        for over in ended:
            for source in ("doubt_received", "doubt_parts", "doubt_receipts"):
                await connection.execute(statement("session", source), over["proved_upto"], over["id"], carrier_id)
            await connection.execute(statement("session", "reopen_doubts"), over["id"], carrier_id)
            await connection.execute(statement("session", "settle_session"), over["id"])
        if returning is not None:
            await connection.execute(statement("session", "forget_doubts"), carrier_id)
            await connection.execute(
                statement("session", "extend_doubts"), carrier_id, timedelta(seconds=returning), away
            )
        return Doubts(await connection.fetch(statement("session", "open_doubts"), carrier_id))
