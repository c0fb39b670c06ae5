"""The demo's clinic: a system that submits over the API and hears over its callback URL what became of it."""

from __future__ import annotations

import hashlib
import secrets
from typing import Any

import aiohttp

from smppd.app.samples import Outgoing
from smppd.simulator.standin import Seen
from smppd.simulator.watch import Watch
from smppd.simulator.webhook import Sink


class Clinic:
    """`told` holds the states it was told, by the name of the message."""

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(16)
        self.told: dict[str, list[str]] = {}
        self._sink = Sink(on_request=self._take)
        self._watch = Watch()

    async def start(self) -> None:
        await self._sink.start()

    async def stop(self) -> None:
        await self._sink.stop()

    def table(self) -> dict[str, Any]:
        """Its part of the configuration."""
        digest = hashlib.sha256(self.token.encode()).hexdigest()
        return {"type": "api", "senders": ["15001"], "access": {"token_hash": f"sha256:{digest}"}}

    async def send(self, gateway: str, messages: list[Outgoing]) -> None:
        """Hand all of them in with one request; the gateway's answer says that they are stored."""
        body = [
            {
                "to": f"+{each.phone}",
                "text": each.text,
                "reference": each.name,
                "callback_url": f"{self._sink.url}/news",
            }
            for each in messages
        ]
        headers = {"Authorization": f"Bearer {self.token}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(f"{gateway}/api/v1/messages", json={"messages": body}) as response,
        ):
            response.raise_for_status()

    async def wait(self, message: Outgoing, timeout: float) -> None:
        """Until it has heard of the end that this message should come to; `TimeoutError` otherwise."""
        await self._watch.until(lambda: self.state(message) == message.ends, timeout)

    def state(self, message: Outgoing) -> str:
        """The latest that it heard of a message."""
        return self.told.get(message.name, ["-"])[-1]

    def curl(self, gateway: str) -> str:
        """A command that sends a message as this clinic does."""
        return (
            f"curl -H 'Authorization: Bearer {self.token}' -H 'Content-Type: application/json' "
            f"""-d '{{"to": "+255754100009", "text": "Karibu"}}' {gateway}/api/v1/messages"""
        )

    def _take(self, seen: Seen) -> None:
        news = seen.json()
        self.told.setdefault(news["reference"], []).append(news["state"])
        self._watch.changed()
