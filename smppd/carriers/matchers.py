"""The matchers of one process: one for each configured carrier, whoever has its lease.

Only one node hears what a carrier sends, and only one sends to it; the others walk over what that node may have left,
which costs little and can match nothing twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from smppd.carriers.matcher import Matcher
from smppd.config import CarrierConfig
from smppd.store import Database
from smppd.store.intake import Parking


class Matchers:
    """`run` until cancelled. `parking` is Intake.receipts; `on_reports` is told when forwarders have work."""

    def __init__(
        self,
        db: Database,
        carriers: Mapping[str, CarrierConfig],
        parking: dict[str, Parking],
        on_reports: Callable[[], None],
    ) -> None:
        self._db, self._parking, self._on_reports = db, parking, on_reports
        self._running: dict[str, tuple[CarrierConfig, Matcher, asyncio.Task[None]]] = {}
        self._wanted: Mapping[str, CarrierConfig] = carriers
        self._changed = asyncio.Event()
        self._changed.set()

    def configure(self, carriers: Mapping[str, CarrierConfig]) -> None:
        """Take over a new configuration: carriers that are new or changed begin afresh with what is parked."""
        self._wanted = carriers
        self._changed.set()

    def recorded(self, carrier: str, parts: Sequence[tuple[int, int, tuple[str, ...]]]) -> None:
        """Message, number and keys of parts that a carrier has accepted, after the commit."""
        if (running := self._running.get(carrier)) is not None:
            running[1].recorded(key for _, _, keys in parts for key in keys)

    async def run(self) -> None:
        """Keep one matcher for each carrier."""
        async with asyncio.TaskGroup() as group:
            while True:
                await self._changed.wait()
                self._changed.clear()
                for name, (config, _, task) in list(self._running.items()):
                    if self._wanted.get(name) != config:
                        del self._running[name], self._parking[name]
                        task.cancel()
                for name, config in self._wanted.items():
                    if name not in self._running:
                        matcher = Matcher(self._db, name, config, self._on_reports)
                        self._running[name] = config, matcher, group.create_task(matcher.run())
                        self._parking[name] = matcher.arrived
