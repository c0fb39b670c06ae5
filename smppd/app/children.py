"""Processes of the right side as the parent sees them: started, asked, started again when they die, stopped."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from smppd import log, metrics
from smppd.app.channel import Channel
from smppd.app.orders import SERVING, Orders
from smppd.backoff import delay
from smppd.config import Config
from smppd.errors import Silent

STARTING = 30.0  # seconds a child may take to say that it is ready
METRICS = 2.0  # seconds it may take to give its metrics
_HERE = Path(__file__).resolve().parents[2]  # a child finds the packages where this one did
STEADY = 60.0  # seconds after which an earlier death no longer counts


class Child:
    """One process. `run` keeps it alive; what it asks is answered by `questions` and `words`.

    `on_serving` is told whether it serves the listeners of its orders: when it begins to, and when it is gone.
    """

    def __init__(
        self,
        name: str,
        orders: Orders,
        questions: Mapping[str, Callable[[bytes], Awaitable[bytes]]],
        words: Mapping[str, Callable[[bytes], None]],
        on_serving: Callable[[bool], Awaitable[None]],
    ) -> None:
        self.name, self._orders = name, orders
        self._questions, self._words, self._on_serving = questions, words, on_serving
        self._judged_by = orders.config
        self._process: asyncio.subprocess.Process | None = None
        self._channel: Channel | None = None
        self._stopping = False
        self.ready = asyncio.Event()
        self._log = log.get("children").bind(child=name)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    async def run(self) -> None:
        """Start it, and again whenever it dies, later each time."""
        deaths = 0
        loop = asyncio.get_running_loop()
        try:
            while not self._stopping:
                began = loop.time()
                code = await self._live()
                if self._stopping:
                    return
                deaths = 1 if loop.time() - began > STEADY else deaths + 1
                wait = delay(deaths, 0.2, 30.0)
                self._log.error("forwarder process died; started again", code=code, seconds=round(wait, 1))
                await asyncio.sleep(wait)
        finally:
            if self._process is not None and self._process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    self._process.kill()
                await self._process.wait()

    def configure(self, config: Config) -> None:
        """Let it judge, route and know callers by a new configuration; the systems it delivers to stay as they are."""
        store = self._orders.config.store
        self._judged_by = config.model_copy(update={"store": store})
        changed = {"carriers": config.carriers, "policy": config.policy}
        self._orders = replace(self._orders, config=self._orders.config.model_copy(update=changed))
        if self.ready.is_set() and self._channel is not None:  # the next one is started with it
            self._channel.tell("configure", pickle.dumps(self._judged_by))

    async def collect(self) -> None:
        """Fetch its metrics; what it said last stands when it does not answer."""
        if self._channel is None or not self.ready.is_set():
            return
        try:
            given = await self._channel.ask("metrics", patience=METRICS)
        except Silent:
            self._log.warning("metrics not given in time")
        else:
            metrics.CHILDREN.update(self.name, [_sample(raw) for raw in orjson.loads(given)])

    async def stop(self, seconds: float) -> None:
        """Let it finish what is under way within the time, then end it."""
        self._stopping = True
        process, channel = self._process, self._channel
        if process is None or process.returncode is not None or channel is None:
            return
        with contextlib.suppress(Silent):
            await channel.ask("stop", b"%f" % seconds, patience=seconds + 2)
        try:
            async with asyncio.timeout(2):
                await process.wait()
        except TimeoutError:
            self._log.warning("forwarder process did not end in time")
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _live(self) -> int:
        """One life of it; its exit code."""
        self._process = process = await self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        self._channel = channel = Channel(process.stdout, process.stdin, self._questions, self._words)
        hearing = asyncio.create_task(channel.run())
        answer = b""
        try:
            with contextlib.suppress(Silent):
                answer = await channel.ask("start", pickle.dumps(self._orders), patience=STARTING)
            if answer:
                await self._begun(channel, answer == SERVING)
            elif process.returncode is None:
                await self._end(process)
            code = await process.wait()
            await hearing  # what it said last
            return code
        finally:
            hearing.cancel()
            self.ready.clear()
            metrics.CHILDREN.ended(self.name)
            if answer == SERVING:
                await self._on_serving(False)

    async def _begun(self, channel: Channel, serving: bool) -> None:
        if self._judged_by is not self._orders.config:  # changed since its orders were written
            channel.tell("configure", pickle.dumps(self._judged_by))
        if serving:
            await self._on_serving(True)
        self.ready.set()

    async def _started(self) -> asyncio.subprocess.Process:
        here = str(_HERE)
        path = os.environ.get("PYTHONPATH")
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "smppd.app.child",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**24,
            pass_fds=self._orders.listeners,
            start_new_session=True,  # a Ctrl-C reaches the parent, which stops its children in order
            env={**os.environ, "PYTHONPATH": f"{here}:{path}" if path else here},
        )

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        """It has not begun in time, or says that it cannot."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await process.wait()
                return
        with contextlib.suppress(ProcessLookupError):
            process.kill()


def _sample(raw: list[Any]) -> tuple[str, str, dict[str, str], float]:
    name, kind, labels, value = raw
    return name, kind, labels, value
