"""What the SMSC does by destination, its book of submits, and what a sender meets: limits, cuts, mixed receipts."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import pdu
from smppd.simulator.habits import Habits
from smppd.simulator.phones import shown
from smppd.simulator.receipts import STATES
from smppd.simulator.rules import Rule
from smppd.simulator.smsc import Smsc
from tests.simulator.esme import Esme

Connect = Callable[[], Awaitable[Esme]]


def turn(smsc: Smsc, **changes: object) -> None:
    smsc.habits.update(changes)


def said(receipt: Any) -> dict[str, str]:
    """The words of a receipt's text."""
    octets = pdu.find_tlv(receipt.tlvs, pdu.Tag.MESSAGE_PAYLOAD) or receipt.short_message
    return dict(word.split(":", 1) for word in octets.decode().split() if ":" in word)


# Rules.


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"prefix": "2557"}, "unknown key 'prefix' in a rule; there are: to, status,"),
        ({"to": 2557}, "'to' of a rule is str"),
        ({"to": "2557", "status": "8"}, "'status' of a rule is int"),
        ({"to": "2557", "status": True}, "'status' of a rule is int"),
        ({"to": "2557", "stat": "LOST"}, "'stat' of a rule is one of DELIVRD"),
        ("2557", "a rule is an object"),
    ],
)
def test_an_unfit_rule_is_refused(rule: object, words: str) -> None:
    habits = Habits()
    with pytest.raises(ValueError, match=words):
        habits.update({"rules": [{"to": "1"}, rule]})
    assert habits.rules == []


@pytest.mark.parametrize("mix", [{"LOST": 1}, {"DELIVRD": 0}, {"DELIVRD": "9"}, {"DELIVRD": True}])
def test_an_unfit_mix_is_refused(mix: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="habit 'receipt_mix' is a weight"):
        Habits().update({"receipt_mix": mix})


async def test_the_first_rule_that_fits_the_destination_decides(smsc: Smsc, bound: Esme) -> None:
    turn(smsc, rules=[{"to": "25571", "status": 0x0B}, {"to": "2557", "status": 0x45}, {"to": "1"}])
    statuses = [
        (await bound.answer(pdu.SubmitSm, destination_addr=to)).status for to in ("25571234", "25572345", "1234", "9")
    ]
    assert statuses == [0x0B, 0x45, 0, 0]
    assert (smsc.counters.submits, smsc.counters.submits_refused) == (2, 2)


async def test_a_rule_may_strike_only_the_first_submits_of_a_destination(smsc: Smsc, bound: Esme) -> None:
    turn(smsc, rules=[{"to": "7", "status": 0x08, "times": 2}])
    statuses = [
        (await bound.answer(pdu.SubmitSm, destination_addr=to)).status for to in ("71", "72", "71", "71", "71", "72")
    ]
    assert statuses == [0x08, 0x08, 0x08, 0, 0, 0x08]


async def test_new_rules_take_the_place_of_the_old(smsc: Smsc, bound: Esme) -> None:
    turn(smsc, rules=[{"status": 0x08}])
    assert (await bound.answer(pdu.SubmitSm, destination_addr="1")).status == 0x08
    turn(smsc, rules=[])
    assert (await bound.answer(pdu.SubmitSm, destination_addr="1")).status == 0


async def test_a_rule_may_lose_or_delay_the_answer_of_one_destination(smsc: Smsc, bound: Esme) -> None:
    turn(smsc, rules=[{"to": "1", "lose": True, "times": 1}, {"to": "2", "delay": 0.02}])
    bound.ask(pdu.SubmitSm, destination_addr="1")
    slow = bound.ask(pdu.SubmitSm, destination_addr="2")
    again = bound.ask(pdu.SubmitSm, destination_addr="1")
    assert [(await bound.next()).sequence for _ in range(2)] == [again, slow]
    assert smsc.counters.submits == 3


async def test_a_rule_says_what_the_receipt_tells(smsc: Smsc, bound: Esme) -> None:
    turn(smsc, rules=[{"to": "1", "stat": "UNDELIV", "error": "021"}, {"to": "2", "receipts": False}])
    for to in ("2", "1", "3"):
        await bound.answer(pdu.SubmitSm, destination_addr=to, registered_delivery=1)
        if to == "2":
            continue
        words = said(await bound.take())
        assert (words["stat"], words["err"]) == (("UNDELIV", "021") if to == "1" else ("DELIVRD", "000"))
    assert smsc.counters.receipts == 2


