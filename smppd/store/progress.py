"""What receipts make of parts, and parts of their message: pure, so that every order and repeat can be tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from smppd.model import OutboundState, PartState

FAILURES = frozenset({"undelivered", "expired", "deleted", "rejected", "skipped"})
"""States of a receipt after which a part is lost; a carrier's "expired" is one, ours is OutboundState.EXPIRED."""

INTERMEDIATE = frozenset({"scheduled", "enroute", "accepted"})
"""States of a receipt that say where a part is; "unknown" says nothing and is only noted."""

_OPEN = frozenset({OutboundState.SENT, OutboundState.UNKNOWN})


@dataclass(slots=True)
class Part:
    """A row of outpart, as far as receipts touch it. `done`: its final receipt has been seen."""

    message: int
    number: int
    total: int
    state: PartState
    message_id: str
    stat: str
    error: str
    done: bool
    changed: bool = False
    text: str = ""  # of the receipt that decided, when it came just now
    order: int = 0  # of what came just now, the latest has the highest


def final(state: str) -> bool:
    """Whether a receipt in this state is the last word on its part."""
    return state == "delivered" or state in FAILURES


def receive(part: Part, state: str, stat: str, error: str, *, cancelling: bool = False) -> bool:
    """Take a receipt to its part; False when the part has had its last word, so that nothing changes.

    `cancelling`: the carrier was asked to drop the message, so that it tells no failure when it has.
    """
    if part.done:
        return False
    part.stat, part.error, part.changed = stat or state, error, True
    if final(state):
        dropped = PartState.CANCELLED if cancelling and state == "deleted" else PartState.UNDELIVERED
        part.state = PartState.DELIVERED if state == "delivered" else dropped
        part.done = True
    return True


@dataclass(slots=True, frozen=True)
class Verdict:
    """The state a message comes to, why, and the part that decided."""

    state: OutboundState
    reason: str
    part: Part


def verdict(state: OutboundState, parts: Sequence[Part], *, cancelling: bool = False) -> Verdict | None:
    """What these parts make of a message in `state`; None while it stays what it is, or it is being cancelled still.

    Only what was sent comes to an end by receipts, or was given up as unknown: while parts are still to be answered the
    message waits, and every other end stays.
    """
    if state not in _OPEN or not parts:
        return None
    whole = len(parts) >= parts[0].total
    if whole and all(part.state is PartState.CANCELLED for part in parts):
        return Verdict(OutboundState.CANCELLED, "cancelled", parts[-1])
    failures = (PartState.UNDELIVERED,) if cancelling else (PartState.UNDELIVERED, PartState.CANCELLED)
    lost = [part for part in parts if part.state in failures]
    if lost:
        return Verdict(OutboundState.UNDELIVERED, reason(lost[0]), lost[0])
    if whole and all(part.state is PartState.DELIVERED for part in parts):
        return Verdict(OutboundState.DELIVERED, "", max(parts, key=lambda part: (part.order, part.number)))
    return None


def reason(part: Part) -> str:
    """Why a part was not delivered, in the carrier's words."""
    words = part.stat + (f", error {part.error}" if part.error.strip("0 ") else "")
    return words if part.total == 1 else f"part {part.number} of {part.total}: {words}"
