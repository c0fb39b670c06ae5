"""Runs the check on one input after another: counts them, stops what hangs, keeps what fails."""

from __future__ import annotations

import hashlib
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

SECONDS = 2.0  # of processor time that one input may take
# What is counted, by place in the tally.
INPUTS, FRAMES, FAILURES = range(3)
DISTINCT = 20  # failures at other lines that are worth keeping


class Hang(BaseException):
    """An input that takes too long. No Exception: no handler of the code under test may swallow it."""


class Guard:
    """Wraps a check. `failures` maps where it failed to the input that did it first."""

    def __init__(
        self, check: Callable[[bytes], int | None], folder: Path, tally: Any = None, seconds: float = SECONDS
    ) -> None:
        self.check, self.folder, self.tally, self.seconds = check, folder, tally, seconds
        self.failures: dict[str, bytes] = {}
        # Processor time, not the clock's: a busy machine makes nothing hang.
        signal.signal(signal.SIGVTALRM, _hang)

    def __call__(self, octets: bytes) -> None:
        """One input. Returns whatever happens."""
        try:
            signal.setitimer(signal.ITIMER_VIRTUAL, self.seconds)
            frames = self.check(octets) or 0
        except (Exception, Hang) as error:  # noqa: BLE001 (whatever it is, it is kept)
            frames = 0
            self._keep(octets, error)
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        if self.tally is not None:
            self.tally[INPUTS] += 1
            self.tally[FRAMES] += frames

    def _keep(self, octets: bytes, error: BaseException) -> None:
        calls = [each for each in traceback.extract_tb(error.__traceback__) if each.name != "require"]
        place = "hang" if isinstance(error, Hang) else f"{type(error).__name__} {calls[-1].filename}:{calls[-1].lineno}"
        if place in self.failures or len(self.failures) >= DISTINCT:
            return
        self.failures[place] = octets
        if self.tally is not None:
            self.tally[FAILURES] += 1
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"failed-{hashlib.sha1(octets, usedforsecurity=False).hexdigest()[:12]}"
        path.write_bytes(octets)
        with suppress(OSError):
            traceback.print_exception(error, file=sys.stderr)
            print(f"fuzz: {len(octets)} octets kept in {path}\nfuzz: {octets[:512].hex()}", file=sys.stderr, flush=True)


def _hang(number: int, frame: FrameType | None) -> None:
    raise Hang
