"""The way out of a connection: one write per loop turn, unless a habit cuts or glues."""

from __future__ import annotations

import asyncio

from smppd.simulator.habits import Habits

#: The longest that the habit `glue` holds PDUs back, in seconds.
_GLUE_WAIT = 0.05


class Writer:
    """Collects the PDUs of a loop turn and writes them together."""

    def __init__(self, transport: asyncio.Transport, habits: Habits) -> None:
        self._transport = transport
        self._habits = habits
        self._loop = asyncio.get_running_loop()
        self._chunks: list[bytes] = []
        self._pdus = 0
        self._due = False
        self._glued: asyncio.TimerHandle | None = None
        self._drip = bytearray()
        self._closing = False

    def write(self, *chunks: bytes) -> None:
        """Queues the chunks of one PDU."""
        self._chunks += chunks
        self._pdus += 1
        if not self._due:
            self._due = True
            self._loop.call_soon(self._turn)

    def flush(self) -> None:
        """Writes now what is queued."""
        if self._glued is not None:
            self._glued.cancel()
            self._glued = None
        if self._chunks and not self._transport.is_closing():
            data = b"".join(self._chunks)
            if self._habits.dribble or self._drip:
                if not self._drip:
                    self._loop.call_soon(self._drip_one)
                self._drip += data
            else:
                self._transport.write(data)
        self._chunks = []
        self._pdus = 0

    def close(self) -> None:
        """Writes what is queued, then closes."""
        self.flush()
        self._closing = True
        if not self._drip:
            self._transport.close()

    def _turn(self) -> None:
        self._due = False
        if self._pdus >= self._habits.glue:
            self.flush()
        elif self._pdus and self._glued is None:
            self._glued = self._loop.call_later(_GLUE_WAIT, self.flush)

    def _drip_one(self) -> None:
        if self._transport.is_closing():
            return
        self._transport.write(bytes(self._drip[:1]))
        del self._drip[:1]
        if self._drip:
            self._loop.call_soon(self._drip_one)
        elif self._closing:
            self._transport.close()
