"""Asks one carrier what the database says is to be asked: query_sm before a message is given up as unknown, cancel_sm
for one that its system took back.

One question at a time, each in a turn of the pace as if it were a part: submit_sm is not held up by more than that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg

from smppd import log, metrics
from smppd.carriers.smpp import SmppCarrier
from smppd.config import CarrierConfig
from smppd.errors import CarrierError, NotOffered, StoreDown, Unanswered
from smppd.model import PartState
from smppd.smpp.mapping import receipt_words
from smppd.smpp.outgoing import Unsendable
from smppd.smpp.pace import Pace
from smppd.store import Database, inquiries
from smppd.store.database import DOWN
from smppd.store.inquiries import Heard, Inquiry
from smppd.store.progress import final

LOOK = 1.0  # seconds between looks for something to ask
SHARE = 0.1  # of the pace, at most
PATIENCE, AGAIN = 2.0, 0.02  # seconds that a question waits for room in a window, and between looks
QUERY, CANCEL = "query_sm", "cancel_sm"

_STATS = {
    "delivered": "DELIVRD",
    "expired": "EXPIRED",
    "deleted": "DELETED",
    "undelivered": "UNDELIV",
    "rejected": "REJECTD",
    "skipped": "SKIPPED",
}  # as a receipt would say it

T = TypeVar("T")


class _Later(Exception):
    """No link can ask now."""


class Asking:
    """Of a carrier whose lease this node has. `run` until cancelled.

    `owns` says whether the lease still holds; `on_report` is told when forwarders have work.
    """

    def __init__(
        self,
        db: Database,
        carrier: SmppCarrier,
        config: CarrierConfig,
        pace: Pace,
        *,
        owns: Callable[[], bool],
        on_report: Callable[[], None],
    ) -> None:
        self._db, self._carrier, self._pace, self._owns, self._on_report = db, carrier, pace, owns, on_report
        self._offered = {command for command in (QUERY, CANCEL) if getattr(config, command)}
        self._loop = asyncio.get_running_loop()
        self._log = log.get("asking").bind(carrier=carrier.name)

    async def run(self) -> None:
        """Ask until cancelled. What cannot be asked or recorded now stays to be asked."""
        while True:
            try:
                found = await self._round()
            except _Later:
                found = False
            except (*DOWN, StoreDown, asyncpg.PostgresError) as error:
                self._log.debug("what is to be asked waits", reason=type(error).__name__)
                found = False
            if not found:
                await asyncio.sleep(LOOK)

    async def _round(self) -> bool:
        """Ask about the next message; whether there was one."""
        carrier = await self._db.carrier_id(self._carrier.name)
        inquiry = await inquiries.upcoming(self._db, carrier)
        if inquiry is None:
            return False
        if not inquiry.open:
            await inquiries.done(self._db, inquiry)
        elif await (self._drop(inquiry) if inquiry.cancel else self._query(carrier, inquiry)):
            self._on_report()
        return True

    async def _query(self, carrier: int, inquiry: Inquiry) -> bool:
        """Ask what became of each part that had no last word yet, and record it; whether there is news."""
        heard: list[Heard] = []
        said = ""
        for part in inquiry.parts:
            if part.done or not part.message_id or QUERY not in self._offered:
                continue
            answer = await self._ask(QUERY, self._carrier.query, part.message_id, inquiry.sender)
            if isinstance(answer, str):
                said = answer
            elif final(answer.state):
                stat, error = _STATS[answer.state], f"{answer.error:03}"
                heard.append(Heard(part.number, part.message_id, answer.state, stat, error))
            else:
                said = f"{self._carrier.name} answers query_sm: {answer.state}"
        return await inquiries.answered(self._db, carrier, inquiry, heard, said, receipt_words)

    async def _drop(self, inquiry: Inquiry) -> bool:
        """Have each part dropped that is not done with, and record it; whether there is news.

        If the first is kept no other is asked for, so that the message stays whole; of one that is not whole any more
        no part is worth its way.
        """
        name, reported, reason = self._carrier.name, False, ""
        broken = any(part.state is PartState.CANCELLED for part in inquiry.parts)
        if any(part.state is PartState.DELIVERED for part in inquiry.parts):
            return await inquiries.kept(self._db, inquiry, "not dropped: a part has reached the phone", receipt_words)
        for part in inquiry.parts:
            if part.done:
                continue
            if CANCEL not in self._offered:
                answer: str | None = f"{name} is not asked by cancel_sm"
            elif not part.message_id:
                answer = f"{name} gave it no id"
            else:
                answer = await self._ask(CANCEL, self._carrier.cancel, part.message_id, inquiry.sender)
            if answer is None:
                reported |= await self._dropped(inquiry.message, part.number)
                broken = True
                continue
            reason = reason or f"not dropped: {answer}"
            if not broken:
                break
        if reason:
            return await inquiries.kept(self._db, inquiry, reason, receipt_words) or reported
        await inquiries.done(self._db, inquiry)
        return reported

    async def _dropped(self, message: int, number: int) -> bool:
        """Record it for as long as that takes: the carrier would refuse to drop it again."""
        while True:
            try:
                return await inquiries.dropped(self._db, message, number, receipt_words)
            except (*DOWN, StoreDown, asyncpg.PostgresError) as error:
                self._log.warning("an answer waits for the database", reason=type(error).__name__)
                await asyncio.sleep(LOOK)

    async def _ask(self, command: str, question: Callable[[str, str], Awaitable[T]], id: str, sender: str) -> T | str:
        """The answer, or in words why there is none. Raises _Later."""
        await asyncio.sleep(max(1 / (SHARE * self._pace.rate), self._pace.wait(self._loop.time())))
        give_up = self._loop.time() + PATIENCE
        while not self._room:
            if self._loop.time() >= give_up:
                raise _Later
            await asyncio.sleep(AGAIN)
        self._pace.spend(self._loop.time())
        outcome = "answered"
        try:
            return await question(id, sender)
        except NotOffered as error:
            self._offered.discard(command)
            self._log.warning("not asked any more", command=command, reason=error.reason)
            outcome, reason = "refused", str(error)
        except CarrierError as error:
            outcome, reason = "unanswered" if isinstance(error, Unanswered) else "refused", str(error)
        except Unsendable as error:
            outcome, reason = "unanswered", f"{error.field}: {error.reason}"
        finally:
            metrics.INQUIRIES.labels(self._carrier.name, command, outcome).inc()
        return reason

    @property
    def _room(self) -> bool:
        """Whether a link can ask this very moment."""
        return self._owns() and any(link.room for link in self._carrier.links)
