"""DHIS2's `POST /api/sms/inbound`, as strict as the real one (versions 2.29 to 2.43).

It refuses what DHIS2 refuses, with DHIS2's status and message, so that a gateway that passes here
passes there: both request variants, Basic and personal access tokens, the authority, the exact
phone number, the base64 trap, the column widths, and the 500 after storing of 2.42 and later.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from aiohttp import web

from smppd.simulator.dhis2_values import is_base64, is_date, make_uid, valid_token
from smppd.simulator.standin import Seen, StandIn, reply

COLUMN_WIDTH = 255
UNREGISTERED_PARSER = "UNREGISTERED_PARSER"

_PATH = re.compile(r"/api(/\d+)?/sms/inbound")
_WORD = re.compile(r"[^\W\d_]\w*")
_ENCODINGS = (None, "ENC7BIT", "ENC8BIT", "ENCUCS2", "ENCCUSTOM", "0", "1", "2", "3", 0, 1, 2, 3)


@dataclass(frozen=True, slots=True)
class User:
    """A DHIS2 user: the phone number is both who sends (looked up exactly) and who may send base64."""

    phone: str | None
    username: str
    password: str | None = None
    token: str | None = None
    authorities: frozenset[str] | tuple[str, ...] = ("F_MOBILE_SETTINGS",)


@dataclass(frozen=True, slots=True)
class Command:
    """An SMS command: its word, and the parser type, of which `UNREGISTERED_PARSER` needs no user."""

    word: str
    parser: str = "KEY_VALUE_PARSER"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of DHIS2's table `incomingsms`."""

    id: str
    originator: str
    text: str
    gateway: str
    received: str
    sent: str
    created_by: str | None


