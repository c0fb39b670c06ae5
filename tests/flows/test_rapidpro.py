"""RapidPro on top of the gateway: messages out in all four modes of its versions, news back, and messages in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from smppd.app.gateway import Gateway
from smppd.config import Config
from smppd.simulator.courier import Courier
from smppd.simulator.mo import Mo
from smppd.simulator.smsc import Smsc
from smppd.simulator.standin import Failure, Seen
from smppd.simulator.webhook import Sink
from tests.interop.kit import PATIENCE, gateway, stands

CHANNEL = "8eb23e93-5ecb-45ba-b726-3b064e0c56ab"
RECEIVE = "receive?backend=%i&sender=%p&message=%b&ts=%T&id=%I&to=%P"
TEXT = "Habari 😀 é ☺"


@dataclass(slots=True)
class Setting:
    """The gateway between an SMSC and courier."""

    smsc: Smsc
    courier: Courier
    running: Gateway

    async def send(self, message: str, text: str, to: str = "+256772000001") -> None:
        port = self.running.http.addresses[0][1]
        query = self.courier.query(message, to, text)
        # As courier writes it, octet by octet.
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET /cgi-bin/sendsms?{query} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        async with asyncio.timeout(PATIENCE):
            assert b" 202 " in (await reader.read()).partition(b"\r\n")[0]
        writer.close()

    async def told(self, *expected: tuple[str, int]) -> None:
        """Just these values came for these messages, those of one in this order."""
        wanted = len(expected)
        await self.courier.watch.until(
            lambda: len(self.courier.told) >= wanted, PATIENCE, lambda: f"{self.courier.told} of {expected}"
        )
        assert sorted((one.message, one.value) for one in self.courier.told) == sorted(expected)


@asynccontextmanager
async def setting(make_config: Callable[..., Config], **system: Any) -> AsyncIterator[Setting]:
    async with AsyncExitStack() as stack:
        smsc, courier = Smsc(), Courier(CHANNEL, "8500", "rapidpro", "secret")
        port = await smsc.start()
        stack.push_async_callback(smsc.stop)
        url = await courier.start()
        stack.push_async_callback(courier.stop)
        kannel = {
            "type": "kannel",
            "post_url": f"{url}/c/kn/{CHANNEL}/{RECEIVE}",
            "access": {"username": "rapidpro", "password": "secret"},
            "retry": {"first": "50ms", "max": "100ms"},
        }
        config = make_config(
            node={"processes": 1},
            http={"listen": ["127.0.0.1:0"]},
            carriers={"mtn": {"hosts": [f"127.0.0.1:{port}"], "system_id": "x", "numbers": ["8500"]}},
            systems={"rapidpro": {**kannel, **system}},
            routes=[{"to": ["rapidpro"]}],
            log={"level": "warning", "format": "text"},
        )
        running = await stack.enter_async_context(gateway(config))
        await smsc.wait_bound(1, PATIENCE)
        await stands(running, "select up_at is not null from carrier")
        yield Setting(smsc, courier, running)


async def test_all_modes_of_courier_send_the_same_octets_and_hear_what_became_of_them(
    make_config: Callable[..., Config],
) -> None:
    async with setting(make_config) as here:
        modes = [(raw, callback) for raw in (True, False) for callback in ("uuid", "id")]
        for number, (here.courier.raw, here.courier.callback) in enumerate(modes, 1):
            here.courier.told.clear()
            await here.send(f"m{number}", TEXT)
            await here.told((f"m{number}", 8), (f"m{number}", 1))
        messages = [submit.message for submit in here.smsc.submits]
        assert {message.short_message for message in messages} == {TEXT.encode("utf-16-be")}
        assert {message.data_coding for message in messages} == {8}
        assert len(messages) == len(modes)


async def test_what_fails_is_told_as_errored_and_may_be_sent_again(make_config: Callable[..., Config]) -> None:
    async with setting(make_config, once_per_dlr_url=True) as here:
        rules: list[dict[str, Any]] = [
            {"to": "256772000002", "status": 0x0B},
            {"to": "256772000003", "stat": "UNDELIV"},
        ]
        here.smsc.habits.update({"rules": rules})
        await here.send("refused", "a", "+256772000002")
        await here.send("lost", "b", "+256772000003")
        await here.told(("refused", 16), ("lost", 8), ("lost", 2))
        here.smsc.habits.update({"rules": []})
        await here.send("refused", "a", "+256772000002")
        await here.told(("refused", 16), ("lost", 8), ("lost", 2), ("refused", 8), ("refused", 1))
        await here.send("refused", "a", "+256772000002")
        await here.send("last", "c")
        await here.told(
            ("refused", 16), ("lost", 8), ("lost", 2), ("refused", 8), ("refused", 1), ("last", 8), ("last", 1)
        )
        assert len(here.smsc.submits) == 3, "what was delivered is not sent again"


async def test_a_long_text_is_one_message_with_one_report(make_config: Callable[..., Config]) -> None:
    async with setting(make_config) as here:
        await here.send("long", "Mama na mtoto " * 40)
        await here.told(("long", 8), ("long", 1))
        assert len(here.smsc.submits) == 4


async def test_messages_come_in_once_and_whole(make_config: Callable[..., Config]) -> None:
    async with setting(make_config) as here:
        here.courier.faults.drop = 1
        here.smsc.enqueue(Mo(source="256772000001", destination="8500", text="ndiyo"))
        here.smsc.enqueue(Mo(source="256772000002", destination="8500", text=TEXT * 20))
        await here.courier.wait_requests(3, PATIENCE)
        found = sorted((one.sender, one.text) for one in here.courier.received)
        assert found == [("+256772000001", "ndiyo"), ("+256772000002", TEXT * 20)]


class Service(Sink):
    """Answers in plain text, as services do."""

    async def answer(self, seen: Seen) -> web.Response:
        response = await super().answer(seen)
        response.content_type = "text/plain"
        return response


async def test_the_answer_of_a_service_goes_back_to_the_phone_once(make_config: Callable[..., Config]) -> None:
    """A delivery that is repeated, because the first answer was lost, brings the same reply."""
    service = Service(body="asante é".encode())
    url = await service.start()
    try:
        async with setting(make_config, post_url=f"{url}/in", max_messages=1) as here:
            service.faults.fail_after, service.faults.failure = 1, Failure(503)
            here.smsc.enqueue(Mo(source="256772000001", destination="8500", text="ndiyo"))
            await here.smsc.wait_submits(1, PATIENCE)
            await stands(here.running, "select count(*) = 1 from outcome where state = 1")
            (message,) = (submit.message for submit in here.smsc.submits)
            assert (message.source_addr, message.destination_addr) == ("8500", "256772000001")
            assert message.short_message == b"asante \x05"
            query = "select reference = 'reply/' || (select max(id) from received) from outbound"
            assert await here.running.db.pool.fetchval(query)
            assert service.count == 2
    finally:
        await service.stop()
