"""Our sequence numbers, and the requests of ours that wait for a response under them."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from pdu import RESPONSE, Command
from smppd.smpp.timers import NEVER

HIGHEST = 0x7FFFFFFF  # sequence_number (SMPP 3.4 section 5.1.4)
_MOST_LATE = 10_000  # of the overdue; for more, the oldest are given up before their time

# command_id of the response, when its time is over, whether it is overdue, and what the driver gave along. A plain
# tuple: one is made for every message sent.
Waiting = tuple[int, float, bool, Any]
_NONE: Waiting = (0, NEVER, False, None)


class Outstanding:
    """At most `window` requests, each for `patience` seconds; then for `late` seconds more, outside the window.

    A carrier that is slow answers yet: a request is given up only when that second time is over as well. As the times
    are equal for all, the first of each kind is the oldest. No sequence number that waits, or is in `others`, is taken
    again.
    """

    __slots__ = ("_late", "_others", "_wrapped", "late", "patience", "requests", "sequence", "window")

    def __init__(self, window: int, patience: float, late: float, others: Container[int] = ()) -> None:
        self.window, self.patience, self.late = window, patience, late
        self.sequence = 0  # the last taken
        self._others = others
        self._wrapped = False
        self.requests: dict[int, Waiting] = {}  # in the window, by sequence number
        self._late: dict[int, Waiting] = {}

    @property
    def overdue(self) -> int:
        """Requests whose time is over and whose response still counts."""
        return len(self._late)

    @property
    def due(self) -> float:
        """When `expired` or `given_up` has something to say."""
        first = next(iter(self.requests.values()), _NONE)[1]
        return min(first, next(iter(self._late.values()), _NONE)[1])

    def take(self) -> int:
        """The next free sequence number."""
        sequence = self.sequence + 1
        if self._wrapped or sequence > HIGHEST:
            self._wrapped = True
            while sequence > HIGHEST or self._taken(sequence):
                sequence = 1 if sequence > HIGHEST else sequence + 1
        self.sequence = sequence
        return sequence

    def _taken(self, sequence: int) -> bool:
        return sequence in self.requests or sequence in self._late or sequence in self._others

    def add(self, command_id: int, clock: float, told: Any) -> int:
        """Wait for the response to a request sent at `clock`, under the sequence number returned."""
        sequence = self.sequence = self.sequence + 1 if not self._wrapped and self.sequence < HIGHEST else self.take()
        self.requests[sequence] = (command_id | RESPONSE, clock + self.patience, False, told)
        return sequence

    def match(self, sequence: int, command_id: int) -> Waiting | None:
        """The request that a response answers, which then waits no more; None when it answers none."""
        requests = self.requests
        waiting = requests.get(sequence)
        if waiting is None:
            requests = self._late
            waiting = requests.get(sequence)
            if waiting is None:
                return None
        if command_id != waiting[0] and command_id != Command.GENERIC_NACK:
            return None
        del requests[sequence]
        return waiting

    def drop(self, sequence: int) -> Waiting | None:
        """Wait no more for this one; None when it did not wait."""
        return self.requests.pop(sequence, None) or self._late.pop(sequence, None)

    def expired(self, clock: float) -> list[tuple[int, Waiting]]:
        """Requests whose time in the window is over, oldest first; they are overdue from now on."""
        found = _past(self.requests, clock)
        for sequence, (response, _, _, told) in found:
            del self.requests[sequence]
            self._late[sequence] = (response, clock + self.late, True, told)
        return found

    def given_up(self, clock: float) -> list[tuple[int, Waiting]]:
        """Requests whose second time is over, or that are too many, oldest first; nothing more is known of them."""
        found = _past(self._late, clock)
        if len(self._late) - len(found) > _MOST_LATE:
            found = list(self._late.items())[:-_MOST_LATE]
        for sequence, _ in found:
            del self._late[sequence]
        return found

    def close(self) -> list[tuple[int, Waiting]]:
        """All that still wait, oldest first; none waits any more."""
        found = [*self._late.items(), *self.requests.items()]
        self.requests.clear()
        self._late.clear()
        return found


def _past(requests: dict[int, Waiting], clock: float) -> list[tuple[int, Waiting]]:
    found = []
    for sequence, waiting in requests.items():
        if waiting[1] > clock:
            break
        found.append((sequence, waiting))
    return found
