"""A plain web application: takes whatever comes and remembers it."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from smppd.simulator.standin import Seen, StandIn


class Sink(StandIn):
    """Answers every request with `status` and `body`; `on_request` sees each one as it comes.

    With `record=False` it only counts, which is what a bench wants.
    """

    def __init__(
        self,
        *,
        record: bool = True,
        status: int = 200,
        body: bytes = b"",
        on_request: Callable[[Seen], None] | None = None,
    ) -> None:
        super().__init__(record=record)
        self.status = status
        self.body = body
        self.on_request = on_request

    async def answer(self, seen: Seen) -> web.Response:
        if self.on_request is not None:
            self.on_request(seen)
        return web.Response(status=self.status, body=self.body)
