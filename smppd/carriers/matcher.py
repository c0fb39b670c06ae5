"""Matches the receipts of one carrier with the parts they speak of, beside its links and its sender.

A receipt may come before the response that names its part. Its keys are put into memory before the database is asked,
and whoever records an id tells us after the commit; so of the two that look for each other the later one finds the
earlier. What both miss, because another node recorded it or memory was full, is found by a slow walk over all that is
parked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import asyncpg

from smppd import log, metrics
from smppd.carriers.choice import Choice, Chosen
from smppd.config import CarrierConfig
from smppd.errors import StoreDown
from smppd.smpp.mapping import receipt_words
from smppd.store import Database, receipts
from smppd.store.database import DOWN
from smppd.store.progress import final
from smppd.store.receipts import Applied, Candidate, Parked

MOST = 100_000  # receipts kept in memory
SHARE = 500  # of them matched in one transaction
SIBLINGS = 20  # receipts of one id; some carriers give many messages the same
PAGE = 1000  # rows of one step of the walk
PACE = 5.0  # seconds between two steps
GRACE = 10.0  # seconds a doubtful match waits for a better one
RETRY = 0.5  # seconds until the database is asked again after it failed


class Matcher:
    """`run` until cancelled; the other methods are called from the same loop and never block."""

    def __init__(self, db: Database, name: str, config: CarrierConfig, on_reports: Callable[[], None]) -> None:
        self._db, self._name, self._on_reports = db, name, on_reports
        base = config.message_id_base
        self._choice = Choice(pinned="as-is" not in (base.response, base.receipt))
        self._waiting: dict[int, Parked] = {}  # by id, the oldest first
        self._by_key: dict[str, set[int]] = {}
        self._due: dict[int, Parked] = {}  # to be looked for
        self._looked: set[int] = set()  # of those in memory, what was looked for in vain
        self._doubtful: dict[int, float] = {}  # until when a better part is waited for
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._log = log.get("matcher").bind(carrier=name)

    def arrived(self, parked: Iterable[Parked]) -> None:
        """Receipts have been committed."""
        for receipt in parked:
            self._keep(receipt)
            self._ask(receipt)

    def recorded(self, keys: Iterable[str]) -> None:
        """Parts have been committed with their carrier's ids; `keys` are the new rows of outkey."""
        for key in keys:
            for one in self._by_key.get(key, ()):
                self._ask(self._waiting[one])

    async def settled(self) -> None:
        """Wait until everything that came has been looked for."""
        await self._idle.wait()

    async def run(self) -> None:
        """Match until cancelled. A database that goes away makes receipts wait, nothing else."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._match())
            group.create_task(self._walk())

    async def _match(self) -> None:
        carrier = await self._carrier_id()
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._due:
                share = self._share()
                if not await self._round(carrier, share):
                    for receipt in share:
                        self._due.setdefault(receipt.id, receipt)
                    await asyncio.sleep(RETRY)
            self._idle.set()

    def _share(self) -> list[Parked]:
        """The next to be looked for, with those of the same id that came before: news of a part keep their order."""
        share = {one: self._due.pop(one) for one in list(self._due)[:SHARE]}
        for receipt in list(share.values()):
            for key in receipt.keys:
                others = self._by_key.get(key, ())
                for one in others if len(others) <= SIBLINGS else ():
                    share[one] = self._waiting[one]
                    self._due.pop(one, None)
        return [share[one] for one in sorted(share)]

    async def _carrier_id(self) -> int:
        while True:
            try:
                return await self._db.carrier_id(self._name)
            except (*DOWN, StoreDown):
                await asyncio.sleep(RETRY)

    async def _walk(self) -> None:
        """Look for all that is parked, quickly when we begin and slowly ever after."""
        carrier, after, fast = await self._carrier_id(), 0, True
        while True:
            try:
                async with self._db.transaction() as connection:
                    page = await receipts.parked(connection, carrier, after, PAGE)
            except (StoreDown, asyncpg.PostgresError):
                await asyncio.sleep(PACE)
                continue
            self._prune(after, page)
            self.arrived(page)
            await self.settled()
            fast, after = fast and bool(page), page[-1].id if page else 0
            now = asyncio.get_running_loop().time()
            for one in [one for one, until in self._doubtful.items() if until <= now]:
                self._ask(self._waiting[one])
            if not fast:
                await asyncio.sleep(PACE)

    def _prune(self, after: int, page: list[Parked]) -> None:
        """Forget what stands no more where this page of the walk was: given up, or matched by another node."""
        there = {receipt.id for receipt in page}
        for one in [one for one in self._waiting if there and after < one <= page[-1].id and one not in there]:
            self._forget(one)

    async def _round(self, carrier: int, share: list[Parked]) -> bool:
        """Look for these; False when the database could not be asked."""
        try:
            await self._look(carrier, share)
        except StoreDown as error:
            self._log.warning("receipts wait for the database", reason=str(error))
            return False
        except asyncpg.PostgresError as error:
            if len(share) > 1:  # one of them is at fault; the others shall not wait for it
                return all([await self._round(carrier, [receipt]) for receipt in share])
            self._log.error("a receipt cannot be matched", id=share[0].id, reason=f"{type(error).__name__}: {error}")
        return True

    async def _look(self, carrier: int, share: list[Parked]) -> None:
        async with self._db.transaction() as connection:
            found = await receipts.candidates(connection, carrier, share)
            chosen = self._choose(share, found)
            parts = {one: (made.part.message, made.part.number) for one, made in chosen.items()}
            applied = await receipts.apply(connection, carrier, parts, receipt_words) if parts else Applied()
        early = 0
        for receipt in share:
            made = chosen.get(receipt.id)
            if made is None:
                if receipt.id in self._waiting:
                    self._looked.add(receipt.id)
            else:
                if receipt.id in applied.receipts:
                    self._choice.learn(receipt, made)
                    metrics.RECEIPTS_MATCHED.labels(self._name, made.word).inc()
                    early += receipt.id in self._looked
                self._forget(receipt.id)
        for kind, count in (("early", early), ("repeated", applied.repeated), ("late", applied.late)):
            metrics.RECEIPTS_ODD.labels(self._name, kind).inc(count)
        if applied.reported:
            self._on_reports()

    def _choose(self, share: list[Parked], found: dict[int, list[Candidate]]) -> dict[int, Chosen]:
        now = asyncio.get_running_loop().time()
        chosen: dict[int, Chosen] = {}
        taken: set[tuple[int, int]] = set()
        for receipt in share:
            made = self._choice.best(receipt, found.get(receipt.id, ()), taken)
            if made is None:
                continue
            if (
                not made.sure
                and receipt.id in self._waiting
                and now < self._doubtful.setdefault(receipt.id, now + GRACE)
            ):
                continue
            chosen[receipt.id] = made
            if final(receipt.state):
                taken.add((made.part.message, made.part.number))
        return chosen

    def _ask(self, receipt: Parked) -> None:
        self._due[receipt.id] = receipt
        self._idle.clear()
        self._wake.set()

    def _keep(self, receipt: Parked) -> None:
        if receipt.id in self._waiting:
            return
        if len(self._waiting) >= MOST:
            oldest = next(iter(self._waiting))
            if oldest > receipt.id:
                return
            self._forget(oldest)
        self._waiting[receipt.id] = receipt
        for key in receipt.keys:
            self._by_key.setdefault(key, set()).add(receipt.id)

    def _forget(self, one: int) -> None:
        self._looked.discard(one)
        self._doubtful.pop(one, None)
        receipt = self._waiting.pop(one, None)
        for key in receipt.keys if receipt else ():
            self._by_key[key].discard(one)
            if not self._by_key[key]:
                del self._by_key[key]
