"""One connection of an ESME to the SMSC: framing, the bind, the window of deliver_sm, the writing."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

import pdu
from smppd.simulator.habits import spoil
from smppd.simulator.ledger import Piece
from smppd.simulator.writer import Writer

if TYPE_CHECKING:
    from smppd.simulator.smsc import Smsc

HEADER = struct.Struct(">IIII")
_UNKNOWN_COMMAND = 0x00000F0F
_NACK = 0x80000000
_SUBMIT_SM = 0x00000004
#: deliver_sm_resp and data_sm_resp, whose way through is the fast one.
_DELIVERED = frozenset({0x80000005, 0x80000103})


class Link(asyncio.Protocol):
    """The SMSC's end of one TCP connection."""

    def __init__(self, smsc: Smsc) -> None:
        self.smsc = smsc
        self.system_id = ""
        self.bound = ""
        """"receiver", "transmitter", "transceiver", or empty before the bind."""
        self.index = 0
        """Its place among the receivers now bound."""
        self.outstanding: dict[int, Piece] = {}
        self.delivered = 0
        self.peer = ""
        self._loop = asyncio.get_running_loop()
        self._framer = pdu.Framer()
        self._sequence = (smsc.habits.first_sequence - 1) & 0xFFFFFFFF
        self._paused = False
        self._closing = False
        self._enquiring = False
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._transport: asyncio.Transport
        self._writer: Writer
        self.write: Callable[..., None]
        """Queues the chunks of one PDU for this loop turn's write."""

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._writer = Writer(self._transport, self.smsc.habits)
        self.write = self._writer.write
        self.peer = ":".join(map(str, transport.get_extra_info("peername")[:2]))
        self.smsc.connected(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._closing = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        lost = list(self.outstanding.values())
        self.outstanding.clear()
        self.smsc.disconnected(self, lost)

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self.fill()

    def data_received(self, data: bytes) -> None:
        smsc = self.smsc
        if smsc.habits.silent or self._closing:
            return
        if smsc.habits.drop_before_responses and self.outstanding:
            self.abort()
            return
        try:
            frames = self._framer.feed(data)
        except pdu.FramingError:
            frames = []
        now = self._loop.time()
        outstanding = self.outstanding
        taker = smsc.desk.taker
        quick = taker.quick(self)
        for frame in frames:
            _, command, status, sequence = HEADER.unpack_from(frame)
            if quick and command == _SUBMIT_SM:
                taker.take_unread(self, frame, sequence, now)
            elif command not in _DELIVERED:
                smsc.desk.handle(self, frame)
            elif (piece := outstanding.pop(sequence, None)) is None:
                smsc.counters.late_pdus += 1
            else:
                smsc.answered(piece, status, now)
        if self._framer.error is not None:
            self.write(HEADER.pack(16, _NACK, self._framer.error.status, 0))
            self.close()
        if not self._closing:
            self._chance(len(frames))
            self.fill()
        smsc.watch.changed()

    # Sending.

    @property
    def receiving(self) -> bool:
        """Whether deliver_sm may go out here."""
        return self.bound in ("receiver", "transceiver") and not self._closing

    def fill(self) -> None:
        """Sends what waits, as far as the window and the pace allow."""
        smsc = self.smsc
        room = smsc.window - len(self.outstanding)
        if room <= 0 or self._paused or smsc.habits.silent or not self.receiving:
            return
        receivers = smsc.receivers
        now = self._loop.time()
        while room > 0 and not self._closing and receivers.may_send(now):
            piece = smsc.outbox.take(self.index, self.system_id)
            if piece is None:
                break
            receivers.pace.spend(now)
            self._deliver(piece, now)
            room -= 1
        if self.outstanding:
            self._expire_at(now + smsc.habits.response_timeout)

    def next_sequence(self) -> int:
        self._sequence = (self._sequence + 1) & 0xFFFFFFFF
        return self._sequence

    def send(self, message: pdu.Pdu) -> None:
        """Queues a PDU for this loop turn's write."""
        self.write(pdu.encode(message))

    def flush(self) -> None:
        """Writes now what is queued."""
        self._writer.flush()

    def close(self) -> None:
        """Writes what is queued and closes without a further word."""
        self._closing = True
        self._writer.close()

    def abort(self) -> None:
        """Resets the connection."""
        self._closing = True
        self._transport.abort()

    def unbind(self) -> None:
        """Asks for the end; closes when the response comes, or at once as the habit says."""
        self.write(HEADER.pack(16, 0x06, 0, self.next_sequence()))
        if self.smsc.habits.unbind_impatient:
            self.close()
        else:
            self.flush()
            self.smsc.leave(self)

    def enquire(self) -> None:
        """Sends enquire_link; a second one without any answer in between ends the connection."""
        if self._enquiring:
            self.abort()
            return
        self._enquiring = True
        self.write(HEADER.pack(16, 0x15, 0, self.next_sequence()))

    def alive(self) -> None:
        """The ESME answered an enquire_link."""
        self._enquiring = False

    def keep_enquiring(self, interval: float) -> None:
        """Sends enquire_link every `interval` seconds from now on."""

        def tick() -> None:
            self.enquire()
            if not self._closing:
                self._timers["enquire"] = self._loop.call_later(interval, tick)

        self._timers["enquire"] = self._loop.call_later(interval, tick)

    def _deliver(self, piece: Piece, now: float) -> None:
        smsc = self.smsc
        habits = smsc.habits
        if habits.spoils and not piece.attempts:
            piece.octets = spoil(piece.octets, habits)
        self.delivered += 1
        total = smsc.counters.delivered_pdus = smsc.counters.delivered_pdus + 1
        if habits.unknown_command_every and total % habits.unknown_command_every == 0:
            self.write(HEADER.pack(16, _UNKNOWN_COMMAND, 0, self.next_sequence()))
        if habits.nack_zero_every and total % habits.nack_zero_every == 0:
            self.write(HEADER.pack(16, _NACK, 0x03, 0))
        self._put(piece, now)
        for _ in range(habits.duplicates):
            self._put(Piece(piece.octets, None), now)
        if habits.absurd_length_after and self.delivered == habits.absurd_length_after:
            self.write(HEADER.pack(habits.absurd_length, 0x05, 0, self.next_sequence()))
        if habits.drop_after and self.delivered >= habits.drop_after:
            self.close()
        elif habits.unbind_after and self.delivered >= habits.unbind_after:
            self.unbind()

    def _put(self, piece: Piece, now: float) -> None:
        sequence = self._sequence = (self._sequence + 1) & 0xFFFFFFFF
        piece.attempts += 1
        piece.sent_at = now
        self.outstanding[sequence] = piece
        self.write(piece.head, sequence.to_bytes(4, "big"), piece.tail)

    def _expire(self) -> None:
        """Takes back what was not answered in time, and looks again when the next may be due."""
        self._timers.pop("answers", None)
        limit = self.smsc.habits.response_timeout
        now = self._loop.time()
        late = [number for number, piece in self.outstanding.items() if now - piece.sent_at >= limit]
        self.smsc.timed_out([self.outstanding.pop(number) for number in late])
        if self.outstanding and not self._closing:
            oldest = min(piece.sent_at for piece in self.outstanding.values())
            self._expire_at(oldest + limit)

    def _expire_at(self, when: float) -> None:
        """Looks for late answers at `when`, if that is earlier than planned."""
        planned = self._timers.get("answers")
        if planned is not None:
            if planned.when() <= when:
                return
            planned.cancel()
        self._timers["answers"] = self._loop.call_at(when, self._expire)

    def _chance(self, exchanged: int) -> None:
        """The habits that strike at random."""
        habits, dice = self.smsc.habits, self.smsc.dice
        if habits.close_chance and any(dice.random() < habits.close_chance for _ in range(exchanged)):
            self.close()
        elif habits.unbind_chance and any(dice.random() < habits.unbind_chance for _ in range(exchanged)):
            self.unbind()
