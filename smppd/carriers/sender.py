"""Moves what waits for one carrier over its links: claims, marks, paces, writes, and has the answers recorded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from heapq import heappop, heappush

import asyncpg

from smppd import log, metrics
from smppd.carriers.circuit import Circuit
from smppd.carriers.flight import Message, Part, expired, final, judged, next_carrier, sent, unsendable
from smppd.carriers.lanes import Lanes
from smppd.carriers.limits import CARRIER, IDLE, PACE, STORE, WINDOW, Limits
from smppd.carriers.marking import Marker
from smppd.carriers.recorder import Recorded, Recorder
from smppd.carriers.recovery import count, recover
from smppd.carriers.smpp import SmppCarrier
from smppd.carriers.supply import Supply
from smppd.carriers.takeover import Takeover
from smppd.config import CarrierConfig
from smppd.model import PartState
from smppd.smpp.events import Outcome, Overdue, Response
from smppd.smpp.ids import response_keys
from smppd.smpp.link import Link
from smppd.smpp.mapping import receipt_words
from smppd.smpp.outgoing import EncodeError
from smppd.smpp.pace import Pace
from smppd.smpp.ports import LinkState
from smppd.smpp.session import WrongState
from smppd.smpp.statuses import Meaning, meanings, status_name, status_reason
from smppd.store import Database
from smppd.store.database import DOWN
from smppd.store.health import Health
from smppd.store.outqueue import Ended, Outqueue, Record, Told, Waiting

AHEAD = 0.25  # seconds of sending that are marked ahead, within one window
FEW = 32  # parts that are marked ahead even where the window is smaller: a commit for each few would cost the speed
NO_LIMIT = 1_000_000_000
TICK = 0.001  # seconds that no timer can tell apart: what is due so soon is due now


class Sender:
    """The sender of one carrier whose lease this node has. `run` until cancelled; `halt` and `finish` end it in order.

    `owns` says whether the lease still holds; `health` how all carriers are, this one among them.
    """

    def __init__(
        self,
        db: Database,
        carrier: SmppCarrier,
        config: CarrierConfig,
        wake: asyncio.Event,
        *,
        owns: Callable[[], bool],
        health: Health,
        recorded: Recorded,
        on_report: Callable[[], None],
        on_moved: Callable[[], None],
    ) -> None:
        self.name, self._config = carrier.name, config
        self._owns, self._health = owns, health
        self._loop = asyncio.get_running_loop()
        self._log = log.get("sender").bind(carrier=self.name)
        self.links = [link for link in carrier.links if link.bind != "receiver"]
        self.queue = Outqueue(db, self.name, receipt_words)
        self.pace = Pace(config.throughput, self._loop.time())
        self.lanes = Lanes()
        self.recorder = Recorder(self.queue, self._log, self._done, recorded, on_report, on_moved)
        self.circuit = Circuit()
        self.limits = Limits(
            self._loop.time(), lambda reason, seconds: metrics.LIMITED.labels(self.name, reason).inc(seconds)
        )
        metrics.PACE.labels(self.name).set_function(lambda: self.pace.rate)
        self._marker = Marker(self.queue, config, self._log)
        self._supply = Supply(
            self.queue, self.lanes, Takeover(self.queue, health), wake, self._log, self._came, self._rate
        )
        self.throttled = 0  # answers since somebody looked
        self.refusal = ""  # what it says while the circuit is open
        self._meaning = meanings(config.status)
        self._window = config.window * len(self.links)
        self._ready: list[tuple[int, int, Part]] = []  # marked, not written: highest priority, then oldest first
        self._flying = 0
        self._halted = False
        self._markable = asyncio.Event()
        self._scheduled = False
        self._timer: asyncio.TimerHandle | None = None
        self._seconds = metrics.SUBMIT_SECONDS.labels(self.name)
        self._accepted = metrics.SUBMITTED_PARTS.labels(self.name, status_name(0))

    # --- life --------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Send until cancelled. First, what an earlier owner left in doubt is settled."""
        try:
            await self._recover()
            async with asyncio.TaskGroup() as group:
                group.create_task(self.recorder.run())
                group.create_task(self._supply.run())
                group.create_task(self._mark())
        finally:
            if self._timer is not None:
                self._timer.cancel()
            self.queue.close()

    def halt(self) -> None:
        """Write nothing more; what was written may still be answered."""
        self._halted = True

    async def finish(self) -> None:
        """After `halt`, when the links are gone: what was never written waits again; until all of it is recorded."""
        await self._marker.idle.wait()
        self.withdraw()
        await self.recorder.drained()

    def withdraw(self) -> None:
        """Give back what was marked and not written, so that it waits as before, or others may take it."""
        ready, self._ready = self._ready, []
        for _, _, part in ready:
            part.message.withdrawn = True
            self._settle(part.message)

    def tend(self) -> None:
        """Once a second or so: what nobody else would notice."""
        if self._ready and (self.circuit.open_until > self._loop.time() or self._health.of(self.name).paused):
            self.withdraw()
        self.changed()

    def returned(self) -> None:
        """The carrier was away, and is back: begin slowly."""
        self.pace.restart(self._loop.time())
        self.changed()

    def changed(self) -> None:
        """A link was bound or lost, or the carrier may be sent to again."""
        if self._ready and not self.bound:
            self.withdraw()  # it comes again behind what was in doubt, in its order, or others take it
        self._markable.set()
        self._soon()

    @property
    def bound(self) -> bool:
        """Whether a link stands that can send."""
        return any(link.state is LinkState.BOUND for link in self.links)

    def _came(self) -> None:
        self._markable.set()

    def _rate(self) -> float:
        return self.pace.rate if self._may_send(self._loop.time()) else 0.0

    def _done(self, ids: Iterable[int], again: bool) -> None:
        self.lanes.forget(ids)
        if again:
            self._supply.behind()

    async def _recover(self) -> None:
        """Settle what an earlier owner of the carrier left in doubt, however long the database is away."""
        record: Record | None = None
        while True:
            try:
                if record is None:
                    record = await recover(self.queue, self._config.in_doubt)
                if record:
                    await self.queue.record(record)
            except (*DOWN, asyncpg.PostgresError) as error:
                self._log.warning("waiting for the database", reason=type(error).__name__)
                self.queue.drop("record")
                await asyncio.sleep(1)
            else:
                break
        if doubtful := count(record, self.name, self._config.in_doubt):
            self._log.warning("the last owner of this carrier ended with parts in doubt", parts=doubtful)

    # --- marking -----------------------------------------------------------------------------------------------------

    async def _mark(self) -> None:
        while True:
            await self._markable.wait()
            self._markable.clear()
            while batch := self._next():
                ours = await self._marker.mark(batch)
                for message in ours:
                    for part in message.parts:
                        heappush(self._ready, (-message.claimed.priority, part.order, part))
                    self._settle(message)
                if len(ours) < len(batch):  # withdrawn by its system, expired, or with another carrier
                    known = {message.claimed.id for message in ours}
                    self.lanes.forget(m.claimed.id for m in batch if m.claimed.id not in known)
                self._pump()
                self._supply.used()

    def _next(self) -> list[Message]:
        """Messages to mark now: about as many parts as one window takes, and the pace in a moment."""
        if not self._may_send(self._loop.time()):
            return []
        room = self._ahead() - len(self._ready)
        batch: list[Message] = []
        now = datetime.now(UTC)
        while room > 0 and (claimed := self.lanes.pop()) is not None:
            batch.append(self._marker.compose(claimed, now))
            room -= len(batch[-1].parts)
        return batch

    def _ahead(self) -> int:
        """How many parts may be marked and not written."""
        if self.circuit.is_open:
            return 1
        return max(1, min(max(self._window, FEW), int(self.pace.rate * AHEAD)))

    def _may_send(self, now: float) -> bool:
        """Whether anything may be written now, as far as it is for others to say."""
        return (
            not self._halted
            and self.bound
            and self._owns()
            and not self._health.of(self.name).paused
            and self._flying < self.circuit.limit(NO_LIMIT, now)
        )

    def _misfit(self, message: Message) -> Ended | Waiting:
        claimed = message.claimed
        if (other := next_carrier(claimed.alternatives, claimed.tried, self._health.usable_id)) is not None:
            left = tuple(each for each in claimed.alternatives if each != other)
            tried = (*claimed.tried, self.queue.id)
            return Waiting(claimed.id, other, None, True, left, tried, message.problem)
        return unsendable(message, message.problem)

    # --- writing -----------------------------------------------------------------------------------------------------

    def _soon(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._pump)

    def _pump(self) -> None:
        """Write as much as windows and pace take."""
        self._scheduled = False
        ready, pace = self._ready, self.pace
        now = self._loop.time()
        wall = time.time()
        reason = IDLE
        while ready:
            part = ready[0][2]
            message = part.message
            if part.state is not PartState.SENDING or message.stopped:
                heappop(ready)  # given up with its message, or about to be: another part of it is under way
                continue
            if not self._may_send(now):
                reason = CARRIER
                break
            link = self._link()
            if link is None:
                reason = WINDOW
                break
            if (wait := pace.wait(now)) > TICK:
                reason = CARRIER if pace.lowered else PACE
                self._at(now + wait)
                break
            heappop(ready)
            if message.expires <= wall:
                message.late = True
                self._settle(message)
            else:
                self._write(link, message, part, now)
        if not ready and (self.lanes or not self._marker.idle.is_set()):
            reason = STORE if self._may_send(now) else CARRIER
        self.limits.blocked(reason, now)
        if len(ready) <= self._ahead() // 2:
            self._markable.set()

    def _link(self) -> Link | None:
        """The link that has most room."""
        best, most = None, 0
        for link in self.links:
            if (room := link.room) > most:
                best, most = link, room
        return best

    def _write(self, link: Link, message: Message, part: Part, now: float) -> None:
        pdu = part.pdu
        assert pdu is not None
        try:
            written = link.request(pdu, partial(self._told, part))
        except WrongState:
            written = False
        except EncodeError as error:
            message.problem = f"{error.field}: {error.reason}"
            self._settle(message)
            return
        if not written:
            heappush(self._ready, (-message.claimed.priority, part.order, part))
            return
        self.pace.spend(now)
        part.sent_at, part.flying = now, True
        message.flying += 1
        self._flying += 1

    def _at(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(when, self._pump)

    # --- answers -----------------------------------------------------------------------------------------------------

    def _told(self, part: Part, outcome: Outcome) -> None:
        if isinstance(outcome, Overdue):
            return  # its answer may still come; only when it can come no more it is in doubt
        now = self._loop.time()
        part.flying = False
        part.message.flying -= 1
        self._flying -= 1
        if isinstance(outcome, Response):
            self._seconds.observe(now - part.sent_at)
            if outcome.status == 0:
                self._accept(part, outcome.message_id, now)
            else:
                self._refuse(part, outcome.status, now)
        elif outcome.written:
            self._doubt(part)
        else:
            self._again(part)
        self._soon()

    def _accept(self, part: Part, message_id: str, now: float) -> None:
        self._accepted.inc()
        self.pace.accepted(now)
        if self.circuit.good():
            self._log.info("the carrier takes messages again")
            self.pace.restart(now)
        message, base = part.message, self._config.message_id_base
        part.state, part.pdu = PartState.ACCEPTED, None
        message.accepted += 1
        message.message_id = message.message_id or message_id
        keys = response_keys(message_id, base.response, base.receipt)
        self.recorder.part(Told(message.claimed.id, part.number, PartState.ACCEPTED, 0, message_id, keys))
        self._settle(message)

    def _refuse(self, part: Part, status: int, now: float) -> None:
        metrics.SUBMITTED_PARTS.labels(self.name, status_name(status)).inc()
        message = part.message
        meaning = final(self._meaning(status), status, message.claimed)
        if meaning is Meaning.THROTTLE:
            metrics.THROTTLED.labels(self.name).inc()
            self.throttled += 1
            self.pace.throttled(now, part.sent_at)
            self._again(part)
            return
        if meaning is Meaning.RETRY or meaning is Meaning.OTHER_CARRIER:
            if (span := self.circuit.bad(now)) > 0:
                self._log.warning("the carrier refuses nearly everything", status=status_reason(status), seconds=span)
                self.refusal = status_reason(status)
        else:
            self.circuit.good()
        message.blame(meaning, status, part.number)
        part.state = PartState.REFUSED if meaning is Meaning.FAIL else PartState.WAITING
        self.recorder.part(Told(message.claimed.id, part.number, part.state, status))
        self._settle(message)

    def _doubt(self, part: Part) -> None:
        """Written, not answered, and no answer can come any more."""
        action = self._config.in_doubt
        metrics.SUBMITTED_PARTS.labels(self.name, "timeout").inc()
        metrics.IN_DOUBT.labels(self.name, action).inc()
        message = part.message
        if action == "resend":
            part.state, message.doubted = PartState.WAITING, True
        else:
            part.state = PartState.UNKNOWN
            message.unknown += 1
        self.recorder.part(Told(message.claimed.id, part.number, part.state, resent=action == "resend"))
        self._settle(message)

    def _again(self, part: Part) -> None:
        """The carrier has not taken it: first again, in its old place."""
        if part.message.stopped:
            self._settle(part.message)
        else:
            heappush(self._ready, (-part.message.claimed.priority, part.order, part))

    def _settle(self, message: Message) -> None:
        """Once none of its parts is under way, say what became of it."""
        if message.flying or message.over or not (message.complete or message.stopped):
            return
        message.over = True
        for part in message.parts:
            if part.state is PartState.SENDING:
                part.state, part.pdu = PartState.WAITING, None
                self.recorder.part(Told(message.claimed.id, part.number, PartState.WAITING))
        if message.complete:
            outcome: Ended | Waiting = sent(message)
        elif message.problem:
            outcome = self._misfit(message)
        elif message.late:
            outcome = expired(message)
        else:
            outcome = judged(message, self.queue.id, self._health.usable_id)
        self.recorder.message(outcome)
