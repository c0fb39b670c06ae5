"""Ids of messages as submit_sm_resp and the receipts spell them, made comparable.

A carrier may answer with an id in hexadecimal and report it in decimal, or the reverse, padded with zeros, in another
case. Where it is known how (a base for each side), `canonical` gives one form for both. Where it is not, an id is
stored under its `keys`, and a receipt speaks of whatever shares a key with it; `likeness` tells how two ids are alike.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Literal

Base = Literal["as-is", "hex", "decimal"]
Likeness = Literal["exact", "folded", "padded", "hex-to-decimal", "decimal-to-hex"]

LONGEST = 256
"""Characters of a key; SMPP has 64 (3.4 section 5.2.23), an index entry of PostgreSQL 2,704 octets."""

_BLANK = " \t\r\n\0"
_DECIMAL, _HEX = re.compile(r"[0-9]+").fullmatch, re.compile(r"[0-9a-f]+").fullmatch
# 64 hexadecimal digits: all that the specification's field holds. What is longer is no number for us.
_NUMBERS = 1 << 256
_DIGITS = 78


def clean(text: str) -> str:
    """An id without the blanks and NULs around it, without what follows a NUL, and as UTF-8 can hold it."""
    text = text.strip(_BLANK).partition("\0")[0].rstrip(_BLANK)
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def canonical(text: str, base: Base) -> str:
    """The form of an id that both sides share once the base of each is known; decimal for a number.

    "as-is" leaves all but blanks around it; for sides that nobody has named a base for, take `keys`. What is no number
    in its base is folded to lower case. At most LONGEST characters: of a longer id the end is a digest.
    """
    text = clean(text)
    if base == "as-is":
        return _short(text)
    text = text.casefold()
    number = _number(text, 16 if base == "hex" else 10)
    return _short(text) if number is None else str(number)


def keys(text: str) -> tuple[str, ...]:
    """What to store an id under, and to look it up by: one key or two, the same for every spelling of a number.

    A number stands under what it is read as decimal and as hexadecimal, both in decimal. So two ids share a key if and
    only if one spells the other: digits equal but for zeros, or the one in hexadecimal and the other in decimal.
    What is no number shares its key with itself in another case alone. Empty for an empty id.
    """
    folded = clean(text).casefold()
    decimal, hexadecimal = _number(folded, 10), _number(folded, 16)
    if hexadecimal is None:
        # No number, or one that is too large when read as hexadecimal.
        return ((_short(folded) if decimal is None else str(decimal)),) if folded else ()
    return (str(hexadecimal),) if decimal is None or decimal == hexadecimal else (str(decimal), str(hexadecimal))


def variants(text: str) -> tuple[str, ...]:
    """How the other side may have spelled an id, the likeliest first and no more than five; empty for an empty id.

    As it is, in lower case, without zeros in front, from hexadecimal to decimal and from decimal to hexadecimal. For
    a look-up among ids as they came; one in upper case or padded there is found by `keys` only.
    """
    exact = clean(text)
    if not exact:
        return ()
    folded = exact.casefold()
    found = [exact, folded]
    decimal, hexadecimal = _number(folded, 10), _number(folded, 16)
    if hexadecimal is not None:
        found += [folded.lstrip("0") or "0", str(hexadecimal)]
    if decimal is not None:
        found += [str(decimal), f"{decimal:x}"]
    return tuple(dict.fromkeys(map(_short, found)))


def likeness(submitted: str, receipted: str) -> Likeness | None:
    """How the id of a receipt is that of submit_sm_resp, to take the nearest of several; None where it is not.

    "hex-to-decimal": hexadecimal in the response, decimal in the receipt.
    """
    one, other = clean(submitted), clean(receipted)
    if one == other:
        return "exact" if one else None
    one, other = one.casefold(), other.casefold()
    if one == other:
        return "folded"
    decimal, hexadecimal = _number(one, 10), _number(one, 16)
    its_decimal, its_hexadecimal = _number(other, 10), _number(other, 16)
    pairs: tuple[tuple[Likeness, int | None, int | None], ...] = (
        ("padded", hexadecimal, its_hexadecimal),
        ("padded", decimal, its_decimal),  # longer than any hexadecimal id
        ("hex-to-decimal", hexadecimal, its_decimal),
        ("decimal-to-hex", decimal, its_hexadecimal),
    )
    return next((name for name, ours, its in pairs if ours is not None and ours == its), None)


def _number(folded: str, base: Literal[10, 16]) -> int | None:
    if len(folded) > LONGEST or not (_DECIMAL if base == 10 else _HEX)(folded):
        return None
    digits = folded.lstrip("0") or "0"
    if len(digits) > _DIGITS:
        return None
    number = int(digits, base)
    return number if number < _NUMBERS else None


def _short(text: str) -> str:
    if len(text) <= LONGEST:
        return text
    digest = blake2b(text.encode(), digest_size=16).hexdigest()
    return f"{text[: LONGEST - 33]}#{digest}"
