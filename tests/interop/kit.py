"""What the interop tests share: the gateway between a foreign SMSC and our stand-ins, and foreign programs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from smppd.app.gateway import Gateway
from smppd.config import Config
from smppd.simulator.cht import Cht
from smppd.simulator.cht_records import ChtUser
from smppd.simulator.dhis2 import Dhis2, User
from smppd.simulator.dhis2_values import make_token
from smppd.simulator.webhook import Sink

HERE = Path(__file__).parent
PATIENCE = 30.0  # seconds for anything a peer is waited for
PASSWORD = "secret"

Sent = tuple[str, str]  # sender as the carrier writes it, text


def need(there: object, what: str) -> None:
    """Skip without this peer; fail where every peer must be there."""
    if there:
        return
    if os.environ.get("SMPPD_REQUIRE_INTEROP") == "1":
        pytest.fail(f"needed here, and missing: {what}", pytrace=False)
    pytest.skip(f"missing: {what}")


def need_node_package() -> None:
    """The npm package smpp, installed from its lock file when it is not there yet."""
    need(shutil.which("node") and shutil.which("npm"), "Node.js with npm (Debian: nodejs npm)")
    installed = HERE / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < (HERE / "package-lock.json").stat().st_mtime:
        done = subprocess.run(
            ["npm", "ci", "--no-audit", "--no-fund"], cwd=HERE, capture_output=True, text=True, timeout=90, check=False
        )
        need(done.returncode == 0, f"the npm package smpp: {done.stderr[-500:]}")


class Systems:
    """Three kinds of receivers, each of which must get everything."""

    def __init__(self, senders: Sequence[str]) -> None:
        self.token = make_token()
        # DHIS2 takes base64, and so compressed SMS, only from the number of the account itself: the first sender.
        account, *others = (_spelled(sender) for sender in dict.fromkeys(senders))
        users = [User(phone, f"user{n}") for n, phone in enumerate(others)]
        self.dhis2 = Dhis2("2.41", [User(account, "gateway", token=self.token), *users], text_width=None)
        self.cht = Cht([ChtUser("gateway", PASSWORD)])
        self.sink = Sink()

    async def start(self, stack: contextlib.AsyncExitStack) -> dict[str, Any]:
        """Start them; returns the tables systems and routes of the gateway's configuration."""
        urls = []
        for one in (self.dhis2, self.cht, self.sink):
            urls.append(await one.start())
            stack.push_async_callback(one.stop)
        return {
            "systems": {
                "dhis2": {"type": "dhis2", "url": urls[0], "token": self.token, "max_text": "off"},
                "cht": {"type": "cht", "url": urls[1], "username": "gateway", "password": PASSWORD, "poll": "1s"},
                "sink": {"type": "webhook", "url": urls[2]},
            },
            "routes": [{"to": ["dhis2", "cht", "sink"]}],
        }

    async def received(self, sent: Sequence[Sent]) -> None:
        """All of `sent` arrives everywhere, each exactly once and whole."""
        await self.dhis2.wait_rows(len(sent), PATIENCE)
        await self.cht.wait_saved(len(sent), PATIENCE)
        await self.sink.wait_requests(len(sent), PATIENCE)
        expected = sorted((_spelled(sender), text) for sender, text in sent)
        assert sorted((item.sender, item.content) for item in self.cht.saved) == expected
        # A blank behind what looks like base64 keeps DHIS2 from reading it as such.
        rows = [(row.originator, row.text.removesuffix(" ")) for row in self.dhis2.rows]
        assert sorted(rows) == sorted((sender, text.removesuffix(" ")) for sender, text in expected)
        bodies = [request.json() for request in self.sink.requests]
        assert sorted((body["from"], body["text"]) for body in bodies) == sorted(sent)
        assert all(body["complete"] for body in bodies)


def _spelled(sender: str) -> str:
    """International, as the gateway shows it to DHIS2 and CHT; a short code stays one."""
    return sender if len(sender) <= 6 else f"+{sender}"


