"""Kannel's %-codes in URLs that are called: what each stands for, and how it is written."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote_plus, unquote_to_bytes

_CODE = re.compile(rb"%(#[^#%]*#[^#%]*#|[A-Za-z%])")
_PLAIN = "-_.!~*'()"  # as they are, beside letters and digits


@dataclass(slots=True)
class Values:
    """What the codes of one call stand for. Numbers below 0 are undefined, and shown as -1."""

    sender: str  # the phone
    recipient: str  # our number
    body: bytes
    at: datetime
    carrier: str
    id: str
    service: str
    answer: bytes | None = None  # the carrier's, of a report; None: the body
    value: int = -1  # of a report
    dlr_url: str = ""
    meta_data: str = ""
    foreign_id: str = ""
    coding: int = -1
    charset: str = "UTF-8"
    udh: bytes = b""
    billing: str = ""
    account: str = ""
    data_coding: int = 0
    message_class: int = -1
    waiting: int = -1
    words: list[bytes] = field(default_factory=list)
    taken: int = 1  # words that %s has used; the first is the keyword


def expanded(template: bytes, values: Values) -> str:
    """The URL to call. What is no code stays as it is written; nothing that a URL cannot hold is left in it.

    Codes: the Kannel user guide, "sms-service group", and what its 1.4.5 makes of them.
    """
    values.words, values.taken = values.body.split(), 1
    url = _CODE.sub(lambda found: _value(found[1], found[0], values), template)
    return re.sub(rb"[^!-~]", lambda found: b"%%%02X" % found[0][0], url).decode("ascii")


def encoded(octets: bytes | str) -> bytes:
    """A blank as "+", other octets than letters, digits and a few signs as %XX."""
    return quote_plus(octets, safe=_PLAIN).encode()


def _value(code: bytes, written: bytes, values: Values) -> bytes:
    if code.startswith(b"#"):
        _, group, name, _ = code.split(b"#")
        return encoded(_of_meta_data(values.meta_data, group.decode("latin-1"), name.decode("latin-1")))
    found = _CODES.get(code)
    return written if found is None else found(values)


def _of_meta_data(meta_data: str, group: str, name: str) -> bytes:
    for here, pairs in re.findall(r"\?([^?&=]*)\?([^?]*)", meta_data):
        for pair in pairs.split("&") if here == group else ():
            key, _, value = pair.partition("=")
            if key == name:
                return unquote_to_bytes(value.replace("+", " "))
    return b""


def _next_word(values: Values) -> bytes:
    values.taken += 1
    return values.words[values.taken - 1] if values.taken <= len(values.words) else b""


def _international(number: str) -> bytes:
    return encoded("+" + number[2:] if number.startswith("00") else number)


def _number(number: int) -> bytes:
    return b"%d" % max(-1, number)


_CODES: dict[bytes, Callable[[Values], bytes]] = {
    b"%": lambda _: b"%",
    b"k": lambda values: encoded(values.words[0] if values.words else b""),
    b"s": lambda values: encoded(_next_word(values)),
    # Written as it is, this word could name another address; so all of it is encoded but what Kannel changes.
    b"S": lambda values: encoded(_next_word(values).replace(b"*", b"~")),
    b"r": lambda values: b"+".join(map(encoded, values.words[values.taken :])),
    b"a": lambda values: b"+".join(map(encoded, values.words)),
    b"b": lambda values: encoded(values.body),
    b"e": lambda values: values.body.hex().upper().encode(),
    b"A": lambda values: encoded(values.body if values.answer is None else values.answer),
    b"t": lambda values: values.at.astimezone(UTC).strftime("%Y-%m-%d+%H:%M:%S").encode(),
    b"T": lambda values: b"%d" % int(values.at.timestamp()),
    b"p": lambda values: encoded(values.sender),
    b"P": lambda values: encoded(values.recipient),
    b"q": lambda values: _international(values.sender),
    b"Q": lambda values: _international(values.recipient),
    b"i": lambda values: encoded(values.carrier),
    b"I": lambda values: encoded(values.id),
    b"d": lambda values: _number(values.value),
    b"R": lambda values: encoded(values.dlr_url),
    b"D": lambda values: encoded(values.meta_data),
    b"F": lambda values: encoded(values.foreign_id),
    b"f": lambda _: b"",
    b"n": lambda values: encoded(values.service),
    b"c": lambda values: _number(values.coding),
    b"m": lambda values: _number(values.message_class),
    b"M": lambda values: _number(values.waiting),
    b"C": lambda values: encoded(values.charset),
    b"u": lambda values: encoded(values.udh),
    b"U": lambda values: values.udh.hex().upper().encode(),
    b"B": lambda values: encoded(values.billing),
    b"o": lambda values: encoded(values.account),
    b"O": lambda values: b"%02d" % values.data_coding,
    b"v": lambda _: b"",
    b"V": lambda _: b"",
    b"y": lambda _: b"-1",
    b"x": lambda _: b"",
}
