"""DHIS2 2.29 to 2.43: each message as one `POST /api/sms/inbound` (source: dhis2-core, SmsInboundController).

DHIS2 knows no repeats: whatever is posted twice is stored twice. So nothing is sent again without need, and after
an answer that leaves a doubt only a few times.
"""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC
from urllib.parse import urlencode

import orjson

from smppd.compressed import Damaged, is_base64, read
from smppd.desk import Result
from smppd.model import BatchResult, Delivery, Outcome, Submission, Verdict
from smppd.systems.contract import Context, Kind
from smppd.systems.endpoint import endpoint, header_value
from smppd.systems.http import DELIVERED, UNTOLD, Answer, ask, refusal
from smppd.systems.numbers import spelled

_PATH = "/api/sms/inbound"
_LOST_REPLIES = 2  # repeats after a reply that never came
_REMEMBERED = 10_000  # deliveries whose doubtful tries are counted
_TOKEN_WAIT = 900.0  # seconds until a sender's own refused token is tried again

#: How DHIS2 begins a 409, and what it means to the operator.
_CONFLICTS = (
    ("not registered in the system", "unknown sender: no DHIS2 user has this phone number; register it, then replay"),
    (
        "Originator's number does not match",
        "originator mismatch: DHIS2 takes this text only from the account's own number; "
        "see credentials_by_sender and compressed_originator",
    ),
    ("value too long", "too long: a column of DHIS2 does not hold it; see max_text"),
    ("Originator must be specified", "empty originator"),
    ("Message must be specified", "empty message"),
)


class Dhis2:
    """One DHIS2 installation; the way of asking is JSON or a form, as `variant` says."""

    batch = 1
    poll_every: float | None = None
    poll_again = False
    reports = 0  # DHIS2 asks nobody what became of an SMS and has no door to be told at

    def __init__(self, context: Context) -> None:
        self._config = config = context.config
        self._http = context.http
        self._region = context.region
        self.concurrency = config.concurrency
        self._endpoint = endpoint(context, _PATH, "ApiToken")
        self._headers = {
            "Accept": "application/json",
            "Content-Type": "application/json"
            if config.variant == "json"
            else "application/x-www-form-urlencoded; charset=UTF-8",
        }
        self._own_tokens = {
            self._spelled(sender): header_value(f"systems.{context.name}.credentials_by_sender", f"ApiToken {token}")
            for sender, token in config.credentials_by_sender.items()
        }
        self._doubts: OrderedDict[int, int] = OrderedDict()  # delivery id -> tries that DHIS2 may have stored

    async def deliver(self, batch: list[Delivery]) -> BatchResult:
        return BatchResult([await self._deliver(delivery) for delivery in batch])

    async def poll(self) -> list[Submission]:
        return []

    def settled(self, messages: list[Submission], results: list[Result]) -> None:
        """Nothing to tell: DHIS2 sends by calling us."""

    async def _deliver(self, delivery: Delivery) -> Outcome:
        if delivery.report is not None:
            return UNTOLD
        text = delivery.text
        if not text:
            return Outcome(Verdict.DEAD, "binary: DHIS2 takes text only" if text is None else "empty: DHIS2 refuses it")
        found = read(text)
        if isinstance(found, Damaged) and self._config.damaged == "park":
            words = f"damaged compressed SMS ({found.type} v{found.version}, submission {found.submission})"
            return Outcome(Verdict.DEAD, f"{words}: characters or parts were lost on the way; have it sent again")
        if found is None and self._config.break_base64 == "space" and is_base64(text):
            text += " "  # DHIS2 would take it for a compressed SMS, and refuse it from any number but the account's
        if self._config.max_text != "off" and len(text) > self._config.max_text:
            return Outcome(Verdict.DEAD, f"too long: {len(text)} characters, max_text is {self._config.max_text}")
        originator = self._spelled(delivery.sender)
        own_token = self._own_tokens.get(originator)
        if found is not None and own_token is None and self._config.compressed_originator is not None:
            originator = self._config.compressed_originator
        authorization = own_token or self._endpoint.authorization
        headers = self._headers if authorization is None else {**self._headers, "Authorization": authorization}
        answer = await ask(self._http, "POST", self._endpoint.url, headers, self._body(delivery, originator, text))
        if isinstance(answer, Outcome):
            outcome = self._doubted(delivery, answer.reason, _LOST_REPLIES) if answer.in_doubt else answer
        elif own_token is not None and _refuses_credentials(answer):
            # One sender's token says nothing of the others: only this sender waits.
            said = answer.said((text,), self._endpoint.secrets)
            outcome = Outcome(
                Verdict.RETRY, f"this sender's token (credentials_by_sender) is refused: {said}", _TOKEN_WAIT
            )
        else:
            outcome = self._judged(delivery, answer)
        if outcome.verdict in (Verdict.DELIVERED, Verdict.DEAD):
            self._doubts.pop(delivery.id, None)
        return outcome

    def _spelled(self, number: str) -> str:
        return spelled(number, self._config.originator, self._region)

    def _body(self, delivery: Delivery, originator: str, text: str) -> bytes:
        # Whole seconds in UTC: read alike by all versions, in both variants, wherever the server's clock stands.
        received = delivery.received_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        gateway = self._config.gateway
        if self._config.variant == "json":
            return orjson.dumps(
                {"originator": originator, "text": text, "gatewayid": gateway, "receiveddate": received}
            )
        return urlencode(
            {"originator": originator, "message": text, "receivedTime": received, "gateway": gateway}
        ).encode()

    def _judged(self, delivery: Delivery, answer: Answer) -> Outcome:
        texts, secrets = (delivery.text or "",), self._endpoint.secrets
        status = answer.status
        if answer.is_web_page and (200 <= status < 300 or status == 404):
            where = f"{status}: {self._endpoint.url.origin()} shows a web page, not DHIS2's interface"
            return Outcome(Verdict.PAUSE, f"{where}; it is starting, or url is wrong")
        if 200 <= status < 300:
            return DELIVERED
        general = refusal(answer, self._endpoint.url, _PATH, texts, secrets)
        if general is not None:
            return general
        said = answer.said(texts, secrets)
        if status == 500:
            if self._config.accept_500_as_stored:
                return Outcome(Verdict.DELIVERED, "500, which accept_500_as_stored takes as stored")
            return self._doubted(delivery, said, self._config.retries_on_500)
        if _refuses_credentials(answer):
            return Outcome(Verdict.PAUSE, f"token malformed: {said}")
        if status == 409:
            body = answer.body.decode("utf-8", "replace")
            label = next((label for words, label in _CONFLICTS if words in body), None)
            return Outcome(Verdict.DEAD, label or said)
        return Outcome(Verdict.RETRY if status > 500 else Verdict.DEAD, said)

    def _doubted(self, delivery: Delivery, reason: str, repeats: int) -> Outcome:
        """Again, unless that was the last of `repeats`. What was in doubt before a restart counts as one try."""
        tries = self._doubts.pop(delivery.id, int(delivery.in_doubt)) + 1
        if tries > repeats:
            return Outcome(Verdict.DEAD, f"{reason}; tried {tries} times, not repeated lest DHIS2 stores it again")
        self._doubts[delivery.id] = tries
        if len(self._doubts) > _REMEMBERED:
            self._doubts.popitem(last=False)
        return Outcome(Verdict.RETRY, reason, in_doubt=True)


def _refuses_credentials(answer: Answer) -> bool:
    """401, 403, and the 400 that a token of the wrong form gets."""
    return answer.status in (401, 403) or (answer.status == 400 and b"invalid_request" in answer.body)


DHIS2 = Kind(deliver=Dhis2)
