"""The CHT stand-in: exact headers, hand-out until acknowledged, statuses, RapidPro's door."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from smppd.simulator.cht import RAPIDPRO_PATHS, Cht
from smppd.simulator.cht_records import ChtUser


def basic(username: str, password: str) -> str:
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode()


AUTH = basic("gateway", "pass")
EXACT = {"Content-Type": "application/json", "Accept": "application/json"}
FORBIDDEN = {"code": 403, "error": "Insufficient privileges"}
ITEM = {"id": "a-1", "from": "+256700000001", "content": "G Jane 12"}


class Caller:
    def __init__(self, http: aiohttp.ClientSession, cht: Cht) -> None:
        self.http = http
        self.cht = cht

    async def call(self, method: str, path: str, body: object = None, **options: Any) -> tuple[int, Any]:
        options = {"auth": AUTH, "headers": EXACT, "allow_redirects": False} | options
        auth = options.pop("auth")
        if auth is not None:
            options["headers"] = options["headers"] | {"Authorization": auth}
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        async with self.http.request(method, self.cht.url + path, data=data, **options) as response:
            text = await response.text()
            return response.status, json.loads(text) if response.content_type == "application/json" else text

    async def post(self, body: object = None, **options: Any) -> tuple[int, Any]:
        return await self.call("POST", "/api/sms", body or {}, **options)

    async def rapidpro(self, body: object, token: str | None = "Token key", path: str = RAPIDPRO_PATHS[0]) -> Any:
        headers = EXACT | ({"Authorization": token} if token else {})
        return await self.call("POST", path, body, auth=None, headers=headers)


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    cht = Cht([ChtUser("gateway", "pass"), ChtUser("clerk", "pass", ())], incoming_key="key")
    await cht.start()
    async with aiohttp.ClientSession() as http:
        yield Caller(http, cht)
    await cht.stop()


async def test_get_is_the_connection_test(caller: Caller) -> None:
    assert await caller.call("GET", "/api/sms") == (200, {"medic-gateway": True})


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "application/JSON", "text/plain", "application/json;"]
)
async def test_the_content_type_is_compared_byte_for_byte(caller: Caller, content_type: str) -> None:
    status, body = await caller.post({}, headers=EXACT | {"Content-Type": content_type})
    assert (status, body) == (400, {"code": 400, "error": "Content-Type must be application/json"})


async def test_what_aiohttp_sends_for_json_is_the_exact_content_type(caller: Caller) -> None:
    headers = {"Accept": "application/json", "Authorization": AUTH}
    async with caller.http.post(caller.cht.url + "/api/sms", json={}, headers=headers) as response:
        assert (response.status, await response.json()) == (200, {"messages": []})


@pytest.mark.parametrize(
    ("auth", "accept", "status", "body"),
    [
        (None, "application/json", 401, {"code": 401, "error": "unauthorized"}),
        (basic("gateway", "no"), "application/json", 401, {"code": 401, "error": "unauthorized"}),
        (None, "*/*", 302, ""),
        (basic("clerk", "pass"), "application/json", 403, FORBIDDEN),
        (basic("clerk", "pass"), "*/*", 403, "Insufficient privileges"),
    ],
)
async def test_refusals_are_json_only_for_those_who_ask(
    caller: Caller, auth: str | None, accept: str, status: int, body: object
) -> None:
    answer = await caller.post({}, auth=auth, headers=EXACT | {"Accept": accept})
    assert answer == (status, body)
    assert caller.cht.saved == []


async def test_failed_logins_are_limited(caller: Caller) -> None:
    wrong = basic("gateway", "no")
    assert [(await caller.post({}, auth=wrong))[0] for _ in range(12)] == [401] * 10 + [429] * 2
    assert (await caller.post({}))[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "status"), [("POST", "/api/sms/", 301), ("PUT", "/api/sms", 404), ("POST", "/api", 404)]
)
async def test_paths_and_methods(caller: Caller, method: str, path: str, status: int) -> None:
    assert (await caller.call(method, path, {}))[0] == status


async def test_incoming_is_saved_once_by_id(caller: Caller) -> None:
    for _ in range(2):
        assert await caller.post({"messages": [ITEM]}) == (200, {"messages": []})
    assert [(each.id, each.sender, each.content, each.door) for each in caller.cht.saved] == [
        ("a-1", "+256700000001", "G Jane 12", "pull")
    ]
    await caller.cht.wait_saved(1)


@pytest.mark.parametrize("lack", ["id", "from", "content"])
@pytest.mark.parametrize("how", [{}, {"empty": ""}])
async def test_an_incomplete_item_is_dropped_without_a_word(caller: Caller, lack: str, how: dict[str, str]) -> None:
    item = {name: value for name, value in ITEM.items() if name != lack} | ({lack: ""} if how else {})
    assert (await caller.post({"messages": [item]}))[0] == 200
    assert (caller.cht.saved, caller.cht.dropped) == ([], [item])


@pytest.mark.parametrize("body", [{"messages": None, "updates": None}, {"messages": [], "updates": []}, {}])
async def test_nothing_to_say_is_fine(caller: Caller, body: object) -> None:
    assert await caller.post(body) == (200, {"messages": []})


@pytest.mark.parametrize("body", [b"{", b"[]"])
async def test_a_broken_body_is_a_server_error(caller: Caller, body: bytes) -> None:
    assert await caller.post(body) == (500, {"code": 500, "error": "Server error"})


async def test_25_are_handed_out_again_and_again_until_acknowledged(caller: Caller) -> None:
    tasks = [caller.cht.add_task(f"+2567{number}", f"visit {number}") for number in range(30)]
    _, first = await caller.post()
    _, again = await caller.post()
    assert first == again
    assert [item["id"] for item in first["messages"]] == [task.uuid for task in tasks[:25]]
    assert first["messages"][0] == {"id": tasks[0].uuid, "to": "+25670", "content": "visit 0"}
    assert (tasks[0].state, tasks[0].handed_out, tasks[29].state) == ("forwarded-to-gateway", 2, "pending")
    _, rest = await caller.post({"updates": [{"id": task.uuid, "status": "UNSENT"} for task in tasks[:25]]})
    assert [item["id"] for item in rest["messages"]] == [task.uuid for task in tasks[25:]]


async def test_due_dates_order_the_hand_out(caller: Caller) -> None:
    caller.cht.add_task("+1", "later", due=20.0)
    caller.cht.add_task("+1", "sooner", due=10.0)
    _, body = await caller.post()
    assert [item["content"] for item in body["messages"]] == ["sooner", "later"]


async def test_another_outgoing_service_hands_nothing_out_but_takes_in(caller: Caller) -> None:
    caller.cht.outgoing_service = "rapidpro"
    caller.cht.add_task("+1", "not by us")
    assert await caller.post({"messages": [ITEM]}) == (200, {"messages": []})
    assert len(caller.cht.saved) == 1


@pytest.mark.parametrize(
    ("update", "state", "details"),
    [
        ({"status": "UNSENT"}, "received-by-gateway", {}),
        ({"status": "PENDING"}, "forwarded-by-gateway", {}),
        ({"status": "SENT"}, "sent", {}),
        ({"status": "DELIVERED"}, "delivered", {}),
        ({"status": "FAILED", "reason": "no-service"}, "failed", {"reason": "no-service"}),
        ({"status": "FAILED"}, "failed", {}),
        ({"status": "sent"}, "unrecognised", {"gateway_status": "sent"}),
    ],
)
async def test_each_status_gives_its_state(
    caller: Caller, update: dict[str, str], state: str, details: dict[str, str]
) -> None:
    task = caller.cht.add_task("+1", "x")
    await caller.post({"updates": [{"id": task.uuid, **update}, {"id": "unknown", "status": "SENT"}]})
    await caller.cht.wait_state(task.uuid, state)
    assert task.history == [(state, details)]
    assert [each["id"] for each in caller.cht.unknown_updates] == ["unknown"]


async def test_an_equal_state_is_written_once_but_a_reason_each_time(caller: Caller) -> None:
    task = caller.cht.add_task("+1", "x")
    for update in ({"status": "SENT"}, {"status": "FAILED", "reason": "radio-off"}):
        for _ in range(2):
            await caller.post({"updates": [{"id": task.uuid, **update}]})
    assert [state for state, _ in task.history] == ["sent", "failed", "failed"]


async def test_a_status_that_goes_back_is_taken_and_noted(caller: Caller) -> None:
    task = caller.cht.add_task("+1", "x")
    for status in ("DELIVERED", "PENDING"):
        await caller.post({"updates": [{"id": task.uuid, "status": status}]})
    assert task.state == "forwarded-by-gateway"
    assert caller.cht.regressions == [(task.uuid, "DELIVERED", "PENDING")]


async def test_incoming_is_saved_and_updates_applied_before_the_selection(caller: Caller) -> None:
    task = caller.cht.add_task("+1", "x")
    body = {"messages": [ITEM], "updates": [{"id": task.uuid, "status": "SENT"}]}
    assert await caller.post(body) == (200, {"messages": []})


async def test_racing_posts_save_twice_and_are_noted(caller: Caller) -> None:
    caller.cht.faults.slow = released = asyncio.Event()
    racing = [asyncio.create_task(caller.post({"messages": [ITEM]})) for _ in range(2)]
    await caller.cht.wait_requests(2)
    released.set()
    await asyncio.gather(*racing)
    assert (caller.cht.overlaps, caller.cht.saved_twice) == (1, {"a-1"})


async def test_one_post_after_another_is_no_overlap(caller: Caller) -> None:
    for number in range(3):
        await caller.post({"messages": [ITEM | {"id": str(number)}]})
    assert (caller.cht.overlaps, caller.cht.saved_twice) == (0, set())


@pytest.mark.parametrize("path", RAPIDPRO_PATHS)
async def test_rapidpro_saves_and_refuses_the_same_id_again(caller: Caller, path: str) -> None:
    assert await caller.rapidpro(ITEM, path=path) == (200, {"saved": 1})
    assert await caller.rapidpro(ITEM, path=path) == (400, {"code": 400, "error": "Message was not saved"})
    assert [each.door for each in caller.cht.saved] == ["rapidpro"]


@pytest.mark.parametrize(
    ("body", "token", "status", "error"),
    [
        ({**ITEM, "content": ""}, "Token key", 400, "Message was not saved"),
        ({"id": "a"}, "Token key", 400, "Message was not saved"),
        ({}, "Token key", 400, "Request body is required"),
        (ITEM, None, 403, "Missing authorization token"),
        (ITEM, "Bearer key", 403, "Missing authorization token"),
        (ITEM, "Token other", 403, "Incorrect token"),
    ],
)
async def test_rapidpro_refuses(caller: Caller, body: object, token: str | None, status: int, error: str) -> None:
    assert await caller.rapidpro(body, token) == (status, {"code": status, "error": error})
    assert caller.cht.saved == []


async def test_rapidpro_without_a_key_refuses_everybody(caller: Caller) -> None:
    caller.cht.incoming_key = None
    assert await caller.rapidpro(ITEM) == (403, {"code": 403, "error": "No incoming key configured"})


async def test_rapidpro_takes_a_charset(caller: Caller) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8", "Authorization": "Token key"}
    status, _ = await caller.call("POST", RAPIDPRO_PATHS[0], ITEM, auth=None, headers=headers)
    assert status == 200
