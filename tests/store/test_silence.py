"""A server that has gone silent: every connection stands, and nothing comes any more (a cut cable, a hung disk)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from smppd.config import Config
from smppd.store import Database
from smppd.store.database import SOON
from tests.store.relay import Relay


@pytest.fixture
async def relay(dsn: str) -> AsyncIterator[Relay]:
    relay = Relay(Path(dsn.partition("host=")[2]) / ".s.PGSQL.5432")
    await relay.start()
    yield relay
    await relay.stop()


async def test_a_lease_that_cannot_be_renewed_is_known_before_another_node_may_have_it(
    relay: Relay, dsn: str, make_config: Callable[..., Config]
) -> None:
    store = {"dsn": f"{dsn.partition('host=')[0]}host={relay.folder}", "max_disk": "100GB"}
    db = Database(make_config(store=store))
    await db.start()
    try:
        assert await db.take_lease("system/x", 15.0)
        relay.silent = True
        began = asyncio.get_running_loop().time()
        with pytest.raises(TimeoutError):
            await db.take_lease("system/x", 15.0)
        assert asyncio.get_running_loop().time() - began < 2 * SOON + 1
    finally:
        db.pool.terminate()
