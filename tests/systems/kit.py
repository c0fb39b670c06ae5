"""What the adapter tests share: deliveries, an adapter with its session, and the look for leaks in every outcome."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from smppd.config import SystemConfig
from smppd.desk import Accepted, Result
from smppd.model import BatchResult, Delivery, OutboundState, Outcome, Submission, Verdict
from smppd.systems import TYPES, Context, System, http_session
from smppd.systems.contract import PollFailed

TOKEN, PASSWORD, SECRET, HEADER = "t0ken-Zq81", "pa55word-Xk27", "hm4c-Wv93", "h3ader-Yj46"
SECRETS = (TOKEN, PASSWORD, SECRET, HEADER)
TEXT = "Amina Kilosa malaria c=12"
SENDER = "+255754123456"
INSTALLATION = UUID("8c0c3f5a-6a3c-4b2e-9d39-0d1d5b8a7f10")
RECEIVED = datetime(2026, 1, 31, 8, 15, 0, 250_000, tzinfo=UTC)

DELIVERED, RETRY, DEAD, PAUSE = Verdict.DELIVERED, Verdict.RETRY, Verdict.DEAD, Verdict.PAUSE


def delivery(id: int = 7, **changes: Any) -> Delivery:
    """A delivery of one ordinary text; `changes` are its other fields."""
    plain = Delivery(
        id=id,
        sender=SENDER,
        recipient="15001",
        text=TEXT,
        data=None,
        received_at=RECEIVED,
        carrier="vodacom",
        parts=1,
        complete=True,
        label="",
        attempts=0,
    )
    return replace(plain, **changes)


@asynccontextmanager
async def adapter(kind: str, url: str, region: str | None = None, **config: Any) -> AsyncIterator[System]:
    """The adapter of `kind` at `url`, with a session of its own as the gateway makes it."""
    settings = SystemConfig.model_validate({"type": kind, "url": url, "timeout": "5s", **config})
    async with http_session(settings) as session:
        deliver = TYPES[kind].deliver
        assert deliver is not None
        yield deliver(Context("here", settings, session, INSTALLATION, region))


async def attempt(system: System, *deliveries: Delivery) -> BatchResult:
    """One `deliver`, whose outcomes may show neither a text nor a number nor a secret."""
    result = await system.deliver(list(deliveries))
    assert len(result.outcomes) == len(deliveries)
    for outcome in result.outcomes:
        discreet(outcome.reason, *deliveries)
    return result


async def try_once(system: System, given: Delivery) -> Outcome:
    """The outcome of one delivery."""
    return (await attempt(system, given)).outcomes[0]


def stored(messages: list[Submission]) -> tuple[list[Submission], list[Result]]:
    """What `settled` is told when all of them were committed."""
    return messages, [Accepted(n, OutboundState.QUEUED, 1, "gsm7", "vodacom", True) for n, _ in enumerate(messages, 1)]


async def poll(system: System) -> list[Submission] | PollFailed:
    """What a poll brings, or how it fails."""
    try:
        return await system.poll()
    except PollFailed as failed:
        discreet(failed.reason)
        return failed


def discreet(said: str, *deliveries: Delivery) -> None:
    """Fails when `said` shows what nobody but the system may see."""
    hidden = [*SECRETS, SENDER, SENDER[1:], "754123456", "Amina", "Kilosa"]
    hidden += [given.text for given in deliveries if given.text]
    for secret in hidden:
        assert secret not in said, f"{secret} in {said}"
    assert len(said) < 400
