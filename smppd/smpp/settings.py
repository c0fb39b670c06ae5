"""What one session is told before it starts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pdu import STANDARD, Parameters

Bind = Literal["transceiver", "transmitter", "receiver"]

_SENDABLE = frozenset(map(chr, range(1, 256)))  # a C-octet string in Latin-1


@dataclass(slots=True, frozen=True)
class SessionSettings:
    """What a session is told once. Times in seconds; raises ValueError for text that cannot be sent.

    The fields may be longer than the specification allows, as carriers hand out such passwords.
    """

    system_id: str
    password: str = ""
    system_type: str = ""
    bind: Bind = "transceiver"
    version: int = 0x34
    address_range: str = ""
    addr_ton: int = 0
    addr_npi: int = 0
    window: int = 10
    enquire_link: float = 30.0
    response_timeout: float = 60.0
    late_response: float = 600.0  # how long after response_timeout an answer still counts
    bind_timeout: float = 30.0
    unbind_timeout: float = 10.0
    inactivity: float | None = None
    parameters: Parameters = STANDARD

    def __post_init__(self) -> None:
        for name in ("system_id", "password", "system_type", "address_range"):
            if not set(getattr(self, name)) <= _SENDABLE:
                raise ValueError(f"{name} holds a character that SMPP cannot carry")

    @property
    def enquire_answer(self) -> float:
        """How long an enquire_link waits for its answer."""
        return min(15.0, self.enquire_link)

    @property
    def proof_interval(self) -> float:
        """How long the first unproved answer waits for an enquire_link."""
        return min(5.0, self.enquire_link)
