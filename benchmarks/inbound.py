"""deliver_sm acknowledged after commit and forwarded one request each, beside Kannel with its durable store.

python -m benchmarks.inbound [--count 20000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import statistics
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from benchmarks.load import CountingSink, Run, flood, percentile, run, steady
from benchmarks.peers import Started, have_kannel, kannel, smppd
from smppd.simulator.smsc import Smsc

Peer = Callable[..., AbstractAsyncContextManager[Started]]
WINDOWS = (10, 100)


async def _measure(peer: Peer, count: int, window: int) -> Run:
    smsc, sink = Smsc(accounts={"bench": "bench"}, keep=0), CountingSink()
    port, url = await smsc.start(), await sink.start()
    async with peer(port, url):
        await smsc.wait_bound(1, 30)
        await flood(smsc, sink, max(1000, count // 10), window)  # warm
        result = await flood(smsc, sink, count, window)
    await smsc.stop()
    return result


async def _latency(peer: Peer, rate: float, seconds: float) -> Run:
    smsc, sink = Smsc(accounts={"bench": "bench"}, keep=0), CountingSink()
    port, url = await smsc.start(), await sink.start()
    async with peer(port, url):
        await smsc.wait_bound(1, 30)
        await steady(smsc, sink, 200, rate)
        result = await steady(smsc, sink, int(rate * seconds), rate)
    await smsc.stop()
    return result


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):,.0f} ({min(values):,.0f} to {max(values):,.0f})"


async def main(count: int, rounds: int) -> None:
    """Peers in turn within each round; medians over rounds; ratios to Kannel."""
    peers: dict[str, Peer] = {"smppd": smppd}
    if have_kannel():
        peers["kannel"] = kannel
    else:
        print("Kannel is not installed (Debian package kannel): no ratios")
    found: dict[tuple[str, int], list[Run]] = defaultdict(list)
    for _ in range(rounds):
        for window in WINDOWS:
            for name, peer in peers.items():
                found[name, window].append(await _measure(peer, count, window))
    print(f"\ndeliver_sm, one link, {count} messages, median of {rounds} (lowest to highest); messages/s")
    print(f"{'':20}{'acknowledged':>28}{'forwarded':>28}{'lost':>6}")
    for (name, window), runs in found.items():
        cells = [_spread([getattr(run, kind) for run in runs]) for kind in ("acked", "forwarded")]
        lost = sum(not run.complete for run in runs)
        print(f"{name + ', window ' + str(window):20}{cells[0]:>28}{cells[1]:>28}{lost:6}")
    if "kannel" in peers:
        for window, target in zip(WINDOWS, (3.0, 6.0), strict=True):
            for kind, word, least in (("acked", "acknowledged", target), ("forwarded", "forwarded", 1.8)):
                ours, theirs = ([getattr(run, kind) for run in found[name, window]] for name in ("smppd", "kannel"))
                middle = statistics.median(ours)
                print(
                    f"window {window}, {word}: {middle / statistics.median(theirs):.2f} x Kannel's median, "
                    f"{middle / max(theirs):.2f} x its best run (target {least:g})"
                )
    print("\nlatency at 200 messages/s, deliver_sm sent -> HTTP request at the system, ms")
    for name, peer in peers.items():
        values = [1000 * v for v in (await _latency(peer, 200, 10)).latencies]
        print(f"{name:24} p50 {percentile(values, 0.5):.1f}  p99 {percentile(values, 0.99):.1f}  max {max(values):.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    run(main(given.count, given.rounds))
