"""Table part: the sets of concatenated messages, read under their lock and written as `parts.merge` decides."""

from __future__ import annotations

from datetime import timedelta
from hashlib import blake2b
from typing import Any

from smppd.model import Received
from smppd.store.database import Connection
from smppd.store.entry import Entry
from smppd.store.parts import PartSet, SetKey, Slot
from smppd.store.queries import statement
from smppd.store.text import storable


def key_of(entry: Entry) -> SetKey:
    """The set that this part belongs to."""
    item = entry.item
    assert isinstance(item, Received)
    assert item.part is not None
    part = item.part
    return SetKey(
        entry.record.carrier_id, storable(item.sender), storable(item.recipient), part.kind, part.reference, part.total
    )


def slot_of(entry: Entry) -> Slot:
    """This part as its set keeps it."""
    item, record = entry.item, entry.record
    assert isinstance(item, Received)
    assert item.part is not None
    return Slot(
        item.part.number, item.digest, item.body, item.data_coding, item.esm_class, record.id, record.link, item.header
    )


async def lock(connection: Connection, keys: list[SetKey], recently: timedelta) -> dict[SetKey, PartSet]:
    """The stored state of these sets, nobody else's until the transaction ends; an empty set for a key without one.

    A set is `recent` when a part of it came so lately.
    """
    await connection.execute(statement("intake", "lock_sets"), sorted({_lock_number(key) for key in keys}))
    sets = {key: PartSet(key) for key in keys}
    for row in await connection.fetch(statement("intake", "parts_of_sets"), *_columns(keys), recently):
        key = SetKey(row["carrier"], row["sender"], row["recipient"], row["kind"], row["reference"], row["total"])
        found = sets[key]
        found.finished = row["message"]
        found.recent = found.recent or row["recent"]
        found.slots[row["number"]] = Slot(
            row["number"], row["digest"], row["body"] or b"", row["data_coding"], row["esm_class"],
            row["session"], row["link"], row["header"] or b"", fresh=False,
        )  # fmt: skip
    return sets


async def drop(connection: Connection, keys: list[SetKey]) -> None:
    """Forget the older sets under these keys."""
    if keys:
        await connection.execute(statement("intake", "drop_sets"), *_columns(keys))


async def finish(connection: Connection, keys: list[SetKey], messages: list[int]) -> None:
    """The stored parts of these sets have become these messages."""
    if keys:
        await connection.execute(statement("intake", "finish_sets"), *_columns(keys), messages)


async def add(
    connection: Connection, sets: list[PartSet], finished: dict[SetKey, int]
) -> dict[tuple[SetKey, int, int], int]:
    """Write the parts that are new; their ids by set, number and digest."""
    fresh = [(s.key, slot) for s in sets for slot in s.slots.values() if slot.fresh]
    if not fresh:
        return {}
    ids = await connection.fetchval(
        statement("intake", "add_parts"),
        *_columns([key for key, _ in fresh]),
        [slot.number for _, slot in fresh],
        [slot.session for _, slot in fresh],
        [slot.link for _, slot in fresh],
        [slot.digest for _, slot in fresh],
        [slot.data_coding for _, slot in fresh],
        [slot.esm_class for _, slot in fresh],
        [None if key in finished else slot.body for key, slot in fresh],
        [None if key in finished else slot.header for key, slot in fresh],
        [finished.get(key) for key, _ in fresh],
    )
    return {(key, slot.number, slot.digest): made for (key, slot), made in zip(fresh, ids, strict=True)}


def _columns(keys: list[SetKey]) -> list[list[Any]]:
    return [list(column) for column in zip(*keys, strict=True)]


def _lock_number(key: SetKey) -> int:
    return int.from_bytes(blake2b(repr(tuple(key)).encode(), digest_size=8).digest(), signed=True)
