"""A simulated SMSC and nodes in front of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from smppd.config import Config
from smppd.simulator.smsc import Smsc
from tests.carriers.kit import Office, config, office


@pytest.fixture
async def carriers() -> AsyncIterator[Callable[[], Any]]:
    """Makes SMSCs with one account."""
    async with AsyncExitStack() as stack:

        async def make() -> Smsc:
            smsc = Smsc(accounts={"moh": "x"}, window=50)
            await smsc.start()
            stack.push_async_callback(smsc.stop)
            return smsc

        yield make


@pytest.fixture
async def run(make_config: Callable[..., Config]) -> AsyncIterator[Callable[..., Any]]:
    """Runs a node with the carriers given, until the end of the test."""
    async with AsyncExitStack() as stack:

        async def start(carriers: dict[str, Any], **tables: Any) -> Office:
            return await stack.enter_async_context(office(config(make_config, carriers, **tables)))

        yield start
