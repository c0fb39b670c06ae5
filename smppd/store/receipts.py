"""Receipts in the database: which parts they may mean, and what they make of parts and messages in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import asyncpg

from smppd.model import BUFFERED, OutboundState, PartState, ReportDetail
from smppd.store import reports
from smppd.store.database import Connection
from smppd.store.progress import Part, Verdict, receive, verdict
from smppd.store.queries import statement
from smppd.store.reports import News
from smppd.store.text import storable

DROPPED = "cancelled"  # in the place of a receipt's stat

Text = Callable[[bytes], str]
"""The text of a receipt from its octets."""


@dataclass(slots=True)
class Parked:
    """A receipt that waits for its part. `sender` is the phone, when the carrier says it the usual way round."""

    id: int
    keys: tuple[str, ...]
    message_id: str
    sender: str
    recipient: str
    state: str


@dataclass(slots=True, frozen=True)
class Candidate:
    """A part that a receipt may speak of. `sender` and `recipient` are those of the message."""

    message: int
    number: int
    message_id: str
    open: bool  # it waits for its final receipt
    sender: str
    recipient: str


@dataclass(slots=True)
class Applied:
    """What a transaction came to. `reported`: forwarders are to be told after the commit."""

    receipts: set[int] = field(default_factory=set)  # matched by us
    repeated: int = 0  # of them those whose part had had its last word
    late: int = 0  # messages that had been given up as unknown
    reported: bool = False


async def candidates(connection: Connection, carrier: int, waiting: Sequence[Parked]) -> dict[int, list[Candidate]]:
    """Parts that share a form of their id with each receipt, by the receipt's id; the newest first."""
    pairs = [(receipt.id, key) for receipt in waiting for key in receipt.keys]
    found: dict[int, dict[tuple[int, int], Candidate]] = {}
    ids, keys = [one for one, _ in pairs], [key for _, key in pairs]
    for row in await connection.fetch(statement("receipt", "candidates"), carrier, ids, keys):
        found.setdefault(row["receipt"], {})[row["message"], row["number"]] = Candidate(
            row["message"], row["number"], row["message_id"] or "",
            not row["done"] and row["state"] != PartState.REFUSED, row["sender"], row["recipient"],
        )  # fmt: skip
    return {one: sorted(parts.values(), key=lambda c: -c.message) for one, parts in found.items()}


async def parked(connection: Connection, carrier: int, after: int, limit: int) -> list[Parked]:
    """What waits at a carrier, behind the receipt `after`."""
    rows = await connection.fetch(statement("receipt", "parked"), carrier, after, limit)
    return [
        Parked(row["id"], tuple(row["keys"]), row["message_id"], row["sender"], row["recipient"], row["state"])
        for row in rows
    ]


async def apply(connection: Connection, carrier: int, matches: dict[int, tuple[int, int]], text: Text) -> Applied:
    """Give receipts to their parts (receipt -> message and number), in the order in which they came.

    To be called within a transaction. What another has matched meanwhile is left alone.
    """
    applied = Applied()
    rows = await connection.fetch(statement("receipt", "claim"), carrier, list(matches))
    applied.receipts = {row["id"] for row in rows}
    if not rows:
        return applied
    ours = [(row["id"], *matches[row["id"]]) for row in rows]
    await connection.execute(statement("receipt", "assign"), *map(list, zip(*ours, strict=True)))
    work = await _Work.begin(connection, {message for _, message, _ in ours}, text)
    for order, (row, (_, message, number)) in enumerate(zip(rows, ours, strict=True), 1):
        part = work.part(message, number)
        if part is None or not receive(
            part, row["state"], row["stat"], row["error"], cancelling=work.cancelling(message)
        ):
            applied.repeated += 1
            continue
        part.order = order
        if part.done:
            part.text = text(row["raw"])
    await work.finish(applied)
    return applied


async def settle(connection: Connection, messages: Iterable[int], text: Text) -> bool:
    """These messages of several parts have just become SENT, within this transaction and in an earlier statement.

    What receipts of single parts said meanwhile counts now. Returns whether reports were added: then the forwarders are
    to be told after the commit. Costs one look at an index when there is nothing to do.
    """
    wanted = list(messages)
    if not wanted:
        return False
    seen = await connection.fetch(statement("receipt", "seen_parts"), wanted)
    if not seen:
        return False
    applied = Applied()
    work = await _Work.begin(connection, {row["message"] for row in seen}, text)
    await work.finish(applied)
    return applied.reported


