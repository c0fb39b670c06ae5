"""A carrier that throttles, and a queue of a hundred thousand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from smppd.simulator.smsc import Smsc
from tests.carriers.kit import Office, carrier, copies, texts

Run = Callable[..., Any]
LIMIT = 20


@pytest.fixture
async def smsc(carriers: Callable[[], Any]) -> Smsc:
    made: Smsc = await carriers()
    made.habits.receipts = False
    return made


async def test_a_carrier_limited_to_twenty_a_second_is_found_out_and_its_order_kept(smsc: Smsc, run: Run) -> None:
    """Contract 50, in truth 20, counted in slots of 100 ms: within a tenth of it after some seconds, in order."""
    smsc.habits.throttle = float(LIMIT)
    node: Office = await run({"vodacom": carrier(smsc, throughput=50, window=10)})
    await smsc.wait_bound(1)
    ids = await node.send_many(600)
    await node.ended(ids, 60)
    times = [submit.at for submit in smsc.submits]
    settled = [at for at in times if at >= times[0] + 10]
    rate = (len(settled) - 1) / (settled[-1] - settled[0])
    assert 0.9 * LIMIT <= rate <= 1.0 * LIMIT + 0.5
    assert texts(smsc) == [f"message {n}" for n in range(600)]
    assert copies(smsc) == {}
    assert smsc.counters.throttled <= 60
    assert await node.database.pool.fetchval("select sum(resends) from outpart") == 0


async def test_an_urgent_message_overtakes_a_hundred_thousand_at_once(smsc: Smsc, run: Run) -> None:
    smsc.habits.slow_answers = 0.02
    node: Office = await run({"vodacom": carrier(smsc, throughput=500, window=20)})
    await smsc.wait_bound(1)
    await node.database.pool.execute(
        "with n as (insert into outbound (system, fingerprint, sender, recipient, text, priority, parts, state,"
        " expires_at) select 1, n, '15001', '+2557' || n, 'bulk', 0, 1, 1, now() + interval '1 day'"
        " from generate_series(10000001, 10100000) n returning id, created_at, expires_at)"
        " insert into outqueue (carrier, priority, due_at, id, expires_at)"
        " select (select id from carrier where name = 'vodacom'), 0, created_at, id, expires_at from n"
    )
    await smsc.watch.until(lambda: len(smsc.submits) >= 200, 30)
    before = len(smsc.submits)
    ids = await node.send_many(10, priority=3)
    await node.ended(ids)
    sent = texts(smsc)
    places = [sent.index(f"message {n}") - before for n in range(10)]
    assert places == sorted(places)
    assert places[-1] < 500 * 0.5, "within half a second of sending"
