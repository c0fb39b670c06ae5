from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from smppd.simulator.smsc import Smsc
from tests.simulator.esme import Esme


@pytest.fixture
async def smsc() -> AsyncIterator[Smsc]:
    """A well-behaved SMSC that takes anybody; a test turns its habits."""
    smsc = Smsc(retry_delay=0.0)
    await smsc.start()
    yield smsc
    await smsc.stop()


@pytest.fixture
async def connect(smsc: Smsc) -> AsyncIterator[Callable[[], Awaitable[Esme]]]:
    """Opens connections to `smsc` and closes them at the end."""
    opened: list[Esme] = []

    async def connect() -> Esme:
        opened.append(await Esme.connect(smsc.port))
        return opened[-1]

    yield connect
    for esme in opened:
        esme.close()


@pytest.fixture
async def esme(connect: Callable[[], Awaitable[Esme]]) -> Esme:
    return await connect()


@pytest.fixture
async def bound(smsc: Smsc, esme: Esme) -> Esme:
    """An ESME bound as transceiver."""
    await esme.bind()
    await smsc.wait_bound()
    return esme
