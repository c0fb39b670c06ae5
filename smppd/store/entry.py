"""One PDU on its way through the writer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from smppd.model import Answer, Received, ReceivedReceipt
from smppd.store.sessions import SessionRecord


@dataclass(slots=True, eq=False)
class Entry:
    """One PDU on its way through the writer. `id` is its row, `doubt` the earlier row it repeats."""

    record: SessionRecord
    item: Received | ReceivedReceipt
    done: Callable[[Answer], None]
    id: int = 0
    doubt: int = 0
    answered: bool = False

    def answer(self, answer: Answer) -> None:
        """Let the answer go, once."""
        self.answered = True
        self.done(answer)

    def quarantine(self, reason: str) -> None:
        """Keep only what every database takes: the octets and the reason."""
        item = self.item
        body = item.body if isinstance(item, Received) else item.raw
        dcs, esm = (item.data_coding, item.esm_class) if isinstance(item, Received) else (0, 4)
        self.item = Received("", "", body, dcs & 255, esm & 255, item.digest, problem=reason)
