"""What a session tells its driver."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any

from pdu import AlertNotification, DataSm, DeliverSm, GenericNack, Pdu, Status


class Cause(enum.Enum):
    """Why a connection ended; the values are those of the label `reason` of smppd_link_rebinds_total."""

    ASKED = "asked"  # by us
    REFUSED = "refused"  # the bind
    CLOSED = "closed"  # by the carrier, with or without unbind
    SILENT = "silent"  # no answer in time
    BROKEN = "broken"  # the stream cannot be cut into PDUs
    UNREACHABLE = "unreachable"  # no connection, no TLS, no address
    STORE = "store"  # nothing can be stored now, so nothing is taken


@dataclass(slots=True)
class Bound:
    """The bind stands. `version` is the lower of ours and the carrier's interface_version, e.g. 0x34."""

    system_id: str
    version: int


@dataclass(slots=True)
class BindRefused:
    """The carrier refused the bind with this command_status; Closed follows."""

    status: int


@dataclass(slots=True)
class Delivered:
    """A message or receipt, to be answered with `Session.answer`; `raw` is its whole frame."""

    pdu: DeliverSm | DataSm
    raw: bytes


@dataclass(slots=True)
class Undecodable:
    """A deliver_sm or data_sm whose mandatory part cannot be read, to be answered like one that can.

    `status` is the command_status that describes the fault.
    """

    raw: bytes
    reason: str
    sequence: int
    command_id: int
    status: int


@dataclass(slots=True)
class Alert:
    """alert_notification: a phone can be reached again. It has no response."""

    pdu: AlertNotification


@dataclass(slots=True)
class Response:
    """The answer to a request of ours; `pdu` is its response PDU or a GenericNack.

    `late`: it came after the request had been told Overdue.
    """

    sequence: int
    pdu: Pdu
    late: bool = False
    told: Any = field(default=None, compare=False, repr=False)  # what the driver gave along with the request

    @property
    def status(self) -> int:
        """The command_status; never 0 for a generic_nack, which takes nothing whatever it says."""
        if type(self.pdu) is GenericNack:
            return self.pdu.status or Status.ESME_RUNKNOWNERR
        return self.pdu.status

    @property
    def message_id(self) -> str:
        """The carrier's id of the message, as it is written; "" where the response has none."""
        return getattr(self.pdu, "message_id", "")


@dataclass(slots=True)
class Overdue:
    """A request of ours had no answer in time. Its answer may still come, and takes no more room in the window."""

    sequence: int
    told: Any = field(default=None, compare=False, repr=False)  # what the driver gave along with the request


@dataclass(slots=True)
class Lost:
    """No answer to a request of ours is to be expected any more.

    `written`: it may have reached the carrier, which may or may not have acted on it. Otherwise it certainly has not.
    """

    sequence: int
    written: bool
    told: Any = field(default=None, compare=False, repr=False)  # what the driver gave along with the request


@dataclass(slots=True)
class Proved:
    """The carrier has read the first `count` answers of this session."""

    count: int


@dataclass(slots=True)
class PeerUnbound:
    """The carrier asked to unbind; Closed follows once it has what it is owed."""


@dataclass(slots=True)
class Closed:
    """Nothing more comes from this session; the driver writes what `take` still holds and closes."""

    cause: Cause
    reason: str


Outcome = Response | Overdue | Lost
"""What becomes of a request: exactly one Response or Lost in the end, at most one Overdue before it."""

Event = Bound | BindRefused | Delivered | Undecodable | Alert | Outcome | Proved | PeerUnbound | Closed
