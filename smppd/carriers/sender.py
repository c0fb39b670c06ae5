"""Moves what waits for one carrier over its links: claims, marks, paces, writes, and has the answers recorded."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from heapq import heappop, heappush

from smppd import log, metrics
from smppd.carriers.answers import Answers
from smppd.carriers.circuit import Circuit
from smppd.carriers.flight import Message, Part
from smppd.carriers.lanes import Lanes
from smppd.carriers.limits import CARRIER, IDLE, PACE, STORE, WINDOW, Limits
from smppd.carriers.marking import Marker
from smppd.carriers.recorder import Recorded, Recorder
from smppd.carriers.recovery import settle
from smppd.carriers.smpp import SmppCarrier
from smppd.carriers.supply import Supply
from smppd.carriers.takeover import Takeover
from smppd.config import CarrierConfig
from smppd.model import PartState
from smppd.smpp.link import Link
from smppd.smpp.mapping import receipt_words
from smppd.smpp.outgoing import EncodeError
from smppd.smpp.pace import Pace
from smppd.smpp.ports import LinkState
from smppd.smpp.session import WrongState
from smppd.store import Database
from smppd.store.health import Health
from smppd.store.outqueue import Outqueue

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
        self._marker = Marker(self.queue, config, self._log, on_report)
        self._supply = Supply(
            self.queue, self.lanes, Takeover(self.queue, health), wake, self._log, self._came, self._rate
        )
        self.answers = Answers(
            config,
            self.queue,
            self.recorder,
            self.pace,
            self.circuit,
            health.usable_id,
            self._log,
            self._push,
            self._soon,
        )
        self._window = config.window * len(self.links)
        self._ready: list[tuple[int, int, Part]] = []  # marked, not written: highest priority, then oldest first
        self._halted = False
        self._markable = asyncio.Event()
        self._scheduled = False
        self._timer: asyncio.TimerHandle | None = None

    # --- life --------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Send until cancelled. First, what an earlier owner left in doubt is settled."""
        try:
            await settle(self.queue, self._config.in_doubt, self._log)
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
            self.answers.settle(part.message)

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

    # --- marking -----------------------------------------------------------------------------------------------------

    async def _mark(self) -> None:
        while True:
            await self._markable.wait()
            self._markable.clear()
            while batch := self._next():
                ours = await self._marker.mark(batch)
                for message in ours:
                    for part in message.parts:
                        self._push(part)
                    self.answers.settle(message)
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
        return self._is_free() and self._circuit_lets(now)

    def _is_free(self) -> bool:
        return not self._halted and self.bound and self._owns() and not self._health.of(self.name).paused

    def _circuit_lets(self, now: float) -> bool:
        return self.answers.flying < self.circuit.limit(NO_LIMIT, now)

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
        free = self._is_free()
        reason = IDLE
        while ready:
            part = ready[0][2]
            message = part.message
            if part.state is not PartState.SENDING or message.stopped:
                heappop(ready)  # given up with its message, or about to be: another part of it is under way
                continue
            if not (free and self._circuit_lets(now)):
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
                self.answers.settle(message)
            elif not self._write(link, part, now):
                break  # the link says that it has room, and will not
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

    def _write(self, link: Link, part: Part, now: float) -> bool:
        pdu = part.pdu
        assert pdu is not None
        try:
            written = link.request(pdu, partial(self.answers.told, part))
        except WrongState:
            written = False
        except EncodeError as error:
            part.message.problem = f"{error.field}: {error.reason}"
            self.answers.settle(part.message)
            return True
        if written:
            self.pace.spend(now)
            self.answers.wrote(part, now)
        else:
            self._push(part)
        return written

    def _push(self, part: Part) -> None:
        """To be written: the highest priority first, then in the order of marking."""
        heappush(self._ready, (-part.message.claimed.priority, part.order, part))

    def _at(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(when, self._pump)