def test_a_rule_is_read_from_what_a_person_writes() -> None:
    assert Rule.of({"to": "2557", "delay": 2}) == Rule("2557", delay=2)


# Limits.


async def test_the_limit_counts_per_account_over_all_its_binds(smsc: Smsc, connect: Connect) -> None:
    turn(smsc, throttle=10.0)  # one in a slot of 100 ms
    one, two, other = await connect(), await connect(), await connect()
    for esme, account in ((one, "moh"), (two, "moh"), (other, "who")):
        await esme.bind(system_id=account)
    await smsc.wait_bound(3)
    while True:
        before = int(asyncio.get_running_loop().time() / 0.1)
        statuses = [(await esme.answer(pdu.SubmitSm, destination_addr="1")).status for esme in (one, two, other)]
        if int(asyncio.get_running_loop().time() / 0.1) == before:  # all within one slot
            break
    assert statuses[1:] == [0x58, 0]


async def test_the_limit_speaks_with_the_status_it_was_given(smsc: Smsc, bound: Esme) -> None:
    turn(smsc, throttle=10.0, throttle_status=0x14)
    statuses = {(await bound.answer(pdu.SubmitSm, destination_addr="1")).status for _ in range(20)}
    assert statuses == {0, 0x14}


async def test_a_connection_is_cut_with_a_message_taken_and_unanswered(smsc: Smsc, connect: Connect) -> None:
    turn(smsc, cut_after_submits=2)
    esme = await connect()
    await esme.bind()
    assert (await esme.answer(pdu.SubmitSm, destination_addr="1")).status == 0
    assert await esme.answer(pdu.SubmitSm, destination_addr="2") is None
    assert [submit.destination for submit in smsc.submits] == ["1", "2"]


# The book of submits.


async def test_what_is_taken_twice_is_found(smsc: Smsc, bound: Esme) -> None:
    same = {"destination_addr": "1", "short_message": b"\x05\x00\x03\x07\x02\x01half", "esm_class": 0x40}
    others = [
        {},
        {"destination_addr": "2"},
        {"short_message": b"\x05\x00\x03\x07\x02\x02half"},
        {"data_coding": 4},
        {"short_message": b"", "tlvs": (pdu.Tlv(pdu.Tag.MESSAGE_PAYLOAD, b"half"),)},
    ]
    for fields in others:
        await bound.answer(pdu.SubmitSm, **(same | fields))
    assert smsc.submits.doubled == {}
    await bound.answer(pdu.SubmitSm, **same)
    assert smsc.submits.doubled == {("1", same["short_message"], 0): 2}
    assert smsc.submits.doubled_total == 1
    assert smsc.submits.copies(("2", b"", 0)) == 0


async def test_the_book_forgets_what_is_beyond_its_length() -> None:
    smsc = Smsc(keep=2)
    for text in (b"a", b"a", b"b", b"c"):
        smsc.submits.take(pdu.SubmitSm(destination_addr="1", short_message=text), "moh", "decimal", 0.0)
    assert smsc.submits.doubled == {}
    assert smsc.submits.copies(("1", b"a", 0)) == 0
    assert smsc.submits.copies(("1", b"c", 0)) == 1


async def test_an_id_may_be_a_uuid(smsc: Smsc, bound: Esme) -> None:
    turn(smsc, response_id="uuid", receipt_id="uuid")
    answer = await bound.answer(pdu.SubmitSm, destination_addr="1", registered_delivery=1)
    assert len(answer.message_id) == 36
    assert said(await bound.take())["id"] == answer.message_id


# Receipts.


async def test_receipts_are_mixed_by_weight(smsc: Smsc, bound: Esme) -> None:
    turn(smsc, receipt_mix={"DELIVRD": 3, "UNDELIV": 1})
    stats: Counter[str] = Counter()
    for _ in range(100):
        await bound.answer(pdu.SubmitSm, destination_addr="1", registered_delivery=1)
        stats[said(await bound.take())["stat"]] += 1
    assert stats.keys() == {"DELIVRD", "UNDELIV"}
    assert stats["DELIVRD"] > stats["UNDELIV"] > 5


async def test_enroute_comes_before_the_final_receipt(smsc: Smsc, bound: Esme) -> None:
    turn(smsc, receipt_enroute=True)
    answer = await bound.answer(pdu.SubmitSm, destination_addr="1", registered_delivery=1)
    words = [said(await bound.take()) for _ in range(2)]
    assert [(each["stat"], each["id"]) for each in words] == [
        ("ENROUTE", answer.message_id),
        ("DELIVRD", answer.message_id),
    ]


