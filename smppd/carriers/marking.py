"""The step before the wire: messages become parts, and the store knows of them before any carrier does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from random import randrange

import asyncpg
from structlog.typing import FilteringBoundLogger

from smppd import metrics
from smppd.carriers.flight import Message, Part
from smppd.config import CarrierConfig
from smppd.model import OutboundState, PartState, ReportDetail
from smppd.smpp.outgoing import EncodeError, Outgoing, Unsendable, compose
from smppd.store.database import DOWN
from smppd.store.outqueue import Claimed, Known, Outqueue, Wanted
from smppd.store.reports import News

_UNSENT = (PartState.SENDING, PartState.WAITING)
_BIT = OutboundState.SENDING.bit


class Marker:
    """Of one carrier; gives every part its place and every set of parts its reference."""

    def __init__(
        self, queue: Outqueue, config: CarrierConfig, logger: FilteringBoundLogger, on_report: Callable[[], None]
    ) -> None:
        self._queue, self._config, self._log, self._on_report = queue, config, logger, on_report
        self._order = 0
        self._reference = randrange(0x10000)
        self.idle = asyncio.Event()  # set while no commit is under way
        self.idle.set()

    def compose(self, claimed: Claimed, now: datetime) -> Message:
        """With the parts that are still to be sent: none when it is `late` or has a `problem`."""
        message = Message(claimed, claimed.total, claimed.expires_at.timestamp())
        if claimed.expires_at <= now:
            message.late = True
            return message
        outgoing = Outgoing(
            claimed.sender,
            claimed.recipient,
            claimed.text,
            claimed.data,
            claimed.options,
            claimed.priority,
            claimed.created_at,
        )
        begun = {part.number: part for part in claimed.parts if part.state not in _UNSENT}
        message.reference = self._reference_of(begun)
        try:
            pdus = compose(outgoing, self._config, message.reference, now)
        except (Unsendable, EncodeError) as problem:
            message.problem = str(problem)
            return message
        message.total = len(pdus)
        for number, pdu in enumerate(pdus, 1):
            part = begun.get(number)
            if part is not None and part.total == message.total:
                if part.state is PartState.UNKNOWN:
                    message.unknown += 1
                else:
                    message.accepted += 1
            else:
                self._order += 1
                message.parts.append(Part(message, number, self._order, pdu))
        return message

    async def mark(self, batch: list[Message]) -> list[Message]:
        """Commit that their parts may be on the wire; those of them that were still ours to send."""
        self.idle.clear()
        try:
            ours = await self._commit(batch)
        finally:
            self.idle.set()
        return [message for message in batch if message.claimed.id in ours]

    async def _commit(self, batch: list[Message]) -> set[int]:
        ids = [message.claimed.id for message in batch]
        parts = [Wanted(m.claimed.id, p.number, m.total, m.reference) for m in batch for p in m.parts]
        news = [_sending(m) for m in batch if m.parts and m.claimed.report & _BIT and not m.claimed.attempts]
        again = False
        while True:
            try:
                with metrics.STORE_SECONDS.labels("mark").time():
                    ours = await self._queue.mark(ids, parts, news=news, again=again)
                if news:
                    self._on_report()
                return ours
            except (*DOWN, asyncpg.PostgresError) as error:
                self._log.warning("sending waits for the database", reason=type(error).__name__)
                self._queue.drop("mark")
                again = True  # it may have been committed
                await asyncio.sleep(0.5)

    def _reference_of(self, begun: dict[int, Known]) -> int:
        """What the phone has begun to receive goes on under the reference it began with."""
        for part in begun.values():
            return part.reference
        self._reference = (self._reference + 1) & 0xFFFF
        return self._reference


def _sending(message: Message) -> News:
    return News(message.claimed.id, OutboundState.SENDING, detail=ReportDetail(parts=message.total))
