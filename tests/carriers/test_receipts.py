"""From the desk to the carrier and back: every receipt finds its message, whatever the carrier's habits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from smppd import metrics
from smppd.carriers import matcher
from smppd.config import Config
from smppd.model import BUFFERED, OutboundState, Submission
from smppd.simulator.smsc import Smsc
from smppd.simulator.submits import form_id
from tests.carriers.kit import PHONE, Office, carrier, config, office

Run = Callable[..., Any]
MANY = 300
PHONES = 20  # few, so that ids that could be each other's often go to one phone
ALL = sum(state.bit for state in OutboundState) | BUFFERED
S = OutboundState


@pytest.fixture
async def smsc(carriers: Callable[[], Any]) -> Smsc:
    made: Smsc = await carriers()
    return made


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in doubt is in doubt for a second: the simulator answers within one."""
    monkeypatch.setattr(matcher, "GRACE", 1.0)
    monkeypatch.setattr(matcher, "PACE", 0.2)


async def send(node: Office, count: int = MANY) -> list[int]:
    """Short messages, and among them some of two and three parts."""
    texts = ["x" * 400 if n % 29 == 0 else "é" * 170 if n % 13 == 0 else f"message {n}" for n in range(count)]
    return await node.send(*(Submission(PHONE.format(n % PHONES), text, report=ALL) for n, text in enumerate(texts)))


async def ended(node: Office, ids: list[int], state: OutboundState = S.DELIVERED) -> None:
    """Until all of them came to this end."""
    await node.until("select not exists (select from outbound where id = any($1) and state < 4)", ids)
    assert await node.states() == {state.name: len(ids)}
    await node.until("select not exists (select from parked)")
    await node.until("select not exists (select from receipt where message is null)")


async def told(node: Office) -> dict[int, list[str]]:
    """The reports of each message in their order."""
    rows = await node.database.pool.fetch(
        "select outbound, array_agg(state order by id) as states from report group by 1"
    )
    return {row["outbound"]: [S(state).name for state in row["states"]] for row in rows}


def odd(kind: str) -> float:
    value: float = metrics.RECEIPTS_ODD.labels("vodacom", kind)._value.get()
    return value


HABITS = {
    "plain": {},
    "before the response": {"receipt_early": True},
    "on the other link": {"receipt_other_link": True},
    "hexadecimal, reported in decimal": {"response_id": "hex", "receipt_id": "decimal"},
    "decimal, reported in hexadecimal": {"response_id": "decimal", "receipt_id": "upper-hex"},
    "padded in the response": {"response_id": "padded", "receipt_id": "decimal"},
    "padded in the receipt": {"response_id": "upper-hex", "receipt_id": "padded-hex"},
    "in upper case": {"response_id": "hex", "receipt_id": "upper-hex"},
    "words": {"response_id": "letters", "receipt_id": "letters"},
    "UUIDs": {"response_id": "uuid", "receipt_id": "uuid"},
    "without parameters": {"receipt_tlvs": False},
    "as data_sm": {"receipt_data_sm": True},
    "as data_sm without parameters": {"receipt_data_sm": True, "receipt_tlvs": False},
    "twice": {"duplicates": 1},
    "everything at once": {
        "receipt_early": True, "receipt_other_link": True, "response_id": "hex", "receipt_id": "decimal",
        "receipt_data_sm": True, "receipt_tlvs": False,
    },
}  # fmt: skip


@pytest.mark.parametrize("habits", HABITS.values(), ids=HABITS.keys())
async def test_every_receipt_finds_its_message(smsc: Smsc, run: Run, habits: dict[str, Any]) -> None:
    smsc.habits.update(habits)
    node: Office = await run({"vodacom": carrier(smsc, links=2)})
    await smsc.wait_bound(2)
    ids = await send(node)
    await ended(node, ids)
    assert await told(node) == {one: ["SENDING", "SENT", "DELIVERED"] for one in ids}
    parts = await node.database.pool.fetchrow("select count(*), count(*) filter (where state = 2) from outpart")
    assert parts[0] == parts[1] == len(smsc.submits)


async def assigned(node: Office, smsc: Smsc) -> tuple[int, int]:
    """Receipts that stand at the part which they were sent for, and all."""
    numbers = {submit.message_id: submit.number for submit in smsc.submits}
    rows = await node.database.pool.fetch(
        "select r.message_id as receipt, p.message_id as part from receipt r"
        " join outpart p on p.message = r.message and p.number = r.number"
    )
    right = [row["receipt"] == form_id(numbers[row["part"]], smsc.habits.receipt_id) for row in rows]
    return sum(right), len(right)


