"""One message as the API's JSON has it: read and checked field by field, by hand since thousands come in one request.

What is wrong is said with the field's name and never quotes a value. `FIELDS` is the declaration that the OpenAPI
document is made of.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from smppd.desk import Refused
from smppd.model import BUFFERED, NO_OPTIONS, Options, OutboundState, Submission

LONGEST_URL = 2048
LONGEST_DELAY = 366 * 86400.0  # seconds
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SPAN = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?) ?([smhd])")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)")

CODINGS = ("auto", "default", "ucs2")
UNMAPPABLE = ("ucs2", "refuse", "replace", "transliterate", "transliterate-replace")
REPORTS = {
    **{
        state.name.lower(): state.bit
        for state in OutboundState
        if state >= OutboundState.SENDING and state is not OutboundState.DENIED
    },
    "intermediate": BUFFERED,
}
"""What a system may ask to hear of. Denied is known at once."""
FINAL = sum(bit for name, bit in REPORTS.items() if name not in ("sending", "sent", "intermediate"))


class _Wrong(Exception):
    """One field's value: `code` is malformed (another type) or invalid."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


def read(item: object, now: datetime, *, callbacks_only: bool = False) -> Submission | Refused:
    """One message of a request. `callbacks_only`: the system is told of nothing but at a callback_url."""
    if type(item) is not dict:
        return Refused("malformed", "", 'a message is an object such as {"to": "+255…", "text": "…"}')
    asked = Submission("", options=NO_OPTIONS)
    field = ""
    try:
        for field, value in item.items():
            if (setter := _SETTERS.get(field)) is None:
                return Refused("malformed", field[:64], _unknown(field))
            if value is not None or field in _NEVER_NULL:
                setter(asked, value, now)
    except _Wrong as wrong:
        return Refused(wrong.code, field, wrong.reason)
    return _whole(asked, now, callbacks_only) or asked


def _whole(asked: Submission, now: datetime, callbacks_only: bool) -> Refused | None:
    """What concerns more than one field."""
    options = asked.options
    if not asked.recipient:
        return Refused("malformed", "to", "this field is missing: the number that the message is for")
    if asked.text is None:
        if asked.data is None:
            return Refused("malformed", "text", "this field is missing; write text, or data in hex")
        if options.coding != "auto":
            return Refused("invalid", "coding", "it belongs to text; data is sent as it is")
    elif asked.data is not None:
        return Refused("invalid", "data", "write either text or data")
    if options.validity:
        asked.expires_at = (asked.send_at or now) + timedelta(seconds=options.validity)
        if asked.send_at is not None:
            options.validity = 0  # the carrier would count it from when it was asked for
    if options.callback_url:
        asked.report = asked.report or FINAL
    elif asked.report and callbacks_only:
        return Refused("invalid", "report", "this system hears of its messages at a callback_url only; write one")
    if asked.report & BUFFERED:
        _options(asked).intermediate = True
    return None


def _options(asked: Submission) -> Options:
    """Its options, to be changed."""
    if asked.options is NO_OPTIONS:
        asked.options = Options()
    return asked.options


def _text(value: object) -> str:
    if type(value) is not str:
        raise _Wrong("malformed", "write text in quotes")
    return value


def _to(asked: Submission, value: object, _now: datetime) -> None:
    if not (text := _text(value)).strip():
        raise _Wrong("invalid", "there is no number")
    asked.recipient = text


def _from(asked: Submission, value: object, _now: datetime) -> None:
    if not (text := _text(value)).strip():
        raise _Wrong("invalid", "it is empty; leave it out to send from the system's own number")
    asked.sender = text


def _content(asked: Submission, value: object, _now: datetime) -> None:
    if not (text := _text(value)):
        raise _Wrong("invalid", "it is empty")
    if "\0" in text:
        raise _Wrong("invalid", "it holds NUL, which no phone shows; binary content belongs in data, in hex")
    asked.text = text


def _data(asked: Submission, value: object, _now: datetime) -> None:
    if not (octets := _hex(value)):
        raise _Wrong("invalid", "it is empty")
    asked.data = octets


def _hex(value: object) -> bytes:
    try:
        if (text := _text(value)) and not text.isalnum():
            raise ValueError
        return bytes.fromhex(text)
    except ValueError:
        raise _Wrong("invalid", "write octets in hex, two digits for each and nothing between") from None


def _reference(asked: Submission, value: object, _now: datetime) -> None:
    if not (text := _text(value)).isprintable():
        raise _Wrong("invalid", "it holds characters that cannot be printed")
    asked.reference = text


