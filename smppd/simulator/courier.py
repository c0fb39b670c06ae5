"""RapidPro's courier with a channel of type Kannel: asks us to send, and takes what we call it with."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, quote_plus

from aiohttp import web

import pdu
from smppd.simulator.standin import Seen, StandIn, reply

#: what the status of a call makes of a message; others are ignored, and 0 is an error
STATUSES = {1: "delivered", 2: "errored", 4: "sent", 8: "sent", 16: "errored"}
# What encoding "smart" writes in plain characters before it looks at the alphabet.
_PLAIN = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\u00a0": " "})


@dataclass(frozen=True, slots=True)
class Received:
    """A message that it took: each once, by its id and sender."""

    id: str
    sender: str
    text: str
    at: int


@dataclass(frozen=True, slots=True)
class Told:
    """News of a message of its own, with the value that came."""

    message: str
    value: int

    @property
    def status(self) -> str | None:
        """What the message now is; None: nothing new."""
        return STATUSES.get(self.value)


class Courier(StandIn):
    """`raw`: Unicode goes as UTF-16BE octets without a charset (26.1.45 and newer), else as UTF-8 with one.
    `callback`: the parameter of the dlr-url that names the message, uuid (10.3.19 and newer) or id.
    """

    def __init__(
        self, channel: str, address: str, username: str, password: str, *, raw: bool = True, callback: str = "uuid"
    ) -> None:
        super().__init__()
        self.channel, self.address, self.username, self.password = channel, address, username, password
        self.raw, self.callback = raw, callback
        self.received: list[Received] = []
        self.told: list[Told] = []
        self._had: set[tuple[str, str]] = set()

    def query(self, message: str, to: str, text: str, *, urgent: bool = False, encoding: str = "S") -> str:
        """The query of a send; `encoding` is "D" (never Unicode), "U" (always) or "S" (where it must be)."""
        told = f"{self.url}/c/kn/{self.channel}/status?{self.callback}={message}&status=%d"
        form: dict[str, str | bytes] = {
            "username": self.username, "password": self.password, "from": self.address, "to": to, "text": text,
            "dlr-url": told, "dlr-mask": "27",
        }  # fmt: skip
        if urgent:
            form["priority"] = "1"
        if encoding == "S":
            form["text"] = plain = text.translate(_PLAIN)
            encoding = "D" if _fits(plain) else "U"
        if encoding == "U":
            form["coding"] = "2"
            if self.raw:
                form["text"] = str(form["text"]).encode("utf-16-be")
            else:
                form["charset"] = "utf8"
        return "&".join(f"{name}={quote_plus(value)}" for name, value in sorted(form.items()))

    async def answer(self, seen: Seen) -> web.Response:
        pairs = parse_qsl(seen.target.partition("?")[2], keep_blank_values=True)
        if seen.media_type == "application/x-www-form-urlencoded":
            pairs += parse_qsl(seen.body.decode(), keep_blank_values=True)
        given = dict(pairs)
        match (seen.method, seen.path.removeprefix(f"/c/kn/{self.channel}")):
            case ("POST", "/receive"):
                return self._receive(given)
            case ("GET", "/status"):
                return self._status(given)
        return reply(404 if seen.path.startswith("/c/kn/") else 405, {"message": "Error"})

    def _receive(self, given: dict[str, str]) -> web.Response:
        for name in ("id", "ts", "sender"):
            if not given.get(name):
                return _error(f"field '{name}' required")
        if not given["ts"].lstrip("-").isdigit() or not int(given["ts"]):
            return _error("field 'ts' is no time")
        found = Received(given["id"], given["sender"], given.get("message", ""), int(given["ts"]))
        if (found.id, found.sender) not in self._had:
            self._had.add((found.id, found.sender))
            self.received.append(found)
        return reply(200, {"message": "Message Accepted", "data": [{"type": "msg", "external_id": found.id}]})

    def _status(self, given: dict[str, str]) -> web.Response:
        value = given.get("status", "")
        if not given.get(self.callback) or not value.isdigit() or not int(value):
            return _error(f"fields '{self.callback}' and 'status' required")
        told = Told(given[self.callback], int(value))
        self.told.append(told)
        if told.status is None:
            return reply(200, {"message": "Ignored", "data": []})
        return reply(200, {"message": "Status Update Accepted", "data": [{"type": "status", "status": told.status}]})


def _error(words: str) -> web.Response:
    return reply(400, {"message": "Error", "data": [{"type": "error", "error": words}]})


def _fits(text: str) -> bool:
    try:
        pdu.encode_text(text, unmappable="refuse")
    except pdu.EncodeError:
        return False
    return True
