"""`smppd demo --once`: exit 0 when all of it arrived, 1 when something did not, and nothing left behind."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from contextlib import AsyncExitStack
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from smppd.app import demo
from smppd.config import Config
from smppd.simulator.standin import FOREVER, Failure


async def test_all_of_it_arrives_and_nothing_is_left_behind(folder: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "smppd", "demo", "--once",
        stdin=asyncio.subprocess.DEVNULL, stdout=PIPE, stderr=PIPE, env={**os.environ, "TMPDIR": str(folder)},
    )  # fmt: skip
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    assert "All of it arrived." in out.decode()
    assert "NOT ARRIVED" not in out.decode()
    assert list(folder.glob("smppd-demo-*")) == []


class Refusing(demo.Demo):
    """A demonstration whose DHIS2 takes nothing."""

    async def start(self, stack: AsyncExitStack, folder: Path, http_port: int) -> Config:
        config = await super().start(stack, folder, http_port)
        self.dhis2.faults.fail, self.dhis2.faults.failure = FOREVER, Failure(503)
        return config


async def test_what_did_not_arrive_is_shown_and_the_exit_code_is_1(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setattr(demo, "Demo", Refusing)
    monkeypatch.setattr(demo, "PATIENCE", 3.0)
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)  # it is remembered
    shown = StringIO()
    assert await demo.demo(once=True, console=Console(file=shown, width=200)) == 1
    lines = shown.getvalue().splitlines()
    assert any("NOT ARRIVED" in line for line in lines)
    assert any(" ok " in line for line in lines)  # what goes to CHT alone
    assert "Something did not arrive." in shown.getvalue()
