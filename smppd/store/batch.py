"""One commit's worth of what carriers sent: which statements it takes, in which order."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import orjson

from smppd import metrics
from smppd.model import Received, ReceivedReceipt
from smppd.store import partsets
from smppd.store.database import Connection, Database
from smppd.store.entry import Entry
from smppd.store.parts import Closed, PartSet, SetKey, merge
from smppd.store.queries import statement
from smppd.store.receipts import Parked
from smppd.store.rows import Row, columns, joined, single
from smppd.store.text import storable

if TYPE_CHECKING:
    from smppd.store.intake import Reader

REPEAT = timedelta(minutes=10)  # how long a part of a finished set is taken for a repeat of itself

_ADD_MESSAGES = statement("intake", "add_messages")


@dataclass(slots=True)
class Batch:
    """Collects, writes and counts one commit."""

    db: Database
    reader: Reader
    entries: list[Entry]
    queued: bool = False
    _suspects: dict[int, Entry] = field(default_factory=dict)
    _rows: list[Row] = field(default_factory=list)

    def suspect(self, entry: Entry, doubt: int) -> None:
        """This entry has the octets of one that was taken and never proved."""
        self._suspects[doubt] = entry

    def undo(self) -> list[tuple[Entry, int]]:
        """The commit failed: which entries had a doubt, so that it can be opened again."""
        for entry in self.entries:
            entry.id = entry.doubt = 0
        return [(entry, doubt) for doubt, entry in self._suspects.items()]

    async def write(self, connection: Connection) -> None:
        """Commit everything; afterwards each entry has its id, or the doubt it repeats."""
        singles: list[Entry] = []
        parts: list[Entry] = []
        receipts: list[Entry] = []
        if not self._suspects and all(isinstance(e.item, Received) and e.item.part is None for e in self.entries):
            await self._add(connection, self.entries, [])  # one statement is its own transaction
            return
        async with connection.transaction():
            if self._suspects:
                await self._match(connection)
            for entry in self.entries:
                if entry.doubt:
                    continue
                if isinstance(entry.item, ReceivedReceipt):
                    receipts.append(entry)
                elif entry.item.part is not None:
                    parts.append(entry)
                else:
                    singles.append(entry)
            if parts:
                await self._join(connection, singles, parts)
            elif singles:
                await self._add(connection, singles, [])
            if receipts:
                await self._add_receipts(connection, receipts)

    def parked(self) -> dict[str, list[Parked]]:
        """Receipts that wait for their part since the commit, by the name of their carrier."""
        found: dict[str, list[Parked]] = {}
        for entry in self.entries:
            item = entry.item
            if isinstance(item, ReceivedReceipt) and item.keys and not entry.doubt:
                found.setdefault(entry.record.carrier, []).append(
                    Parked(entry.id, item.keys, item.message_id, item.sender, item.recipient, item.state)
                )
        return found

    def count(self) -> None:
        """Fill the metrics, after the commit."""
        for carrier, count in Counter(e.record.carrier for e in self.entries).items():
            metrics.RECEIVED_PARTS.labels(carrier).inc(count)
        for carrier, count in Counter(e.record.carrier for e in self.entries if e.doubt).items():
            metrics.REDELIVERIES.labels(carrier).inc(count)
        kinds = Counter((row.carrier, row.state) for row in self._rows)
        for (carrier, state), count in kinds.items():
            metrics.RECEIVED_MESSAGES.labels(carrier, state.name.lower()).inc(count)
        for entry in self.entries:
            if isinstance(entry.item, ReceivedReceipt) and not entry.doubt:
                metrics.RECEIVED_MESSAGES.labels(entry.record.carrier, "receipt").inc()
                metrics.RECEIPTS.labels(entry.record.carrier, entry.item.state).inc()
        for row in self._rows:
            if row.label:
                scheme, kind, *_ = row.label.split(":")
                metrics.COMPRESSED.labels(kind, "damaged" if scheme.endswith("damaged") else "ok").inc()

    async def close(
        self, connection: Connection, carrier: str, keys: list[SetKey], *, drop: bool, span: timedelta = timedelta(0)
    ) -> int:
        """Make messages of incomplete sets whose time is over; with `drop` they go to no system but stand as dead.

        A set that got a part within the `span` before now, seen under its lock, is left alone.
        """
        async with connection.transaction():
            sets = (await partsets.lock(connection, keys, span)).values()
            overdue = [s for s in sets if s.slots and s.finished is None and not s.recent]
            if not overdue:
                return 0
            closed = [(carrier, Closed(s.key, s.slots, stays=True)) for s in overdue]
            made = await self._add(connection, [], closed, undelivered=drop)
            await partsets.finish(connection, [s.key for s in overdue], made)
            if drop:
                reasons = [f"incomplete: {len(row.missing)} of {row.parts} parts never came" for row in self._rows]
                targets = [await self._target_ids(row.systems) for row in self._rows]
                await connection.execute(statement("intake", "add_dead"), made, targets, reasons)
        return len(overdue)

    async def _target_ids(self, systems: tuple[str, ...]) -> str:
        return "{" + ",".join([str(await self.db.system_id(name)) for name in systems]) + "}"

    async def _match(self, connection: Connection) -> None:
        ids = list(self._suspects)
        owners = [self._suspects[i].record.id for i in ids]
        for row in await connection.fetch(statement("session", "match_doubts"), ids, owners):
            self._suspects[row["id"]].doubt = row["id"]

    async def _add(
        self,
        connection: Connection,
        singles: list[Entry],
        closed: list[tuple[str, Closed]],
        *,
        undelivered: bool = False,
    ) -> list[int]:
        rows = self._rows
        rows.extend(single(entry, self.reader) for entry in singles)
        rows.extend(joined(carrier, one, self.reader) for carrier, one in closed)
        targets = {systems: await self._target_ids(systems) for systems in {row.systems for row in rows}}
        self.queued = any(targets)
        if undelivered:
            targets = dict.fromkeys(targets, "{}")
        ids: list[int] = await connection.fetchval(_ADD_MESSAGES, *columns(rows, targets))
        for entry, made in zip(singles, ids, strict=False):
            entry.id = made
        return ids[len(singles) :]

    async def _join(self, connection: Connection, singles: list[Entry], parts: list[Entry]) -> None:
        """Merge the parts into their sets, write what is full as messages together with `singles`."""
        arrived: dict[SetKey, list[Entry]] = {}
        for entry in parts:
            arrived.setdefault(partsets.key_of(entry), []).append(entry)
        stored = await partsets.lock(connection, list(arrived), REPEAT)
        closed: list[tuple[str, Closed]] = []
        merged: list[PartSet] = []
        for key, entries in arrived.items():
            result, done = merge(stored[key], [partsets.slot_of(entry) for entry in entries])
            merged.append(result)
            closed.extend((entries[-1].record.carrier, one) for one in done)
        await partsets.drop(connection, [s.key for s in merged if s.replaced])
        made = await self._add(connection, singles, closed) if singles or closed else []
        finished = {one.key: message for (_, one), message in zip(closed, made, strict=True) if one.stays}
        mixed = [s.key for s in merged if s.key in finished and not all(slot.fresh for slot in s.slots.values())]
        await partsets.finish(connection, mixed, [finished[key] for key in mixed])
        ids = await partsets.add(connection, merged, finished)
        for key, entries in arrived.items():
            for entry in entries:
                slot = partsets.slot_of(entry)
                entry.id = ids.get((key, slot.number, slot.digest), 0)

    async def _add_receipts(self, connection: Connection, receipts: list[Entry]) -> None:
        items = [(e, e.item) for e in receipts if isinstance(e.item, ReceivedReceipt)]
        ids = await connection.fetchval(
            statement("intake", "add_receipts"),
            [e.record.carrier_id for e, _ in items],
            [e.record.link for e, _ in items],
            [e.record.id for e, _ in items],
            [r.digest for _, r in items],
            *(
                [storable(getattr(r, name)) for _, r in items]
                for name in ("sender", "recipient", "message_id", "state", "stat", "error")
            ),
            [r.raw for _, r in items],
            [orjson.dumps(r.keys).decode() for _, r in items],
        )
        for (entry, _), made in zip(items, ids, strict=True):
            entry.id = made
