"""Waiting for a state instead of sleeping until it may be there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Watch:
    """Lets coroutines wait until a predicate over their owner's state holds.

    The owner calls `changed` after each change of state; it costs one truth test while nobody
    waits, and it may be called from plain callbacks, which `asyncio.Condition` does not allow.
    """

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    def changed(self) -> None:
        """Wakes those whose predicate has become true."""
        if not self._waiting:
            return
        still: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        for predicate, future in self._waiting:
            if future.done():
                continue
            if predicate():
                future.set_result(None)
            else:
                still.append((predicate, future))
        self._waiting = still

    async def until(
        self,
        predicate: Callable[[], bool],
        timeout: float | None,
        describe: Callable[[], str] = lambda: "the state did not come",
    ) -> None:
        """Returns when `predicate` holds; `TimeoutError` with `describe()` after `timeout` seconds."""
        if predicate():
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((predicate, future))
        try:
            async with asyncio.timeout(timeout):  # wait_for would lose a cancellation that comes with the result
                await future
        except TimeoutError:
            raise TimeoutError(f"{describe()} after {timeout} s") from None
