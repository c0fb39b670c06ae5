"""What the API tells of carriers and systems, and the pausing of both, which operators may do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from smppd import log
from smppd.desk import Desk
from smppd.desk.access import Caller
from smppd.http.asking import caller
from smppd.http.looking import answer, questions
from smppd.http.problem import Problem
from smppd.store.queries import statement
from smppd.store.sent import Sent
from smppd.store.status import hold, let_go

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
        return answer(await self._carrier(_named(request, "carrier", self._desk.config.carriers)))

    async def pause_carrier(self, request: web.Request) -> web.Response:
        """POST /api/v1/carriers/{name}/pause"""
        return await self._set_carrier(request, True)

    async def resume_carrier(self, request: web.Request) -> web.Response:
        """POST /api/v1/carriers/{name}/resume"""
        return await self._set_carrier(request, False)

    async def systems(self, request: web.Request) -> web.Response:
        """GET /api/v1/systems"""
        return answer({"systems": await self._systems(await caller(request, self._desk.gate))})

    async def system(self, request: web.Request) -> web.Response:
        """GET /api/v1/systems/{name}"""
        who = await caller(request, self._desk.gate)
        return answer(await self._system(who, _named(request, "system", self._visible(who))))

    async def pause_system(self, request: web.Request) -> web.Response:
        """POST /api/v1/systems/{name}/pause"""
        return await self._set_system(request, True)

    async def resume_system(self, request: web.Request) -> web.Response:
        """POST /api/v1/systems/{name}/resume"""
        return await self._set_system(request, False)

    async def _set_carrier(self, request: web.Request, paused: bool) -> web.Response:
        who = await self._operator(request)
        name = _named(request, "carrier", self._desk.config.carriers)
        async with questions():
            await self._sent.pause(name, paused)
            await self._desk.health.refresh()
        _log.info("carrier paused" if paused else "carrier resumed", carrier=name, by=who.user)
        return answer(await self._carrier(name))

    async def _set_system(self, request: web.Request, paused: bool) -> web.Response:
        who = await self._operator(request)
        name = _named(request, "system", self._desk.config.systems)
        async with questions():
            await (hold(self._desk.db, name, who.user) if paused else let_go(self._desk.db, name))
        _log.info("system paused" if paused else "system resumed", system=name, by=who.user)
        return answer(await self._system(who, name))

    async def _operator(self, request: web.Request) -> Caller:
        who = await caller(request, self._desk.gate)
        if not who.operator:
            raise Problem(403, "this concerns all systems: an account of [console.users] with role operator may do it")
        return who

    def _visible(self, who: Caller) -> list[str]:
        """The systems that a caller may see: a system sees itself."""
        return [name for name in self._desk.config.systems if who.system in ("", name)]

    async def _carrier(self, name: str) -> dict[str, Any]:
        return next(each for each in await self._carriers() if each["name"] == name)

    async def _carriers(self) -> list[dict[str, Any]]:
        async with questions():
            rows = {row["name"]: row for row in await self._sent.carriers()}
        return [_carrier(name, rows.get(name, {})) for name in self._desk.config.carriers]

    async def _system(self, who: Caller, name: str) -> dict[str, Any]:
        return next(each for each in await self._systems(who) if each["name"] == name)

    async def _systems(self, who: Caller) -> list[dict[str, Any]]:
        async with questions():
            rows = {row["name"]: dict(row) for row in await self._desk.db.pool.fetch(statement("status", "systems"))}
        kinds = self._desk.config.systems
        return [_system(name, kinds[name].type, rows.get(name, {})) for name in self._visible(who)]


def _named(request: web.Request, kind: str, names: Iterable[str]) -> str:
    name = request.match_info["name"]
    if name not in names:
        raise Problem(404, f"there is no such {kind}")
    return name


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
    """An operator's pause stands before that of a forwarder whose system fails: it has no end but the operator's."""
    by_hand = row.get("held_at") is not None
    since = row.get("held_at") or row.get("paused_since")
    return {
        "name": name,
        "type": kind,
        "state": "paused" if since else "up",
        "paused_since": since,
        "paused_until": None if by_hand else row.get("paused_until"),
        "paused_by": row["held_by"] if by_hand else None,
        "reason": f"by hand: {row['held_by']}" if by_hand else row.get("paused_reason", "") if since else "",
        "waiting": row.get("waiting", 0),
        "dead": row.get("dead", 0),
        "oldest": row.get("oldest"),
    }
