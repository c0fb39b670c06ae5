"""Links over real sockets against a simulated SMSC."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import pdu
from smppd import metrics
from smppd.config.carriers import CarrierConfig
from smppd.model import Answer, Received
from smppd.simulator.mo import Mo
from smppd.simulator.smsc import Smsc
from smppd.smpp.events import Lost, Outcome, Overdue, Response
from smppd.smpp.link import Link
from smppd.smpp.ports import LinkState
from smppd.smpp.session import WrongState
from tests.smpp.mc import UNREADABLE
from tests.smpp.shelf import Shelf, States

Run = Callable[..., Link]
BOUND, DOWN, UNBINDING = LinkState.BOUND, LinkState.DOWN, LinkState.UNBINDING


def soon(seconds: float = 5.0) -> float:
    return asyncio.get_running_loop().time() + seconds


def sample(name: str, **labels: str) -> float:
    return metrics.REGISTRY.get_sample_value(name, labels) or 0.0


# --- the message path ------------------------------------------------------------------------------------------------


async def test_a_message_is_answered_when_it_is_stored_and_not_before(smsc: Smsc, shelf: Shelf, run: Run) -> None:
    shelf.answer = None
    run()
    entry = smsc.enqueue(Mo(text="REG AMINA"))
    await shelf.until(lambda shelf: len(shelf.waiting) == 1)
    assert entry.state != "acked"
    before = sample("smppd_intake_seconds_count")
    shelf.release()
    await smsc.wait_acked(1)
    (item,) = shelf.items
    assert isinstance(item, Received)
    assert item.text == "REG AMINA"
    assert sample("smppd_intake_seconds_count") == before + 1


@pytest.mark.parametrize(
    ("answer", "status"),
    [(Answer.STORED, 0x00), (Answer.REPEATED, 0x00), (Answer.TEMPORARY, 0x64), (Answer.FULL, 0x14)],
)
async def test_the_answer_of_the_store_is_told_in_the_carriers_words(
    shelf: Shelf, states: States, run: Run, answer: Answer, status: int
) -> None:
    shelf.answer = answer
    async with one_shot(pdu.DeliverSm(sequence=5)) as port:
        run(hosts=[f"127.0.0.1:{port.number}"])
        assert await port.heard(pdu.DeliverSmResp) == pdu.DeliverSmResp(sequence=5, status=status)


async def test_a_message_refused_for_now_comes_again_on_the_same_link(smsc: Smsc, shelf: Shelf, run: Run) -> None:
    shelf.answer = Answer.TEMPORARY
    run()
    smsc.enqueue(Mo(text="later"))
    await shelf.until(lambda shelf: len(shelf.items) == 3)
    shelf.answer = Answer.STORED
    await smsc.wait_acked(1)
    assert len(shelf.records) == 1


@pytest.mark.parametrize("moment", ["after", "with", "before"])
async def test_messages_around_the_bind_response_are_taken(smsc: Smsc, shelf: Shelf, run: Run, moment: str) -> None:
    smsc.habits.deliver_at_bind = moment
    smsc.habits.enquire_before_bind_resp = True
    smsc.enqueue(Mo(text="early"))
    run()
    await smsc.wait_acked(1)
    assert len(shelf.items) == 1


@pytest.mark.parametrize("habit", ["dribble", "glue"])
async def test_segments_do_not_matter(smsc: Smsc, shelf: Shelf, run: Run, habit: str) -> None:
    smsc.habits.update({habit: True if habit == "dribble" else 7})
    run()
    for number in range(21):
        smsc.enqueue(Mo(text=f"message {number}"))
    await smsc.wait_acked(21)
    assert [item.text for item in shelf.items if isinstance(item, Received)] == [f"message {n}" for n in range(21)]


async def test_odd_pdus_do_not_disturb_the_flow(smsc: Smsc, shelf: Shelf, run: Run) -> None:
    smsc.habits.update({"unknown_command_every": 2, "nack_zero_every": 3, "junk": 3, "first_sequence": 4294967295})
    run()
    for number in range(20):
        smsc.enqueue(Mo(text=f"message {number}"))
    await smsc.wait_acked(20)
    assert len(shelf.records) == 1


async def test_what_cannot_be_read_is_stored_raw_and_does_not_come_again(smsc: Smsc, shelf: Shelf, run: Run) -> None:
    before = sample("smppd_links_bad_pdus_total", carrier="vodacom", kind="undecodable")
    run()
    smsc.enqueue(Mo(raw=UNREADABLE))
    await smsc.wait_acked(1)
    (item,) = shelf.items
    assert isinstance(item, Received)
    assert item.problem
    assert item.body[16:] == UNREADABLE[16:]
    assert sample("smppd_links_bad_pdus_total", carrier="vodacom", kind="undecodable") == before + 1


async def test_parts_data_sm_and_receipts_arrive_as_what_they_are(smsc: Smsc, shelf: Shelf, run: Run) -> None:
    run()
    smsc.enqueue(Mo(text="x" * 200))
    smsc.enqueue(Mo(text="by data_sm", data_sm=True))
    smsc.enqueue(Mo(text="id:7 stat:DELIVRD", esm_class=0x04))
    await smsc.wait_acked(3)
    kinds = sorted((type(item).__name__, bool(getattr(item, "part", None))) for item in shelf.items)
    assert kinds == [("Received", False), ("Received", True), ("Received", True), ("ReceivedReceipt", False)]


@pytest.mark.parametrize(("sniff", "kind"), [(False, "Received"), (True, "ReceivedReceipt")])
async def test_a_receipt_without_its_bit_is_one_where_the_configuration_says_so(
    smsc: Smsc, shelf: Shelf, run: Run, sniff: bool, kind: str
) -> None:
    run(sniff_receipts=sniff)
    smsc.enqueue(Mo(text="id:7 sub:001 dlvrd:001 stat:DELIVRD err:000 text:", esm_class=0))
    await smsc.wait_acked(1)
    assert [type(item).__name__ for item in shelf.items] == [kind]


async def test_answers_are_proved_on_demand_and_at_the_unbind(smsc: Smsc, shelf: Shelf, run: Run) -> None:
    link = run()
    smsc.enqueue(Mo(text="one"))
    await smsc.wait_acked(1)
    (record,) = shelf.records
    record.prove()
    await shelf.until(lambda shelf: record.proofs == [1])
    smsc.enqueue(Mo(text="two"))
    await smsc.wait_acked(2)
    await link.stop(soon())
    assert record.proofs == [1, 2]
    record.prove()  # too late, and harmless


async def test_a_lost_connection_proves_nothing(smsc: Smsc, shelf: Shelf, states: States, run: Run) -> None:
    run()
    smsc.enqueue(Mo(text="one"))
    await smsc.wait_acked(1)
    smsc.cut()
    await states.until(DOWN)
    assert (shelf.records[0].proofs, shelf.records[0].closed) == ([], 1)


async def test_an_answer_that_comes_after_the_connection_is_dropped(
    smsc: Smsc, shelf: Shelf, states: States, run: Run
) -> None:
    shelf.answer = None
    run()
    smsc.enqueue(Mo(text="one"))
    await shelf.until(lambda shelf: len(shelf.waiting) == 1)
    smsc.cut()
    await states.until(DOWN)
    await states.until(BOUND)
    shelf.release(count=1)  # nobody hears it; the carrier has sent the message again
    shelf.answer = Answer.REPEATED
    await shelf.until(lambda shelf: len(shelf.items) == 2)
    shelf.release()
    await smsc.wait_acked(1)


async def test_reading_stops_when_too_much_waits_for_the_store_and_goes_on_after(
    smsc: Smsc, shelf: Shelf, run: Run
) -> None:
    smsc.window = 100_000
    shelf.answer = None
    link = run()
    flood = asyncio.create_task(smsc.flood(60_000))
    await shelf.until(lambda shelf: len(shelf.waiting) > 1000)
    connection = link._connection
    assert connection is not None
    assert connection._holding
    assert not connection._transport.is_reading()
    assert connection.session.deadline() is None  # nothing is held against a carrier that we do not hear
    assert len(shelf.items) < 20_000
    shelf.answer = Answer.STORED
    shelf.release()
    await flood
    assert len(shelf.items) == 60_000
    assert connection.session.deadline() is not None


async def test_a_carrier_that_sends_nothing_readable_does_not_fill_the_log(
    smsc: Smsc, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    link = run()
    for _ in range(200):
        smsc.enqueue(Mo(raw=UNREADABLE))
    await smsc.wait_acked(200)
    await link.stop(soon())
    said = [line for line in capsys.readouterr().err.splitlines() if "kept raw" in line]
    assert len(said) == 10
    assert "counted only" in said[-1]


async def test_reading_stops_early_when_what_waits_is_large(smsc: Smsc, shelf: Shelf, run: Run) -> None:
    smsc.window = 1000
    shelf.answer = None
    link = run()
    flood = [smsc.enqueue(Mo(text=f"REG {n}", tlvs=(pdu.Tlv(0x1400, b"x" * 60_000),))) for n in range(300)]
    await shelf.until(lambda shelf: len(shelf.waiting) >= 70)  # beyond 4 MiB
    connection = link._connection
    assert connection is not None
    assert connection._holding
    assert len(shelf.items) < 100
    shelf.answer = Answer.STORED
    shelf.release()
    await smsc.wait_acked(len(flood))


async def test_a_carrier_that_does_not_read_is_not_read_either(
    smsc: Smsc, shelf: Shelf, states: States, run: Run
) -> None:
    link = run()
    await states.until(BOUND)
    connection = link._connection
    assert connection is not None
    connection.pause_writing()  # as the transport does when its buffer is full
    assert not connection._transport.is_reading()
    entry = smsc.enqueue(Mo(text="one"))
    connection.resume_writing()
    await smsc.wait_acked(1)
    assert entry.state == "acked"


async def test_a_carrier_that_never_reads_again_is_left(smsc: Smsc, states: States, run: Run) -> None:
    link = run(enquire_link="1s")
    await states.until(BOUND)
    assert link._connection is not None
    link._connection.pause_writing()
    assert "nothing heard" in await states.until(DOWN)
    await states.until(BOUND)


# --- coming back -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("habits", "reason", "label"),
    [
        ({"drop_after": 1}, "the carrier closed the connection without unbind", "closed"),
        ({"drop_before_responses": True}, "the carrier closed the connection without unbind", "closed"),
        ({"unbind_after": 1}, "the carrier unbound", "closed"),
        ({"unbind_after": 1, "unbind_impatient": True}, "the carrier unbound", "closed"),
        ({"absurd_length_after": 1}, "command_length 4294967295", "broken"),
        ({"absurd_length_after": 1, "absurd_length": 4}, "command_length 4 ", "broken"),
    ],
)
async def test_a_link_comes_back_and_nothing_is_lost(
    smsc: Smsc, shelf: Shelf, states: States, run: Run, habits: dict[str, Any], reason: str, label: str
) -> None:
    smsc.habits.update(habits)
    before = sample("smppd_link_rebinds_total", carrier="vodacom", reason=label)
    run()
    await states.until(BOUND)
    smsc.enqueue(Mo(text="one"))
    why = await states.until(DOWN)
    if reason not in why:
        # A close right behind an unbind may be seen first.
        assert habits.get("unbind_impatient")
        assert "closed" in why
    smsc.habits.update({name: type(value)(0) for name, value in habits.items() if name != "absurd_length"})
    await states.until(BOUND)
    smsc.enqueue(Mo(text="two"))
    await smsc.wait_acked(2)
    assert sample("smppd_link_rebinds_total", carrier="vodacom", reason=label) > before
    assert all(record.closed == 1 for record in shelf.records[:-1])


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (0x0E, "bind refused: invalid password (ESME_RINVPASWD 0x0E); ask the carrier to check system_id moh"),
        (0x0F, "bind refused: invalid system_id (ESME_RINVSYSID 0x0F); ask the carrier to check system_id moh"),
        (0x53, 'bind refused: invalid system_type (ESME_RINVSYSTYP 0x53); ask the carrier to check system_type "sms"'),
        (0x05, "bind refused: already bound (ESME_RALYBND 0x05); it may still hold our last session"),
        (0x401, "bind refused: status 0x00000401, which only the carrier can explain"),
    ],
)
async def test_a_refusal_is_told_in_words(smsc: Smsc, states: States, run: Run, status: int, reason: str) -> None:
    smsc.habits.bind_status = status
    run(system_type="sms")
    assert (await states.until(DOWN)).startswith(reason)


async def test_the_password_appears_in_no_state(smsc: Smsc, states: States, run: Run) -> None:
    smsc.accounts = {"moh": "right"}
    run(password="wrong-and-long-secret")
    assert "invalid password" in await states.until(DOWN)
    assert "wrong" not in str(states.told)


async def test_a_long_password_reaches_the_carrier_whole(smsc: Smsc, states: States, run: Run) -> None:
    smsc.accounts = {"moh": "fifteen-octets!"}
    run(password="fifteen-octets!")
    await states.until(BOUND)


async def test_nothing_is_bound_while_nothing_can_be_stored(smsc: Smsc, shelf: Shelf, states: States, run: Run) -> None:
    shelf.down = "the database refuses connections"
    run()
    reason = await states.until(DOWN)
    assert reason == "not bound, as nothing can be stored now: the database refuses connections"
    await shelf.until(lambda shelf: shelf.opened >= 3)
    assert not smsc.links
    shelf.down = ""
    await states.until(BOUND)


async def test_a_silent_carrier_is_left(smsc: Smsc, states: States, run: Run) -> None:
    run(enquire_link="1s")
    await states.until(BOUND)
    smsc.habits.silent = True
    assert "nothing heard for 1 s after an enquire_link" in await states.until(DOWN)
    smsc.habits.silent = False
    await states.until(BOUND)


async def test_the_next_host_is_tried_when_one_is_closed_or_refuses(smsc: Smsc, states: States, run: Run) -> None:
    async with one_shot(refuse=0x0D) as refusing:
        closed = unused_port()
        link = run(hosts=[f"127.0.0.1:{closed}", f"127.0.0.1:{refusing.number}", f"127.0.0.1:{smsc.port}"])
        await states.until(BOUND)
        assert link.endpoint == f"127.0.0.1:{smsc.port}"
    assert LinkState.DOWN not in [state for _, state, _ in states.told]


async def test_a_bind_that_ends_begins_again_with_the_first_host_and_a_session_of_its_own(
    smsc: Smsc, shelf: Shelf, states: States, run: Run
) -> None:
    second = Smsc()
    await second.start()
    run(hosts=[f"127.0.0.1:{smsc.port}", f"127.0.0.1:{second.port}"])
    await states.until(BOUND)
    smsc.cut()
    await states.until(DOWN)
    assert await states.until(BOUND) == f"127.0.0.1:{smsc.port}"
    assert len(shelf.records) == 2
    await second.stop()


async def test_every_address_of_a_name_is_tried_on_a_fresh_socket(
    smsc: Smsc, states: States, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = [("127.0.0.1", unused_port()), ("127.0.0.1", unused_port()), ("127.0.0.1", smsc.port)]

    async def getaddrinfo(host: str, port: int, *rest: Any, **options: Any) -> list[Any]:
        if host != "smsc.example":
            return await resolve(host, port, *rest, **options)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]

    loop = asyncio.get_running_loop()
    resolve = loop.getaddrinfo
    monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
    run(hosts=["smsc.example:2775"])
    await states.until(BOUND)


async def test_a_name_that_does_not_resolve_for_a_while_is_tried_again(
    smsc: Smsc, states: States, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    resolve, failures = loop.getaddrinfo, [1, 1, 1]

    async def getaddrinfo(host: str, port: int, **options: Any) -> list[Any]:
        if failures:
            failures.pop()
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return await resolve("127.0.0.1", smsc.port, **options)

    monkeypatch.setattr(loop, "getaddrinfo", getaddrinfo)
    run(hosts=["smsc.example:2775"])
    reason = await states.until(DOWN)
    assert reason == "smsc.example:2775: the name does not resolve: Temporary failure in name resolution"
    await states.until(BOUND)


async def test_a_closed_port_is_told_in_words(states: States, run: Run) -> None:
    port = unused_port()
    run(hosts=[f"127.0.0.1:{port}"])
    assert await states.until(DOWN) == f"127.0.0.1:{port}: connection refused"


async def test_a_link_leaves_from_the_address_it_is_told(smsc: Smsc, states: States, run: Run) -> None:
    run(local_addr="127.0.0.2")
    await states.until(BOUND)
    await smsc.wait_bound()
    assert smsc.links[0].peer.startswith("127.0.0.2:")


async def test_an_address_that_is_not_ours_is_no_reason_to_end(states: States, run: Run) -> None:
    run(local_addr="192.0.2.1")
    assert "cannot assign requested address" in await states.until(DOWN)
    await states.until(DOWN)


async def test_the_state_of_a_link_is_exactly_one_in_the_metrics(smsc: Smsc, states: States, run: Run) -> None:
    run(number=77)
    await states.until(BOUND)
    shown = {
        state.value: sample("smppd_link_state", carrier="vodacom", link="77", state=state.value) for state in LinkState
    }
    assert shown == {"down": 0, "connecting": 0, "binding": 0, "bound": 1, "unbinding": 0}


# --- stopping --------------------------------------------------------------------------------------------------------


async def test_stopping_answers_what_gets_stored_and_unbinds(
    smsc: Smsc, shelf: Shelf, states: States, run: Run
) -> None:
    shelf.answer = None
    link = run()
    smsc.enqueue(Mo(text="one"))
    await shelf.until(lambda shelf: len(shelf.waiting) == 1)
    stopping = asyncio.create_task(link.stop(soon()))
    await states.until(UNBINDING)
    smsc.enqueue(Mo(text="for the next bind"))
    shelf.release()
    await stopping
    await smsc.wait_acked(1)
    assert smsc.counters.acked == 1
    assert shelf.records[0].proofs == [1]
    assert (link.state, link.reason) == (DOWN, "stopped")


@pytest.mark.parametrize("habits", [{"silent": True}, {}])
async def test_stopping_is_over_in_time_whatever_carrier_and_store_do(
    smsc: Smsc, shelf: Shelf, states: States, run: Run, habits: dict[str, bool]
) -> None:
    shelf.answer = None
    link = run()
    smsc.enqueue(Mo(text="never stored"))
    await shelf.until(lambda shelf: len(shelf.waiting) == 1)
    smsc.habits.update(habits)
    deadline = soon(0.3)
    await link.stop(deadline)
    assert soon(0) < deadline + 0.3
    assert shelf.records[0].closed == 1


async def test_stopping_waits_for_the_responses_to_what_was_sent(
    smsc: Smsc, shelf: Shelf, states: States, run: Run
) -> None:
    smsc.habits.slow_answers = 0.2
    link = run()
    await states.until(BOUND)
    answers: asyncio.Queue[Outcome] = asyncio.Queue()
    for _ in range(3):
        assert link.request(SUBMIT, answers.put_nowait)
    stopping = asyncio.create_task(link.stop(soon()))
    await states.until(UNBINDING)
    assert link.room == 0
    with pytest.raises(WrongState):
        link.request(SUBMIT, answers.put_nowait)
    smsc.enqueue(Mo(text="for the next bind"))
    await stopping
    assert [type(answers.get_nowait()) for _ in range(3)] == [Response] * 3
    assert answers.empty()
    assert shelf.items == []


async def test_stopping_tells_what_is_lost_before_it_is_over(smsc: Smsc, states: States, run: Run) -> None:
    smsc.habits.lose_answers_every = 1
    link = run()
    await states.until(BOUND)
    answers: asyncio.Queue[Outcome] = asyncio.Queue()
    assert link.request(SUBMIT, answers.put_nowait)
    await smsc.wait_submits(1)
    deadline = soon(0.3)
    await link.stop(deadline)
    assert answers.get_nowait() == Lost(2, written=True)
    assert answers.empty()
    assert soon(0) < deadline + 0.3


async def test_responses_are_read_while_stopping_although_the_store_is_busy(
    smsc: Smsc, shelf: Shelf, states: States, run: Run
) -> None:
    shelf.answer = None
    smsc.window = 2000
    smsc.habits.slow_answers = 0.2
    link = run()
    await states.until(BOUND)
    answers: asyncio.Queue[Outcome] = asyncio.Queue()
    assert link.request(SUBMIT, answers.put_nowait)
    await smsc.wait_submits(1)
    for number in range(1500):
        smsc.enqueue(Mo(text=str(number)))
    await shelf.until(lambda shelf: len(shelf.waiting) > 1000)
    stopping = asyncio.create_task(link.stop(soon()))
    assert isinstance(await answers.get(), Response)
    shelf.release()
    await stopping
    assert shelf.records[0].closed == 1


@pytest.mark.parametrize("state", ["connecting", "waiting to try again", "waiting for the store"])
async def test_a_link_that_is_not_bound_stops_at_once(
    smsc: Smsc, shelf: Shelf, states: States, run: Run, state: str
) -> None:
    reached = DOWN
    if state == "connecting":
        reached = LinkState.BINDING
        smsc.habits.silent = True
    elif state == "waiting to try again":
        smsc.habits.bind_status = 0x05  # half a minute
    else:
        shelf.down = "no"
    link = run()
    await states.until(reached)
    await link.stop(soon(60))
    assert link.state is DOWN
    assert all(record.closed == 1 for record in shelf.records)


async def test_stopping_twice_is_stopping_once(states: States, run: Run) -> None:
    link = run()
    await states.until(BOUND)
    await asyncio.gather(link.stop(soon()), link.stop(soon()))
    await link.stop(soon())


async def test_a_link_that_was_never_started_stops(smsc: Smsc, shelf: Shelf, states: States) -> None:
    config = CarrierConfig.model_validate({"hosts": ["127.0.0.1:1"], "system_id": "moh"})
    await Link("vodacom", 1, "transceiver", config, shelf, states).stop(soon())


async def test_cancelling_a_link_leaves_nothing_open(smsc: Smsc, shelf: Shelf, states: States) -> None:
    config = CarrierConfig.model_validate({"hosts": [f"127.0.0.1:{smsc.port}"], "system_id": "moh"})
    task = asyncio.create_task(Link("vodacom", 1, "transceiver", config, shelf, states).run())
    await states.until(BOUND)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await smsc.watch.until(lambda: not smsc.links, 5.0)
    assert shelf.records[0].closed == 1


# --- asking ----------------------------------------------------------------------------------------------------------

SUBMIT = pdu.SubmitSm(source_addr="15001", destination_addr="255712345678", short_message=b"asante")


async def test_a_request_is_answered_once(smsc: Smsc, states: States, run: Run) -> None:
    link = run(window=2, version="5.0")
    await states.until(BOUND)
    assert link.version == 0x34  # the simulator's
    answers: asyncio.Queue[Outcome] = asyncio.Queue()
    assert link.room == 2
    assert link.request(SUBMIT, answers.put_nowait)
    assert link.request(SUBMIT, answers.put_nowait)
    assert not link.request(SUBMIT, answers.put_nowait)
    assert link.room == 0
    assert sample("smppd_window_in_use", carrier="vodacom", link="1") == 2
    for _ in range(2):
        response = await answers.get()
        assert isinstance(response, Response)
        assert (type(response.pdu), response.status, response.late) == (pdu.SubmitSmResp, 0, False)
        assert response.message_id == smsc.submits[response.sequence - 2].message_id
    assert link.room == 2
    assert len(smsc.submits) == 2


async def test_a_request_without_response_is_lost_when_the_connection_ends(
    smsc: Smsc, states: States, run: Run
) -> None:
    smsc.habits.lose_answers_every = 1
    link = run()
    await states.until(BOUND)
    answers: asyncio.Queue[Outcome] = asyncio.Queue()
    link.request(SUBMIT, answers.put_nowait)
    await smsc.wait_submits(1)
    smsc.cut()
    assert await answers.get() == Lost(2, written=True)
    await states.until(DOWN)
    assert answers.empty()


async def test_a_request_in_the_turn_in_which_the_connection_drops_was_certainly_not_written(
    smsc: Smsc, states: States, run: Run
) -> None:
    link = run()
    await states.until(BOUND)
    answers: asyncio.Queue[Outcome] = asyncio.Queue()
    link.request(SUBMIT, answers.put_nowait)
    assert link._connection is not None
    link._connection.abort()
    assert answers.get_nowait() == Lost(2, written=False)
    with pytest.raises(WrongState):
        link.request(SUBMIT, answers.put_nowait)
    await states.until(DOWN)
    assert answers.empty()
    assert smsc.counters.submits == 0


async def test_a_slow_response_is_told_overdue_and_then_late(smsc: Smsc, states: States, run: Run) -> None:
    smsc.habits.slow_answers = 0.2
    link = run(response_timeout="100ms", window=1)
    await states.until(BOUND)
    answers: asyncio.Queue[Outcome] = asyncio.Queue()
    link.request(SUBMIT, answers.put_nowait)
    assert not link.room
    assert await answers.get() == Overdue(2)
    assert link.room == 1
    late = await answers.get()
    assert isinstance(late, Response)
    assert (late.sequence, late.late, late.status) == (2, True, 0)
    assert link.state is BOUND


async def test_a_response_that_never_comes_is_given_up_while_the_link_lives(
    smsc: Smsc, states: States, run: Run
) -> None:
    smsc.habits.lose_answers_every = 1
    link = run(response_timeout="100ms", late_response="100ms")
    await states.until(BOUND)
    answers: asyncio.Queue[Outcome] = asyncio.Queue()
    link.request(SUBMIT, answers.put_nowait)
    assert await answers.get() == Overdue(2)
    assert await answers.get() == Lost(2, written=True)
    assert link.state is BOUND


@pytest.mark.parametrize("end", ["response", "loss"])
async def test_a_caller_that_fails_at_its_outcome_is_reported_and_harms_no_other(
    smsc: Smsc, states: States, run: Run, end: str
) -> None:
    link = run()
    await states.until(BOUND)
    answers: asyncio.Queue[Outcome] = asyncio.Queue()
    faults: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: faults.append(context))

    def fail(outcome: Outcome) -> None:
        raise ArithmeticError("a fault of the caller")

    for told in (fail, answers.put_nowait, fail, answers.put_nowait):
        link.request(SUBMIT, told)
    if end == "loss":
        assert link._connection is not None
        link._connection.abort()
    assert [(await answers.get()).sequence, (await answers.get()).sequence] == [3, 5]
    assert [type(fault["exception"]) for fault in faults] == [ArithmeticError] * 2
    assert link.state is BOUND


async def test_a_parameter_that_the_configuration_names_is_held_to_its_length(states: States, run: Run) -> None:
    link = run(tlvs={"operator_id": {"tag": 0x1401, "type": "integer", "length": 2}})
    await states.until(BOUND)
    answers: asyncio.Queue[Outcome] = asyncio.Queue()
    with pytest.raises(pdu.EncodeError, match="operator_id: 1 octets, 2 make it"):
        link.request(replace(SUBMIT, tlvs=(pdu.Tlv(0x1401, b"\1"),)), answers.put_nowait)
    assert link.request(replace(SUBMIT, tlvs=(pdu.Tlv(0x1401, b"\1\2"),)), answers.put_nowait)
    assert isinstance(await answers.get(), Response)


async def test_a_carrier_of_3_3_is_sent_no_optional_parameter(smsc: Smsc, states: States, run: Run) -> None:
    link = run(version="3.3")
    await states.until(BOUND)
    answers: asyncio.Queue[Outcome] = asyncio.Queue()
    with pytest.raises(pdu.EncodeError, match=r"tlvs: SMPP 3\.3 has no optional parameters"):
        link.request(replace(SUBMIT, tlvs=(pdu.Tlv(0x0426, b"\1"),)), answers.put_nowait)
    assert link.request(SUBMIT, answers.put_nowait)
    assert isinstance(await answers.get(), Response)
    assert (len(smsc.submits), link.version) == (1, 0x33)


async def test_a_link_that_is_not_bound_takes_no_request(states: States, run: Run) -> None:
    link = run(hosts=[f"127.0.0.1:{unused_port()}"])
    assert link.room == 0
    with pytest.raises(WrongState):
        link.request(SUBMIT, lambda response: None)


# --- an SMSC that says one thing -------------------------------------------------------------------------------------


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class one_shot:
    """Answers binds (`refuse`: with that status), says its PDUs once, and keeps what it hears."""

    def __init__(self, *says: pdu.Pdu, refuse: int = 0) -> None:
        self._says, self._refuse = says, refuse
        self._heard: asyncio.Queue[pdu.Pdu] = asyncio.Queue()

    async def __aenter__(self) -> one_shot:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.number: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def heard(self, kind: type[pdu.Pdu]) -> pdu.Pdu:
        """The next PDU of this kind."""
        async with asyncio.timeout(10):
            while not isinstance(found := await self._heard.get(), kind):
                pass
            return found

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        framer = pdu.Framer()
        while data := await reader.read(4096):
            for octets in framer.feed(data):
                heard = pdu.decode(octets)
                self._heard.put_nowait(heard)
                if isinstance(heard, pdu.BindTransceiver):
                    response = pdu.BindTransceiverResp(sequence=heard.sequence, status=self._refuse)
                    writer.write(b"".join(map(pdu.encode, (response, *self._says))))
        writer.close()
