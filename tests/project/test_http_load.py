"""The benchmark's HTTP client: every request is answered once, whatever way the answer is cut and framed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from benchmarks.http_load import Hammer, get, post

PLAIN = b"HTTP/1.1 202 Accepted\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"


@asynccontextmanager
async def server(answer: Callable[[bytes], list[bytes]]) -> AsyncIterator[tuple[int, list[bytes]]]:
    """Answers each request head with these pieces, one write each; closes where there are none."""
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if b"Content-Length: " in head:
                    head += await reader.readexactly(int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0]))
                seen.append(head)
                pieces = answer(head)
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
                if not pieces:
                    break
        except (asyncio.IncompleteReadError, ConnectionResetError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1], seen


@pytest.mark.parametrize("whole", [PLAIN, CHUNKED, EMPTY])
@pytest.mark.parametrize("cut", [1, 7, 200])
async def test_each_request_is_answered_once(whole: bytes, cut: int) -> None:
    pieces = [whole[at : at + cut] for at in range(0, len(whole), cut)]
    async with server(lambda head: pieces) as (port, seen), Hammer(port, _asked, 3) as hammer:
        answers = await hammer.run(10)
        answers.check()
        assert answers.statuses == {int(whole[9:12]): 10}
        assert sorted(seen) == sorted(_asked(n) for n in range(10))
        assert (await hammer.run(4, rate=1000)).asked == 4  # goes on where it was
        assert len(seen) == 14
        assert len(answers.latencies) == 10
        assert answers.per_second > 0


async def test_at_a_rate_what_finds_no_free_connection_waits_and_its_clock_runs() -> None:
    async with server(lambda head: [PLAIN]) as (port, seen), Hammer(port, _asked, 1) as hammer:
        answers = await hammer.run(50, rate=1e6)
    assert len(seen) == len(answers.asked_at) == 50
    assert answers.asked_at[-1] - answers.asked_at[0] == pytest.approx(49e-6)


async def test_a_refusal_is_told() -> None:
    def answer(head: bytes) -> list[bytes]:
        return [b"HTTP/1.1 429 Slow down\r\nContent-Length: 0\r\n\r\n" if b"n=3" in head else PLAIN]

    async with server(answer) as (port, _), Hammer(port, _asked, 2) as hammer:
        answers = await hammer.run(5)
    assert answers.statuses == {202: 4, 429: 1}
    with pytest.raises(RuntimeError, match="429 Slow down"):
        answers.check()


async def test_a_closed_connection_is_told() -> None:
    async with server(lambda head: []) as (port, _), Hammer(port, _asked, 2) as hammer:
        with pytest.raises(RuntimeError, match="closed a connection"):
            await hammer.run(5)


def test_requests_are_whole() -> None:
    assert get("/cgi-bin/sendsms", {"to": "+255", "text": "a b"}) == (
        b"GET /cgi-bin/sendsms?to=%2B255&text=a+b HTTP/1.1\r\nHost: bench\r\n\r\n"
    )
    head, body = post("/api", b'{"a": 1}', "Bearer x").split(b"\r\n\r\n")
    assert json.loads(body) == {"a": 1}
    assert b"Content-Length: 8" in head
    assert b"Authorization: Bearer x" in head


def _asked(n: int) -> bytes:
    return get("/", {"n": str(n)})
