"""What the HTTP stand-ins share: start and stop, the record of requests, faults, waiting."""

from __future__ import annotations

import asyncio
import json
import ssl
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from aiohttp import web

from smppd.simulator.watch import Watch

#: A fault count that lasts until it is changed.
FOREVER = -1

BODY_LIMIT = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Failure:
    """The answer given by `Faults.fail` and `Faults.fail_after`."""

    status: int = 503
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(slots=True)
class Faults:
    """What goes wrong next. A count is how many requests it hits: 0 none, `FOREVER` all."""

    drop_before: int = 0
    """Cut the connection without handling the request."""
    drop: int = 0
    """Handle the request (store it), then cut the connection instead of answering."""
    fail: int = 0
    """Answer `failure` without handling the request."""
    fail_after: int = 0
    """Handle the request (store it), then answer `failure`."""
    failure: Failure = field(default_factory=Failure)
    hang: int = 0
    """Take the request and never answer."""
    slow: float | asyncio.Event | None = None
    """Before handling, wait so many seconds, or until the event is set; applies while it stands."""

    def take(self, name: str) -> bool:
        """Whether the fault `name` hits this request; counts it down."""
        left: int = getattr(self, name)
        if left > 0:
            setattr(self, name, left - 1)
        return left != 0


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it arrived; `target` is what stood in the request line, `headers` ignore case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, str]:
        """The URL parameters; of a repeated one, the last."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        """URL parameters and, for a form post, those of the body."""
        if self.media_type != "application/x-www-form-urlencoded":
            return self.query
        return self.query | dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    @property
    def media_type(self) -> str:
        """The content type without its parameters, lower case; empty when absent."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    def json(self) -> Any:
        """The body as JSON; `ValueError` when it is none."""
        return json.loads(self.body)


class StandIn(ABC):
    """An HTTP server in the place of a foreign system.

    `count` is the number of requests received; `requests` keeps them unless `record` is false.
    """

    def __init__(self, *, record: bool = True) -> None:
        self.faults = Faults()
        self.record = record
        self.requests: list[Seen] = []
        self.count = 0
        self.url = ""
        self.watch = Watch()
        self._closing = asyncio.Event()
        self._runner: web.ServerRunner | None = None

    @abstractmethod
    async def answer(self, seen: Seen) -> web.Response:
        """What the system does with a request, and its reply."""

    async def start(self, host: str = "127.0.0.1", port: int = 0, ssl_context: ssl.SSLContext | None = None) -> str:
        """Listens (port 0: any free one) and returns the base URL, without a slash at the end."""
        self._closing.clear()
        # A low-level server: the routes of one stand-in are few, and a bench counts every microsecond.
        server = web.Server(self._handle, request_factory=_request, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, ssl_context=ssl_context)
        await site.start()
        bound = self._runner.addresses[0][1]
        self.url = f"{'https' if ssl_context else 'http'}://{host}:{bound}"
        return self.url

    async def stop(self) -> None:
        """Closes the port and all connections; a stopped stand-in may be started again."""
        self._closing.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def wait_requests(self, count: int, timeout: float = 10.0) -> None:
        """Returns when `count` requests have been received in all; `TimeoutError` otherwise."""
        await self.watch.until(lambda: self.count >= count, timeout, lambda: f"{self.count} of {count} requests")

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        seen = Seen(request.method, request.raw_path, request.headers, await request.read())
        self.count += 1
        if self.record:
            self.requests.append(seen)
        self.watch.changed()
        faults = self.faults
        if faults.take("hang"):
            await self._closing.wait()
            return _cut(request)
        if faults.slow is not None:
            await self._wait(faults.slow)
        if faults.take("drop_before"):
            return _cut(request)
        if faults.take("fail"):
            return self._failure()
        try:
            reply = await self.answer(seen)
        finally:
            self.watch.changed()
        if faults.take("drop"):
            return _cut(request)
        if faults.take("fail_after"):
            return self._failure()
        return reply

    def _failure(self) -> web.Response:
        failure = self.faults.failure
        return web.Response(status=failure.status, headers=failure.headers, body=failure.body)

    async def _wait(self, slow: float | asyncio.Event) -> None:
        """Waits as `Faults.slow` says, but never beyond `stop`."""
        closing = asyncio.ensure_future(self._closing.wait())
        other = asyncio.ensure_future(slow.wait() if isinstance(slow, asyncio.Event) else asyncio.sleep(slow))
        try:
            await asyncio.wait((closing, other), return_when=asyncio.FIRST_COMPLETED)
        finally:
            closing.cancel()
            other.cancel()


def reply(status: int, body: object, headers: Mapping[str, str] | None = None) -> web.Response:
    """A JSON response."""
    return web.json_response(body, status=status, headers=headers)


def _request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=BODY_LIMIT)


def _cut(request: web.BaseRequest) -> web.Response:
    """Resets the connection; the response that is returned cannot reach anybody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
