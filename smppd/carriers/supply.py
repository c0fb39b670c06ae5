"""Keeps a sender supplied: claims for the lanes that run low, sweeps what the cursors have passed, takes over."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import asyncpg
from structlog.typing import FilteringBoundLogger

from smppd.carriers.lanes import ROOM, Lanes
from smppd.carriers.takeover import FEWEST, Takeover
from smppd.store.database import DOWN
from smppd.store.outqueue import ALL, RECENT, Claimed, Outqueue

POLL = 1.0  # seconds between two looks without a hint
COMPANY = 0.0005  # seconds for each message of the last claim that the next one waits for more to come with it, and
LONGEST = 0.02  # at most: under load one round in the place of ten, and no wait where messages come one by one
FULL_SWEEP = 30.0  # seconds between two sweeps over all that stands before the cursors
GRACE = 10.0  # seconds after our start in which the other carriers may come up, too, before we take from them


class Supply:
    """Fills `lanes` of one carrier and says so by `came`. `wake` is the hint that there may be more.

    `rate` asks how many messages a second can be sent now, 0 while none can: so much is taken over.
    """

    def __init__(
        self,
        queue: Outqueue,
        lanes: Lanes,
        takeover: Takeover,
        wake: asyncio.Event,
        logger: FilteringBoundLogger,
        came: Callable[[], None],
        rate: Callable[[], float],
    ) -> None:
        self._queue, self._lanes, self._takeover, self._wake, self._log = queue, lanes, takeover, wake, logger
        self._came, self._rate = came, rate
        self._low = asyncio.Event()
        self._swept_at = self._all_swept_at = 0.0
        self._company = 0.0

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._claim())
            group.create_task(self._hints())
            group.create_task(self._take_over())

    def used(self) -> None:
        """Something was taken from the lanes."""
        if self._lanes.low:
            self._low.set()

    def behind(self) -> None:
        """Something stands before the cursors that did not stand there before."""
        self._swept_at = self._all_swept_at = 0.0
        self._low.set()

    async def _claim(self) -> None:
        while True:
            self._low.clear()
            try:
                more = await self._look()
            except (*DOWN, asyncpg.PostgresError) as error:
                self._log.warning("claiming waits for the database", reason=type(error).__name__)
                self._queue.drop("claim")
                await asyncio.sleep(POLL)
                continue
            if not more and not self._lanes.low:
                await self._low.wait()

    async def _hints(self) -> None:
        """Something may have come: told, or because it is time to look."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL):
                    await self._wake.wait()
                    await asyncio.sleep(self._company)
            self._wake.clear()
            self._lanes.stirred()
            self._low.set()

    async def _look(self) -> bool:
        """Claim once for every lane that runs low, and sweep when it is time; whether the sweep has to go on."""
        if lanes := self._lanes.wanted():
            claimed = await self._queue.claim(lanes)
            self._lanes.answered(lanes, claimed)
            self._company = min(LONGEST, COMPANY * len(claimed))
            self._took(claimed, ahead=True)
        now = asyncio.get_running_loop().time()
        if now - self._swept_at < POLL:
            return False
        whole = now - self._all_swept_at >= FULL_SWEEP
        cursors = {priority: (at, ROOM) for priority, at in self._lanes.cursors.items()}
        swept = await self._queue.sweep(cursors, self._lanes.held, ALL if whole else RECENT)
        self._took(swept, ahead=False)
        if len(swept) >= ROOM and len(self._lanes) < 2 * ROOM:
            return True
        self._swept_at = now
        if whole and len(swept) < ROOM:
            self._all_swept_at = now
        return False

    def _took(self, claimed: list[Claimed], *, ahead: bool) -> None:
        if self._lanes.add(claimed, ahead=ahead):
            self._came()

    async def _take_over(self) -> None:
        await asyncio.sleep(GRACE)
        while True:
            rate = self._rate()
            if rate and len(self._lanes) < max(FEWEST, min(int(rate), ROOM)):
                try:
                    taken = await self._takeover.look(rate)
                except (*DOWN, asyncpg.PostgresError):
                    self._queue.drop("take")  # the next look is soon
                else:
                    if taken:
                        self._log.info("taken over from carriers that cannot send", messages=taken)
                        self.behind()
            await asyncio.sleep(POLL)
