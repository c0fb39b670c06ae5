"""The application and its listeners: all addresses are bound, or none and the start fails with a reason.

Two processes may serve the same sockets: the one that has bound them rests while the other takes the connections.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import ssl
from collections.abc import Iterable, Sequence

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from smppd.config import HostPort, HttpConfig
from smppd.config.outside import server_context
from smppd.errors import ConfigError, StartError
from smppd.http import health
from smppd.http.patience import NEXT, Patience
from smppd.http.problem import problems

DRAIN_SECONDS = 10.0
BACKLOG = 128  # connections that wait to be taken
LARGEST_BODY = 2**18  # octets that a handler is given whole, before it can know who sends them
LONGEST_TARGET = 65_536  # octets; a long text for many receivers may stand in the URL of one request


class HttpServer:
    """Serves health, metrics and whatever `routes` carriers and systems declare.

    `readiness` returns None or the reason why messages cannot be stored; `exposition` the metrics of all processes.
    """

    def __init__(
        self,
        config: HttpConfig,
        readiness: health.Readiness,
        exposition: health.Exposition,
        routes: Iterable[web.RouteDef] = (),
    ) -> None:
        self._config = config
        self._patience = Patience()
        self._watching: asyncio.Task[None] | None = None
        self._sockets: list[socket.socket] = []
        self._sites: list[web.SockSite] = []
        self._tls: ssl.SSLContext | None = None
        app = web.Application(client_max_size=LARGEST_BODY, middlewares=[self._patience.middleware(), problems])
        app.on_response_prepare.append(_unnamed)
        app.add_routes([*health.routes(readiness, exposition), *routes])
        self._runner = web.AppRunner(
            app,
            access_log=None,
            shutdown_timeout=DRAIN_SECONDS,
            max_line_size=LONGEST_TARGET,
            keepalive_timeout=NEXT,
            logger=_quiet(),
        )

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Host and port of each listener, once started; the port is the real one where 0 was asked for."""
        return [each.getsockname()[:2] for each in self._sockets]

    @property
    def listeners(self) -> list[int]:
        """The files of the bound sockets, for another process to serve."""
        return [each.fileno() for each in self._sockets]

    async def start(self, sockets: Sequence[socket.socket] = ()) -> None:
        """Bind every address, or serve the `sockets` that another process has bound. Raises `StartError` naming the
        address that cannot be bound, with none left open."""
        self._sockets = list(sockets)
        try:
            self._tls = server_context(self._config.tls) if self._config.tls else None
        except ConfigError as error:
            raise StartError(str(error)) from None
        await self._runner.setup()
        assert self._runner.server is not None
        self._watching = asyncio.create_task(self._patience.watch(self._runner.server))
        try:
            if not self._sockets:
                for address in self._config.listen:
                    await self._bind(address)
            await self.accept()
        except StartError:
            await self.stop()
            raise

    async def accept(self) -> None:
        """Take new connections, until `rest` or `stop`."""
        if self._sites:
            return
        for each in self._sockets:
            # A socket of its own for each time, since a site closes what it was given.
            site = web.SockSite(self._runner, each.dup(), ssl_context=self._tls)
            await site.start()
            self._sites.append(site)

    async def rest(self) -> None:
        """Leave connections to the other process that serves the same sockets; those that are open end when they have
        nothing more to answer."""
        sites, self._sites = self._sites, []
        for site in sites:
            await site.stop()
        assert self._runner.server is not None
        self._patience.dismiss(self._runner.server.connections)

    async def stop(self) -> None:
        """Take no new connection, finish the requests that run within `DRAIN_SECONDS`, close."""
        if self._watching is not None:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching
            self._watching = None
        self._sites = []
        await self._runner.cleanup()
        for each in self._sockets:
            each.close()
        self._sockets = []

    async def _bind(self, address: HostPort) -> None:
        """Every address that the name of the host has, as one. Raises StartError."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
            for family, kind, protocol, _, where in dict.fromkeys(found):
                self._sockets.append(one := socket.socket(family, kind, protocol))
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                one.setblocking(False)
                one.bind(where)
                one.listen(BACKLOG)
        except OSError as error:
            raise StartError(f"cannot listen on {address}: {_cause(error, address)}") from error


def _quiet() -> logging.Logger:
    """aiohttp's log without what is no HTTP: anyone can send that, as often as he likes, and is answered 400."""
    logger = logging.getLogger("smppd.http.server")
    if not logger.filters:
        logger.addFilter(_is_ours)
    return logger


def _is_ours(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], (HttpProcessingError, web.RequestPayloadError)))


def _cause(error: OSError, address: HostPort) -> str:
    if isinstance(error, socket.gaierror):
        return f'the name "{address.host}" cannot be resolved'
    match error.errno:
        case errno.EADDRINUSE:
            return (
                "the port is in use, likely by another smppd or by the gateway that this one replaces; "
                f"`ss -ltnp 'sport = :{address.port}'` shows which"
            )
        case errno.EADDRNOTAVAIL:
            return f"this machine has no address {address.host}"
        case errno.EACCES:
            return "not permitted; a port below 1024 needs CAP_NET_BIND_SERVICE"
    return error.strerror or type(error).__name__


async def _unnamed(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = "smppd"
