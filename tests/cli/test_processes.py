"""run and simulate as an operator starts them: processes, signals, exit codes."""

import asyncio
import contextlib
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import asyncpg
import pytest


@contextlib.asynccontextmanager
async def started(*arguments: str) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "smppd", *arguments, stdout=PIPE, stderr=PIPE)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def said(process: Process) -> str:
    """The next line on its stdout."""
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), 60)).decode()


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def file(dsn: str, port: int, tmp_path: Path) -> Path:
    path = tmp_path / "gw.toml"
    path.write_text(f'[store]\ndsn = "{dsn}"\nmax_disk = "100GB"\n[http]\nlisten = ["127.0.0.1:{port}"]\n')
    return path


async def test_run_says_when_it_is_ready_and_stops_when_asked(file: Path, port: int) -> None:
    async with started("run", "-c", str(file)) as gateway, aiohttp.ClientSession() as http:
        assert await said(gateway) == "smppd ready\n"
        async with http.get(f"http://127.0.0.1:{port}/readyz") as answer:
            assert answer.status == 200
        gateway.send_signal(signal.SIGTERM)
        _, errors = await asyncio.wait_for(gateway.communicate(), 60)
        assert gateway.returncode == 0, errors


async def test_run_fails_at_once_and_in_words_when_its_port_is_taken(file: Path, port: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        async with started("run", "-c", str(file)) as gateway:
            out, errors = await asyncio.wait_for(gateway.communicate(), 60)
    assert gateway.returncode == 1
    assert out == b""
    assert errors.decode().startswith(f"smppd: cannot listen on 127.0.0.1:{port}: the port is in use")
    assert errors.count(b"\n") == 1


async def test_run_leaves_the_schema_alone_when_told_to(file: Path, dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("drop schema public cascade; create schema public")
    async with started("run", "--no-migrate", "-c", str(file)) as gateway:
        _, errors = await asyncio.wait_for(gateway.communicate(), 60)
    assert gateway.returncode == 1
    assert b"run `smppd migrate`" in errors
    assert await connection.fetchval("select count(*) from pg_tables where schemaname = 'public'") == 0
    await connection.close()


async def test_simulate_listens_where_told_and_says_so() -> None:
    async with started("simulate", "--port", "0", "--http", "0") as smsc, aiohttp.ClientSession() as http:
        line = await said(smsc)
        assert line.startswith("SMSC on 127.0.0.1:")
        async with http.get(f"{line.split('control on ')[1].strip()}/") as answer:
            assert answer.status == 200


async def test_simulate_says_in_words_that_a_port_is_taken(port: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        async with started("simulate", "--port", str(port), "--http", "0") as smsc:
            _, errors = await asyncio.wait_for(smsc.communicate(), 60)
    assert smsc.returncode == 1
    assert f"the simulator cannot listen on 127.0.0.1, port {port}" in errors.decode()
    assert b"Traceback" not in errors


@pytest.mark.parametrize("words", [("--port", "99999"), ("--http", "-1")])
async def test_simulate_refuses_a_port_that_there_is_not(words: tuple[str, str]) -> None:
    async with started("simulate", *words) as simulator:
        _, errors = await asyncio.wait_for(simulator.communicate(), 60)
    assert simulator.returncode == 2
    assert f"Invalid value for '{words[0]}'" in errors.decode()


async def test_simulate_says_in_a_few_words_that_its_port_is_taken() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        async with started("simulate", "--port", str(port), "--http", "0") as simulator:
            _, errors = await asyncio.wait_for(simulator.communicate(), 60)
    assert simulator.returncode == 1
    assert errors.decode() == (
        f"smppd: the simulator cannot listen on 127.0.0.1, port {port} or 0: Address already in use\n"
    )
