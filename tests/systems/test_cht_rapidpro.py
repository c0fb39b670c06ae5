"""CHT's RapidPro door: a refusal after a lost reply means that CHT has the message."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid5

import pytest

from smppd.errors import ConfigError
from smppd.model import Outcome
from smppd.simulator.cht import Cht
from smppd.simulator.standin import Failure
from tests.systems.kit import (
    DEAD,
    DELIVERED,
    INSTALLATION,
    PAUSE,
    RETRY,
    SENDER,
    TEXT,
    TOKEN,
    adapter,
    delivery,
    try_once,
)

NOT_SAVED = Failure(400, {}, b'{"code":400,"error":"Message was not saved"}')
REFUSED = "credentials or rights refused: "


@pytest.fixture
async def cht() -> AsyncIterator[Cht]:
    server = Cht(incoming_key=TOKEN)
    await server.start()
    yield server
    assert server.saved_twice == set()
    await server.stop()


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("v2", "/api/v2/sms/rapidpro/incoming-messages"),
        ("v1", "/api/v1/sms/radpidpro/incoming-messages"),
    ],
)
async def test_the_request_is_what_cht_asks_for(path: str, target: str, cht: Cht) -> None:
    async with adapter("cht-rapidpro", cht.url + "/", token=TOKEN, path=path) as system:
        assert await try_once(system, delivery(sender=SENDER[1:])) == Outcome(DELIVERED)
    (seen,) = cht.requests
    assert (seen.method, seen.target) == ("POST", target)
    assert seen.headers["Authorization"] == f"Token {TOKEN}"
    assert seen.headers["Content-Type"] == "application/json"
    assert json.loads(seen.body) == {"id": str(uuid5(INSTALLATION, "in:7")), "from": SENDER, "content": TEXT}


# label: (what CHT answers, changes of the delivery, outcome)
ANSWERS: dict[str, tuple[Failure, dict[str, Any], Outcome]] = {
    "not saved at first": (NOT_SAVED, {}, Outcome(DEAD, "400 Bad Request: Message was not saved")),
    "not saved after refusals": (NOT_SAVED, {"attempts": 3}, Outcome(DEAD, "400 Bad Request: Message was not saved")),
    "not saved after a doubt": (
        NOT_SAVED,
        {"attempts": 1, "in_doubt": True},
        Outcome(DELIVERED, "CHT has it from an earlier attempt"),
    ),
    "no body": (
        Failure(400, {}, b'{"code":400,"error":"Request body is required"}'),
        {"in_doubt": True},
        Outcome(DEAD, "400 Bad Request: Request body is required"),
    ),
    "no key": (
        Failure(403, {}, b'{"code":403,"error":"No incoming key configured"}'),
        {},
        Outcome(PAUSE, f"{REFUSED}403 Forbidden: No incoming key configured"),
    ),
    "401": (Failure(401), {}, Outcome(PAUSE, f"{REFUSED}401 Unauthorized")),
    "404": (Failure(404), {}, Outcome(PAUSE, '404 Not Found; is url right? CHT before 4.1 needs path = "v1"')),
    "429": (Failure(429, {"Retry-After": "9"}), {}, Outcome(RETRY, "429 Too Many Requests", 9.0)),
    "500": (Failure(500), {}, Outcome(RETRY, "500 Internal Server Error", in_doubt=True)),
    "502": (Failure(502), {}, Outcome(RETRY, "502 Bad Gateway", in_doubt=True)),
    "503": (Failure(503), {}, Outcome(RETRY, "503 Service Unavailable")),
    "504": (Failure(504), {}, Outcome(RETRY, "504 Gateway Timeout", in_doubt=True)),
    "301": (
        Failure(301, {"Location": "https://cht.example.org/api/v2/sms/rapidpro/incoming-messages"}),
        {},
        Outcome(PAUSE, '301: {url} redirects; redirects are not followed: set url = "https://cht.example.org"'),
    ),
    "a page": (
        Failure(200, {"Content-Type": "text/html"}, b"<h1>Log in</h1>"),
        {},
        Outcome(PAUSE, "200: {url} shows a web page, not CHT's interface; is url right?"),
    ),
}


@pytest.mark.parametrize("label", ANSWERS)
async def test_an_answer_is_an_outcome(label: str, cht: Cht) -> None:
    failure, changes, expected = ANSWERS[label]
    cht.faults.fail, cht.faults.failure = 1, failure
    async with adapter("cht-rapidpro", cht.url, token=TOKEN) as system:
        outcome = await try_once(system, delivery(**changes))
    assert outcome == Outcome(expected.verdict, expected.reason.format(url=cht.url), expected.after, expected.in_doubt)


@pytest.mark.parametrize("fault", ["drop", "fail_after"])
async def test_a_lost_reply_ends_in_one_message(fault: str, cht: Cht) -> None:
    setattr(cht.faults, fault, 1)
    cht.faults.failure = Failure(502)
    async with adapter("cht-rapidpro", cht.url, token=TOKEN) as system:
        lost = await try_once(system, delivery())
        assert (lost.verdict, lost.in_doubt) == (RETRY, True)
        again = await try_once(system, delivery(attempts=1, in_doubt=lost.in_doubt))
        assert again == Outcome(DELIVERED, "CHT has it from an earlier attempt")
    assert len(cht.saved) == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"text": ""}, "empty: CHT refuses it"), ({"text": None, "data": b"\1"}, "binary: CHT takes text only")],
)
async def test_what_cht_cannot_take_ends_here(changes: dict[str, Any], reason: str, cht: Cht) -> None:
    async with adapter("cht-rapidpro", cht.url, token=TOKEN) as system:
        assert await try_once(system, delivery(**changes)) == Outcome(DEAD, reason)
    assert cht.count == 0


async def test_the_token_must_be_given() -> None:
    with pytest.raises(ConfigError, match="rapidpro:incoming"):
        async with adapter("cht-rapidpro", "http://127.0.0.1:9"):
            pass
