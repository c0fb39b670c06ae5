"""The text of a delivery receipt (SMPP 3.4 appendix B) and its dialects: octets to text, text to fields."""

from __future__ import annotations

import re
from collections.abc import Collection
from contextlib import suppress

from pdu.errors import DecodeError
from pdu.text import decode_text
from pdu.udh import parse_udh

# The first letters tell most places apart at once; _NAMES refuses what they let through. "id" is the end of many words;
# the others are told even where the blank before them is missing.
_KEY = re.compile(
    r"[imsdet](?:(?<![a-z0-9_.-].)(?:d|(?:essage|sg)[ _-]?id)"
    r"|(?<![a-z_.-].)(?:ub(?:mit[ _-]?date)?|lvrd|one[ _-]?date|tat(?:us|e)?|rr(?:or)?(?:[ _-]?code)?|ext))\s*:"
)
_OTHER = re.compile(r"[\s,;|&]([a-z][a-z0-9_.-]*)\s*[:=]\s*([^\s,;|&]*)", re.IGNORECASE)
_END = re.compile(r"[\s,;|&]")
_PHRASE = re.compile(r"(?:not?|non|delivery|delivered)\s", re.IGNORECASE)
_NAMES = {name: name for name in ("id", "sub", "dlvrd", "stat", "err", "text")}
_NAMES |= {"status": "stat", "state": "stat", "error": "err"}
for _gap in ("", " ", "_", "-"):
    _NAMES |= {f"message{_gap}id": "id", f"msg{_gap}id": "id", f"err{_gap}code": "err", f"error{_gap}code": "err"}
    _NAMES |= {f"submit{_gap}date": "submit date", f"done{_gap}date": "done date"}
_BLANK = " \t\r\n\0"
_AROUND = _BLANK + ",;|&"
_QUOTES = "\"'"


def receipt_text(octets: bytes, *, header: bool = False, packed: bool = False) -> str:
    """The text of a receipt. Never raises.

    Receipts are ASCII or UCS-2, and data_coding often tells of the message they are about instead, so the octets
    themselves decide. "@" and "_" of an id must stay what they are, so the GSM alphabet is not read, but for its "_",
    which is no letter of ASCII. `header` says that esm_class has UDHI, which is also set where there is no header;
    `packed` reads septets.
    """
    if header and b"\1" < octets[:1] < b" ":
        with suppress(DecodeError):  # none there: the text begins at once
            octets = parse_udh(octets)[1]
    if packed:
        return decode_text(octets, 0, default="gsm7-packed").text or ""
    colon = octets.find(b"\0:")
    if colon < 0:
        return octets.decode("latin-1").replace("\x11", "_")
    text = octets[colon % 2 :].decode("utf-16-be", "replace")
    if colon % 2:  # a header of odd size that UDHI does not tell of, or little endian
        little = octets.decode("utf-16-le", "replace")
        if len(_KEY.findall(_lower(little))) > len(_KEY.findall(_lower(text))):
            return little
    return text


def read_fields(text: str, known: Collection[str] = ()) -> dict[str, str]:
    """The `key:value` pairs of a receipt in any order and case, with any blanks between; first of a key wins.

    Keys are those of appendix B in lower case, whatever else the carrier calls them, and the carrier's own. What
    follows `text:` is a quotation, not read for keys, once id and stat are; `known` names those that parameters tell.
    """
    found: dict[str, str] = {}
    key, start = "", 0
    for match in _KEY.finditer(_lower(text)):
        name = _NAMES.get(match[0][:-1].rstrip())
        if name is None:
            continue
        if key == "text" and ("id" in found or "id" in known) and ("stat" in found or "stat" in known):
            break
        if key:
            _keep(found, key, text[start : match.start()])
        key, start = name, match.end()
    if key:
        _keep(found, key, text[start:])
    return found


def _lower(text: str) -> str:
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join([letter.lower()[0] for letter in text])


def _keep(found: dict[str, str], key: str, value: str) -> None:
    if key == "text":
        found.setdefault(key, value.strip(_BLANK))
        return
    own: list[tuple[str, str]] = []
    if ":" in value or "=" in value:
        first = _OTHER.search(value)
        if first:
            own = _OTHER.findall(value, first.start())
            value = value[: first.start()]
    value = value.strip(_AROUND)
    if value.startswith(("'", '"')):
        value = value[1:].partition(value[0])[0]
    elif key == "id":
        value = "".join(value.split(None, 1)[:1])
    elif not (key.endswith("date") or value.isalnum() or (key == "stat" and _PHRASE.match(value))):
        # What is behind a blank is no part of the value, perhaps a key that was cut; but "NOT DELIVERED" is.
        value = _END.split(value, 1)[0]
    found.setdefault(key, value)
    for name, content in own:
        found.setdefault(name.lower(), content.strip(_QUOTES))
