"""The HTTP side: what a person at a terminal can make the SMSC do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

import pdu
from smppd.simulator.control import Control, simulate
from smppd.simulator.smsc import Smsc
from tests.simulator.esme import Esme


class Client:
    """Calls one base URL and gives (status, JSON body)."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self.http = http
        self.url = url

    async def get(self, path: str) -> tuple[int, Any]:
        async with self.http.get(self.url + path) as response:
            return response.status, await response.json()

    async def post(self, path: str, body: object = None) -> tuple[int, Any]:
        async with self.http.post(self.url + path, json=body) as response:
            return response.status, await response.json()


@pytest.fixture
async def client(smsc: Smsc) -> AsyncIterator[Client]:
    control = Control(smsc)
    url = await control.start()
    async with aiohttp.ClientSession() as http:
        yield Client(http, url)
    await control.stop()


async def test_the_first_page_names_every_habit(smsc: Smsc, client: Client) -> None:
    async with client.http.get(client.url + "/") as response:
        text = await response.text()
    assert all(name in text for name in smsc.habits.names())
    assert "POST /mo" in text


async def test_state_shows_sessions_counters_and_ledger(smsc: Smsc, bound: Esme, client: Client) -> None:
    assert await client.post("/mo", {"text": "one"}) == (202, {"enqueued": 1, "pdus": 1})
    await bound.take()
    await smsc.wait_acked(1)
    smsc.habits.update({"glue": 1})
    _, state = await client.get("/state")
    assert [(each["system_id"], each["bound"], each["delivered"]) for each in state["sessions"]] == [
        ("moh", "transceiver", 1)
    ]
    assert (state["counters"]["acked"], state["ledger"], state["waiting_pdus"]) == (1, {"mo acked": 1}, 0)
    assert (state["port"], state["habits"]) == (smsc.port, {"glue": 1})


async def test_mo_answers_when_acknowledged_if_asked_to_wait(bound: Esme, client: Client) -> None:
    posted = asyncio.create_task(client.post("/mo", {"text": "x" * 200, "count": 2, "wait": True}))
    for _ in range(4):
        await bound.take()
    assert await posted == (200, {"pdus": 4, "states": {"acked": 2}})


async def test_mo_says_that_it_was_refused(bound: Esme, client: Client) -> None:
    posted = asyncio.create_task(client.post("/mo", {"text": "no", "wait": True}))
    await bound.take(0x65)
    status, body = await posted
    assert (status, body["states"], body["error"]) == (502, {"refused": 1}, "refused with status 0x00000065")


async def test_mo_says_that_nobody_took_it(client: Client) -> None:
    status, body = await client.post("/mo", {"text": "nobody", "wait": True, "timeout": 0.01})
    assert (status, body["states"]) == (504, {"queued": 1})


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/mo", {"txt": "a"}, "unknown field 'txt'"),
        ("/mo", {"text": "ڤ", "alphabet": "gsm7"}, "GSM"),
        ("/mo", {"source": "1" * 40}, "source_addr"),
        ("/mo", {"count": 0}, "'count'"),
        ("/mo", [], "not a JSON object"),
        ("/habits", {"slient": True}, "unknown habit 'slient'"),
        ("/receipts", {"stat": "DELIVRD"}, "message_id"),
        ("/receipts", {"message_id": "1", "stat": "LOST"}, "'stat' is one of"),
    ],
)
async def test_what_cannot_be_done_is_refused_in_words(
    smsc: Smsc, client: Client, path: str, body: object, words: str
) -> None:
    status, answer = await client.post(path, body)
    assert status == 400
    assert words in answer["error"]
    assert not smsc.entries


async def test_a_body_that_is_no_json_is_refused(client: Client) -> None:
    async with client.http.post(client.url + "/mo", data=b"{") as response:
        assert response.status == 400


async def test_habits_are_turned_one_by_one(smsc: Smsc, client: Client) -> None:
    status, habits = await client.post("/habits", {"throttle": 5, "receipt_id": "hex"})
    assert (status, habits["throttle"], habits["receipt_id"], habits["silent"]) == (200, 5, "hex", False)
    assert await client.get("/habits") == (200, habits)
    assert smsc.habits.throttle == 5


async def test_submits_are_shown_and_get_receipts_by_hand(bound: Esme, client: Client) -> None:
    answer = await bound.answer(pdu.SubmitSm, source_addr="15001", destination_addr="2557", short_message=b"hi")
    _, shown = await client.get("/submits?last=1")
    assert shown["total"] == 1
    (submit,) = shown["submits"]
    assert (submit["message_id"], submit["text"], submit["destination"]) == (answer.message_id, "hi", "2557")
    receipt = {"message_id": answer.message_id, "stat": "UNDELIV", "error": "011"}
    assert await client.post("/receipts", receipt) == (202, {"enqueued": 1})
    assert b"stat:UNDELIV err:011" in (await bound.take()).short_message
    assert (await client.post("/receipts", {"message_id": "none"}))[0] == 404


async def test_connections_are_cut_and_unbound(bound: Esme, client: Client) -> None:
    assert await client.post("/unbind") == (200, {"unbinding": 1})
    await bound.next(pdu.Unbind)
    assert await client.post("/cut") == (200, {"cut": 1})
    assert await bound.next() is None


async def test_simulate_runs_both_until_cancelled() -> None:
    ready: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(simulate("127.0.0.1", 0, 0, on_ready=lambda port, url: ready.set_result((port, url))))
    port, url = await ready
    esme = await Esme.connect(port)
    assert (await esme.bind()).status == 0
    async with aiohttp.ClientSession() as http, http.get(url + "/state") as response:
        assert response.status == 200
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await esme.next() is None
    esme.close()