@pytest.mark.parametrize("early", [False, True], ids=["after the response", "before it"])
@pytest.mark.parametrize(("response", "receipt"), [("hex", "decimal"), ("decimal", "hex")])
async def test_ids_that_count_from_one_are_told_apart_by_the_bases_of_the_carrier(
    smsc: Smsc, run: Run, response: str, receipt: str, early: bool
) -> None:
    """10 and 16 may each be the other in another base; with the bases configured each receipt has one meaning."""
    smsc.submits._number = 1
    smsc.habits.update({"response_id": response, "receipt_id": receipt, "receipt_early": early})
    bases = {"response": response, "receipt": receipt}
    node: Office = await run({"vodacom": carrier(smsc, links=2, message_id_base=bases)})
    await smsc.wait_bound(2)
    ids = await send(node)
    await ended(node, ids)
    right, every = await assigned(node, smsc)
    assert right == every == len(smsc.submits)


async def test_news_on_the_way_are_told_between_the_two(smsc: Smsc, run: Run) -> None:
    smsc.habits.receipt_enroute = True
    node: Office = await run({"vodacom": carrier(smsc)})  # one link: over two the carrier's own order may turn
    await smsc.wait_bound(1)
    ids = await send(node)
    await ended(node, ids)
    assert await told(node) == {one: ["SENDING", "SENT", "QUEUED", "DELIVERED"] for one in ids}


async def test_receipts_that_come_after_a_restart_find_their_messages(
    smsc: Smsc, make_config: Callable[..., Config]
) -> None:
    smsc.habits.receipts = False
    settings = config(make_config, {"vodacom": carrier(smsc)})
    async with office(settings) as node:
        await smsc.wait_bound(1)
        ids = await send(node)
        await node.ended(ids)
    for submit in smsc.submits:
        smsc.receipt(submit.message_id)
    async with office(settings) as node:
        await ended(node, ids)


async def test_receipts_that_were_parked_before_a_restart_find_messages_that_are_recorded_after_it(
    smsc: Smsc, make_config: Callable[..., Config]
) -> None:
    """As after a kill between the commit of the receipts and that of the answers."""
    smsc.habits.receipts = False
    settings = config(make_config, {"vodacom": carrier(smsc)})
    async with office(settings) as node:
        await smsc.wait_bound(1)
        ids = await send(node, 60)
        await node.ended(ids)
        pool = node.database.pool
        await pool.execute("create table kept as select * from outkey")
        await pool.execute("delete from outkey")
        for submit in smsc.submits:
            smsc.receipt(submit.message_id)
        await node.until("select count(*) = $1 from parked", len(smsc.submits))
    async with office(settings) as node:
        await node.database.pool.execute("insert into outkey select * from kept")
        await ended(node, ids)


@pytest.mark.parametrize(
    ("stat", "error", "reason"),
    [
        ("UNDELIV", "069", "UNDELIV, error 069"),
        ("EXPIRED", "000", "EXPIRED"),
        ("DELETED", "000", "DELETED"),
        ("REJECTD", "011", "REJECTD, error 011"),
    ],
)
async def test_a_failure_is_told_in_the_carriers_words(
    smsc: Smsc, run: Run, stat: str, error: str, reason: str
) -> None:
    smsc.habits.update({"receipt_stat": stat, "receipt_error": error})
    node: Office = await run({"vodacom": carrier(smsc)})
    await smsc.wait_bound(1)
    one, long = await node.send(
        Submission(PHONE.format(1), "hello", report=ALL), Submission(PHONE.format(2), "x" * 400, report=ALL)
    )
    await ended(node, [one, long], S.UNDELIVERED)
    assert [await node.reports(message) for message in (one, long)] == [["SENDING", "SENT", "UNDELIVERED"]] * 2
    assert (await node.row(one))["reason"] == reason
    first, last = (await node.row(long))["reason"].split(": ")
    assert first in {f"part {n} of 3" for n in (1, 2, 3)}
    assert last == reason


async def test_a_receipt_that_comes_before_its_response_is_counted(smsc: Smsc, run: Run) -> None:
    smsc.habits.update({"receipt_early": True, "slow_answers": 0.3})
    before = odd("early")
    node: Office = await run({"vodacom": carrier(smsc)})
    await smsc.wait_bound(1)
    ids = await node.send_many(20)
    await ended(node, ids)
    assert odd("early") == before + 20


async def test_a_receipt_of_a_message_that_was_never_ours_is_answered_and_waits(smsc: Smsc, run: Run) -> None:
    node: Office = await run({"vodacom": carrier(smsc)})
    await smsc.wait_bound(1)
    smsc.habits.receipts = False
    (message,) = await node.send_many(1)
    await node.ended([message])
    await node.database.pool.execute("delete from outkey")
    entry = smsc.receipt(smsc.submits[0].message_id)
    await asyncio.wait_for(entry.acked, 10)
    assert await node.database.pool.fetchval("select count(*) from parked") == 1
    assert await node.states() == {"SENT": 1}
