"""The outbound half by the clock: validity, receipts that never come, retention, receipts that nothing matches."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from itertools import islice

from smppd import log, metrics
from smppd.config.carriers import CarrierConfig
from smppd.model import OutboundState, ReportDetail
from smppd.store import reports
from smppd.store.database import Connection, Database
from smppd.store.queries import statement
from smppd.store.reports import News

EXPIRED = "its validity ended before a carrier took it"
UNCONFIRMED = "no receipt in time"
UNMATCHED = timedelta(days=1)  # how long a receipt waits for its part
AGAIN = 86400.0  # seconds between two walks over the whole history
SHARE = 1000  # messages given up in one transaction
ASKED = timedelta(hours=1)  # how long after their time messages wait until their carrier is asked (query_sm)
MOST = 100_000  # messages watched at a time that were passed by the walk while still on their way
_LEFT = CarrierConfig.model_validate({"hosts": ["localhost:2775"], "system_id": ""})  # every default


class OutKeeper:
    """The keeper calls the jobs; each raises what the database raises and goes on at its next turn.

    `on_reports` is told when forwarders have work.
    """

    def __init__(self, db: Database, on_reports: Callable[[], None]) -> None:
        self._db, self._on_reports = db, on_reports
        self._log = log.get("keeper")
        self._walked = time.monotonic()
        self._aged_upto = self._blanked_upto = 0
        self._open: dict[int, None] = {}  # old enough to be overdue, not yet so: sent late, or still to be sent

    async def expire(self) -> None:
        """End messages whose validity is over while no carrier has them."""
        while True:
            async with self._db.transaction() as connection:
                rows = await connection.fetch(statement("outkeeper", "expire"), EXPIRED)
                news = [
                    News(row["id"], OutboundState.EXPIRED, row["reason"], ReportDetail(parts=row["parts"]))
                    for row in rows
                ]
                told = await reports.add(connection, news)
            if told:
                self._on_reports()
            if not rows:
                return
            self._log.warning("messages expired", count=len(rows))

    async def tidy(self) -> None:
        """What can wait a minute: receipts that never come or match nothing, retention."""
        if time.monotonic() - self._walked > AGAIN:  # what was passed by is looked at once more
            self._walked, self._aged_upto, self._blanked_upto = time.monotonic(), 0, 0
        await self.give_up_parked()
        await self.give_up_messages()
        store = self._db.config.store
        self._blanked_upto = await self._walk("blank", store.retain_text, self._blanked_upto)
        await self._walk("forget", store.retain, 0)

    async def give_up_parked(self) -> None:
        """Receipts of messages that we never sent, or whose carrier never told their ids: they stay as history."""
        for carrier, name in (await self._db.names("carrier")).items():
            gone = 0
            while count := await self._db.pool.fetchval(statement("receipt", "give_up"), carrier, UNMATCHED):
                gone += count
            if gone:
                metrics.RECEIPTS_ODD.labels(name, "unmatched").inc(gone)
                self._log.info("receipts match nothing that was sent", carrier=name, count=gone)
            parked = await self._db.pool.fetchval(statement("receipt", "count_parked"), carrier)
            metrics.RECEIPTS_PARKED.labels(name).set(parked)

    async def give_up_messages(self) -> None:
        """Messages that were sent and of which the carrier says nothing more in its time are unknown.

        Where it answers query_sm it is asked before, by whoever has its links; when nobody could, they are unknown too.
        """
        spans = {
            await self._db.carrier_id(name): timedelta(seconds=config.receipt_timeout) if config.receipts else None
            for name, config in self._db.config.carriers.items()
        }
        carriers = self._db.config.carriers
        asked = {await self._db.carrier_id(name) for name, config in carriers.items() if config.query_sm}
        left = timedelta(seconds=_LEFT.receipt_timeout)  # of carriers that are configured no more
        shortest = min(span for span in (*spans.values(), left) if span is not None)
        await self._collect(shortest)
        for share in _shares(list(self._open), SHARE):
            rows = await self._db.pool.fetch(
                statement("outkeeper", "overdue"), share, list(spans), list(spans.values()), left, ASKED
            )
            waiting = {OutboundState.QUEUED, OutboundState.SENT}
            stay = {row["id"] for row in rows if row["state"] in waiting and not row["never"]}
            overdue = [row for row in rows if row["state"] == OutboundState.SENT and row["due"]]
            ask = [row["id"] for row in overdue if row["carrier"] in asked and not row["late"]]
            due = [row["id"] for row in overdue if row["carrier"] not in asked or row["late"]]
            for one in share:
                if one not in stay:
                    self._open.pop(one, None)
            if ask:
                await self._db.pool.execute(statement("inquiry", "query"), ask)
            if due:
                await self._give_up(due)

    async def _collect(self, span: timedelta) -> None:
        """Walk on over what is that old, as far as memory goes, and note what is still on its way."""
        while len(self._open) < MOST:
            row = await self._db.pool.fetchrow(statement("outkeeper", "aged"), span, self._aged_upto)
            if row is None or row["reached"] is None:
                return
            self._open.update(dict.fromkeys(row["open"] or ()))
            self._aged_upto = row["reached"]

    async def _give_up(self, messages: list[int]) -> None:
        async with self._db.transaction() as connection:
            held, told = await give_up(connection, messages, UNCONFIRMED)
            await connection.execute(statement("inquiry", "forget"), held)
        for one in held:
            self._open.pop(one, None)
        if held:
            self._log.info("no receipts in time", count=len(held))
        if told:
            self._on_reports()

    async def _walk(self, name: str, seconds: float, after: int) -> int:
        """Run a statement share by share; return the id it came to."""
        while reached := await self._db.pool.fetchval(statement("outkeeper", name), timedelta(seconds=seconds), after):
            after = reached
        return after


async def give_up(connection: Connection, messages: list[int], why: str) -> tuple[list[int], bool]:
    """Nothing more is expected of these, as far as they are SENT still: which those are, and whether there is news.

    To be called within a transaction.
    """
    held = [row["id"] for row in await connection.fetch(statement("outkeeper", "unconfirmed"), messages)]
    parts = {row["message"]: row for row in await connection.fetch(statement("outkeeper", "unheard_parts"), held)}
    news = []
    for one in held:
        part = parts.get(one)
        detail, reason = ReportDetail(), why
        if part is not None:
            detail = ReportDetail(
                part["message_id"] or "", 0, part["stat"], part["error"], "", part["number"], part["total"]
            )
            reason += f"; the last one said {part['stat']}" if part["stat"] else ""
        news.append(News(one, OutboundState.UNKNOWN, reason, detail))
    await connection.execute(statement("outkeeper", "give_up_messages"), held, [one.reason for one in news])
    return held, await reports.add(connection, news)


def _shares(ids: list[int], size: int) -> list[list[int]]:
    left = iter(ids)
    return list(iter(lambda: list(islice(left, size)), []))
