"""Nudges over a clock that the test turns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from smppd.app.nudge import Nudge


class Clock:
    """What `call_later` of the loop was asked for."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def call_later(self, _seconds: float, call: Callable[[], None]) -> Any:
        self.waiting.append(call)
        return call

    def turn(self) -> None:
        """Let the gap end."""
        (call,) = self.waiting
        self.waiting.clear()
        call()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: made)
    return made


def test_the_first_goes_at_once_and_those_within_its_gap_go_as_one_at_its_end(clock: Clock) -> None:
    sent: list[int] = []
    nudge = Nudge(lambda: sent.append(1))
    for _ in range(5):
        nudge.give()
    assert len(sent) == 1
    clock.turn()
    assert len(sent) == 2
    clock.turn()
    assert len(sent) == 2
    assert clock.waiting == []
    nudge.give()
    assert len(sent) == 3
