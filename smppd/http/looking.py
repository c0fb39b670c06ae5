"""What the API tells of messages, sent and received: each system of its own, operators of all."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

import asyncpg
import orjson
from aiohttp import web

from smppd.desk import Desk
from smppd.desk.access import Caller
from smppd.errors import StoreDown, StoreFull
from smppd.http.asking import MOST_ID, caller, id_of, moment, one_of, parameters, text, whole
from smppd.http.problem import RETRY_DOWN, Problem
from smppd.model import OutboundState
from smppd.policy import NumberProblem, normalised
from smppd.store import history
from smppd.store.database import DOWN
from smppd.store.inquiries import take_back
from smppd.store.sent import Filters, Sent, TooMuch

MOST = 1000  # rows in one answer

_SENT = {
    "state": one_of(*(state.name.lower() for state in OutboundState)),
    "to": text,
    "from": text,
    "carrier": text,
    "reference": text,
    "since": moment,
    "before": whole(1, MOST_ID),
    "limit": whole(1, MOST),
    "system": text,
}
_RECEIVED = {
    "state": one_of("complete", "incomplete", "unrouted", "blocked", "quarantined"),
    "to": text,
    "from": text,
    "carrier": text,
    "since": moment,
    "limit": whole(1, MOST),
    "system": text,
    "dead": one_of("true", "false"),
}


def answer(value: object, status: int = 200) -> web.Response:
    """JSON with times in UTC and octets in hex."""
    body = orjson.dumps(value, default=_plain, option=orjson.OPT_UTC_Z)
    return web.Response(status=status, body=body, content_type="application/json")


def _plain(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


@contextlib.asynccontextmanager
async def questions() -> AsyncIterator[None]:
    """What the store raises, told as problems."""
    try:
        yield
    except TooMuch:
        raise Problem(503, "this search takes too long; narrow it, for example by to, reference or since") from None
    except (StoreDown, StoreFull, *DOWN, asyncpg.PostgresError):
        headers = {"Retry-After": str(RETRY_DOWN)}
        raise Problem(503, "the database cannot be reached now", headers=headers) from None


class Looking:
    """The handlers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._sent = Sent(desk.db)

    async def search(self, request: web.Request) -> web.Response:
        """GET /api/v1/messages"""
        who = await self._who(request)
        asked = parameters(request, _SENT)
        wanted = Filters(
            system=self._system(who, asked["system"]),
            state=asked["state"],
            carrier=asked["carrier"],
            recipient=self._number(asked["to"]),
            sender=asked["from"],
            since=asked["since"],
            reference=asked["reference"],
            before=asked["before"],
            limit=asked["limit"] or 50,
        )
        async with questions():
            found = await self._sent.search(wanted)
        return answer({"messages": found, "next": found[-1]["id"] if len(found) == wanted.limit else None})

    async def life(self, request: web.Request) -> web.Response:
        """GET /api/v1/messages/{id}"""
        who, id = await self._who(request), id_of(request)
        async with questions():
            found = await self._sent.life(id, who.system or None)
        if found is None:
            raise Problem(404, "there is no such message")
        return answer(found)

    async def cancel(self, request: web.Request) -> web.Response:
        """DELETE /api/v1/messages/{id}"""
        who, id = await self._who(request), id_of(request)
        async with questions():
            done = await self._sent.cancel(id, who.system or None)
            asked = not done and await take_back(self._desk.db, id, who.system or None, self._cancelling())
            found = await self._sent.life(id, who.system or None)
        if found is None:
            raise Problem(404, "there is no such message")
        if asked:
            return answer(found, 202)
        if not done:
            state = found["state"]
            why = "a carrier may have it" if state in ("queued", "sending", "sent") else "its life is over"
            raise Problem(409, f"it cannot be taken back: it is {state}, and {why}", state=state, id=id)
        return answer(found)

    def _cancelling(self) -> list[str]:
        """Carriers that can be asked to drop what they have."""
        return [name for name, config in self._desk.config.carriers.items() if config.cancel_sm]

    async def received(self, request: web.Request) -> web.Response:
        """GET /api/v1/received"""
        who = await self._who(request)
        asked = parameters(request, _RECEIVED)
        system, limit = self._system(who, asked["system"]), asked["limit"] or 50
        found = await self._history(
            who,
            state=asked["state"],
            system=system,
            carrier=asked["carrier"],
            sender=asked["from"],
            recipient=asked["to"],
            since=asked["since"],
            dead=asked["dead"] == "true",
            limit=limit,
        )
        return answer({"messages": found})

    async def received_one(self, request: web.Request) -> web.Response:
        """GET /api/v1/received/{id}"""
        return answer(await self._one(await self._who(request), id_of(request)))

    async def replay(self, request: web.Request) -> web.Response:
        """POST /api/v1/received/{id}/replay"""
        who, id = await self._who(request), id_of(request)
        await self._one(who, id)
        async with questions():
            done = await history.replay(self._desk.db, [id], system=who.system or None)
        if not done:
            raise Problem(409, "there is nothing to repeat: it is on its way, or was never at a system", id=id)
        return answer({"id": id, "replayed": done}, 202)

    async def _one(self, who: Caller, id: int) -> dict[str, Any]:
        found = await self._history(who, id=id, system=who.system or None)
        if not found:
            raise Problem(404, "there is no such message")
        return found[0]

    async def _history(self, who: Caller, **filters: Any) -> list[dict[str, Any]]:
        async with questions():
            rows = await self._sent.turn(lambda: history.search(self._desk.db, **filters))
        return [_received(asdict(row), who.system) for row in rows]

    async def _who(self, request: web.Request) -> Caller:
        who = await caller(request, self._desk.gate)
        if not who.system and not who.operator:
            raise Problem(403, "messages are seen by their system, and by operators")
        return who

    def _system(self, who: Caller, asked: str | None) -> str | None:
        if who.system and asked not in (None, who.system):
            raise Problem(403, "a system sees its own messages only", field="system")
        return who.system or asked

    def _number(self, written: str | None) -> str | None:
        try:
            return None if written is None else normalised(written, self._desk.config.policy.region)
        except NumberProblem as problem:
            raise Problem(400, f"to: {problem}", field="to") from None


def _received(row: dict[str, Any], system: str) -> dict[str, Any]:
    """A row under the names that a system is sent it by, with the deliveries that concern it."""
    row["from"], row["to"] = row.pop("sender"), row.pop("recipient")
    row.pop("link")
    if system:
        row["deliveries"] = [line for line in row["deliveries"] if line.startswith(f"{system} ")]
    return row
