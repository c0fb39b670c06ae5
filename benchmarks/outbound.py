"""Messages from a system's request to submit_sm, beside Kannel with its durable store.

python -m benchmarks.outbound [--count 10000] [--rounds 3] [--only sendsms,batch,queue,latency]
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from time import perf_counter

from benchmarks.http_load import Answers, Hammer, get, post
from benchmarks.load import percentile, run
from benchmarks.peers import TOKEN, Started, free_port, have_kannel, kannel, smppd
from smppd.simulator.smsc import Smsc

Peer = Callable[..., AbstractAsyncContextManager[Started]]
WINDOWS = (10, 100)
CONNECTIONS = 32
BATCH = 1000
MEASURES = ("sendsms", "batch", "queue", "latency")
_PREFIX = b"25571"


@dataclass(slots=True)
class Found:
    """What one measurement of one peer came to: rates per second, or seconds."""

    rate: float = 0.0
    submitted: float = 0.0  # submit_sm/s until the last, from the first request
    share: float = 0.0  # of a processor: what the generator and the simulated SMSC took
    latencies: list[float] = field(default_factory=list)


def _number(n: int) -> str:
    return f"25571{n:07}"


def _text(n: int) -> str:
    return f"Habari Amina. Kumbuka kwenda kliniki tarehe 14 kwa kipimo cha ujauzito. Beba kadi yako. {n}"


def _sendsms(n: int) -> bytes:
    asked = {"username": "bench", "password": "bench", "from": "15001", "to": _number(n), "text": _text(n)}
    return get("/cgi-bin/sendsms", asked)


def _batch(n: int) -> bytes:
    messages = [{"to": _number(i), "from": "15001", "text": _text(i)} for i in range(n * BATCH, (n + 1) * BATCH)]
    return post("/api/v1/messages", json.dumps({"messages": messages}).encode(), f"Bearer {TOKEN}")


@asynccontextmanager
async def _smsc() -> AsyncIterator[Smsc]:
    """Takes everything at once and sends no receipts."""
    smsc = Smsc(accounts={"bench": "bench"}, keep=0)
    smsc.habits.receipts = False
    try:
        yield smsc
    finally:
        await smsc.stop()


async def _requests(peer: Peer, count: int, make: Callable[[int], bytes], each: int, connections: int) -> Found:
    """`count` messages, `each` per request, while they are submitted to the SMSC at the same time."""
    async with _smsc() as smsc, peer(await smsc.start()) as gateway:
        await smsc.wait_bound(1, 30)
        async with Hammer(gateway.sendsms, make, connections) as hammer:
            warm = max(count // 10, each)
            (await hammer.run(warm // each)).check()
            await smsc.wait_submits(warm // each * each, 120)
            began = perf_counter()
            answers = await hammer.run(count // each)
            answers.check()
            await smsc.wait_submits((warm // each + count // each) * each, 300)
            taken = perf_counter() - began
        return Found(answers.per_second * each, count / taken, answers.share)


async def _queue(peer: Peer, count: int, window: int) -> Found:
    """The queue is filled while the SMSC is away; the clock runs from the first submit_sm to the last."""
    async with _smsc() as smsc:
        port = free_port()
        async with peer(port, window=window) as gateway:
            await _fill(gateway, count)
            times: list[float] = []
            smsc.desk.taker.on_submit = lambda frame, at: times.append(at)
            await smsc.start(port=port)
            await smsc.wait_submits(count, 300)
        return Found((count - 1) / (times[-1] - times[0]))


async def _fill(gateway: Started, count: int) -> None:
    async with Hammer(
        gateway.sendsms, _batch if gateway.dsn else _sendsms, 4 if gateway.dsn else CONNECTIONS
    ) as hammer:
        (await hammer.run(count // BATCH if gateway.dsn else count)).check()


async def _latency(peer: Peer, rate: float, seconds: float) -> Found:
    """From the request to submit_sm, each found again by its number."""
    async with _smsc() as smsc, peer(await smsc.start()) as gateway:
        await smsc.wait_bound(1, 30)
        seen: dict[int, float] = {}

        def note(frame: bytes, at: float) -> None:
            start = frame.index(_PREFIX, 16) + len(_PREFIX)
            seen[int(frame[start : start + 7])] = perf_counter()

        smsc.desk.taker.on_submit = note
        async with Hammer(gateway.sendsms, _sendsms, CONNECTIONS) as hammer:
            (await hammer.run(200, rate=rate)).check()
            count = int(rate * seconds)
            answers: Answers = await hammer.run(count, rate=rate)
            answers.check()
            await smsc.wait_submits(200 + count, 60)
        late = [seen[200 + n] - at for n, at in enumerate(answers.asked_at)]
        return Found(latencies=[*late], rate=percentile(answers.latencies, 0.5), share=answers.share)


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):,.0f} ({min(values):,.0f} to {max(values):,.0f})"


def _ratio(words: str, ours: list[Found], theirs: list[Found], target: float | None, kind: str = "rate") -> None:
    middle = statistics.median(getattr(each, kind) for each in ours)
    other = [getattr(each, kind) for each in theirs]
    wanted = f" (target {target:g})" if target else ""
    print(
        f"{words}: {middle / statistics.median(other):.2f} x Kannel's median, "
        f"{middle / max(other):.2f} x its best run{wanted}"
    )


async def main(count: int, rounds: int, only: tuple[str, ...] = MEASURES) -> None:
    """Peers in turn within each round; medians over rounds; ratios to Kannel."""
    peers: dict[str, Peer] = {"smppd": smppd}
    if have_kannel():
        peers["kannel"] = kannel
    else:
        print("Kannel is not installed (Debian package kannel): no ratios")
    found: dict[tuple[str, str], list[Found]] = defaultdict(list)
    for _ in range(rounds):
        for name, peer in peers.items():
            if "sendsms" in only:
                found["sendsms", name].append(await _requests(peer, count, _sendsms, 1, CONNECTIONS))
            if "batch" in only and name == "smppd":
                found["batch", name].append(await _requests(peer, count * 4, _batch, BATCH, 4))
            for window in WINDOWS if "queue" in only else ():
                found[f"window {window}", name].append(await _queue(peer, count, window))
            if "latency" in only:
                found["latency", name].append(await _latency(peer, 200, 5))
    _print(found, count, rounds)


def _print(found: dict[tuple[str, str], list[Found]], count: int, rounds: int) -> None:
    print(f"\nmessages of systems to one SMSC, median of {rounds} (lowest to highest); messages/s")
    print(f"{'':28}{'answered':>28}{'submitted meanwhile':>28}{'generator':>11}")
    words = {
        "sendsms": f"sendsms, {CONNECTIONS} connections",
        "batch": f"POST of {BATCH}, 4 connections",
        "window 10": "out of a queue, window 10",
        "window 100": "out of a queue, window 100",
    }
    for (measure, name), runs in found.items():
        if measure == "latency":
            continue
        cells = [_spread([each.rate for each in runs])]
        if measure in ("sendsms", "batch"):
            share = statistics.median(each.share for each in runs)
            cells += [_spread([each.submitted for each in runs]), f"{share:.0%}"]
        print(f"{name:7}{words[measure]:27}" + "".join(f"{c:>{w}}" for c, w in zip(cells, (28, 28, 11), strict=False)))
    kannel_sendsms = found.get(("sendsms", "kannel"))
    if kannel_sendsms and found.get(("sendsms", "smppd")):
        _ratio("sendsms", found["sendsms", "smppd"], kannel_sendsms, 2)
    if kannel_sendsms and found.get(("batch", "smppd")):
        _ratio("messages in POSTs", found["batch", "smppd"], kannel_sendsms, 5)
    for window in WINDOWS:
        if found.get((f"window {window}", "kannel")) and found.get((f"window {window}", "smppd")):
            name = f"window {window}"
            _ratio(f"out of a queue, {name}", found[name, "smppd"], found[name, "kannel"], None)
    for (measure, name), runs in found.items():
        if measure == "latency":
            late = [1000 * each for one in runs for each in one.latencies]
            answer = 1000 * statistics.median(one.rate for one in runs)
            print(
                f"{name:7}at 200/s, request -> submit_sm, ms: p50 {percentile(late, 0.5):.1f}  "
                f"p99 {percentile(late, 0.99):.1f}  max {max(late):.1f};  request -> answer: p50 {answer:.1f}"
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default=",".join(MEASURES))
    given = parser.parse_args()
    run(main(given.count, given.rounds, tuple(given.only.split(","))))
