"""Patience with connections: who opens one and says nothing, or half a request, holds it for a while and no longer.

Each connection takes a file of the process, and carriers and the database need some as well: beyond a share of them the
ones that have been idle for the longest time are closed.
"""

from __future__ import annotations

import asyncio
import resource

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

FIRST = 30.0  # seconds for the head of the first request
NEXT = 75.0  # seconds for an answer to be taken, and the head of another request to come
MOST = 1024  # connections, where the limit of open files allows so many
EVERY = 1.0  # seconds between two looks
LEAVE = 1.0  # seconds until a connection that is dismissed is closed, if it has nothing to answer


class Patience:
    """`middleware` sees when requests begin and end; `watch` closes what waited too long."""

    def __init__(self, most: int | None = None) -> None:
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._most = most if most is not None else max(8, min(files // 2, MOST))
        self._until: dict[web.RequestHandler, float] = {}
        self._busy: set[web.RequestHandler] = set()

    def middleware(self) -> Middleware:
        @web.middleware
        async def attended(request: web.Request, handler: Handler) -> web.StreamResponse:
            connection = request.protocol
            self._busy.add(connection)  # one request at a time
            try:
                return await handler(request)
            finally:
                self._busy.discard(connection)
                self._until[connection] = asyncio.get_running_loop().time() + NEXT

        return attended

    async def watch(self, server: web.Server) -> None:
        """Runs as long as the server."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(EVERY)
            self.look(server.connections, loop.time())

    def look(self, connections: list[web.RequestHandler], now: float) -> None:
        """Close those whose time is over, and of too many the ones that would be closed next."""
        for gone in self._until.keys() - connections:
            del self._until[gone]
        idle = [each for each in connections if each not in self._busy]
        idle.sort(key=lambda each: self._until.setdefault(each, now + FIRST))
        over = max(0, len(connections) - self._most)
        for place, connection in enumerate(idle):
            if place < over or self._until[connection] <= now:
                connection.force_close()

    def dismiss(self, connections: list[web.RequestHandler]) -> None:
        """Take no further request of these, and close each when it has answered what it has begun to read."""
        for connection in connections:
            connection.close()
        # What came a moment ago is being handled only now, and its answer must not be cut off.
        asyncio.get_running_loop().call_later(LEAVE, self._close_idle, connections)

    def _close_idle(self, connections: list[web.RequestHandler]) -> None:
        for connection in connections:
            if connection not in self._busy:
                connection.force_close()
