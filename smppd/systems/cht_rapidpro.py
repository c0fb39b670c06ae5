"""CHT's door for RapidPro's incoming messages (source: cht-core, controllers/rapidpro.js).

For sites that keep their `outgoing_service`: it works whatever that is.
"""

from __future__ import annotations

from uuid import uuid5

import orjson

from smppd.desk import Result
from smppd.errors import ConfigError
from smppd.model import BatchResult, Delivery, Outcome, Submission, Verdict
from smppd.systems.contract import Context, Kind
from smppd.systems.endpoint import endpoint
from smppd.systems.http import DELIVERED, UNTOLD, Answer, ask, refusal
from smppd.systems.numbers import spelled

_PATHS = {
    "v2": "/api/v2/sms/rapidpro/incoming-messages",  # from CHT 4.1
    "v1": "/api/v1/sms/radpidpro/incoming-messages",  # from CHT 3.11; misspelt there
}
_UNKNOWN = frozenset((500, 502, 504))  # after these CHT may have saved the message


class ChtRapidpro:
    """One CHT server. It refuses a known id, so a repeat is safe, and its refusal is then good news."""

    batch = 1
    poll_every: float | None = None
    poll_again = False
    reports = 0  # in this mode CHT sends through another service, and asks that one for the states

    def __init__(self, context: Context) -> None:
        config = context.config
        if config.token is None:
            raise ConfigError(f"systems.{context.name}.token", "it is missing: CHT's credential rapidpro:incoming")
        self._http = context.http
        self._installation, self._region = context.installation, context.region
        self.concurrency = config.concurrency
        self._path = _PATHS[config.path]
        self._endpoint = endpoint(context, self._path, "Token")
        self._headers = {
            "Authorization": self._endpoint.authorization or "",
            "Content-Type": "application/json",
            "Accept": "application/json",
        }

    async def deliver(self, batch: list[Delivery]) -> BatchResult:
        return BatchResult([await self._deliver(delivery) for delivery in batch])

    async def poll(self) -> list[Submission]:
        return []

    def settled(self, messages: list[Submission], results: list[Result]) -> None:
        """Nothing to tell: CHT sends by calling us."""

    async def _deliver(self, delivery: Delivery) -> Outcome:
        if delivery.report is not None:
            return UNTOLD
        if not delivery.text:
            kind = "binary: CHT takes text only" if delivery.text is None else "empty: CHT refuses it"
            return Outcome(Verdict.DEAD, kind)
        body = orjson.dumps(
            {
                "id": str(uuid5(self._installation, f"in:{delivery.id}")),
                "from": spelled(delivery.sender, "e164", self._region),
                "content": delivery.text,
            }
        )
        answer = await ask(self._http, "POST", self._endpoint.url, self._headers, body)
        return answer if isinstance(answer, Outcome) else self._judged(delivery, answer)

    def _judged(self, delivery: Delivery, answer: Answer) -> Outcome:
        status, texts, secrets = answer.status, (delivery.text or "",), self._endpoint.secrets
        if answer.is_web_page and status < 300:
            at = self._endpoint.url.origin()
            return Outcome(Verdict.PAUSE, f"{status}: {at} shows a web page, not CHT's interface; is url right?")
        if status < 300:
            return DELIVERED
        said = answer.said(texts, secrets)
        if status == 400 and b"Message was not saved" in answer.body:
            if delivery.in_doubt:
                return Outcome(Verdict.DELIVERED, "CHT has it from an earlier attempt")
            return Outcome(Verdict.DEAD, said)
        outcome = refusal(answer, self._endpoint.url, self._path, texts, secrets)
        if outcome is None and status in (404, 405):
            outcome = Outcome(Verdict.PAUSE, f'{said}; is url right? CHT before 4.1 needs path = "v1"')
        if outcome is None:
            outcome = Outcome(Verdict.RETRY if status >= 500 else Verdict.DEAD, said)
        outcome.in_doubt = outcome.verdict is Verdict.RETRY and status in _UNKNOWN
        return outcome


CHT_RAPIDPRO = Kind(deliver=ChtRapidpro)
