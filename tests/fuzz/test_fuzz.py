"""The short form of `make fuzz`, the inputs that once failed, and proof that each fault it looks for is found."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pdu
from tests.fuzz import target
from tests.fuzz.guard import Guard
from tests.fuzz.seeds import long_frames, seeds
from tests.fuzz.worker import engines
from tests.pdu.samples import GOLDEN_DELIVER, GOLDEN_SUBMIT, frame

ROOT = Path(__file__).resolve().parents[2]


def fuzz(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.fuzz", "--folder", str(folder), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_no_seed_fails_nor_any_input_that_once_did() -> None:
    for octets in seeds():
        target.check(octets)


def test_the_longest_frames_take_no_time_that_grows_with_the_square(tmp_path: Path) -> None:
    def each_alphabet(octets: bytes) -> None:
        for choice in range(len(target.ALPHABETS)):
            target.read(octets, choice)
        target.explained(octets, 0)

    guard = Guard(each_alphabet, tmp_path, seconds=2.5)
    for octets in long_frames():
        guard(octets)
    assert guard.failures == {}


@pytest.mark.timeout(600)
def test_the_same_frames_in_every_run(tmp_path: Path) -> None:
    done = fuzz(tmp_path, "--engine", "mutation", "--jobs", "1", "--seed", "1", "--frames", "200000")
    assert done.returncode == 0, done.stdout + done.stderr
    (count,) = re.findall(r"^fuzz: mutation: [\d,]+ inputs with ([\d,]+) frames$", done.stdout, re.MULTILINE)
    assert int(count.replace(",", "")) >= 200_000


@pytest.mark.timeout(600)
@pytest.mark.skipif("coverage" not in engines(), reason="atheris is not built for this Python: mutation runs above")
def test_frames_guided_by_coverage_for_some_seconds(tmp_path: Path) -> None:
    done = fuzz(tmp_path, "--engine", "coverage", "--jobs", "1", "--seed", "1", "--seconds", "10")
    assert done.returncode == 0, done.stdout + done.stderr
    (count,) = re.findall(r"^fuzz: coverage: ([\d,]+) inputs", done.stdout, re.MULTILINE)
    assert int(count.replace(",", "")) > len(seeds())
    assert list((tmp_path / "corpus").iterdir()), "no input reached anything new"


class Stuck(pdu.Framer):
    """A framer that keeps what it gave away."""

    def feed(self, data: bytes) -> list[bytes]:
        found = super().feed(data)
        self._held += b"".join(found)
        return found


class Hoarder(pdu.Framer):
    """A framer that waits for frames beyond its limit."""

    def __init__(self, max_length: int) -> None:
        super().__init__(1 << 31)


def loops(frame: bytes) -> pdu.Pdu:
    while True:
        pass


def leaks(frame: bytes) -> pdu.Pdu:
    raise IndexError("beyond the end")


def forgets(frame: bytes) -> pdu.Pdu:
    value = DECODE(frame)
    return type(value)(sequence=value.sequence)


DECODE = pdu.decode


@pytest.mark.parametrize(
    ("where", "fault", "octets", "kept"),
    [
        ("Framer", Stuck, GOLDEN_DELIVER, "Broken"),
        ("Framer", Hoarder, b"\0\1\0\0" + bytes(8000), "Broken"),
        ("decode", loops, GOLDEN_DELIVER, "hang"),
        ("decode", leaks, GOLDEN_DELIVER, "IndexError"),
        ("decode", forgets, GOLDEN_SUBMIT, "Broken"),
        ("encode", lambda value: frame(0x15), GOLDEN_DELIVER, "Broken"),
        ("parse_receipt", lambda value, sniff=False: value.status[0], GOLDEN_DELIVER, "TypeError"),
    ],
)
def test_a_fault_of_each_kind_is_found_and_its_input_kept(
    where: str, fault: Any, octets: bytes, kept: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdu, where, fault)
    guard = Guard(target.check, tmp_path, seconds=0.2)
    guard(octets)
    guard(octets)
    (place,) = guard.failures
    assert place.startswith(kept)
    (path,) = tmp_path.iterdir()
    assert path.read_bytes() == octets


@pytest.fixture(autouse=True)
def _guard_takes_no_signal_for_good() -> Iterator[None]:
    before = signal.getsignal(signal.SIGVTALRM)
    yield
    signal.signal(signal.SIGVTALRM, before)
