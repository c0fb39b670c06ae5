"""A carrier and the links it owns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

import pdu
from smppd.carriers.contract import Carrier, LinkStatus
from smppd.carriers.smpp import SmppCarrier
from smppd.config.carriers import CarrierConfig
from smppd.errors import Refused, Unanswered
from smppd.simulator.mo import Mo
from smppd.simulator.smsc import Smsc
from smppd.smpp.inquiry import Standing
from smppd.smpp.ports import LinkState
from tests.smpp.shelf import Shelf, States


@pytest.fixture
async def smsc() -> AsyncIterator[Smsc]:
    smsc = Smsc(retry_delay=0.0)
    await smsc.start()
    yield smsc
    await smsc.stop()


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def states() -> States:
    return States()


@pytest.fixture
async def run(smsc: Smsc, shelf: Shelf, states: States) -> AsyncIterator[Callable[..., SmppCarrier]]:
    running: list[tuple[SmppCarrier, asyncio.Task[None]]] = []

    def run(**config: Any) -> SmppCarrier:
        settings = {"hosts": [f"127.0.0.1:{smsc.port}"], "system_id": "moh", **config}
        carrier = SmppCarrier("vodacom", CarrierConfig.model_validate(settings), shelf, on_state=states)
        running.append((carrier, asyncio.create_task(carrier.run())))
        return carrier

    yield run
    for carrier, task in running:
        await carrier.stop(asyncio.get_running_loop().time() + 2)
        await task


def described(carrier: Carrier) -> list[tuple[int, str]]:
    return [(status.link, status.kind) for status in carrier.states()]


@pytest.mark.parametrize(
    ("bind", "links", "kinds", "receivers"),
    [
        ("transceiver", 1, ["transceiver"], 1),
        ("transceiver", 3, ["transceiver"] * 3, 3),
        ("receiver", 2, ["receiver"] * 2, 2),
        ("transmitter", 1, ["transmitter"], 0),
        ("pair", 2, ["transmitter", "receiver"] * 2, 2),
    ],
)
async def test_a_carrier_binds_the_links_it_is_given(
    smsc: Smsc, states: States, run: Callable[..., SmppCarrier], bind: str, links: int, kinds: list[str], receivers: int
) -> None:
    carrier = run(bind=bind, links=links)
    assert described(carrier) == list(enumerate(kinds, 1))
    for number in range(1, len(kinds) + 1):
        if number not in bound(carrier):
            await states.until(LinkState.BOUND)
    await smsc.wait_bound(receivers)
    assert sorted(link.bound for link in smsc.links) == sorted(kinds)
    assert all(status.state == "bound" for status in carrier.states())


def bound(carrier: SmppCarrier) -> set[int]:
    return {status.link for status in carrier.states() if status.state == "bound"}


async def test_messages_come_in_over_every_receiver_of_a_pair(
    smsc: Smsc, shelf: Shelf, run: Callable[..., SmppCarrier]
) -> None:
    run(bind="pair", links=2)
    await smsc.wait_bound(2)
    for number in range(20):
        smsc.enqueue(Mo(text=f"message {number}", links=(number % 2,)))
    await smsc.wait_acked(20)
    took = {record.link: len(record.items) for record in shelf.records if record.items}
    assert took == {2: 10, 4: 10}


async def test_one_link_that_is_lost_leaves_the_others_alone(
    smsc: Smsc, shelf: Shelf, states: States, run: Callable[..., SmppCarrier]
) -> None:
    carrier = run(links=2)
    await smsc.wait_bound(2)
    smsc.links[0].abort()
    await states.until(LinkState.DOWN)
    assert len(bound(carrier)) == 1
    smsc.enqueue(Mo(text="over the other"))
    await smsc.wait_acked(1)
    await states.until(LinkState.BOUND)


async def test_a_stopped_carrier_has_unbound_all_its_links(
    smsc: Smsc, shelf: Shelf, run: Callable[..., SmppCarrier]
) -> None:
    carrier = run(links=2)
    await smsc.wait_bound(2)
    await carrier.stop(asyncio.get_running_loop().time() + 5)
    endpoint = f"127.0.0.1:{smsc.port}"
    assert carrier.states() == [
        LinkStatus("vodacom", number, "transceiver", "down", "stopped", endpoint) for number in (1, 2)
    ]
    assert [record.closed for record in shelf.records] == [1, 1]
    await smsc.watch.until(lambda: not smsc.links, 5.0)


# --- asking about a message ------------------------------------------------------------------------------------------


async def submitted(carrier: SmppCarrier) -> str:
    """The id of a message that the carrier has."""
    response = await carrier.links[0].ask(pdu.SubmitSm(source_addr="15001", destination_addr="255712345678"))
    return response.message_id


async def test_a_message_is_asked_for_and_dropped(states: States, run: Callable[..., SmppCarrier]) -> None:
    carrier = run()
    await states.until(LinkState.BOUND)
    message_id = await submitted(carrier)
    assert await carrier.query(message_id, "15001") == Standing(message_id, "enroute", None, 0)
    await carrier.cancel(message_id, "15001")
    assert (await carrier.query(message_id, "15001")).state == "deleted"
    with pytest.raises(Refused, match=r"vodacom refuses cancel_sm: cancel failed \(ESME_RCANCELFAIL 0x11\)"):
        await carrier.cancel(message_id, "15001")
    with pytest.raises(Refused, match="vodacom refuses query_sm: message id is not known"):
        await carrier.query("no such id", "15001")


async def test_a_question_takes_a_link_that_can_ask(states: States, run: Callable[..., SmppCarrier]) -> None:
    carrier = run(bind="pair")
    await states.until(LinkState.BOUND, link=1)
    await states.until(LinkState.BOUND)
    assert [link.room for link in carrier.links] == [10, 0]
    message_id = await submitted(carrier)
    assert (await carrier.query(message_id, "15001")).state == "enroute"


async def test_a_question_waits_for_room_in_the_window(
    smsc: Smsc, states: States, run: Callable[..., SmppCarrier]
) -> None:
    smsc.habits.slow_answers = 0.1
    carrier = run(window=1)
    await states.until(LinkState.BOUND)
    asked = asyncio.create_task(submitted(carrier))
    await smsc.wait_submits(1)
    assert not carrier.links[0].room
    with pytest.raises(Refused):
        await carrier.query("no such id", "15001")
    assert asked.done()


async def test_a_question_that_no_link_can_ask_is_given_up(smsc: Smsc, run: Callable[..., SmppCarrier]) -> None:
    carrier = run(bind="receiver")
    await smsc.wait_bound(1)
    with pytest.raises(Unanswered, match="no link of vodacom could ask within 2 s") as unanswered:
        await carrier.query("1", "15001")
    assert not unanswered.value.sent


async def test_an_id_that_no_question_can_hold_is_not_asked_for(
    states: States, run: Callable[..., SmppCarrier]
) -> None:
    carrier = run()
    await states.until(LinkState.BOUND)
    with pytest.raises(Unanswered, match="vodacom cannot be asked: message_id"):
        await carrier.query("9" * 65, "15001")


@pytest.mark.parametrize(("fate", "reason"), [("silence", "no answer in 0.1 s"), ("loss", "was lost before an answer")])
async def test_a_question_without_answer_ends(
    smsc: Smsc, states: States, run: Callable[..., SmppCarrier], fate: str, reason: str
) -> None:
    carrier = run(response_timeout="100ms" if fate == "silence" else "1m")
    await states.until(LinkState.BOUND)
    smsc.habits.silent = True
    asked = asyncio.create_task(carrier.query("1", "15001"))
    if fate == "loss":
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        smsc.cut()
    with pytest.raises(Unanswered, match=reason) as unanswered:
        await asked
    assert unanswered.value.sent
