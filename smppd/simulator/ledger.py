"""The books of the SMSC: what it has to deliver, what was acknowledged, what was refused.

A message is an `Entry` of one or more `Piece`s, one per PDU. A piece is queued, outstanding on a
link, acknowledged, or refused. Nothing is forgotten because a link was lost.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Protocol

#: Command statuses of a response that ask for another attempt: RMSGQFUL, RTHROTTLED, RX_T_APPN.
TEMPORARY = frozenset({0x14, 0x58, 0x64})


class RefusedError(Exception):
    """The ESME refused a message for good, with `status`."""

    def __init__(self, status: int) -> None:
        super().__init__(f"refused with status 0x{status:08x}")
        self.status = status


class Owner(Protocol):
    """Keeps the book for its pieces."""

    def settled(self, piece: Piece, status: int, now: float) -> None: ...


class Piece:
    """One PDU to deliver: its octets around the sequence number, and where it may go."""

    __slots__ = ("account", "attempts", "head", "index", "owner", "pin", "sent_at", "tail")

    def __init__(
        self, octets: bytes, owner: Owner | None, index: int = 0, pin: int | None = None, account: str | None = None
    ) -> None:
        self.octets = octets
        self.owner = owner
        self.index = index
        self.pin = pin
        self.account = account
        self.attempts = 0
        self.sent_at = 0.0

    @property
    def octets(self) -> bytes:
        """The whole PDU, with sequence number 0."""
        return self.head + bytes(4) + self.tail

    @octets.setter
    def octets(self, octets: bytes) -> None:
        self.head = octets[:12]
        self.tail = octets[16:]


@dataclass(slots=True)
class Counters:
    """Totals since the start; messages unless PDUs are named."""

    enqueued: int = 0
    delivered_pdus: int = 0
    acked_pdus: int = 0
    acked: int = 0
    refused: int = 0
    temporary_pdus: int = 0
    redelivered_pdus: int = 0
    timed_out_pdus: int = 0
    late_pdus: int = 0
    receipts: int = 0
    receipts_acked: int = 0
    submits: int = 0
    submits_refused: int = 0
    throttled: int = 0
    binds: int = 0
    binds_refused: int = 0
    links_lost: int = 0
    nacks: int = 0
    undecodable: int = 0


class Entry:
    """One message in the ledger; `statuses` are all answers its PDUs got, in order."""

    def __init__(self, message: Any, kind: str, counters: Counters, now: float) -> None:
        self.message = message
        self.kind = kind
        self.pieces: list[Piece] = []
        self.statuses: list[int] = []
        self.enqueued_at = now
        self.acked_at: float | None = None
        self.refused_status: int | None = None
        self._counters = counters
        self._open = 0
        self._future: asyncio.Future[None] | None = None

    def add(self, octets: bytes, pin: int | None, account: str | None) -> Piece:
        """Another PDU of this message."""
        piece = Piece(octets, self, len(self.pieces), pin, account)
        self.pieces.append(piece)
        self._open += 1
        return piece

    @property
    def attempts(self) -> int:
        """How often its PDUs were sent, all together."""
        return sum(piece.attempts for piece in self.pieces)

    @property
    def state(self) -> str:
        """ "queued", "sent", "acked" or "refused"."""
        if self.refused_status is not None:
            return "refused"
        if self.acked_at is not None:
            return "acked"
        return "sent" if self.attempts else "queued"

    @property
    def acked(self) -> asyncio.Future[None]:
        """Done when every PDU of the message is acknowledged; fails with `RefusedError`."""
        if self._future is None or self._future.cancelled():  # a time limit of one who waits cancels it
            self._future = asyncio.get_running_loop().create_future()
            self._resolve()
        return self._future

    def settled(self, piece: Piece, status: int, now: float) -> None:
        """An answer that is final: acknowledged (0) or refused."""
        self.statuses.append(status)
        self._open -= 1
        if status:
            self.refused_status = status
        elif not self._open:
            self.acked_at = now
        if not self._open:
            if self.refused_status is not None:
                self._counters.refused += 1
            elif self.kind == "receipt":
                self._counters.receipts_acked += 1
            else:
                self._counters.acked += 1
        self._resolve()

    def _resolve(self) -> None:
        if self._future is None or self._future.done():
            return
        if self.refused_status is not None:
            self._future.set_exception(RefusedError(self.refused_status))
        elif self.acked_at is not None:
            self._future.set_result(None)
