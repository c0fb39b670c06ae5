"""One TCP connection and its session: reads, hands over, writes once per turn of the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Any, cast

from pdu import DataSm, DeliverSm, Pdu, Status
from smppd import log, metrics
from smppd.model import Answer
from smppd.smpp.connect import words
from smppd.smpp.events import (
    Alert,
    BindRefused,
    Bound,
    Cause,
    Closed,
    Delivered,
    Event,
    Lost,
    Outcome,
    Overdue,
    PeerUnbound,
    Proved,
    Response,
    Undecodable,
)
from smppd.smpp.mapping import MappingSettings, received
from smppd.smpp.ports import Intake, LinkState
from smppd.smpp.session import Session
from smppd.smpp.settings import SessionSettings
from smppd.smpp.states import BOUND

STATUS = {
    Answer.STORED: Status.ESME_ROK,
    Answer.REPEATED: Status.ESME_ROK,
    Answer.TEMPORARY: Status.ESME_RX_T_APPN,
    Answer.FULL: Status.ESME_RMSGQFUL,
}
Request = DeliverSm | DataSm | Undecodable
Told = Callable[[Outcome], None]
"""Told what becomes of a request: exactly one Response or Lost, and perhaps one Overdue before it."""

_FEWEST = 1000  # PDUs that may wait for the store before reading stops, however small the window
_MOST_OCTETS = 2**22  # the same in octets, as a carrier may send PDUs of 64 KiB; each is held several times over
_TOLD = 10  # unreadable PDUs of a connection that the log names; a carrier may send nothing else
_LINGER = 2.0  # seconds that the last octets may take
# Why nothing is read for the moment.
_STORE_BUSY, _PEER_BUSY = "the store is busy", "the carrier does not read"
_UNBIND = 2.0  # seconds of a stop that are kept for the unbind itself


class Connection(asyncio.Protocol):
    """Pumps between a transport, a session and the intake. `ended` has the way it ended."""

    def __init__(
        self,
        carrier: str,
        settings: SessionSettings,
        mapping: MappingSettings,
        intake: Intake,
        record: Any,
        changed: Callable[[Connection, LinkState], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._carrier, self._intake, self._record, self._changed = carrier, intake, record, changed
        self._mapping = mapping
        self._log = log.get("link").bind(carrier=carrier)
        self.session = Session(settings)
        self.ended: asyncio.Future[Closed] = self._loop.create_future()
        self.refused = 0  # status of a refused bind
        self._unreadable = 0
        self.bound_at: float | None = None
        self._transport: asyncio.Transport
        self._end: Closed | None = None
        self._waiting = self._octets = 0  # PDUs with the intake, and their size
        self._most = max(_FEWEST, 4 * settings.window)
        self._holding: set[str] = set()
        self._read_at: list[float] = []  # of the answers not yet written
        self._scheduled = False
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0

    # --- what asyncio calls ------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._changed(self, LinkState.BINDING)
        self.session.start(self._loop.time())
        self._flush()

    def data_received(self, data: bytes) -> None:
        read_at = monotonic()
        events = self.session.receive(data, self._loop.time())
        put, record, mapping, done = self._intake.put, self._record, self._mapping, self._done
        for event in events:
            if type(event) is Delivered:
                size = len(event.raw)
                self._waiting += 1
                self._octets += size
                put(record, received(event, mapping), partial(done, event.pdu, size, read_at))
            elif type(event) is Response:
                self._tell(event)
            else:
                self._handle(event, read_at)
        if (self._waiting > self._most or self._octets > _MOST_OCTETS) and self.session.state in BOUND:
            self._hold(_STORE_BUSY)
        self._soon()

    def pause_writing(self) -> None:
        self._hold(_PEER_BUSY)

    def resume_writing(self) -> None:
        self._release(_PEER_BUSY)

    def connection_lost(self, exc: Exception | None) -> None:
        how = f": {words(exc)}" if isinstance(exc, OSError) else ""
        self._lost(f"the carrier closed the connection without unbind{how}")
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.session.strange:
            metrics.BAD_PDUS.labels(self._carrier, "unexpected").inc(self.session.strange.total())
            self._log.info("out of place in this session", kinds=dict(self.session.strange))
        if not self.ended.done():
            self.ended.set_result(self._end or Closed(Cause.CLOSED, "closed"))

    # --- what the link calls -----------------------------------------------------------------------------------------

    def prove(self) -> None:
        """Ask the carrier for a proof of what was answered."""
        self.session.prove(self._loop.time())
        self._soon()

    def request(self, pdu: Pdu, told: Told) -> bool:
        """Send a request, what becomes of it being `told`; False when the window is full.

        Raises WrongState and EncodeError as `Session.request` does.
        """
        if self.session.request(pdu, self._loop.time(), told) is None:
            return False
        if not self._scheduled:
            self._soon()
        return True

    def leave(self, deadline: float) -> None:
        """Take no more, settle what is owed to either side, unbind; `ended` follows. `deadline` on the loop's clock."""
        now = self._loop.time()
        left = max(0.0, deadline - now)
        self._release(_STORE_BUSY)  # responses are still to be read; messages are left to the next bind
        self.session.unbind(now, left - min(_UNBIND, left / 2))
        self._flush()

    def abort(self) -> None:
        """Drop the connection now."""
        self._lost("dropped")
        self._transport.abort()

    # --- between them ------------------------------------------------------------------------------------------------

    def _handle(self, event: Event, read_at: float) -> None:
        match event:
            case Undecodable():
                metrics.BAD_PDUS.labels(self._carrier, "undecodable").inc()
                self._unreadable += 1
                if self._unreadable <= _TOLD:
                    last = {"further": "counted only"} if self._unreadable == _TOLD else {}
                    self._log.warning("kept raw: it cannot be read", reason=event.reason, **last)
                self._put(event, event, read_at)
            case Delivered():
                self._put(event, event.pdu, read_at)
            case Proved():
                self._intake.proved(self._record, event.count)
            case Response() | Overdue() | Lost():
                self._tell(event)
            case Bound():
                self.bound_at = self._loop.time()
                self._changed(self, LinkState.BOUND)
            case PeerUnbound():
                self._changed(self, LinkState.UNBINDING)
            case BindRefused():
                self.refused = event.status
            case Alert():
                self._log.debug("a phone is reachable again", number=event.pdu.source_addr)
            case Closed():
                if event.cause is Cause.BROKEN:
                    metrics.BAD_PDUS.labels(self._carrier, "unframeable").inc()
                self._end = event

    def _tell(self, outcome: Outcome) -> None:
        try:
            outcome.told(outcome)
        except Exception as fault:  # noqa: BLE001 - as with any callback of the loop, the others are told all the same
            self._loop.call_exception_handler(
                {"message": f"an outcome of a request to {self._carrier} was not taken", "exception": fault}
            )

    def _lost(self, reason: str) -> None:
        for event in self.session.lost(reason):
            self._handle(event, 0.0)

    def _put(self, event: Delivered | Undecodable, request: Request, read_at: float) -> None:
        size = len(event.raw)
        self._waiting += 1
        self._octets += size
        self._intake.put(self._record, received(event, self._mapping), partial(self._done, request, size, read_at))

    def _done(self, request: Request, size: int, read_at: float, answer: Answer) -> None:
        self._waiting -= 1
        self._octets -= size
        # Comparing first is what hashing an enum member for every message would cost twice.
        if self.session.answer(request, 0 if answer is Answer.STORED else STATUS[answer]):
            self._read_at.append(read_at)
            if not self._scheduled:
                self._soon()
        if self._holding and self._waiting <= self._most // 2 and self._octets <= _MOST_OCTETS // 2:
            self._release(_STORE_BUSY)

    def _soon(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        """Write what this turn brought, see what time brought, and set the timer."""
        self._scheduled = False
        session = self.session
        now = self._loop.time()
        due = session.deadline()
        if due is not None and due <= now:
            for event in session.tick(now):
                self._handle(event, monotonic())
            due = session.deadline()
        if self._transport.is_closing():
            return
        data = session.take()
        if data:
            self._transport.write(data)
            if self._read_at:
                written = monotonic()
                for read_at in self._read_at:
                    metrics.INTAKE_SECONDS.observe(written - read_at)
                self._read_at.clear()
        if self._end is not None:
            self._close(self._end)
        elif due is not None and (self._timer is None or due < self._due):
            if self._timer is not None:
                self._timer.cancel()
            self._due = due
            self._timer = self._loop.call_at(due, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._flush()

    def _close(self, end: Closed) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if end.cause is Cause.SILENT:
            self._transport.abort()
        else:
            self._transport.close()
            self._timer = self._loop.call_later(_LINGER, self._transport.abort)

    def _hold(self, why: str) -> None:
        if self._transport.is_closing():
            return
        if not self._holding:
            self._transport.pause_reading()
        self._holding.add(why)
        if why != _PEER_BUSY:
            # A carrier that does not read must still be found silent; what we do not read says nothing of it.
            self.session.pause(self._loop.time())

    def _release(self, why: str) -> None:
        if why not in self._holding:
            return
        self._holding.discard(why)
        if not self._holding - {_PEER_BUSY}:
            self.session.resume(self._loop.time())
        if not self._holding and not self._transport.is_closing():
            self._transport.resume_reading()
        self._soon()
