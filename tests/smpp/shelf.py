"""An intake that remembers, and a listener for link states."""

from __future__ import annotations

from collections.abc import Callable

from smppd.errors import StoreDown
from smppd.model import Answer, Received, ReceivedReceipt
from smppd.simulator.watch import Watch
from smppd.smpp.ports import LinkState

Done = Callable[[Answer], None]
PATIENCE = 10.0


class Record:
    """One session on the shelf."""

    def __init__(self, carrier: str, link: int, prove: Callable[[], None]) -> None:
        self.carrier, self.link, self.prove = carrier, link, prove
        self.items: list[Received | ReceivedReceipt] = []
        self.proofs: list[int] = []
        self.closed = 0


class Shelf:
    """Keeps what it is given. `answer` is said at once; None: it is held back until `release`."""

    def __init__(self, answer: Answer | None = Answer.STORED) -> None:
        self.answer = answer
        self.down = ""
        self.opened = 0
        self.records: list[Record] = []
        self.waiting: list[Done] = []
        self.watch = Watch()

    @property
    def items(self) -> list[Received | ReceivedReceipt]:
        return [item for record in self.records for item in record.items]

    async def open(self, carrier: str, link: int, prove: Callable[[], None]) -> Record:
        self.opened += 1
        self.watch.changed()
        if self.down:
            raise StoreDown(self.down)
        record = Record(carrier, link, prove)
        self.records.append(record)
        return record

    def put(self, record: Record, item: Received | ReceivedReceipt, done: Done) -> None:
        assert not record.closed
        record.items.append(item)
        if self.answer is None:
            self.waiting.append(done)
        else:
            done(self.answer)
        self.watch.changed()

    def release(self, answer: Answer = Answer.STORED, count: int | None = None) -> None:
        """Say `answer` to the first `count` that wait."""
        released, self.waiting = self.waiting[:count], self.waiting[len(self.waiting) if count is None else count :]
        for done in released:
            done(answer)

    def proved(self, record: Record, count: int) -> None:
        assert not record.closed
        record.proofs.append(count)
        self.watch.changed()

    def close(self, record: Record) -> None:
        record.closed += 1
        self.watch.changed()

    async def until(self, predicate: Callable[[Shelf], bool], what: str = "it did not come onto the shelf") -> None:
        await self.watch.until(lambda: predicate(self), PATIENCE, lambda: f"{what}: {len(self.items)} items")


class States:
    """Every state told, and waiting for one of them."""

    def __init__(self) -> None:
        self.told: list[tuple[int, LinkState, str]] = []
        self._seen = 0
        self._watch = Watch()

    def __call__(self, carrier: str, link: int, state: LinkState, reason: str) -> None:
        self.told.append((link, state, reason))
        self._watch.changed()

    async def until(self, state: LinkState, reason: str = "", link: int | None = None) -> str:
        """The reason of the next such state told after the last one waited for."""

        def find() -> int | None:
            for at in range(self._seen, len(self.told)):
                number, one, why = self.told[at]
                if one is state and reason in why and link in (None, number):
                    return at
            return None

        await self._watch.until(
            lambda: find() is not None, PATIENCE, lambda: f"no {state} for {reason!r} in {self.told[self._seen :]}"
        )
        at = find()
        assert at is not None
        self._seen = at + 1
        return self.told[at][2]
