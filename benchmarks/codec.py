"""Microseconds of CPU per PDU and per text, beside the other SMPP libraries.

python -m benchmarks.codec [--rounds 5]

Each library runs in a process of its own, one after the other within each round; what it reads and writes is compared
before anything is timed. Figures are medians of the rounds; ratios are to aiosmpplib in the same round.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.codecs import CODECS, FIELDS, TLVS, A, B, answered
from benchmarks.texts import LIBRARIES, WORK

HERE = Path(__file__).parent
NODE_MODULES = HERE.parent / "tests" / "interop" / "node_modules"
SECONDS = 0.05  # a batch
YARDSTICK = "aiosmpplib"
TARGETS = (("A", 9.0), ("B", 11.0))  # decode and encode together, times the yardstick

Commands = dict[str, list[str]]
Told = dict[str, Any]


class Differs(Exception):
    """A library reads or writes something else than the PDU says."""


@contextlib.contextmanager
def commands() -> Iterator[tuple[Commands, list[str]]]:
    """How to time each library that is installed, seconds to follow in place of {}; and a line for each that is not."""
    with tempfile.TemporaryDirectory(prefix="smppd-bench-") as folder:
        found: Commands = {name: [sys.executable, "-m", "benchmarks.codecs", name, "{}"] for name in CODECS}
        missing = []
        for name, package in (("aiosmpplib", "aiosmpplib"), ("smpplib", "smpplib"), ("smpp34 (Rust)", "smpp34")):
            if not _importable(package):
                del found[name]
                missing.append(f"{name}: not installed (PyPI: {package})")
        if binary := _compiled(Path(folder)):
            found["libsmpp34 (C)"] = [str(binary), "{}", A.hex(), B.hex()]
        else:
            missing.append("libsmpp34 (C): not installed (Debian: gcc libsmpp34-dev)")
        if shutil.which("node") and (NODE_MODULES / "smpp").exists():
            found["smpp (npm)"] = ["node", str(HERE / "node_smpp.js"), "{}", A.hex(), B.hex()]
        else:
            missing.append("smpp (npm): not installed (npm ci --prefix tests/interop)")
        yield found, missing


def _importable(package: str) -> bool:
    from importlib.util import find_spec

    return find_spec(package) is not None


def _compiled(folder: Path) -> Path | None:
    if not shutil.which("gcc") or not Path("/usr/include/libsmpp34/smpp34.h").exists():
        return None
    binary = folder / "libsmpp34"
    subprocess.run(["gcc", "-O2", "-o", binary, HERE / "libsmpp34.c", "-l:libsmpp34.a"], check=True)
    return binary


def told_by(command: Sequence[str], seconds: float) -> Told:
    """What one process tells."""
    filled = [str(seconds) if word == "{}" else word for word in command]
    env = os.environ | {"NODE_PATH": str(NODE_MODULES)}
    done = subprocess.run(filled, capture_output=True, text=True, check=False, cwd=HERE.parent, env=env)
    if done.returncode:
        raise Differs(f"{filled[:4]}: {done.stderr[-2000:]}")
    told: Told = json.loads(done.stdout)
    return told


def check(told: Told) -> None:
    """Raises Differs unless the fields and the octets are those of A and B; optional parameters in any order."""
    for pdu, fields, frame in zip((A, B), told["fields"], told["frames"], strict=True):
        expected = FIELDS[0 if pdu is A else 1]
        if [*fields[:5], sorted(fields[5])] != [*expected[:5], sorted(expected[5])]:
            raise Differs(f"read {fields}, not {expected}")
        if _in_order(bytes.fromhex(frame)) != _in_order(pdu):
            raise Differs(f"wrote {frame}, not {pdu.hex()}")


def _in_order(frame: bytes) -> tuple[bytes, list[bytes]]:
    """The frame up to its optional parameters, and these sorted."""
    at = len(frame) if len(frame) == len(A) else 156
    head, tlvs = frame[:at], []
    while at < len(frame):
        end = at + 4 + int.from_bytes(frame[at + 2 : at + 4], "big")
        tlvs.append(frame[at:end])
        at = end
    return head, sorted(tlvs)


def check_texts(told: Told) -> None:
    """Raises Differs unless every text came out right."""
    if told["faults"]:
        raise Differs(str(told["faults"]))


def codec_table(rounds: int, seconds: float) -> None:
    """Measure and print the PDUs."""
    with commands() as (found, missing):
        for name, command in found.items():
            try:
                check(told_by(command, 0))
            except Differs as error:
                raise Differs(f"{name} {error}") from None
        runs = [{name: told_by(command, seconds)["us"] for name, command in found.items()} for _ in range(rounds)]
    print(f"\nPDUs, us of CPU, medians of {rounds}: A deliver_sm, 113 octets; B submit_sm, 172, UDH, {len(TLVS)} TLVs")
    titles = ("A decode", "A encode", "B decode", "B encode", "A both", "B both")
    print(f"{'':18}" + "".join(f"{title:>10}" for title in titles) + f"{'A':>10}{'B':>8} x {YARDSTICK}")
    for name in found:
        each = [_with_sums(run[name]) for run in runs]
        row = f"{name:18}" + "".join(f"{statistics.median(column):10.2f}" for column in zip(*each, strict=True))
        print(row + _ratios(runs, name))
    for line in missing:
        print(line)
    for (pdu, target), at in zip(TARGETS, (4, 5), strict=True):
        for name in (YARDSTICK, "libsmpp34 (C)", "smpp34 (Rust)"):
            if name not in found:
                continue
            ratios = [_with_sums(run[name])[at] / _with_sums(run["smppd"])[at] for run in runs]
            wanted = {YARDSTICK: f"; target {target:g}", "libsmpp34 (C)": "; target above 1"}.get(name, "")
            line = f"smppd, {pdu} decode and encode: {statistics.median(ratios):.2f} x the speed of {name}"
            print(f"{line} (rounds {min(ratios):.2f} to {max(ratios):.2f}{wanted})")


def _with_sums(us: list[float]) -> list[float]:
    return [*us, us[0] + us[1], us[2] + us[3]]


def _ratios(runs: list[dict[str, list[float]]], name: str) -> str:
    if YARDSTICK not in runs[0]:
        return ""
    pairs = [(_with_sums(run[YARDSTICK]), _with_sums(run[name])) for run in runs]
    a, b = (statistics.median(theirs[at] / ours[at] for theirs, ours in pairs) for at in (4, 5))
    return f"{a:10.1f}{b:8.1f}"


def text_table(rounds: int, seconds: float) -> None:
    """Measure and print the texts."""
    found = {
        name: [sys.executable, "-m", "benchmarks.texts", name, "{}"] for name in LIBRARIES if _importable_text(name)
    }
    for command in found.values():
        check_texts(told_by(command, 0))
    runs = [{name: told_by(command, seconds)["us"] for name, command in found.items()} for _ in range(rounds)]
    print(f"\ntexts, us of CPU, medians of {rounds}; smpp34 and libsmpp34 leave text to their caller")
    print(f"{'':32}" + "".join(f"{name:>12}" for name in found))
    for work in WORK:
        cells = []
        for name in found:
            values = [run[name][work] for run in runs if work in run[name]]
            cells.append(f"{statistics.median(values):12.2f}" if values else f"{'-':>12}")
        print(f"{work:32}" + "".join(cells))


def _importable_text(name: str) -> bool:
    return name == "smppd" or _importable(name)


def main(rounds: int, seconds: float = SECONDS) -> None:
    """Both tables, on the last of the CPUs that there are."""
    cpus = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cpus)})  # inherited by what is started here
    try:
        codec_table(rounds, seconds)
        us = statistics.median(answered(seconds) for _ in range(rounds))
        print(f"smppd, A cut from a stream, decoded with its text and answered: {us:.2f} us")
        text_table(rounds, seconds)
    finally:
        os.sched_setaffinity(0, cpus)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    main(parser.parse_args().rounds)
