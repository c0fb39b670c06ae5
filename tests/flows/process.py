"""The real gateway as a process under test: its file, its log, its end, and the PostgreSQL it brought up."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg

from smppd.simulator.watch import Watch
from smppd.store.embedded import EmbeddedServer

ROOT = Path(__file__).resolve().parents[2]
READY = 60.0  # seconds a start may take on a busy machine


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def toml(value: Any) -> str:
    """A value as TOML, tables inline."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(k)} = {toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(str(value) if isinstance(value, Path) else value)


class Process:
    """`python -m smppd run -c FILE`. One object may be started many times; the log goes on."""

    def __init__(self, folder: Path, tables: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.file = folder / "smppd.toml"
        self.port = free_port()
        self.tables: dict[str, Any] = {
            "store": {"data_dir": str(folder / "data"), "max_disk": "99%"},
            "http": {"listen": [f"127.0.0.1:{self.port}"]},
            "node": {"name": "gw1"},
            **tables,
        }
        self.environment = {**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})}
        self.lines: list[str] = []  # of stderr, over all starts
        self.printed: list[str] = []  # of stdout
        self.watch = Watch()
        self._process: asyncio.subprocess.Process | None = None
        self._readers: list[asyncio.Task[None]] = []
        self._announced = 0  # how often it had said ready before this start

    # --- life --------------------------------------------------------------------------------------------------------

    def write(self, **tables: Any) -> None:
        """Write the file, with some tables replaced."""
        self.tables.update(tables)
        self.file.write_text("".join(f"{name} = {toml(table)}\n" for name, table in self.tables.items()))

    async def launch(self) -> None:
        """Start it, without waiting for anything."""
        if not self.file.exists():
            self.write()
        self._announced = self.printed.count("smppd ready")
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "smppd", "run", "-c", str(self.file),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env=self.environment, cwd=self.folder, limit=2**20,
        )  # fmt: skip
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._readers = [
            asyncio.create_task(self._read(self._process.stdout, self.printed)),
            asyncio.create_task(self._read(self._process.stderr, self.lines)),
        ]

    async def start(self, timeout: float = READY) -> None:
        """Start it and wait until it says that it is ready."""
        await self.launch()
        await self.ready(timeout)

    async def ready(self, timeout: float = READY) -> None:
        """Wait until it says that it is ready, after the latest launch."""
        await self.watch.until(
            lambda: self.printed.count("smppd ready") > self._announced or not self.running,
            timeout,
            lambda: f"not ready; log ends {self.lines[-5:]}",
        )
        assert self.running, f"ended with {self.code}: {self.lines[-5:]}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def code(self) -> int | None:
        return None if self._process is None else self._process.returncode

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    def signal(self, number: int) -> None:
        assert self.running
        os.kill(self.pid, number)

    async def ended(self, timeout: float = 30.0) -> int:
        """Its exit code, when it ends by itself."""
        assert self._process is not None
        async with asyncio.timeout(timeout):
            code = await self._process.wait()
            await asyncio.gather(*self._readers)
        return code

    async def kill(self) -> None:
        """kill -9, and the pipes read to their end (its children end with it)."""
        self.signal(signal.SIGKILL)
        await self.ended()

    async def stop(self, timeout: float = 30.0) -> int:
        """SIGTERM; its exit code."""
        self.signal(signal.SIGTERM)
        return await self.ended(timeout)

    def children(self) -> list[int]:
        """Process ids of its forwarders."""
        found = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [int(pid) for pid in found if b"smppd.app.child" in Path(f"/proc/{pid}/cmdline").read_bytes()]

    async def clean_up(self) -> None:
        """End what is left: the gateway by its pid, PostgreSQL by that of its own file."""
        if self.running:
            await self.kill()
        self.stop_database(signal.SIGQUIT)

    # --- its PostgreSQL ----------------------------------------------------------------------------------------------

    @property
    def data(self) -> Path:
        return Path(self.tables["store"].get("data_dir", self.folder / "data"))

    def database_pid(self) -> int | None:
        """The postmaster of the embedded server, if it runs."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int((self.data / "postgres" / "postmaster.pid").read_text().splitlines()[0])
            if str(self.data).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                return pid
        return None

    def stop_database(self, number: int) -> None:
        """SIGINT: fast; SIGQUIT: immediate; SIGKILL: a crash."""
        if (pid := self.database_pid()) is not None:
            os.kill(pid, number)

    @contextlib.asynccontextmanager
    async def database(self) -> Any:
        """A connection to its database, which is started for the purpose if it does not run."""
        if "dsn" in self.tables["store"]:
            connection = await asyncpg.connect(self.tables["store"]["dsn"])
            yield connection
            await connection.close()
            return
        server = EmbeddedServer(self.data)
        running = self.database_pid() is not None
        await server.start()
        connection = await asyncpg.connect(server.dsn)
        try:
            yield connection
        finally:
            await connection.close()
            if not running:
                await server.stop("immediate")

    # --- what it says ------------------------------------------------------------------------------------------------

    @property
    def log(self) -> list[dict[str, Any]]:
        """Its log as values; lines before the log is set up are text and left out."""
        return [json.loads(line) for line in self.lines if line.startswith("{")]

    async def said(self, *words: str, timeout: float = 30.0, after: int = 0) -> str:
        """The first line of stderr from `after` on that holds all of `words`."""

        def found() -> str | None:
            return next((line for line in self.lines[after:] if all(word in line for word in words)), None)

        await self.watch.until(
            lambda: found() is not None, timeout, lambda: f"{words} not said; the log ends {self.lines[-5:]}"
        )
        return found() or ""

    async def get(self, path: str) -> tuple[int, str]:
        """Status and body of one of its own pages."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{self.port}{path}") as response,
        ):
            return response.status, await response.text()

    async def until_page(self, path: str, wanted: Callable[[int, str], bool], timeout: float = 30.0) -> str:
        """Ask for a page until it is as wanted; the pause between is the time that it takes."""
        last: tuple[int, str] = (0, "")
        try:
            async with asyncio.timeout(timeout):
                while True:
                    last = await self.get(path)
                    if wanted(*last):
                        return last[1]
        except TimeoutError:
            raise TimeoutError(f"{path} stays {last}") from None

    async def command(self, *arguments: str, timeout: float = 60.0) -> tuple[int, str, str]:
        """Another smppd command on the same file: exit code, stdout, stderr."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "smppd", *arguments, "-c", str(self.file),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env=self.environment, cwd=self.folder,
        )  # fmt: skip
        async with asyncio.timeout(timeout):
            out, err = await process.communicate()
        self.lines.extend(err.decode().splitlines())
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()

    async def _read(self, stream: asyncio.StreamReader, lines: list[str]) -> None:
        async for line in stream:
            lines.append(line.decode(errors="replace").rstrip("\n"))
            self.watch.changed()
        assert self._process is not None
        await self._process.wait()
        self.watch.changed()
