"""The shapes of DHIS2's values: base64 as Java reads it, tokens, dates, identifiers."""

from __future__ import annotations

import re
import secrets
import string
from zlib import crc32

_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_TOKEN_V2 = re.compile(r"d2p_[A-Za-z0-9]{44}(?:[A-Za-z0-9]{6})?")
_DATE = re.compile(r"\d{8}|\d{4}(-\d\d(-\d\d([T ]\d\d:\d\d(:\d\d([.]\d{1,9})?)?(Z|[+-]\d\d:?(\d\d)?)?)?)?)?")


def is_base64(text: str) -> bool:
    """Whether Java's basic decoder takes `text`: "YES", "STOP" and "1234" are such texts."""
    if not _BASE64.fullmatch(text):
        return False
    bare = len(text.rstrip("="))
    return bare % 4 != 1 and (bare == len(text) or len(text) % 4 == 0)


def make_token() -> str:
    """A new personal access token (v1: 32 characters and their CRC-32 in ten digits)."""
    secret = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(32))
    return f"d2pat_{secret}{crc32(secret.encode()):010d}"


def valid_token(token: str) -> bool:
    """Whether DHIS2 looks a token up at all; any other is a malformed request."""
    kind, _, rest = token.partition("_")
    if kind == "d2pat":
        return len(rest) == 42 and rest.isascii() and rest[32:] == f"{crc32(rest[:32].encode()):010d}"
    return _TOKEN_V2.fullmatch(token) is not None


def is_date(value: str) -> bool:
    """Whether DHIS2 reads `value` as a date, with or without time and zone."""
    return _DATE.fullmatch(value.strip()) is not None


def make_uid() -> str:
    """DHIS2's identifier: a letter and ten letters or digits."""
    letters = string.ascii_letters
    return secrets.choice(letters) + "".join(secrets.choice(letters + string.digits) for _ in range(10))