def _whole_number(value: object, most: int) -> int:
    if type(value) is not int:
        raise _Wrong("malformed", f"write a whole number, 0 to {most}")
    if not 0 <= value <= most:
        raise _Wrong("invalid", f"write 0 to {most}")
    return value


def _priority(asked: Submission, value: object, _now: datetime) -> None:
    asked.priority = _whole_number(value, 3)


def _message_class(asked: Submission, value: object, _now: datetime) -> None:
    _options(asked).message_class = _whole_number(value, 3)


def _validity(asked: Submission, value: object, now: datetime) -> None:
    if type(value) in (int, float):
        seconds = float(value)  # type: ignore[arg-type]
    elif type(value) is not str:
        raise _Wrong("malformed", 'write a duration such as "8h", a number of seconds, or a time')
    elif found := _SPAN.fullmatch(value):
        seconds = float(found[1]) * _UNITS[found[2]]
    elif _TIME.fullmatch(value):
        asked.expires_at = _time(value)
        if asked.expires_at <= now:
            raise _Wrong("invalid", "it has expired already")
        return
    else:
        raise _Wrong("invalid", 'write a duration such as "8h" (s, m, h, d), a number of seconds, or a time')
    if not 1 <= seconds <= LONGEST_DELAY:
        past = seconds <= 0 and math.isfinite(seconds)
        raise _Wrong("invalid", "it has expired already" if past else "write one second to 366 days")
    _options(asked).validity = int(seconds)


def _send_at(asked: Submission, value: object, _now: datetime) -> None:
    asked.send_at = _time(_text(value))


def _time(text: str) -> datetime:
    """RFC 3339: a time without a zone would be a guess."""
    try:
        if not _TIME.fullmatch(text):
            raise ValueError
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _Wrong("invalid", 'write a time with its zone, such as "2026-03-01T08:00:00+03:00"') from None


def _callback_url(asked: Submission, value: object, _now: datetime) -> None:
    if len(url := _text(value)) > LONGEST_URL:
        raise _Wrong("invalid", f"at most {LONGEST_URL} characters")
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna")  # whose labels must have 1 to 63 octets
        fine = parts.scheme in ("http", "https") and bool(host) and parts.port != 0
    except ValueError:
        fine = False
    if not fine or not url.isprintable() or " " in url:
        raise _Wrong("invalid", "write an address that begins with http:// or https://")
    _options(asked).callback_url = url


def _report(asked: Submission, value: object, _now: datetime) -> None:
    if type(value) is not list or not all(type(name) is str for name in value):
        raise _Wrong("malformed", 'write a list of states such as ["delivered", "undelivered"]')
    for name in value:
        if name not in REPORTS:
            raise _Wrong("invalid", "write states of " + ", ".join(REPORTS))
        asked.report |= REPORTS[name]


def _one_of(value: object, words: tuple[str, ...]) -> str:
    if (word := _text(value)) not in words:
        raise _Wrong("invalid", "write " + ", ".join(words[:-1]) + f" or {words[-1]}")
    return word


def _coding(asked: Submission, value: object, _now: datetime) -> None:
    _options(asked).coding = _one_of(value, CODINGS)


def _unmappable(asked: Submission, value: object, _now: datetime) -> None:
    _options(asked).unmappable = _one_of(value, UNMAPPABLE)


def _udh(asked: Submission, value: object, _now: datetime) -> None:
    octets = _hex(value)
    if not octets or octets[0] != len(octets) - 1 or len(octets) > 140:
        raise _Wrong("invalid", "not a user data header: its length octet first, then its elements, at most 140 octets")
    _options(asked).udh = octets.hex()


def _carrier(asked: Submission, value: object, _now: datetime) -> None:
    if not (name := _text(value)):
        raise _Wrong("invalid", "write the name of a carrier, or leave it out")
    _options(asked).carrier = name


_SETTERS: dict[str, Callable[[Submission, Any, datetime], None]] = {
    "to": _to,
    "from": _from,
    "text": _content,
    "data": _data,
    "reference": _reference,
    "priority": _priority,
    "validity": _validity,
    "send_at": _send_at,
    "callback_url": _callback_url,
    "report": _report,
    "message_class": _message_class,
    "coding": _coding,
    "unmappable": _unmappable,
    "udh": _udh,
    "carrier": _carrier,
}
NAMES = tuple(_SETTERS)
_NEVER_NULL = frozenset({"to", "text", "data"})


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name[:64].lower(), NAMES, n=1, cutoff=0.6)
    if close:
        return f'there is no such field; did you mean "{close[0]}"?'
    return "there is no such field; a message may have " + ", ".join(NAMES)
