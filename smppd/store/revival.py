"""Brings the embedded PostgreSQL back when it ends under a running gateway: stopped by hand, no memory, a full disk."""

from __future__ import annotations

import asyncio

from smppd import log
from smppd.errors import StartError
from smppd.store.embedded import EmbeddedServer

LOOK = 1.0  # seconds between looks
LONGEST = 10.0  # seconds between attempts that fail: a disk may have been cleared meanwhile


class Revival:
    """`run` until cancelled; an external database is nobody's to start."""

    def __init__(self, server: EmbeddedServer) -> None:
        self._server = server
        self._log = log.get("store")

    async def run(self) -> None:
        """Look, and start it again for as long as it takes. Nothing that keeps it down ends this."""
        while True:
            await asyncio.sleep(LOOK)
            if not await self._server.running():
                self._log.error("the embedded PostgreSQL has ended; starting it again", log=str(self._server.log))
                await self._revive()
                self._log.warning("the embedded PostgreSQL runs again")

    async def _revive(self) -> None:
        failures = 0
        while True:
            try:
                await self._server.start()
            except StartError as error:
                failures += 1
                if failures == 1 or failures % 10 == 0:
                    self._log.error("not started", reason=str(error))
                await asyncio.sleep(min(LONGEST, LOOK * failures))
            else:
                return
