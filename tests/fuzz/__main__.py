"""Random and mutated frames at everything that reads octets from outside, until time or number is up.

    python -m tests.fuzz --seconds 60
    python -m tests.fuzz --frames 10000000

Half of the processes are guided by coverage where atheris is installed; the others mutate blindly, four times as fast.
Inputs that fail are kept in build/fuzz, and shown with their traceback; then the exit code is 1.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

from tests.fuzz.guard import FAILURES, FRAMES, INPUTS
from tests.fuzz.worker import Work, engines, work

FOLDER = Path("build/fuzz")
REPORT = 10  # seconds between two lines of progress
LOOK = 0.1  # seconds between two looks at how far they are, while all of them run


def main() -> int:
    options = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description="Random and mutated frames at the codec."
    )
    options.add_argument("--seconds", type=float, default=0, help="for so long (60 unless --frames is given)")
    options.add_argument("--frames", type=int, default=0, help="until so many in all were checked")
    options.add_argument("--seed", type=int, default=int(time.time()), help="of the random numbers (default: the time)")
    options.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one per processor)")
    options.add_argument("--engine", choices=["coverage", "mutation", "both"], default="both")
    options.add_argument("--folder", type=Path, default=FOLDER, help=f"of what is kept (default: {FOLDER})")
    given = options.parse_args()
    if not given.frames and not given.seconds:
        given.seconds = 60
    usable = engines() if given.engine == "both" else [given.engine]
    if given.engine != "mutation" and "coverage" not in engines():
        print("fuzz: atheris is not installed, so nothing is guided by coverage", flush=True)
        if given.engine == "coverage":
            return 2
    return _run(given, [usable[index % len(usable)] for index in range(given.jobs)])


def _run(given: argparse.Namespace, kinds: list[str]) -> int:
    context = get_context("spawn")
    given.folder.mkdir(parents=True, exist_ok=True)
    print(f"fuzz: seed {given.seed}, {', '.join(kinds)}", flush=True)
    alone = kinds == ["mutation"]
    running = []
    for index, kind in enumerate(kinds):
        tally = context.RawArray("Q", 3)
        # One blind process ends by itself, always after the same input; others are stopped at the sum.
        task = Work(kind, given.seed + index, given.frames if alone else 0, given.seconds, given.folder)
        process = context.Process(target=work, args=(task, tally), daemon=True)
        process.start()
        running.append((kind, process, tally))
    start = time.monotonic()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the processes would go on alone
    with suppress(KeyboardInterrupt):  # the sum is told all the same
        _watch(running, 0 if alone else given.frames)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    codes = [process.exitcode for _, process, _ in running]
    for _, process, _ in running:
        process.terminate()
        process.join()
    for left in given.folder.glob("seeds-*"):
        shutil.rmtree(left)
    took = time.monotonic() - start
    failures = sum(tally[FAILURES] for _, _, tally in running)
    for kind, _, tally in running:
        print(f"fuzz: {kind}: {tally[INPUTS]:,} inputs with {tally[FRAMES]:,} frames", flush=True)
    total = sum(tally[FRAMES] for _, _, tally in running)
    print(f"fuzz: {total:,} frames in {took:.1f} s, {total / took:,.0f} per second, {failures} failures", flush=True)
    died = [kind for (kind, _, _), code in zip(running, codes, strict=True) if code not in (None, 0)]
    if died:
        print(f"fuzz: ended before its time: {', '.join(died)}", file=sys.stderr, flush=True)
    return 1 if failures or died or not total else 0


def _watch(running: list[tuple[str, Any, Any]], frames: int) -> None:
    """Reports progress until every process has ended, or until `frames` (if not 0) were read in all."""
    start = shown = time.monotonic()
    while alive := [process.sentinel for _, process, _ in running if process.is_alive()]:
        wait(alive, LOOK)
        total = sum(tally[FRAMES] for _, _, tally in running)
        now = time.monotonic()
        if now - shown > REPORT:
            shown = now
            print(f"fuzz: {total:,} frames, {total / (now - start):,.0f} per second", flush=True)
        if frames and total >= frames:
            break


if __name__ == "__main__":
    sys.exit(main())
