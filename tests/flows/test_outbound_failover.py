"""One carrier goes down, another takes its messages; the first comes back without a flood."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest

from smppd.simulator.smsc import Smsc
from tests.flows.conftest import SECRET, carrier
from tests.flows.process import Process
from tests.flows.waiting import accounts, api, prefill, settled


@pytest.fixture
async def other() -> AsyncIterator[Smsc]:
    """Another carrier."""
    smsc = Smsc(accounts={"moh": SECRET})
    await smsc.start()
    yield smsc
    await smsc.stop()


async def test_a_second_carrier_takes_over_and_the_first_comes_back_without_a_flood(
    gateway: Callable[..., Process], smsc: Smsc, other: Smsc
) -> None:
    both = {
        **carrier(smsc, throughput=500, weight=1, down_after="1s"),
        "tigo": {"hosts": [f"127.0.0.1:{other.port}"], "system_id": "moh", "password": SECRET, "weight": 0,
                 "throughput": 500, "down_after": "1s"},
    }  # fmt: skip
    process = gateway(carriers=both, systems={"clinic": api()})
    await prefill(process, 4000, alternatives=["tigo"])
    await process.start()
    await smsc.wait_submits(500)
    await smsc.stop()
    await other.wait_submits(500, 30)
    times: list[float] = []
    sent = smsc.counters.submits
    smsc.desk.taker.on_take = lambda submit: times.append(submit.at)
    await smsc.start()
    await smsc.wait_bound(1, 60)
    await prefill(process, 200, start=4000)  # for the first alone; the others until they know that it is back
    await prefill(process, 800, start=4200, alternatives=["tigo"])
    await settled(process)
    # Nothing is moved back, and what still waits for the first goes at its pace: no second of it is above the limit.
    assert times
    assert smsc.counters.submits == sent + len(times)
    for at in times:
        assert sum(at <= each < at + 1 for each in times) <= 600
    await accounts(process, [smsc, other], 5000)
    assert await process.stop() == 0
