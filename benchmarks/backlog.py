"""A million messages wait: how long the gateway takes to be ready, and how much memory it holds.

`python -m benchmarks.backlog` fills a fresh embedded database with messages for a system, starts the gateway three
times on it (the system down, up, and failing for half of the senders), does the same with messages for phones (the
carrier down, up, and refusing half of them for now) and prints one table. Resident memory is that of all smppd
processes, without PostgreSQL.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import asyncpg
from aiohttp import web

from smppd.simulator.smsc import Smsc
from smppd.store import migrate
from smppd.store.embedded import EmbeddedServer

WAITING = 1_000_000
SENDERS = 20_000
SETTLED = 30.0  # seconds after the start at which memory is read
READY_TARGET, MEMORY_TARGET = 5.0, 200

FILL = """
insert into carrier (name) values ('carrier');
insert into system (name) values ('sink');
insert into received (id, carrier, link, session, digest, sender, recipient, text, data_coding, esm_class, state,
                      received_at)
select n, 1, 1, 1, n, '+2557' || lpad((n % {senders})::text, 8, '0'), '15001',
       'ANC 12 week 31 visit 2, weight 61 kg, no danger signs, next visit in four weeks ' || n, 0, 0, 0,
       now() - ({waiting} - n) * interval '0.1 seconds'
from generate_series(1, {waiting}) n;
insert into queue (system, message, sender) select 1, id, hashtextextended(sender, 0) from received;
select setval('entry_id', {waiting});
"""

FILL_OUTBOUND = """
insert into carrier (name) values ('carrier');
insert into system (name) values ('batch');
insert into outbound (id, system, reference, fingerprint, sender, recipient, text, priority, parts, state, report,
                      created_at, expires_at)
select n, 1, 'r' || n, n, '15001', '+2557' || lpad((n::bigint * 61803399 % 100000000)::text, 8, '0'),
       'Habari Amina. Kumbuka kwenda kliniki tarehe 14 kwa kipimo cha ujauzito. Beba kadi yako. ' || n, n % 4, 1, 1, 48,
       now() - ({waiting} - n) * interval '0.1 seconds', now() + interval '3 days'
from generate_series(1, {waiting}) n;
insert into outqueue (carrier, priority, due_at, id, expires_at)
select 1, priority, created_at, id, expires_at from outbound;
select setval('entry_id', {waiting});
"""

Answer = Callable[[str], int]


async def fill(folder: Path, waiting: int, statements: str) -> None:
    """A database with so many waiting messages, stopped again."""
    server = EmbeddedServer(folder)
    await server.start()
    try:
        connection = await asyncpg.connect(server.dsn)
        await migrate.migrate(connection)
        await connection.execute(statements.format(senders=SENDERS, waiting=waiting), timeout=600)
        await connection.close()
    finally:
        await server.stop()


@contextlib.asynccontextmanager
async def sink(answer: Answer | None) -> AsyncIterator[tuple[int, list[int]]]:
    """A system that answers by the sender; None is one that is down. Gives its port and what it accepted."""
    accepted = [0]

    async def receive(request: web.Request) -> web.Response:
        assert answer is not None
        status = answer((await request.json())["from"])
        accepted[0] += status == 200
        return web.Response(status=status)

    if answer is None:
        with socket.socket() as closed:  # bound and not listening: every connection is refused
            closed.bind(("127.0.0.1", 0))
            yield closed.getsockname()[1], accepted
        return
    app = web.Application()
    app.router.add_post("/", receive)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1], accepted
    finally:
        await runner.cleanup()


def configuration(folder: Path, port: int) -> str:
    return f"""
[store]
data_dir = "{folder}"
max_disk = "99%"
[http]
listen = ["127.0.0.1:0"]
[systems.sink]
type = "webhook"
url = "http://127.0.0.1:{port}/"
concurrency = 32
[[routes]]
to = ["sink"]
"""


@contextlib.asynccontextmanager
async def smsc(habits: Mapping[str, Any] | None) -> AsyncIterator[tuple[int, Callable[[], int]]]:
    """A carrier with these habits; None is one that is down. Gives its port and how much it has taken."""
    carrier = Smsc(keep=0)
    if habits is None:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            yield closed.getsockname()[1], lambda: 0
        return
    carrier.habits.update(habits)
    try:
        yield await carrier.start(), lambda: carrier.counters.submits
    finally:
        await carrier.stop()


def configuration_outbound(folder: Path, port: int) -> str:
    return f"""
