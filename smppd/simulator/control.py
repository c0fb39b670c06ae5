"""The HTTP side of `smppd simulate`: injects messages, turns habits, shows what happened."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any

from aiohttp import web

import pdu
from smppd.simulator.habits import Habits
from smppd.simulator.ledger import Entry, RefusedError
from smppd.simulator.mo import Mo
from smppd.simulator.rules import STATS
from smppd.simulator.smsc import Smsc
from smppd.simulator.submits import Submit

_HELP = """\
A simulated SMSC. It takes any system_id and password.

GET  /state      sessions, counters, what waits
POST /mo         a message from a phone: {"source": "255700000001", "destination": "15001", "text": "ANC 12"}
                 more fields: alphabet octets(hex) data_coding multipart part_size reference order links
                 data_sm tlvs({"0x1400": "hex"}) esm_class account raw(hex) ...; "count": N repeats it;
                 "wait": true answers when the ESME has acknowledged ("timeout": seconds, default 30)
GET  /submits    what ESMEs submitted, newest last (?last=N, default 100)
POST /receipts   a receipt: {"message_id": "171798692", "stat": "DELIVRD", "error": "000"}
GET  /habits     the switches as they stand
POST /habits     turns some: {"throttle": 5, "receipt_id": "hex"}
POST /cut        resets all connections
POST /unbind     asks all ESMEs to go

Habits:
"""
_KEEP = 100_000


class Control:
    """One HTTP application for one SMSC."""

    def __init__(self, smsc: Smsc) -> None:
        self.smsc = smsc
        self.app = web.Application(middlewares=[_errors])
        self.app.add_routes(
            [
                web.get("/", self.show_help),
                web.get("/state", self.show_state),
                web.post("/mo", self.enqueue),
                web.get("/submits", self.show_submits),
                web.post("/receipts", self.send_receipt),
                web.get("/habits", self.show_habits),
                web.post("/habits", self.turn_habits),
                web.post("/cut", self.cut),
                web.post("/unbind", self.unbind),
            ]
        )
        self._runner: web.AppRunner | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listens (port 0: any free one) and returns the base URL."""
        self._runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        return f"http://{host}:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Closes the port."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def show_help(self, request: web.Request) -> web.Response:
        lines = (f"  {name:<24} {text}" for name, text in Habits.help().items())
        return web.Response(text=_HELP + "\n".join(lines) + "\n")

    async def show_state(self, request: web.Request) -> web.Response:
        smsc = self.smsc
        sessions = [
            {
                "peer": link.peer,
                "system_id": link.system_id,
                "bound": link.bound or None,
                "delivered": link.delivered,
                "outstanding": len(link.outstanding),
            }
            for link in smsc.links
        ]
        ledger = Counter(f"{entry.kind} {entry.state}" for entry in smsc.entries)
        return web.json_response(
            {
                "port": smsc.port,
                "window": smsc.window,
                "rate": smsc.rate,
                "sessions": sessions,
                "counters": asdict(smsc.counters),
                "waiting_pdus": len(smsc.outbox),
                "ledger": dict(ledger),
                "habits": smsc.habits.changed(),
            }
        )

    async def enqueue(self, request: web.Request) -> web.Response:
        given = await _object(request)
        wait, timeout, count = given.pop("wait", False), given.pop("timeout", 30.0), given.pop("count", 1)
        if not isinstance(count, int) or not 1 <= count <= _KEEP:
            raise ValueError(f"field 'count' is a number from 1 to {_KEEP}")
        mo = Mo.from_json(given)
        entries = [self.smsc.enqueue(mo) for _ in range(count)]
        if not wait:
            return web.json_response({"enqueued": count, "pdus": len(entries[0].pieces)}, status=202)
        try:
            await asyncio.wait_for(asyncio.gather(*(entry.acked for entry in entries)), timeout)
        except TimeoutError:
            return web.json_response(_outcome(entries) | {"error": f"not acknowledged in {timeout} s"}, status=504)
        except RefusedError as error:
            return web.json_response(_outcome(entries) | {"error": str(error)}, status=502)
        return web.json_response(_outcome(entries))

    async def show_submits(self, request: web.Request) -> web.Response:
        last = request.query.get("last", "100")
        if not last.isdigit():
            raise ValueError("parameter 'last' is a number")
        submits = list(self.smsc.submits)[-int(last) :] if int(last) else []
        return web.json_response(
            {
                "total": self.smsc.counters.submits,
                "doubled": self.smsc.submits.doubled_total,
                "submits": [_shown(each) for each in submits],
            }
        )

    async def send_receipt(self, request: web.Request) -> web.Response:
        given = await _object(request)
        unknown = given.keys() - {"message_id", "stat", "error"}
        if unknown or not isinstance(given.get("message_id"), str):
            raise ValueError("a receipt has message_id (text) and, if wanted, stat and error")
        if given.get("stat", "DELIVRD") not in STATS:
            raise ValueError(f"field 'stat' is one of {', '.join(STATS)}")
        try:
            self.smsc.receipt(given["message_id"], given.get("stat", "DELIVRD"), str(given.get("error", "000")))
        except KeyError:
            return web.json_response({"error": "no submit was answered with this message_id"}, status=404)
        return web.json_response({"enqueued": 1}, status=202)

    async def show_habits(self, request: web.Request) -> web.Response:
        return web.json_response(asdict(self.smsc.habits))

    async def turn_habits(self, request: web.Request) -> web.Response:
        self.smsc.habits.update(await _object(request))
        self.smsc.receivers.pump_soon()
        return web.json_response(asdict(self.smsc.habits))

    async def cut(self, request: web.Request) -> web.Response:
        links = len(self.smsc.links)
        self.smsc.cut()
        return web.json_response({"cut": links})

    async def unbind(self, request: web.Request) -> web.Response:
        links = sum(bool(link.bound) for link in self.smsc.links)
        self.smsc.unbind_all()
        return web.json_response({"unbinding": links})


