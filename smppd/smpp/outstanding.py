"""Requests of ours that have no response yet."""

from __future__ import annotations

from pdu import RESPONSE, Command
from smppd.smpp.timers import NEVER


class Outstanding:
    """At most `window` requests, each for at most `patience` seconds. As patience is equal, the first is the oldest."""

    __slots__ = ("_requests", "patience", "window")

    def __init__(self, window: int, patience: float) -> None:
        self.window = window
        self.patience = patience
        self._requests: dict[int, tuple[int, float]] = {}  # sequence -> command_id of the response, due

    def __len__(self) -> int:
        return len(self._requests)

    def __contains__(self, sequence: int) -> bool:
        return sequence in self._requests

    @property
    def full(self) -> bool:
        """Whether one more request must wait."""
        return len(self._requests) >= self.window

    @property
    def due(self) -> float:
        """When the oldest expires."""
        for _, due in self._requests.values():
            return due
        return NEVER

    def add(self, sequence: int, command_id: int, clock: float) -> None:
        """Wait for the response to a request sent at `clock`."""
        self._requests[sequence] = (command_id | RESPONSE, clock + self.patience)

    def match(self, sequence: int, command_id: int) -> bool:
        """Whether a response answers one of them, which then waits no longer."""
        waiting = self._requests.get(sequence)
        if waiting is None or command_id not in (waiting[0], Command.GENERIC_NACK):
            return False
        del self._requests[sequence]
        return True

    def expired(self, clock: float) -> list[int]:
        """Sequence numbers whose time is over, oldest first; they wait no longer."""
        late = []
        for sequence, (_, due) in self._requests.items():
            if due > clock:
                break
            late.append(sequence)
        for sequence in late:
            del self._requests[sequence]
        return late
