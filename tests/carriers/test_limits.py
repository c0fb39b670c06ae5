"""Why a carrier is not faster, in status and metrics; and the circuit of one that refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from smppd.carriers.circuit import ANSWERS, ENOUGH, FIRST, Circuit
from smppd.carriers.limits import CARRIER, IDLE, PACE, STORE, WINDOW, Limits
from smppd.simulator.smsc import Smsc
from tests.carriers.kit import Office, carrier

Run = Callable[..., Any]

LIMITED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "a window too small for how long answers take": ({"window": 2}, {"slow_answers": 0.05}, WINDOW),
    "the contract": ({"throughput": 20}, {}, PACE),
    "a carrier that throttles": ({"throughput": 200}, {"throttle": 20.0}, CARRIER),
    "a carrier that is not bound": ({"hosts": ["127.0.0.1:1"]}, {}, CARRIER),
}


@pytest.mark.parametrize("case", LIMITED.values(), ids=LIMITED)
async def test_status_says_why_a_carrier_is_not_faster(
    carriers: Callable[[], Any], run: Run, case: tuple[dict[str, Any], dict[str, Any], str]
) -> None:
    keys, habits, limit = case
    smsc: Smsc = await carriers()
    smsc.habits.update({"receipts": False, **habits})
    node: Office = await run({"vodacom": carrier(smsc, **keys)})
    await node.send_many(600)
    await node.until("select limited_by = $1 from carrier where name = 'vodacom'", limit)
    row = await node.database.pool.fetchrow("select * from carrier where name = 'vodacom'")
    if "throttle" in habits:
        assert row["pace"] < 200
        assert "throttled" in row["reason"]
    assert f'smppd_limited_seconds_total{{carrier="vodacom",reason="{limit}"}}' in await exposition(node)


async def exposition(node: Office) -> str:
    return (await node.gateway._exposition()).decode()


async def test_the_gauges_of_the_queue_count_what_waits(carriers: Callable[[], Any], run: Run) -> None:
    smsc: Smsc = await carriers()
    node: Office = await run({"vodacom": carrier(smsc, hosts=["127.0.0.1:1"])})
    await node.send_many(7)
    node.gateway._depth_read = 0.0
    told = await exposition(node)
    assert 'smppd_queue_messages{name="vodacom",side="outbound",state="queued"} 7.0' in told
    assert 'smppd_queue_messages{name="vodacom",side="outbound",state="sending"} 0.0' in told


def test_what_held_it_back_longest_counts_and_idle_time_does_not() -> None:
    told: dict[str, float] = {}
    limits = Limits(0.0, lambda reason, seconds: told.update({reason: told.get(reason, 0.0) + seconds}))
    assert limits.worst(5.0) == IDLE
    for reason, at in ((WINDOW, 5.0), (PACE, 6.0), (WINDOW, 8.0), (STORE, 9.5), (IDLE, 9.6)):
        limits.blocked(reason, at)
    assert limits.worst(60.0) == WINDOW
    assert told == pytest.approx({WINDOW: 2.5, PACE: 2.0, STORE: 0.1})
    assert limits.worst(70.0) == IDLE


def test_a_circuit_opens_when_nearly_all_answers_are_errors_of_the_carrier() -> None:
    circuit = Circuit()
    assert [circuit.bad(float(n)) > 0 for n in range(ENOUGH)] == [False] * (ENOUGH - 1) + [True]
    now = float(ENOUGH - 1)
    assert circuit.limit(50, now) == 0
    assert FIRST / 2 <= circuit.open_until - now <= FIRST
    assert circuit.bad(now + 0.1) == 0.0, "it was under way before"
    later = circuit.open_until
    assert circuit.limit(50, later) == 1, "one part shows how it is"
    assert circuit.bad(later) > 0
    assert circuit.limit(50, later) == 0
    assert circuit.good()
    assert circuit.limit(50, later) == 50


def test_a_circuit_stays_closed_while_every_fifth_message_is_taken() -> None:
    circuit = Circuit()
    for n in range(10 * ANSWERS):
        if n % 5:
            assert circuit.bad(float(n)) == 0.0
        else:
            assert not circuit.good()
    assert not circuit.is_open
