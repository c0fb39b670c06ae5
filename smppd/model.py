"""The values that cross layers. Plain data: no behaviour beyond what follows from the fields alone."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import datetime


class MessageState(enum.IntEnum):
    """What became of an inbound message (design section 5)."""

    COMPLETE = 0
    INCOMPLETE = 1  # parts were still missing when the waiting time ended
    UNROUTED = 2  # no route takes it; kept and replayable
    BLOCKED = 3  # refused by policy
    QUARANTINED = 4  # could not be read; raw octets kept


class DeliveryState(enum.IntEnum):
    """What became of one message at one system."""

    PENDING = 0
    DELIVERED = 1
    DEAD = 2


class Answer(enum.Enum):
    """What the store says of one received PDU; the carrier is answered accordingly (design, promise 1)."""

    STORED = "stored"  # committed with fsync
    REPEATED = "repeated"  # already committed by an earlier session that could not prove its answer
    TEMPORARY = "temporary"  # cannot be stored now; the carrier keeps it and tries again
    FULL = "full"  # the disk budget is spent; the carrier keeps it


@dataclass(slots=True)
class PartRef:
    """Which part of which concatenated message. `kind` is udh8, udh16 or sar: their references never mix."""

    kind: str
    reference: int
    total: int
    number: int  # 1 .. total


@dataclass(slots=True)
class Received:
    """One PDU from a carrier, read as far as it could be read, on its way to the store.

    Numbers are kept as the carrier wrote them. `body` holds the user data octets without UDH; `text` is None
    for binary content and for parts, which are decoded when the set is joined.
    """

    sender: str
    recipient: str
    body: bytes
    data_coding: int
    esm_class: int
    digest: int  # 64-bit signed, over all that a repeated deliver_sm repeats; see smpp.mapping
    text: str | None = None
    part: PartRef | None = None
    damaged: bool = False  # octets that the alphabet does not know, or an odd UCS-2 length
    label: str = ""  # e.g. dhis2:SIMPLE_EVENT:v2:3
    problem: str = ""  # not empty: quarantined, with this reason; body is then the whole PDU
    header: bytes = b""  # of a part: its UDH, which the joined text is read by


@dataclass(slots=True)
class ReceivedReceipt:
    """A delivery receipt from a carrier, kept until it is matched to the part it speaks of."""

    sender: str
    recipient: str
    message_id: str
    state: str
    stat: str
    error: str
    raw: bytes  # the whole PDU
    digest: int


@dataclass(slots=True)
class Delivery:
    """One inbound message on its way to one system.

    `attempts` counts finished tries; `in_doubt` says that an earlier try may have reached the system although
    no answer was seen (a lost reply, or a stop in the middle).
    """

    id: int
    sender: str
    recipient: str
    text: str | None
    data: bytes | None
    received_at: datetime
    carrier: str
    parts: int
    complete: bool
    label: str
    attempts: int
    in_doubt: bool = False


@dataclass(slots=True)
class Outbound:
    """A message that a system handed us for a phone. `reference` is the system's own id: the pair is unique."""

    system: str
    reference: str
    recipient: str
    text: str
    sender: str = ""


@dataclass(slots=True)
class Compressed:
    """Envelope of a DHIS2 compressed SMS."""

    type: str
    version: int
    submission: int


@dataclass(slots=True)
class Outcome:
    """What one attempt to deliver one message came to.

    Exactly one of: delivered, retry (with `after` seconds when the system named a time), dead (with `reason`).
    `in_doubt` marks a retry after which the system may already have the message.
    """

    verdict: Verdict
    reason: str = ""
    after: float | None = None
    in_doubt: bool = False


class Verdict(enum.Enum):
    """The three ways an attempt ends, and the one that stops asking a system for a while."""

    DELIVERED = "delivered"
    RETRY = "retry"  # this message again later; its sender waits, nobody else
    DEAD = "dead"  # never again by itself
    PAUSE = "pause"  # the system as a whole refuses (credentials, down): no attempt is counted against the message


@dataclass(slots=True)
class BatchResult:
    """What `deliver` returns: one Outcome per delivery in the same order, and messages the answer brought back."""

    outcomes: list[Outcome]
    outbound: list[Outbound] = field(default_factory=list)
