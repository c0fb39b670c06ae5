"""Two processes of one gateway talk over a pair of pipes: questions with answers, and words that need none, both ways.

Each frame is a line, `kind name number length`, and as many octets. Both ends are ours and of the same version.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from smppd import log
from smppd.errors import Silent

PATIENCE = 5.0  # seconds for an answer

_QUESTION, _ANSWER, _FAILURE, _WORD = "?", "=", "-", "!"


class Writer(Protocol):
    """What a channel needs of the way out; never blocks."""

    def write(self, data: bytes, /) -> object: ...


class Channel:
    """One end. `run` hears the other until it is gone."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: Writer,
        questions: Mapping[str, Callable[[bytes], Awaitable[bytes]]],
        words: Mapping[str, Callable[[bytes], None]],
    ) -> None:
        self._reader, self._writer = reader, writer
        self._questions, self._words = questions, words
        self._numbers = itertools.count(1)
        self._asked: dict[int, asyncio.Future[bytes]] = {}
        self._answering: set[asyncio.Task[None]] = set()
        self._over = False
        self._log = log.get("channel")

    async def ask(self, name: str, octets: bytes = b"", *, patience: float = PATIENCE) -> bytes:
        """The answer, within `patience` seconds. Raises Silent."""
        if self._over:
            raise Silent(name)
        number = next(self._numbers)
        answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._asked[number] = answer
        try:
            self._send(_QUESTION, name, number, octets)
            async with asyncio.timeout(patience):
                return await answer
        except (TimeoutError, OSError, RuntimeError) as error:
            raise Silent(name) from error
        finally:
            del self._asked[number]

    def tell(self, name: str, octets: bytes = b"") -> None:
        """Say it. Nobody learns whether the other one is still there to hear it."""
        with contextlib.suppress(OSError, RuntimeError):
            self._send(_WORD, name, 0, octets)

    async def run(self) -> None:
        """Hear until the other end is closed; then every question fails."""
        try:
            while (line := await self._reader.readline()).endswith(b"\n"):
                kind, name, number, length = line.decode().split()
                self._heard(kind, name, int(number), await self._reader.readexactly(int(length)))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # it went in the middle of a frame
        finally:
            self._over = True
            for answer in self._asked.values():
                if not answer.done():
                    answer.set_exception(Silent("the other process is gone"))
            for task in self._answering:
                task.cancel()

    def _heard(self, kind: str, name: str, number: int, octets: bytes) -> None:
        if kind == _WORD:
            try:
                self._words[name](octets)
            except Exception as fault:  # noqa: BLE001 - it is told here, and what comes next must still be heard
                self._log.error("a word of another process could not be followed", word=name, error=fault)
        elif kind == _QUESTION:
            task = asyncio.create_task(self._answer(name, number, octets))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)
        elif (answer := self._asked.get(number)) is not None and not answer.done():
            if kind == _ANSWER:
                answer.set_result(octets)
            else:
                answer.set_exception(Silent(name))

    async def _answer(self, name: str, number: int, octets: bytes) -> None:
        try:
            kind, answer = _ANSWER, await self._questions[name](octets)
        except Exception as fault:  # noqa: BLE001 - it is told here, and the one who asked shall not wait
            self._log.error("a question of another process failed", question=name, error=fault)
            kind, answer = _FAILURE, b""
        with contextlib.suppress(OSError, RuntimeError):  # who asked is gone
            self._send(kind, name, number, answer)

    def _send(self, kind: str, name: str, number: int, octets: bytes) -> None:
        self._writer.write(b"%b %b %d %d\n%b" % (kind.encode(), name.encode(), number, len(octets), octets))
