"""Commits of what is submitted: what comes during one shares the next, and nobody waits for anybody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from smppd.errors import StoreDown
from smppd.model import OutboundState
from smppd.store.submissions import Row, Submissions, Written

EXPIRES = datetime.now(UTC) + timedelta(days=1)


class Slow(Submissions):
    """Its commits take `takes` seconds and are written down."""

    def __init__(self, takes: float) -> None:
        super().__init__(None, lambda: None)  # type: ignore[arg-type]
        self.takes = takes
        self.commits: list[int] = []
        self.begun = asyncio.Event()

    async def _connected(self) -> Any:
        return None

    async def _write(self, connection: Any, rows: list[Row]) -> list[Written]:
        self.commits.append(len(rows))
        self.begun.set()
        await asyncio.sleep(self.takes)
        return [Written(n, row.state, row.reason) for n, row in enumerate(rows, 1)]


@pytest.fixture
async def slow() -> AsyncIterator[Slow]:
    writer = Slow(0.02)
    running = asyncio.create_task(writer.run())
    yield writer
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def row() -> Row:
    return Row(
        1, None, 1, "15001", "+255700000001", "x", None, None, 0, 1, OutboundState.QUEUED, "", 0, EXPIRES, None, 1
    )


async def test_what_comes_while_a_commit_is_under_way_shares_the_next(slow: Slow) -> None:
    first = asyncio.create_task(slow.add([row()]))
    await slow.begun.wait()
    others = [asyncio.create_task(slow.add([row()])) for _ in range(7)]
    await asyncio.gather(first, *others)
    assert slow.commits == [1, 7]


async def test_one_alone_waits_for_nobody(slow: Slow) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    for _ in range(5):
        await slow.add([row()])
    assert slow.commits == [1] * 5
    assert loop.time() - began < 5 * slow.takes * 1.5 + 0.5


async def test_who_comes_when_the_writer_has_ended_is_told_so_and_does_not_wait() -> None:
    writer = Slow(0.0)
    running = asyncio.create_task(writer.run())
    assert len(await writer.add([row()])) == 1
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    async with asyncio.timeout(5):
        with pytest.raises(StoreDown):
            await writer.add([row()])
