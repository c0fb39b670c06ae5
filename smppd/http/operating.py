"""What the API tells of carriers and systems, and the pausing of carriers, which operators may do."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from smppd import log
from smppd.desk import Desk
from smppd.http.asking import caller
from smppd.http.looking import answer, questions
from smppd.http.problem import Problem
from smppd.store.queries import statement
from smppd.store.sent import Sent

_log = log.get("api")


class Operating:
    """The handlers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._sent = Sent(desk.db)

    async def carriers(self, request: web.Request) -> web.Response:
        """GET /api/v1/carriers"""
        await caller(request, self._desk.gate)
        return answer({"carriers": await self._carriers()})

    async def carrier(self, request: web.Request) -> web.Response:
        """GET /api/v1/carriers/{name}"""
        await caller(request, self._desk.gate)
        return answer(await self._one(self._named(request)))

    async def pause(self, request: web.Request) -> web.Response:
        """POST /api/v1/carriers/{name}/pause"""
        return await self._set(request, True)

    async def resume(self, request: web.Request) -> web.Response:
        """POST /api/v1/carriers/{name}/resume"""
        return await self._set(request, False)

    async def systems(self, request: web.Request) -> web.Response:
        """GET /api/v1/systems"""
        who = await caller(request, self._desk.gate)
        async with questions():
            rows = {row["name"]: dict(row) for row in await self._desk.db.pool.fetch(statement("status", "systems"))}
        return answer(
            {
                "systems": [
                    _system(name, config.type, rows.get(name, {}))
                    for name, config in self._desk.config.systems.items()
                    if who.system in ("", name)
                ]
            }
        )

    async def _set(self, request: web.Request, paused: bool) -> web.Response:
        who = await caller(request, self._desk.gate)
        if not who.operator:
            raise Problem(403, "this concerns all systems: an account of [console.users] with role operator may do it")
        name = self._named(request)
        async with questions():
            await self._sent.pause(name, paused)
            await self._desk.health.refresh()
        _log.info("carrier paused" if paused else "carrier resumed", carrier=name, by=who.user)
        return answer(await self._one(name))

    def _named(self, request: web.Request) -> str:
        name = request.match_info["name"]
        if name not in self._desk.config.carriers:
            raise Problem(404, "there is no such carrier")
        return name

    async def _one(self, name: str) -> dict[str, Any]:
        return next(each for each in await self._carriers() if each["name"] == name)

    async def _carriers(self) -> list[dict[str, Any]]:
        async with questions():
            rows = {row["name"]: row for row in await self._sent.carriers()}
        return [_carrier(name, rows.get(name, {})) for name in self._desk.config.carriers]


def _carrier(name: str, row: dict[str, Any]) -> dict[str, Any]:
    """State in one word, and what stands behind it."""
    up, paused, refusing = bool(row.get("up")), row.get("paused_at") is not None, bool(row.get("refusing"))
    return {
        "name": name,
        "state": "paused" if paused else "down" if not up else "refusing" if refusing else "up",
        "paused_at": row.get("paused_at"),
        "reason": row.get("reason", ""),
        "limited_by": row.get("limited_by", ""),
        "pace": row.get("pace"),
        "waiting": row.get("waiting", 0),
    }


def _system(name: str, kind: str, row: dict[str, Any]) -> dict[str, Any]:
    paused = row.get("paused_since") is not None
    return {
        "name": name,
        "type": kind,
        "state": "paused" if paused else "up",
        "paused_since": row.get("paused_since"),
        "paused_until": row.get("paused_until"),
        "reason": row.get("paused_reason", "") if paused else "",
        "waiting": row.get("waiting", 0),
        "dead": row.get("dead", 0),
        "oldest": row.get("oldest"),
    }
