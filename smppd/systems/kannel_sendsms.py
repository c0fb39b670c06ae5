"""/cgi-bin/sendsms, on every listener."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import orjson
from aiohttp import web

from smppd.desk import Accepted, Desk, Result
from smppd.errors import StoreError
from smppd.model import Submission
from smppd.systems.kannel_checks import Checked, checked
from smppd.systems.kannel_ids import shown
from smppd.systems.kannel_message import TEMPORAL, Reply, reference, reply, submissions
from smppd.systems.kannel_request import Asked, Refusal, from_post, from_query

PATH = "/cgi-bin/sendsms"
MOST_BEGINNINGS = 5  # of a message with the same dlr-url, each after a final report on the one before
"""RapidPro stops at three."""

Authorize = Callable[[web.Request, Asked], Awaitable[str]]
"""The name of the system that asks. Raises Refusal."""


class Sendsms:
    """`routes` for the HTTP side; what is asked goes to the desk."""

    def __init__(self, desk: Desk, authorize: Authorize, spend: Callable[[str, int], float] = lambda *_: 0.0) -> None:
        self._desk, self._authorize, self._spend = desk, authorize, spend

    def routes(self) -> list[web.RouteDef]:
        """HEAD is none of them: Kannel would send the message."""
        return [
            web.get(PATH, self._get, allow_head=False),
            web.post(PATH, self._post),
            web.route("*", "/cgi-bin/{path:(?!sendsms$).*}", _unknown),
        ]

    async def _get(self, request: web.Request) -> web.Response:
        return await self._answered(request, from_query(_query(request)))

    async def _post(self, request: web.Request) -> web.Response:
        try:
            asked = from_post(request.raw_headers, await request.read(), _query(request))
        except Refusal as refusal:
            return _refused(refusal, as_json=request.content_type == "application/json")
        return await self._answered(request, asked)

    async def _answered(self, request: web.Request, asked: Asked) -> web.Response:
        try:
            system = await self._authorize(request, asked)
            return _response(await self._sent(system, asked), self._desk)
        except Refusal as refusal:
            return _refused(refusal, as_json=asked.json)
        except StoreError:
            return _refused(Refusal(503, TEMPORAL), as_json=asked.json)

    async def _sent(self, name: str, asked: Asked) -> Reply:
        config = self._desk.config
        system = config.systems[name]
        numbered = bool(system.senders) or any(carrier.numbers for carrier in config.carriers.values())
        request = checked(asked, system.faked_sender or "", default=numbered)
        parameters = {parameter for carrier in config.carriers.values() for parameter in carrier.tlvs}
        messages = submissions(request, asked.text("username"), system, parameters)
        if wait := self._spend(name, len(messages)):
            raise Refusal(503, TEMPORAL, wait)
        if system.once_per_dlr_url and request.dlr_url:
            results = [await self._once(name, request, message) for message in messages]
        else:
            results = await self._desk.submit(name, messages)
        return reply(messages, results, request.denied)

    async def _once(self, name: str, request: Checked, message: Submission) -> Result:
        """The same message with the same dlr-url is stored again only when the last one has come to its end."""
        for attempt in range(MOST_BEGINNINGS):
            one = replace(message, reference=reference(request, message.recipient, attempt))
            (result,) = await self._desk.submit(name, [one])
            if not (isinstance(result, Accepted) and result.repeated and result.state.final):
                return result
        return result


def _query(request: web.Request) -> bytes:
    """As it came: yarl would decode it as UTF-8, and with coding=2 the octets are none."""
    return request.raw_path.encode("utf-8", "surrogateescape").partition(b"?")[2]


def _response(said: Reply, desk: Desk) -> web.Response:
    response = _plain(said.status, said.text)
    if said.ids:
        response.headers["X-Message-Id"] = " ".join(shown(desk.db.installation, id) for id in said.ids)
    return response


def _refused(refusal: Refusal, *, as_json: bool = False) -> web.Response:
    if as_json:
        body = orjson.dumps({"error": refusal.text})
        response = web.Response(status=refusal.status, body=body, content_type="application/json")
    else:
        response = _plain(refusal.status, refusal.text)
    if refusal.retry_after:
        response.headers["Retry-After"] = str(max(1, round(refusal.retry_after)))
    return response


def _plain(status: int, text: str) -> web.Response:
    """Kannel says text/html; plain text cannot be made to show what somebody else wrote into it."""
    headers = {"Pragma": "no-cache", "Cache-Control": "no-cache"}
    return web.Response(status=status, text=text, content_type="text/plain", charset="utf-8", headers=headers)


async def _unknown(_request: web.Request) -> web.Response:
    return _plain(404, "Unknown request.")
