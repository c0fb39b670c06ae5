"""RapidPro's requests, octet by octet, and what it makes of our calls."""

from __future__ import annotations

from typing import Any

import pytest

from smppd.model import OutboundState
from smppd.simulator.courier import Courier, Told
from smppd.simulator.standin import Failure
from tests.systems.kannel_kit import USER, caller
from tests.systems.kit import DELIVERED, PASSWORD, RETRY, SENDER, TEXT, adapter, delivery, try_once
from tests.systems.test_kannel import report
from tests.systems.test_kannel_sendsms import changes

CHANNEL = "8eb23e93-5ecb-45ba-b726-3b064e0c56ab"
UUID = "018df9e1-6b2b-7a40-9d3e-2a3c6d0d5a11"
DLR = f"https%3A%2F%2Fexample.org%2Fc%2Fkn%2F{CHANNEL}%2Fstatus%3F%s%3D{UUID}%26status%3D%25d".replace("%s", "{}")
RECEIVE = "/receive?backend=%i&sender=%p&message=%b&ts=%T&id=%I&to=%P"


def courier(**mode: Any) -> Courier:
    one = Courier(CHANNEL, "8500", USER, PASSWORD, **mode)
    one.url = "https://example.org"
    return one


def asked(text: str, name: str = "uuid", before: str = "", priority: str = "") -> str:
    login = f"from=8500&password={PASSWORD}{priority}&text={text}&to=%2B256772000001&username={USER}"
    return f"{before}dlr-mask=27&dlr-url={DLR.format(name)}&{login}"


UCS2 = "coding=2&"
UTF8 = "charset=utf8&coding=2&"
EMOJI = "Hi 😀 & é"


@pytest.mark.parametrize(
    ("mode", "text", "options", "query", "expected"),
    [
        ({}, "Simple + text & more", {}, asked("Simple+%2B+text+%26+more"), {"text": "Simple + text & more"}),
        ({"callback": "id"}, "Simple", {}, asked("Simple", "id"), {"text": "Simple"}),
        ({}, "Simple", {"urgent": True}, asked("Simple", priority="&priority=1"), {"text": "Simple", "priority": 1}),
        ({}, "It’s “so”", {}, asked("It%27s+%22so%22"), {"text": "It's \"so\""}),
        ({}, "☺", {}, asked("%26%3A", before=UCS2), {"text": "☺", "coding": "ucs2"}),
        ({"raw": False}, "☺", {}, asked("%E2%98%BA", before=UTF8), {"text": "☺", "coding": "ucs2"}),
        ({}, EMOJI, {}, asked("%00H%00i%00+%D8%3D%DE%00%00+%00%26%00+%00%E9", before=UCS2),
         {"text": EMOJI, "coding": "ucs2"}),
        ({"raw": False, "callback": "id"}, EMOJI, {}, asked("Hi+%F0%9F%98%80+%26+%C3%A9", "id", UTF8),
         {"text": EMOJI, "coding": "ucs2"}),
        ({}, "ab", {"encoding": "U"}, asked("%00a%00b", before=UCS2), {"text": "ab", "coding": "ucs2"}),
        ({}, "☺", {"encoding": "D"}, asked("%E2%98%BA"), {"text": "☺"}),
    ],
)  # fmt: skip
async def test_what_courier_sends(
    mode: dict[str, Any], text: str, options: dict[str, Any], query: str, expected: dict[str, Any]
) -> None:
    """In the four modes of its versions: Unicode as UTF-16BE octets or UTF-8, and a uuid or an id in the dlr-url."""
    sending = courier(**mode)
    assert sending.query(UUID, "+256772000001", text, **options) == query
    async with caller() as here:
        said = await here.get(query.encode())
        assert (said.status, said.body) == (202, "0: Accepted for delivery")
        (message,) = here.taken
    found = changes(message)
    extra = found.pop("extra")
    url = f"https://example.org/c/kn/{CHANNEL}/status?{sending.callback}={UUID}&status=%d"
    assert extra == {"dlr-url": url, "dlr-mask": 27}
    assert found.pop("report") == sum(
        state.bit
        for state in OutboundState
        if (state.final and state is not OutboundState.DENIED) or state is OutboundState.SENT
    )
    assert found == expected