async def simulate(
    host: str = "127.0.0.1",
    port: int = 2775,
    http_port: int = 2780,
    on_ready: Callable[[int, str], None] | None = None,
) -> None:
    """Runs an SMSC and its HTTP side until cancelled; `on_ready` gets the SMPP port and the URL."""
    smsc = Smsc(keep=_KEEP)
    control = Control(smsc)
    try:
        bound = await smsc.start(host, port)
        url = await control.start(host, http_port)
        if on_ready is not None:
            on_ready(bound, url)
        await asyncio.get_running_loop().create_future()
    finally:
        await control.stop()
        await smsc.stop()


@web.middleware
async def _errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """What the caller got wrong becomes a 400 that says it."""
    try:
        return await handler(request)
    except (ValueError, pdu.EncodeError) as error:
        return web.json_response({"error": str(error)}, status=400)


async def _object(request: web.Request) -> dict[str, Any]:
    try:
        given = await request.json()
    except ValueError as error:
        raise ValueError(f"the body is not JSON: {error}") from None
    if not isinstance(given, dict):
        raise ValueError("the body is not a JSON object")
    return given


def _outcome(entries: list[Entry]) -> dict[str, Any]:
    states = Counter(entry.state for entry in entries)
    return {"pdus": sum(len(entry.pieces) for entry in entries), "states": dict(states)}


def _shown(submit: Submit) -> Mapping[str, Any]:
    message = submit.message
    octets = pdu.find_tlv(message.tlvs, pdu.Tag.MESSAGE_PAYLOAD)
    if octets is None:
        octets = b"" if isinstance(message, pdu.DataSm) else message.short_message
    return {
        "message_id": submit.message_id,
        "system_id": submit.system_id,
        "source": message.source_addr,
        "destination": submit.destination,
        "esm_class": message.esm_class,
        "data_coding": message.data_coding,
        "registered_delivery": message.registered_delivery,
        "octets": octets.hex(),
        "text": pdu.decode_text(octets, message.data_coding).text if not message.esm_class & 0x40 else None,
        "state": submit.state,
    }
