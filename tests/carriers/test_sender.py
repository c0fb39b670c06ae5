"""From the desk to the carrier: what is sent, in which order, and what is recorded of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
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
    assert await node.reports(message) == ["SENDING", "SENT"]


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


async def test_priority_overtakes_what_waits_and_age_decides_within_one(smsc: Smsc, run: Run) -> None:
    node = await run({"vodacom": carrier(smsc, throughput=200, window=10)})
    await smsc.wait_bound(1)
    slow = await node.send_many(200)
    await smsc.watch.until(lambda: len(smsc.submits) >= 20, 20)
    before = len(smsc.submits)
    fast = await node.send_many(20, 1000, priority=3) + await node.send_many(10, 2000, priority=1)
    await node.ended([*slow, *fast], 20)
    sent = texts(smsc)
    assert len(sent) == 230
    urgent = [sent.index(f"message {n}") for n in (*range(1000, 1020), *range(2000, 2010))]
    assert urgent == sorted(urgent)
    assert urgent[-1] < before + 60
    assert [text for text in sent if int(text.split()[1]) < 1000] == [f"message {n}" for n in range(200)]


OUTCOMES: dict[str, tuple[int, OutboundState, PartState, str]] = {
    "an invalid number": (0x0B, OutboundState.REJECTED, PartState.REFUSED, "destination address is invalid"),
    "rejected": (0x66, OutboundState.REJECTED, PartState.REFUSED, "message rejected by the receiver"),
}


@pytest.mark.parametrize("case", OUTCOMES.values(), ids=OUTCOMES)
async def test_what_the_carrier_refuses_for_good_is_rejected_with_its_words(
    smsc: Smsc, node: Office, case: tuple[int, OutboundState, PartState, str]
) -> None:
    status, state, part_state, words = case
    smsc.habits.submit_status = status
    (message,) = await node.send(Submission("+255754000001", "hello", report=ALL))
    await node.ended([message])
    row = await node.row(message)
    assert OutboundState(row["state"]) is state
    assert words in row["reason"]
    (part,) = await node.parts(message)
    assert (PartState(part["state"]), part["status"]) == (part_state, status)
    assert await node.reports(message) == ["SENDING", state.name]
    assert await node.waiting(message) is None


async def test_a_temporary_error_is_tried_again_later_and_holds_no_other_back(smsc: Smsc, node: Office) -> None:
    smsc.habits.rules = [{"to": "255754000001", "status": 8, "times": 1}]
    (message,) = await node.send(Submission("+255754000001", "hello"))
    row = await node.until("select to_jsonb(q) from outqueue q where id = $1 and attempts = 1 and not marked", message)
    assert "system error at the peer" in row
    await node.ended(await node.send_many(5, 100))
    assert await node.waiting(message) is not None
    await node.database.pool.execute("update outqueue set due_at = now() where id = $1", message)
    await node.ended([message])
    assert texts(smsc)[-1] == "hello"


async def test_a_code_that_only_the_carrier_knows_is_tried_once_more_and_then_believed(
    smsc: Smsc, node: Office
) -> None:
    smsc.habits.submit_status = 0x444
    (message,) = await node.send(Submission("+255754000001", "hello"))
    await node.until("select true from outqueue where id = $1 and attempts = 1 and not marked", message)
    await node.database.pool.execute("update outqueue set due_at = now() where id = $1", message)
    await node.ended([message])
    row = await node.row(message)
    assert OutboundState(row["state"]) is OutboundState.REJECTED
    assert "0x00000444" in row["reason"]
    assert smsc.counters.submits_refused == 2


async def test_a_carrier_s_own_meaning_of_a_status_goes_before_the_table(smsc: Smsc, run: Run) -> None:
    smsc.habits.submit_status = 0x08
    node = await run({"vodacom": carrier(smsc, status={"0x08": "fail"})})
    (message,) = await node.send(Submission("+255754000001", "hello"))
    await node.ended([message])
    assert OutboundState((await node.row(message))["state"]) is OutboundState.REJECTED


async def test_a_part_refused_for_good_ends_the_message_and_no_further_part_is_sent(smsc: Smsc, run: Run) -> None:
    node = await run({"vodacom": carrier(smsc, window=1)})
    await smsc.wait_bound(1)
    smsc.habits.submit_status = 0x45
    smsc.habits.rules = []
    (message,) = await node.send(Submission("+255754000001", "y" * 800, report=ALL))
    await node.until("select true from outqueue where id = $1 and attempts = 1 and not marked", message)
    assert smsc.counters.submits_refused == 1, "what one part ran into, the others need not"
    smsc.habits.submit_status = 0x0B
    await node.database.pool.execute("update outqueue set due_at = now() where id = $1", message)
    await node.ended([message])
    assert smsc.counters.submits_refused == 2
    assert await node.reports(message) == ["SENDING", "REJECTED"]


async def test_parts_that_were_accepted_are_never_sent_again(smsc: Smsc, run: Run) -> None:
    """The third part is refused for the moment: only it and what follows is sent later, with the same reference."""
    node = await run({"vodacom": carrier(smsc, window=1)})
    await smsc.wait_bound(1)
    smsc.habits.lose_answers_every = 3
    (message,) = await node.send(Submission("+255754000001", "z" * 700))
    await smsc.watch.until(lambda: len(smsc.submits) == 3, 10)
    smsc.habits.lose_answers_every = 0
    smsc.cut()
    await node.ended([message])
    headers = [submit.octets[:6] for submit in smsc.submits]
    assert [header[5] for header in headers] == [1, 2, 3, 3, 4, 5]
    assert len({header[3] for header in headers}) == 1
    assert [part["resends"] for part in await node.parts(message)] == [0, 0, 1, 0, 0]


async def test_what_expires_before_it_is_sent_is_expired_and_never_sent(smsc: Smsc, run: Run) -> None:
    node = await run({"vodacom": carrier(smsc, throughput=5, window=10)})
    await smsc.wait_bound(1)
    soon = datetime.now(UTC) + timedelta(seconds=1.5)
    ids = await node.send_many(30, expires_at=soon, report=ALL)
    await node.ended(ids)
    states = await node.states()
    assert states["EXPIRED"] > 10
    assert states["EXPIRED"] + states["SENT"] == 30
    assert len(smsc.submits) == states["SENT"]
    assert await node.reports(ids[-1]) == ["EXPIRED"]
