"""What a system's one file declares.

The forwarder owns queues, order, retries and the circuit; an adapter owns the wire.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import aiohttp

from smppd.config import SystemConfig
from smppd.model import BatchResult, Delivery, Outbound


@dataclass(slots=True)
class Context:
    """What an adapter is given. `installation` is unique to this database and stays with it: ids that a foreign
    system keeps for ever are made from it. `region` is `policy.region`, in which national numbers are read."""

    name: str
    config: SystemConfig
    http: aiohttp.ClientSession
    installation: UUID
    region: str | None = None


class System(Protocol):
    """One foreign system, as the forwarder sees it."""

    batch: int  # most deliveries in one call
    concurrency: int  # most calls at a time
    poll_every: float | None  # seconds between polls when idle; None: this system is never polled
    poll_again: bool  # after `deliver` or `poll`, once `committed` was called: more is waiting, poll without delay

    async def deliver(self, batch: list[Delivery]) -> BatchResult:
        """Try once. Never raises for anything the system does: every way to fail is an Outcome.

        Cancellation may come at any await; an attempt cut short counts as in doubt.
        """

    async def poll(self) -> list[Outbound]:
        """Ask the system for messages to send. Raises `PollFailed` with words for the operator."""

    def committed(self, messages: list[Outbound]) -> None:
        """These messages are in the database now; the system may be told so at its next exchange."""


class PollFailed(Exception):
    """The system could not be asked; `reason` is for the operator, `after` seconds if the system named a time."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.after = reason, after
