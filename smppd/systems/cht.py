"""The Community Health Toolkit's own gateway protocol, `POST /api/sms` (source: cht-core, controllers/sms-gateway.js).

One exchange carries received messages and status updates up and brings messages to send back. CHT knows received
messages by their id, so any exchange may be repeated; but two at a time would be saved twice.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid5

import orjson

from smppd import log
from smppd.desk import Refused, Result
from smppd.model import BatchResult, Delivery, Outcome, Submission, Verdict
from smppd.systems.cht_updates import REPORTED, Update, Updates, of_report, of_result
from smppd.systems.contract import Context, Kind, PollFailed
from smppd.systems.endpoint import endpoint
from smppd.systems.http import DELIVERED, Answer, ask, refusal
from smppd.systems.numbers import spelled

_PATH = "/api/sms"
_HAND_OUT = 25  # most messages CHT hands out at a time
_LONGEST_ANSWER = 4_194_304  # octets
_MOST_TAKEN = 1000  # messages of one answer; what is not acknowledged is handed out again
_LONGEST_ID = 255  # characters, as many as a reference may have; CHT's have 36
_LOGIN_WAIT = 15.0  # seconds; CHT counts failed logins over 10
_SUSPECT = 2  # failed attempts after which a message is sent alone, in case it is the cause


@dataclass(slots=True)
class _Exchange:
    """What came of one POST: an Outcome for all that it carried, and what CHT handed out."""

    outcome: Outcome
    outbound: list[Submission] = field(default_factory=list)
    by_content: bool = False  # it may have failed because of what it carried


class Cht:
    """One CHT server. Deliveries and polls take turns."""

    concurrency = 1
    reports = REPORTED

    def __init__(self, context: Context) -> None:
        self._name, self._http = context.name, context.http
        self._installation, self._region = context.installation, context.region
        self.batch = context.config.batch
        self.poll_every: float | None = context.config.poll
        self.poll_again = False
        self._endpoint = endpoint(context, _PATH)
        # CHT compares the content type octet by octet, and without Accept it answers with redirects and text.
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._endpoint.authorization is not None:
            self._headers["Authorization"] = self._endpoint.authorization
        self._log = log.get("cht").bind(system=context.name)
        self._turn = asyncio.Lock()
        self._updates = Updates()
        self._handed_out: set[str] = set()  # ids of the last hand-out

    async def deliver(self, batch: list[Delivery]) -> BatchResult:
        """As few exchanges as possible. What failed before goes alone, so that it fails alone.

        After a failure of a sender's message, the later ones of that sender are not tried; so it is with reports.
        """
        outcomes = [_unfit(delivery) for delivery in batch]
        outbound: list[Submission] = []
        failed: Outcome | None = None
        held: dict[str, Outcome] = {}
        for group in _groups(batch, outcomes):
            for index in group:
                outcomes[index] = failed or held.get(batch[index].line)
            free = [index for index in group if outcomes[index] is None]
            if not free:
                continue
            exchange = await self._exchange([batch[index] for index in free])
            outbound += exchange.outbound
            for index in free:
                outcomes[index] = exchange.outcome
            if exchange.outcome.verdict in (Verdict.RETRY, Verdict.PAUSE):
                if exchange.by_content and len(free) == 1:
                    held[batch[free[0]].line] = exchange.outcome
                else:
                    failed = exchange.outcome
        return BatchResult([outcome or DELIVERED for outcome in outcomes], outbound)

    async def poll(self) -> list[Submission]:
        exchange = await self._exchange([])
        if exchange.outcome.verdict is not Verdict.DELIVERED:
            raise PollFailed(exchange.outcome.reason, exchange.outcome.after)
        return exchange.outbound

    def settled(self, messages: list[Submission], results: list[Result]) -> None:
        """CHT hands the same messages out until it hears of them.

        One that it hands out again is known by its id and never sent again: CHT is told what became of it.
        """
        for message, result in zip(messages, results, strict=True):
            if isinstance(result, Refused) and result.code == "conflict":
                self._log.warning("handed out again with other content; not sent again", message=result.id)
            self._updates.note(of_result(message.reference or "", result))

    async def _exchange(self, items: list[Delivery]) -> _Exchange:
        async with self._turn:
            messages = [self._item(delivery) for delivery in items if delivery.report is None]
            news = [of_report(delivery.report) for delivery in items if delivery.report is not None]
            updates = self._updates.take(filter(None, news))
            body = orjson.dumps({"messages": messages, "updates": [update.json() for update in updates]})
            self.poll_again = False
            answer = await ask(self._http, "POST", self._endpoint.url, self._headers, body, _LONGEST_ANSWER)
            if isinstance(answer, Outcome):
                return _Exchange(Outcome(answer.verdict, answer.reason, answer.after))
            if answer.status != 200:
                return self._refused(answer, items)
            handed = _messages(answer)
            if handed is None:
                words = f"{self._endpoint.url.origin()} answered 200 with something that is not CHT's; is url right?"
                return _Exchange(Outcome(Verdict.RETRY, words, in_doubt=True))
            self._updates.heard(updates)
            return _Exchange(DELIVERED, self._taken(handed))

    def _item(self, delivery: Delivery) -> dict[str, str | int]:
        return {
            "id": str(uuid5(self._installation, f"in:{delivery.id}")),
            "from": spelled(delivery.sender, "e164", self._region),
            "content": delivery.text or "",
            "sms_received": int(delivery.received_at.timestamp() * 1000),
        }

    def _refused(self, answer: Answer, items: list[Delivery]) -> _Exchange:
        """Anything but 200 acknowledges nothing."""
        texts = [delivery.text or "" for delivery in items]
        said = answer.said(texts, self._endpoint.secrets)
        if answer.status == 413 and len(items) == 1:
            return _Exchange(Outcome(Verdict.DEAD, said))
        if answer.status in (413, 500):
            return _Exchange(Outcome(Verdict.RETRY, said), by_content=True)
        outcome = refusal(answer, self._endpoint.url, _PATH, texts, self._endpoint.secrets)
        if outcome is None:
            # No message is at fault in these: the interface is elsewhere, or something between us changes requests.
            outcome = Outcome(Verdict.RETRY if answer.status > 500 else Verdict.PAUSE, f"{said}; is url right?")
        if answer.status == 429 and outcome.after is None:
            outcome.after = _LOGIN_WAIT
        outcome.in_doubt = False
        return _Exchange(outcome)

    def _taken(self, handed: list[Any]) -> list[Submission]:
        """The messages of a hand-out; what is malformed is reported to the log, and to CHT where it has an id."""
        taken: list[Submission] = []
        malformed = 0
        for item in handed[:_MOST_TAKEN]:
            reference, recipient, text = (_field(item, name) for name in ("id", "to", "content"))
            if len(reference) > _LONGEST_ID:
                reference = ""
            if reference and recipient and text:
                taken.append(Submission(recipient, text, reference=reference))
                continue
            malformed += 1
            if reference:
                reason = "generic; empty content" if recipient else "destination.invalid"
                self._updates.note(Update(reference, "FAILED", reason))
        if malformed:
            self._log.warning("handed out without id, to or content; reported back as failed", count=malformed)
        ids = {message.reference or "" for message in taken}
        # The same hand-out again means that nothing got through meanwhile; asking at once would go on for ever.
        self.poll_again = len(handed) >= _HAND_OUT and not ids <= self._handed_out
        self._handed_out = ids
        return taken


def _unfit(delivery: Delivery) -> Outcome | None:
    """CHT drops such messages without a word (it answers 200), so they end here; of a report, what tells it nothing."""
    if delivery.report is not None:
        if delivery.report.reference is None:
            return Outcome(
                Verdict.DEAD, "nobody to tell: CHT did not hand this message out, and there is no callback_url"
            )
        return None if of_report(delivery.report) is not None else DELIVERED
    if delivery.text is None:
        return Outcome(Verdict.DEAD, "binary: CHT takes text only")
    if not delivery.text:
        return Outcome(Verdict.DEAD, "empty: CHT drops it")
    if not delivery.sender:
        return Outcome(Verdict.DEAD, "no sender: CHT drops it")
    return None


def _groups(batch: list[Delivery], outcomes: Sequence[Outcome | None]) -> list[list[int]]:
    """Indexes of the deliveries without an outcome, in order: those under suspicion alone, the others together."""
    groups: list[list[int]] = []
    alone = True
    for index, delivery in enumerate(batch):
        if outcomes[index] is not None:
            continue
        suspect = delivery.attempts >= _SUSPECT
        if suspect or alone:
            groups.append([index])
        else:
            groups[-1].append(index)
        alone = suspect
    return groups


def _messages(answer: Answer) -> list[Any] | None:
    """`messages` of CHT's answer; None for an answer that is not CHT's."""
    if not answer.whole:
        return None
    try:
        value = json.loads(answer.body)  # takes halves of emoji, which CHT's cutting can leave and orjson refuses
    except (ValueError, RecursionError):
        return None
    handed = value.get("messages") if isinstance(value, dict) else None
    return handed if isinstance(handed, list) else None


def _field(item: object, name: str) -> str:
    """A text of an item as the database can hold it; "" when there is none."""
    value = item.get(name) if isinstance(item, dict) else None
    if not isinstance(value, str):
        return ""
    return value.replace("\0", "").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


CHT = Kind(deliver=Cht, together=True)