@pytest.fixture
async def here() -> Any:
    one = Courier(CHANNEL, "8500", USER, PASSWORD)
    await one.start()
    yield one
    await one.stop()


async def test_courier_takes_a_message_once_however_often_it_is_posted(here: Courier) -> None:
    here.faults.drop = 1
    post_url = f"{here.url}/c/kn/{CHANNEL}{RECEIVE}"
    async with adapter("kannel", "", post_url=post_url) as system:
        assert (await try_once(system, delivery())).verdict is RETRY
        assert (await try_once(system, delivery(attempts=1, in_doubt=True))).verdict is DELIVERED
        assert (await try_once(system, delivery(8, text="日本 ☺"))).verdict is DELIVERED
    assert [(one.sender, one.text) for one in here.received] == [(SENDER, TEXT), (SENDER, "日本 ☺")]
    assert len(here.requests) == 3
    assert here.requests[0].target == here.requests[1].target
    uuid = "8c0c3f5a-6a3c-8b2e-8000-000000000007"
    text = "Amina+Kilosa+malaria+c%3D12"
    query = f"backend=vodacom&sender=%2B255754123456&message={text}&ts=1769847300&id={uuid}&to=15001"
    assert here.requests[0].target == f"/c/kn/{CHANNEL}/receive?{query}"


async def test_a_hiccup_of_couriers_database_is_a_400_that_passes(here: Courier) -> None:
    here.faults.fail, here.faults.failure = 2, Failure(400, {}, b'{"message":"Error"}')
    async with adapter("kannel", "", post_url=f"{here.url}/c/kn/{CHANNEL}{RECEIVE}") as system:
        verdicts = [(await try_once(system, delivery(attempts=attempt))).verdict for attempt in range(3)]
    assert verdicts == [RETRY, RETRY, DELIVERED]


@pytest.mark.parametrize(
    ("state", "value", "status"),
    [
        (OutboundState.SENT, 8, "sent"),
        (OutboundState.DELIVERED, 1, "delivered"),
        (OutboundState.UNDELIVERED, 2, "errored"),
        (OutboundState.REJECTED, 16, "errored"),
        (OutboundState.EXPIRED, 16, "errored"),
    ],
)
async def test_what_courier_makes_of_a_report(here: Courier, state: OutboundState, value: int, status: str) -> None:
    told = report("", state, stat="x")
    assert told.report is not None
    told.report.options.extra["dlr-url"] = f"{here.url}/c/kn/{CHANNEL}/status?uuid={UUID}&status=%d"
    async with adapter("kannel", "") as system:
        assert (await try_once(system, told)).verdict is DELIVERED
    assert here.told == [Told(UUID, value)]
    assert here.told[0].status == status
    assert here.requests[0].target == f"/c/kn/{CHANNEL}/status?uuid={UUID}&status={value}"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/receive?ts=1&sender=1", 400),
        ("/receive?id=1&sender=1", 400),
        ("/receive?id=1&ts=0&sender=1", 400),
        ("/receive?id=1&ts=x&sender=1", 400),
        ("/receive?id=1&ts=1", 400),
        ("/receive?id=1&ts=1&sender=1", 200),
    ],
)
async def test_the_stand_in_refuses_what_courier_refuses(here: Courier, path: str, status: int) -> None:
    async with adapter("kannel", "", post_url=f"{here.url}/c/kn/{CHANNEL}{path}") as system:
        outcome = await try_once(system, delivery())
    assert (outcome.verdict is DELIVERED) == (status == 200)
    assert bool(here.received) == (status == 200)
