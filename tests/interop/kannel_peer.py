"""The real Kannel (Debian's package): bearerbox and smsbox on a configuration of the test's own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers import boxes as running
from benchmarks.peers import have_kannel
from tests.interop.kit import PATIENCE, need

_CONFIGURATION = """
group = core
admin-port = {admin}
admin-password = x
smsbox-port = {boxes}
box-allow-ip = "127.0.0.1"
sms-resend-freq = 1
sms-resend-retry = 1
log-level = 1
log-file = "{folder}/bearerbox.log"

group = smsc
smsc = smpp
smsc-id = mtn
host = 127.0.0.1
port = {smsc}
transceiver-mode = true
smsc-username = kannel
smsc-password = secret
system-type = ""
max-pending-submits = 100
{more_smsc}

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
log-level = 1
log-file = "{folder}/smsbox.log"
{more_smsbox}

group = sendsms-user
username = rapidpro
password = secret
max-messages = 10
concatenation = true

{services}
"""


@dataclass(slots=True)
class Answer:
    """Status and body of an HTTP answer."""

    status: int
    body: bytes


@contextlib.asynccontextmanager
async def kannel(
    folder: Path, smsc: int, services: str = "", more_smsc: str = "", more_smsbox: str = ""
) -> AsyncIterator[int]:
    """Runs until the block ends; gives the port of sendsms, once the link is bound."""
    need(have_kannel(), "bearerbox and smsbox (Debian: kannel)")
    admin, boxes, sendsms = _free_ports(3)
    services = services or 'group = sms-service\nkeyword = default\ntext = ""\nmax-messages = 0\n'
    configuration = folder / "kannel.conf"
    configuration.write_text(
        _CONFIGURATION.format(
            admin=admin,
            boxes=boxes,
            sendsms=sendsms,
            smsc=smsc,
            folder=folder,
            services=services,
            more_smsc=more_smsc,
            more_smsbox=more_smsbox,
        )
    )
    async with running(configuration, boxes, sendsms):
        yield sendsms


async def ask(
    port: int, method: str, target: str, headers: Sequence[tuple[str, str]] = (), body: bytes = b""
) -> Answer:
    """One request on a connection of its own, its octets as given."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [f"{method} {target} HTTP/1.1", "Host: here", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers]
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
    async with asyncio.timeout(PATIENCE):
        head, _, said = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    return Answer(int(head.split(b" ", 2)[1]), said)


def _free_ports(count: int) -> list[int]:
    import socket

    with contextlib.ExitStack() as stack:
        probes = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [probe.getsockname()[1] for probe in probes]
