"""A node in this process between a simulated SMSC and the desk, for what is sent."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import asyncpg

from smppd.app.gateway import Gateway
from smppd.config import Config
from smppd.desk import Accepted
from smppd.model import OutboundState, PartState, Submission
from smppd.simulator.smsc import Smsc
from smppd.store import Database

PATIENCE = 30.0
PHONE = "+2557540{:05}"


class Office:
    """A running gateway; `send` hands in, `life` looks."""

    def __init__(self, gateway: Gateway, database: Database) -> None:
        self.gateway, self.database = gateway, database

    async def send(self, *submissions: Submission) -> list[int]:
        """The ids under which they were taken."""
        results = await self.gateway.counter.desk.submit("sink", submissions)
        ids = []
        for result in results:
            assert isinstance(result, Accepted), result
            ids.append(result.id)
        return ids

    async def send_many(self, count: int, first: int = 0, **how: Any) -> list[int]:
        """So many short messages to as many phones, in their order."""
        numbers = range(first, first + count)
        return await self.send(*(Submission(PHONE.format(n), f"message {n}", **how) for n in numbers))

    async def until(self, query: str, *values: object, timeout: float = PATIENCE) -> Any:
        """Ask the database until the answer is true; the pause between is the time that it takes."""
        answer = None
        try:
            async with asyncio.timeout(timeout):
                while not (answer := await self.database.pool.fetchval(query, *values)):
                    pass
        except TimeoutError:
            raise TimeoutError(f"{query} {values} stays {answer}: {await self.states()}") from None
        return answer

    async def ended(self, ids: Sequence[int], timeout: float = PATIENCE) -> None:
        """Until none of them waits."""
        await self.until(
            "select not exists (select from outbound where id = any($1) and state < 3)", list(ids), timeout=timeout
        )

    async def states(self) -> dict[str, int]:
        rows = await self.database.pool.fetch("select state, count(*) from outbound group by 1")
        return {OutboundState(row["state"]).name: row["count"] for row in rows}

    async def row(self, message: int) -> asyncpg.Record:
        return await self.database.pool.fetchrow("select * from outbound where id = $1", message)

    async def waiting(self, message: int) -> asyncpg.Record | None:
        return await self.database.pool.fetchrow("select * from outqueue where id = $1", message)

    async def parts(self, message: int) -> list[asyncpg.Record]:
        rows: list[asyncpg.Record] = await self.database.pool.fetch(
            "select * from outpart where message = $1 order by number", message
        )
        return rows

    async def part_states(self, message: int) -> list[PartState]:
        return [PartState(row["state"]) for row in await self.parts(message)]

    async def reports(self, message: int) -> list[str]:
        rows = await self.database.pool.fetch("select state from report where outbound = $1 order by id", message)
        return [OutboundState(row["state"]).name for row in rows]


def carrier(smsc: Smsc, **more: Any) -> dict[str, Any]:
    """The table of one carrier."""
    host = f"127.0.0.1:{smsc.port}"
    return {"hosts": [host], "system_id": "moh", "password": "x", "throughput": 10_000, "window": 50, **more}


def config(make_config: Callable[..., Config], carriers: dict[str, Any], **tables: Any) -> Config:
    """One process, any HTTP port, and a system that nothing is delivered to."""
    return make_config(
        carriers=carriers,
        systems={"sink": {"type": "webhook", "url": "http://127.0.0.1:1/"}},
        node={"processes": 1, **tables.pop("node", {})},
        http={"listen": ["127.0.0.1:0"]},
        log={"level": "warning", "format": "text"},
        **tables,
    )


@contextlib.asynccontextmanager
async def office(settings: Config) -> AsyncIterator[Office]:
    """A gateway from start to orderly stop."""
    gateway = Gateway(settings)
    serving = asyncio.create_task(gateway.serve(migrate_schema=False))
    ready = asyncio.create_task(gateway.ready.wait())
    database = Database(settings)
    await database.open()
    try:
        async with asyncio.timeout(PATIENCE):
            await asyncio.wait({serving, ready}, return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            await serving
        yield Office(gateway, database)
    finally:
        ready.cancel()
        gateway.stop()
        async with asyncio.timeout(PATIENCE):
            await serving
        await database.stop()


def texts(smsc: Smsc) -> list[str]:
    """What the SMSC has taken, in order."""
    return [submit.octets.decode() for submit in smsc.submits]


def copies(smsc: Smsc) -> dict[Any, int]:
    """What it has taken more than once, and how often."""
    return {content: count for content, count in Counter(s.content for s in smsc.submits).items() if count > 1}
