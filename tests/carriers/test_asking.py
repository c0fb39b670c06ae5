"""What a carrier is asked about messages that it has: what became of them, and to drop those that are taken back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from smppd import metrics
from smppd.carriers import asking
from smppd.model import OutboundState, PartState, Submission
from smppd.simulator.smsc import Smsc
from smppd.store import inquiries, outkeeper
from smppd.store.outkeeper import UNCONFIRMED, OutKeeper
from tests.carriers.kit import PHONE, Office, carrier
from tests.store.outbound import ALL

Run = Callable[..., Awaitable[Office]]
LONG = "please come to the clinic tomorrow morning " * 6  # two parts
DELIVERED, UNDELIVERED = PartState.DELIVERED, PartState.UNDELIVERED


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "LOOK", 0.02)
    monkeypatch.setattr(asking, "PATIENCE", 0.1)


@pytest.fixture
async def smsc(carriers: Callable[[], Awaitable[Smsc]]) -> Smsc:
    """Its receipts are never sent unless a test sends them."""
    made = await carriers()
    made.habits.receipts = False
    return made


def table(smsc: Smsc, **more: Any) -> dict[str, Any]:
    """A carrier of whose messages every one is overdue."""
    return {"one": carrier(smsc, receipt_timeout="1ms", **more)}


async def sent(office: Office, *texts: str) -> list[int]:
    """Messages that the carrier has accepted, all of whose news are wanted."""
    ids = await office.send(*(Submission(PHONE.format(n), text, report=ALL) for n, text in enumerate(texts)))
    await office.ended(ids)
    return ids


async def give_up(office: Office) -> None:
    """What the keeper does each minute."""
    await OutKeeper(office.database, lambda: None).give_up_messages()


async def over(office: Office, ids: list[int]) -> None:
    """They have come to an end, and nothing is to be asked."""
    await office.until("select not exists (select from outbound where id = any($1) and state <= 3)", ids)
    await office.until("select not exists (select from inquiry)")


def asked(command: str = "query_sm") -> float:
    """Questions so far."""
    outcomes = ("answered", "refused", "unanswered")
    return sum(metrics.INQUIRIES.labels("one", command, outcome)._value.get() for outcome in outcomes)


# --- what became of it -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "end", "reason", "part"),
    [
        (2, "DELIVERED", "", DELIVERED),
        (3, "UNDELIVERED", "EXPIRED", UNDELIVERED),
        (4, "UNDELIVERED", "DELETED", UNDELIVERED),
        (5, "UNDELIVERED", "UNDELIV", UNDELIVERED),
        (8, "UNDELIVERED", "REJECTD", UNDELIVERED),
        (1, "UNKNOWN", f"{UNCONFIRMED}; one answers query_sm: enroute", PartState.UNKNOWN),
        (7, "UNKNOWN", f"{UNCONFIRMED}; one answers query_sm: unknown", PartState.UNKNOWN),
    ],
)
async def test_a_final_state_counts_as_a_receipt_does_and_any_other_leaves_it_unknown(
    smsc: Smsc, run: Run, state: int, end: str, reason: str, part: PartState
) -> None:
    office = await run(table(smsc, query_sm=True))
    ids = await sent(office, "hello")
    smsc.submits[0].state = state
    before = asked()
    await give_up(office)
    await over(office, ids)
    row = await office.row(ids[0])
    assert (OutboundState(row["state"]).name, row["reason"]) == (end, reason)
    assert await office.part_states(ids[0]) == [part]
    assert (await office.reports(ids[0]))[-2:] == ["SENT", end]
    assert asked() == before + 1
    said = await office.database.pool.fetch("select state, stat from receipt where message = $1 and number = 1", ids[0])
    assert len(said) == (end != "UNKNOWN")
    assert await office.database.pool.fetchval("select count(*) from parked") == 0


async def test_a_carrier_without_the_key_is_not_asked(smsc: Smsc, run: Run) -> None:
    office = await run(table(smsc))
    ids = await sent(office, "hello")
    smsc.submits[0].state = 2
    before = asked()
    await give_up(office)
    await over(office, ids)
    assert (await office.row(ids[0]))["reason"] == UNCONFIRMED
    assert asked() == before


async def test_only_parts_without_a_last_word_are_asked_about_and_the_whole_ends_with_them(
    smsc: Smsc, run: Run
) -> None:
    office = await run(table(smsc, query_sm=True))
    ids = await sent(office, LONG)
    smsc.receipt(smsc.submits[0].message_id, "DELIVRD")
    await office.until("select done_at is not null from outpart where message = $1 and number = 1", ids[0])
    smsc.submits[1].state = 2
    before = asked()
    await give_up(office)
    await over(office, ids)
    assert (await office.reports(ids[0]))[-1] == "DELIVERED"
    assert asked() == before + 1


async def test_a_refusal_is_told_and_one_who_does_not_know_the_command_is_not_asked_again(smsc: Smsc, run: Run) -> None:
    office = await run(table(smsc, query_sm=True))
    ids = await sent(office, "one", "two", "three")
    smsc.habits.query_status = 0x03
    before = asked()
    await give_up(office)
    await over(office, ids)
    reasons = {(await office.row(id))["reason"] for id in ids}
    assert reasons == {UNCONFIRMED, f"{UNCONFIRMED}; one refuses query_sm: it does not know the command"}
    assert asked() == before + 1


async def test_what_nobody_can_ask_waits_for_a_link_and_not_for_ever(
    smsc: Smsc, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = await run(table(smsc, query_sm=True))
    ids = await sent(office, "one", "two")
    for submit in smsc.submits:
        submit.state = 2
    await smsc.stop()
    await office.until("select state <> 'bound' from link_state where carrier = 1")
    await give_up(office)
    await give_up(office)
    assert await office.database.pool.fetchval("select count(*) from inquiry") == 2
    assert await office.states() == {"SENT": 2}
    await office.database.pool.execute(
        "update outbound set sent_at = now() - $2::interval where id = $1", ids[0], outkeeper.ASKED
    )
    await give_up(office)
    assert (await office.row(ids[0]))["reason"] == UNCONFIRMED
    await smsc.start()
    await over(office, ids)
    given_up, asked_about = [await office.reports(id) for id in ids]
    assert "UNKNOWN" in given_up  # a question that waited for the link meanwhile may still bring the truth after that
    assert asked_about[-1] == "DELIVERED"
    assert "UNKNOWN" not in asked_about


async def test_a_receipt_that_comes_first_leaves_nothing_to_ask(smsc: Smsc, run: Run) -> None:
    office = await run(table(smsc, query_sm=True))
    ids = await sent(office, "hello")
    smsc.receipt(smsc.submits[0].message_id, "DELIVRD")
    await office.until("select state = 4 from outbound where id = $1", ids[0])
    before = asked()
    await office.database.pool.execute("insert into inquiry values ($1, 1, false)", ids[0])
    await over(office, ids)
    assert asked() == before


# --- to drop it ------------------------------------------------------------------------------------------------------


async def take_back(office: Office, message: int) -> bool:
    return await inquiries.take_back(office.database, message, "sink", ["one"])


async def settled(office: Office) -> None:
    await office.until("select not exists (select from inquiry)")


@pytest.mark.parametrize("text", ["hello", LONG], ids=["one part", "two parts"])
async def test_what_the_carrier_has_dropped_is_cancelled_once_whatever_receipts_follow(
    smsc: Smsc, run: Run, text: str
) -> None:
    office = await run({"one": carrier(smsc, cancel_sm=True)})
    (id,) = await sent(office, text)
    assert await take_back(office, id)
    await settled(office)
    row = await office.row(id)
    assert (OutboundState(row["state"]).name, row["reason"], row["ended_at"] is None) == (
        "CANCELLED",
        "cancelled",
        False,
    )
    assert set(await office.part_states(id)) == {PartState.CANCELLED}
    for submit in smsc.submits:
        smsc.receipt(submit.message_id, "DELETED")
    await office.until("select count(*) = $2 from receipt where message = $1", id, len(smsc.submits))
    assert (await office.reports(id))[-2:] == ["SENT", "CANCELLED"]


async def test_what_the_carrier_keeps_goes_on_and_says_why(smsc: Smsc, run: Run) -> None:
    office = await run({"one": carrier(smsc, cancel_sm=True)})
    (id,) = await sent(office, LONG)
    smsc.habits.cancel_status = 0x11
    before = asked("cancel_sm")
    for _ in range(2):
        assert await take_back(office, id)
        await settled(office)
        row = await office.row(id)
        assert row["state"] == OutboundState.SENT
        assert row["reason"] == "not dropped: one refuses cancel_sm: cancel failed (ESME_RCANCELFAIL 0x11)"
    assert asked("cancel_sm") == before + 2  # the first part alone, each time: the message stays whole
    for submit in list(smsc.submits):
        smsc.receipt(submit.message_id, "DELIVRD")
    await office.until("select state = 4 from outbound where id = $1", id)
    assert (await office.row(id))["reason"] == ""


async def test_one_of_which_only_a_part_was_dropped_is_undelivered(smsc: Smsc, run: Run) -> None:
    office = await run({"one": carrier(smsc, cancel_sm=True)})
    (id,) = await sent(office, LONG)
    smsc.submits[1].state = 2
    assert await take_back(office, id)
    await settled(office)
    row = await office.row(id)
    assert (OutboundState(row["state"]).name, row["reason"]) == ("UNDELIVERED", "part 1 of 2: cancelled")
    assert (await office.reports(id))[-2:] == ["SENT", "UNDELIVERED"]


async def test_one_of_which_a_part_has_reached_the_phone_is_left_whole(smsc: Smsc, run: Run) -> None:
    office = await run({"one": carrier(smsc, cancel_sm=True)})
    (id,) = await sent(office, LONG)
    smsc.receipt(smsc.submits[1].message_id, "DELIVRD")
    await office.until("select done_at is not null from outpart where message = $1 and number = 2", id)
    before = asked("cancel_sm")
    assert await take_back(office, id)
    await settled(office)
    assert (await office.row(id))["reason"] == "not dropped: a part has reached the phone"
    assert await office.part_states(id) == [PartState.ACCEPTED, DELIVERED]
    assert asked("cancel_sm") == before


async def test_a_wish_waits_for_the_link_over_a_restart_and_is_carried_out(smsc: Smsc, run: Run) -> None:
    office = await run({"one": carrier(smsc, cancel_sm=True)})
    (id,) = await sent(office, "hello")
    await smsc.stop()
    await office.until("select state <> 'bound' from link_state where carrier = 1")
    assert await take_back(office, id)
    assert (await office.row(id))["reason"] == inquiries.WANTED
    assert (await office.row(id))["state"] == OutboundState.SENT
    await smsc.start()
    await settled(office)
    assert (await office.row(id))["state"] == OutboundState.CANCELLED


async def test_a_receipt_deleted_that_comes_before_the_answer_is_no_failure(smsc: Smsc, run: Run) -> None:
    office = await run({"one": carrier(smsc, cancel_sm=True)})
    (id,) = await sent(office, LONG)
    await smsc.stop()
    await office.until("select state <> 'bound' from link_state where carrier = 1")
    await office.database.pool.execute("update outbound set cancelling = true where id = $1", id)
    await smsc.start()
    smsc.receipt(smsc.submits[0].message_id, "DELETED")
    await office.until("select state = 7 from outpart where message = $1 and number = 1", id)
    assert (await office.row(id))["state"] == OutboundState.SENT
    assert await take_back(office, id)
    await settled(office)
    assert (await office.reports(id))[-2:] == ["SENT", "CANCELLED"]


async def test_what_is_not_sent_or_of_another_is_not_taken_back(smsc: Smsc, run: Run) -> None:
    office = await run({"one": carrier(smsc, cancel_sm=True)})
    (id,) = await sent(office, "hello")
    db = office.database
    assert not await inquiries.take_back(db, id, "another", ["one"])
    assert not await inquiries.take_back(db, id, "sink", ["another"])
    smsc.receipt(smsc.submits[0].message_id, "DELIVRD")
    await office.until("select state = 4 from outbound where id = $1", id)
    assert not await take_back(office, id)
    assert await db.pool.fetchval("select count(*) from inquiry") == 0
