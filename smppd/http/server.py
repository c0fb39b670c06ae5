"""The application and its listeners: all addresses are bound, or none and the start fails with a reason."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
from collections.abc import Iterable

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from smppd.config import HostPort, HttpConfig
from smppd.config.outside import server_context
from smppd.errors import ConfigError, StartError
from smppd.http import health
from smppd.http.patience import NEXT, Patience
from smppd.http.problem import problems

DRAIN_SECONDS = 10.0
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
        return [(address[0], address[1]) for address in self._runner.addresses]

    async def start(self) -> None:
        """Bind every address. Raises `StartError` naming the one that cannot be bound, with none left open."""
        try:
            tls = server_context(self._config.tls) if self._config.tls else None
        except ConfigError as error:
            raise StartError(str(error)) from None
        await self._runner.setup()
        assert self._runner.server is not None
        self._watching = asyncio.create_task(self._patience.watch(self._runner.server))
        for address in self._config.listen:
            try:
                await web.TCPSite(self._runner, address.host, address.port, ssl_context=tls).start()
            except OSError as error:
                await self.stop()
                raise StartError(f"cannot listen on {address}: {_cause(error, address)}") from error

    async def stop(self) -> None:
        """Take no new connection, finish the requests that run within `DRAIN_SECONDS`, close."""
        if self._watching is not None:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching
            self._watching = None
        await self._runner.cleanup()


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
