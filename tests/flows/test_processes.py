"""Two processes of one gateway: carriers in one, systems and HTTP in the other."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest

from smppd.simulator.smsc import Smsc
from tests.flows.book import Arrivals, Load
from tests.flows.conftest import carrier, webhook
from tests.flows.process import Process
from tests.flows.waiting import TOKEN, Client, accounts, api, phone, settled, text

TWO = {"name": "gw1", "processes": 2}


@pytest.fixture
async def process(gateway: Callable[..., Process], smsc: Smsc) -> AsyncIterator[Process]:
    process = gateway(carriers=carrier(smsc), systems={"clinic": api()}, node=TWO)
    await process.start()
    await smsc.wait_bound(1)
    yield process
    if process.running:
        assert await process.stop() == 0


def asked(number: int) -> dict[str, str]:
    return {"to": phone(number), "from": "15001", "text": text(number), "reference": f"r{number}"}


async def test_while_the_process_of_the_carriers_hangs_messages_are_taken_and_health_says_it(
    process: Process, smsc: Smsc
) -> None:
    process.signal(signal.SIGSTOP)
    try:
        status, answer = await Client(process).post(asked(1))
        assert status == 202, answer
        for status, body in await asyncio.gather(*map(process.get, ("/healthz", "/readyz", "/metrics"))):
            assert status == 503, body
            assert "does not answer" in body
        assert smsc.counters.submits == 0
    finally:
        process.signal(signal.SIGCONT)
    await process.until_page("/readyz", lambda status, _: status == 200)
    await smsc.wait_submits(1)
    assert (await process.get("/healthz"))[0] == 200


async def test_metrics_are_of_both_processes(process: Process, smsc: Smsc) -> None:
    status, answer = await Client(process).post(asked(1))
    assert status == 202, answer
    await settled(process)
    _, said = await process.get("/metrics")
    assert 'smppd_submissions_total{outcome="accepted",system="clinic"} 1.0' in said
    assert 'smppd_submitted_parts_total{carrier="vodacom",status="ESME_ROK"} 1.0' in said


async def test_a_death_of_the_process_that_serves_http_loses_nothing_and_closes_no_door(
    process: Process, smsc: Smsc
) -> None:
    answered = set[int]()
    refused: list[str] = []

    async def keep_asking(numbers: range) -> None:
        """Each until it is answered, as a careful caller does."""
        for number in numbers:
            while number not in answered:
                try:
                    status, answer = await Client(process).post(asked(number))
                except aiohttp.ClientConnectorError as error:
                    refused.append(str(error))
                except aiohttp.ClientError:  # broken in the middle: nobody knows
                    continue
                else:
                    assert status == 202, answer
                    answered.add(number)

    async def deaths() -> None:
        for turn in range(3):
            said = len(process.lines)
            for pid in process.children():
                os.kill(pid, signal.SIGKILL)
            await process.said("forwarder process died", after=said)
            await smsc.wait_submits((turn + 1) * 30)

    async with asyncio.TaskGroup() as group:
        group.create_task(deaths())
        for n in range(8):
            group.create_task(keep_asking(range(n * 100, (n + 1) * 100)))
    assert refused == []
    await settled(process)
    assert await process.stop() == 0
    assert await accounts(process, [smsc], 800) == (0, 0)


async def test_a_connection_to_the_process_of_the_carriers_ends_when_the_other_one_is_back(process: Process) -> None:
    (pid,) = process.children()
    os.kill(pid, signal.SIGKILL)
    await process.said("forwarder process died")
    reader, writer = await asyncio.open_connection("127.0.0.1", process.port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: gw\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    async with asyncio.timeout(30):  # less than idle connections are kept
        assert b"alive" in await reader.read()
    writer.close()


async def test_a_new_token_is_known_after_a_reload(process: Process) -> None:
    new = api()
    new["access"] = {**new["access"], "token_hash": "sha256:" + hashlib.sha256(b"mpya").hexdigest()}
    assert (await Client(process).post(asked(1)))[0] == 202
    process.write(systems={"clinic": new})
    process.signal(signal.SIGHUP)
    await process.said("configuration read again")
    async with asyncio.timeout(20), aiohttp.ClientSession() as session:
        while True:
            headers = {"Authorization": "Bearer mpya"}
            async with session.post(Client(process).url, json=asked(2), headers=headers) as answer:
                if answer.status == 202:
                    break
    assert TOKEN != "mpya"
    assert (await Client(process).post(asked(3)))[0] == 401


async def test_a_child_that_cannot_listen_any_more_leaves_http_to_the_other_and_delivers(
    gateway: Callable[..., Process], folder: Path, smsc: Smsc, sink: Arrivals
) -> None:
    certificate, key = folder / "server.crt", folder / "server.key"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=gw", "-keyout"]
    subprocess.run([*make, key, "-out", certificate], check=True, capture_output=True)
    process = gateway(
        carriers=carrier(smsc), systems={"clinic": api(), "sink": webhook(sink)}, routes=[{"to": ["sink"]}], node=TWO
    )
    tls = {"cert": str(certificate), "key": str(key)}
    process.write(http={"listen": [f"127.0.0.1:{process.port}"], "tls": tls})
    await process.start()
    await smsc.wait_bound(1)
    key.unlink()
    (pid,) = process.children()
    os.kill(pid, signal.SIGKILL)
    await process.said("cannot listen here")
    async with aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        url = Client(process).url.replace("http:", "https:")
        async with session.post(url, json=asked(1), headers=headers, ssl=False) as answer:
            assert answer.status == 202, await answer.text()
    await smsc.wait_submits(1)
    load = Load(smsc)
    load.begin()
    await sink.wait(20, 30)
    count = await load.end()
    await sink.wait(count, 30)
    assert await process.stop() == 0
