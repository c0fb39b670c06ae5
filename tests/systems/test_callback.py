"""A callback tells what became of a message, signed, to the URL it named; every way to answer is one outcome."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from smppd.config import SystemConfig
from smppd.model import (
    BatchResult,
    Delivery,
    Options,
    OutboundState,
    Outcome,
    Report,
    ReportDetail,
    Submission,
    Verdict,
)
from smppd.simulator.cht import Cht
from smppd.simulator.cht_records import ChtUser
from smppd.simulator.standin import FOREVER, Failure
from smppd.simulator.webhook import Sink
from smppd.systems import TYPES, Context, http_session
from smppd.systems.callback import Callbacks
from tests.systems.kit import (
    DEAD,
    DELIVERED,
    INSTALLATION,
    PASSWORD,
    PAUSE,
    RECEIVED,
    RETRY,
    SECRET,
    SENDER,
    attempt,
    delivery,
    stored,
    try_once,
)

UNUSABLE = "callback_url cannot be used: it must begin with http:// or https:// and a host"


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    sink = Sink()
    await sink.start()
    yield sink
    await sink.stop()


@asynccontextmanager
async def callbacks(kind: str = "api", **config: Any) -> AsyncIterator[Callbacks]:
    """The adapter of `kind` with its callbacks, as the gateway makes it for reports."""
    settings = SystemConfig.model_validate({"type": kind, "timeout": "2s", **config})
    async with http_session(settings, anywhere=True) as http:
        context = Context("here", settings, http, INSTALLATION)
        deliver = TYPES[kind].deliver
        assert deliver is not None
        yield Callbacks(deliver(context), context)


def news(
    url: str, id: int = 9, outbound: int = 5, state: OutboundState = OutboundState.DELIVERED, **detail: Any
) -> Delivery:
    """A report on its way to `url`; "" for one without a callback_url."""
    report = Report(outbound, "visit-17", state, "", ReportDetail(**detail), "15001", SENDER, Options(callback_url=url))
    return delivery(id, text=None, report=report, received_at=RECEIVED)


async def test_the_request_tells_all_that_is_known(sink: Sink) -> None:
    told = news(
        f"{sink.url}/dlr?m=1", state=OutboundState.UNDELIVERED, message_id="7f3a", stat="UNDELIV", error="011",
        text="id:7f3a", part=2, parts=3,
    )  # fmt: skip
    assert told.report is not None
    told.report.reason = "UNDELIV 011"
    async with callbacks() as system:
        assert await try_once(system, told) == Outcome(DELIVERED, apart=True)
    (seen,) = sink.requests
    assert (seen.method, seen.target) == ("POST", "/dlr?m=1")
    assert seen.headers["Content-Type"] == "application/json"
    assert json.loads(seen.body) == {
        "report": 9,
        "id": 5,
        "reference": "visit-17",
        "state": "undelivered",
        "reason": "UNDELIV 011",
        "from": "15001",
        "to": SENDER,
        "at": "2026-01-31T08:15:00.250Z",
        "message_id": "7f3a",
        "status": 0,
        "stat": "UNDELIV",
        "error": "011",
        "text": "id:7f3a",
        "part": 2,
        "parts": 3,
    }


@pytest.mark.parametrize(
    ("state", "word"), [(state, state.name.lower()) for state in OutboundState if state is not OutboundState.QUEUED]
    + [(OutboundState.QUEUED, "intermediate")],
)  # fmt: skip
async def test_states_are_called_as_the_api_calls_them(sink: Sink, state: OutboundState, word: str) -> None:
    async with callbacks() as system:
        await try_once(system, news(sink.url, state=state))
    assert json.loads(sink.requests[0].body)["state"] == word


async def test_it_is_signed_with_the_systems_secret_and_only_then(sink: Sink) -> None:
    async with callbacks(secret=SECRET) as system:
        await try_once(system, news(sink.url))
    async with callbacks() as system:
        await try_once(system, news(sink.url))
    signed, plain = sink.requests
    content = signed.headers["X-Smppd-Timestamp"].encode() + b"." + signed.body
    expected = hmac.new(SECRET.encode(), content, hashlib.sha256).hexdigest()
    assert signed.headers["X-Smppd-Signature"] == expected
    assert not {"X-Smppd-Signature", "X-Smppd-Timestamp"} & set(plain.headers)


# label: (answer, outcome)
ANSWERS: dict[str, tuple[Failure, Outcome]] = {
    "204": (Failure(204), Outcome(DELIVERED)),
    "202 with words": (Failure(202, {}, b"thanks"), Outcome(DELIVERED)),
    "302": (
        Failure(302, {"Location": "http://169.254.169.254/latest"}),
        Outcome(RETRY, "302: {url} redirects; redirects are not followed"),
    ),
    "401": (Failure(401), Outcome(RETRY, "401 Unauthorized")),
    "403": (Failure(403), Outcome(RETRY, "403 Forbidden")),
    "404": (Failure(404), Outcome(DEAD, "404 Not Found")),
    "410": (Failure(410), Outcome(DEAD, "410 Gone")),
    "429": (Failure(429, {"Retry-After": "7"}), Outcome(RETRY, "429 Too Many Requests", 7.0)),
    "500": (
        Failure(500, {}, f"no report of {SENDER} known".encode()),
        Outcome(RETRY, "500 Internal Server Error: no report of … known"),
    ),
    "503": (Failure(503), Outcome(RETRY, "503 Service Unavailable")),
    "504": (Failure(504), Outcome(RETRY, "504 Gateway Timeout", in_doubt=True)),
}


@pytest.mark.parametrize("label", ANSWERS)
async def test_every_answer_is_one_outcome_that_says_nothing_of_the_system(sink: Sink, label: str) -> None:
    failure, expected = ANSWERS[label]
    sink.faults.fail, sink.faults.failure = FOREVER, failure
    expected = replace(expected, reason=expected.reason.format(url=sink.url), apart=True)
    async with callbacks() as system:
        assert await try_once(system, news(sink.url + "/secret-path")) == expected
    assert sink.count == 1


@pytest.mark.parametrize(
    "url", ["ftp://files.example.org/x", "file:///etc/passwd", "gopher://h/1", "x", "http://", "http://[::1", "http://h:1x/",
            "http://h:0/", "http://a..b/", f"http://{'a' * 64}.org/"]
)  # fmt: skip
async def test_a_url_of_another_kind_is_never_called(url: str) -> None:
    async with callbacks() as system:
        assert await try_once(system, news(url)) == Outcome(DEAD, UNUSABLE, apart=True)


async def test_a_place_that_nobody_listens_at_is_tried_again(sink: Sink) -> None:
    await sink.stop()
    async with callbacks() as system:
        outcome = await try_once(system, news(sink.url))
    assert (outcome.verdict, outcome.in_doubt, outcome.apart) == (RETRY, False, True)
    assert outcome.reason.startswith(f"cannot connect to {sink.url}")


async def test_a_place_that_fails_is_left_alone_and_no_other(sink: Sink) -> None:
    bad = Sink(status=503)
    await bad.start()
    async with callbacks(concurrency=1, retry={"first": "1h", "max": "1h"}) as system:
        for number in range(5):
            assert (await try_once(system, news(bad.url, outbound=number))).verdict is RETRY
        left = await try_once(system, news(bad.url, outbound=99))
        assert (left.verdict, left.reason, left.apart) == (PAUSE, "503 Service Unavailable", True)
        assert left.after is not None
        assert 1 <= left.after <= 60
        assert (await try_once(system, news(sink.url))).verdict is DELIVERED
    assert bad.count == 5
    await bad.stop()


async def test_a_place_that_is_well_again_is_found_by_one_probe(sink: Sink) -> None:
    sink.status = 503
    async with callbacks(concurrency=1, retry={"first": "1ms", "max": "1ms"}) as system:
        for number in range(5):
            await try_once(system, news(sink.url, outbound=number))
        sink.status = 200
        verdict = PAUSE
        while verdict is PAUSE:  # until the pause of a millisecond is over
            verdict = (await try_once(system, news(sink.url))).verdict
        assert verdict is DELIVERED
        assert (await try_once(system, news(sink.url))).verdict is DELIVERED


async def test_several_at_once_keep_the_order_of_each_message(sink: Sink) -> None:
    sink.faults.fail, sink.faults.failure = 1, Failure(503)
    states = (OutboundState.SENT, OutboundState.DELIVERED)
    async with callbacks() as system:
        result = await attempt(system, *(news(sink.url, id, 5, state) for id, state in enumerate(states)))
        assert [outcome.verdict for outcome in result.outcomes] == [RETRY, RETRY]
        assert sink.count == 1, "the second one would have overtaken the first"
        result = await attempt(
            system, *(news(sink.url, 2 * n + at, n, state) for n in range(3) for at, state in enumerate(states))
        )
    assert [outcome.verdict for outcome in result.outcomes] == [DELIVERED] * 6
    told = [json.loads(seen.body) for seen in sink.requests[1:]]
    for number in range(3):
        assert [one["state"] for one in told if one["id"] == number] == ["sent", "delivered"]


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        ("api", {}),
        ("webhook", {"url": "http://127.0.0.1:1"}),
        ("dhis2", {"url": "http://127.0.0.1:1"}),
        ("cht-rapidpro", {"url": "http://127.0.0.1:1", "token": "x"}),
    ],
)
async def test_what_has_no_url_ends_at_a_system_that_takes_no_reports(kind: str, config: dict[str, Any]) -> None:
    async with callbacks(kind, **config) as system:
        outcome = await try_once(system, news(""))
    assert (outcome.verdict, outcome.reason.split(":")[0]) == (DEAD, "nobody to tell")


async def test_the_system_itself_sees_its_own_deliveries_only(sink: Sink) -> None:
    cht = Cht(users=[ChtUser("gateway", PASSWORD)])
    await cht.start()
    task = cht.add_task("+255700000001", "visit")
    async with callbacks("cht", url=cht.url, username="gateway", password=PASSWORD) as system:
        result: BatchResult = await attempt(system, delivery(1), news(sink.url, 2), delivery(3, text=""))
        assert [(one.verdict, one.apart) for one in result.outcomes] == [
            (DELIVERED, False), (DELIVERED, True), (DEAD, False),
        ]  # fmt: skip
        assert result.outbound == [Submission("+255700000001", "visit", reference=task.uuid)]
        system.settled(*stored(result.outbound))
        assert await system.poll() == []
        assert (system.poll_every, system.batch, system.poll_again) == (30.0, 100, False)
    assert task.updates == ["UNSENT"]
    assert (len(cht.saved), sink.count) == (1, 1)
    await cht.stop()


async def test_a_system_of_type_api_takes_no_messages() -> None:
    async with callbacks() as system:
        assert await try_once(system, delivery()) == Outcome(Verdict.DEAD, "a system of type api takes no messages")
