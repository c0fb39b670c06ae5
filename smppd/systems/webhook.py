"""A web application that takes each message as one HTTP request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC
from urllib.parse import quote, urlencode

import orjson
from yarl import URL

from smppd.desk import Result
from smppd.errors import ConfigError
from smppd.model import BatchResult, Delivery, Outcome, Submission, Verdict
from smppd.systems.contract import Context, Kind
from smppd.systems.endpoint import endpoint, header_value
from smppd.systems.http import DELIVERED, UNTOLD, Answer, ask, later, refusal
from smppd.systems.signature import signature


class Webhook:
    """`method`, `format` and `fields` shape the request; any 2xx takes the message."""

    batch = 1
    poll_every: float | None = None
    poll_again = False
    reports = 0

    def __init__(self, context: Context) -> None:
        config = context.config
        self.concurrency = config.concurrency
        self._http = context.http
        self._method = config.method
        self._endpoint = endpoint(context)
        self._url = self._endpoint.url
        self._fields = tuple((theirs, _FIELDS[ours]) for theirs, ours in config.fields.items()) or _ALL
        self._in_url = config.method == "GET" or config.format == "query"
        self._json = config.format == "json"
        self._secret = config.secret.encode() if config.secret is not None else None
        self._retried = frozenset(config.retry_status)
        self._headers = self._standing_headers(context)

    def _standing_headers(self, context: Context) -> dict[str, str]:
        headers: dict[str, str] = {}
        if not self._in_url:
            headers["Content-Type"] = "application/json" if self._json else "application/x-www-form-urlencoded"
        if self._endpoint.authorization is not None:
            headers["Authorization"] = self._endpoint.authorization
        key, given = f"systems.{context.name}.headers", context.config.headers
        own = {name.lower() for name in given}
        if "authorization" in own and "Authorization" in headers:
            raise ConfigError(key, "Authorization is given here, and credentials beside it; give one")
        headers = {name: value for name, value in headers.items() if name.lower() not in own}
        return headers | {header_value(key, name): header_value(f"{key}.{name}", str(given[name])) for name in given}

    async def deliver(self, batch: list[Delivery]) -> BatchResult:
        return BatchResult([await self._deliver(delivery) for delivery in batch])

    async def _deliver(self, delivery: Delivery) -> Outcome:
        if delivery.report is not None:
            return UNTOLD
        url, body = self._request(delivery)
        headers: Mapping[str, str] = self._headers
        if self._secret is not None:
            content = body if body is not None else url.raw_path_qs.encode()
            headers = {**self._headers, **signature(self._secret, content)}
        answer = await ask(self._http, self._method, url, headers, body)
        return answer if isinstance(answer, Outcome) else self._outcome(answer, delivery)

    def _request(self, delivery: Delivery) -> tuple[URL, bytes | None]:
        if self._json and not self._in_url:
            return self._url, orjson.dumps({name: value(delivery) for name, value in self._fields})
        values = [(name, _plain(value(delivery))) for name, value in self._fields]
        if not self._in_url:
            return self._url, urlencode(values).encode()
        base = str(self._url)
        # %20 is read as a blank everywhere, "+" only where the query is read as a form.
        return URL(f"{base}{'&' if '?' in base else '?'}{urlencode(values, quote_via=quote)}", encoded=True), None

    def _outcome(self, answer: Answer, delivery: Delivery) -> Outcome:
        if 200 <= answer.status < 300:
            return DELIVERED
        texts, secrets = (delivery.text or "",), self._endpoint.secrets
        if answer.status in self._retried:
            return later(answer, texts, secrets)
        if answer.status < 400 or answer.status in (401, 403):
            return refusal(answer, self._url, "", texts, secrets) or Outcome(Verdict.DEAD, answer.said(texts, secrets))
        return Outcome(Verdict.DEAD, answer.said(texts, secrets))

    async def poll(self) -> list[Submission]:
        return []

    def settled(self, messages: list[Submission], results: list[Result]) -> None:
        """Nothing to tell: a webhook hands nothing out."""


def _received_at(delivery: Delivery) -> str:
    return delivery.received_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_FIELDS: dict[str, Callable[[Delivery], str | int | None]] = {
    "id": lambda delivery: delivery.id,
    "from": lambda delivery: delivery.sender,
    "to": lambda delivery: delivery.recipient,
    "text": lambda delivery: delivery.text,
    "data": lambda delivery: None if delivery.data is None else delivery.data.hex(),
    "received_at": _received_at,
    "carrier": lambda delivery: delivery.carrier,
    "parts": lambda delivery: delivery.parts,
    "complete": lambda delivery: delivery.complete,
}
_ALL = tuple(_FIELDS.items())


def _plain(value: str | int | None) -> str:
    """As a form or URL holds it: "true" and "false" in lower case, nothing as an empty value."""
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


WEBHOOK = Kind(deliver=Webhook)
