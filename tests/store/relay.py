"""A way to PostgreSQL on which one connection can be lost at a chosen moment, while its server process lives on."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

_IDLE = b"Z\0\0\0\5I"  # ReadyForQuery outside of a transaction


class Relay:
    """Carries a PostgreSQL socket in `folder`. Set `mark`, and the next connection that sends these octets is lost:

    with `after_commit` once what they belong to is committed, without a word of it; else at once, in the middle.
    Set `silent`, and nothing comes through any more, though every connection stands.
    """

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self.folder = Path(tempfile.mkdtemp(prefix="smppd-relay-"))
        self.mark: bytes | None = None
        self.after_commit = True
        self.silent = False
        self.lost = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._ways: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(self._carry, self.folder / self._socket.name)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for way in self._ways:
            way.cancel()
        await asyncio.gather(*self._ways, return_exceptions=True)
        (self.folder / self._socket.name).unlink(missing_ok=True)
        self.folder.rmdir()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(str(self._socket))
        found = deaf = False
        idle = True

        async def forth() -> None:
            nonlocal found, deaf
            while data := await reader.read(2**16):
                if self.mark is not None and self.mark in data:
                    self.mark, found = None, True
                deaf = deaf or (found and (idle or b"COMMIT;" in data))
                if self.silent:
                    continue
                back.write(data)
                await back.drain()
                if found and not self.after_commit:
                    self._lose(writer)
                    await asyncio.Event().wait()  # the server's side stays, as it does when a network goes
            back.close()

        async def home() -> None:
            nonlocal idle
            while data := await there.read(2**16):
                idle = data.endswith(_IDLE)
                if self.silent:
                    continue
                if not deaf:
                    writer.write(data)
                elif idle:
                    self._lose(writer)
            writer.close()

        for way in (forth(), home()):
            task = asyncio.create_task(way)
            self._ways.add(task)

    def _lose(self, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()
        self.lost.set()
