"""A carrier that answers query_sm and cancel_sm: a message is taken back, and one without a receipt asked about."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from smppd.simulator.smsc import Smsc
from tests.flows.conftest import carrier
from tests.flows.process import Process
from tests.flows.waiting import Callbacks, Client, api, phone, text


async def send(client: Client, callbacks: Callbacks, number: int, long: bool = False) -> int:
    """A message that its carrier has accepted; its id."""
    status, answer = await client.post(
        {
            "to": phone(number),
            "text": text(number, long=long),
            "callback_url": callbacks.sink.url + "/told",
            "report": ["sent", "delivered", "undelivered", "cancelled", "unknown"],
        }
    )
    assert status == 202, answer
    await callbacks.wait(answer["id"], "sent")
    made: int = answer["id"]
    return made


async def test_a_message_that_its_carrier_has_is_taken_back_or_says_why_not(
    gateway: Callable[..., Process], smsc: Smsc, callbacks: Callbacks
) -> None:
    process = gateway(carriers=carrier(smsc, cancel_sm=True), systems={"clinic": api()})
    smsc.habits.receipt_delay = 3600.0
    await process.start()
    await smsc.wait_bound(1)
    client = Client(process)
    kept, dropped = [await send(client, callbacks, number, long=True) for number in range(2)]

    smsc.habits.cancel_status = 0x11
    status, life = await client.take_back(kept)
    assert (status, life["state"]) == (202, "sent")
    async with asyncio.timeout(30):
        while (life := await client.life(kept))["reason"] == "taken back: its carrier is asked to drop it":
            pass
    assert life["state"] == "sent"
    assert life["reason"] == "not dropped: vodacom refuses cancel_sm: cancel failed (ESME_RCANCELFAIL 0x11)"

    smsc.habits.cancel_status = 0
    status, _ = await client.take_back(dropped)
    assert status == 202
    await process.kill()  # whatever came of it so far
    await process.start()
    await callbacks.wait(dropped, "cancelled")
    assert [submit.state for submit in smsc.submits] == [1, 1, 4, 4]
    for submit in list(smsc.submits)[:2]:
        smsc.receipt(submit.message_id, "DELIVRD")
    await callbacks.wait(kept, "delivered")
    assert callbacks.states(dropped) == ["sent", "cancelled"]
    assert callbacks.states(kept) == ["sent", "delivered"]
    status, _ = await client.take_back(dropped)
    assert status == 409
    assert await process.stop() == 0


async def test_the_carrier_is_asked_about_what_has_no_receipt_in_its_time(
    gateway: Callable[..., Process], smsc: Smsc, callbacks: Callbacks
) -> None:
    process = gateway(carriers=carrier(smsc, query_sm=True, receipt_timeout="1ms"), systems={"clinic": api()})
    smsc.habits.receipts = False
    await process.start()
    await smsc.wait_bound(1)
    client = Client(process)
    reached, on_its_way = [await send(client, callbacks, number) for number in range(2)]
    smsc.submits[0].state = 2
    # What is overdue is looked for each minute, and at the start.
    assert await process.stop() == 0
    await process.start()
    await callbacks.wait(reached, "delivered")
    await callbacks.wait(on_its_way, "unknown")
    assert (await client.life(on_its_way))["reason"] == "no receipt in time; vodacom answers query_sm: enroute"
    life = await client.life(reached)
    assert [(each["part"], each["state"], each["stat"]) for each in life["receipts"]] == [(1, "delivered", "DELIVRD")]
    assert await process.stop() == 0
