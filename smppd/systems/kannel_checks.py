"""A request judged in Kannel's order, with Kannel's words: what is wrong first is what the caller is told."""

from __future__ import annotations

import codecs
import encodings
import pkgutil
import re
from dataclasses import dataclass
from encodings.aliases import aliases
from functools import lru_cache

from smppd.systems.kannel_request import Asked, Refusal, readable

DENIED = "Number(s) has/have been denied by white- and/or black-lists."
MISSING = "Missing receiver number, rejected"
MISSING_POSTED = "Missing receiver(s) number(s), rejected"
NO_SENDER = "Sender missing and no global set, rejected"
LONGEST_UDH = 140  # octets
LONGEST_ACCOUNT = 64
LONGEST_WAIT = 366 * 24 * 60  # minutes; what is to be valid or deferred for longer is a mistake

_RECEIVERS = re.compile(rb"[\s,;]+")
_NUMBER = re.compile(r"[ +-]*[0-9][0-9 +-]*")
_NO_ACCOUNT = re.compile(r"[\[\]\r\n\0]")
_DLR_URL = re.compile(r"https?://", re.IGNORECASE)
# In this order they are looked at, and named in the answer.
_RANGES = (
    ("dlr-mask", "DLR-Mask", -1, 66),
    ("mclass", "MClass", -1, 3),
    ("pid", "PID", -1, 255),
    ("rpi", "RPI", -1, 2),
    ("alt-dcs", "Alt-DCS", -1, 1),
    ("mwi", "MWI", -1, 7),
    ("coding", "Coding", -1, 2),
    ("compress", "Compress", -1, 1),
    ("validity", "Validity", -1, LONGEST_WAIT),
    ("deferred", "Deferred", -1, LONGEST_WAIT),
    ("priority", "Priority", -1, 3),
)
_NO_CHARSETS = {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "oem"}
# Python keeps the name of every charset that it was ever asked for in vain.
_CHARSETS = {*aliases, *(module.name for module in pkgutil.iter_modules(encodings.__path__))}
_LONGEST_CHARSET = 40  # characters of a name
_UCS2 = {"ucs-2", "ucs2", "ucs-2be", "iso-10646-ucs-2"}


@dataclass(slots=True)
class Checked:
    """A request that may be handed over. A number below 0 was given as "undefined", or not at all.

    Exactly one of `text` and `data` is set.
    """

    receivers: list[str]
    denied: list[str]
    sender: str
    udh: bytes
    text: str | None
    data: bytes | None
    coding: int
    numbers: dict[str, int]
    account: str
    binfo: str
    dlr_url: str
    smsc: str
    meta_data: str

    def number(self, name: str) -> int:
        """-1 when it is not given."""
        return self.numbers.get(name, -1)


def checked(asked: Asked, sender: str, *, default: bool) -> Checked:
    """`sender` is what the configuration says must be shown ("": what is asked for); with `default` one is found for a
    message that names none. Raises Refusal.
    """
    receivers = _receivers(asked)
    udh = asked.get("udh") or b""
    if udh and udh[0] != len(udh) - 1:
        raise Refusal(400, "UDH field misformed, rejected")
    if len(udh) > LONGEST_UDH:
        raise Refusal(400, "UDH field is too long, rejected")
    usable = [number for number in receivers if _NUMBER.fullmatch(number)]
    if not usable:
        raise Refusal(400, DENIED)
    sender = sender or _sender(asked)
    if not sender and not default:
        raise Refusal(400, NO_SENDER)
    numbers = _numbers(asked)
    if asked.unsupported:
        raise Refusal(415, "Unsupported content-type, rejected")
    coding = numbers.get("coding", -1)
    if coding < 0:
        coding = asked.coding if asked.coding is not None else 1 if udh else 0
    text, data = _content(asked, coding)
    binfo = asked.text("binfo")
    if not (binfo.isascii() and (not binfo or binfo.isprintable())):
        raise Refusal(400, "BInfo field misformed, rejected")
    denied = [number for number in receivers if number not in usable]
    return Checked(
        usable, denied, sender, udh, text, data, coding, numbers, asked.text("account"), binfo,
        asked.text("dlr-url"), asked.text("smsc"), asked.text("meta-data"),
    )  # fmt: skip


def _receivers(asked: Asked) -> list[str]:
    given = asked.receivers
    if given is None:
        to = asked.get("to")
        if to is None:
            raise Refusal(400, MISSING_POSTED if asked.posted else MISSING)
        if not to:
            raise Refusal(400, "Empty receiver number not allowed, rejected")
        given = [number for number in _RECEIVERS.split(to) if number]
    return list(dict.fromkeys([readable(number).strip() for number in given]))


def _sender(asked: Asked) -> str:
    """A plus that was not encoded arrives as a blank."""
    given = asked.text("from")
    plain = given.strip()
    lost = given.startswith(" ") and plain.isascii() and plain.isdigit() and len(plain) > 6
    return f"+{plain}" if lost else plain


def _numbers(asked: Asked) -> dict[str, int]:
    account = asked.text("account")
    if len(account) > LONGEST_ACCOUNT or _NO_ACCOUNT.search(account):
        raise Refusal(400, "Account field misformed or too long, rejected")
    if (url := asked.text("dlr-url")) and not (_DLR_URL.match(url) and len(url) >= 8 and "\0" not in url):
        raise Refusal(400, "DLR-URL field misformed, rejected")
    numbers = {}
    for name, shown, least, most in _RANGES:
        if name not in asked.values or (number := asked.number(name)) is None:
            continue
        if not least <= number <= most:
            raise Refusal(400, f"{shown} field misformed, rejected")
        numbers[name] = number
    return numbers


def _content(asked: Asked, coding: int) -> tuple[str | None, bytes | None]:
    octets = asked.get("text") or b""
    if coding == 1:
        return None, octets
    charset = asked.text("charset") or asked.charset or ("utf-16-be" if coding == 2 else "utf-8")
    try:
        text, _ = _codec(charset).decode(octets, "strict")
    except (LookupError, ValueError):
        raise Refusal(400, "Charset or body misformed, rejected") from None
    return text.removeprefix("\ufeff"), None


@lru_cache(maxsize=64)
def _codec(charset: str) -> codecs.CodecInfo:
    """Raises LookupError for what is no charset of text."""
    if charset.lower() in _UCS2:
        charset = "utf-16-be"
    if len(charset) > _LONGEST_CHARSET or encodings.normalize_encoding(charset).lower() not in _CHARSETS:
        raise LookupError(charset)
    codec = codecs.lookup(charset)
    if codec.name in _NO_CHARSETS or not getattr(codec, "_is_text_encoding", False):
        raise LookupError(charset)
    return codec
