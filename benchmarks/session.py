"""submit_sm/s and submit-to-response latency of one session, beside the Rust-backed smpp34 (PyPI).

python -m benchmarks.session [--count 20000] [--rounds 5]

Two processes on a CPU each: an SMSC that does nothing but answer, and the client. Every client sends the same
message from as many tasks as the window is wide; each task awaits its response before it sends the next, so there is
one future per message. Peers run in turn within each round; ratios are to smpp34 in the same round, which runs on
asyncio's own loop, as its documentation has it, and once more on uvloop, as smppd.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import os
import statistics
import struct
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import uvloop

from benchmarks.load import percentile

WINDOWS = (10, 100)
TARGET = 5.0  # times smpp34, at the widest window
SOURCE, DESTINATION = "15001", "255712345678"
TEXT = b"REG AMINA.JUMA AGE.27 VILL.MWANZA HIV.NEG WT.61 VISIT.2 CHW.114"
YARDSTICK = "smpp34"

Submit = Callable[[], Awaitable[object]]
Told = dict[str, Any]


# --- the SMSC --------------------------------------------------------------------------------------------------------

_HEADER = struct.Struct(">IIII")
_SUBMITTED = struct.Struct(">IIII9s")  # submit_sm_resp with an id of 8 digits
_BOUND = b"bench\0"


class AnsweringSmsc(asyncio.Protocol):
    """Binds whoever asks and takes every submit_sm."""

    def __init__(self) -> None:
        self._held = b""
        self._taken = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        data = self._held + data
        at, end, out = 0, len(data), []
        while end - at >= 16:
            length, command, _, sequence = _HEADER.unpack_from(data, at)
            if end - at < length:
                break
            at += length
            if command == 0x04:
                self._taken += 1
                out.append(_SUBMITTED.pack(25, 0x80000004, 0, sequence, b"%08d\0" % self._taken))
            elif command in (0x01, 0x02, 0x09):
                out.append(_HEADER.pack(16 + len(_BOUND), command | 0x80000000, 0, sequence) + _BOUND)
            elif command in (0x06, 0x15):
                out.append(_HEADER.pack(16, command | 0x80000000, 0, sequence))
        self._held = data[at:]
        self._transport.write(b"".join(out))


async def serve() -> None:
    """Answers until stdin ends; tells its port first."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(AnsweringSmsc, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


# --- the clients -----------------------------------------------------------------------------------------------------


async def drive(submit: Submit, status: Callable[[Any], int], window: int, count: int) -> Told:
    """Send `count` messages, `window` at a time; `status` reads the response."""
    latencies: list[float] = []
    statuses: set[int] = set()
    clock = time.perf_counter

    async def work(share: int) -> None:
        for _ in range(share):
            began = clock()
            statuses.add(status(await submit()))
            latencies.append(clock() - began)

    began, cpu = clock(), time.process_time()
    await asyncio.gather(*(work(len(range(number, count, window))) for number in range(window)))
    took, cpu = clock() - began, time.process_time() - cpu
    return {
        "messages": len(latencies) if statuses == {0} else 0,
        "rate": len(latencies) / took,
        "cpu": 1e6 * cpu / len(latencies),
        "p50": 1e3 * percentile(latencies, 0.5),
        "p99": 1e3 * percentile(latencies, 0.99),
    }