async def drop(connection: Connection, message: int, number: int, text: Text) -> bool:
    """The carrier of a message has dropped this part of it, as it was asked. Returns as `settle` does.

    To be called within a transaction. A last word that came before stands.
    """
    applied = Applied()
    work = await _Work.begin(connection, {message}, text)
    part = work.part(message, number)
    if part is not None and receive(part, "deleted", DROPPED, "", cancelling=work.cancelling(message)):
        await work.finish(applied)
    return applied.reported


class _Work:
    """Messages held by this transaction, with their parts."""

    def __init__(self, connection: Connection, text: Text) -> None:
        self._connection, self._text = connection, text
        self._messages: dict[int, asyncpg.Record] = {}
        self._parts: dict[int, dict[int, Part]] = {}

    @classmethod
    async def begin(cls, connection: Connection, messages: Iterable[int], text: Text) -> _Work:
        work, ids = cls(connection, text), sorted(messages)
        for row in await connection.fetch(statement("receipt", "lock"), ids):
            work._messages[row["id"]] = row
        for row in await connection.fetch(statement("receipt", "parts"), ids):
            work._parts.setdefault(row["message"], {})[row["number"]] = Part(
                row["message"], row["number"], row["total"], PartState(row["state"]), row["message_id"] or "",
                row["stat"], row["error"], row["done"],
            )  # fmt: skip
        return work

    def part(self, message: int, number: int) -> Part | None:
        return self._parts.get(message, {}).get(number)

    def cancelling(self, message: int) -> bool:
        """Whether its carrier is being asked to drop it."""
        return message in self._messages and self._messages[message]["cancelling"]

    async def finish(self, applied: Applied) -> None:
        """Write what the receipts have changed, and tell of it in the order of its happening."""
        changed = [part for parts in self._parts.values() for part in parts.values() if part.changed]
        if changed:
            await self._connection.execute(
                statement("receipt", "update_parts"),
                [part.message for part in changed],
                [part.number for part in changed],
                [int(part.state) for part in changed],
                [part.stat for part in changed],
                [part.error for part in changed],
                [part.done for part in changed],
            )
        news = await self._on_the_way()
        ended: dict[int, Verdict] = {}
        for message, row in self._messages.items():
            parts = list(self._parts.get(message, {}).values())
            if found := verdict(OutboundState(row["state"]), parts, cancelling=row["cancelling"]):
                ended[message] = found
                applied.late += row["state"] == OutboundState.UNKNOWN
        if ended:
            await self._connection.execute(
                statement("receipt", "end_messages"),
                list(ended),
                [int(found.state) for found in ended.values()],
                [storable(found.reason) for found in ended.values()],
            )
            await self._read_texts(ended)
            news += [self._news(message, found) for message, found in ended.items()]
        applied.reported = await reports.add(self._connection, news)

    async def _on_the_way(self) -> list[News]:
        """What was said on the way, for those who want to hear of it, once a kind."""
        wanted = [
            message
            for message, row in self._messages.items()
            if row["report"] & BUFFERED and row["state"] == OutboundState.SENT
        ]
        if not wanted:
            return []
        rows = await self._connection.fetch(statement("receipt", "on_the_way"), wanted)
        news = []
        for row in sorted(rows, key=lambda row: row["id"]):
            part = self.part(row["message"], row["number"])
            if part is None:
                continue
            detail = ReportDetail(
                part.message_id, 0, row["stat"], row["error"], self._text(row["raw"]), part.number, part.total
            )
            news.append(News(row["message"], OutboundState.QUEUED, row["state"], detail, buffered=True))
        return news

    async def _read_texts(self, ended: dict[int, Verdict]) -> None:
        """Of receipts that came in an earlier transaction."""
        wanted = [message for message, found in ended.items() if not found.part.text]
        if wanted:
            for row in await self._connection.fetch(statement("receipt", "deciding"), wanted):
                part = ended[row["message"]].part
                if part.number == row["number"] and not part.text:
                    part.text = self._text(row["raw"])

    def _news(self, message: int, found: Verdict) -> News:
        part = found.part
        detail = ReportDetail(part.message_id, 0, part.stat, part.error, part.text, part.number, part.total)
        return News(message, found.state, found.reason, detail)