class Refusal(Exception):
    """A reply other than 200, in DHIS2's envelope."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Dhis2(StandIn):
    """The inbound side of one DHIS2 installation; `rows` is what it stored.

    `version` is "2.41" or "2.34.1"; `text_width` is 255, or None where the column was widened.
    """

    def __init__(
        self,
        version: str = "2.41",
        users: Iterable[User] = (),
        commands: Iterable[Command] = (),
        text_width: int | None = COLUMN_WIDTH,
        *,
        record: bool = True,
    ) -> None:
        super().__init__(record=record)
        major, minor, *patch = (int(number) for number in version.split("."))
        self.version = (major, minor, patch[0] if patch else 0)
        self.users = list(users)
        self.commands = list(commands)
        self.text_width = text_width
        self.rows: list[Row] = []

    async def wait_rows(self, count: int, timeout: float = 10.0) -> None:
        """Returns when `count` rows are stored in all; `TimeoutError` otherwise."""
        await self.watch.until(lambda: len(self.rows) >= count, timeout, lambda: f"{len(self.rows)} of {count} rows")

    async def answer(self, seen: Seen) -> web.Response:
        try:
            return envelope(200, f"Received SMS: {self._receive(seen)}")
        except Refusal as refusal:
            headers = {"WWW-Authenticate": 'Basic realm="DHIS2"'} if refusal.status == 401 else {}
            return envelope(refusal.status, refusal.message, headers)

    def _receive(self, seen: Seen) -> str:
        """The whole request, in DHIS2's order of checks; returns the id of the new row."""
        path = _PATH.fullmatch(seen.path)
        # The paths with a version number went away in 2.43.
        if path is None or (path[1] and self.version >= (2, 43, 0)):
            raise Refusal(404, f"No endpoint {seen.method} {seen.path}.")
        user = self._authenticate(seen.headers.get("Authorization", ""))
        if seen.method != "POST":
            raise Refusal(405, f"Request method '{seen.method}' is not supported")
        if not _accepts_json(seen.headers.get("Accept", "*/*")):
            raise Refusal(406, "No acceptable representation")
        if not {"F_MOBILE_SETTINGS", "ALL"} & set(user.authorities):
            raise Refusal(403, "Access is denied, requires one Authority from [F_MOBILE_SETTINGS]")
        if seen.media_type == "application/json":
            return self._store_json(seen, user)
        return self._store_parameters(seen, user)

    def _authenticate(self, authorization: str) -> User:
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() == "basic":
            try:
                name, _, password = base64.b64decode(given.strip()).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                raise Refusal(401, "Unauthorized") from None
            for user in self.users:
                if user.password is not None and (user.username, user.password) == (name, password):
                    return user
        elif scheme.lower() == "apitoken" and self.version >= (2, 37, 0):
            token = given.strip()
            if not valid_token(token) or (token.startswith("d2p_") and self.version < (2, 41, 0)):
                raise Refusal(400, "invalid_request")
            for user in self.users:
                if user.token == token:
                    return user
        raise Refusal(401, "Unauthorized")

    def _store_parameters(self, seen: Seen, user: User) -> str:
        """Variant A: URL parameters or a form."""
        given = seen.form
        for name in ("originator", "message"):
            if name not in given:
                raise Refusal(400, f"Required request parameter '{name}' is not present")
            if not given[name]:
                raise Refusal(409, f"{name.capitalize()} must be specified")
        received = given.get("receivedTime")
        if received is not None and not is_date(received):
            raise Refusal(400, f"Invalid date format: '{received}'")
        if (2, 35, 0) <= self.version < (2, 42, 0):
            received = None  # these versions put "now" in its place
        return self._store(user, given["originator"], given["message"], given.get("gateway", "Unknown"), received)

    def _store_json(self, seen: Seen, user: User) -> str:
        """Variant B: a JSON body; other properties than the known ones are ignored."""
        try:
            given: Mapping[str, Any] = seen.json()
        except ValueError as error:
            raise Refusal(409, f"JSON parse error: {error}") from None
        if not isinstance(given, dict):
            raise Refusal(409, "JSON parse error: Cannot deserialize value of type `IncomingSms`")
        text, originator, gateway = (_scalar(given.get(name), name) for name in ("text", "originator", "gatewayid"))
        if given.get("smsencoding") not in _ENCODINGS:
            raise Refusal(409, f"JSON parse error: Cannot deserialize `SmsMessageEncoding`: {given['smsencoding']}")
        received = given.get("receiveddate")
        if isinstance(received, (int, float)) and not isinstance(received, bool):
            received = datetime.fromtimestamp(received / 1000, UTC).isoformat()
        elif received is not None and not (isinstance(received, str) and is_date(received)):
            raise Refusal(409, f"JSON parse error: Invalid date format: '{received}'")
        if text is None:
            raise Refusal(500, 'Cannot invoke "String.length()" because "text" is null')
        return self._store(user, originator or "", text, (gateway or "").strip() or "default", received)

    def _store(self, user: User, originator: str, text: str, gateway: str, received: str | None) -> str:
        owner = self._sender(user, originator, text)
        for column, value, width in (
            ("text", text, self.text_width),
            ("originator", originator, COLUMN_WIDTH),
            ("gatewayid", gateway, COLUMN_WIDTH),
        ):
            if width is not None and len(value) > width:
                raise Refusal(409, f"ERROR: value too long for type character varying({width}), column {column}")
        now = datetime.now(UTC).isoformat()
        numeric = self.version < (2, 42, 0)
        identifier = str(len(self.rows) + 1) if numeric else make_uid()
        when, creator = received or now, owner.username if owner else None
        self.rows.append(Row(identifier, originator, text, gateway, when, when, creator))
        if owner is None and not numeric:
            # The row is committed; then the missing user is dereferenced.
            raise Refusal(500, 'Cannot invoke "User.getUid()" because "user" is null')
        return identifier

    def _sender(self, user: User, originator: str, text: str) -> User | None:
        """The user the message is from; None for a command that anybody may use."""
        rule = _base64_rule(self.version)
        if rule == "all" or (rule == "base64" and is_base64(text)):
            if user.phone != originator:
                raise Refusal(409, "Originator's number does not match user's Phone number")
            return user
        for candidate in self.users:
            if candidate.phone == originator:
                return candidate
        word = _WORD.search(text)
        for command in self.commands:
            if command.parser == UNREGISTERED_PARSER and word and command.word.lower() == word[0].lower():
                return None
        if self.version <= (2, 34, 0):
            raise Refusal(409, "User not registered in the system")
        raise Refusal(409, "User's phone number is not registered in the system")


def envelope(status: int, message: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """DHIS2's web message around every reply."""
    words = {200: "OK"}.get(status) or HTTPStatus(status).phrase
    outcome = "OK" if status < 300 else "ERROR"
    body = {"httpStatus": words, "httpStatusCode": status, "status": outcome, "message": message}
    if message == "invalid_request":
        body["error"] = message
    return reply(status, body, headers)


def _base64_rule(version: tuple[int, int, int]) -> str:
    """Which texts must come from the account's own number: "none", "base64" or "all"."""
    if version <= (2, 34, 0):
        return "none"
    if (2, 34, 1) <= version <= (2, 34, 2) or (2, 35, 0) <= version <= (2, 35, 1):
        return "all"
    return "base64"


def _accepts_json(accept: str) -> bool:
    offered = {item.partition(";")[0].strip().lower() for item in accept.split(",")}
    return bool(offered & {"*/*", "application/*", "application/json"})


def _scalar(value: object, name: str) -> str | None:
    """A JSON scalar as Jackson reads it into a String."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (bool, int, float)):
        return json.dumps(value)
    raise Refusal(409, f"JSON parse error: Cannot deserialize value of type `String` ({name})")
