"""Our sequence numbers, and the requests of ours that wait for a response under them."""

from __future__ import annotations

from collections.abc import Container

from pdu import RESPONSE, Command
from smppd.smpp.timers import NEVER

HIGHEST = 0x7FFFFFFF  # sequence_number (SMPP 3.4 section 5.1.4)
_MOST_LATE = 10_000  # of the overdue; for more, the oldest are given up before their time
_NONE = (0, NEVER)

_Waiting = dict[int, tuple[int, float]]  # sequence -> command_id of the response, due


class Outstanding:
    """At most `window` requests, each for `patience` seconds; then for `late` seconds more, outside the window.

    A carrier that is slow answers yet: a request is given up only when that second time is over as well. As the times
    are equal for all, the first of each kind is the oldest. No sequence number that waits, or is in `others`, is taken
    again.
    """

    __slots__ = ("_late", "_others", "_requests", "_wrapped", "late", "patience", "sequence", "window")

    def __init__(self, window: int, patience: float, late: float, others: Container[int] = ()) -> None:
        self.window, self.patience, self.late = window, patience, late
        self.sequence = 0  # the last taken
        self._others = others
        self._wrapped = False
        self._requests: _Waiting = {}
        self._late: _Waiting = {}

    def __len__(self) -> int:
        """Requests in the window."""
        return len(self._requests)

    @property
    def overdue(self) -> int:
        """Requests whose time is over and whose response still counts."""
        return len(self._late)

    @property
    def due(self) -> float:
        """When `expired` or `given_up` has something to say."""
        first = next(iter(self._requests.values()), _NONE)[1]
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
        return sequence in self._requests or sequence in self._late or sequence in self._others

    def add(self, command_id: int, clock: float) -> int:
        """Wait for the response to a request sent at `clock`, under the sequence number returned."""
        sequence = self.take()
        self._requests[sequence] = (command_id | RESPONSE, clock + self.patience)
        return sequence

    def match(self, sequence: int, command_id: int) -> bool | None:
        """Whether the request that a response answers was overdue; None when it answers none. It then waits no more."""
        waiting = self._requests.get(sequence)
        if waiting is not None:
            if command_id != waiting[0] and command_id != Command.GENERIC_NACK:
                return None
            del self._requests[sequence]
            return False
        waiting = self._late.get(sequence)
        if waiting is None or command_id not in (waiting[0], Command.GENERIC_NACK):
            return None
        del self._late[sequence]
        return True

    def drop(self, sequence: int) -> bool:
        """Wait no more for this one; False when it did not wait."""
        return (self._requests.pop(sequence, None) or self._late.pop(sequence, None)) is not None

    def expired(self, clock: float) -> list[int]:
        """Sequence numbers whose time in the window is over, oldest first; they are overdue from now on."""
        found = _past(self._requests, clock)
        for sequence in found:
            response, _ = self._requests.pop(sequence)
            self._late[sequence] = (response, clock + self.late)
        return found

    def given_up(self, clock: float) -> list[int]:
        """Sequence numbers whose second time is over, or that are too many, oldest first; nothing more is known."""
        found = _past(self._late, clock)
        if len(self._late) - len(found) > _MOST_LATE:
            found = list(self._late)[:-_MOST_LATE]
        for sequence in found:
            del self._late[sequence]
        return found

    def close(self) -> list[int]:
        """All that still wait, oldest first; none waits any more."""
        found = [*self._late, *self._requests]
        self._requests.clear()
        self._late.clear()
        return found


def _past(waiting: _Waiting, clock: float) -> list[int]:
    found = []
    for sequence, (_, due) in waiting.items():
        if due > clock:
            break
        found.append(sequence)
    return found
