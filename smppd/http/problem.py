"""Errors as application/problem+json (RFC 9457), whoever raised them."""

from __future__ import annotations

import math
from http import HTTPStatus

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

from smppd import log
from smppd.desk.access import Denied
from smppd.errors import StoreDown, StoreFull

RETRY_DOWN, RETRY_FULL = 5, 60  # seconds after which to ask again, when the database is away or its disk full

_log = log.get("http")


class Problem(Exception):
    """An answer in place of the one that was asked for; `members` are added to its body."""

    def __init__(self, status: int, detail: str, *, headers: dict[str, str] | None = None, **members: object) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers, self.members = status, detail, headers, members


def problem(
    status: int, detail: str, *, headers: dict[str, str] | None = None, members: dict[str, object] | None = None
) -> web.Response:
    """An answer that says what went wrong; `detail` is for the person who reads it."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **(members or {}),
    }
    return web.Response(
        status=status, body=orjson.dumps(body), content_type="application/problem+json", headers=headers
    )


def denied(why: Denied) -> Problem:
    """What the gate refused."""
    headers = {"WWW-Authenticate": 'Bearer, Basic realm="smppd", charset="UTF-8"'} if why.status == 401 else {}
    if why.retry_after:
        headers["Retry-After"] = str(max(1, math.ceil(why.retry_after)))
    return Problem(why.status, why.reason, headers=headers)


def unavailable(error: StoreDown | StoreFull) -> Problem:
    """The store is not there; nothing was acknowledged."""
    full = isinstance(error, StoreFull)
    reason = "the disk budget is spent: nothing new is taken" if full else "the database cannot be reached now"
    headers = {"Retry-After": str(RETRY_FULL if full else RETRY_DOWN)}
    return Problem(503, f"{reason}; nothing was stored, send it again", headers=headers)


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn aiohttp's own refusals and our faults into problems. A fault is logged by type and place, told as 500."""
    try:
        return await handler(request)
    except Problem as found:
        return problem(found.status, found.detail, headers=found.headers, members=found.members)
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
