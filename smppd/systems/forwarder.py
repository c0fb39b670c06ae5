"""Brings one system its deliveries: claims, hands out to a fixed number of workers, records, polls.

Where messages and reports go to different places, one forwarder serves each of the two: a callback that nobody takes
holds back no message, and a system that is down holds back no callback.
The adapter owns the wire, `Lines` the order, `Circuit` the patience with the system, `Queue` the rows; here they meet.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime

import asyncpg

from smppd import log, metrics
from smppd.backoff import delay
from smppd.config import SystemConfig
from smppd.desk import Desk
from smppd.errors import StoreDown, StoreError
from smppd.model import BatchResult, Outcome, Verdict
from smppd.store.database import DOWN, Database
from smppd.store.queue import MESSAGES, REPORTS, Claimed, Postponed, Queue, due_in
from smppd.store.status import held, set_paused
from smppd.systems.attempt import attempt
from smppd.systems.circuit import Circuit, failures_for
from smppd.systems.contract import PollFailed, System
from smppd.systems.lines import PER_LINE, Lines
from smppd.systems.recorder import Recorder

LEASE = 15.0  # seconds; renewed every third of it
SWEEP = 1.0  # seconds between looks behind the cursor
NEAR = 10_000  # ids behind the cursor that every sweep looks at: what another node commits late is there
SHARE = 10_000  # waiting rows of older ids that a sweep looks at
CLAIM = 1000  # rows per claim
SILENCE = 60.0  # seconds between lines of the log about deliveries that are tried again
POLL = 1.0  # seconds between looks for work that no hint announced
HEED = 1.0  # seconds between looks whether an operator has paused the system


class LeaseLost(Exception):
    """Another node serves this system now."""


class Forwarder:
    """`run` until cancelled; `stop` lets what is under way end first."""

    def __init__(
        self,
        db: Database,
        name: str,
        config: SystemConfig,
        adapter: System,
        wake: asyncio.Event,
        desk: Desk,
        kinds: Sequence[int] = (MESSAGES, REPORTS),
    ) -> None:
        self._db, self._name, self._config, self._adapter, self._wake = db, name, config, adapter, wake
        self._desk = desk
        self._main = MESSAGES in kinds  # what is said of the system, and asked of it, is this one's business
        self._lease = f"system/{name}" if self._main else f"reports/{name}"
        self._queue = Queue(db, name, kinds)
        self._log = log.get("forwarder").bind(system=name, **({} if self._main else {"of": "reports"}))
        self._stopping = asyncio.Event()
        self._outcomes = {o: metrics.DELIVERIES.labels(name, o) for o in ("delivered", "retry", "dead", "pause")}
        self._seconds = metrics.DELIVERY_SECONDS.labels(name)
        self._doubtful = metrics.MAYBE_DUPLICATE.labels(name)
        self._open = metrics.CIRCUIT_OPEN.labels(name)
        self._by_hand = metrics.SYSTEM_PAUSED.labels(name)
        self._reset()

    def _reset(self) -> None:
        self._lines = Lines()
        self._show(paused=False)
        self._circuit = Circuit(self._config.retry, failures_for(self._adapter.concurrency))
        self._cursor = 0
        self._silent_until = 0.0
        self._doubt_upto = 0
        self._leased = True
        self._more = True  # the database may have rows behind the cursor
        self._swept = 0.0
        self._swept_upto = 0
        self._given_out = 0  # the newest id at the last sweep
        self._settled_upto = 0  # and at the one before it
        self._idle: list[asyncio.Future[list[Claimed]]] = []
        self._under_way = 0
        self._recorder = Recorder(self._queue, self._log, self._lines.forget)
        self._stir = asyncio.Event()
        self._turned = asyncio.Event()  # the circuit opened or closed
        self._poll_soon = asyncio.Event()
        self._free = asyncio.Event()  # no operator has paused the system, as far as is known

    async def run(self) -> None:
        """Serve the system whenever this node has its lease. Never ends by itself."""
        while not self._stopping.is_set():
            try:
                clean = await self._db.lease_is_free(self._lease)
                if not await self._db.take_lease(self._lease, LEASE):
                    await self._pause(LEASE / 3)
                    continue
                self._reset()
                # The last owner did not say goodbye: what it was delivering may have arrived.
                self._doubt_upto = 0 if clean else await self._queue.last_id()
                self._log.info("serving")
                await self._serve()
            except* LeaseLost:
                self._log.warning("another node serves this system now")
            except* (*DOWN, StoreDown) as down:
                self._log.warning("waiting for the database", reason=type(down.exceptions[0]).__name__)
                self._queue.drop_connection("claim")
                await self._pause(1)
        self._queue.close()
        with contextlib.suppress(*DOWN, StoreDown):
            await self._db.release_lease(self._lease)

    async def stop(self) -> None:
        """Take nothing new, wait for what is under way, record it. The caller bounds the time."""
        self._stopping.set()
        self._stir.set()
        await self._settled()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def _settled(self) -> None:
        while self._under_way or self._recorder.waiting:
            await self._recorder.progress()

    async def _serve(self) -> None:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._hold()),
                group.create_task(self._hear()),
                group.create_task(self._heed()),
                group.create_task(self._recorder.run()),
                *(group.create_task(self._worker()) for _ in range(self._adapter.concurrency)),
            ]
            if self._main:
                tasks += [group.create_task(self._note_pauses()), group.create_task(self._admit())]
                if self._adapter.poll_every is not None:
                    tasks.append(group.create_task(self._poll(self._adapter.poll_every)))
            await self._dispatch()
            await self.stop()
            for task in tasks:
                task.cancel()

    async def _hold(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + LEASE
        while True:
            await asyncio.sleep(LEASE / 3)
            try:
                async with asyncio.timeout(LEASE / 3):
                    taken = await self._db.take_lease(self._lease, LEASE)
            except (*DOWN, StoreDown):
                # Nothing new is handed out beyond the lease; what was delivered is recorded when that is possible.
                self._leased = loop.time() < until - LEASE / 3
                continue
            if not taken:
                self._leased = False
                await self._settled()
                raise LeaseLost
            until = loop.time() + LEASE
            self._leased = True
            self._stir.set()

    async def _hear(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            self._more = True
            self._stir.set()

    async def _heed(self) -> None:
        """Know whether an operator has paused the system: nothing is begun before that is known, and while it lasts."""
        paused = False
        while True:
            try:
                paused, before = await held(self._db, self._name), paused
            except (*DOWN, StoreDown, asyncpg.PostgresError) as error:
                self._log.debug("what was known of a pause stands", reason=type(error).__name__)
            else:
                if paused != before:
                    self._log.info("paused by hand" if paused else "resumed by hand")
                if self._main:
                    self._by_hand.set(int(paused))
                if paused:
                    self._free.clear()
                elif not self._free.is_set():
                    self._free.set()
                    self._stir.set()
            await asyncio.sleep(HEED)

    async def _dispatch(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            self._stir.clear()
            now = loop.time()
            allowed = self._allowed(now)
            if allowed > 0:
                await self._claim(now)
            if self._stopping.is_set():
                return  # asked for while we claimed
            allowed = min(allowed, self._allowed(now))  # so may a pause
            while allowed > 0 and self._idle and (batch := self._lines.take(self._batch(), loop.time())):
                self._idle.pop().set_result(batch)
                self._under_way += 1
                allowed -= 1
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._nap(loop.time(), free=allowed > 0 and bool(self._idle))):
                    await self._stir.wait()
            if loop.time() - self._swept >= POLL:
                self._more = True

    def _allowed(self, now: float) -> int:
        """How many attempts more may be begun."""
        if not (self._leased and self._free.is_set()):
            return 0
        return self._circuit.limit(self._adapter.concurrency, now) - self._under_way

    def _batch(self) -> int:
        return 1 if self._circuit.is_open else self._adapter.batch

    def _nap(self, now: float, *, free: bool) -> float:
        """Seconds until there is a reason to look again although nothing stirred; who comes `free` stirs."""
        if self._circuit.is_open and now < self._circuit.open_until:
            return min(POLL, self._circuit.open_until - now)
        due = self._lines.next_due() if free else None
        return POLL if due is None else min(POLL, max(0.0, due - now))

    async def _claim(self, now: float) -> None:
        try:
            await self._fill(now)
        except (*DOWN, asyncpg.PostgresError) as error:
            self._log.warning("waiting for the database", reason=type(error).__name__)
            self._queue.drop_connection("claim")
            self._more = True
            await asyncio.sleep(0.5)
            self._stir.set()

    async def _fill(self, now: float) -> None:
        for lane in list(self._lines.hungry):
            if not self._lines.fits:
                break
            rows = await self._queue.claim_lane(lane, self._lines.after(lane), PER_LINE)
            self._add(rows, now)
            self._lines.fed(lane, len(rows), PER_LINE)
        if now - self._swept >= SWEEP:
            self._swept = now
            await self._sweep(now)
        while self._more and (room := min(CLAIM, self._lines.room)) >= CLAIM // 2:
            rows = await self._queue.claim(self._cursor, self._lines.apart(), room)
            self._more = len(rows) >= room
            if rows:
                self._cursor = rows[-1].delivery.id
                self._add(rows, now)
            if not self._more:
                # Rows of the other kind may be many: they are passed over a few times, and not with each claim.
                self._cursor = max(self._cursor, self._settled_upto)

    async def _sweep(self, now: float) -> None:
        """Look behind the cursor: at the newest ids each time, at the rest in turns, since all of it may be parked."""
        # What had an id at the sweep before is committed by now; what takes longer is found behind the cursor.
        self._settled_upto, self._given_out = self._given_out, await self._queue.last_id()
        near = max(0, self._cursor - NEAR)
        await self._sweep_range(near, self._cursor, now)
        if near:
            end = await self._queue.share(self._swept_upto, near, SHARE)
            last = await self._sweep_range(self._swept_upto, end, now)
            self._swept_upto = 0 if last >= near else last

    async def _sweep_range(self, after: int, upto: int, now: float) -> int:
        limit = min(CLAIM, self._lines.room)
        if not limit:
            return after
        rows = await self._queue.sweep(after, upto, self._lines.apart(), self._lines.held, limit)
        self._add(rows, now)
        return rows[-1].delivery.id if len(rows) == limit else upto

    def _add(self, rows: list[Claimed], now: float) -> None:
        if not rows:
            return
        clock = datetime.now(UTC)
        for row in rows:
            row.delivery.in_doubt = row.delivery.in_doubt or row.delivery.id <= self._doubt_upto
        self._lines.add(
            rows, now, [(row.due_at - clock).total_seconds() if row.delivery.attempts else 0.0 for row in rows]
        )

    async def _worker(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            ticket: asyncio.Future[list[Claimed]] = loop.create_future()
            self._idle.append(ticket)
            self._stir.set()
            batch = await ticket
            result = await attempt(self._adapter, [row.delivery for row in batch], self._log)
            if result.outbound:
                await self._store_outbound(result)
            self._finish(batch, result.outcomes, loop.time())

    def _finish(self, batch: list[Claimed], outcomes: list[Outcome], now: float) -> None:
        retry: dict[int, float] = {}
        clock = datetime.now(UTC)
        for row, outcome in zip(batch, outcomes, strict=True):
            delivery = row.delivery
            age = (clock - delivery.received_at).total_seconds()
            verdict, reason = outcome.verdict, outcome.reason
            untried = verdict is Verdict.PAUSE and outcome.apart
            if (verdict is Verdict.RETRY or untried) and age > self._config.retry.give_up:
                verdict, reason, untried = Verdict.DEAD, f"given up after {age / 3600:.0f} h: {reason}", False
            if untried:
                retry[delivery.id] = outcome.after or 0.0
                continue
            self._outcomes[verdict.value].inc()
            if outcome.in_doubt:
                self._doubtful.inc()
            if verdict is Verdict.DELIVERED:
                self._seconds.observe(age)
                self._recorder.delivered(delivery.id)
            elif verdict is Verdict.DEAD:
                self._log.warning("dead", message=delivery.id, reason=reason)
                self._recorder.dead(delivery.id, reason)
            else:
                retry[delivery.id] = self._postpone(row, verdict, reason, outcome, now)
                continue
            if not outcome.apart:
                self._answered()
        self._under_way -= 1
        self._lines.finish(batch, retry, now)
        self._stir.set()

    def _answered(self) -> None:
        if self._circuit.success():
            self._log.info("answers again")
            self._show(paused=False)
            self._turned.set()

    def _show(self, *, paused: bool) -> None:
        if self._main:
            self._open.set(int(paused))

    def _postpone(self, row: Claimed, verdict: Verdict, reason: str, outcome: Outcome, now: float) -> float:
        delivery, counted = row.delivery, verdict is Verdict.RETRY
        delivery.in_doubt = delivery.in_doubt or outcome.in_doubt
        delivery.attempts += counted
        wait = max(delay(delivery.attempts, self._config.retry.first, self._config.retry.max), outcome.after or 0.0)
        if not outcome.apart and self._circuit.failure(now, row.lane, reason, pause=not counted, after=outcome.after):
            seconds = self._circuit.open_until - now
            self._log.warning("not asked for a while", reason=reason, seconds=round(seconds, 1))
            self._show(paused=True)
            self._turned.set()
        elif not self._circuit.is_open and now >= self._silent_until:
            self._log.warning("tried again later", message=delivery.id, reason=reason, seconds=round(wait, 1))
            self._silent_until = now + SILENCE
        if self._circuit.is_open and not outcome.apart:
            # The system is at fault, not this message: it is the probe when the circuit allows one.
            wait = min(wait, max(0.0, self._circuit.open_until - now))
        self._recorder.postponed(Postponed(delivery.id, due_in(wait), counted, outcome.in_doubt, reason))
        return wait

    async def _note_pauses(self) -> None:
        """Tell people by the database, too, whether the system is asked; nothing waits for that."""
        loop = asyncio.get_running_loop()
        while True:
            self._turned.clear()
            until = due_in(self._circuit.open_until - loop.time()) if self._circuit.is_open else None
            try:
                await set_paused(self._db, self._name, until, self._circuit.reason)
            except (*DOWN, StoreDown, asyncpg.PostgresError) as error:
                self._log.debug("pause not noted yet", reason=type(error).__name__)
                await asyncio.sleep(1)
            else:
                await self._turned.wait()

    async def _admit(self) -> None:
        """What the system handed over to a version that could not send goes on its way, once."""
        while True:
            try:
                if not await self._desk.admit(self._name, self._adapter.reports):
                    return
            except (*DOWN, StoreError, asyncpg.PostgresError) as error:
                self._log.warning("earlier messages not admitted yet", reason=type(error).__name__)
                await asyncio.sleep(1)

    async def _store_outbound(self, result: BatchResult) -> None:
        for message in result.outbound:
            message.report |= self._adapter.reports
        try:
            results = await self._desk.submit(self._name, result.outbound)
        except StoreError as error:
            # Not acknowledged, so the system hands them out again.
            self._log.warning("handed-out messages not stored yet", count=len(result.outbound), reason=str(error))
        else:
            self._adapter.settled(result.outbound, results)
            if self._adapter.poll_again:
                self._poll_soon.set()

    async def _poll(self, every: float) -> None:
        failures = 0
        while True:
            await self._free.wait()
            wait = every
            try:
                found = await self._adapter.poll()
                failures = 0
                if found:
                    await self._store_outbound(BatchResult([], found))
                if self._adapter.poll_again:
                    wait = 0.0
            except Exception as error:  # noqa: BLE001 - deliveries go on whatever ails the poll
                failures += 1
                wait = delay(failures, self._config.retry.first, min(300.0, self._config.retry.max))
                if isinstance(error, PollFailed):
                    wait = max(wait, error.after or 0.0)
                    self._log.warning("cannot be polled", reason=str(error), seconds=round(wait, 1))
                else:
                    self._log.error("fault in the adapter", seconds=round(wait, 1), exc_info=error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):  # wait_for may lose the cancellation that ends this
                    await self._poll_soon.wait()
            self._poll_soon.clear()
