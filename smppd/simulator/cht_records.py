"""What a CHT server keeps: accounts, outgoing tasks, saved messages, and the words for their states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PERMISSION = "can_access_gateway_api"

#: Update status -> CHT state.
STATES = {
    "UNSENT": "received-by-gateway",
    "PENDING": "forwarded-by-gateway",
    "SENT": "sent",
    "DELIVERED": "delivered",
    "FAILED": "failed",
}
#: How far an update status is; an update never goes back to a lower one.
RANK = {"UNSENT": 0, "PENDING": 1, "SENT": 2, "DELIVERED": 3, "FAILED": 3}


@dataclass(frozen=True, slots=True)
class ChtUser:
    """An account; the role `gateway` gives it the permission."""

    username: str
    password: str
    permissions: tuple[str, ...] = (PERMISSION,)


@dataclass(slots=True)
class Task:
    """One outgoing message of CHT; `history` holds each (state, details) written."""

    uuid: str
    to: str
    content: str
    state: str = "pending"
    due: float = 0.0
    history: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    updates: list[str] = field(default_factory=list)
    handed_out: int = 0

    def enter(self, state: str, details: Mapping[str, str]) -> None:
        """Equal states are written once, unless they come with details."""
        if state != self.state or details:
            self.state = state
            self.history.append((state, details))


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message CHT saved; `door` is "pull" or "rapidpro"."""

    id: str
    sender: str
    content: str
    door: str
