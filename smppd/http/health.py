"""Alive, ready and counted: three questions kept apart.

A link that is down makes the gateway neither dead nor unready: it takes submissions and keeps them. Restarting it
would only break the links that are up.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from smppd.http.problem import problem

Readiness = Callable[[], str | None]
Exposition = Callable[[], Awaitable[bytes]]


def routes(readiness: Readiness, exposition: Exposition) -> list[web.RouteDef]:
    """`/healthz` 200 while the process answers; `/readyz` 503 with the reason while messages cannot be stored."""

    async def healthz(_request: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def readyz(_request: web.Request) -> web.Response:
        reason = readiness()
        return web.json_response({"status": "ready"}) if reason is None else problem(503, reason)

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=await exposition(), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    return [web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)]
