"""DHIS2 gets each message once, spelled as it wants it; what it refuses is parked with words."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from smppd.errors import ConfigError
from smppd.model import Outcome, Verdict
from smppd.simulator.dhis2 import UNREGISTERED_PARSER, Command, Dhis2, User
from smppd.simulator.dhis2_values import make_token
from smppd.simulator.standin import FOREVER, Failure
from tests.systems.kit import (
    DEAD,
    DELIVERED,
    PASSWORD,
    PAUSE,
    RETRY,
    SENDER,
    TEXT,
    adapter,
    delivery,
    discreet,
    try_once,
)
from tests.test_compressed import SAMPLES

GATEWAY = "+255700000000"  # the number of the account that we log in with
TOKEN, OWN_TOKEN = make_token(), make_token()
COMPRESSED = SAMPLES[3][3]
DAMAGED = COMPRESSED[:-8]
SCRIPTS = "à+b & 100% = سلام 😀\nsecond line"

UNKNOWN = "unknown sender: no DHIS2 user has this phone number; register it, then replay"
MISMATCH = (
    "originator mismatch: DHIS2 takes this text only from the account's own number; "
    "see credentials_by_sender and compressed_originator"
)


def users(phone: str = SENDER) -> list[User]:
    return [
        User(GATEWAY, "gateway", password=PASSWORD, token=TOKEN),
        User(phone, "amina", token=OWN_TOKEN),
        User(None, "reader", password=PASSWORD, authorities=()),
    ]


@pytest.fixture
async def dhis2() -> AsyncIterator[Dhis2]:
    server = Dhis2(users=users())
    await server.start()
    yield server
    await server.stop()


def dead(reason: str) -> Outcome:
    return Outcome(DEAD, reason)


# label: (configuration, changes of the delivery, what DHIS2 stores as (originator, text), outcome)
TEXTS: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[str, str] | None, Outcome]] = {
    "an ordinary text": ({}, {}, (SENDER, TEXT), Outcome(DELIVERED)),
    "all scripts": ({}, {"text": SCRIPTS}, (SENDER, SCRIPTS), Outcome(DELIVERED)),
    "all scripts in a form": ({"variant": "form"}, {"text": SCRIPTS}, (SENDER, SCRIPTS), Outcome(DELIVERED)),
    "YES": ({}, {"text": "YES"}, (SENDER, "YES "), Outcome(DELIVERED)),
    "STOP in a form": ({"variant": "form"}, {"text": "STOP"}, (SENDER, "STOP "), Outcome(DELIVERED)),
    "1234": ({}, {"text": "1234"}, (SENDER, "1234 "), Outcome(DELIVERED)),
    "malaria": ({}, {"text": "malaria"}, (SENDER, "malaria "), Outcome(DELIVERED)),
    "Hello is no base64": ({}, {"text": "Hello"}, (SENDER, "Hello"), Outcome(DELIVERED)),
    "YES when told not to": ({"break_base64": "off"}, {"text": "YES"}, None, dead(MISMATCH)),
    "255 characters": ({}, {"text": "é " * 127 + "é"}, (SENDER, "é " * 127 + "é"), Outcome(DELIVERED)),
    "256 characters": ({}, {"text": "é " * 128}, None, dead("too long: 256 characters, max_text is 255")),
    "255 that become 256": ({}, {"text": "a" * 255}, None, dead("too long: 256 characters, max_text is 255")),
    "256 without a limit of ours": (
        {"max_text": "off"},
        {"text": "é " * 128},
        None,
        dead("too long: a column of DHIS2 does not hold it; see max_text"),
    ),
    "binary": ({}, {"text": None, "data": b"\0\1"}, None, dead("binary: DHIS2 takes text only")),
    "empty": ({}, {"text": ""}, None, dead("empty: DHIS2 refuses it")),
    "an unknown sender": ({}, {"sender": "+255754000000"}, None, dead(UNKNOWN)),
    "a sender without +": ({}, {"sender": SENDER[1:]}, (SENDER, TEXT), Outcome(DELIVERED)),
    "a national sender": ({"region": "TZ"}, {"sender": "0754123456"}, (SENDER, TEXT), Outcome(DELIVERED)),
    "the account's own compressed SMS": (
        {},
        {"sender": GATEWAY, "text": COMPRESSED},
        (GATEWAY, COMPRESSED),
        Outcome(DELIVERED),
    ),
    "another's compressed SMS": ({}, {"text": COMPRESSED}, None, dead(MISMATCH)),
    "another's, sent with his token": (
        {"credentials_by_sender": {SENDER: OWN_TOKEN}},
        {"text": COMPRESSED},
        (SENDER, COMPRESSED),
        Outcome(DELIVERED),
    ),
    "his token under another spelling": (
        {"credentials_by_sender": {SENDER[1:]: OWN_TOKEN}},
        {"text": COMPRESSED, "sender": "00" + SENDER[1:]},
        (SENDER, COMPRESSED),
        Outcome(DELIVERED),
    ),
    "another's, sent as from the account": (
        {"compressed_originator": GATEWAY},
        {"text": COMPRESSED},
        (GATEWAY, COMPRESSED),
        Outcome(DELIVERED),
    ),
    "his token goes before the account's number": (
        {"compressed_originator": GATEWAY, "credentials_by_sender": {SENDER: OWN_TOKEN}},
        {"text": COMPRESSED},
        (SENDER, COMPRESSED),
        Outcome(DELIVERED),
    ),
    "an ordinary text keeps its sender": (
        {"compressed_originator": GATEWAY},
        {},
        (SENDER, TEXT),
        Outcome(DELIVERED),
    ),
    "a damaged compressed SMS": (
        {},
        {"text": DAMAGED},
        None,
        dead(
            "damaged compressed SMS (SIMPLE_EVENT v2, submission 3): "
            "characters or parts were lost on the way; have it sent again"
        ),
    ),
    "a damaged one when told so": (
        {"damaged": "forward", "compressed_originator": GATEWAY},
        {"text": DAMAGED},
        (GATEWAY, DAMAGED),
        Outcome(DELIVERED),
    ),
}


@pytest.mark.parametrize("label", TEXTS)
async def test_a_text_arrives_as_dhis2_wants_it(label: str, dhis2: Dhis2) -> None:
    config, changes, stored, expected = TEXTS[label]
    config = {"token": TOKEN, **config}
    region = config.pop("region", None)
    async with adapter("dhis2", dhis2.url, region, **config) as system:
        assert await try_once(system, delivery(**changes)) == expected
    assert [(row.originator, row.text) for row in dhis2.rows] == ([stored] if stored else [])


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: f"{sample[0]}-{sample[2]}")
@pytest.mark.parametrize("variant", ["json", "form"])
async def test_a_compressed_sms_is_never_changed(sample: tuple[str, int, int, str], variant: str, dhis2: Dhis2) -> None:
    async with adapter("dhis2", dhis2.url, token=TOKEN, variant=variant, compressed_originator=GATEWAY) as system:
        assert await try_once(system, delivery(text=sample[3])) == Outcome(DELIVERED)
    assert [row.text for row in dhis2.rows] == [sample[3]]


@pytest.mark.parametrize(
    ("style", "stored"),
    [("e164", "+255754123456"), ("digits", "255754123456"), ("00", "00255754123456"), ("national", "0754123456")],
)
async def test_the_originator_is_spelled_as_configured(style: str, stored: str) -> None:
    dhis2 = Dhis2(users=users(stored))
    await dhis2.start()
    async with adapter("dhis2", dhis2.url, "TZ", token=TOKEN, originator=style) as system:
        for sender in ("+255754123456", "255754123456", "00255754123456", "0754123456"):
            assert await try_once(system, delivery(sender=sender)) == Outcome(DELIVERED)
    assert {row.originator for row in dhis2.rows} == {stored}
    await dhis2.stop()


async def test_the_json_request_holds_what_the_manual_asks_for(dhis2: Dhis2) -> None:
    async with adapter("dhis2", dhis2.url, token=TOKEN, gateway="gw1") as system:
        east = timezone(timedelta(hours=3))
        await try_once(system, delivery(received_at=datetime(2026, 1, 31, 11, 15, 0, 999_999, tzinfo=east)))
    (seen,) = dhis2.requests
    assert (seen.method, seen.target) == ("POST", "/api/sms/inbound")
    assert seen.headers["Content-Type"] == "application/json"
    assert seen.headers["Accept"] == "application/json"
    assert seen.headers["Authorization"] == f"ApiToken {TOKEN}"
    assert json.loads(seen.body) == {
        "originator": SENDER,
        "text": TEXT,
        "gatewayid": "gw1",
        "receiveddate": "2026-01-31T08:15:00Z",
    }


async def test_the_form_request_holds_what_the_manual_asks_for(dhis2: Dhis2) -> None:
    async with adapter("dhis2", dhis2.url, username="gateway", password=PASSWORD, variant="form") as system:
        assert await try_once(system, delivery()) == Outcome(DELIVERED)
    (seen,) = dhis2.requests
    assert seen.media_type == "application/x-www-form-urlencoded"
    assert seen.headers["Authorization"].startswith("Basic ")
    assert seen.form == {
        "originator": SENDER,
        "message": TEXT,
        "receivedTime": "2026-01-31T08:15:00Z",
        "gateway": "smppd",
    }


@pytest.mark.parametrize("version", ["2.29", "2.33.2", "2.34.0", "2.34.3", "2.36.0", "2.37", "2.41", "2.42", "2.43"])
@pytest.mark.parametrize("variant", ["json", "form"])
@pytest.mark.parametrize("text", [TEXT, "YES"])
async def test_every_version_takes_every_variant(version: str, variant: str, text: str) -> None:
    dhis2 = Dhis2(version, users=users())
    await dhis2.start()
    async with adapter("dhis2", dhis2.url, username="gateway", password=PASSWORD, variant=variant) as system:
        assert await try_once(system, delivery(text=text)) == Outcome(DELIVERED)
    assert [row.text.rstrip() for row in dhis2.rows] == [text]
    await dhis2.stop()


@pytest.mark.parametrize("path", ["", "/", "/api", "/api/", "/api/26", "/api/sms/inbound", "/api/sms/inbound/"])
async def test_the_url_may_be_written_in_any_usual_way(path: str) -> None:
    dhis2 = Dhis2("2.43", users=users())
    url = await dhis2.start()
    async with adapter("dhis2", url + path, token=TOKEN) as system:
        assert await try_once(system, delivery()) == Outcome(DELIVERED)
    await dhis2.stop()


CREDENTIALS: dict[str, tuple[dict[str, Any], Verdict, str]] = {
    "a wrong password": (
        {"username": "gateway", "password": "wrong"},
        PAUSE,
        "credentials or rights refused: 401 Unauthorized: Unauthorized",
    ),
    "an unknown token": (
        {"token": make_token()},
        PAUSE,
        "credentials or rights refused: 401 Unauthorized: Unauthorized",
    ),
    "a malformed token": ({"token": "d2pat_tooShort"}, PAUSE, "token malformed: 400 Bad Request: invalid_request"),
    "none": ({}, PAUSE, "credentials or rights refused: 401 Unauthorized: Unauthorized"),
    "a user without the right": (
        {"username": "reader", "password": PASSWORD},
        PAUSE,
        "credentials or rights refused: 403 Forbidden: "
        "Access is denied, requires one Authority from [F_MOBILE_SETTINGS]",
    ),
    "a sender's own wrong token": (
        {"token": TOKEN, "credentials_by_sender": {SENDER: make_token()}},
        RETRY,
        "this sender's token (credentials_by_sender) is refused: 401 Unauthorized: Unauthorized",
    ),
    "a sender's own malformed token": (
        {"token": TOKEN, "credentials_by_sender": {SENDER: "d2pat_tooShort"}},
        RETRY,
        "this sender's token (credentials_by_sender) is refused: 400 Bad Request: invalid_request",
    ),
}


@pytest.mark.parametrize("label", CREDENTIALS)
async def test_refused_credentials_stop_whom_they_belong_to(label: str, dhis2: Dhis2) -> None:
    config, verdict, reason = CREDENTIALS[label]
    async with adapter("dhis2", dhis2.url, **config) as system:
        outcome = await try_once(system, delivery())
    assert (outcome.verdict, outcome.reason, outcome.in_doubt) == (verdict, reason, False)
    assert dhis2.count == 1


async def test_credentials_given_twice_are_refused_at_the_start() -> None:
    with pytest.raises(ConfigError) as refused:
        async with adapter("dhis2", f"https://moh:{PASSWORD}@dhis2.example.org", token=TOKEN):
            pass
    discreet(str(refused.value))
    assert refused.value.key == "systems.here.url"


def message(status: int, words: str) -> Failure:
    body = json.dumps({"httpStatusCode": status, "status": "ERROR", "message": words}).encode()
    return Failure(status, {"Content-Type": "application/json"}, body)


HTML = {"Content-Type": "text/html; charset=utf-8"}

# label: (what DHIS2 answers, outcome)
ANSWERS: dict[str, tuple[Failure, Outcome]] = {
    "400": (message(400, "Required parameter"), dead("400 Bad Request: Required parameter")),
    "404": (message(404, "No endpoint"), dead("404 Not Found: No endpoint")),
    "405": (Failure(405), dead("405 Method Not Allowed")),
    "406": (Failure(406), dead("406 Not Acceptable")),
    "415": (Failure(415), dead("415 Unsupported Media Type")),
    "409 empty originator": (message(409, "Originator must be specified"), dead("empty originator")),
    "409 empty message": (message(409, "Message must be specified"), dead("empty message")),
    "409 of old versions": (message(409, "User not registered in the system"), dead(UNKNOWN)),
    "409 that quotes the text": (message(409, f"bad: {TEXT}"), dead("409 Conflict: bad: …")),
    "429": (Failure(429, {"Retry-After": "30"}), Outcome(RETRY, "429 Too Many Requests", 30.0)),
    "502": (Failure(502), Outcome(RETRY, "502 Bad Gateway")),
    "503": (Failure(503, HTML, b"<h1>Starting</h1>"), Outcome(RETRY, "503 Service Unavailable: Starting")),
    "504": (Failure(504), Outcome(RETRY, "504 Gateway Timeout", in_doubt=True)),
    "507": (Failure(507), Outcome(RETRY, "507 Insufficient Storage")),
    "302": (
        Failure(302, {"Location": "https://dhis2.example.org/play/dhis-web-login/"}),
        Outcome(
            PAUSE,
            "302: {url} redirects; redirects are not followed: "
            'set url = "https://dhis2.example.org/play/dhis-web-login"',
        ),
    ),
    "301": (
        Failure(301, {"Location": "https://dhis2.example.org/play/api/sms/inbound"}),
        Outcome(PAUSE, '301: {url} redirects; redirects are not followed: set url = "https://dhis2.example.org/play"'),
    ),
    "200 of a captive portal": (
        Failure(200, HTML, b"<h1>Please log in</h1>"),
        Outcome(PAUSE, "200: {url} shows a web page, not DHIS2's interface; it is starting, or url is wrong"),
    ),
    "404 of a server without DHIS2": (
        Failure(404, HTML, b"<h1>Not found</h1>"),
        Outcome(PAUSE, "404: {url} shows a web page, not DHIS2's interface; it is starting, or url is wrong"),
    ),
}


@pytest.mark.parametrize("label", ANSWERS)
async def test_an_answer_is_an_outcome(label: str, dhis2: Dhis2) -> None:
    failure, expected = ANSWERS[label]
    dhis2.faults.fail, dhis2.faults.failure = 1, failure
    async with adapter("dhis2", dhis2.url, token=TOKEN) as system:
        outcome = await try_once(system, delivery())
    expected = Outcome(expected.verdict, expected.reason.format(url=dhis2.url), expected.after, expected.in_doubt)
    assert outcome == expected
    assert dhis2.count == 1


async def attempts(system: Any, label: dict[str, Any]) -> list[Outcome]:
    """Outcomes until one is final, with what the forwarder would remember in between."""
    given = delivery(**label)
    outcomes: list[Outcome] = []
    while not outcomes or outcomes[-1].verdict is RETRY:
        outcomes.append(await try_once(system, given))
        given.attempts += 1
        given.in_doubt = given.in_doubt or outcomes[-1].in_doubt
    return outcomes


@pytest.mark.parametrize(
    ("config", "verdicts"),
    [
        ({}, [RETRY, RETRY, DEAD]),
        ({"retries_on_500": 0}, [DEAD]),
        ({"retries_on_500": 1}, [RETRY, DEAD]),
        ({"accept_500_as_stored": True}, [DELIVERED]),
    ],
)
async def test_a_500_after_storing_is_repeated_as_often_as_allowed(
    config: dict[str, Any], verdicts: list[Verdict]
) -> None:
    dhis2 = Dhis2("2.42", users=users(), commands=[Command("ALERT", UNREGISTERED_PARSER)])
    await dhis2.start()
    async with adapter("dhis2", dhis2.url, token=TOKEN, **config) as system:
        outcomes = await attempts(system, {"sender": "+255711111111", "text": "ALERT fire", "attempts": 40})
    assert [outcome.verdict for outcome in outcomes] == verdicts
    assert all(outcome.in_doubt for outcome in outcomes[:-1])
    assert len(dhis2.rows) == len(verdicts)
    await dhis2.stop()


async def test_one_lost_reply_is_repeated_once(dhis2: Dhis2) -> None:
    dhis2.faults.drop = 1
    async with adapter("dhis2", dhis2.url, token=TOKEN) as system:
        lost, delivered = await attempts(system, {})
    assert lost == Outcome(RETRY, f"{dhis2.url} cut the connection before it answered", in_doubt=True)
    assert delivered == Outcome(DELIVERED)
    assert len(dhis2.rows) == 2


async def test_lost_replies_for_ever_end_in_a_few_rows(dhis2: Dhis2) -> None:
    dhis2.faults.drop = FOREVER
    async with adapter("dhis2", dhis2.url, token=TOKEN) as system:
        outcomes = await attempts(system, {"attempts": 40})
    assert [outcome.verdict for outcome in outcomes] == [RETRY, RETRY, DEAD]
    assert outcomes[-1].reason.endswith("tried 3 times, not repeated lest DHIS2 stores it again")
    assert len(dhis2.rows) == 3


async def test_a_doubt_outlives_the_process(dhis2: Dhis2) -> None:
    dhis2.faults.drop = FOREVER
    async with adapter("dhis2", dhis2.url, token=TOKEN) as system:
        outcomes = await attempts(system, {"in_doubt": True})
    assert [outcome.verdict for outcome in outcomes] == [RETRY, DEAD]


async def test_an_outage_counts_for_no_doubt(dhis2: Dhis2) -> None:
    await dhis2.stop()
    async with adapter("dhis2", dhis2.url, token=TOKEN) as system:
        for tries in range(20):
            outcome = await try_once(system, delivery(attempts=tries))
            assert outcome == Outcome(RETRY, f"cannot connect to {dhis2.url}: Connection refused")


async def test_a_parked_sender_can_be_registered_and_released(dhis2: Dhis2) -> None:
    dhis2.users = dhis2.users[:1]
    async with adapter("dhis2", dhis2.url, token=TOKEN) as system:
        assert await try_once(system, delivery()) == dead(UNKNOWN)
        dhis2.users = users()
        assert await try_once(system, delivery()) == Outcome(DELIVERED)
