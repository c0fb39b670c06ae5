"""One real gateway for each module of tests: its own database, its real HTTP, no carrier that answers."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import asyncpg
import pytest_asyncio

from smppd.app.gateway import Gateway
from smppd.config import Config
from smppd.desk import passwords
from smppd.store.embedded import EmbeddedServer
from tests.conftest import dsn_of

_numbers = itertools.count(1)

TOKEN, OTHER, SLOW, OPEN = (passwords.make_token() for _ in range(4))


def tables() -> dict[str, Any]:
    from argon2 import PasswordHasher

    hash = PasswordHasher(1, 8, 1).hash("correct horse")

    def system(token: str, **more: Any) -> dict[str, Any]:
        access = {"token_hash": passwords.token_hash(token), "rate": 1e6, **more.pop("access", {})}
        return {"type": "api", "access": access, **more}

    return {
        "http": {"listen": ["127.0.0.1:0"]},
        "node": {"name": "gw", "processes": 1},
        "carriers": {
            "voda": {"hosts": ["127.0.0.1:1"], "system_id": "x", "prefixes": ["25575"], "numbers": ["15001", "MOH"]},
            "airtel": {"hosts": ["127.0.0.1:1"], "system_id": "x", "prefixes": ["25578"], "cancel_sm": True},
        },
        "systems": {
            "app": system(TOKEN, access={"max_parts": 3, "username": "nurse", "password_hash": hash}),
            "other": system(OTHER, senders=["15001"], secret="s"),
            "slow": system(SLOW, access={"rate": 5}),
            "hook": system(OPEN, type="webhook", url="http://127.0.0.1:1/"),
        },
        "policy": {"deny": ["+255750000666"], "region": "TZ", "loop": 0, "burst": 0},
        "console": {
            "users": {
                "amina": {"password_hash": hash, "role": "operator"},
                "viola": {"password_hash": hash, "role": "viewer"},
            }
        },
    }  # fmt: skip


class Api:
    """The gateway as a client sees it, and its database as an operator does."""

    def __init__(self, gateway: Gateway, http: aiohttp.ClientSession, database: asyncpg.Connection[Any]) -> None:
        self.gateway, self.http, self.database = gateway, http, database
        host, port = gateway.http.addresses[0]
        self.url = f"http://{host}:{port}"
        self.address = host, port

    async def __call__(
        self, method: str, path: str, body: Any = None, *, token: str | None = TOKEN, **more: Any
    ) -> tuple[int, Any, aiohttp.ClientResponse]:
        """Status, JSON and the answer itself."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= more.pop("headers", {})
        if body is not None:
            more["json"] = body
        async with self.http.request(method, self.url + path, headers=headers, **more) as answer:
            problem = answer.status >= 400
            assert answer.content_type == ("application/problem+json" if problem else "application/json")
            found = await answer.json(content_type=None)
            if problem:
                assert found["status"] == answer.status
            return answer.status, found, answer

    async def post(self, body: Any, token: str = TOKEN, **more: Any) -> tuple[int, Any, aiohttp.ClientResponse]:
        return await self("POST", "/api/v1/messages", body, token=token, **more)

    async def stored(self) -> int:
        count: int = await self.database.fetchval("select count(*) from outbound")
        return count


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(server: EmbeddedServer) -> AsyncIterator[Api]:
    name = f"h{os.getpid()}_{next(_numbers)}"
    admin = await asyncpg.connect(server.dsn)
    await admin.execute(f"create database {name} template template_smppd")
    dsn = dsn_of(server, name)
    gateway = Gateway(Config.model_validate({"store": {"dsn": dsn, "max_disk": "100GB"}, **tables()}))
    running = asyncio.create_task(gateway.serve())
    await asyncio.wait({running, ready := asyncio.create_task(gateway.ready.wait())}, return_when="FIRST_COMPLETED")
    assert ready.done(), running.exception()
    database = await asyncpg.connect(dsn)
    async with aiohttp.ClientSession() as http:
        yield Api(gateway, http, database)
    await database.close()
    gateway.stop()
    await running
    await admin.execute(f"drop database {name} with (force)")
    await admin.close()
