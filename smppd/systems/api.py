"""A system that calls our API and is called by nobody but the callbacks its messages ask for."""

from __future__ import annotations

from smppd.desk import Result
from smppd.model import BatchResult, Delivery, Outcome, Submission, Verdict
from smppd.systems.contract import Context, Kind
from smppd.systems.http import UNTOLD

_NOT_CALLED = Outcome(Verdict.DEAD, "a system of type api takes no messages")


class Api:
    """Takes no messages of its own accord."""

    batch = 1
    poll_every: float | None = None
    poll_again = False
    reports = 0

    def __init__(self, context: Context) -> None:
        self.concurrency = context.config.concurrency

    async def deliver(self, batch: list[Delivery]) -> BatchResult:
        return BatchResult([_NOT_CALLED if delivery.report is None else UNTOLD for delivery in batch])

    async def poll(self) -> list[Submission]:
        return []

    def settled(self, messages: list[Submission], results: list[Result]) -> None:
        """Nothing to tell: it hands nothing out."""


API = Kind(deliver=Api)