@contextlib.asynccontextmanager
async def gateway(config: Config) -> AsyncIterator[Gateway]:
    """A gateway in this process from start to orderly stop."""
    running = Gateway(config)
    serving = asyncio.create_task(running.serve())
    ready = asyncio.create_task(running.ready.wait())
    try:
        async with asyncio.timeout(PATIENCE):
            await asyncio.wait({serving, ready}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            await serving
        yield running
    finally:
        ready.cancel()
        running.stop()
        async with asyncio.timeout(PATIENCE):
            await serving


async def stands(running: Gateway, query: str, *values: object) -> Any:
    """Ask the database until the answer is true; returns it."""
    async with asyncio.timeout(PATIENCE):
        while not (answer := await running.db.pool.fetchval(query, *values)):
            pass
    return answer


async def proved(running: Gateway, table: str) -> None:
    """An enquire_link that the peer answers proves that it has read our answers to all that stands in `table`."""
    await stands(running, f"select bool_or(proved_upto >= (select max(id) from {table})) from session")


def tables(port: int, **carrier: Any) -> dict[str, Any]:
    """The tables that all of these gateways have: one process, any HTTP port, one carrier at `port`."""
    settings = {
        "hosts": [f"127.0.0.1:{port}"],
        "system_id": "moh",
        "password": PASSWORD,
        "enquire_link": "1s",
        **carrier,
    }
    return {
        "node": {"processes": 1},
        "http": {"listen": ["127.0.0.1:0"]},
        "carriers": {"peer": settings},
        "log": {"level": "warning", "format": "text"},
    }


class Ended(Exception):
    """A program ended before it said what was waited for."""


class Program:
    """A foreign program as a process: its lines of stdout, and its stderr in a file for the day it fails."""

    def __init__(self, process: asyncio.subprocess.Process, errors: Path) -> None:
        self.process = process
        self._errors = errors

    @property
    def errors(self) -> str:
        """What it wrote to stderr so far."""
        return self._errors.read_text(errors="replace")

    @classmethod
    @contextlib.asynccontextmanager
    async def run(cls, folder: Path, *command: str | Path) -> AsyncIterator[Any]:
        """Started here, and gone when the block ends."""
        errors = folder / f"{Path(command[0]).name}.err"
        with errors.open("wb") as stderr:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=stderr, limit=1 << 22
            )
        try:
            yield cls(process, errors)
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                # Its pipe may hold more than fits; unread it would keep the end from being noticed.
                await process.communicate()

    async def line(self, wanted: Callable[[str], bool]) -> str:
        """The next line of stdout that is wanted; those before it are dropped. Raises Ended."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            while octets := await self.process.stdout.readline():
                line = octets.decode(errors="replace").rstrip("\n")
                if wanted(line):
                    return line
            await self.process.wait()
        raise Ended(f"exit code {self.process.returncode}: {self.errors[-2000:]}")

    async def ended(self) -> int:
        """Close its stdin and wait; returns its exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        async with asyncio.timeout(PATIENCE):
            await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode


class Peer(Program):
    """A foreign SMSC that takes orders and tells events as lines of JSON, as smsc.js says."""

    async def event(self, name: str) -> dict[str, Any]:
        """The next event of this name. An error of the peer before it fails the test."""
        found: dict[str, Any] = json.loads(await self.line(lambda line: _named(line, name)))
        return found

    async def order(self, **order: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        await self.process.stdin.drain()

    async def deliver(self, pdus: Sequence[dict[str, Any]]) -> None:
        """Send all of them at once; each must be answered with status 0."""
        await self.order(deliver=list(pdus))
        assert (await self.event("answered"))["statuses"] == [0] * len(pdus)


def _named(line: str, name: str) -> bool:
    event = json.loads(line)
    assert event["event"] not in ("error", "nacked"), line
    return bool(event["event"] == name)
