"""What carriers are to be asked about messages that they have, and what their answers make of these.

A row of table inquiry is the right and the duty to ask. It goes in the transaction that records the answer, so after a
crash the carrier is asked once more, and no message waits for an answer that nobody wants.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from smppd.model import PartState
from smppd.store import receipts
from smppd.store.database import Database
from smppd.store.outkeeper import UNCONFIRMED, give_up
from smppd.store.progress import Part
from smppd.store.queries import statement
from smppd.store.receipts import Text
from smppd.store.text import storable

WANTED = "taken back: its carrier is asked to drop it"


@dataclass(slots=True)
class Inquiry:
    """About one message. `open`: it is still SENT, so that there is something to ask. `sender` as it was submitted."""

    message: int
    cancel: bool
    open: bool
    sender: str
    parts: list[Part]


@dataclass(slots=True, frozen=True)
class Heard:
    """A last word on a part, in the words of receipts."""

    number: int
    message_id: str
    state: str
    stat: str
    error: str


async def take_back(db: Database, message: int, system: str | None, carriers: Iterable[str]) -> bool:
    """Have the carrier asked to drop a message that is SENT, if it is one of `carriers`; whether it is or was so."""
    query = statement("inquiry", "cancel")
    return await db.pool.fetchval(query, message, system, list(carriers), WANTED) is not None


async def upcoming(db: Database, carrier: int) -> Inquiry | None:
    """The next to be asked of a carrier, as it stands now; what is to be dropped goes first."""
    rows = await db.pool.fetch(statement("inquiry", "next"), carrier)
    if not rows:
        return None
    message = rows[0]["message"]
    parts = [
        Part(
            message, row["number"], row["total"], PartState(row["state"]), row["message_id"] or "", row["stat"],
            row["error"], row["done"],
        )
        for row in rows
        if row["number"] is not None
    ]  # fmt: skip
    return Inquiry(message, rows[0]["cancel"], rows[0]["open"], rows[0]["sender"] or "", parts)


async def answered(db: Database, carrier: int, inquiry: Inquiry, heard: Sequence[Heard], said: str, text: Text) -> bool:
    """The carrier was asked what became of a message: each last word counts as a receipt does.

    If they do not end it, it is given up as unknown; `said` is told with that. Whether there is news for systems.
    """
    async with db.transaction() as connection:
        matches: dict[int, tuple[int, int]] = {}
        for one in heard:
            words = [storable(word) for word in (one.message_id, one.state, one.stat, one.error)]
            receipt = await connection.fetchval(statement("inquiry", "heard"), inquiry.message, *words, carrier)
            matches[receipt] = inquiry.message, one.number
        applied = await receipts.apply(connection, carrier, matches, text)
        reason = f"{UNCONFIRMED}; {said}" if said else UNCONFIRMED
        _, told = await give_up(connection, [inquiry.message], reason)
        await connection.execute(statement("inquiry", "done"), inquiry.message, inquiry.cancel)
    return applied.reported or told


async def dropped(db: Database, message: int, number: int, text: Text) -> bool:
    """The carrier has dropped a part, as it was asked. Whether there is news for systems."""
    async with db.transaction() as connection:
        return await receipts.drop(connection, message, number, text)


async def kept(db: Database, inquiry: Inquiry, reason: str, text: Text) -> bool:
    """The carrier did not drop all of a message, which goes on. Whether there is news for systems."""
    async with db.transaction() as connection:
        await connection.execute(statement("inquiry", "kept"), inquiry.message, storable(reason))
        told = await receipts.settle(connection, [inquiry.message], text)
        await connection.execute(statement("inquiry", "done"), inquiry.message, inquiry.cancel)
    return told


async def done(db: Database, inquiry: Inquiry) -> None:
    """There is nothing more to ask."""
    await db.pool.execute(statement("inquiry", "done"), inquiry.message, inquiry.cancel)
