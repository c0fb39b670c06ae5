"""What a part does to its set: pure, so that every order, repeat and clash can be tried without a database."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class SetKey(NamedTuple):
    """A concatenated message under way. Two phones with one reference differ in `sender`."""

    carrier: int
    sender: str
    recipient: str
    kind: str
    reference: int
    total: int


@dataclass(slots=True)
class Slot:
    """One part, stored or just come."""

    number: int
    digest: int
    body: bytes
    data_coding: int
    esm_class: int
    session: int
    link: int
    header: bytes = b""
    fresh: bool = True


@dataclass(slots=True)
class PartSet:
    """The parts of one set. `finished` is the message they have become; `recent` says it did so lately."""

    key: SetKey
    slots: dict[int, Slot] = field(default_factory=dict)
    finished: int | None = None
    recent: bool = False
    replaced: bool = False  # what is stored under this key belongs to an older set


@dataclass(slots=True)
class Closed:
    """A set that becomes a message now: full, or pushed out by a new one under its key."""

    key: SetKey
    slots: dict[int, Slot]
    stays: bool  # its parts stay as markers under the key

    @property
    def missing(self) -> list[int]:
        return [n for n in range(1, self.key.total + 1) if n not in self.slots]


def merge(stored: PartSet, arrived: list[Slot]) -> tuple[PartSet, list[Closed]]:
    """Put the parts that arrived, in order, into the set; return it as it stands then and the sets that closed.

    A part that is there already with the same digest is a repeat and changes nothing, also for a while after its set
    was finished. The same slot with another content means that the phone counts from the start again (an 8-bit
    reference comes round after 256 messages): the older set closes as far as it got, and a new one begins.
    """
    closed: list[Closed] = []
    current = stored
    for slot in arrived:
        if current.finished is not None or len(current.slots) == current.key.total:
            done = current.slots.get(slot.number)
            if done is not None and done.digest == slot.digest and current.recent:
                continue
            current = PartSet(current.key, replaced=True)
        elif (there := current.slots.get(slot.number)) is not None:
            if there.digest == slot.digest:
                continue
            closed.append(Closed(current.key, current.slots, stays=False))
            current = PartSet(current.key, replaced=True)
        current.slots[slot.number] = slot
        if len(current.slots) == current.key.total:
            current.recent = True
            closed.append(Closed(current.key, current.slots, stays=True))
    # Only the last full set of a key leaves markers; an earlier one of the same batch has been replaced.
    for earlier in closed:
        if earlier.slots is not current.slots:
            earlier.stays = False
    return current, closed
