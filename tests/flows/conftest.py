"""Gateways as processes and the parties around them; every log is searched for what must never be in one."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from smppd.simulator.smsc import Smsc
from tests.flows.book import MARK, PHONE, Arrivals
from tests.flows.process import Process
from tests.flows.waiting import Callbacks

SECRET = "hush-hush-9"
ROUNDS = "SMPPD_CHAOS_ROUNDS"  # `make chaos` sets it: how often a failure is repeated; unset: the short form

_folders = itertools.count(1)


@pytest.fixture
def rounds() -> int | None:
    """The number of rounds of the long form; None in the short one."""
    return int(os.environ[ROUNDS]) if ROUNDS in os.environ else None


@pytest.fixture
def long_form(rounds: int | None) -> None:
    """For what takes longer than `make test` may."""
    if rounds is None:
        pytest.skip(f"in its long form only: make chaos, or {ROUNDS}=1")


@pytest.fixture
def folder(open_folder: Path) -> Path:
    """A folder of this test's own that PostgreSQL's user can enter."""
    path = open_folder / f"flow{next(_folders)}"
    path.mkdir(mode=0o755)
    return path


@pytest.fixture
def database_first(request: pytest.FixtureRequest) -> None:
    """A database that the test has asked for goes only after the gateways that use it."""
    if "dsn" in request.fixturenames:
        request.getfixturevalue("dsn")


@pytest.fixture
async def gateway(folder: Path, database_first: None) -> AsyncIterator[Callable[..., Process]]:
    """Makes gateways; ends them all, then searches what they said."""
    made: list[Process] = []

    def make(environment: dict[str, str] | None = None, **tables: Any) -> Process:
        place = folder if not made else folder / f"node{len(made)}"
        place.mkdir(mode=0o755, exist_ok=True)
        made.append(Process(place, tables, environment))
        return made[-1]

    yield make
    for process in made:
        await process.clean_up()
    for process in made:
        said = [*process.lines, *process.printed]
        server_log = process.data / "postgres.log"
        if server_log.exists():
            said += server_log.read_text(errors="replace").splitlines()
        discreet(said)


def discreet(lines: list[str]) -> None:
    """No traceback, no text, no full phone number, no secret."""
    for line in lines:
        assert "Traceback" not in line, lines
        assert "was never retrieved" not in line, line
        assert MARK not in line, line
        assert SECRET not in line, line
        assert not re.search(PHONE + r"\d{7}", line), line


@pytest.fixture
async def smsc() -> AsyncIterator[Smsc]:
    """A carrier with one account."""
    smsc = Smsc(accounts={"moh": SECRET}, window=50)
    await smsc.start()
    yield smsc
    await smsc.stop()


@pytest.fixture
async def sink() -> AsyncIterator[Arrivals]:
    """A web application that takes everything."""
    arrivals = Arrivals()
    await arrivals.sink.start()
    yield arrivals
    await arrivals.sink.stop()


@pytest.fixture
async def callbacks() -> AsyncIterator[Callbacks]:
    """A system's side of callback_url."""
    callbacks = Callbacks()
    await callbacks.sink.start()
    yield callbacks
    await callbacks.sink.stop()


def carrier(smsc: Smsc, **more: Any) -> dict[str, Any]:
    """The [carriers] table for one simulated SMSC."""
    return {"vodacom": {"hosts": [f"127.0.0.1:{smsc.port}"], "system_id": "moh", "password": SECRET, **more}}


def webhook(sink: Arrivals, **more: Any) -> dict[str, Any]:
    """A [systems.x] table for one sink, with retries fit for a test."""
    retry = {"first": "200ms", "max": "1s", "give_up": "1h"}
    return {"type": "webhook", "url": sink.sink.url + "/sms", "concurrency": 16, "retry": retry, **more}
