"""What every handler of the API asks of a request: who sends it, its JSON, its parameters."""

from __future__ import annotations

import asyncio
import difflib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import orjson
from aiohttp import web

from smppd.desk.access import Caller, Denied, Gate, credential
from smppd.http.problem import Problem, denied

LARGEST = 16 * 2**20  # octets of a body
SILENCE = 20.0  # seconds between two pieces of a body
LONGEST = 300.0  # seconds for a body
MOST_ID = 2**63 - 1

T = TypeVar("T")


async def caller(request: web.Request, gate: Gate) -> Caller:
    """Who asks. Raises Problem."""
    headers = request.headers
    address = gate.address(request.remote, headers.getall("X-Forwarded-For", ()))
    found = await gate.caller(credential(headers.get("Authorization", "")), address)
    if isinstance(found, Denied):
        raise denied(found)
    return found


async def json_body(request: web.Request) -> Any:
    """The value of a JSON body. Raises Problem: 415, 413, 408, or 400 that says where it is broken."""
    if request.content_type != "application/json":
        raise Problem(415, "send JSON, and say so: Content-Type: application/json")
    body = await _read(request)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Problem(400, broken(body, error)) from None


async def _read(request: web.Request) -> bytes:
    if (request.content_length or 0) > LARGEST:
        raise _too_large()
    body = bytearray()
    try:
        async with asyncio.timeout(LONGEST):
            while True:
                async with asyncio.timeout(SILENCE):
                    piece = await request.content.readany()
                if not piece:
                    return bytes(body)
                body += piece
                if len(body) > LARGEST:
                    raise _too_large()
    except TimeoutError:
        raise Problem(408, "the body did not come in time", headers={"Connection": "close"}) from None
    except (Problem, web.HTTPException):
        raise
    except Exception:  # noqa: BLE001 - compressed content that is none, or a frame that ends too early
        raise Problem(400, "the body cannot be read", headers={"Connection": "close"}) from None


def _too_large() -> Problem:
    text = f"the body is too large: at most {LARGEST} octets ({LARGEST >> 20} MiB); send it in several requests"
    return Problem(413, text, headers={"Connection": "close"})


_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)', re.DOTALL)  # the last one may be cut short
_SEARCHED = 2**20  # characters in which the item is counted; beyond them line and column must do


def broken(body: bytes, error: orjson.JSONDecodeError) -> str:
    """Where the JSON is broken: line, column, and which of the messages it is. Nothing of it is quoted."""
    try:
        text = body.decode()
    except UnicodeDecodeError as wrong:
        return f"the JSON is not UTF-8 (octet {wrong.start + 1}); nothing was stored"
    if error.msg.startswith("Input is a zero-length"):
        return "the body is empty; send JSON"
    item = ""
    if error.pos <= _SEARCHED and (count := _item(text[: error.pos])):
        item = f", in message {count}"
    return f"the JSON is broken at line {error.lineno}, column {error.colno}{item}: {error.msg}; nothing was stored"


def _item(before: str) -> int:
    """The number, from 1, of the element of the outer list that `before` ends in; 0 outside of one."""
    depth, lists, count = 0, 0, 0  # lists: the depth of the outermost list
    for sign in re.findall(r"[\[\]{},]", _STRING.sub("", before)):
        if sign in "[{":
            depth += 1
            if sign == "[" and not lists:
                lists, count = depth, 1
        elif sign == ",":
            count += depth == lists
        else:
            depth -= 1
    return count if lists and depth >= lists else 0


def parameters(request: web.Request, known: Mapping[str, Callable[[str], object]]) -> dict[str, Any]:
    """The parameters of the URL, each read by its reader; absent ones are None. Raises Problem(400) naming one."""
    found: dict[str, Any] = dict.fromkeys(known)
    for name, written in request.query.items():
        if (reader := known.get(name)) is None:
            close = difflib.get_close_matches(name[:64], known, n=1)
            hint = f'did you mean "{close[0]}"?' if close else "there are " + ", ".join(known)
            raise Problem(400, f"there is no such parameter; {hint}", field=name[:64])
        try:
            found[name] = reader(written)
        except ValueError as error:
            raise Problem(400, str(error), field=name) from None
    return found


def whole(least: int, most: int) -> Callable[[str], int]:
    """Reads a whole number."""

    def read(written: str) -> int:
        if not re.fullmatch(r"\d{1,19}", written, re.ASCII) or not least <= int(written) <= most:
            raise ValueError(f"write a whole number, {least} to {most}")
        return int(written)

    return read


def one_of(*words: str) -> Callable[[str], str]:
    """Reads one of some words."""

    def read(written: str) -> str:
        if written not in words:
            raise ValueError("write " + ", ".join(words[:-1]) + f" or {words[-1]}")
        return written

    return read


def text(written: str) -> str:
    """Reads what PostgreSQL can compare."""
    if "\0" in written or len(written) > 255:
        raise ValueError("write at most 255 characters, without NUL")
    try:
        written.encode()
    except UnicodeEncodeError:
        raise ValueError("this is not UTF-8") from None
    return written


def moment(written: str) -> datetime:
    """Reads a time with its zone, or an age such as 2h."""
    try:
        if found := re.fullmatch(r"(\d{1,6})([smhd])", written, re.ASCII):
            unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[found[2]]
            return datetime.now(UTC) - timedelta(**{unit: int(found[1])})
        # A plus that was not written as %2B has become a blank.
        then = datetime.fromisoformat(re.sub(r" (\d\d:?\d\d)$", r"+\1", written))
        if then.tzinfo is None:
            raise ValueError
        return then.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            "write an age such as 2h or 3d, or a time with its zone such as 2026-03-01T08:00:00Z"
        ) from None


def id_of(request: web.Request) -> int:
    """The id in the path. Raises Problem(404) for what can be none."""
    written = request.match_info["id"]
    if not re.fullmatch(r"\d{1,19}", written, re.ASCII) or int(written) > MOST_ID:
        raise Problem(404, "there is no such message")
    return int(written)
