"""An ESME of a few lines: what the SMSC says is read from the socket, PDU by PDU."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any, Self

import pdu

LIMIT = 5.0


class Esme:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.segments: list[bytes] = []
        self._framer = pdu.Framer()
        self._frames: list[bytes] = []
        self._sequence = 0

    @classmethod
    async def connect(cls, port: int, context: ssl.SSLContext | None = None) -> Self:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        return cls(reader, writer)

    def close(self) -> None:
        self.writer.close()

    def send(self, message: Any) -> None:
        self.writer.write(pdu.encode(message))

    def ask(self, kind: Any, **fields: Any) -> int:
        """Sends a request and returns its sequence number."""
        self._sequence += 1
        self.send(kind(sequence=self._sequence, **fields))
        return self._sequence

    async def frame(self) -> bytes | None:
        """The next whole frame, None at the end of the connection."""
        while not self._frames:
            if self._framer.error is not None:
                raise self._framer.error
            async with asyncio.timeout(LIMIT):
                try:
                    data = await self.reader.read(65536)
                except ConnectionResetError:
                    return None
            if not data:
                return None
            self.segments.append(data)
            self._frames += self._framer.feed(data)
        return self._frames.pop(0)

    async def next(self, kind: Any = None) -> Any:
        """The next PDU (None at the end), which must be of `kind` where one is given."""
        frame = await self.frame()
        message = None if frame is None else pdu.decode(frame)
        if kind is not None:
            assert type(message) is kind
        return message

    async def answer(self, kind: Any, **fields: Any) -> Any:
        """Sends a request and returns the next PDU."""
        self.ask(kind, **fields)
        return await self.next()

    async def bind(self, kind: Any = pdu.BindTransceiver, system_id: str = "moh", password: str = "secret") -> Any:
        return await self.answer(kind, system_id=system_id, password=password)

    def ack(self, message: Any, status: int = 0) -> None:
        kind = pdu.DataSmResp if isinstance(message, pdu.DataSm) else pdu.DeliverSmResp
        self.send(kind(status=status, sequence=message.sequence))

    async def take(self, status: int = 0) -> Any:
        """Receives a message and answers it."""
        message = await self.next()
        self.ack(message, status)
        return message

    async def serve(self) -> None:
        """Receives and answers messages until the end."""
        while (message := await self.next()) is not None:
            self.ack(message)
