"""`smppd demo`: the whole inbound path on one machine, with nothing to install and nothing left behind."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from smppd import log
from smppd.app.gateway import Gateway
from smppd.app.samples import CLINIC, NURSE, WORKER, Sample, samples
from smppd.config import Config
from smppd.simulator.cht import Cht
from smppd.simulator.cht_records import ChtUser
from smppd.simulator.control import Control
from smppd.simulator.dhis2 import Command, Dhis2, User
from smppd.simulator.dhis2_values import make_token
from smppd.simulator.smsc import Smsc

if TYPE_CHECKING:
    from rich.console import Console

PATIENCE = 30.0  # seconds for all of the traffic; it takes about one
REMINDER = "Visit Amina in Kijiji tomorrow"


class Demo:
    """The parts around the gateway, and what is known of each sample's way."""

    def __init__(self) -> None:
        self.token = make_token()
        users = [User(f"+{phone}", f"user{n}", token=None) for n, phone in enumerate((CLINIC, WORKER))]
        self.smsc = Smsc(accounts={"moh": "demo"}, keep=10_000)
        self.dhis2 = Dhis2(
            "2.41",
            [User(f"+{NURSE}", "gateway", token=self.token), *users],
            [Command("STOCK"), Command("CASE"), Command("STOP")],
            text_width=None,
        )
        self.cht = Cht([ChtUser("gateway", "demo")])
        self.control = Control(self.smsc)
        self.task = self.cht.add_task(f"+{WORKER}", REMINDER)
        self.acked: dict[str, bool] = {}

    async def start(self, stack: AsyncExitStack, folder: Path, http_port: int) -> Config:
        """Start everything but the gateway, and return its configuration."""
        port = await self.smsc.start()
        stack.push_async_callback(self.smsc.stop)
        dhis2, cht = await self.dhis2.start(), await self.cht.start()
        stack.push_async_callback(self.dhis2.stop)
        stack.push_async_callback(self.cht.stop)
        return Config.model_validate(
            {
                "store": {"data_dir": str(folder), "max_disk": "95%"},
                "http": {"listen": [f"127.0.0.1:{http_port}"]},
                "carriers": {
                    "simulated": {
                        "hosts": [f"127.0.0.1:{port}"],
                        "system_id": "moh",
                        "password": "demo",
                        "links": 2,
                        "numbers": ["15001"],
                    }
                },
                "systems": {
                    "dhis2": {"type": "dhis2", "url": dhis2, "token": self.token, "max_text": "off"},
                    "cht": {"type": "cht", "url": cht, "username": "gateway", "password": "demo", "poll": "1s"},
                },
                "routes": [
                    {"keyword": "anc", "to": ["cht"]},
                    {"keyword": "case", "to": ["dhis2", "cht"]},
                    {"number": "15001", "to": ["dhis2"]},
                ],
                "log": {"level": "warning", "format": "text"},
            }
        )

    async def send(self) -> None:
        """All samples, each acknowledged by the gateway, then wait until they have arrived or time is up."""
        await self.smsc.wait_bound(2)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                for sample in samples():
                    entry = self.smsc.enqueue(sample.mo)
                    await entry.acked
                    self.acked[sample.name] = True
                wanted = samples()
                await self.dhis2.wait_rows(sum("dhis2" in s.systems for s in wanted), PATIENCE)
                await self.cht.wait_saved(sum("cht" in s.systems for s in wanted), PATIENCE)
                await self.cht.wait_state(self.task.uuid, "received-by-gateway", PATIENCE)

    def arrived(self, sample: Sample, system: str) -> int:
        """How often this sample's text stands at the system, whole."""
        if system == "cht":
            return sum(item.content == sample.text for item in self.cht.saved)
        return sum(row.text.removesuffix(" ") == sample.text.removesuffix(" ") for row in self.dhis2.rows)


async def demo(once: bool, console: Console) -> int:
    """Run it; `once` ends after the traffic: 0 when all of it arrived exactly once, else 1."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(_folder())
        running = Demo()
        config = await running.start(stack, folder, _port(8080))
        log.setup(config.log)
        gateway = Gateway(config)
        serving = asyncio.create_task(gateway.serve())
        stack.push_async_callback(_stopped, gateway, serving)
        ready = asyncio.create_task(gateway.ready.wait())
        await asyncio.wait({serving, ready}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            ready.cancel()
            await serving
        await running.send()
        passed = await _table(running, gateway, console)
        if not once:
            await _linger(running, gateway, console)
        return 0 if passed else 1


async def _table(running: Demo, gateway: Gateway, console: Console) -> bool:
    from rich.table import Table

    stored = {
        row["text"]: row["state"] for row in await gateway.db.pool.fetch("select text, state from message order by id")
    }
    table = Table(title="From the phone to the system", title_justify="left")
    for column in ("message", "parts", "acknowledged", "stored", "at DHIS2", "at CHT", ""):
        table.add_column(column, justify="left" if column in ("message", "") else "center")
    all_well = True
    for sample in samples():
        acked, state = running.acked.get(sample.name, False), stored.get(sample.text, "no")
        found = {system: running.arrived(sample, system) for system in ("dhis2", "cht")}
        well = acked and state == "complete" and all(found[s] == (s in sample.systems) for s in found)
        all_well &= well
        cells = [str(found[s]) if s in sample.systems or found[s] else "·" for s in ("dhis2", "cht")]
        table.add_row(
            sample.name, str(sample.parts), "yes" if acked else "no", state, *cells, "ok" if well else "NOT ARRIVED"
        )
    console.print(table)
    handed = await gateway.db.pool.fetchval("select count(*) from outbound where text = $1", REMINDER)
    told = running.task.state == "received-by-gateway"
    console.print(
        f"Handed out by CHT for a phone: 1, stored here: {handed}, CHT told: {'yes' if told else 'no'} "
        "(kept until sending and receipts are there)"
    )
    console.print(
        "All of it arrived." if all_well and handed == 1 and told else "[bold]Something did not arrive.[/bold]"
    )
    return all_well and handed == 1 and told


async def _linger(running: Demo, gateway: Gateway, console: Console) -> None:
    simulator = await running.control.start()
    ours = "http://{}:{}".format(*gateway.http.addresses[0])
    body = f'{{"text": "STOCK ORS 12", "source": "{NURSE}"}}'
    for line in (
        "\nThe gateway runs until Ctrl-C.",
        f"  metrics         {ours}/metrics   also /healthz, /readyz",
        f"  simulated SMSC  {simulator}   its switches; a message from a phone:",
        f"                  curl -d '{body}' {simulator.rstrip('/')}/mo",
        f"  database        {gateway.db.dsn}   views: message, delivery",
    ):
        console.print(line, highlight=False, soft_wrap=True)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
    await running.control.stop()


async def _stopped(gateway: Gateway, serving: asyncio.Task[None]) -> None:
    gateway.stop()
    await asyncio.wait({serving})


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="smppd-demo-"))
    folder.chmod(0o755)  # PostgreSQL runs as another user when we are root
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _port(wanted: int) -> int:
    """The wanted port when it is free, else any."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return 0
    return wanted
