"""/api/v1: its routes, and the document that describes them."""

from __future__ import annotations

from importlib.resources import files

import orjson
from aiohttp import web

from smppd.desk import Desk
from smppd.http.looking import Looking
from smppd.http.openapi import document
from smppd.http.operating import Operating
from smppd.http.submitting import submit

# The page is ours alone: it loads nothing, is framed by nobody, and sends nothing anywhere but here.
_ALONE = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-ancestors 'none'"


def routes(desk: Desk) -> list[web.RouteDef]:
    """All that systems and operators call."""
    looking, operating = Looking(desk), Operating(desk)

    async def post(request: web.Request) -> web.Response:
        return await submit(request, desk)

    return [
        web.post("/api/v1/messages", post),
        web.get("/api/v1/messages", looking.search),
        web.get("/api/v1/messages/{id}", looking.life),
        web.delete("/api/v1/messages/{id}", looking.cancel),
        web.get("/api/v1/received", looking.received),
        web.get("/api/v1/received/{id}", looking.received_one),
        web.post("/api/v1/received/{id}/replay", looking.replay),
        web.get("/api/v1/carriers", operating.carriers),
        web.get("/api/v1/carriers/{name}", operating.carrier),
        web.post("/api/v1/carriers/{name}/pause", operating.pause_carrier),
        web.post("/api/v1/carriers/{name}/resume", operating.resume_carrier),
        web.get("/api/v1/systems", operating.systems),
        web.get("/api/v1/systems/{name}", operating.system),
        web.post("/api/v1/systems/{name}/pause", operating.pause_system),
        web.post("/api/v1/systems/{name}/resume", operating.resume_system),
        *described(),
    ]


def described() -> list[web.RouteDef]:
    """`/openapi.json`, and `/docs` to read it on."""
    specification = orjson.dumps(document())

    async def openapi(_request: web.Request) -> web.Response:
        return web.Response(body=specification, content_type="application/json")

    def page(name: str, kind: str) -> web.RouteDef:
        body = (files("smppd.http") / "page" / name).read_bytes()

        async def shown(_request: web.Request) -> web.Response:
            headers = {"Content-Security-Policy": _ALONE, "X-Content-Type-Options": "nosniff"}
            return web.Response(body=body, content_type=kind, charset="utf-8", headers=headers)

        return web.get("/docs" if name == "docs.html" else f"/docs/{name}", shown)

    return [
        web.get("/openapi.json", openapi),
        page("docs.html", "text/html"),
        page("docs.js", "text/javascript"),
        page("docs.css", "text/css"),
    ]
