"""What a session tells its driver."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from pdu import AlertNotification, DataSm, DeliverSm, Pdu


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
    """The answer to a request of ours; `pdu` is its response PDU or a GenericNack."""

    sequence: int
    pdu: Pdu


@dataclass(slots=True)
class Expired:
    """A request of ours had no answer in time; the carrier may or may not have acted on it."""

    sequence: int


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


Event = Bound | BindRefused | Delivered | Undecodable | Alert | Response | Expired | Proved | PeerUnbound | Closed
