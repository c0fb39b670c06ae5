"""The Community Health Toolkit's SMS doors: `/api/sms` (pull) and RapidPro's incoming messages.

Behaves as CHT 3.11 to 5.2 read in its source: the exact Content-Type, the forms of 401 and 403,
save then update then select, the hand-out of 25 that repeats until acknowledged. It also keeps
book of what no gateway may do: overlapping POSTs, ids saved twice, updates that go back.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import uuid4

from aiohttp import web

from smppd.simulator.cht_records import PERMISSION, RANK, STATES, ChtUser, Incoming, Task
from smppd.simulator.standin import Seen, StandIn, reply

HAND_OUT = 25
RAPIDPRO_PATHS = ("/api/v2/sms/rapidpro/incoming-messages", "/api/v1/sms/radpidpro/incoming-messages")
_LOGIN_LIMIT = 10
_LOGIN_WINDOW = 10.0


class Cht(StandIn):
    """One CHT server; `saved` is what it took in, `tasks` what it wants sent, by uuid."""

    def __init__(
        self,
        users: Iterable[ChtUser] = (),
        *,
        incoming_key: str | None = None,
        outgoing_service: str = "medic-gateway",
        redirect_slash: bool = True,
        record: bool = True,
    ) -> None:
        super().__init__(record=record)
        self.users = list(users)
        self.incoming_key = incoming_key
        self.outgoing_service = outgoing_service
        self.redirect_slash = redirect_slash
        self.saved: list[Incoming] = []
        self.tasks: dict[str, Task] = {}
        self.dropped: list[Mapping[str, Any]] = []
        self.unknown_updates: list[Mapping[str, Any]] = []
        self.regressions: list[tuple[str, str, str]] = []
        self.overlaps = 0
        self._known: set[str] = set()
        self._posting = 0
        self._failed_logins: dict[str, deque[float]] = {}

    def add_task(self, to: str, content: str, uuid: str | None = None, due: float | None = None) -> Task:
        """Puts a message into CHT's outbox; `due` orders the hand-out (default: as added)."""
        task = Task(uuid or str(uuid4()), to, content, due=len(self.tasks) if due is None else due)
        self.tasks[task.uuid] = task
        return task

    @property
    def saved_twice(self) -> set[str]:
        """Ids that stand in `saved` more than once."""
        return {id for id, times in Counter(item.id for item in self.saved).items() if times > 1}

    async def wait_saved(self, count: int, timeout: float = 10.0) -> None:
        """Returns when `count` incoming messages are saved in all; `TimeoutError` otherwise."""
        await self.watch.until(
            lambda: len(self.saved) >= count, timeout, lambda: f"{len(self.saved)} of {count} messages"
        )

    async def wait_state(self, uuid: str, state: str, timeout: float = 10.0) -> None:
        """Returns when task `uuid` is in `state`; `TimeoutError` otherwise."""
        task = self.tasks[uuid]
        await self.watch.until(lambda: task.state == state, timeout, lambda: f"{uuid} is {task.state}, not {state}")

    async def answer(self, seen: Seen) -> web.Response:
        if seen.path in RAPIDPRO_PATHS:
            return self._rapidpro(seen)
        if seen.path == "/api/sms/" and self.redirect_slash:
            return web.Response(status=301, headers={"Location": "/api/sms"})
        if seen.path.rstrip("/") != "/api/sms":
            return _error(seen, 404, "Not found")
        if seen.method == "GET":
            return self._refused(seen) or reply(200, {"medic-gateway": True})
        if seen.method != "POST":
            return _error(seen, 404, "Not found")
        if seen.headers.get("Content-Type") != "application/json":
            return reply(400, {"code": 400, "error": "Content-Type must be application/json"})
        return self._refused(seen) or await self._exchange(seen)

    def _refused(self, seen: Seen) -> web.Response | None:
        """The answer to somebody who may not use the gateway's door; None for one who may."""
        authorization = seen.headers.get("Authorization", "")
        failures = self._failed_logins.setdefault(authorization, deque())
        now = time.monotonic()
        while failures and now - failures[0] > _LOGIN_WINDOW:
            failures.popleft()
        if len(failures) >= _LOGIN_LIMIT:
            return reply(429, {"code": 429, "error": "Too many requests"})
        name, password = _basic(authorization)
        for user in self.users:
            if (user.username, user.password) == (name, password):
                if PERMISSION in user.permissions:
                    return None
                return _error(seen, 403, "Insufficient privileges")
        if authorization:
            failures.append(now)
        if _wants_json(seen):
            return reply(401, {"code": 401, "error": "unauthorized"})
        return web.Response(status=302, headers={"Location": "/medic/login?redirect=%2Fapi%2Fsms"})

    async def _exchange(self, seen: Seen) -> web.Response:
        """One POST: save, update, select."""
        try:
            body = seen.json()
        except ValueError:
            return reply(500, {"code": 500, "error": "Server error"})
        if not isinstance(body, dict):
            return reply(500, {"code": 500, "error": "Server error"})
        self.overlaps += self._posting > 0
        self._posting += 1
        try:
            # The look-up and the save are apart: two POSTs racing with one id are both saved.
            fresh = [item for item in body.get("messages") or () if self._is_fresh(item)]
            await asyncio.sleep(0)
            for item in fresh:
                self._save(item, "pull")
            for update in body.get("updates") or ():
                self._update(update)
            return reply(200, {"messages": self._select()})
        finally:
            self._posting -= 1

    def _is_fresh(self, item: Mapping[str, Any]) -> bool:
        if not (item.get("id") and item.get("from") and item.get("content")):
            self.dropped.append(item)
            return False
        return item["id"] not in self._known

    def _save(self, item: Mapping[str, Any], door: str) -> None:
        self._known.add(item["id"])
        self.saved.append(Incoming(item["id"], item["from"], item["content"], door))

    def _update(self, update: Mapping[str, Any]) -> None:
        status = update.get("status", "")
        task = self.tasks.get(update.get("id", ""))
        if task is None:
            self.unknown_updates.append(update)
            return
        before = task.updates[-1] if task.updates else "UNSENT"
        if RANK.get(status, 0) < RANK.get(before, 0):
            self.regressions.append((task.uuid, before, status))
        task.updates.append(status)
        if status not in STATES:
            task.enter("unrecognised", {"gateway_status": status})
        elif status == "FAILED" and update.get("reason"):
            task.enter("failed", {"reason": update["reason"]})
        else:
            task.enter(STATES[status], {})

    def _select(self) -> list[dict[str, str]]:
        """The next 25 that are unsent or unconfirmed; what was handed out comes again until acknowledged."""
        if self.outgoing_service != "medic-gateway":
            return []
        waiting = [task for task in self.tasks.values() if task.state in ("pending", "forwarded-to-gateway")]
        waiting.sort(key=lambda task: task.due)
        for task in waiting[:HAND_OUT]:
            task.handed_out += 1
            task.enter("forwarded-to-gateway", {})
        return [{"id": task.uuid, "to": task.to, "content": task.content} for task in waiting[:HAND_OUT]]

    def _rapidpro(self, seen: Seen) -> web.Response:
        """RapidPro's webhook: a duplicate id is refused like a missing field."""
        if seen.method != "POST":
            return _error(seen, 404, "Not found")
        scheme, _, token = seen.headers.get("Authorization", "").partition(" ")
        if self.incoming_key is None:
            return reply(403, {"code": 403, "error": "No incoming key configured"})
        if scheme != "Token" or not token:
            return reply(403, {"code": 403, "error": "Missing authorization token"})
        if token != self.incoming_key:
            return reply(403, {"code": 403, "error": "Incorrect token"})
        try:
            item = seen.json() if seen.media_type == "application/json" else None
        except ValueError:
            return reply(500, {"code": 500, "error": "Server error"})
        if not isinstance(item, dict) or not item:
            return reply(400, {"code": 400, "error": "Request body is required"})
        if not self._is_fresh(item):
            return reply(400, {"code": 400, "error": "Message was not saved"})
        self._save(item, "rapidpro")
        return reply(200, {"saved": 1})


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        name, _, password = base64.b64decode(given).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, password


def _wants_json(seen: Seen) -> bool:
    """Express prefers text when the caller takes anything, so JSON must be asked for by name."""
    return "application/json" in seen.headers.get("Accept", "").lower()


def _error(seen: Seen, code: int, message: str) -> web.Response:
    if _wants_json(seen):
        return reply(code, {"code": code, "error": message})
    return web.Response(status=code, text=message)
