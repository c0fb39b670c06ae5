"""What becomes a row of table received, with where it must go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from smppd.model import MessageState, Received
from smppd.store.entry import Entry
from smppd.store.parts import Closed
from smppd.store.text import storable

if TYPE_CHECKING:
    from smppd.store.intake import Reader


@dataclass(slots=True)
class Row:
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


def single(entry: Entry, reader: Reader) -> Row:
    """The row of a message that came in one PDU."""
    item, record = entry.item, entry.record
    assert isinstance(item, Received)
    if item.problem:
        state = MessageState.QUARANTINED
        text: str | None = None
        data: bytes | None = item.body
        systems: tuple[str, ...] = ()
    else:
        text = item.text
        systems = reader.targets(record.carrier, item.sender, item.recipient, text)
        state = MessageState.COMPLETE if systems else MessageState.UNROUTED
        data = item.body if text is None or item.damaged or "\0" in text else None
    return Row(
        record.carrier, record.carrier_id, record.link, record.id, item.digest,
        storable(item.sender), storable(item.recipient), None if text is None else storable(text), data,
        item.data_coding, item.esm_class, state, 1, [], item.label, item.problem, systems,
    )  # fmt: skip


def joined(carrier: str, closed: Closed, reader: Reader) -> Row:
    """The row of a set that became a message."""
    key, slots = closed.key, closed.slots
    bodies = [(s.body, s.data_coding, s.header) if (s := slots.get(n)) else None for n in range(1, key.total + 1)]
    text, data, damaged = reader.compose(carrier, bodies)
    first = slots[min(slots)]
    missing = closed.missing
    systems = reader.targets(carrier, key.sender, key.recipient, text)
    state = MessageState.UNROUTED if not systems else MessageState.INCOMPLETE if missing else MessageState.COMPLETE
    return Row(
        carrier, key.carrier, first.link, first.session, 0,
        key.sender, key.recipient, None if text is None else storable(text),
        data if text is None or damaged else None, first.data_coding, first.esm_class, state, key.total, missing,
        reader.label(text) if text else "", "", systems,
    )  # fmt: skip


def columns(rows: list[Row], targets: dict[tuple[str, ...], str]) -> list[list[Any]]:
    """The arrays of `add_messages`; `targets` gives the text form of a row's system ids."""
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
