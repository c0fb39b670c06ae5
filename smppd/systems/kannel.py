"""A system made for Kannel: it sends by /cgi-bin/sendsms, and gets messages and reports by URLs with %-codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC

from aiohttp import web
from yarl import URL

from smppd import log
from smppd.desk import Desk, Result
from smppd.model import BatchResult, Delivery, Outcome, Report, Submission, Verdict
from smppd.smpp.outgoing import in_alphabet
from smppd.systems import kannel_reports
from smppd.systems.contract import Context, Kind
from smppd.systems.http import DELIVERED, Answer, ask, callable_url, later, refusal
from smppd.systems.kannel_escapes import Values, expanded
from smppd.systems.kannel_ids import shown
from smppd.systems.kannel_replies import LARGEST, replies
from smppd.systems.kannel_request import Refusal
from smppd.systems.kannel_sendsms import Sendsms
from smppd.systems.numbers import spelled
from smppd.systems.places import Places

_TAKEN = (200, 202)  # nothing else is taken as success by Kannel
_TYPES = ('text/plain; charset="UTF-8"', "application/octet-stream", 'text/plain; charset="UTF-16BE"')
_CHARSETS = ("UTF-8", "8-BIT", "UTF-16BE")
_DATA_CODINGS = (0, 4, 8)
_LATER = (401, 403, 408, 425, 429)
_TRIES = 7  # of what is answered as wrong, about ten minutes: RapidPro says so of a hiccup of its own, too
_REPLIES_AGAIN = 30.0  # seconds after which a reply is handed in again that could not be stored


class Kannel:
    """get_url or post_url for each message, the dlr-url of the message for each report; 200 or 202 takes it."""

    batch = 1
    poll_again = False
    reports = 0

    def __init__(self, context: Context) -> None:
        config = self._config = context.config
        self.concurrency = config.concurrency
        self.poll_every = _REPLIES_AGAIN if config.max_messages else None
        self._http, self._installation, self._region = context.http, context.installation, context.region
        self._posts = config.post_url is not None
        self._template = (config.post_url or config.get_url or "").encode()
        self._service = config.service or context.name
        self._places = Places(config)
        self._replies: dict[str, Submission] = {}
        self._log = log.get("kannel").bind(system=context.name)

    async def deliver(self, batch: list[Delivery]) -> BatchResult:
        result = BatchResult([])
        for delivery in batch:
            if delivery.report is None:
                result.outcomes.append(await self._message(delivery, result.outbound))
            else:
                result.outcomes.append(await self._report(delivery, delivery.report))
        return result

    async def _message(self, delivery: Delivery, outbound: list[Submission]) -> Outcome:
        if not self._template:
            return Outcome(Verdict.DEAD, "neither get_url nor post_url is set: this system takes no messages")
        values = self._values(delivery)
        url = URL(expanded(self._template, values), encoded=True)
        method, headers, body = ("POST", self._headers(values), values.body) if self._posts else ("GET", {}, None)
        limit = LARGEST if self._config.max_messages else 4096
        answer = await ask(self._http, method, url, headers, body, limit)
        if isinstance(answer, Outcome):
            return answer
        if answer.status in _TAKEN:
            self._reply(answer, delivery, outbound)
        return _outcome(answer, url, delivery)

    async def _report(self, delivery: Delivery, report: Report) -> Outcome:
        value = kannel_reports.value(report, extended=self._config.dlr_extended)
        template = str(report.options.extra.get("dlr-url", ""))
        if value is None or not template:
            return Outcome(Verdict.DELIVERED)  # nothing to tell, or nobody
        try:
            url = URL(expanded(template.encode(), self._report_values(delivery, report, value, template)), encoded=True)
        except ValueError:
            url = URL()
        if not callable_url(url):
            return Outcome(Verdict.DEAD, "dlr-url cannot be used", apart=True)
        return await self._places.call(url, report.outbound, lambda: self._told(url, delivery))

    async def _told(self, url: URL, delivery: Delivery) -> Outcome:
        answer = await ask(self._http, "GET", url, {})
        if isinstance(answer, Outcome):
            return Outcome(Verdict.RETRY, answer.reason, answer.after, answer.in_doubt)
        if answer.status in _TAKEN:
            return Outcome(Verdict.DELIVERED)
        if 300 <= answer.status < 400:
            return Outcome(Verdict.RETRY, f"{answer.status}: {url.origin()} redirects; redirects are not followed")
        return _wrong(answer, url, delivery)

    def _values(self, delivery: Delivery) -> Values:
        coding = 1
        body = delivery.data or b""
        if delivery.text is not None:
            coding, body = self._coded(delivery.text)
        return Values(
            self._spelled(delivery.sender),
            self._spelled(delivery.recipient),
            body,
            delivery.received_at,
            delivery.carrier,
            shown(self._installation, delivery.id),
            self._service,
            meta_data="?smpp?",
            coding=coding,
            charset=_CHARSETS[coding],
            data_coding=_DATA_CODINGS[coding],
        )

    def _coded(self, text: str) -> tuple[int, bytes]:
        if self._config.mo_recode or in_alphabet(text):
            return 0, text.encode("utf-8", "replace")
        return 2, text.encode("utf-16-be", "replace")

    def _report_values(self, delivery: Delivery, report: Report, value: int, url: str) -> Values:
        return Values(
            self._spelled(delivery.sender),
            self._spelled(delivery.recipient),
            kannel_reports.answer(report).encode("utf-8", "replace"),
            delivery.received_at,
            delivery.carrier,
            shown(self._installation, report.outbound),
            str(report.options.extra.get("user", "")) or self._service,
            value=value,
            dlr_url=url,
            meta_data=kannel_reports.meta_data(report),
            foreign_id=report.detail.message_id,
            account=str(report.options.extra.get("account", "")),
        )

    def _spelled(self, number: str) -> str:
        return spelled(number, "e164", self._region)

    def _headers(self, values: Values) -> Mapping[str, str]:
        at = values.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
        return {
            "Content-Type": _TYPES[values.coding],
            "X-Kannel-From": values.sender,
            "X-Kannel-To": values.recipient,
            "X-Kannel-Time": at,
            "Date": at,
            "X-Kannel-SMSC": values.carrier,
            "X-Kannel-PID": "0",
            "X-Kannel-Alt-DCS": "0",
            "X-Kannel-Coding": str(values.coding),
            "X-Kannel-Compress": "0",
            "X-Kannel-Service": values.service,
            "X-Kannel-Meta-Data": values.meta_data,
        }

    def _reply(self, answer: Answer, delivery: Delivery, outbound: list[Submission]) -> None:
        """Its reference follows from the message, so that a repeated delivery does not send it twice."""
        try:
            found = replies(answer, self._config, delivery.sender, delivery.recipient, f"reply/{delivery.id}")
        except Refusal as refused:
            self._log.warning("the answer is no reply", message=delivery.id, reason=refused.text)
            return
        self._replies |= {message.reference or "": message for message in found}
        outbound += found

    async def poll(self) -> list[Submission]:
        """Nobody is asked: replies that could not be stored are handed in again."""
        return list(self._replies.values())

    def settled(self, messages: list[Submission], results: list[Result]) -> None:
        for message in messages:
            self._replies.pop(message.reference or "", None)


def _outcome(answer: Answer, url: URL, delivery: Delivery) -> Outcome:
    if answer.status in _TAKEN:
        return DELIVERED
    return refusal(answer, url, "", (delivery.text or "",), (str(url),)) or _wrong(answer, url, delivery)


def _wrong(answer: Answer, url: URL, delivery: Delivery) -> Outcome:
    """Any other status: this one again, but what is said to be the caller's fault not for ever."""
    texts, secrets = (delivery.text or "",), (str(url),)
    if 400 <= answer.status < 500 and answer.status not in _LATER and delivery.attempts + 1 >= _TRIES:
        return Outcome(Verdict.DEAD, answer.said(texts, secrets))
    return later(answer, texts, secrets)


def serve(desk: Desk) -> Iterable[web.RouteDef]:
    """/cgi-bin for all systems of type kannel."""
    return Sendsms(desk).routes()


KANNEL = Kind(deliver=Kannel, serve=serve)
