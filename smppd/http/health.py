"""Alive, ready and counted: three questions kept apart.

A link that is down makes the gateway neither dead nor unready: it takes submissions and keeps them. Restarting it
would only break the links that are up.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from smppd.errors import Silent
from smppd.http.problem import problem

Readiness = Callable[[], Awaitable[str | None]]
Exposition = Callable[[], Awaitable[bytes]]
"""Both raise Silent where another process would have to say it."""


def routes(readiness: Readiness, exposition: Exposition) -> list[web.RouteDef]:
    """`/healthz` 200 while every process answers; `/readyz` 503 with the reason while messages cannot be stored."""

    async def healthz(_request: web.Request) -> web.Response:
        try:
            await readiness()
        except Silent:
            return _silent()
        return web.json_response({"status": "alive"})

    async def readyz(_request: web.Request) -> web.Response:
        try:
            reason = await readiness()
        except Silent:
            return _silent()
        return web.json_response({"status": "ready"}) if reason is None else problem(503, reason)

    async def metrics(_request: web.Request) -> web.Response:
        try:
            body = await exposition()
        except Silent:
            return _silent()
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    return [web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)]


def _silent() -> web.Response:
    return problem(503, "the process that holds the carriers does not answer")
