"""`smppd demo`: both ways through the gateway on one machine, with nothing to install and nothing left behind."""

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
from smppd.app.clinic import Clinic
from smppd.app.gateway import Gateway
from smppd.app.samples import CLINIC, NURSE, OFF, WORKER, Outgoing, Sample, outgoing, samples
from smppd.app.tables import inbound_table, outbound_table
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
        self.clinic = Clinic()
        self.tasks = {
            each.name: self.cht.add_task(f"+{each.phone}", each.text) for each in outgoing() if each.by == "CHT"
        }
        self.acked: dict[str, bool] = {}

    async def start(self, stack: AsyncExitStack, folder: Path, http_port: int) -> Config:
        """Start everything but the gateway, and return its configuration."""
        # A carrier as they are: its receipts have the id in another form, and come over any link.
        self.smsc.habits.update({"receipt_id": "hex", "receipt_other_link": True, "receipt_delay": 0.1})
        self.smsc.habits.update({"rules": [{"to": OFF, "stat": "UNDELIV", "error": "027"}]})
        port = await self.smsc.start()
        stack.push_async_callback(self.smsc.stop)
        dhis2, cht = await self.dhis2.start(), await self.cht.start()
        stack.push_async_callback(self.dhis2.stop)
        stack.push_async_callback(self.cht.stop)
        await self.clinic.start()
        stack.push_async_callback(self.clinic.stop)
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
                    "clinic": self.clinic.table(),
                },
                "routes": [
                    {"keyword": "anc", "to": ["cht"]},
                    {"keyword": "case", "to": ["dhis2", "cht"]},
                    {"number": "15001", "to": ["dhis2"]},
                ],
                "log": {"level": "warning", "format": "text"},
            }
        )

    async def send(self, gateway: str) -> None:
        """All samples, by way of the gateway at this URL, then wait until they have arrived or time is up."""
        await self.smsc.wait_bound(2)
        await self.clinic.send(gateway, [each for each in outgoing() if each.by == "API"])
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                for sample in samples():
                    entry = self.smsc.enqueue(sample.mo)
                    await entry.acked
                    self.acked[sample.name] = True
                wanted = samples()
                await self.dhis2.wait_rows(sum("dhis2" in s.systems for s in wanted), PATIENCE)
                await self.cht.wait_saved(sum("cht" in s.systems for s in wanted), PATIENCE)
                for each in outgoing():
                    if each.by == "CHT":
                        await self.cht.wait_state(self.tasks[each.name].uuid, each.ends, PATIENCE)
                    else:
                        await self.clinic.wait(each, PATIENCE)

    def arrived(self, sample: Sample, system: str) -> int:
        """How often this sample's text stands at the system, whole."""
        if system == "cht":
            return sum(item.content == sample.text for item in self.cht.saved)
        return sum(row.text.removesuffix(" ") == sample.text.removesuffix(" ") for row in self.dhis2.rows)

    def told(self, message: Outgoing) -> str:
        """What the system that asked for it knows of a message."""
        return self.tasks[message.name].state if message.by == "CHT" else self.clinic.state(message)


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
        await running.send(_url(gateway))
        arrived = await inbound_table(running, gateway.db, console)
        sent = await outbound_table(running, gateway.db, console)
        console.print("All of it arrived." if arrived and sent else "[bold]Something did not arrive.[/bold]")
        if not once:
            await _linger(running, gateway, console)
        return 0 if arrived and sent else 1


async def _linger(running: Demo, gateway: Gateway, console: Console) -> None:
    simulator = await running.control.start()
    ours = _url(gateway)
    body = f'{{"text": "STOCK ORS 12", "source": "{NURSE}"}}'
    for line in (
        "\nThe gateway runs until Ctrl-C.",
        f"  metrics         {ours}/metrics   also /healthz, /readyz",
        "  a message for a phone, and what became of it:",
        f"                  {running.clinic.curl(ours)}",
        f"  simulated SMSC  {simulator}   its switches; a message from a phone:",
        f"                  curl -d '{body}' {simulator.rstrip('/')}/mo",
        f"  database        {gateway.db.dsn}   views: message, delivery, sent",
    ):
        console.print(line, highlight=False, soft_wrap=True)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
    await running.control.stop()


def _url(gateway: Gateway) -> str:
    return "http://{}:{}".format(*gateway.http.addresses[0])


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
