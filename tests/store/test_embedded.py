"""The embedded server: made, found again whatever happened to its starter, and in words when it cannot be."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg
import pytest

from smppd.config import Config
from smppd.errors import StartError
from smppd.store import connect
from smppd.store.embedded import EmbeddedServer

Server = Callable[..., EmbeddedServer]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root must run PostgreSQL as somebody else")

STARTER = """
import asyncio, os, signal, sys
from pathlib import Path
import asyncpg
from smppd.store.embedded import EmbeddedServer

async def main():
    server = EmbeddedServer(Path(sys.argv[1]))
    await server.start()
    connection = await asyncpg.connect(server.dsn)
    await connection.execute("create table kept as select 42 as answer")
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


@pytest.fixture
async def make(open_folder: Path) -> AsyncIterator[Server]:
    """path below a new folder -> a server that is stopped after the test."""
    folder = Path(tempfile.mkdtemp(dir=open_folder))
    folder.chmod(0o755)
    made: list[EmbeddedServer] = []

    def make(below: str = "db") -> EmbeddedServer:
        made.append(EmbeddedServer(folder / below))
        return made[-1]

    yield make
    for server in made:
        if await server.running():
            await server.start()  # one that another process started: learn where its programs are
            await server.stop("immediate")


async def value(server: EmbeddedServer, query: str) -> object:
    connection = await asyncpg.connect(server.dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def postmaster(server: EmbeddedServer) -> int:
    return int((server.cluster / "postmaster.pid").read_text().split()[0])


async def test_it_is_made_stopped_and_started_again_with_what_it_held(make: Server) -> None:
    server = make()
    await server.start()
    assert await server.running()
    await value(server, "create table kept as select 42 as answer")
    await server.stop()
    assert not await server.running()
    again = make()
    await again.start()
    assert await value(again, "select answer from kept") == 42


async def test_it_commits_to_disk_and_keeps_content_out_of_its_log(make: Server) -> None:
    server = make()
    await server.start()
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        assert await value(server, f"show {setting}") == "on"
    with pytest.raises(asyncpg.UndefinedTableError):
        await value(server, "select 'the text of a message' from nowhere")
    await server.stop()
    assert "the text of a message" not in server.log.read_text()


async def test_it_is_found_again_after_its_starter_was_killed(make: Server) -> None:
    server = make()
    starter = await asyncio.create_subprocess_exec(sys.executable, "-c", STARTER, str(server.data_dir), cwd=_root())
    assert await starter.wait() == -signal.SIGKILL
    pid = postmaster(server)
    await server.start()
    assert postmaster(server) == pid
    assert await value(server, "select answer from kept") == 42


async def test_it_recovers_when_it_was_killed_itself(make: Server) -> None:
    server = make()
    await server.start()
    await value(server, "create table kept as select 42 as answer")
    os.kill(postmaster(server), signal.SIGKILL)
    async with asyncio.timeout(20):
        while await server.running():
            pass
    again = make()
    await again.start()
    assert await value(again, "select answer from kept") == 42


async def test_what_an_interrupted_start_left_is_cleared_away(make: Server) -> None:
    server = make()
    (server.data_dir / "postgres.partial").mkdir(parents=True)
    (server.data_dir / "postgres.partial" / "PG_VERSION").write_text("18")
    await server.start()
    assert not (server.data_dir / "postgres.partial").exists()


async def test_a_path_too_long_for_a_socket_is_no_obstacle(make: Server) -> None:
    server = make("/".join(["a-folder-with-a-long-name"] * 5))
    await server.start()
    assert await value(server, "select 1") == 1
    place = Path(str(await value(server, "show unix_socket_directories")))
    assert len(str(place)) < 80
    assert place.stat().st_mode & 0o077 == 0
    await server.stop()
    shutil.rmtree(place)


@as_root
async def test_a_socket_folder_that_somebody_else_made_is_refused(make: Server) -> None:
    server = make("/".join(["another-folder-with-a-long-name"] * 4))
    place = server._socket_dir()
    place.mkdir()
    os.chown(place, 4711, 4711)
    try:
        with pytest.raises(StartError, match="belongs to another user: remove it"):
            await server.start()
    finally:
        place.rmdir()


@pytest.mark.parametrize("place", ["/proc/smppd", "/dev/null/smppd"])
async def test_a_folder_that_cannot_be_made_is_said_in_words(place: str) -> None:
    with pytest.raises(StartError, match=f"store.data_dir {place}: "):
        await EmbeddedServer(Path(place)).start()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
async def test_a_folder_without_permission_is_said_in_words(make: Server, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StartError, match=r"no permission on .* give the folder to the user that runs smppd"):
        await EmbeddedServer(tmp_path / "db").start()


@as_root
async def test_under_root_it_runs_as_the_owner_of_its_folder(make: Server) -> None:
    server = make()
    await server.start()
    owner = server.data_dir.stat().st_uid
    assert owner != 0
    assert Path(f"/proc/{postmaster(server)}").stat().st_uid == owner


@as_root
async def test_under_root_a_folder_inside_a_closed_home_is_said_in_words(make: Server) -> None:
    server = make("home/db")
    server.data_dir.parent.mkdir()
    server.data_dir.parent.chmod(0o700)
    with pytest.raises(StartError, match=r"cannot enter .*/home; choose a folder outside closed homes"):
        await server.start()


async def test_the_last_of_those_who_use_it_stops_it(make: Server) -> None:
    first, second = make(), make()
    await first.start()
    await second.start()
    await first.stop()
    assert await value(second, "select 1") == 1
    await second.stop()
    assert not await second.running()


async def test_a_command_where_nothing_has_run_says_so_and_makes_nothing(make: Server) -> None:
    server = make()
    with pytest.raises(StartError, match="nothing has run here yet"):
        async with connect(Config.model_validate({"store": {"data_dir": str(server.data_dir)}})):
            pass
    assert not server.data_dir.exists()


async def test_a_command_that_finds_no_schema_leaves_no_server_behind(make: Server) -> None:
    server = make()
    await server.start()
    await server.stop()
    with pytest.raises(StartError, match="the schema is behind"):
        async with connect(Config.model_validate({"store": {"data_dir": str(server.data_dir)}})):
            pass
    assert not await server.running()


async def test_one_gateway_at_a_time_uses_it(make: Server) -> None:
    first, second = make(), make()
    await first.start()
    await second.start()
    first.claim()
    first.claim()
    with pytest.raises(StartError, match=r"another `smppd run` uses store\.data_dir .*/db: stop that one first"):
        second.claim()
    await first.stop()
    second.claim()


def _root() -> Path:
    return Path(__file__).resolve().parents[2]
