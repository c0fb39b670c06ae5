"""A webhook sees each message as configured, and every way to answer is one outcome."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl

import pytest

from smppd.errors import ConfigError
from smppd.model import Outcome
from smppd.simulator.standin import FOREVER, Failure, Seen
from smppd.simulator.webhook import Sink
from tests.systems.kit import (
    DEAD,
    DELIVERED,
    HEADER,
    PASSWORD,
    PAUSE,
    RETRY,
    SECRET,
    SENDER,
    TEXT,
    TOKEN,
    adapter,
    attempt,
    delivery,
    try_once,
)

ALL = {
    "id": 7,
    "from": SENDER,
    "to": "15001",
    "text": TEXT,
    "data": None,
    "received_at": "2026-01-31T08:15:00.250Z",
    "carrier": "vodacom",
    "parts": 1,
    "complete": True,
}
ALL_AS_TEXT = {
    name: "" if value is None else str(value).lower() if value is True else str(value) for name, value in ALL.items()
}
RENAMED = {"originator": "from", "msg": "text"}
TWO = {"originator": SENDER, "msg": TEXT}


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    sink = Sink()
    await sink.start()
    yield sink
    await sink.stop()


def fields(seen: Seen) -> Any:
    """The fields of a request, wherever they stand."""
    if seen.media_type == "application/json":
        return json.loads(seen.body)
    return dict(parse_qsl(seen.body.decode() or seen.target.partition("?")[2], keep_blank_values=True))


# label: (path and configuration, changes of the delivery, method, path, content type, fields)
REQUESTS: dict[str, tuple[dict[str, Any], dict[str, Any], str, str, str | None, dict[str, Any]]] = {
    "all fields as JSON": ({}, {}, "POST", "/in", "application/json", ALL),
    "renamed fields only": ({"fields": RENAMED}, {}, "POST", "/in", "application/json", TWO),
    "PUT": ({"method": "PUT", "fields": RENAMED}, {}, "PUT", "/in", "application/json", TWO),
    "binary as hex": (
        {"fields": {"data": "data", "text": "text"}},
        {"text": None, "data": b"\x00\xff\x10"},
        "POST",
        "/in",
        "application/json",
        {"data": "00ff10", "text": None},
    ),
    "an incomplete set": (
        {"fields": {"parts": "parts", "whole": "complete"}},
        {"parts": 3, "complete": False},
        "POST",
        "/in",
        "application/json",
        {"parts": 3, "whole": False},
    ),
    "a form": ({"format": "form"}, {}, "POST", "/in", "application/x-www-form-urlencoded", ALL_AS_TEXT),
    "a form of all scripts": (
        {"format": "form", "fields": {"t": "text"}},
        {"text": "à+b & 100% = سلام 😀\n"},
        "POST",
        "/in",
        "application/x-www-form-urlencoded",
        {"t": "à+b & 100% = سلام 😀\n"},
    ),
    "JSON of all scripts": (
        {"fields": {"t": "text"}},
        {"text": 'à "q" \\ سلام 😀\n'},
        "POST",
        "/in",
        "application/json",
        {"t": 'à "q" \\ سلام 😀\n'},
    ),
    "GET carries the fields in the URL": ({"method": "GET"}, {}, "GET", "/in", None, ALL_AS_TEXT),
    "POST with a query": ({"format": "query", "fields": RENAMED}, {}, "POST", "/in", None, TWO),
    "a query of all scripts": (
        {"method": "GET", "fields": {"t": "text"}},
        {"text": "à+b & 100% = سلام 😀/?#"},
        "GET",
        "/in",
        None,
        {"t": "à+b & 100% = سلام 😀/?#"},
    ),
    "a query after the one of the url": (
        {"path": "/in?key=1", "method": "GET", "fields": RENAMED},
        {},
        "GET",
        "/in",
        None,
        {"key": "1", **TWO},
    ),
    "another content type": (
        {"headers": {"content-type": "application/vnd.sms+json"}, "fields": RENAMED},
        {},
        "POST",
        "/in",
        "application/vnd.sms+json",
        TWO,
    ),
}


@pytest.mark.parametrize("label", REQUESTS)
async def test_the_request_is_as_configured(label: str, sink: Sink) -> None:
    config, changes, method, path, content_type, expected = REQUESTS[label]
    config = dict(config)
    async with adapter("webhook", sink.url + config.pop("path", "/in"), **config) as webhook:
        assert await try_once(webhook, delivery(**changes)) == Outcome(DELIVERED)
    (seen,) = sink.requests
    assert (seen.method, seen.path) == (method, path)
    if content_type is not None:
        assert seen.headers["Content-Type"] == content_type
    found = json.loads(seen.body) if content_type and content_type.endswith("json") else fields(seen)
    assert found == expected


CREDENTIALS = {
    "nothing": ({}, "", None),
    "a token": ({"token": TOKEN}, "", f"Bearer {TOKEN}"),
    "a user": ({"username": "moh", "password": PASSWORD}, "", "Basic bW9oOnBhNTV3b3JkLVhrMjc="),
    "a user in the url": ({}, f"moh:{PASSWORD}@", "Basic bW9oOnBhNTV3b3JkLVhrMjc="),
    "a header of its own": ({"headers": {"Authorization": f"Key {HEADER}"}}, "", f"Key {HEADER}"),
}


@pytest.mark.parametrize("label", CREDENTIALS)
async def test_credentials_go_in_the_header(label: str, sink: Sink) -> None:
    config, user, expected = CREDENTIALS[label]
    async with adapter("webhook", sink.url.replace("//", f"//{user}") + "/in", **config) as webhook:
        assert await try_once(webhook, delivery()) == Outcome(DELIVERED)
    (seen,) = sink.requests
    assert seen.headers.get("Authorization") == expected
    assert seen.target == "/in"


@pytest.mark.parametrize(
    ("config", "key"),
    [
        ({"token": TOKEN, "headers": {"authorization": HEADER}}, "systems.here.headers"),
        ({"headers": {"X-Key": f"{HEADER}\nX-Other: 1"}}, "systems.here.headers.X-Key"),
        ({"headers": {"X-\nKey": HEADER}}, "systems.here.headers"),
        ({"token": f"{TOKEN}\r\nX-Other: 1"}, "systems.here.token"),
    ],
)
async def test_a_header_that_cannot_be_sent_is_refused_at_the_start(config: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError) as refused:
        async with adapter("webhook", "http://127.0.0.1:9/in", **config):
            pass
    assert refused.value.key == key
    assert TOKEN not in str(refused.value)
    assert HEADER not in str(refused.value)


@pytest.mark.parametrize("config", [{}, {"format": "form"}, {"method": "GET"}, {"format": "query"}])
async def test_the_signature_covers_time_and_content(config: dict[str, Any], sink: Sink) -> None:
    async with adapter("webhook", sink.url + "/in", secret=SECRET, **config) as webhook:
        assert await try_once(webhook, delivery(text="à b%")) == Outcome(DELIVERED)
    (seen,) = sink.requests
    timestamp = seen.headers["X-Smppd-Timestamp"]
    content = seen.body or seen.target.encode()
    expected = hmac.new(SECRET.encode(), f"{timestamp}.".encode() + content, hashlib.sha256).hexdigest()
    assert seen.headers["X-Smppd-Signature"] == expected
    assert len(timestamp) == 10


ECHO = json.dumps({"error": f"cannot take '{TEXT}' of {SENDER}, key {TOKEN}"}).encode()
PAGE = f"<html><head><title>x</title></head><body><h1>No</h1> {TEXT} &mdash; sorry</body></html>".encode()

# label: (configuration, status, headers, body, outcome)
ANSWERS: dict[str, tuple[dict[str, Any], int, dict[str, str], bytes, Outcome]] = {
    "200": ({}, 200, {}, b"", Outcome(DELIVERED)),
    "200 with a page": ({}, 200, {"Content-Type": "text/html"}, PAGE, Outcome(DELIVERED)),
    "201": ({}, 201, {}, b"{}", Outcome(DELIVERED)),
    "202": ({}, 202, {}, b"", Outcome(DELIVERED)),
    "204": ({}, 204, {}, b"", Outcome(DELIVERED)),
    "a long 200": ({}, 200, {}, b"x" * 100_000, Outcome(DELIVERED)),
    "503": ({}, 503, {}, b"", Outcome(RETRY, "503 Service Unavailable")),
    "503 with seconds": ({}, 503, {"Retry-After": "120"}, b"", Outcome(RETRY, "503 Service Unavailable", 120.0)),
    "429 with a date": (
        {},
        429,
        {"Retry-After": "Sat, 31 Jan 2026 08:16:30 GMT", "Date": "Sat, 31 Jan 2026 08:15:00 GMT"},
        b"slow down",
        Outcome(RETRY, "429 Too Many Requests: slow down", 90.0),
    ),
    "504 is a lost reply": ({}, 504, {}, b"", Outcome(RETRY, "504 Gateway Timeout", in_doubt=True)),
    "500": ({}, 500, {}, b"", Outcome(RETRY, "500 Internal Server Error")),
    "500 that is not to be retried": (
        {"retry_status": [503]},
        500,
        {},
        b"",
        Outcome(DEAD, "500 Internal Server Error"),
    ),
    "409 that is": ({"retry_status": [409]}, 409, {}, b"", Outcome(RETRY, "409 Conflict")),
    "400": ({}, 400, {}, b"no such form", Outcome(DEAD, "400 Bad Request: no such form")),
    "400 that quotes us": (
        {"token": TOKEN},
        400,
        {},
        ECHO,
        Outcome(DEAD, "400 Bad Request: cannot take '…' of …, key …"),
    ),
    "400 with a page": ({}, 400, {}, PAGE, Outcome(DEAD, "400 Bad Request: No … — sorry")),
    "400 of bytes": ({}, 400, {}, b"\xff\xfe\x00\x01", Outcome(DEAD, "400 Bad Request: \ufffd\ufffd")),
    "404": ({}, 404, {}, b"", Outcome(DEAD, "404 Not Found")),
    "a status nobody knows": ({}, 499, {}, b"", Outcome(DEAD, "499")),
    "401": ({}, 401, {}, b"", Outcome(PAUSE, "credentials or rights refused: 401 Unauthorized")),
    "403": ({}, 403, {}, b"", Outcome(PAUSE, "credentials or rights refused: 403 Forbidden")),
}


@pytest.mark.parametrize("label", ANSWERS)
async def test_an_answer_is_an_outcome(label: str, sink: Sink) -> None:
    config, status, headers, body, expected = ANSWERS[label]
    sink.faults.fail, sink.faults.failure = FOREVER, Failure(status, headers, body)
    async with adapter("webhook", sink.url + "/in", concurrency=1, **config) as webhook:
        assert await try_once(webhook, delivery()) == expected
        assert await try_once(webhook, delivery()) == expected, "the only connection is free again"


MOVED = {
    "https://new.example.org/in": "https://new.example.org/…",
    "/in/": "{url}/…/",
    "//other.example.org:8443/v2/in?text=Amina": "https://other.example.org:8443/v2/…",
    "https://moh:pa55word-Xk27@new.example.org/": "https://new.example.org/",
}


@pytest.mark.parametrize("location", MOVED)
async def test_a_redirect_stops_the_system_and_says_where_to(location: str, sink: Sink) -> None:
    sink.faults.fail, sink.faults.failure = FOREVER, Failure(301, {"Location": location})
    async with adapter("webhook", sink.url + "/in") as webhook:
        outcome = await try_once(webhook, delivery())
    scheme_kept = MOVED[location].replace("https://other", "http://other").replace("{url}", sink.url)
    advice = f'301: {sink.url} redirects; redirects are not followed: set url = "{scheme_kept}"'
    assert outcome == Outcome(PAUSE, advice)
    assert sink.count == 1


async def test_a_redirect_to_nowhere_stops_the_system_too(sink: Sink) -> None:
    sink.faults.fail, sink.faults.failure = FOREVER, Failure(302)
    async with adapter("webhook", sink.url + "/in") as webhook:
        outcome = await try_once(webhook, delivery())
    assert outcome == Outcome(PAUSE, f"302: {sink.url} redirects, and does not say where; check url")


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
async def test_a_lost_reply_leaves_a_doubt_and_is_not_repeated_in_silence(method: str, sink: Sink) -> None:
    async with adapter("webhook", sink.url + "/in", method=method) as webhook:
        assert await try_once(webhook, delivery()) == Outcome(DELIVERED)
        sink.faults.drop = 1  # on the connection that was kept
        lost = Outcome(RETRY, f"{sink.url} cut the connection before it answered", in_doubt=True)
        assert await try_once(webhook, delivery()) == lost
        assert sink.count == 2


async def test_several_go_one_by_one(sink: Sink) -> None:
    sink.faults.fail = 1
    async with adapter("webhook", sink.url + "/in") as webhook:
        result = await attempt(webhook, delivery(1), delivery(2))
    assert [outcome.verdict for outcome in result.outcomes] == [RETRY, DELIVERED]
    assert result.outbound == []
    assert [fields(seen)["id"] for seen in sink.requests] == [1, 2]
