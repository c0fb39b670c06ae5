"""The socket below a link: an idle connection that a firewall forgot must be noticed, and small PDUs must not wait."""

from __future__ import annotations

import asyncio
import socket

from smppd.config.values import HostPort
from smppd.smpp.connect import connect, resolve

TCP = socket.IPPROTO_TCP


class Peer(asyncio.Protocol):
    """Knows its socket."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport


async def test_a_socket_is_kept_alive_and_does_not_wait_for_ever() -> None:
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    (endpoint,) = await resolve(HostPort(f"127.0.0.1:{server.sockets[0].getsockname()[1]}"))
    peer = await connect(Peer, endpoint, user_timeout=45.0)
    sock = peer.transport.get_extra_info("socket")
    wanted = {
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE): 1,
        (TCP, socket.TCP_NODELAY): 1,
        (TCP, socket.TCP_KEEPIDLE): 20,
        (TCP, socket.TCP_KEEPINTVL): 5,
        (TCP, socket.TCP_KEEPCNT): 4,
        (TCP, socket.TCP_USER_TIMEOUT): 45_000,
    }
    assert {option: sock.getsockopt(*option) for option in wanted} == wanted
    peer.transport.close()
    server.close()
    await server.wait_closed()
