from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from smppd.config.carriers import CarrierConfig
from smppd.simulator.smsc import Smsc
from smppd.smpp.link import Link
from smppd.smpp.reconnect import Reconnect
from tests.smpp.shelf import Shelf, States


@pytest.fixture
async def smsc() -> AsyncIterator[Smsc]:
    smsc = Smsc(retry_delay=0.0)
    await smsc.start()
    yield smsc
    await smsc.stop()


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def states() -> States:
    return States()


@pytest.fixture
async def run(smsc: Smsc, shelf: Shelf, states: States) -> AsyncIterator[Callable[..., Link]]:
    """Starts links to `smsc` that come back without delay; stops them at the end."""
    running: list[tuple[Link, asyncio.Task[None]]] = []

    def run(number: int = 1, bind: Any = "transceiver", **config: Any) -> Link:
        settings = {"hosts": [f"127.0.0.1:{smsc.port}"], "system_id": "moh", **config}
        link = Link(
            "vodacom",
            number,
            bind,
            CarrierConfig(**settings),
            shelf,
            states,
            reconnect=Reconnect(rng=lambda: 0.0),
        )
        running.append((link, asyncio.create_task(link.run())))
        return link

    yield run
    for link, task in running:
        await link.stop(asyncio.get_running_loop().time() + 0.2)
        await task
