"""From the desk to the carrier: what is sent, in which order, and what is recorded of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from smppd.model import OutboundState, PartState, Submission
from smppd.simulator.smsc import Smsc
from tests.carriers.kit import Office, carrier, copies, texts

Run = Callable[..., Any]
ALL = sum(state.bit for state in OutboundState)


@pytest.fixture
async def smsc(carriers: Callable[[], Any]) -> Smsc:
    made: Smsc = await carriers()
    made.habits.receipts = False
    return made


@pytest.fixture
async def node(smsc: Smsc, run: Run) -> Office:
    started: Office = await run({"vodacom": carrier(smsc)})
    await smsc.wait_bound(1)
    return started


async def test_a_message_is_sent_recorded_and_reported(smsc: Smsc, node: Office) -> None:
    (message,) = await node.send(Submission("+255754000001", "hello", report=ALL))
    await node.ended([message])
    assert texts(smsc) == ["hello"]
    (part,) = await node.parts(message)
    submit = smsc.submits[0]
    assert submit.message.registered_delivery == 1
    assert (part["state"], part["message_id"], part["number"], part["total"]) == (1, submit.message_id, 1, 1)
    assert await node.database.pool.fetchval("select count(*) from outkey where message = $1", message) == len(
        part["keys"]
    )
    row = await node.row(message)
    assert row["state"] == OutboundState.SENT
    assert row["sent_at"] is not None
    assert await node.waiting(message) is None
    assert await node.reports(message) == ["SENT"]


async def test_messages_go_out_in_the_order_in_which_they_were_handed_in(smsc: Smsc, node: Office) -> None:
    ids = [message for n in range(20) for message in await node.send_many(25, 25 * n)]
    await node.ended(ids)
    assert texts(smsc) == [f"message {n}" for n in range(500)]
    assert copies(smsc) == {}


async def test_all_parts_of_a_long_message_are_sent_with_one_reference(smsc: Smsc, node: Office) -> None:
    (message,) = await node.send(Submission("+255754000001", "x" * 400))
    await node.ended([message])
    headers = [submit.octets[:6] for submit in smsc.submits]
    assert [header[4:] for header in headers] == [b"\3\1", b"\3\2", b"\3\3"]
    assert len({header[3] for header in headers}) == 1
    assert await node.part_states(message) == [PartState.ACCEPTED] * 3
