"""Steady traffic for a long time: memory must stay flat and every acknowledged message must be forwarded.

python -m benchmarks.soak [--minutes 60] [--rate 300]
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from benchmarks.load import CountingSink, run
from benchmarks.peers import smppd
from smppd.simulator.smsc import Smsc

GROWTH = 1.10  # of the memory after the first fifth


def resident(pids: list[int]) -> int:
    """Resident memory in KB of these processes and the Python processes they started; PostgreSQL is not ours."""
    total = 0
    for pid in pids:
        try:
            status = Path(f"/proc/{pid}/status").read_text()
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except FileNotFoundError:
            continue
        fields = dict(line.split(":", 1) for line in status.splitlines())
        if "python" in fields["Name"] or "smppd" in fields["Name"]:
            total += int(fields["VmRSS"].split()[0])
        total += resident([int(child) for child in children])
    return total


async def main(minutes: float, rate: float) -> int:
    """0 when memory stayed flat and nothing was lost."""
    smsc, sink = Smsc(accounts={"bench": "bench"}, keep=0), CountingSink()
    port, url = await smsc.start(), await sink.start()
    count = int(minutes * 60 * rate)
    marks: list[int] = []
    async with smppd(port, url) as gateway:
        await smsc.wait_bound(1, 30)
        sink.expect(count)
        flooding = asyncio.create_task(smsc.flood(count, 10, rate=rate, timeout=minutes * 60 + 120))
        while not flooding.done():
            await asyncio.wait({flooding}, timeout=minutes * 60 / 20)
            marks.append(resident(gateway.pids))
            print(f"{sink.total:10,} forwarded, {marks[-1] / 1024:6.1f} MB", flush=True)
            sink.times.clear()
        done = await flooding
        try:
            async with asyncio.timeout(60):
                await sink.enough.wait()
        except TimeoutError:
            print(f"acknowledged {done.acked}, forwarded {sink.total}")
            return 1
    await smsc.stop()
    early, late = marks[len(marks) // 5], max(marks[-3:])
    print(f"{count:,} messages, {early / 1024:.1f} MB after the first fifth, {late / 1024:.1f} MB at the end")
    return 0 if late <= early * GROWTH else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, default=300)
    given = parser.parse_args()
    sys.exit(run(main(given.minutes, given.rate)))
