"""What a system's one file declares: `Kind` names its two sides, and either may be missing.

`deliver` is the side that calls the system: messages and reports go there, and messages to send are fetched from it.
It runs in a forwarder process, which owns queue, order, retries and the circuit; the adapter owns the wire alone.
`serve` is the side that the system calls: routes, mounted on every listener. It speaks to the desk, which judges,
routes and commits what is submitted; the adapter only translates. Both sides meet in rows and never in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import aiohttp
from aiohttp import web

from smppd.config import SystemConfig
from smppd.desk import Desk, Result
from smppd.model import BatchResult, Delivery, Submission


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
    reports: int  # bits of the OutboundState it wants to hear of, whatever the submission says

    @property
    def poll_again(self) -> bool:
        """After `deliver` or `poll`, once `settled` was called: more is waiting, poll without delay."""

    async def deliver(self, batch: list[Delivery]) -> BatchResult:
        """Try once. Never raises for anything the system does: every way to fail is an Outcome.

        A delivery with a `report` is news of a message that the system sent and that names no callback_url.
        Cancellation may come at any await; an attempt cut short counts as in doubt.
        """

    async def poll(self) -> list[Submission]:
        """Ask the system for messages to send. Raises `PollFailed` with words for the operator."""

    def settled(self, messages: list[Submission], results: list[Result]) -> None:
        """What became of messages that `deliver` or `poll` brought: committed, or refused for good.

        The system may be told at its next exchange. Until then it may hand them out again, and each is known by its
        reference.
        """


@dataclass(slots=True, frozen=True)
class Kind:
    """What one file declares. `serve` is asked once for all systems of its kind.

    `together`: reports go to the same door as messages, in the same calls. Otherwise two adapters are made, each with
    HTTP connections of its own, and one gets reports only: what ails the one side does not touch the other.
    """

    deliver: Callable[[Context], System] | None = None
    serve: Callable[[Desk], Iterable[web.RouteDef]] | None = None
    together: bool = False


class PollFailed(Exception):
    """The system could not be asked; `reason` is for the operator, `after` seconds if the system named a time."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.after = reason, after
