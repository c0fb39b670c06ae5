"""Faults, the record of requests and waiting, which all HTTP stand-ins share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from smppd.simulator.standin import FOREVER, Failure
from smppd.simulator.webhook import Sink

CUT = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    sink = Sink(body=b"taken")
    await sink.start()
    yield sink
    await sink.stop()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as http:
        yield http


async def post(http: aiohttp.ClientSession, sink: Sink) -> tuple[int, bytes]:
    async with http.post(sink.url, data=b"x") as response:
        return response.status, await response.read()


async def test_a_request_is_remembered_as_it_came(sink: Sink, http: aiohttp.ClientSession) -> None:
    headers = {"X-Key": "v", "Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    async with http.put(sink.url + "/a%20b?x=1&y=", data=b"z=%C3%A9", headers=headers) as response:
        assert (response.status, await response.read()) == (200, b"taken")
    (seen,) = sink.requests
    assert (seen.method, seen.path, seen.query, seen.body) == ("PUT", "/a b", {"x": "1", "y": ""}, b"z=%C3%A9")
    assert seen.form == {"x": "1", "y": "", "z": "é"}
    assert (seen.headers["x-key"], seen.media_type) == ("v", "application/x-www-form-urlencoded")


async def test_a_sink_may_only_count(http: aiohttp.ClientSession) -> None:
    seen = []
    sink = Sink(record=False, status=202, on_request=seen.append)
    await sink.start()
    assert await post(http, sink) == (202, b"")
    await sink.wait_requests(1)
    assert (sink.count, sink.requests, len(seen)) == (1, [], 1)
    await sink.stop()


async def test_a_number_of_requests_can_be_waited_for(sink: Sink, http: aiohttp.ClientSession) -> None:
    waiting = asyncio.create_task(sink.wait_requests(2))
    await post(http, sink)
    assert not waiting.done()
    await post(http, sink)
    await waiting


async def test_waiting_in_vain_says_how_far_it_came(sink: Sink, http: aiohttp.ClientSession) -> None:
    await post(http, sink)
    with pytest.raises(TimeoutError, match="1 of 2 requests"):
        await sink.wait_requests(2, timeout=0.01)


@pytest.mark.parametrize("fault", ["drop", "drop_before"])
async def test_the_connection_is_cut_for_the_next_requests(sink: Sink, http: aiohttp.ClientSession, fault: str) -> None:
    handled = []
    sink.on_request = handled.append
    setattr(sink.faults, fault, 2)
    for _ in range(2):
        with pytest.raises(CUT):
            await post(http, sink)
    assert (await post(http, sink))[0] == 200
    assert sink.count == 3
    assert len(handled) == (3 if fault == "drop" else 1)


@pytest.mark.parametrize("fault", ["fail", "fail_after"])
async def test_a_fixed_answer_is_given_until_it_is_taken_back(
    sink: Sink, http: aiohttp.ClientSession, fault: str
) -> None:
    handled = []
    sink.on_request = handled.append
    sink.faults.failure = Failure(429, {"Retry-After": "7"}, b"<garbage")
    setattr(sink.faults, fault, FOREVER)
    for _ in range(3):
        async with http.post(sink.url) as response:
            assert (response.status, response.headers["Retry-After"]) == (429, "7")
            assert await response.read() == b"<garbage"
    setattr(sink.faults, fault, 0)
    assert (await post(http, sink))[0] == 200
    assert len(handled) == (4 if fault == "fail_after" else 1)


async def test_a_slow_answer_waits_for_its_event(sink: Sink, http: aiohttp.ClientSession) -> None:
    handled = []
    sink.on_request = handled.append
    sink.faults.slow = released = asyncio.Event()
    asked = asyncio.create_task(post(http, sink))
    await sink.wait_requests(1)
    assert (handled, asked.done()) == ([], False)
    released.set()
    assert (await asked)[0] == 200


async def test_a_slow_answer_takes_seconds(sink: Sink, http: aiohttp.ClientSession) -> None:
    sink.faults.slow = 0.02
    started = asyncio.get_running_loop().time()
    await post(http, sink)
    assert asyncio.get_running_loop().time() - started >= 0.02


async def test_a_hanging_request_is_never_answered(sink: Sink, http: aiohttp.ClientSession) -> None:
    sink.faults.hang = 1
    asked = asyncio.create_task(post(http, sink))
    await sink.wait_requests(1)
    assert (await post(http, sink))[0] == 200
    assert not asked.done()
    await sink.stop()
    with pytest.raises(CUT):
        await asked


async def test_a_stopped_stand_in_refuses_and_starts_again(sink: Sink, http: aiohttp.ClientSession) -> None:
    port = int(sink.url.rpartition(":")[2])
    await sink.stop()
    with pytest.raises(aiohttp.ClientConnectorError):
        await post(http, sink)
    await sink.start(port=port)
    assert (await post(http, sink))[0] == 200
