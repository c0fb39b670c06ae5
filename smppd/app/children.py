"""Forwarder processes as the parent sees them: started, asked for their metrics, restarted when they die, stopped."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import sys
from pathlib import Path
from typing import Any

import orjson

from smppd import log, metrics
from smppd.app.orders import Orders
from smppd.backoff import delay
from smppd.config import Config

STARTING = 30.0  # seconds a child may take to say that it is ready
_HERE = Path(__file__).resolve().parents[2]  # a child finds the packages where this one did
STEADY = 60.0  # seconds after which an earlier death no longer counts


class Child:
    """One forwarder process. `run` keeps it alive."""

    def __init__(self, name: str, orders: Orders) -> None:
        self.name, self._orders = name, orders
        self._process: asyncio.subprocess.Process | None = None
        self._asking = asyncio.Lock()
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
                await self._start()
                assert self._process is not None
                code = await self._process.wait()
                self.ready.clear()
                metrics.CHILDREN.ended(self.name)
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
        """Let it judge and route by the carriers and the policy of a new configuration; its systems stay."""
        kept = self._orders.config
        changed = {"carriers": config.carriers, "policy": config.policy}
        self._orders.config = kept.model_copy(update=changed)
        process = self._process
        if self.ready.is_set() and process is not None and process.stdin is not None:
            words = pickle.dumps(self._orders.config)
            with contextlib.suppress(OSError, RuntimeError):  # the next one is started with it
                process.stdin.write(b"configure %d\n" % len(words) + words)

    async def collect(self) -> None:
        """Fetch its metrics; what it said last stands when it does not answer."""
        process = self._process
        if process is None or not self.ready.is_set() or process.stdin is None or process.stdout is None:
            return
        async with self._asking:
            try:
                async with asyncio.timeout(2):
                    process.stdin.write(b"metrics\n")
                    line = await process.stdout.readline()
            except (TimeoutError, OSError, RuntimeError):
                self._log.warning("metrics not given in time")
                return
        if line:
            metrics.CHILDREN.update(self.name, [_sample(raw) for raw in orjson.loads(line)])

    async def stop(self, seconds: float) -> None:
        """Let it finish what is under way within the time, then end it."""
        self._stopping = True
        process = self._process
        if process is None or process.returncode is not None or process.stdin is None:
            return
        with contextlib.suppress(OSError, RuntimeError):
            process.stdin.write(b"stop %f\n" % seconds)
        try:
            async with asyncio.timeout(seconds + 2):
                await process.wait()
        except TimeoutError:
            self._log.warning("forwarder process did not end in time")
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _start(self) -> None:
        here = str(_HERE)
        path = os.environ.get("PYTHONPATH")
        self._process = process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "smppd.app.child",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**24,
            start_new_session=True,  # a Ctrl-C reaches the parent, which stops its children in order
            env={**os.environ, "PYTHONPATH": f"{here}:{path}" if path else here},
        )
        assert process.stdin is not None
        assert process.stdout is not None
        told = self._orders.config
        orders = pickle.dumps(self._orders)
        process.stdin.write(b"%d\n" % len(orders) + orders)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STARTING):
                if await process.stdout.readline() == b"ready\n":
                    self.ready.set()
                    if self._orders.config is not told:
                        self.configure(self._orders.config)
                    return
        with contextlib.suppress(ProcessLookupError):
            process.kill()


def _sample(raw: list[Any]) -> tuple[str, str, dict[str, str], float]:
    name, kind, labels, value = raw
    return name, kind, labels, value
