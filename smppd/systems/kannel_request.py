"""What a request to /cgi-bin/sendsms says, in octets as they came, however it is written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

import orjson

from smppd.systems.kannel_xml import from_xml

NAMES = (
    "username", "password", "from", "to", "text", "charset", "udh", "smsc", "account", "binfo", "dlr-url", "dlr-mask",
    "mclass", "mwi", "coding", "compress", "validity", "deferred", "pid", "rpi", "alt-dcs", "priority", "meta-data",
)  # fmt: skip
_ALIASES = {"user": "username", "pass": "password", "dlrurl": "dlr-url", "dlrmask": "dlr-mask"}
_HEADERS = {f"x-kannel-{name}": name for name in NAMES if name not in ("text", "charset")}
_WRITTEN = {name.encode(): name for name in (*NAMES, *_ALIASES)}
_WEB_PAGES = ("text/html", "text/vnd.wap.wml")
_NUMBER = re.compile(rb"[\s]*([+-]?[0-9]+)")


class Refusal(Exception):
    """The answer to a request that nothing is stored of: HTTP status and body."""

    def __init__(self, status: int, text: str, retry_after: float = 0.0) -> None:
        super().__init__(text)
        self.status, self.text, self.retry_after = status, text, retry_after


@dataclass(slots=True)
class Asked:
    """The parameters under the names of the GET form. `charset` is what the text is in unless it says so itself."""

    values: dict[str, bytes]
    charset: str = ""  # "": UTF-8 where it is text, else as the coding says
    coding: int | None = None  # when none is given; None: 0, or 1 with a header of the sender's own
    receivers: list[bytes] | None = None  # given one by one; else white space parts them
    token: str = field(default="", repr=False)
    posted: bool = False
    json: bool = False
    unsupported: bool = False

    def get(self, name: str) -> bytes | None:
        """The octets of a parameter; None when it is not there."""
        return self.values.get(name)

    def text(self, name: str) -> str:
        """A parameter that is no message: UTF-8, or Latin-1 where it is not. "" when it is not there."""
        value = self.values.get(name)
        return readable(value) if value else ""

    def number(self, name: str) -> int | None:
        """The number a parameter begins with, after blanks; None when it does not begin with one."""
        value = self.values.get(name)
        found = _NUMBER.match(value) if value else None
        return int(found[1][:20]) if found else None


def from_query(query: bytes) -> Asked:
    """The GET form. The first of several values counts."""
    return Asked(_pairs(query))


def from_post(headers: Iterable[tuple[bytes, bytes]], body: bytes, query: bytes = b"") -> Asked:
    """The POST forms, told apart by Content-Type; a form or JSON may leave parameters to the query.

    Raises Refusal for a type that there is not.
    """
    given: dict[str, bytes] = {}
    for name, value in headers:
        given.setdefault(name.decode("latin-1").lower(), value)
    kind, charset = _media_type(given.get("content-type", b"application/octet-stream").decode("latin-1"))
    reader = _READERS.get(kind)
    if reader is None:
        raise Refusal(400, "Invalid content-type")
    asked = reader(given, body, charset)
    if kind in _WITH_QUERY:
        asked.values = _pairs(query) | asked.values
    asked.token = readable(given.get("x-api-key", b""))
    asked.posted, asked.unsupported = True, kind in _WEB_PAGES
    return asked


def readable(octets: bytes) -> str:
    """UTF-8, or Latin-1 where it is not."""
    try:
        return octets.decode()
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def header_octets(value: bytes) -> bytes:
    """Octets in a header, in XML or in JSON: as hex, else URL-encoded."""
    try:
        return bytes.fromhex(value.decode("ascii")) if b" " not in value else _unquoted(value)
    except (UnicodeDecodeError, ValueError):
        return _unquoted(value)


def _pairs(query: bytes) -> dict[str, bytes]:
    values: dict[str, bytes] = {}
    for pair in query.split(b"&"):
        name, equals, value = pair.partition(b"=")
        if equals:
            values.setdefault(_WRITTEN.get(name) or _unquoted(name).decode("latin-1"), _unquoted(value))
    return _named(values)


def _named(values: dict[str, bytes]) -> dict[str, bytes]:
    """Old names count where the name itself is missing."""
    if not _ALIASES.keys().isdisjoint(values):
        for old, name in _ALIASES.items():
            if old in values:
                values.setdefault(name, values.pop(old))
    return values


def _unquoted(octets: bytes) -> bytes:
    octets = octets.replace(b"+", b" ")
    return unquote_to_bytes(octets) if b"%" in octets else octets


def _media_type(written: str) -> tuple[str, str]:
    kind, _, rest = written.partition(";")
    found = re.search(r'charset\s*=\s*"?([^";\s]*)', rest, re.IGNORECASE)
    return kind.strip().lower(), found[1] if found else ""


def _plain(headers: dict[str, bytes], body: bytes, charset: str) -> Asked:
    return Asked(_from_headers(headers, body), charset or "ISO-8859-1", 0)


def _octets(headers: dict[str, bytes], body: bytes, _charset: str) -> Asked:
    return Asked(_from_headers(headers, body), "", 1)


def _from_headers(headers: dict[str, bytes], body: bytes) -> dict[str, bytes]:
    values = {name: headers[header].strip() for header, name in _HEADERS.items() if header in headers}
    if udh := values.get("udh"):
        values["udh"] = header_octets(udh)
    return values | {"text": body}


def _xml(_headers: dict[str, bytes], body: bytes, _charset: str) -> Asked:
    values, receivers = from_xml(body)
    for name in ("text", "udh"):
        if name in values:
            values[name] = header_octets(values[name]) if name == "udh" else _unquoted(values[name])
    return Asked(values, "UTF-8", 0, receivers)


def _form(_headers: dict[str, bytes], body: bytes, charset: str) -> Asked:
    return Asked(_pairs(body.strip()), charset if charset.lower() not in ("utf-8", "utf8") else "")


def _json(_headers: dict[str, bytes], body: bytes, _charset: str) -> Asked:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refusal(400, "JSON body misformed, rejected") from None
    if not isinstance(found, dict):
        raise Refusal(400, "JSON body misformed, rejected")
    receivers = None
    if isinstance(found.get("to"), list):
        receivers = [_written(each) for each in found.pop("to")]
    values = _named({str(name): _written(value) for name, value in found.items() if value is not None})
    if udh := values.get("udh"):
        values["udh"] = header_octets(udh)
    return Asked(values, "UTF-8", None, receivers, json=True)


def _written(value: object) -> bytes:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Refusal(400, "JSON body misformed, rejected")
    return str(value).encode()


_WITH_QUERY = ("application/x-www-form-urlencoded", "application/json")
_READERS: dict[str, Callable[[dict[str, bytes], bytes, str], Asked]] = {
    "text/plain": _plain,
    "application/octet-stream": _octets,
    "text/xml": _xml,
    "application/x-www-form-urlencoded": _form,
    "application/json": _json,
    **dict.fromkeys(_WEB_PAGES, _octets),
}
