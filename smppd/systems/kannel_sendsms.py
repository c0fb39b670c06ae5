"""/cgi-bin/sendsms, on every listener."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import orjson
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from smppd.config import Config
from smppd.desk import Accepted, Desk, Result
from smppd.desk.access import Credential, Denied
from smppd.errors import StoreError
from smppd.model import OutboundState, Submission
from smppd.systems.kannel_checks import Checked, checked
from smppd.systems.kannel_ids import shown
from smppd.systems.kannel_message import TEMPORAL, Reply, reference, reply, submissions
from smppd.systems.kannel_request import Asked, Refusal, from_post, from_query

PATH = "/cgi-bin/sendsms"
MOST_BEGINNINGS = 5  # of a message with the same dlr-url, each after the one before has failed
"""RapidPro stops at three."""

LONGEST_BODY = 60.0  # seconds that a body may take
_UNREAD = (408, 413)  # their bodies

UNAUTHORIZED = "Authorization failed for sendsms"
_HEADERS = {"Pragma": "no-cache", "Cache-Control": "no-cache", "Content-Type": "text/plain; charset=utf-8"}


class Sendsms:
    """`routes` for the HTTP side; what is asked goes to the desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._learn(desk.config)

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
            asked = from_post(request.raw_headers, await _body(request), _query(request))
        except Refusal as refusal:
            return _refused(refusal, as_json=request.content_type == "application/json")
        return await self._answered(request, asked)

    async def _answered(self, request: web.Request, asked: Asked) -> web.Response:
        try:
            system = await self._authorized(request, asked)
            return _response(await self._sent(system, asked), self._desk)
        except Refusal as refusal:
            return _refused(refusal, as_json=asked.json)
        except StoreError:
            return _refused(Refusal(503, TEMPORAL), as_json=asked.json)

    def _learn(self, config: Config) -> None:
        """What all requests under a configuration are judged by."""
        carriers = config.carriers.values()
        self._config = config
        self._numbered = any(carrier.numbers for carrier in carriers)
        self._parameters = {parameter for carrier in carriers for parameter in carrier.tlvs}

    async def _sent(self, name: str, asked: Asked) -> Reply:
        if (config := self._desk.config) is not self._config:
            self._learn(config)
        system = config.systems[name]
        request = checked(asked, system.faked_sender or "", default=self._numbered or bool(system.senders))
        messages = submissions(request, asked.text("username"), system, self._parameters)
        gate = self._desk.gate
        if over := gate.spend(name, len(messages)):
            raise Refusal(503, TEMPORAL, over.retry_after)
        try:
            return reply(messages, await self._submitted(name, request, messages), request.denied)
        except StoreError:
            gate.give_back(name, len(messages))
            raise

    async def _authorized(self, request: web.Request, asked: Asked) -> str:
        """The system whose credentials these are. Raises Refusal: the answer never says which of them are wrong."""
        gate = self._desk.gate
        address = gate.address(request.remote, request.headers.getall("X-Forwarded-For", ()))
        shown = Credential(asked.text("password"), asked.text("username"))
        name = await gate.identify(Credential(asked.token) if asked.token else shown, address)
        if isinstance(name, str) and self._desk.config.systems[name].type == "kannel":
            return name
        if isinstance(name, Denied) and name.status == 503:
            raise Refusal(503, TEMPORAL, name.retry_after)
        raise Refusal(403, UNAUTHORIZED, name.retry_after if isinstance(name, Denied) else 0.0)

    async def _submitted(self, name: str, request: Checked, messages: list[Submission]) -> list[Result]:
        if self._desk.config.systems[name].once_per_dlr_url and request.dlr_url:
            return [await self._once(name, request, message) for message in messages]
        return await self._desk.submit(name, messages)

    async def _once(self, name: str, request: Checked, message: Submission) -> Result:
        """The same message with the same dlr-url is stored again only when the last one has failed."""
        for attempt in range(MOST_BEGINNINGS):
            one = replace(message, reference=reference(request, message.recipient, attempt))
            (result,) = await self._desk.submit(name, [one])
            if not (isinstance(result, Accepted) and result.repeated and _failed(result.state)):
                return result
        return result


def _failed(state: OutboundState) -> bool:
    return state.final and state is not OutboundState.DELIVERED


async def _body(request: web.Request) -> bytes:
    """Raises Refusal."""
    try:
        async with asyncio.timeout(LONGEST_BODY):
            return await request.read()
    except TimeoutError:
        raise Refusal(408, "Body did not come in time, rejected") from None
    except web.HTTPRequestEntityTooLarge:
        raise Refusal(413, "Body too large, rejected") from None
    except (web.RequestPayloadError, HttpProcessingError):
        raise Refusal(400, "Body misformed, rejected") from None


def _query(request: web.Request) -> bytes:
    """As it came: yarl would decode it as UTF-8, and with coding=2 the octets are none."""
    return request.raw_path.encode("utf-8", "surrogateescape").partition(b"?")[2]


def _response(said: Reply, desk: Desk) -> web.Response:
    response = _plain(said.status, said.text)
    if said.ids:
        installation = desk.db.installation
        response.headers["X-Message-Id"] = " ".join([shown(installation, id) for id in said.ids])
    return response


def _refused(refusal: Refusal, *, as_json: bool = False) -> web.Response:
    if as_json:
        body = orjson.dumps({"error": refusal.text})
        response = web.Response(status=refusal.status, body=body, content_type="application/json")
    else:
        response = _plain(refusal.status, refusal.text)
    if refusal.status in _UNREAD:
        response.force_close()  # what follows of the body is not worth reading
    if refusal.retry_after:
        response.headers["Retry-After"] = str(max(1, round(refusal.retry_after)))
    return response


def _plain(status: int, text: str) -> web.Response:
    """Kannel says text/html; plain text cannot be made to show what somebody else wrote into it."""
    return web.Response(status=status, body=text.encode(), headers=_HEADERS)


async def _unknown(_request: web.Request) -> web.Response:
    return _plain(404, "Unknown request.")
