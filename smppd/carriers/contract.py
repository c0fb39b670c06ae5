"""What every carrier is to the gateway, whatever moves its messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(slots=True, frozen=True)
class LinkStatus:
    """Where one connection to a carrier stands; `state` is one of those of smppd_link_state."""

    carrier: str
    link: int
    kind: str  # transceiver, transmitter, receiver
    state: str
    reason: str
    endpoint: str  # the address last tried


class Carrier(Protocol):
    """One carrier. It takes in by itself what comes; the sender asks it to move what goes out."""

    name: str

    async def run(self) -> None:
        """Serve until `stop`. A carrier that cannot be reached is no reason to end."""

    async def stop(self, deadline: float) -> None:
        """End in order, at `deadline` on the loop's clock at the latest."""

    def states(self) -> list[LinkStatus]:
        """Where its links stand."""