[store]
data_dir = "{folder}"
max_disk = "99%"
[http]
listen = ["127.0.0.1:0"]
[carriers.carrier]
hosts = ["127.0.0.1:{port}"]
system_id = "bench"
window = 100
throughput = 1000
[systems.batch]
type = "api"
"""


def family(pid: int) -> list[int]:
    """The process and its children, without PostgreSQL."""
    below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    smppd = [int(child) for child in below if "smppd" in Path(f"/proc/{child}/cmdline").read_text()]
    return [pid, *(found for child in smppd for found in family(child))]


def resident(pid: int, line: str = "VmRSS") -> float:
    """Megabytes of one process."""
    for row in Path(f"/proc/{pid}/status").read_text().splitlines():
        if row.startswith(line):
            return int(row.split()[1]) / 1024
    return 0.0


async def measure(folder: Path, text: str, seconds: float, moved: Callable[[], int]) -> list[str]:
    """Start the gateway with this configuration, wait, and give the row of the table."""
    file = folder / "smppd.toml"
    file.write_text(text)
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "smppd", "run", "-c", str(file),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 120)
        if line != b"smppd ready\n":
            raise SystemExit(f"the gateway did not start: {line!r}")
        ready = time.monotonic() - began
        await asyncio.sleep(seconds)
        pids = family(process.pid)
        now, peak = sum(map(resident, pids)), sum(resident(pid, "VmHWM") for pid in pids)
        each = " + ".join(f"{resident(pid):.0f}" for pid in pids)
        return [f"{ready:.1f}", f"{now:.0f}", each, f"{peak:.0f}", f"{moved():,}"]
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        await process.wait()


def fails_for_half(sender: str) -> int:
    return 503 if int(sender[-1]) % 2 else 200


CASES: dict[str, Answer | None] = {
    "system down": None,
    "system up": lambda sender: 200,
    "half of the senders fail": fails_for_half,
}


OUTBOUND: dict[str, Mapping[str, Any] | None] = {
    "carrier down": None,
    "carrier up": {},
    "half of the phones refused for now": {"rules": [{"to": f"2557{n:02}", "status": 0x08} for n in range(0, 100, 2)]},
}


@contextlib.asynccontextmanager
async def filled(waiting: int, statements: str) -> AsyncIterator[Path]:
    """A folder with a database that holds what `statements` make, until the end."""
    folder = Path(tempfile.mkdtemp(prefix="smppd-backlog-"))
    folder.chmod(0o755)
    try:
        await fill(folder, waiting, statements)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def main(waiting: int, seconds: float, which: str) -> int:
    rows: list[list[str]] = []
    if which != "outbound":
        async with filled(waiting, FILL) as folder:
            for name, answer in CASES.items():
                async with sink(answer) as (port, accepted):
                    text = configuration(folder, port)
                    rows.append([name, *await measure(folder, text, seconds, lambda a=accepted: a[0])])
    if which != "inbound":
        async with filled(waiting, FILL_OUTBOUND) as folder:
            for name, habits in OUTBOUND.items():
                async with smsc(habits) as (port, taken):
                    text = configuration_outbound(folder, port)
                    rows.append([name, *await measure(folder, text, seconds, taken)])
    head = ["with " + f"{waiting:,} waiting", "ready, s", "RSS, MB", "of each", "peak, MB", "moved"]
    widths = [max(len(row[n]) for row in [head, *rows]) for n in range(len(head))]
    for row in [head, *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    met = all(float(row[1]) <= READY_TARGET and float(row[2]) <= MEMORY_TARGET for row in rows)
    print(f"target: ready within {READY_TARGET:.0f} s, at most {MEMORY_TARGET} MB: {'met' if met else 'missed'}")
    return 0 if met else 1


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--waiting", type=int, default=WAITING)
    options.add_argument("--seconds", type=float, default=SETTLED)
    options.add_argument("--only", default="both", choices=("both", "inbound", "outbound"))
    given = options.parse_args()
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(asyncio.run(main(given.waiting, given.seconds, given.only)))
