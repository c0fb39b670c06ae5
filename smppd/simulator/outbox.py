"""What waits to be delivered, and the load that is made on the way out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from smppd.simulator.ledger import Counters, Piece


@dataclass(slots=True)
class Flood:
    """A load of `count` messages made on the way out; keeps one octet for each."""

    count: int
    make: Callable[[int], bytes]
    counters: Counters
    made: int = 0
    acked: int = 0
    refused: int = 0
    started_at: float = 0.0
    ended_at: float = 0.0
    state: bytearray = field(default_factory=bytearray)
    """Per message: 0 open, 1 acknowledged, 2 refused."""
    on_acked: Callable[[int, float, float], None] | None = None
    """Called with the number of the message and the times it was sent and acknowledged."""

    def __post_init__(self) -> None:
        self.state = bytearray(self.count)

    def next(self) -> Piece | None:
        """The next message, or None when all are made."""
        number = self.made
        if number >= self.count:
            return None
        self.made = number + 1
        return Piece(self.make(number), self, number)

    def settled(self, piece: Piece, status: int, now: float) -> None:
        self.state[piece.index] = 2 if status else 1
        if status:
            self.refused += 1
            self.counters.refused += 1
        else:
            self.acked += 1
            self.counters.acked += 1
            if self.on_acked is not None:
                self.on_acked(piece.index, piece.sent_at, now)
        if self.done:
            self.ended_at = now

    @property
    def done(self) -> bool:
        return self.acked + self.refused >= self.count

    @property
    def seconds(self) -> float:
        """From the call to the last answer."""
        return self.ended_at - self.started_at

    @property
    def per_second(self) -> float:
        """Messages answered per second."""
        return self.count / self.seconds if self.seconds else 0.0


class Outbox:
    """What waits for a link: pieces for a certain link, for an account, for anybody, then the flood."""

    def __init__(self) -> None:
        self._pinned: dict[int, deque[Piece]] = {}
        self._by_account: dict[str, deque[Piece]] = {}
        self._common: deque[Piece] = deque()
        self.flood: Flood | None = None

    def __len__(self) -> int:
        queues = (*self._pinned.values(), *self._by_account.values(), self._common)
        return sum(map(len, queues)) + (self.flood.count - self.flood.made if self.flood else 0)

    def put(self, piece: Piece) -> None:
        self._queue(piece).append(piece)

    def put_back(self, pieces: Iterable[Piece]) -> None:
        """Puts what was sent in vain before everything else, in its order, free to take any link."""
        for piece in reversed(list(pieces)):
            piece.pin = None
            self._queue(piece).appendleft(piece)

    def take(self, link: int, account: str) -> Piece | None:
        """The next piece for the `link`-th receiver, bound by `account`; None when there is none."""
        if self._pinned and (queue := self._pinned.get(link)):
            return queue.popleft()
        if self._by_account and (queue := self._by_account.get(account)):
            return queue.popleft()
        if self._common:
            return self._common.popleft()
        return self.flood.next() if self.flood is not None else None

    def _queue(self, piece: Piece) -> deque[Piece]:
        if piece.pin is not None:
            return self._pinned.setdefault(piece.pin, deque())
        if piece.account is not None:
            return self._by_account.setdefault(piece.account, deque())
        return self._common
