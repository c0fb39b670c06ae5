"""Both ends of the gateway under test, in a process of their own: an SMSC that floods, a web server that counts."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import cast

import uvloop

from smppd.simulator.smsc import Smsc

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n"


class _Counting(asyncio.Protocol):
    """As little of HTTP as both gateways need: each request is answered with an empty 200."""

    def __init__(self, sink: CountingSink) -> None:
        self._sink = sink

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        count = data.count(b" HTTP/1.1\r\n")
        if count:
            self._transport.write(_ANSWER * count)
            self._sink.count(count)


class CountingSink:
    """Counts requests and tells when there were enough."""

    def __init__(self) -> None:
        self.total, self.wanted, self.last = 0, 0, 0.0
        self.enough = asyncio.Event()
        self.times: list[float] = []

    async def start(self) -> str:
        server = await asyncio.get_running_loop().create_server(lambda: _Counting(self), "127.0.0.1", 0)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"

    def count(self, requests: int) -> None:
        self.total += requests
        self.last = time.monotonic()
        self.times.extend([self.last] * requests)
        if self.total >= self.wanted:
            self.enough.set()

    def expect(self, more: int) -> None:
        self.wanted = self.total + more
        self.times.clear()
        self.enough.clear()


@dataclass(slots=True)
class Run:
    """One flood: acknowledged and forwarded per second, and when all was forwarded it is `complete`."""

    acked: float
    forwarded: float
    complete: bool
    latencies: list[float] = field(default_factory=list)  # seconds from deliver_sm sent to request, at a fixed rate


async def flood(smsc: Smsc, sink: CountingSink, count: int, window: int, *, patience: float = 120.0) -> Run:
    """Deliver `count` messages as fast as `window` allows; the clock runs from the first deliver_sm."""
    sink.expect(count)
    began = time.monotonic()
    done = await smsc.flood(count, window, timeout=patience)
    try:
        async with asyncio.timeout(patience):
            await sink.enough.wait()
    except TimeoutError:
        return Run(done.per_second, sink.total / patience, False)
    return Run(done.per_second, count / (sink.last - began), True)


async def steady(smsc: Smsc, sink: CountingSink, count: int, rate: float) -> Run:
    """Deliver at a fixed rate and take each message's time to its request, in order."""
    sink.expect(count)
    sent: list[float] = []
    done = await smsc.flood(count, 10, rate=rate, timeout=count / rate + 60, on_acked=lambda n, a, b: sent.append(a))
    async with asyncio.timeout(60):
        await sink.enough.wait()
    return Run(done.per_second, 0.0, True, [b - a for a, b in zip(sent, sink.times, strict=False)])


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


run = uvloop.run
