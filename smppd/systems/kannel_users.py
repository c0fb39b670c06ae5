"""Which system a request to sendsms comes from."""

from __future__ import annotations

import hmac

from aiohttp import web

from smppd.desk import Desk
from smppd.systems.kannel_request import Asked, Refusal

UNAUTHORIZED = "Authorization failed for sendsms"


class Users:
    """The systems of type kannel by their user names."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def authorize(self, _request: web.Request, asked: Asked) -> str:
        """The name of the system. Raises Refusal."""
        username, password = asked.get("username") or b"", asked.get("password") or b""
        for name, system in self._desk.config.systems.items():
            access = system.access
            if system.type != "kannel" or access is None or access.username is None or access.password is None:
                continue
            if hmac.compare_digest(access.username.encode(), username) and hmac.compare_digest(
                access.password.encode(), password
            ):
                return name
        raise Refusal(403, UNAUTHORIZED)