async def ours(port: int, window: int, count: int) -> Told:
    """The link as the gateway has it."""
    from pdu import SubmitSm
    from smppd import log
    from smppd.config.carriers import CarrierConfig
    from smppd.config.root import LogConfig
    from smppd.smpp.link import Link
    from smppd.smpp.ports import LinkState

    class NoIntake:
        async def open(self, carrier: str, link: int, prove: Callable[[], None]) -> None: ...
        def put(self, record: Any, item: Any, done: Any) -> None: ...
        def proved(self, record: Any, count: int) -> None: ...
        def close(self, record: Any) -> None: ...

    log.setup(LogConfig(level="error"))
    bound = asyncio.Event()

    def on_state(carrier: str, link: int, state: LinkState, reason: str) -> None:
        if state is LinkState.BOUND:
            bound.set()

    config = CarrierConfig.model_validate({"hosts": [f"127.0.0.1:{port}"], "system_id": "bench", "window": window})
    link = Link("bench", 1, "transceiver", config, NoIntake(), on_state)
    loop = asyncio.get_running_loop()
    running = asyncio.create_task(link.run())
    await bound.wait()

    def submit() -> Awaitable[object]:
        answered = loop.create_future()
        link.request(
            SubmitSm(
                source_addr=SOURCE,
                destination_addr=DESTINATION,
                dest_addr_ton=1,
                dest_addr_npi=1,
                registered_delivery=1,
                short_message=TEXT,
            ),
            answered.set_result,
        )
        return answered

    def status(outcome: Any) -> int:
        return int(outcome.status)

    await drive(submit, status, window, max(1000, count // 10))
    told = await drive(submit, status, window, count)
    await link.stop(loop.time() + 5)
    await running
    return told


async def smpp34s(port: int, window: int, count: int) -> Told:
    """The client of the package smpp34."""
    import smpp34

    client = smpp34.Client("127.0.0.1", port, "bench", "bench", window_size=window)
    smsc = await client.connect()

    def submit() -> Awaitable[object]:
        return cast(
            "Awaitable[object]",
            smsc.submit_sm(
                DESTINATION,
                TEXT,
                source_addr=SOURCE,
                dest_addr_ton=1,
                dest_addr_npi=1,
                registered_delivery=1,
            ),
        )

    def status(response: Any) -> int:
        return int(response.command_status)

    await drive(submit, status, window, max(1000, count // 10))
    told = await drive(submit, status, window, count)
    await client.stop()
    return told


CLIENTS = {"smppd": (ours, uvloop.run), "smpp34": (smpp34s, asyncio.run), "smpp34 on uvloop": (smpp34s, uvloop.run)}


# --- side by side ----------------------------------------------------------------------------------------------------


def _process(*words: str, cpu: int, **pipes: Any) -> subprocess.Popen[str]:
    cpus = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cpu})  # inherited by what is started here
    try:
        command = [sys.executable, "-m", "benchmarks.session", *words]
        return subprocess.Popen(command, text=True, cwd=Path(__file__).parent.parent, stdout=subprocess.PIPE, **pipes)
    finally:
        os.sched_setaffinity(0, cpus)


def measure(name: str, window: int, count: int) -> Told:
    """One client against an SMSC of its own."""
    cpus = sorted(os.sched_getaffinity(0))
    with _process("serve", cpu=cpus[0], stdin=subprocess.PIPE) as smsc:
        assert smsc.stdout is not None
        port = smsc.stdout.readline().strip()
        with _process("client", name, port, str(window), str(count), cpu=cpus[-1]) as client:
            out, _ = client.communicate(timeout=120)
        smsc.communicate()
    told: Told = json.loads(out)
    if told["messages"] != count:
        raise RuntimeError(f"{name}: {told['messages']} of {count} messages were answered with status 0")
    return told


def main(count: int, rounds: int) -> None:
    """Measure and print."""
    names = list(CLIENTS)
    if importlib.util.find_spec("smpp34") is None:
        print("smpp34 is not installed (PyPI: smpp34): no ratios")
        names = ["smppd"]
    found: dict[tuple[str, int], list[Told]] = defaultdict(list)
    for _ in range(rounds):
        for window in WINDOWS:
            for name in names:
                found[name, window].append(measure(name, window, count))
    print(f"\nsubmit_sm, one session, {count} messages of {len(TEXT)} octets, median of {rounds} (lowest to highest)")
    print(f"{'':30}{'messages/s':>28}{'us of CPU':>12}{'p50 ms':>10}{'p99 ms':>10}")
    for (name, window), runs in found.items():
        rates = [told["rate"] for told in runs]
        spread = f"{statistics.median(rates):,.0f} ({min(rates):,.0f} to {max(rates):,.0f})"
        cpu, p50, p99 = (statistics.median(told[key] for told in runs) for key in ("cpu", "p50", "p99"))
        print(f"{name + ', window ' + str(window):30}{spread:>28}{cpu:12.1f}{p50:10.2f}{p99:10.2f}")
    for peer in names[1:]:
        for window in WINDOWS:
            pairs = zip(found["smppd", window], found[peer, window], strict=True)
            ratios = [mine["rate"] / theirs["rate"] for mine, theirs in pairs]
            target = f"target {TARGET:g}; " if (peer, window) == (YARDSTICK, WINDOWS[-1]) else ""
            print(
                f"window {window}: {statistics.median(ratios):.1f} x {peer} "
                f"({target}rounds {min(ratios):.1f} to {max(ratios):.1f}), "
                f"{_middle(found[peer, window]) / _middle(found['smppd', window]):.1f} x by CPU"
            )


def _middle(runs: list[Told]) -> float:
    return statistics.median(told["cpu"] for told in runs)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("serve")
    client = commands.add_parser("client")
    for argument, kind in (("name", str), ("port", int), ("window", int), ("messages", int)):
        client.add_argument(argument, type=kind)
    given = parser.parse_args()
    if given.command == "serve":
        uvloop.run(serve())
    elif given.command == "client":
        talk, run = CLIENTS[given.name]
        print(json.dumps(run(talk(given.port, given.window, given.messages))), flush=True)
        os._exit(0)  # leaving an interpreter that used smpp34 may crash
    else:
        main(given.count, given.rounds)
