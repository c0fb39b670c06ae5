"""From a request that has passed the checks to what the desk is handed, and from its results to Kannel's answer."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any
from urllib.parse import unquote_plus

from smppd.config import SystemConfig
from smppd.desk import Accepted, Refused, Result
from smppd.model import Options, Submission
from smppd.smpp.outgoing import in_alphabet
from smppd.systems import kannel_reports
from smppd.systems.kannel_checks import DENIED, Checked
from smppd.systems.kannel_request import Refusal

ACCEPTED = "0: Accepted for delivery"
QUEUED = "3: Queued for later delivery"
NOT_ROUTABLE = "Not routable. Do not try again."
TEMPORAL = "Temporal failure, try again later."
LONGEST_SERVICE_TYPE = 5

# What the desk finds wrong -> the words of the answer; the desk's reason follows where nothing of Kannel's says it.
_WORDS = {
    "to": "Receiver number misformed, rejected: ",
    "from": "Sender misformed or not allowed, rejected: ",
    "text": "Text rejected: ",
    "udh": "UDH field misformed, rejected",
    "validity": "Validity field misformed, rejected",
    "send_at": "Deferred field misformed, rejected",
    "service_type": "BInfo field misformed, rejected",
}


def submissions(
    request: Checked, username: str, system: SystemConfig, parameters: Container[str] = ()
) -> list[Submission]:
    """One for each receiver, in order. `parameters` are the optional ones that carriers have by name."""
    url = request.dlr_url or str(system.dlr_url or "")
    mask = request.number("dlr-mask") if url else 0
    extra: dict[str, Any] = {"user": username}
    if report := kannel_reports.states(mask):
        extra |= {"dlr-url": url, "dlr-mask": mask}
    if request.account:
        extra["account"] = request.account
    validity = request.number("validity")
    if not validity:
        raise Refusal(400, "Validity field misformed, rejected")
    now = datetime.now(UTC)
    later = timedelta(minutes=max(0, request.number("deferred")))
    options = Options(
        unmappable=system.unmappable,
        message_class=_class(request),
        udh=request.udh.hex(),
        validity=max(0, validity) * 60,
        protocol_id=max(0, request.number("pid")),
        service_type=request.binfo[:LONGEST_SERVICE_TYPE],
        reply_path=request.number("rpi") > 0,
        data_coding=_data_coding(request),
        intermediate=bool(mask > 0 and mask & kannel_reports.BUFFERED_AT_CARRIER),
        tlvs=_parameters(request.meta_data, parameters) if request.meta_data else {},
        carrier="" if system.carrier else request.smsc,
        extra=extra,
    )
    if request.coding == 2:
        options.coding = "ucs2"
    priority = max(0, request.number("priority"))
    send_at = now + later if later else None
    expires_at = now + timedelta(minutes=validity) if validity > 0 else None
    text, data, sender = request.text, request.data, request.sender
    return [
        Submission(number, text, data, sender, None, priority, send_at, expires_at, report, options)
        for number in request.receivers
    ]


def _class(request: Checked) -> int | None:
    """alt-dcs without a class means class 1, in the form of data_coding that has one."""
    found = request.number("mclass")
    if found < 0 and request.number("alt-dcs") == 1 and request.coding == 0 and not _unusual(request):
        return 1
    return found if found >= 0 and request.text is not None else None


def _unusual(request: Checked) -> bool:
    return request.number("mwi") >= 0


def _data_coding(request: Checked) -> int | None:
    """Only what does not follow from alphabet and class (3GPP TS 23.038 section 4)."""
    waiting, binary = request.number("mwi"), request.data is not None
    if waiting >= 0:
        kind, active = waiting & 3, 0x08 if waiting < 4 else 0
        ucs2 = request.coding == 2 or (request.text is not None and not in_alphabet(request.text))
        if ucs2 or (binary and active):
            return 0xE0 | active | kind
        return (0xD0 if active and (request.text or request.data) else 0xC0) | active | kind
    if not binary:
        return None
    compressed = 0x20 if request.number("compress") == 1 else 0
    given = request.number("mclass")
    if compressed:
        return 0x04 | compressed | (0x10 | given if given >= 0 else 0)
    if given >= 0 or request.number("alt-dcs") == 1:
        return 0xF4 | (given if given >= 0 else 1)
    return None


def _parameters(meta_data: str, known: Container[str]) -> dict[str, str]:
    """Of ?group?key=value&…?group?…: the keys of group smpp that are optional parameters of a carrier."""
    found: dict[str, str] = {}
    for group, values in re.findall(r"\?([^?&=]*)\?([^?]*)", meta_data):
        for pair in values.split("&") if group == "smpp" else ():
            name, _, value = pair.partition("=")
            if unquote_plus(name) in known:
                found[unquote_plus(name)] = unquote_plus(value)
    return found


@dataclass(slots=True)  # not frozen, which takes four times as long to make
class Reply:
    """An HTTP answer of sendsms; `ids` are those of the messages that were stored."""

    status: int
    text: str
    ids: tuple[int, ...] = ()


def reply(asked: Sequence[Submission], results: Sequence[Result], denied: Sequence[str]) -> Reply:
    """202 as soon as one receiver gets it; those that do not are named."""
    accepted = [result for result in results if isinstance(result, Accepted)]
    said = zip(asked, results, strict=True) if len(accepted) < len(results) else ()
    refused = [(each, result) for each, result in said if isinstance(result, Refused)]
    if accepted:
        text = ACCEPTED if any(result.usable for result in accepted) else QUEUED
        if out := [*denied, *(each.recipient for each, _ in refused)]:
            text += f" Denied receivers are: {' '.join(out)}"
        return Reply(202, text, tuple([result.id for result in accepted]))
    _, first = refused[0]
    if first.code == "denied":
        return Reply(400, DENIED)
    if first.code == "unrouted":
        return Reply(403, NOT_ROUTABLE)
    words = _WORDS.get(first.field, f"{first.field} rejected: ")
    return Reply(400, words + first.reason if words.endswith(": ") else words)


def reference(request: Checked, recipient: str, attempt: int) -> str:
    """What stands for this message with its dlr-url, as often as it is asked for; `attempt` counts new beginnings."""
    said: list[object] = [request.dlr_url, recipient, request.sender, request.text, request.data, request.udh]
    digest = blake2b(repr([*said, sorted(request.numbers.items())]).encode(), digest_size=16).hexdigest()
    return f"dlr-url:{digest}:{attempt}"
