"""The values that cross layers. Plain data: no behaviour beyond what follows from the fields alone."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


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


class OutboundState(enum.IntEnum):
    """The life of an outbound message (design section 5). Up to SENT it goes on; DELIVERED and above are its end.

    SCHEDULED and SENDING are written to no message: they follow from its row in outqueue. UNKNOWN may still become
    DELIVERED or UNDELIVERED, when a receipt comes after all.
    """

    SCHEDULED = 0
    QUEUED = 1
    SENDING = 2
    SENT = 3  # the carrier has accepted every part
    DELIVERED = 4  # every part has reached the phone
    UNDELIVERED = 5  # the carrier could not deliver it
    EXPIRED = 6  # its validity ended before a carrier took it
    REJECTED = 7  # the carrier refused it for good
    FAILED = 8  # it cannot be sent: no route is left, or it does not fit the carrier
    DENIED = 9  # by policy, with the rule's name as reason
    CANCELLED = 10
    UNKNOWN = 11  # sent, never confirmed

    @property
    def bit(self) -> int:
        """What stands for this state in a set of states, as column `report` holds one."""
        return 1 << self

    @property
    def final(self) -> bool:
        """Whether nothing more is expected."""
        return self >= OutboundState.DELIVERED


BUFFERED = 1 << 12
"""Bit of a set of states: an intermediate receipt (enroute, accepted) is to be reported too."""


class PartState(enum.IntEnum):
    """What became of one part at its carrier."""

    SENDING = 0  # it may be on the wire; no answer seen
    ACCEPTED = 1
    DELIVERED = 2
    UNDELIVERED = 3  # by its receipt
    REFUSED = 4  # by submit_sm_resp
    UNKNOWN = 5  # in doubt and not sent again, or no receipt in time
    WAITING = 6  # to be sent again: throttled, a temporary error, or a link that was lost
    CANCELLED = 7  # dropped by the carrier, as we asked


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
    keys: tuple[str, ...] = ()  # the forms of message_id under which the part may be known


@dataclass(slots=True)
class ReportDetail:
    """What the carrier said, as far as it said anything; the JSON of column report.detail."""

    message_id: str = ""
    status: int = 0  # command_status of the refusal
    stat: str = ""
    error: str = ""
    text: str = ""  # the receipt's own text
    part: int = 0  # the part that decided, 0: the whole
    parts: int = 1


@dataclass(slots=True)
class Report:
    """News of an outbound message for the system that sent it."""

    outbound: int  # our id of the message
    reference: str | None  # the system's
    state: OutboundState  # SENDING, SENT or a final one; QUEUED stands for an intermediate receipt
    reason: str
    detail: ReportDetail
    sender: str  # of the outbound message
    recipient: str
    options: Options


@dataclass(slots=True)
class Delivery:
    """One inbound message, or news of an outbound one (`report`), on its way to one system.

    For a report, `sender` is the phone and `recipient` our number: it comes from where the message went.

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
    report: Report | None = None

    @property
    def line(self) -> str:
        """What keeps its order: the messages of one sender, the news of one message."""
        return self.sender if self.report is None else f"report of {self.report.outbound}"


@dataclass(slots=True)
class Options:
    """What few outbound messages have; stored as JSON without the fields that have their default.

    `extra` is the adapter's own: what it needs again when it reports (Kannel's dlr-url and mask, account …).
    """

    coding: str = "auto"  # auto, default (the carrier's alphabet or nothing), ucs2, binary
    unmappable: str = "ucs2"  # what becomes of a text that the alphabet has not: pdu.encode_text
    message_class: int | None = None  # 0 to 3; 0 is shown at once and not kept
    udh: str = ""  # hex: other elements of the user data header, its length octet first
    validity: int = 0  # seconds, told to the carrier as well; 0: only ours counts
    protocol_id: int = 0
    service_type: str = ""
    reply_path: bool = False
    data_coding: int | None = None  # as it is, against all derivation
    intermediate: bool = False  # ask for news on the way, too
    tlvs: dict[str, str] = field(default_factory=dict)  # name as configured -> value
    carrier: str = ""  # only this one
    callback_url: str = ""  # JSON, signed with the system's secret
    extra: dict[str, Any] = field(default_factory=dict)


NO_OPTIONS = Options()
"""What most messages have, shared by them: never changed."""


@dataclass(slots=True)
class Submission:
    """A message for a phone, as a system asks for it.

    `reference` is the system's own id: with the system's name it stands for one message, however often it is asked.
    `report` is a set of OutboundState bits: the states the system wants to hear of.
    """

    recipient: str
    text: str | None = None  # None: `data` holds 8-bit content
    data: bytes | None = None
    sender: str = ""  # "": the system's first
    reference: str | None = None
    priority: int = 0  # 0 to 3
    send_at: datetime | None = None
    expires_at: datetime | None = None  # None: the system's validity from now on
    report: int = 0
    options: Options = field(default_factory=Options)


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
    `in_doubt` marks a retry after which the system may already have the message. `apart` marks what went elsewhere than
    to the system and says nothing of it; with PAUSE: it was not tried, because that place is not asked just now.
    """

    verdict: Verdict
    reason: str = ""
    after: float | None = None
    in_doubt: bool = False
    apart: bool = False


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
    outbound: list[Submission] = field(default_factory=list)