async def test_a_receipt_may_be_a_data_sm(smsc: Smsc, bound: Esme) -> None:
    turn(smsc, receipt_data_sm=True)
    answer = await bound.answer(pdu.SubmitSm, source_addr="15001", destination_addr="1", registered_delivery=1)
    receipt = await bound.take()
    assert type(receipt) is pdu.DataSm
    assert receipt.esm_class == 0x04
    assert (receipt.source_addr, receipt.destination_addr) == ("1", "15001")
    assert pdu.find_tlv(receipt.tlvs, pdu.Tag.RECEIPTED_MESSAGE_ID) == answer.message_id.encode() + b"\0"
    assert said(receipt)["stat"] == "DELIVRD"
    await smsc.wait_receipts(1)


async def test_query_tells_state_and_date_and_a_cancelled_message_is_deleted(smsc: Smsc, bound: Esme) -> None:
    turn(smsc, receipts=False)
    one = (await bound.answer(pdu.SubmitSm, destination_addr="1")).message_id
    assert (await bound.answer(pdu.QuerySm, message_id=one)).final_date == ""
    smsc.receipt(one, "UNDELIV")
    await bound.take()
    known = await bound.answer(pdu.QuerySm, message_id=one)
    assert (known.message_state, len(known.final_date)) == (STATES["UNDELIV"], 16)
    turn(smsc, receipts=True, receipt_delay=0.05)
    two = (await bound.answer(pdu.SubmitSm, destination_addr="1", registered_delivery=1)).message_id
    assert (await bound.answer(pdu.CancelSm, message_id=two)).status == 0
    assert said(await bound.take())["stat"] == "DELETED"


@pytest.mark.parametrize(("habit", "kind"), [("query_status", pdu.QuerySm), ("cancel_status", pdu.CancelSm)])
async def test_query_and_cancel_may_be_refused(smsc: Smsc, bound: Esme, habit: str, kind: type) -> None:
    known = (await bound.answer(pdu.SubmitSm, destination_addr="1")).message_id
    turn(smsc, **{habit: 0x03})
    assert (await bound.answer(kind, message_id=known)).status == 0x03


# The short way.


async def test_the_short_way_answers_the_same_and_is_fast() -> None:
    seen: list[bytes] = []
    smsc = Smsc(keep=0)
    turn(smsc, receipts=False)
    smsc.desk.taker.on_submit = lambda frame, at: seen.append(frame)
    await smsc.start()
    try:
        esme = await Esme.connect(smsc.port)
        await esme.bind()
        await smsc.wait_bound()
        frame = pdu.encode(pdu.SubmitSm(destination_addr="255700000001", short_message=b"x" * 140, sequence=7))
        count = 20_000
        began = time.process_time()
        esme.writer.write(frame * count)
        answers = [await esme.frame() for _ in range(count)]
        spent = time.process_time() - began
        esme.close()
    finally:
        await smsc.stop()
    first, last = pdu.decode(answers[0] or b""), pdu.decode(answers[-1] or b"")
    assert (type(first), first.status, first.sequence) == (pdu.SubmitSmResp, 0, 7)
    assert int(last.message_id) - int(first.message_id) == count - 1
    assert smsc.counters.submits == len(seen) == count
    assert seen[0] == frame
    assert spent < 2.0  # both ends in this process; over 20,000/s even so is usual


# Phones.


async def test_a_phone_shows_whole_messages_and_repeats(smsc: Smsc, bound: Esme) -> None:
    text = "Kumbuka kliniki kesho asubuhi. " * 10
    parts = [
        {"destination_addr": "2557", "short_message": part.short_message, "esm_class": part.esm_class}
        for part in pdu.split_text(text, reference=9).parts
    ]
    amharic = pdu.SubmitSm(destination_addr="2557", short_message="ሰላም".encode("utf-16-be"), data_coding=8)
    assert len(parts) == 3
    for part in (parts[2], parts[0]):
        await bound.answer(pdu.SubmitSm, **part)
    assert shown(smsc.submits, "+2557") == []
    await bound.answer(pdu.SubmitSm, destination_addr="2558", short_message=b"elsewhere")
    await bound.answer(
        pdu.SubmitSm, destination_addr="2557", short_message=amharic.short_message, data_coding=amharic.data_coding
    )
    await bound.answer(pdu.SubmitSm, **parts[1])
    assert shown(smsc.submits, "2557") == [text, "ሰላም"]
    for part in parts:
        await bound.answer(pdu.SubmitSm, **part)
    assert shown(smsc.submits, "+2557") == [text, text, "ሰላም"]
