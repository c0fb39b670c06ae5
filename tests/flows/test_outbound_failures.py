"""Sending through failures: the gateway killed, the database gone, links cut. Nothing is lost, and what was sent twice
is what was in doubt and counted as such."""

from __future__ import annotations

import signal
from collections.abc import Callable
from random import Random

import pytest

from smppd.simulator.smsc import Smsc
from tests.flows.conftest import carrier
from tests.flows.process import Process
from tests.flows.waiting import accounts, api, prefill, settled

LONG = 10  # every tenth message is in two parts


async def test_kill_9_mid_send_loses_nothing_and_doubles_only_what_was_in_doubt(
    gateway: Callable[..., Process], smsc: Smsc, rounds: int | None
) -> None:
    kills, each = (rounds, 5000) if rounds else (3, 1500)
    process = gateway(carriers=carrier(smsc, throughput=3000, links=2, window=50), systems={"clinic": api()})
    smsc.habits.update({"receipts": False, "slow_answers": 0.01})
    dice = Random(kills)
    parts = each + each // LONG
    await process.start()
    for turn in range(kills):
        await settled(process)
        before = smsc.counters.submits
        await prefill(process, each, start=turn * each, long=LONG)
        await smsc.wait_submits(before + dice.randint(parts // 10, parts * 9 // 10), 60)
        await process.kill()
        await process.start()
    await settled(process)
    assert await process.stop() == 0
    duplicates, resends = await accounts(process, [smsc], kills * each, LONG)
    assert 0 < duplicates <= resends <= kills * 100 * 2  # two links' windows, and as much marked ahead
    print(f"{kills} kills, {kills * each} messages: {duplicates} duplicates, {resends} parts in doubt sent again")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["stopped", "killed"])
async def test_a_database_that_goes_away_while_sending_loses_and_doubles_nothing(
    gateway: Callable[..., Process], smsc: Smsc, rounds: int | None, how: int
) -> None:
    stops, each = (rounds, 2000) if rounds else (2, 1000)
    process = gateway(carriers=carrier(smsc, throughput=1000, window=20), systems={"clinic": api()})
    smsc.habits.receipts = False
    dice = Random(stops)
    await process.start()
    for turn in range(stops):
        before = smsc.counters.submits
        await prefill(process, each, start=turn * each, long=LONG)
        await smsc.wait_submits(before + dice.randint(50, each // 2), 60)
        process.stop_database(how)
        await smsc.wait_submits((turn + 1) * (each + each // LONG), 90)
    await settled(process)
    assert await process.stop() == 0
    duplicates, resends = await accounts(process, [smsc], stops * each, LONG)
    assert (duplicates, resends) == (0, 0)  # the process lived: it knows every answer, whenever it can write it down


async def test_links_cut_while_sending_double_only_what_was_in_doubt(
    gateway: Callable[..., Process], smsc: Smsc, rounds: int | None
) -> None:
    cuts, each = (rounds, 2000) if rounds else (4, 1000)
    process = gateway(carriers=carrier(smsc, throughput=2000, links=2, window=20), systems={"clinic": api()})
    smsc.habits.update({"receipts": False, "slow_answers": 0.005})
    smsc.habits.cut_after_submits = each
    await process.start()
    await prefill(process, cuts * each, long=LONG)
    await settled(process, 60 + each * cuts / 500)
    smsc.habits.cut_after_submits = 0
    _, page = await process.get("/metrics")
    counted = sum(
        float(line.rsplit(" ", 1)[1])
        for line in page.splitlines()
        if line.startswith("smppd_in_doubt_total") and 'action="resend"' in line
    )
    assert await process.stop() == 0
    duplicates, resends = await accounts(process, [smsc], cuts * each, LONG)
    assert cuts <= duplicates <= resends == counted
    print(f"{smsc.counters.links_lost} links lost: {duplicates} duplicates, {resends} parts in doubt sent again")
