"""Real parts for every test: one embedded PostgreSQL per run, and per test a database cloned from a migrated one."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from smppd.config import Config
from smppd.store import Database, migrate
from smppd.store.embedded import EmbeddedServer

pytest.register_assert_rewrite("tests.interop.kit")  # it asserts for several folders of tests

POSTGRESQL = "SMPPD_TEST_POSTGRESQL"  # a directory such as /usr/lib/postgresql/15/bin: test on that version

_numbers = itertools.count(1)


class Installed(EmbeddedServer):
    """A PostgreSQL of this machine in place of the embedded one."""

    def _binaries(self) -> Path:
        return Path(os.environ[POSTGRESQL])


@pytest.fixture(scope="session")
def open_folder() -> Iterator[Path]:
    """A folder that another user may walk to: PostgreSQL does not run as root, and pytest's own folder is closed."""
    folder = Path(tempfile.mkdtemp(prefix="smppd-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def tmp_path(open_folder: Path) -> Path:
    """Instead of pytest's, which is closed to others: a data directory must do for PostgreSQL's user too."""
    folder = Path(tempfile.mkdtemp(dir=open_folder))
    folder.chmod(0o755)
    return folder


@pytest.fixture(scope="session")
def server(open_folder: Path) -> Iterator[EmbeddedServer]:
    """The run's PostgreSQL, with a migrated template."""
    embedded = (Installed if POSTGRESQL in os.environ else EmbeddedServer)(open_folder / "db")

    async def prepare() -> None:
        await embedded.start()
        admin = await asyncpg.connect(embedded.dsn)
        await admin.execute("create database template_smppd")
        await admin.close()
        connection = await asyncpg.connect(dsn_of(embedded, "template_smppd"))
        await migrate.migrate(connection)
        await connection.close()

    asyncio.run(prepare())
    yield embedded
    asyncio.run(embedded.stop("immediate"))


def dsn_of(server: EmbeddedServer, database: str) -> str:
    return server.dsn.replace("/postgres?", f"/{database}?")


@pytest.fixture
async def dsn(server: EmbeddedServer) -> AsyncIterator[str]:
    """A migrated database of this test's own."""
    name = f"t{os.getpid()}_{next(_numbers)}"
    admin = await asyncpg.connect(server.dsn)
    await admin.execute(f"create database {name} template template_smppd")
    yield dsn_of(server, name)
    await admin.execute(f"drop database {name} with (force)")
    await admin.close()


@pytest.fixture
def make_config(dsn: str) -> Callable[..., Config]:
    """A configuration on this test's database; keyword arguments are its tables."""

    def make(**tables: Any) -> Config:
        return Config.model_validate({"store": {"dsn": dsn, "max_disk": "100GB"}, **tables})

    return make


@pytest.fixture
async def db(make_config: Callable[..., Config]) -> AsyncIterator[Database]:
    """A connected database with one carrier and one system configured."""
    config = make_config(
        carriers={"vodacom": {"hosts": ["127.0.0.1:1"], "system_id": "x"}},
        systems={"sink": {"type": "webhook", "url": "http://127.0.0.1:1/"}},
    )
    database = Database(config)
    await database.start()
    yield database
    await database.stop()
