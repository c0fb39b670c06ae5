"""What became of a message, told to the URL that the message named (`callback_url`), whatever the type of its system.

One POST of JSON for each report, any 2xx takes it. The URL may be anybody's: redirects are not followed, and the place
it names is left alone for a while when it fails, without a word on the system itself.
"""

from __future__ import annotations

import asyncio
from datetime import UTC

import aiohttp
import orjson
from yarl import URL

from smppd.config import SystemConfig
from smppd.desk import Result
from smppd.model import BatchResult, Delivery, OutboundState, Outcome, Report, Submission, Verdict
from smppd.systems.contract import Context, System
from smppd.systems.http import ask, callable_url, later
from smppd.systems.places import Places
from smppd.systems.signature import signature

_UNUSABLE = "callback_url cannot be used: it must begin with http:// or https:// and a host"


class Callbacks:
    """The adapter of a system with its callbacks: `inner` sees only what is for the system itself."""

    def __init__(self, inner: System, context: Context) -> None:
        self._inner = inner
        self._caller = Caller(context.config, context.http)
        self.batch, self.concurrency = inner.batch, inner.concurrency
        self.poll_every, self.reports = inner.poll_every, inner.reports
        self._places = asyncio.Semaphore(context.config.concurrency)

    @property
    def poll_again(self) -> bool:
        return self._inner.poll_again

    async def deliver(self, batch: list[Delivery]) -> BatchResult:
        """The system's own in one call, as ever; each of the others to its URL, those of one message in order."""
        own = [at for at, delivery in enumerate(batch) if not _called(delivery)]
        lines: dict[str, list[int]] = {}
        for at, delivery in enumerate(batch):
            if _called(delivery):
                lines.setdefault(delivery.line, []).append(at)
        if not lines:
            return await self._inner.deliver(batch)
        outcomes: dict[int, Outcome] = {}
        async with asyncio.TaskGroup() as group:
            inner = group.create_task(self._inner.deliver([batch[at] for at in own])) if own else None
            for line in lines.values():
                group.create_task(self._in_order(batch, line, outcomes))
        result = inner.result() if inner is not None else BatchResult([])
        outcomes.update(zip(own, result.outcomes, strict=True))
        return BatchResult([outcomes[at] for at in range(len(batch))], result.outbound)

    async def _in_order(self, batch: list[Delivery], line: list[int], outcomes: dict[int, Outcome]) -> None:
        waiting: Outcome | None = None
        for at in line:
            if waiting is None:
                async with self._places:
                    outcome = await self._caller.tell(batch[at])
            else:
                outcome = waiting
            if outcome.verdict in (Verdict.RETRY, Verdict.PAUSE):
                waiting = outcome
            outcomes[at] = outcome

    async def poll(self) -> list[Submission]:
        return await self._inner.poll()

    def settled(self, messages: list[Submission], results: list[Result]) -> None:
        self._inner.settled(messages, results)


class Caller:
    """Calls the URLs of one system's messages. Signed when the system has a `secret`."""

    def __init__(self, config: SystemConfig, http: aiohttp.ClientSession) -> None:
        self._http = http
        self._secret = config.secret.encode() if config.secret is not None else None
        self._retried = frozenset(config.retry_status)
        self._places = Places(config)

    async def tell(self, delivery: Delivery) -> Outcome:
        """One try. The outcome says nothing of the system; PAUSE: its place is not asked just now."""
        report = delivery.report
        assert report is not None
        url = _usable(report.options.callback_url)
        if url is None:
            return Outcome(Verdict.DEAD, _UNUSABLE, apart=True)
        return await self._places.call(url, report.outbound, lambda: self._called(url, report, delivery))

    async def _called(self, url: URL, report: Report, delivery: Delivery) -> Outcome:
        body = orjson.dumps(told(report, delivery))
        headers = {"Content-Type": "application/json"}
        if self._secret is not None:
            headers |= signature(self._secret, body)
        answer = await ask(self._http, "POST", url, headers, body)
        texts = (report.detail.text, report.reference or "")
        if isinstance(answer, Outcome):
            # The network failed, or the URL: what is wrong with it for good was refused above.
            return Outcome(Verdict.RETRY, answer.reason, answer.after, answer.in_doubt)
        if 200 <= answer.status < 300:
            return Outcome(Verdict.DELIVERED)
        if 300 <= answer.status < 400:
            return Outcome(Verdict.RETRY, f"{answer.status}: {url.origin()} redirects; redirects are not followed")
        if answer.status in self._retried or answer.status in (401, 403):
            return later(answer, texts, self._secrets())
        return Outcome(Verdict.DEAD, answer.said(texts, self._secrets()))

    def _secrets(self) -> tuple[str, ...]:
        return (self._secret.decode(),) if self._secret is not None else ()


def told(report: Report, delivery: Delivery) -> dict[str, str | int | None]:
    """The report as JSON has it. `report` is the same in every repeat of it; states are those of the API."""
    detail = report.detail
    at = delivery.received_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {
        "report": delivery.id,
        "id": report.outbound,
        "reference": report.reference,
        "state": word(report.state),
        "reason": report.reason,
        "from": report.sender,
        "to": report.recipient,
        "at": at,
        "message_id": detail.message_id,
        "status": detail.status,
        "stat": detail.stat,
        "error": detail.error,
        "text": detail.text,
        "part": detail.part,
        "parts": detail.parts,
    }


def word(state: OutboundState) -> str:
    """The state's name for others. In a report QUEUED stands for an intermediate receipt: the carrier still has it."""
    return "intermediate" if state is OutboundState.QUEUED else state.name.lower()


def _called(delivery: Delivery) -> bool:
    return delivery.report is not None and delivery.report.options.callback_url != ""


def _usable(text: str) -> URL | None:
    try:
        url = URL(text).with_fragment(None)
    except ValueError:
        return None
    return url if callable_url(url) else None
