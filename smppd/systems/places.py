"""Patience with places that messages name themselves: one that fails is left alone for a while, and no other for it."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from yarl import URL

from smppd.config import SystemConfig
from smppd.model import Outcome, Verdict
from smppd.systems.circuit import Circuit, failures_for

_PLACES = 1000  # origins whose trouble is remembered


class Places:
    """The circuits of one system's places."""

    def __init__(self, config: SystemConfig) -> None:
        self._config = config
        self._circuits: OrderedDict[str, Circuit] = OrderedDict()  # place -> the patience with it
        self._probed: set[str] = set()

    async def call(self, url: URL, message: int, trying: Callable[[], Awaitable[Outcome]]) -> Outcome:
        """What `trying` comes to for news of `message`. The outcome says nothing of the system; PAUSE: not tried."""
        place = str(url.origin())
        circuit = self._circuit(place)
        loop = asyncio.get_running_loop()
        if circuit.is_open:
            wait = circuit.open_until - loop.time()
            if wait > 0 or place in self._probed:
                return Outcome(Verdict.PAUSE, circuit.reason, max(wait, 1.0), apart=True)
            self._probed.add(place)
        try:
            outcome = await trying()
        finally:
            self._probed.discard(place)
        outcome.apart = True
        if outcome.verdict is Verdict.RETRY:
            circuit.failure(loop.time(), message, outcome.reason, pause=False, after=outcome.after)
        else:
            circuit.success()
        return outcome

    def _circuit(self, place: str) -> Circuit:
        circuit = self._circuits.pop(place, None) or Circuit(self._config.retry, failures_for(self._config.concurrency))
        self._circuits[place] = circuit
        if len(self._circuits) > _PLACES:
            self._circuits.popitem(last=False)
        return circuit
