"""HTTP requests by the thousand over a few connections, with as little work for each as there can be.

What one process can ask of a server that answers at once is far above what any gateway answers; every figure says
what share of a processor its generator took, so that a reader sees who waited for whom.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlencode

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)


@dataclass(slots=True)
class Answers:
    """What came back."""

    asked: int
    seconds: float = 0.0
    cpu: float = 0.0  # seconds of processor time of this process, simulator included
    statuses: Counter[int] = field(default_factory=Counter)
    asked_at: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    bad: list[bytes] = field(default_factory=list)  # the first answers that were not 2xx

    @property
    def per_second(self) -> float:
        return self.asked / self.seconds

    @property
    def share(self) -> float:
        """Of one processor."""
        return self.cpu / self.seconds

    def check(self) -> None:
        """Raises RuntimeError unless all were taken."""
        if self.bad:
            raise RuntimeError(f"{dict(self.statuses)}: {self.bad[0][:400]!r}")


class _Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self, hammer: Hammer) -> None:
        self._hammer = hammer
        self._buffer = b""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def ask(self, request: bytes) -> None:
        self._sent = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end]
        if found := _LENGTH.search(head):
            if len(self._buffer) < end + 4 + int(found[1]):
                return
        elif _CHUNKED.search(head) and not self._buffer.endswith(b"0\r\n\r\n"):
            return
        answer, self._buffer = self._buffer, b""
        self._hammer.answered(self, answer, self._sent)

    def connection_lost(self, exc: Exception | None) -> None:
        self._hammer.lost()

    def close(self) -> None:
        self._transport.abort()


class Hammer:
    """`connections` to one port. `make(n)` gives the n-th request, whole."""

    def __init__(self, port: int, make: Callable[[int], bytes], connections: int = 32) -> None:
        self._port, self._make, self._wanted = port, make, connections
        self._open: list[_Connection] = []
        self._free: list[_Connection] = []
        self._next = 0
        self._last = 0
        self._left = 0
        self._paced = False
        self._due = 0  # of a paced run, those that wait for a connection
        self._done = asyncio.Event()
        self._broken = False
        self.answers = Answers(0)

    async def __aenter__(self) -> Hammer:
        loop = asyncio.get_running_loop()
        for _ in range(self._wanted):
            _, connection = await loop.create_connection(lambda: _Connection(self), "127.0.0.1", self._port)
            self._open.append(connection)
        self._free = list(self._open)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._left = 0
        for connection in self._open:
            connection.close()

    async def run(self, count: int, *, rate: float | None = None, patience: float = 300.0) -> Answers:
        """`count` requests as fast as they are answered, or at `rate` per second."""
        self.answers = Answers(count)
        self._last, self._left, self._paced = self._next + count, count, rate is not None
        self._due = 0
        self._done.clear()
        began, cpu = time.perf_counter(), time.process_time()
        async with asyncio.timeout(patience):
            if rate is None:
                free, self._free = self._free, []
                for connection in free:
                    self._ask(connection)
            else:
                await self._pace(count, rate, began)
            await self._done.wait()
        if self._broken:
            raise RuntimeError("the gateway closed a connection")
        self.answers.seconds = time.perf_counter() - began
        self.answers.cpu = time.process_time() - cpu
        return self.answers

    async def _pace(self, count: int, rate: float, began: float) -> None:
        for number in range(count):
            await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
            if self._broken:
                return
            # What finds no free connection waits for one; its clock runs from when it was due.
            self.answers.asked_at.append(began + number / rate)
            self._due += 1
            if self._free:
                self._ask(self._free.pop())

    def _ask(self, connection: _Connection) -> None:
        if self._next >= self._last or (self._paced and not self._due):
            self._free.append(connection)
            return
        number = self._next
        self._next += 1
        if self._paced:
            self._due -= 1
        else:
            self.answers.asked_at.append(time.perf_counter())
        connection.ask(self._make(number))

    def answered(self, connection: _Connection, answer: bytes, sent: float) -> None:
        answers = self.answers
        status = int(answer[9:12])
        answers.statuses[status] += 1
        answers.latencies.append(time.perf_counter() - sent)
        if status // 100 != 2 and len(answers.bad) < 5:
            answers.bad.append(answer)
        self._left -= 1
        self._ask(connection)
        if not self._left:
            self._done.set()

    def lost(self) -> None:
        if self._left:
            self._broken = True
            self._done.set()


def get(path: str, parameters: dict[str, str]) -> bytes:
    """A GET request."""
    return f"GET {path}?{urlencode(parameters)} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()


def post(path: str, body: bytes, authorization: str) -> bytes:
    """A POST of JSON."""
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: {authorization}\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
