"""Each bad habit is seen to happen on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

import pdu
from smppd.simulator.habits import Habits, spoil
from smppd.simulator.mo import Mo
from smppd.simulator.smsc import Smsc
from tests.simulator.esme import Esme

Connect = Callable[[], Awaitable[Esme]]
LONG = "0123456789" * 40


def turn(smsc: Smsc, **changes: object) -> None:
    smsc.habits.update(changes)


# What can be turned.


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"slient": True}, "unknown habit 'slient'; there are: silent,"),
        ({"silent": 1}, "takes bool"),
        ({"glue": True}, "takes int"),
        ({"glue": 1.5}, "takes int"),
        ({"throttle": "5"}, "takes float"),
        ({"response_id": "octal"}, "one of decimal, hex"),
        ({"deliver_at_bind": "never"}, "one of after, with, before"),
    ],
)
def test_an_unfit_change_is_refused_whole(changes: dict[str, object], words: str) -> None:
    habits = Habits()
    with pytest.raises(ValueError, match=words):
        habits.update({"junk": 3} | changes)
    assert habits == Habits()


def test_every_habit_says_what_it_does() -> None:
    assert list(Habits.help()) == Habits.names()
    assert all(Habits.help().values())


def test_only_turned_habits_count_as_changed() -> None:
    habits = Habits()
    habits.update({"throttle": 5, "receipt_id": "hex"})
    assert habits.changed() == {"throttle": 5, "receipt_id": "hex"}


# The connection.


async def test_silent_answers_nothing(smsc: Smsc, esme: Esme) -> None:
    turn(smsc, silent=True)
    esme.ask(pdu.BindTransceiver, system_id="moh")
    esme.ask(pdu.EnquireLink)
    await esme.writer.drain()
    smsc.cut()
    assert await esme.next() is None


async def test_silent_in_the_middle_of_a_session_sends_no_more_messages(smsc: Smsc, bound: Esme) -> None:
    turn(smsc, silent=True)
    smsc.enqueue(Mo(text="unsent"))
    smsc.receivers.pump()
    assert smsc.counters.delivered_pdus == 0
    turn(smsc, silent=False)
    smsc.receivers.pump()
    assert (await bound.take()).short_message == b"unsent"


async def test_dribble_writes_one_octet_at_a_time(smsc: Smsc, bound: Esme) -> None:
    turn(smsc, dribble=True)
    bound.segments.clear()
    for _ in range(2):
        smsc.enqueue(Mo(text="drop by drop"))
    for _ in range(2):
        assert (await bound.take()).short_message == b"drop by drop"
    assert max(map(len, bound.segments)) < 16  # the reader may be late, but never by a whole header
    await smsc.wait_acked(2)


async def test_glue_sends_many_pdus_in_one_segment(smsc: Smsc, bound: Esme) -> None:
    turn(smsc, glue=3)
    seen = len(bound.segments)
    for number in range(3):
        smsc.enqueue(Mo(text=str(number)))
        await asyncio.sleep(0)
    for _ in range(3):
        await bound.next(pdu.DeliverSm)
    assert len(bound.segments) == seen + 1


async def test_glue_lets_go_of_what_stays_alone(smsc: Smsc, bound: Esme) -> None:
    turn(smsc, glue=3)
    smsc.enqueue(Mo(text="alone"))
    assert (await bound.next(pdu.DeliverSm)).short_message == b"alone"


async def test_drop_after_closes_without_unbind(smsc: Smsc, bound: Esme) -> None:
    turn(smsc, drop_after=2)
    for number in range(3):
        smsc.enqueue(Mo(text=str(number)))
    seen = [await bound.next() for _ in range(3)]
    assert [type(each) for each in seen] == [pdu.DeliverSm, pdu.DeliverSm, type(None)]


async def test_drop_before_responses_never_reads_them(smsc: Smsc, connect: Connect) -> None:
    first, second = await connect(), await connect()
    await first.bind()
    turn(smsc, drop_before_responses=True)
    entry = smsc.enqueue(Mo(text="twice"))
    await first.take()
    assert await first.next() is None
    turn(smsc, drop_before_responses=False)
    assert entry.state == "sent"
    await second.bind()
    assert (await second.take()).short_message == b"twice"
    await entry.acked
    assert entry.attempts == 2


async def test_close_chance_closes_without_unbind(smsc: Smsc, bound: Esme) -> None:
    turn(smsc, close_chance=1.0)
    assert type(await bound.answer(pdu.EnquireLink)) is pdu.EnquireLinkResp
    assert await bound.next() is None


async def test_unbind_chance_unbinds(smsc: Smsc, bound: Esme) -> None:
    turn(smsc, unbind_chance=1.0)
    assert type(await bound.answer(pdu.EnquireLink)) is pdu.EnquireLinkResp
    await bound.next(pdu.Unbind)


@pytest.mark.parametrize("impatient", [False, True])
async def test_unbind_after_waits_for_the_response_unless_impatient(smsc: Smsc, bound: Esme, impatient: bool) -> None:
    turn(smsc, unbind_after=1, unbind_impatient=impatient)
    smsc.enqueue(Mo(text="last"))
    await bound.next(pdu.DeliverSm)
    request = await bound.next(pdu.Unbind)
    if not impatient:
        assert len(smsc.links) == 1
        bound.send(pdu.UnbindResp(sequence=request.sequence))
    assert await bound.next() is None


# The session.


async def test_bind_status_refuses_every_bind(smsc: Smsc, esme: Esme) -> None:
    turn(smsc, bind_status=0x0E)
    assert (await esme.bind()).status == 0x0E


async def test_the_interface_version_may_be_missing(smsc: Smsc, esme: Esme) -> None:
    turn(smsc, interface_version=False)
    assert (await esme.bind()).tlvs == ()


async def test_enquire_link_comes_before_the_bind_response(smsc: Smsc, esme: Esme) -> None:
    turn(smsc, enquire_before_bind_resp=True)
    assert type(await esme.bind()) is pdu.EnquireLink
    await esme.next(pdu.BindTransceiverResp)


@pytest.mark.parametrize(
    ("when", "order", "one_segment"),
    [
        ("after", [pdu.BindTransceiverResp, pdu.DeliverSm], False),
        ("with", [pdu.BindTransceiverResp, pdu.DeliverSm], True),
        ("before", [pdu.DeliverSm, pdu.BindTransceiverResp], True),
    ],
)
async def test_the_first_message_comes_around_the_bind_response(
    smsc: Smsc, esme: Esme, when: str, order: list[type], one_segment: bool
) -> None:
    turn(smsc, deliver_at_bind=when)
    smsc.enqueue(Mo(text="first"))
    esme.ask(pdu.BindTransceiver, system_id="moh")
    assert [type(await esme.next()) for _ in range(2)] == order
    if one_segment:
        assert len(esme.segments) == 1


async def test_enquire_link_stays_unanswered(smsc: Smsc, bound: Esme) -> None:
    turn(smsc, no_enquire_link_resp=True)
    bound.ask(pdu.EnquireLink)
    assert type(await bound.answer(pdu.SubmitSm, destination_addr="1")) is pdu.SubmitSmResp


@pytest.mark.parametrize(("first", "then"), [(0, [0, 1, 2]), (0xFFFFFFFF, [0xFFFFFFFF, 0, 1])])
async def test_sequence_numbers_start_where_told(smsc: Smsc, connect: Connect, first: int, then: list[int]) -> None:
    turn(smsc, first_sequence=first)
    esme = await connect()
    await esme.bind()
    for number in range(3):
        smsc.enqueue(Mo(text=str(number)))
    assert [(await esme.take()).sequence for _ in range(3)] == then
    await smsc.wait_acked(3)


async def test_a_short_response_timeout_sends_again_and_counts_the_late_answer(smsc: Smsc, bound: Esme) -> None:
    turn(smsc, response_timeout=0.01)
    entry = smsc.enqueue(Mo(text="slow reader"))
    first = await bound.next(pdu.DeliverSm)
    again = await bound.next(pdu.DeliverSm)
    assert again.short_message == first.short_message
    assert again.sequence != first.sequence
    bound.ack(first)
    await smsc.wait_counter("late_pdus", 1)
    turn(smsc, response_timeout=30.0)
    bound.ack(again)
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(bound.serve())
        await entry.acked
        serving.cancel()
    assert smsc.counters.timed_out_pdus >= 1


async def test_nacks_with_sequence_0_come_now_and_then(smsc: Smsc, bound: Esme) -> None:
    turn(smsc, nack_zero_every=2)
    for number in range(4):
        smsc.enqueue(Mo(text=str(number)))
    seen = [await bound.next() for _ in range(6)]
    assert [type(each).__name__ for each in seen] == ["DeliverSm", "GenericNack", "DeliverSm"] * 2
    assert [each.sequence for each in seen if type(each) is pdu.GenericNack] == [0, 0]


async def test_unknown_commands_come_now_and_then(smsc: Smsc, bound: Esme) -> None:
    turn(smsc, unknown_command_every=2)
    for number in range(2):
        smsc.enqueue(Mo(text=str(number)))
    await bound.next(pdu.DeliverSm)
    frame = await bound.frame()
    with pytest.raises(pdu.DecodeError) as caught:
        pdu.decode(frame)
    assert caught.value.status == 0x03
    await bound.next(pdu.DeliverSm)


@pytest.mark.parametrize("length", [0xFFFFFFFF, 4, 0])
async def test_an_absurd_command_length_comes_after_a_message(smsc: Smsc, bound: Esme, length: int) -> None:
    turn(smsc, absurd_length_after=1, absurd_length=length)
    smsc.enqueue(Mo(text="then nonsense"))
    await bound.next(pdu.DeliverSm)
    with pytest.raises(pdu.FramingError):
        await bound.frame()


# deliver_sm.


async def test_duplicates_have_their_own_sequence_numbers(smsc: Smsc, bound: Esme) -> None:
    turn(smsc, duplicates=2)
    entry = smsc.enqueue(Mo(text="thrice"))
    seen = [await bound.take() for _ in range(3)]
    assert [each.short_message for each in seen] == [b"thrice"] * 3
    assert len({each.sequence for each in seen}) == 3
    await entry.acked
    assert (smsc.counters.acked, smsc.counters.acked_pdus) == (1, 1)


async def test_parts_are_shuffled(smsc: Smsc, bound: Esme) -> None:
    turn(smsc, shuffle_parts=True)
    orders = set()
    for _ in range(5):
        entry = smsc.enqueue(Mo(text=LONG))
        seen = [pdu.user_data(await bound.take()).segment for _ in entry.pieces]
        orders.add(tuple(segment.number for segment in seen if segment))
    assert {tuple(sorted(order)) for order in orders} == {(1, 2, 3)}
    assert len(orders) > 1


async def test_a_part_is_lost(smsc: Smsc, bound: Esme) -> None:
    turn(smsc, lose_part=2)
    entry = smsc.enqueue(Mo(text=LONG))
    seen = [pdu.user_data(await bound.take()).segment for _ in entry.pieces]
    assert [(segment.number, segment.total) for segment in seen if segment] == [(1, 3), (3, 3)]


@pytest.mark.parametrize(
    ("habit", "value", "appended"), [("junk", 3, b"\xa5\xa5\xa5"), ("trailing_nul", True, b"\x00")]
)
async def test_octets_after_the_body_lie_inside_command_length(
    smsc: Smsc, bound: Esme, habit: str, value: object, appended: bytes
) -> None:
    turn(smsc, **{habit: value})
    smsc.enqueue(Mo(text="clean"))
    frame = await bound.frame()
    assert frame is not None
    assert frame.endswith(b"clean" + appended)
    assert pdu.decode(frame).trailing == appended


@pytest.mark.parametrize(("error", "length"), [(5, 10), (-2, 3)])
async def test_sm_length_is_wrong(smsc: Smsc, bound: Esme, error: int, length: int) -> None:
    turn(smsc, sm_length_error=error)
    smsc.enqueue(Mo(text="clean"))
    frame = await bound.frame()
    assert frame is not None
    assert frame[-6] == length
    assert frame[-5:] == b"clean"


async def test_a_spoilt_message_comes_again_with_the_same_octets(smsc: Smsc, bound: Esme) -> None:
    turn(smsc, junk=2)
    smsc.enqueue(Mo(text="clean"))
    first = await bound.frame()
    assert first is not None
    turn(smsc, junk=0)
    bound.ack(pdu.decode(first), 0x64)
    second = await bound.frame()
    assert second is not None
    assert second[16:] == first[16:]


def test_spoiling_nothing_changes_nothing() -> None:
    octets = pdu.encode(pdu.DeliverSm(short_message=b"x"))
    assert spoil(octets, Habits()) == octets


# submit_sm and receipts.


async def test_a_throttle_counts_in_slots_of_100_ms(smsc: Smsc, bound: Esme) -> None:
    turn(smsc, throttle=20.0)  # two in a slot
    for _ in range(12):
        bound.ask(pdu.SubmitSm, destination_addr="1")
    statuses = [(await bound.next(pdu.SubmitSmResp)).status for _ in range(12)]
    assert set(statuses) == {0, 0x58}
    assert statuses[:2] == [0, 0] or statuses.count(0) <= 4  # a slot may end in between
    assert smsc.counters.throttled + smsc.counters.submits == 12


@pytest.mark.parametrize("status", [0x58, 0x45, 0x0B])
async def test_submit_status_refuses_every_submit(smsc: Smsc, bound: Esme, status: int) -> None:
    turn(smsc, submit_status=status)
    assert (await bound.answer(pdu.SubmitSm, destination_addr="1")).status == status
    assert smsc.counters.submits == 0


async def test_slow_answers_come_after_later_requests(smsc: Smsc, bound: Esme) -> None:
    turn(smsc, slow_answers=0.02)
    bound.ask(pdu.SubmitSm, destination_addr="1", registered_delivery=1)
    bound.ask(pdu.EnquireLink)
    seen = [type(await bound.next()) for _ in range(3)]
    assert seen == [pdu.EnquireLinkResp, pdu.SubmitSmResp, pdu.DeliverSm]


async def test_an_answer_is_lost_but_the_message_taken(smsc: Smsc, bound: Esme) -> None:
    turn(smsc, lose_answers_every=2)
    for _ in range(2):
        bound.ask(pdu.SubmitSm, destination_addr="1")
    assert (await bound.next(pdu.SubmitSmResp)).sequence == 2  # the bind was 1
    assert type(await bound.answer(pdu.EnquireLink)) is pdu.EnquireLinkResp
    assert smsc.counters.submits == 2


@pytest.mark.parametrize(
    ("response", "receipt", "same"),
    [
        ("decimal", "hex", lambda a, b: int(a) == int(b, 16)),
        ("hex", "decimal", lambda a, b: int(a, 16) == int(b)),
        ("decimal", "padded", lambda a, b: b == a.zfill(10) != a),
        ("hex", "upper-hex", lambda a, b: a.upper() == b != a),
        ("hex", "padded-hex", lambda a, b: b == a.zfill(10) != a),
        ("letters", "letters", lambda a, b: a == b and a.startswith("msg-")),
    ],
)
async def test_ids_differ_in_form_between_response_and_receipt(
    smsc: Smsc, bound: Esme, response: str, receipt: str, same: Callable[[str, str], bool]
) -> None:
    turn(smsc, response_id=response, receipt_id=receipt)
    answer = await bound.answer(pdu.SubmitSm, destination_addr="1", registered_delivery=1)
    text = (await bound.take()).short_message.decode()
    assert same(answer.message_id, text.removeprefix("id:").split()[0])


async def test_a_receipt_overtakes_the_response(smsc: Smsc, bound: Esme) -> None:
    turn(smsc, receipt_early=True)
    bound.ask(pdu.SubmitSm, destination_addr="1", registered_delivery=1)
    assert [type(await bound.next()) for _ in range(2)] == [pdu.DeliverSm, pdu.SubmitSmResp]


async def test_a_receipt_takes_another_link(smsc: Smsc, connect: Connect) -> None:
    turn(smsc, receipt_other_link=True)
    one, two = await connect(), await connect()
    await one.bind()
    await two.bind()
    await smsc.wait_bound(2)
    answer = await one.answer(pdu.SubmitSm, destination_addr="1", registered_delivery=1)
    assert answer.message_id.encode() in (await two.take()).short_message


async def test_a_receipt_waits_and_loses_its_tlvs(smsc: Smsc, bound: Esme) -> None:
    turn(smsc, receipt_delay=0.01, receipt_tlvs=False)
    bound.ask(pdu.SubmitSm, destination_addr="1", registered_delivery=1)
    bound.ask(pdu.EnquireLink)
    seen = [await bound.next() for _ in range(3)]
    assert [type(each) for each in seen] == [pdu.SubmitSmResp, pdu.EnquireLinkResp, pdu.DeliverSm]
    assert seen[2].tlvs == ()


async def test_receipts_may_never_come(smsc: Smsc, bound: Esme) -> None:
    turn(smsc, receipts=False)
    await bound.answer(pdu.SubmitSm, destination_addr="1", registered_delivery=1)
    assert smsc.counters.receipts == 0
    assert type(await bound.answer(pdu.EnquireLink)) is pdu.EnquireLinkResp
