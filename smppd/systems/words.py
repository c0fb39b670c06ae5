"""What a foreign system said, fit for an operator's eyes: short, and without message text, phone numbers or secrets."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable
from urllib.parse import unquote

_LENGTH = 120
_KEYS = ("message", "detail", "error", "title", "description", "error_description", "reason")
_TAGS = re.compile(r"<(script|style|head)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_DIGITS = re.compile(r"\+?\d(?:[\s().-]{0,2}\d){5,}")
_WORD = re.compile(r"[^\W_]+")
_GAP = re.compile(r"[^!-~\u00a1-\ud7ff\ue000-\U0010ffff]+")  # no lone surrogate: nothing can write it
_DOTS = re.compile(r"…(?:[^\w…]{0,3}…)+")


def first_words(body: bytes, texts: Iterable[str] = (), secrets: Iterable[str] = ()) -> str:
    """The beginning of an answer in at most 120 characters; of JSON its message, of a web page its visible text.

    Systems quote what they were sent. So every word that also stands in one of `texts` is left out, as are
    `secrets` and whatever could be a phone number.
    """
    said = _GAP.sub(" ", _plain(_TAGS.sub(" ", _spoken(body))))
    for secret in secrets:
        if secret:
            said = said.replace(secret, "…")
    said = _DIGITS.sub("…", said)
    known = "\n".join(form for text in texts for form in (text, _plain(text))).casefold()
    if known:
        words = set(_WORD.findall(known))
        said = _WORD.sub(lambda found: "…" if _quoted(found[0].casefold(), words, known) else found[0], said)
    said = _DOTS.sub("…", said).strip()
    return said if len(said) <= _LENGTH else f"{said[: _LENGTH - 1].rstrip()}…"


def _plain(text: str) -> str:
    return unquote(html.unescape(text))


def _quoted(word: str, words: set[str], known: str) -> bool:
    # A quotation may be cut inside a word, so parts of words count from three letters on.
    return word in words or (len(word) >= 3 and word in known)


def _spoken(body: bytes) -> str:
    text = body.decode("utf-8", "replace").strip()
    if not text.startswith(("{", "[", '"')):
        return text
    try:
        return _message(json.loads(text))
    except (ValueError, RecursionError):
        return ""  # cut off or broken: escapes in it could hide a quotation


def _message(value: object) -> str:
    while isinstance(value, (dict, list)):
        if isinstance(value, list):
            value = value[0] if value else ""
        else:
            value = next((value[key] for key in _KEYS if value.get(key)), "")
    return value if isinstance(value, str) else ""
