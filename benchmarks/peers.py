"""The gateways under test, each started as its users start it, on a configuration made for the run."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(slots=True)
class Started:
    """A gateway that runs: its process ids, and the way to its database if it has one."""

    pids: list[int]
    dsn: str = ""
    sendsms: int = 0  # port that takes /cgi-bin/sendsms, user bench, password bench; ours also batches, with TOKEN


TOKEN = "bench-token"
BEARERBOX, SMSBOX = "/usr/sbin/bearerbox", "/usr/sbin/smsbox"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """A folder of one peer, on a disk that has nothing left to do for the one before: else a peer is measured for what
    the other left behind (Kannel, a file per message, is slowed to a third by a database that was just removed)."""
    folder = Path(tempfile.mkdtemp(prefix="smppd-bench-"))
    folder.chmod(0o755)
    os.sync()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _end(process: asyncio.subprocess.Process, patience: float = 30.0) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), patience)
        except TimeoutError:
            process.kill()
            await process.wait()


@contextlib.asynccontextmanager
async def smppd(
    smsc_port: int, url: str = "", *, window: int = 100, processes: str = '"auto"'
) -> AsyncIterator[Started]:
    """The gateway with its embedded PostgreSQL."""
    with _folder() as folder:
        config, port = folder / "smppd.toml", free_port()
        config.write_text(
            f"""
[store]
data_dir = "{folder}/data"
max_disk = "99%"
[node]
processes = {processes}
[http]
listen = ["127.0.0.1:{port}"]
[log]
level = "error"
[carriers.bench]
hosts = ["127.0.0.1:{smsc_port}"]
system_id = "bench"
password = "bench"
window = {window}
throughput = 100_000
[systems.sink]
type = "webhook"
url = "{url or "http://127.0.0.1:9/"}"
concurrency = 32
[[routes]]
to = ["sink"]
[systems.sendsms]
type = "kannel"
access = {{ username = "bench", password = "bench", rate = 1_000_000 }}
[systems.batch]
type = "api"
access = {{ token_hash = "sha256:{hashlib.sha256(TOKEN.encode()).hexdigest()}", rate = 1_000_000 }}
"""
        )
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "smppd", "run", "-c", str(config), stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        try:
            async with asyncio.timeout(60):
                while (line := await process.stdout.readline()) and line != b"smppd ready\n":
                    pass
            yield Started([process.pid], f"postgresql://smppd@/postgres?host={folder}/data", port)
        finally:
            await _end(process)


@contextlib.asynccontextmanager
async def kannel(smsc_port: int, url: str = "", *, window: int = 100) -> AsyncIterator[Started]:
    """Kannel 1.4.5 as Debian ships it, with its durable (spool) store."""
    with _folder() as folder:
        admin, boxes_port, sendsms = free_port(), free_port(), free_port()
        (folder / "spool").mkdir()
        config = folder / "kannel.conf"
        config.write_text(
            f"""
group = core
admin-port = {admin}
admin-password = bench
smsbox-port = {boxes_port}
log-level = 3
log-file = "{folder}/bearerbox.log"
box-allow-ip = "127.0.0.1"
store-type = spool
store-location = "{folder}/spool"

group = smsc
smsc = smpp
smsc-id = bench
host = 127.0.0.1
port = {smsc_port}
transceiver-mode = true
smsc-username = bench
smsc-password = bench
system-type = ""
max-pending-submits = {window}
reconnect-delay = 1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
log-level = 3
log-file = "{folder}/smsbox.log"

group = sendsms-user
username = bench
password = bench
max-messages = 10

group = sms-service
keyword = default
get-url = "{url or "http://127.0.0.1:9/"}?from=%p&to=%P&text=%b"
max-messages = 0
catch-all = true
omit-empty = true
"""
        )
        async with boxes(config, boxes_port, sendsms) as pids:
            yield Started(pids, sendsms=sendsms)


@contextlib.asynccontextmanager
async def boxes(config: Path, boxes_port: int, sendsms: int) -> AsyncIterator[list[int]]:
    """bearerbox and smsbox on a configuration that names these ports, until the block ends; gives their process ids."""
    quiet = asyncio.subprocess.DEVNULL
    started: list[asyncio.subprocess.Process] = []
    try:
        for box, port in ((BEARERBOX, boxes_port), (SMSBOX, sendsms)):
            started.append(await asyncio.create_subprocess_exec(box, str(config), stdout=quiet, stderr=quiet))
            await _listening(port)
        yield [process.pid for process in started]
    finally:
        for process in reversed(started):
            await _end(process)


async def _listening(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


def have_kannel() -> bool:
    return os.access(BEARERBOX, os.X_OK) and os.access(SMSBOX, os.X_OK)
