"""The database as the rest sees it: a pool for everything beside the hot path, own connections for what is on it."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg

from smppd import __version__, log
from smppd.config import Config
from smppd.errors import StartError, StoreDown
from smppd.store import migrate
from smppd.store.embedded import EmbeddedServer
from smppd.store.queries import statement

# What says "not now": the connection, the server or its disk is in the way; the statement itself is not at fault.
DOWN = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.exceptions.PostgresSystemError,
    asyncpg.exceptions.TransactionRollbackError,
    asyncpg.exceptions.ReadOnlySQLTransactionError,
    asyncpg.exceptions.InvalidAuthorizationSpecificationError,
)
# Our tables are near empty most of the time, autovacuum says so, and a prepared statement would keep the plan for that
# when a million rows come. No statement of ours is better without an index, so no connection may choose so.
_PLANNER = {
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}
_FINAL = (
    asyncpg.InvalidPasswordError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    ValueError,
)
SOON = 3.0  # seconds in which a question is answered whose answer is worth nothing later
COMMIT_TIMEOUT = 20.0  # seconds a statement may take before the carrier is told to try later

OwnConnection: TypeAlias = "asyncpg.Connection[Any]"
Connection: TypeAlias = "asyncpg.Connection[Any] | asyncpg.pool.PoolConnectionProxy[Any]"


class Database:
    """Connections, names and this node's identity. `instance` is new at every start."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.node = config.node.name
        self.instance = uuid.uuid4()
        self.embedded = None if config.store.dsn else EmbeddedServer(Path(config.store.data_dir))
        self.installation = uuid.UUID(int=0)
        self.trouble: str | None = None  # why the start still waits for the database
        self._pool: asyncpg.Pool[Any] | None = None
        self._ids: dict[tuple[str, str], int] = {}
        self._announced = False
        self._log = log.get("store")

    @property
    def dsn(self) -> str:
        return str(self.config.store.dsn) if self.embedded is None else self.embedded.dsn

    async def start(self, *, migrate_schema: bool = True, patience: float = 0.0) -> None:
        """Start the embedded server if that is ours, connect, migrate.

        `patience`: seconds to go on trying while the database cannot be reached. Raises StartError in words.
        """
        if self.embedded is not None:
            await self.embedded.start()
        end = asyncio.get_running_loop().time() + patience
        while True:
            await self.open(patience=max(0.0, end - asyncio.get_running_loop().time()))
            try:
                await self._prepare(migrate_schema)
            except (*DOWN, asyncpg.PostgresError) as error:
                await self.stop(keep_server=True)
                await self._wait(error, end)
            else:
                return

    async def open(self, *, patience: float = 0.0) -> None:
        """Connect only. Raises StartError naming server, cause and fix."""
        end = asyncio.get_running_loop().time() + patience
        while True:
            try:
                self._pool = await asyncpg.create_pool(self.dsn, min_size=1, max_size=8, **self._settings(custom=True))
            except (*DOWN, asyncpg.PostgresError, ValueError) as error:
                await self._wait(error, end)
            else:
                self.trouble = None
                return

    async def _prepare(self, migrate_schema: bool) -> None:
        async with self.pool.acquire() as connection:
            if migrate_schema:
                for name in await migrate.migrate(connection):
                    self._log.info("schema migrated", migration=name)
            elif waiting := await migrate.pending(connection):
                raise StartError(f"the schema is behind ({', '.join(waiting)}): run `smppd migrate`")
            self.installation = await connection.fetchval(statement("lease", "installation"))

    async def _wait(self, error: Exception, end: float) -> None:
        """A second, when it may help; else StartError in words."""
        reason = self._words(error)
        if isinstance(error, _FINAL) or not isinstance(error, DOWN) or asyncio.get_running_loop().time() >= end:
            raise StartError(reason) from None
        if reason != self.trouble:
            self._log.warning("waiting for the database", reason=reason)
        self.trouble = reason
        await asyncio.sleep(1)

    async def stop(self, *, keep_server: bool = False) -> None:
        """Close the pool; stop the embedded server unless others still use it."""
        if self._pool is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._pool.close(), 5)
        if self.embedded is not None and not keep_server:
            await self.embedded.stop()

    @property
    def pool(self) -> asyncpg.Pool[Any]:
        if self._pool is None:
            raise StoreDown("not connected to the database")
        return self._pool

    async def connect(self, *, custom: bool = False) -> OwnConnection:
        """A connection of one's own, for those who must not wait for the pool. `custom`: no plan is kept."""
        connection: OwnConnection = await asyncpg.connect(self.dsn, **self._settings(custom=custom))
        return connection

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A pooled connection in a transaction. Raises StoreDown for what passes by itself."""
        try:
            async with self.pool.acquire(timeout=10) as connection, connection.transaction():
                yield connection
        except DOWN as error:
            raise StoreDown(self._words(error)) from error

    async def ask(self, query: str, *arguments: object) -> Any:
        """One value, for what must be known soon. Raises TimeoutError within 2 * SOON, also of a server gone silent."""
        # A statement that is given up still waits for the server to agree, for as long as `acquire` was given.
        async with asyncio.timeout(SOON), self.pool.acquire(timeout=SOON) as connection:
            return await connection.fetchval(query, *arguments)

    async def carrier_id(self, name: str) -> int:
        """The small number that stands for a carrier in rows; made at first sight."""
        return await self._id("carrier", name)

    async def system_id(self, name: str) -> int:
        """The small number that stands for a system in rows; made at first sight."""
        return await self._id("system", name)

    async def names(self, table: str) -> dict[int, str]:
        """Small number -> name, of carriers or systems."""
        query = {"carrier": "select id, name from carrier", "system": "select id, name from system"}[table]
        return {row["id"]: row["name"] for row in await self.pool.fetch(query)}

    async def _id(self, table: str, name: str) -> int:
        if (table, name) not in self._ids:
            found = None
            while found is None:  # another node may make it between our look and our insert
                found = await self.pool.fetchval(statement("lease", f"{table}_id"), name)
            self._ids[table, name] = found
        return self._ids[table, name]

    async def seen(self) -> None:
        """Say that this process lives."""
        before = await self.pool.fetchval(statement("lease", "seen"), self.node, self.instance, __version__)
        if self._announced and before not in (None, self.instance):
            # Each would take the other for an earlier life of itself, and both would bind and deliver.
            self._log.error(
                "another smppd runs under this node.name on this database: give each its own", node=self.node
            )
        self._announced = True

    async def gone(self) -> None:
        """Say that this process has ended in order."""
        await self.pool.execute(statement("lease", "gone"), self.node, self.instance)

    async def take_lease(self, name: str, seconds: float) -> bool:
        """Take or renew the right to do what only one may do."""
        span = timedelta(seconds=seconds)
        taken = await self.ask(statement("lease", "take"), name, self.node, self.instance, span)
        return taken is not None

    async def renew_lease(self, name: str, seconds: float) -> bool:
        """Go on having it; False when somebody else had it meanwhile, even if it is free again."""
        span = timedelta(seconds=seconds)
        return await self.ask(statement("lease", "renew"), name, self.instance, span) is not None

    async def lease_is_free(self, name: str) -> bool:
        """Whether nobody has it because its last owner gave it back."""
        return not await self.pool.fetchval("select exists (select from lease where name = $1)", name)

    async def release_lease(self, name: str) -> None:
        """Give it back, so that another need not wait for its end."""
        await self.pool.execute(statement("lease", "release"), name, self.instance)

    def _settings(self, *, custom: bool = False) -> dict[str, Any]:
        """`custom`: plan each execution for its values, which is cheap where statements are rare."""
        return {
            "timeout": 10,
            "command_timeout": COMMIT_TIMEOUT,
            "server_settings": {
                "application_name": f"smppd {self.node}"[:63],
                "jit": "off",
                "timezone": "UTC",
                **_PLANNER,
                "plan_cache_mode": "force_custom_plan" if custom else "force_generic_plan",
                "synchronous_commit": "on",  # the answer to a carrier waits for the disk, whatever the server's default
            },
        }

    def _words(self, error: BaseException) -> str:
        place = "the embedded PostgreSQL" if self.embedded is not None else f"the database {redact(self.dsn)}"
        match error:
            case asyncpg.InvalidPasswordError() | asyncpg.InvalidAuthorizationSpecificationError():
                return f"{place} refuses the user or password of store.dsn"
            case asyncpg.InsufficientPrivilegeError():
                return f"{place}: the user of store.dsn may not do this ({error}): make it the owner of the database"
            case asyncpg.InvalidCatalogNameError():
                return f"{place} does not exist: create it (createdb) or correct store.dsn"
            case socket.gaierror():
                return f"{place}: the host name does not resolve"
            case ConnectionRefusedError() | FileNotFoundError():
                return f"{place} cannot be reached: nothing listens there"
            case asyncpg.DiskFullError():
                return f"{place} has no disk space left"
            case asyncpg.CannotConnectNowError():
                return f"{place} is starting up or shutting down"
            case asyncpg.TooManyConnectionsError():
                return f"{place} has no connection left: raise its max_connections"
            case TimeoutError():
                return f"{place} does not answer in time"
            case ValueError():
                return f"store.dsn cannot be read: {redact(str(error))}"
            case _:
                return f"{place}: {type(error).__name__}: {redact(str(error))}"


def redact(text: str) -> str:
    """A connection string without its password."""
    return re.sub(r"password=[^&\s]+", "password=***", re.sub(r"//([^:/@]*):[^@]*@", r"//\1:***@", text))
