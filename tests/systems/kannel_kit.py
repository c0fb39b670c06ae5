"""What the tests of the Kannel system share: its HTTP side on a real listener, before a desk that keeps nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

from smppd.config import Config
from smppd.desk import Accepted, Desk, Refused, Result
from smppd.desk.access import Gate
from smppd.desk.admission import Admission
from smppd.errors import StoreDown
from smppd.http import HttpServer
from smppd.model import OutboundState, Submission
from smppd.systems.kannel import serve
from tests.systems.kit import INSTALLATION, PASSWORD

USER = "rapidpro"


@dataclass(slots=True)
class Reply:
    """An HTTP answer; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: str


class Counter:
    """A desk: judges as the real one does, and remembers instead of storing."""

    def __init__(self, config: Config) -> None:
        self.config, self.gate = config, Gate(config)
        self.db = SimpleNamespace(installation=INSTALLATION)
        self.taken: list[Submission] = []
        self.asked: list[Submission] = []
        self.up = True
        self.down = False
        self.states: dict[str, OutboundState] = {}
        self._admission = Admission(config)

    async def submit(self, system: str, asked: Sequence[Submission]) -> list[Result]:
        if self.down:
            raise StoreDown("away")
        self.asked += asked
        return [self._one(system, each) for each in asked]

    def _one(self, system: str, asked: Submission) -> Result:
        now, usable = datetime.now(UTC), lambda _: self.up
        judged = self._admission.judge(self.config.systems[system], asked, now, usable, 0.0, 0.0)
        if isinstance(judged, Refused):
            return judged
        if judged.reason:
            return Refused("denied", "to", judged.reason, 1)
        if (reference := asked.reference) is not None and reference in self.states:
            return Accepted(7, self.states[reference], judged.parts, judged.alphabet, "mtn", self.up, repeated=True)
        self.states[reference or ""] = OutboundState.QUEUED
        self.taken.append(judged.submission)
        return Accepted(len(self.taken), judged.state, judged.parts, judged.alphabet, "mtn", self.up)


class Caller:
    """Asks over one listener, octet by octet as told."""

    def __init__(self, port: int, counter: Counter) -> None:
        self.port, self.counter = port, counter

    @property
    def taken(self) -> list[Submission]:
        """What was accepted so far."""
        return self.counter.taken

    async def ask(
        self, method: str, target: bytes, headers: Sequence[tuple[str, bytes]] = (), body: bytes = b""
    ) -> Reply:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        lines = [method.encode() + b" " + target + b" HTTP/1.1", b"Host: here", b"Connection: close"]
        lines += [name.encode() + b": " + value for name, value in headers]
        if body or method == "POST":
            lines.append(b"Content-Length: %d" % len(body))
        writer.write(b"\r\n".join([*lines, b"", body]))
        async with asyncio.timeout(10):
            head, _, said = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
        first, *rest = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(": ") for line in rest)
        return Reply(int(first.split()[1]), {name.lower(): value for name, _, value in pairs}, said.decode())

    async def get(self, query: bytes) -> Reply:
        return await self.ask("GET", b"/cgi-bin/sendsms?" + query)


@asynccontextmanager
async def caller(
    carriers: dict[str, Any] | None = None, others: dict[str, Any] | None = None, **system: Any
) -> AsyncIterator[Caller]:
    """A gateway's listener with one system of type kannel, and one carrier unless others are given."""
    access = {"username": USER, "password": PASSWORD}
    config = Config.model_validate(
        {
            "policy": {"loop": 0, "burst": 0},
            "http": {"listen": ["127.0.0.1:0"]},
            "carriers": carriers or {"mtn": {"hosts": ["127.0.0.1:1"], "system_id": "x"}},
            "systems": {"clinic": {"type": "kannel", "access": access, **system}, **(others or {})},
        }
    )
    counter = Counter(config)
    routes = serve(cast(Desk, counter))

    async def ready() -> None:
        return None

    async def exposition() -> bytes:
        return b""

    server = HttpServer(config.http, ready, exposition, routes)
    await server.start()
    try:
        yield Caller(server.addresses[0][1], counter)
    finally:
        await server.stop()
