"""CHT gets every message once however often an exchange fails, and is told of every message it hands out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any
from uuid import UUID, uuid5

import pytest

from smppd.model import Outcome, Submission
from smppd.simulator.cht import Cht
from smppd.simulator.cht_records import ChtUser
from smppd.simulator.standin import FOREVER, Failure
from smppd.systems.contract import PollFailed
from tests.systems.kit import (
    DEAD,
    DELIVERED,
    INSTALLATION,
    PASSWORD,
    PAUSE,
    RETRY,
    SENDER,
    TEXT,
    adapter,
    attempt,
    delivery,
    poll,
    stored,
    try_once,
)

USER = {"username": "gateway", "password": PASSWORD}


@pytest.fixture
async def cht() -> AsyncIterator[Cht]:
    server = Cht(users=[ChtUser("gateway", PASSWORD), ChtUser("nurse", PASSWORD, permissions=())])
    await server.start()
    yield server
    assert server.overlaps == 0
    assert server.saved_twice == set()
    assert server.regressions == []
    await server.stop()


def id_of(number: int) -> str:
    return str(uuid5(INSTALLATION, f"in:{number}"))


async def test_the_request_is_to_the_letter_what_cht_asks_for(cht: Cht) -> None:
    async with adapter("cht", cht.url, **USER) as system:
        assert await try_once(system, delivery()) == Outcome(DELIVERED)
    (seen,) = cht.requests
    assert (seen.method, seen.target) == ("POST", "/api/sms")
    assert seen.headers["Content-Type"] == "application/json"
    assert seen.headers["Accept"] == "application/json"
    assert json.loads(seen.body) == {
        "messages": [{"id": id_of(7), "from": SENDER, "content": TEXT, "sms_received": 1769847300250}],
        "updates": [],
    }
    assert UUID(id_of(7)).version == 5


@pytest.mark.parametrize("path", ["", "/", "/api/sms", "/api/sms/"])
@pytest.mark.parametrize("in_url", [True, False])
async def test_the_url_may_be_written_in_any_usual_way(path: str, in_url: bool, cht: Cht) -> None:
    url = cht.url.replace("//", f"//gateway:{PASSWORD}@") if in_url else cht.url
    async with adapter("cht", url + path, **({} if in_url else USER)) as system:
        assert await try_once(system, delivery()) == Outcome(DELIVERED)


async def test_a_batch_is_one_exchange(cht: Cht) -> None:
    async with adapter("cht", cht.url, **USER) as system:
        assert (system.batch, system.concurrency) == (100, 1)
        result = await attempt(system, *(delivery(number) for number in range(100)))
    assert result.outcomes == [Outcome(DELIVERED)] * 100
    assert [item.id for item in cht.saved] == [id_of(number) for number in range(100)]
    assert cht.count == 1


UNFIT: dict[str, tuple[dict[str, Any], str]] = {
    "empty": ({"text": ""}, "empty: CHT drops it"),
    "binary": ({"text": None, "data": b"\1"}, "binary: CHT takes text only"),
    "without sender": ({"sender": ""}, "no sender: CHT drops it"),
}


@pytest.mark.parametrize("label", UNFIT)
async def test_what_cht_would_drop_ends_here(label: str, cht: Cht) -> None:
    changes, reason = UNFIT[label]
    async with adapter("cht", cht.url, **USER) as system:
        result = await attempt(system, delivery(1), delivery(2, **changes), delivery(3))
        assert result.outcomes == [Outcome(DELIVERED), Outcome(DEAD, reason), Outcome(DELIVERED)]
        assert await try_once(system, delivery(4, **changes)) == Outcome(DEAD, reason)
    assert [item.id for item in cht.saved] == [id_of(1), id_of(3)]
    assert (cht.count, cht.dropped) == (1, [])


LOGIN = Failure(302, {"Location": "/medic/login?redirect=x"})
PORTAL = Failure(200, {"Content-Type": "text/html"}, b"<h1>Log in</h1>")
DOUBTFUL = "{url} answered 200 with something that is not CHT's; is url right?"

# label: (what CHT answers, outcome of the messages it carried)
ANSWERS: dict[str, tuple[Failure, Outcome]] = {
    "500": (
        Failure(500, {}, b'{"code":500,"error":"Server error"}'),
        Outcome(RETRY, "500 Internal Server Error: Server error"),
    ),
    "502": (Failure(502), Outcome(RETRY, "502 Bad Gateway")),
    "504": (Failure(504), Outcome(RETRY, "504 Gateway Timeout")),
    "429": (Failure(429), Outcome(RETRY, "429 Too Many Requests", 15.0)),
    "429 with a time": (Failure(429, {"Retry-After": "3"}), Outcome(RETRY, "429 Too Many Requests", 3.0)),
    "401": (
        Failure(401, {}, b'{"code":401,"error":"unauthorized"}'),
        Outcome(PAUSE, "credentials or rights refused: 401 Unauthorized: unauthorized"),
    ),
    "400": (
        Failure(400, {}, b'{"code":400,"error":"Content-Type must be application/json"}'),
        Outcome(PAUSE, "400 Bad Request: Content-Type must be application/json; is url right?"),
    ),
    "404": (Failure(404), Outcome(PAUSE, "404 Not Found; is url right?")),
    "301": (
        Failure(301, {"Location": "https://cht.example.org/api/sms"}),
        Outcome(PAUSE, '301: {url} redirects; redirects are not followed: set url = "https://cht.example.org"'),
    ),
    "302 to the login": (
        LOGIN,
        Outcome(PAUSE, '302: {url} redirects; redirects are not followed: set url = "{url}/medic/login"'),
    ),
    "a page": (PORTAL, Outcome(RETRY, DOUBTFUL, in_doubt=True)),
    "no JSON": (Failure(200, {}, b"OK"), Outcome(RETRY, DOUBTFUL, in_doubt=True)),
    "nothing": (Failure(200), Outcome(RETRY, DOUBTFUL, in_doubt=True)),
    "a list": (Failure(200, {}, b"[]"), Outcome(RETRY, DOUBTFUL, in_doubt=True)),
    "the answer to a GET": (Failure(200, {}, b'{"medic-gateway":true}'), Outcome(RETRY, DOUBTFUL, in_doubt=True)),
    "messages that are none": (Failure(200, {}, b'{"messages":7}'), Outcome(RETRY, DOUBTFUL, in_doubt=True)),
    "other successes": (Failure(204), Outcome(PAUSE, "204 No Content; is url right?")),
    "413 for several": (Failure(413), Outcome(RETRY, f"413 {HTTPStatus(413).phrase}")),
}


@pytest.mark.parametrize("label", ANSWERS)
async def test_anything_but_200_acknowledges_nothing(label: str, cht: Cht) -> None:
    failure, expected = ANSWERS[label]
    expected = Outcome(expected.verdict, expected.reason.format(url=cht.url), expected.after, expected.in_doubt)
    cht.faults.failure = failure
    async with adapter("cht", cht.url, **USER) as system:
        system.settled(*stored([Submission(SENDER, "x", reference="some-uuid")]))
        cht.faults.fail = 1
        result = await attempt(system, delivery(1), delivery(2))
        assert result.outcomes == [expected, expected]
        cht.faults.fail = 1
        failed = await poll(system)
        assert isinstance(failed, PollFailed)
        assert (failed.reason, failed.after) == (expected.reason, expected.after)
        assert await poll(system) == []
    assert json.loads(cht.requests[-1].body)["updates"] == [{"id": "some-uuid", "status": "UNSENT"}]


@pytest.mark.parametrize("fault", ["drop_before", "drop", "fail", "fail_after"])
async def test_a_failed_exchange_is_repeated_with_the_same_ids(fault: str, cht: Cht) -> None:
    setattr(cht.faults, fault, 1)
    cht.faults.failure = Failure(500)
    async with adapter("cht", cht.url, **USER) as system:
        first = await attempt(system, delivery(1), delivery(2))
        assert [(outcome.verdict, outcome.in_doubt) for outcome in first.outcomes] == [(RETRY, False)] * 2
        again = await attempt(system, delivery(1, attempts=1), delivery(2, attempts=1))
        assert again.outcomes == [Outcome(DELIVERED)] * 2
    assert [item.id for item in cht.saved] == [id_of(1), id_of(2)]


async def test_wrong_credentials_do_not_hammer(cht: Cht) -> None:
    async with adapter("cht", cht.url, username="nurse", password=PASSWORD) as system:
        result = await attempt(system, *(delivery(number, attempts=9) for number in range(50)))
    refused = "credentials or rights refused: 403 Forbidden: Insufficient privileges"
    assert result.outcomes == [Outcome(PAUSE, refused)] * 50
    assert cht.count == 1


async def test_a_message_that_cht_cannot_save_fails_alone(cht: Cht) -> None:
    """The poisoned one has failed before, so it goes by itself; later ones of its sender keep their place behind it."""
    cht.faults.failure = Failure(500)
    async with adapter("cht", cht.url, **USER) as system:
        cht.faults.fail = 1
        result = await attempt(
            system,
            delivery(1, attempts=2),
            delivery(2, sender="+255700000002"),
            delivery(3, attempts=2),
            delivery(4, sender="+255700000004"),
        )
    assert [outcome.verdict for outcome in result.outcomes] == [RETRY, DELIVERED, RETRY, DELIVERED]
    assert [item.id for item in cht.saved] == [id_of(2), id_of(4)]


async def test_a_message_too_large_by_itself_is_dead(cht: Cht) -> None:
    cht.faults.fail, cht.faults.failure = 1, Failure(413)
    async with adapter("cht", cht.url, **USER) as system:
        assert await try_once(system, delivery()) == Outcome(DEAD, f"413 {HTTPStatus(413).phrase}")


async def test_what_is_handed_out_is_acknowledged_with_the_next_exchange(cht: Cht) -> None:
    task = cht.add_task("+255700000001", "Please visit…")
    async with adapter("cht", cht.url, **USER) as system:
        handed = [Submission("+255700000001", "Please visit…", reference=task.uuid)]
        assert await poll(system) == handed
        assert await poll(system) == handed, "nobody committed it, so CHT is told nothing"
        system.settled(*stored(handed))
        assert await poll(system) == []
        assert await poll(system) == []
    assert task.updates == ["UNSENT"]
    assert [json.loads(seen.body)["updates"] for seen in cht.requests] == [
        [],
        [],
        [{"id": task.uuid, "status": "UNSENT"}],
        [],
    ]


async def test_a_delivery_brings_messages_back_too(cht: Cht) -> None:
    task = cht.add_task("+255700000001", "Please visit…")
    async with adapter("cht", cht.url, **USER) as system:
        result = await attempt(system, delivery())
        assert result.outcomes == [Outcome(DELIVERED)]
        assert result.outbound == [Submission("+255700000001", "Please visit…", reference=task.uuid)]
        system.settled(*stored(result.outbound))
        await attempt(system, delivery(8))
    assert task.state == "received-by-gateway"


async def test_a_thousand_are_fetched_in_one_go(cht: Cht) -> None:
    for number in range(1000):
        cht.add_task(f"+2557000{number:05}", f"visit {number}")
    fetched: list[Submission] = []
    async with adapter("cht", cht.url, **USER) as system:
        while True:
            found = await system.poll()
            fetched += found
            system.settled(*stored(found))
            if not system.poll_again:
                break
    assert [message.reference for message in fetched] == list(cht.tasks)
    assert cht.count == 41
    assert {task.updates == ["UNSENT"] for task in cht.tasks.values()} == {True}


async def test_a_hand_out_that_cannot_be_committed_is_not_fetched_in_circles(cht: Cht) -> None:
    for number in range(30):
        cht.add_task(f"+2557000{number:05}", f"visit {number}")
    async with adapter("cht", cht.url, **USER) as system:
        again = []
        for _ in range(4):
            await system.poll()
            again.append(system.poll_again)
    assert again == [True, False, False, False]


MALFORMED: list[tuple[object, dict[str, str] | None]] = [
    ("text", None),
    (None, None),
    ({}, None),
    ({"id": 7, "to": "+255700000001", "content": "x"}, None),
    ({"id": "7" * 3000, "to": "+255700000001", "content": "x"}, None),
    ({"id": "no-to", "content": "x"}, {"id": "no-to", "status": "FAILED", "reason": "destination.invalid"}),
    (
        {"id": "null-to", "to": None, "content": "x"},
        {"id": "null-to", "status": "FAILED", "reason": "destination.invalid"},
    ),
    (
        {"id": "no-text", "to": "+255700000001"},
        {"id": "no-text", "status": "FAILED", "reason": "generic; empty content"},
    ),
]


async def test_malformed_items_are_reported_and_spoil_nothing(cht: Cht, capsys: pytest.CaptureFixture[str]) -> None:
    good = {"id": "good", "to": "+255700000001", "content": "half an emoji \\ud83d"}
    items = [item for item, _ in MALFORMED]
    body = json.dumps({"messages": [*items, good]}).replace("\\\\u", "\\u").encode()
    cht.faults.fail, cht.faults.failure = 1, Failure(200, {}, body)
    async with adapter("cht", cht.url, **USER) as system:
        result = await attempt(system, delivery())
        assert result.outcomes == [Outcome(DELIVERED)]
        assert result.outbound == [Submission("+255700000001", "half an emoji \ufffd", reference="good")]
        system.settled(*stored(result.outbound))
        await poll(system)
    assert json.loads(cht.requests[-1].body)["updates"] == [
        *(update for _, update in MALFORMED if update),
        {"id": "good", "status": "UNSENT"},
    ]
    assert '"count":8' in capsys.readouterr().err


async def test_an_answer_with_too_many_messages_is_taken_in_shares(cht: Cht) -> None:
    items = [{"id": f"m{n}", "to": SENDER, "content": "x"} for n in range(5000)]
    cht.faults.fail, cht.faults.failure = 1, Failure(200, {}, json.dumps({"messages": items}).encode())
    async with adapter("cht", cht.url, **USER) as system:
        result = await attempt(system, delivery())
    assert [message.reference for message in result.outbound] == [f"m{n}" for n in range(1000)]


async def test_an_update_that_comes_during_an_exchange_goes_with_the_next(cht: Cht) -> None:
    gate = asyncio.Event()
    cht.faults.slow = gate
    async with adapter("cht", cht.url, **USER) as system:
        system.settled(*stored([Submission(SENDER, "x", reference="a")]))
        under_way = asyncio.ensure_future(system.poll())
        await cht.wait_requests(1)
        system.settled(*stored([Submission(SENDER, "x", reference="b")]))
        gate.set()
        await under_way
        await system.poll()
        await system.poll()
    assert [[update["id"] for update in json.loads(seen.body)["updates"]] for seen in cht.requests] == [
        ["a"],
        ["b"],
        [],
    ]


async def test_polls_and_deliveries_take_turns(cht: Cht) -> None:
    async with adapter("cht", cht.url, **USER) as system:
        await asyncio.gather(
            *(attempt(system, delivery(number)) for number in range(5)), *(poll(system) for _ in range(5))
        )
    assert len(cht.saved) == 5  # the fixture asserts that none overlapped


async def test_a_cancelled_exchange_leaves_the_next_one_its_turn(cht: Cht) -> None:
    cht.faults.slow = asyncio.Event()
    async with adapter("cht", cht.url, **USER) as system:
        under_way = asyncio.ensure_future(system.poll())
        await cht.wait_requests(1)
        under_way.cancel()
        with pytest.raises(asyncio.CancelledError):
            await under_way
        cht.faults.slow = None
        assert await try_once(system, delivery()) == Outcome(DELIVERED)


async def test_updates_waiting_for_a_lost_cht_stay_bounded(cht: Cht) -> None:
    async with adapter("cht", cht.url, **USER) as system:
        system.settled(*stored([Submission(SENDER, "x", reference=f"id{number}") for number in range(12_000)]))
        sent: list[str] = []
        while not sent or json.loads(cht.requests[-1].body)["updates"]:
            await system.poll()
            sent += [update["id"] for update in json.loads(cht.requests[-1].body)["updates"]]
    assert sent == [f"id{number}" for number in range(2_000, 12_000)]
    assert cht.count == 51


async def test_a_hand_out_of_another_service_is_no_trouble() -> None:
    cht = Cht(users=[ChtUser("gateway", PASSWORD)], outgoing_service="rapidpro")
    await cht.start()
    cht.add_task("+255700000001", "x")
    async with adapter("cht", cht.url, **USER) as system:
        result = await attempt(system, delivery())
        assert (result.outcomes, result.outbound) == ([Outcome(DELIVERED)], [])
    assert len(cht.saved) == 1
    await cht.stop()


async def test_a_poll_says_why_it_failed(cht: Cht) -> None:
    cht.faults.drop = FOREVER
    async with adapter("cht", cht.url, **USER) as system:
        failed = await poll(system)
    assert isinstance(failed, PollFailed)
    assert failed.reason == f"{cht.url} cut the connection before it answered"
