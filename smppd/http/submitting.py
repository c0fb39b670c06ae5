"""POST /api/v1/messages: one message or thousands, each judged on its own."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import orjson
from aiohttp import web

from smppd.desk import Accepted, Desk, Refused, Result
from smppd.errors import StoreDown, StoreFull
from smppd.http.asking import caller, json_body
from smppd.http.message import read
from smppd.http.problem import Problem, denied, problem, unavailable
from smppd.model import Submission

MOST = 10_000  # messages in one request
_AT_A_TIME = 200  # read before others get their turn

_STATUS = {"malformed": 400, "conflict": 409, "unavailable": 503}
"""HTTP status of a single message that is refused, by its code; a carrier that is not there is 404, the rest 422."""


async def submit(request: web.Request, desk: Desk) -> web.Response:
    """The answer to one request. Raises Problem when there is nothing to say of single messages."""
    who = await caller(request, desk.gate)
    if not who.system:
        raise Problem(403, "a person sends with `smppd send`; show the credentials of a system to send here")
    body = await json_body(request)
    many = isinstance(body, dict) and "messages" in body
    items = _items(body) if many else [body]
    if refused := desk.gate.spend(who.system, len(items)):
        raise denied(refused)
    try:
        results = await judged(desk, who.system, items)
    except (StoreDown, StoreFull) as error:
        desk.gate.give_back(who.system, len(items))
        raise unavailable(error) from None
    return _all(items, results) if many else _one(items[0], results[0])


async def judged(desk: Desk, system: str, items: list[Any]) -> list[Result]:
    """What each item became, in order. Raises StoreDown and StoreFull."""
    now = datetime.now(UTC)
    config = desk.config.systems.get(system)
    if config is None:
        raise Problem(403, "this system was taken out of the configuration")
    only = config.type == "api"
    results: list[Any] = []
    for at in range(0, len(items), _AT_A_TIME):
        results += [read(item, now, callbacks_only=only) for item in items[at : at + _AT_A_TIME]]
        if len(items) > _AT_A_TIME:
            await asyncio.sleep(0)
    for index, asked in enumerate(results):
        if type(asked) is Submission and (wish := asked.options.carrier) and wish not in desk.config.carriers:
            results[index] = Refused("unknown", "carrier", "there is no such carrier; GET /api/v1/carriers lists them")
    good = [index for index, asked in enumerate(results) if type(asked) is Submission]
    found = await desk.submit(system, [results[index] for index in good], partly=True)
    for index, result in zip(good, found, strict=True):
        results[index] = result
    return results


def _items(body: dict[str, Any]) -> list[Any]:
    items = body["messages"]
    if more := [name for name in body if name != "messages"]:
        raise Problem(400, "beside messages nothing else may stand; write it into each of them", field=more[0][:64])
    if not isinstance(items, list) or not items:
        raise Problem(400, "write a list of one message or more", field="messages")
    if len(items) > MOST:
        raise Problem(413, f"{len(items)} messages; at most {MOST} go into one request", field="messages")
    return items


def _one(item: Any, result: Result) -> web.Response:
    told = _told(item, result)
    if isinstance(result, Accepted):
        return _json(200 if result.repeated else 202, told, {"Location": f"/api/v1/messages/{result.id}"})
    status = 404 if result.code == "unknown" else _STATUS.get(result.code, 422)
    told |= {key: value for key, value in told.pop("error").items() if key != "reason"}
    return problem(status, f"{result.field}: {result.reason}" if result.field else result.reason, members=told)


def _all(items: list[Any], results: list[Result]) -> web.Response:
    accepted = sum(type(result) is Accepted for result in results)
    told = {
        "accepted": accepted,
        "refused": len(results) - accepted,
        "messages": [_told(item, result) for item, result in zip(items, results, strict=True)],
    }
    if accepted:
        return _json(202, told)
    return problem(422, "none of the messages was accepted; each says why", members=told)


def _told(item: Any, result: Result) -> dict[str, Any]:
    """What one message became, in JSON."""
    told: dict[str, Any]
    if isinstance(result, Accepted):
        told = {
            "id": result.id,
            "state": result.state.name.lower(),
            "parts": result.parts,
            "alphabet": result.alphabet,
            "carrier": result.carrier,
        }
        if result.repeated:
            told["repeated"] = True
        if result.reason:
            told["reason"] = result.reason
    else:
        told = {"error": {"code": result.code, "field": result.field, "reason": result.reason}}
        if result.id:
            told["id"] = result.id
    if type(item) is dict and type(reference := item.get("reference")) is str:
        told["reference"] = reference
    return told


def _json(status: int, value: object, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(status=status, body=orjson.dumps(value), content_type="application/json", headers=headers)
