"""Carriers as they are: whatever they do on the wire, all messages arrive once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from smppd.simulator.smsc import Smsc
from tests.flows.book import Arrivals, Load
from tests.flows.conftest import carrier, webhook
from tests.flows.process import Process

COUNT = 120

HABITS: dict[str, dict[str, Any]] = {
    "junk behind the body": {"junk": 7},
    "a NUL behind the body": {"trailing_nul": True},
    "unknown commands between": {"unknown_command_every": 5, "nack_zero_every": 7},
    "one octet at a time": {"dribble": True},
    "glued into large segments": {"glue": 40},
    "deliver_sm with the bind response": {"deliver_at_bind": "with", "glue": 3},
    "deliver_sm before the bind response": {"deliver_at_bind": "before"},
    "enquire_link before the bind response": {"enquire_before_bind_resp": True},
    "no interface version": {"interface_version": False},
    "sequence numbers from zero": {"first_sequence": 0},
    "sequence numbers over the top": {"first_sequence": 0xFFFFFFF0},
    "closes after every 50": {"drop_after": 50},
    "unbinds after every 50": {"unbind_after": 50},
    "unbinds and does not wait": {"unbind_after": 50, "unbind_impatient": True},
    "closes now and then": {"close_chance": 0.02},
    "unbinds now and then": {"unbind_chance": 0.02},
    "shuffles parts": {"shuffle_parts": True},
    "an absurd length after 50": {"absurd_length_after": 50},
    "too short a length after 50": {"absurd_length_after": 50, "absurd_length": 4},
}


@pytest.mark.parametrize("habits", HABITS.values(), ids=HABITS)
async def test_all_messages_of_a_carrier_with_bad_habits_arrive_once(
    gateway: Callable[..., Process], smsc: Smsc, sink: Arrivals, dsn: str, habits: dict[str, Any]
) -> None:
    smsc.habits.update(habits)
    smsc.window = 10  # what closes after 50 must have heard some answers by then
    process = gateway(
        store={"dsn": dsn, "max_disk": "100GB"},
        node={"name": "gw1", "processes": 1},
        carriers=carrier(smsc, enquire_link="2s"),
        systems={"sink": webhook(sink)},
        routes=[{"to": ["sink"]}],
    )
    load = Load(smsc, long=10)
    load.put(COUNT)  # waiting when it binds
    await process.start()
    await load.end()
    await sink.wait(COUNT)
    assert await process.stop() == 0
    assert set(sink.ids) == load.texts
    assert sink.doubled == {}
    assert sink.repeats == 0
    async with process.database() as connection:
        assert await connection.fetchval("select count(*) from received") == COUNT


async def test_answers_that_are_lost_again_and_again_double_nothing(
    gateway: Callable[..., Process], smsc: Smsc, sink: Arrivals, dsn: str
) -> None:
    process = gateway(
        store={"dsn": dsn, "max_disk": "100GB"},
        carriers=carrier(smsc, links=2),
        systems={"sink": webhook(sink)},
        routes=[{"to": ["sink"]}],
    )
    smsc.rate = 500
    await process.start()
    load = Load(smsc, long=10)
    load.begin()
    for _ in range(3):
        await smsc.wait_acked(smsc.counters.acked + 100)
        lost = smsc.counters.links_lost
        smsc.habits.drop_before_responses = True
        await smsc.wait_counter("links_lost", lost + 2)
        smsc.habits.drop_before_responses = False
        await smsc.wait_bound(1)
    count = await load.end()
    await sink.wait(count)
    assert smsc.counters.redelivered_pdus > 0
    assert await process.stop() == 0
    assert sink.doubled == {}
    assert set(sink.ids) == load.texts
    async with process.database() as connection:
        assert await connection.fetchval("select count(*) from received") == count


async def test_every_deliver_sm_sent_twice_at_once_is_two_messages_of_a_person_or_one_of_a_carrier(
    gateway: Callable[..., Process], smsc: Smsc, sink: Arrivals, dsn: str
) -> None:
    """Two identical PDUs in one healthy session cannot be told from a person who sends "1" twice: both are kept."""
    smsc.habits.duplicates = 1
    process = gateway(
        store={"dsn": dsn, "max_disk": "100GB"},
        carriers=carrier(smsc),
        systems={"sink": webhook(sink)},
        routes=[{"to": ["sink"]}],
    )
    await process.start()
    load = Load(smsc)
    load.put(20)
    await load.end()
    await sink.wait(20)
    await sink.sink.wait_requests(40)
    assert {ids.total() for ids in sink.ids.values()} == {2}
    assert len(sink.doubled) == 20
