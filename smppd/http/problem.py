"""Errors as application/problem+json (RFC 9457), whoever raised them."""

from __future__ import annotations

from http import HTTPStatus

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from smppd import log

_log = log.get("http")


def problem(status: int, detail: str, *, headers: dict[str, str] | None = None) -> web.Response:
    """An answer that says what went wrong; `detail` is for the person who reads it."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return web.Response(
        status=status, body=orjson.dumps(body), content_type="application/problem+json", headers=headers
    )


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn aiohttp's own refusals and our faults into problems. A fault is logged by type and place, told as 500."""
    try:
        return await handler(request)
    except web.HTTPMethodNotAllowed as refused:
        allowed = ", ".join(sorted(refused.allowed_methods))
        return problem(405, f"{request.method} is not possible here; {allowed} is", headers={"Allow": allowed})
    except web.HTTPNotFound:
        return problem(404, f"there is nothing at {request.path}")
    except web.HTTPException as refused:
        if refused.status < 400:
            raise
        return problem(refused.status, refused.reason)
    except Exception as fault:  # noqa: BLE001 - the last frame before the wire
        _log.error("request failed", method=request.method, route=_route(request), error=fault)
        return problem(500, "the gateway failed to answer this request; its log says where")


def _route(request: web.Request) -> str:
    """The pattern of the route, since the path itself may hold a number."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "none"
