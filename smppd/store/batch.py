"""One commit's worth of what carriers sent: which statements it takes, in which order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from smppd import metrics
from smppd.model import Answer, MessageState, Received, ReceivedReceipt
from smppd.store.database import Connection, Database
from smppd.store.parts import Closed, PartSet, SetKey, Slot, merge
from smppd.store.queries import statement
from smppd.store.sessions import SessionRecord
from smppd.store.text import storable

if TYPE_CHECKING:
    from smppd.store.intake import Reader

REPEAT = timedelta(minutes=10)  # how long a part of a finished set is taken for a repeat of itself

_ADD_MESSAGES = statement("intake", "add_messages")


@dataclass(slots=True, eq=False)
class Entry:
    """One PDU on its way through the writer. `id` is its row, `doubt` the earlier row it repeats."""

    record: SessionRecord
    item: Received | ReceivedReceipt
    done: Callable[[Answer], None]
    id: int = 0
    doubt: int = 0
    answered: bool = False

    def answer(self, answer: Answer) -> None:
        """Let the answer go, once."""
        self.answered = True
        self.done(answer)

    def quarantine(self, reason: str) -> None:
        """Keep only what every database takes: the octets and the reason."""
        item = self.item
        body = item.body if isinstance(item, Received) else item.raw
        dcs, esm = (item.data_coding, item.esm_class) if isinstance(item, Received) else (0, 4)
        self.item = Received("", "", body, dcs & 255, esm & 255, item.digest, problem=reason)


@dataclass(slots=True)
class _Row:
    """One row of table received, with where it must go."""

    carrier: str
    carrier_id: int
    link: int
    session: int
    digest: int
    sender: str
    recipient: str
    text: str | None
    data: bytes | None
    data_coding: int
    esm_class: int
    state: MessageState
    parts: int
    missing: list[int]
    label: str
    problem: str
    systems: tuple[str, ...]


@dataclass(slots=True)
class Batch:
    """Collects, writes and counts one commit."""

    db: Database
    reader: Reader
    entries: list[Entry]
    queued: bool = False
    _suspects: dict[int, Entry] = field(default_factory=dict)
    _rows: list[_Row] = field(default_factory=list)

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
            await connection.execute(statement("intake", "lock_sets"), sorted({_lock(key) for key in keys}))
            sets = (await load_sets(connection, keys, span)).values()
            overdue = [s for s in sets if s.slots and s.finished is None and not s.recent]
            if not overdue:
                return 0
            closed = [(carrier, Closed(s.key, s.slots, stays=True)) for s in overdue]
            made = await self._add(connection, [], closed, undelivered=drop)
            await connection.execute(statement("intake", "finish_sets"), *_keys([s.key for s in overdue]), made)
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
        rows.extend(self._single(entry) for entry in singles)
        rows.extend(self._joined(carrier, one) for carrier, one in closed)
        targets = {systems: await self._target_ids(systems) for systems in {row.systems for row in rows}}
        self.queued = any(targets)
        if undelivered:
            targets = dict.fromkeys(targets, "{}")
        ids: list[int] = await connection.fetchval(_ADD_MESSAGES, *_columns(rows, targets))
        for entry, made in zip(singles, ids, strict=False):
            entry.id = made
        return ids[len(singles) :]

    def _single(self, entry: Entry) -> _Row:
        item, record = entry.item, entry.record
        assert isinstance(item, Received)
        if item.problem:
            state = MessageState.QUARANTINED
            text: str | None = None
            data: bytes | None = item.body
            systems: tuple[str, ...] = ()
        else:
            text = item.text
            systems = self.reader.targets(record.carrier, item.sender, item.recipient, text)
            state = MessageState.COMPLETE if systems else MessageState.UNROUTED
            data = item.body if text is None or item.damaged or "\0" in text else None
        return _Row(
            record.carrier, record.carrier_id, record.link, record.id, item.digest,
            storable(item.sender), storable(item.recipient), None if text is None else storable(text), data,
            item.data_coding, item.esm_class, state, 1, [], item.label, item.problem, systems,
        )  # fmt: skip

    def _joined(self, carrier: str, closed: Closed) -> _Row:
        key, slots = closed.key, closed.slots
        bodies = [(s.body, s.data_coding) if (s := slots.get(n)) else None for n in range(1, key.total + 1)]
        text, data, damaged = self.reader.compose(carrier, bodies)
        first = slots[min(slots)]
        missing = closed.missing
        systems = self.reader.targets(carrier, key.sender, key.recipient, text)
        state = MessageState.UNROUTED if not systems else MessageState.INCOMPLETE if missing else MessageState.COMPLETE
        return _Row(
            carrier, key.carrier, first.link, first.session, 0,
            key.sender, key.recipient, None if text is None else storable(text),
            data if text is None or damaged else None, first.data_coding, first.esm_class, state, key.total, missing,
            self.reader.label(text) if text else "", "", systems,
        )  # fmt: skip

    async def _join(self, connection: Connection, singles: list[Entry], parts: list[Entry]) -> None:
        arrived: dict[SetKey, list[Entry]] = {}
        for entry in parts:
            arrived.setdefault(_key(entry), []).append(entry)
        await connection.execute(statement("intake", "lock_sets"), sorted({_lock(key) for key in arrived}))
        stored = await load_sets(connection, list(arrived), REPEAT)
        closed: list[tuple[str, Closed]] = []
        merged: list[PartSet] = []
        for key, entries in arrived.items():
            result, done = merge(stored[key], [_slot(entry) for entry in entries])
            merged.append(result)
            closed.extend((entries[-1].record.carrier, one) for one in done)
        if replaced := [s.key for s in merged if s.replaced]:
            await connection.execute(statement("intake", "drop_sets"), *_keys(replaced))
        made = await self._add(connection, singles, closed) if singles or closed else []
        finished = {one.key: message for (_, one), message in zip(closed, made, strict=True) if one.stays}
        if waiting := [s.key for s in merged if s.key in finished and not all(slot.fresh for slot in s.slots.values())]:
            await connection.execute(
                statement("intake", "finish_sets"), *_keys(waiting), [finished[key] for key in waiting]
            )
        await self._add_parts(connection, merged, arrived, finished)

    async def _add_parts(
        self,
        connection: Connection,
        merged: list[PartSet],
        arrived: dict[SetKey, list[Entry]],
        finished: dict[SetKey, int],
    ) -> None:
        fresh = [(s.key, slot) for s in merged for slot in s.slots.values() if slot.fresh]
        if not fresh:
            return
        ids = await connection.fetchval(
            statement("intake", "add_parts"),
            *_keys([key for key, _ in fresh]),
            [slot.number for _, slot in fresh],
            [slot.session for _, slot in fresh],
            [slot.link for _, slot in fresh],
            [slot.digest for _, slot in fresh],
            [slot.data_coding for _, slot in fresh],
            [slot.esm_class for _, slot in fresh],
            [None if key in finished else slot.body for key, slot in fresh],
            [finished.get(key) for key, _ in fresh],
        )
        by_slot = {(key, slot.number, slot.digest): made for (key, slot), made in zip(fresh, ids, strict=True)}
        for key, entries in arrived.items():
            for entry in entries:
                slot = _slot(entry)
                entry.id = by_slot.get((key, slot.number, slot.digest), 0)

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
        )
        for (entry, _), made in zip(items, ids, strict=True):
            entry.id = made


def _columns(rows: list[_Row], targets: dict[tuple[str, ...], str]) -> list[list[Any]]:
    return [
        [r.carrier_id for r in rows],
        [r.link for r in rows],
        [r.session for r in rows],
        [r.digest for r in rows],
        [r.sender for r in rows],
        [r.recipient for r in rows],
        [r.text for r in rows],
        [r.data for r in rows],
        [r.data_coding for r in rows],
        [r.esm_class for r in rows],
        [r.state for r in rows],
        [r.parts for r in rows],
        ["{" + ",".join(map(str, r.missing)) + "}" if r.missing else None for r in rows],
        [r.label for r in rows],
        [r.problem for r in rows],
        [targets[r.systems] for r in rows],
    ]


async def load_sets(connection: Connection, keys: list[SetKey], recently: timedelta) -> dict[SetKey, PartSet]:
    """The stored state of these sets, `recent` when a part came so lately; an empty set for a key that has none."""
    sets = {key: PartSet(key) for key in keys}
    for row in await connection.fetch(statement("intake", "parts_of_sets"), *_keys(keys), recently):
        key = SetKey(row["carrier"], row["sender"], row["recipient"], row["kind"], row["reference"], row["total"])
        found = sets[key]
        found.finished = row["message"]
        found.recent = found.recent or row["recent"]
        found.slots[row["number"]] = Slot(
            row["number"], row["digest"], row["body"] or b"", row["data_coding"], row["esm_class"],
            row["session"], row["link"], fresh=False,
        )  # fmt: skip
    return sets


def _key(entry: Entry) -> SetKey:
    item = entry.item
    assert isinstance(item, Received)
    assert item.part is not None
    part = item.part
    return SetKey(
        entry.record.carrier_id, storable(item.sender), storable(item.recipient), part.kind, part.reference, part.total
    )


def _slot(entry: Entry) -> Slot:
    item, record = entry.item, entry.record
    assert isinstance(item, Received)
    assert item.part is not None
    return Slot(item.part.number, item.digest, item.body, item.data_coding, item.esm_class, record.id, record.link)


def _keys(keys: list[SetKey]) -> list[list[Any]]:
    return [list(column) for column in zip(*keys, strict=True)]


def _lock(key: SetKey) -> int:
    return int.from_bytes(blake2b(repr(tuple(key)).encode(), digest_size=8).digest(), signed=True)
