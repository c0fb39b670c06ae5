"""From a host name to a connected transport: resolving, sockets, TLS."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from smppd.config.carriers import Tls
from smppd.config.values import HostPort
from smppd.errors import StartError

P = TypeVar("P", bound=asyncio.Protocol)

CONNECT_TIMEOUT = 10.0
TLS_TIMEOUT = 15.0


@dataclass(slots=True, frozen=True)
class Endpoint:
    """One address of one host."""

    host: str
    family: socket.AddressFamily
    address: Any

    def __str__(self) -> str:
        return f"{self.address[0]}:{self.address[1]}"


async def resolve(host: HostPort, local_addr: str | None = None) -> list[Endpoint]:
    """Every address of a host that `local_addr` can reach, in the resolver's order. Raises OSError for none."""
    loop = asyncio.get_running_loop()
    family = socket.AF_UNSPEC if local_addr is None else socket.AF_INET6 if ":" in local_addr else socket.AF_INET
    found = await loop.getaddrinfo(host.host, host.port, family=family, type=socket.SOCK_STREAM)
    return [Endpoint(host.host, family, address) for family, _, _, _, address in found]


async def connect(
    factory: Callable[[], P],
    endpoint: Endpoint,
    *,
    tls: ssl.SSLContext | None = None,
    server_name: str | None = None,
    local_addr: str | None = None,
    user_timeout: float = 45.0,
) -> P:
    """Connect on a socket of its own; raises OSError (TimeoutError and ssl.SSLError among them).

    `user_timeout` is how many seconds written octets may stay unacknowledged before the kernel gives up.
    """
    loop = asyncio.get_running_loop()
    sock = socket.socket(endpoint.family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        _tune(sock, user_timeout)
        if local_addr is not None:
            sock.bind((local_addr, 0))
        async with asyncio.timeout(CONNECT_TIMEOUT):
            await loop.sock_connect(sock, endpoint.address)
        if tls is None:
            _, protocol = await loop.create_connection(factory, sock=sock)
        else:
            _, protocol = await loop.create_connection(
                factory,
                sock=sock,
                ssl=tls,
                server_hostname=server_name or endpoint.host,
                ssl_handshake_timeout=TLS_TIMEOUT,
                ssl_shutdown_timeout=2.0,
            )
    except BaseException:
        sock.close()
        raise
    return protocol


def _tune(sock: socket.socket, user_timeout: float) -> None:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    # Firewalls forget idle connections without a word; not every system lets these be set.
    for name, value in (
        ("TCP_KEEPIDLE", 20),
        ("TCP_KEEPINTVL", 5),
        ("TCP_KEEPCNT", 4),
        ("TCP_USER_TIMEOUT", int(user_timeout * 1000)),
    ):
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def tls_context(tls: Tls) -> ssl.SSLContext:
    """The context for a carrier. Raises StartError when a file cannot be used."""
    try:
        context = ssl.create_default_context(cafile=tls.ca)
    except OSError as error:
        raise StartError(f"tls.ca = {tls.ca!r} cannot be used: {_reason(error)}") from None
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if tls.cert is not None:
        try:
            context.load_cert_chain(tls.cert, tls.key)
        except OSError as error:
            raise StartError(f"tls.cert = {tls.cert!r} cannot be used: {_reason(error)}") from None
    return context


def words(error: OSError) -> str:
    """Why a connection did not come about, for the operator."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is refused: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {_reason(error)}"
    if isinstance(error, socket.gaierror):
        return f"the name does not resolve: {error.strerror}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return _reason(error)


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    # asyncio puts the address into strerror; the number says it in the system's plain words.
    return (os.strerror(error.errno) if error.errno else str(error) or type(error).__name__).lower()
