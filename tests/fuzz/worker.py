"""One process of a run: it feeds the check until its time or its number is up."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

# Nothing that is to be measured may be imported here: coverage is built in while importing.
MEASURED = [
    "pdu",
    *(
        f"smppd.cli.{name}"
        for name in ("explain", "parameters", "carried", "optional", "elements", "meaning", "listing")
    ),
]


class Work(NamedTuple):
    """What one process does. It ends at `frames` or after `seconds`, whichever comes first; 0 is no end.

    An engine guided by coverage does not count frames: it goes on until it is stopped.
    """

    engine: str
    seed: int
    frames: int
    seconds: float
    folder: Path


def engines() -> list[str]:
    """Those that can run here, the best first. Coverage needs atheris; mutation needs nothing."""
    return ["coverage", "mutation"] if find_spec("atheris") else ["mutation"]


def work(task: Work, tally: Any) -> None:
    """Runs a task; `tally` counts inputs, frames and failures (see `guard`) in memory that the parent sees."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent stops us
    if task.engine == "coverage":
        _coverage(task, tally)
    else:
        _mutation(task, tally)


def _mutation(task: Work, tally: Any) -> None:
    from tests.fuzz.guard import FRAMES, Guard
    from tests.fuzz.mutate import mutants
    from tests.fuzz.seeds import seeds
    from tests.fuzz.target import check

    guard = Guard(check, task.folder, tally)
    start = time.monotonic()
    found = seeds()
    for octets in found:
        guard(octets)
    source = mutants(found, Random(task.seed))
    while not (task.frames and tally[FRAMES] >= task.frames):
        if task.seconds and time.monotonic() - start > task.seconds:
            break
        for _ in range(100):
            guard(next(source))


def _coverage(task: Work, tally: Any) -> None:
    task.folder.mkdir(parents=True, exist_ok=True)
    # What the engine has to say goes to a file, what fails to the caller's stderr.
    sys.stderr = open(os.dup(2), "w")  # noqa: SIM115 (open until the end)
    os.dup2(os.open(task.folder / "coverage.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
    import atheris

    with atheris.instrument_imports(include=MEASURED):
        import pdu.declare
        from tests.fuzz.target import check
    # The compiled readers and writers are made while importing, so nothing has seen them yet.
    for functions in (pdu.declare.READERS, pdu.declare.WRITERS):
        for key in functions:
            functions[key] = atheris.instrument_func(functions[key])

    from tests.fuzz.guard import Guard
    from tests.fuzz.mutate import LONGEST, framed
    from tests.fuzz.seeds import seeds

    def mutate(octets: bytes, longest: int, seed: int) -> bytes:
        # As the other engine does: in seven cases of eight the length is put right, to get past it.
        changed = bytes(atheris.Mutate(octets, longest))
        return framed(changed[4:])[:longest] if seed % 8 else changed

    corpus = task.folder / "corpus"  # what reached new code, for the next run
    corpus.mkdir(parents=True, exist_ok=True)
    given = Path(tempfile.mkdtemp(prefix="seeds-", dir=task.folder))
    for index, octets in enumerate(seeds()):
        (given / f"{index:04}").write_bytes(octets)
    options = [
        f"-seed={task.seed}",
        f"-max_len={LONGEST}",
        f"-artifact_prefix={task.folder}/",
        "-verbosity=0",
        "-handle_int=0",
    ]
    if task.seconds:
        options.append(f"-max_total_time={max(round(task.seconds), 1)}")
    # Ten times slower with coverage built in, so ten times the patience.
    guard = Guard(check, task.folder, tally, seconds=20.0)
    atheris.Setup([sys.argv[0], *options, str(corpus), str(given)], guard, custom_mutator=mutate)
    atheris.Fuzz()  # never returns
