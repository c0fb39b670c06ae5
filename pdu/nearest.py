"""What to write for a character that an alphabet has not, so that a reader takes it for the same."""

from __future__ import annotations

from collections.abc import Callable
from unicodedata import category, decimal, decomposition, normalize

_Fits = Callable[[str], bool]

# A digit in a number must never come to stand beside another: a dose of 1½ is not 11/2, and 10⁹ is not 109.
# Hence `previous` and `following` below, and a sign before what is raised.
_RAISED = "^"
_NEGATING = "\u0338"

_NEAREST = {
    # quotes and primes
    **dict.fromkeys("‘’‚‛′´`ʹʻʼʽˈ‹›", "'"),
    **dict.fromkeys("“”„‟″«»〝〞ˮ", '"'),
    # dashes, dots, lines
    **dict.fromkeys("‐‑‒–—―−⁃﹘", "-"),
    "…": "...", "․": ".", "‥": "..", "·": ".", "•": "*", "‣": "*", "●": "*", "▪": "*", "∗": "*", "⁎": "*",
    "¦": "|", "‖": "||", "⁄": "/", "∕": "/", "÷": "/", "¸": ",", "‼": "!!", "⁇": "??", "¡": "!", "¿": "?",
    # spaces, breaks, and what takes no room (a joiner or a selector means nothing without what it joins)
    **dict.fromkeys("\t\u00a0\u1680\u202f\u205f\u3000", " "), **dict.fromkeys(map(chr, range(0x2000, 0x200B)), " "),
    **dict.fromkeys("\v\f\x85\u2028\u2029", "\n"),
    **dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff\ufe0e\ufe0f", ""),
    **dict.fromkeys("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c", ""),
    # signs
    "×": "x", "±": "+-", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~", "∼": "~", "→": "->", "←": "<-", "⇒": "=>",
    "°": "deg", "µ": "u", "©": "(c)", "®": "(R)", "™": "(TM)", "№": "No",
    "¢": "c", "€": "EUR", "₹": "Rs", "₦": "N", "₵": "C",
    # letters that no mark can be taken from
    "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "þ": "th", "Þ": "Th", "ŋ": "ng", "Ŋ": "NG",
    **dict(zip("øłđðħıŧɓɗƙƴɛɔɖƒɣʋɩəªº", "olddhitbdkyeodfgvieao", strict=True)),
    **dict(zip("ØŁĐÐĦŦƁƊƘƳƐƆƉƑƔƲƖƏ", "OLDDHTBDKYEODFGVIE", strict=True)),
    # Greek as phones write it, in capitals; those without a letter here look like a Latin one
    **dict(zip("αβγδεζηθικλμνξοπρσςτυφχψω", "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΣΤΥΦΧΨΩ", strict=True)),
    **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX", strict=True)),
    # Cyrillic that cannot be told from Latin; the others have no neighbour
    **dict(zip("АВЕЅІЈКМНОРСТХаеѕіјорсуһхԁԛԝҮ", "ABESIJKMHOPCTXaesijopcyhxdqwY", strict=True)),
}  # fmt: skip


def adapt(text: str, fits: _Fits, otherwise: str | None) -> tuple[str, tuple[tuple[str, str], ...]] | None:
    """`text` in characters that fit, and what was changed, in order, each with what stands for it now.

    What has no neighbour becomes `otherwise`; where that is None there is no such text.
    """
    out, changed = "", []
    at = 0
    while at < len(text):
        end = at + 1
        while end < len(text) and _is_mark(text[end]):
            end += 1
        run = text[at:end]
        if all(map(fits, run)):
            out += run
        else:
            new = nearest(run, fits, text[at - 1 : at], text[end : end + 1])
            if new is None:
                new = otherwise
            if new is None:
                return None
            out += new
            changed.append((run, new))
        at = end
    return out, tuple(changed)


def nearest(char: str, fits: _Fits, previous: str = "", following: str = "") -> str | None:
    """What to write for `char` in characters that fit; nothing for what takes no room, None if nothing comes near.

    It may have accents behind it; `previous` and `following` are the characters beside it.
    """
    if _is_mark(char[0]):
        return None if _NEGATING in char else ""
    if len(char) > 1:
        return _unmarked(char, fits)
    if char == "μ" and not _is_greek(previous) and not _is_greek(following):
        char = "µ"  # of units: capital mu would make a microgram a megagram
    if char in _NEAREST:
        return _written(char, _NEAREST[char], fits)
    digit = decimal(char, None)
    if digit is not None:
        return _written(char, str(digit), fits)
    parts = decomposition(char)
    if not parts:
        return None
    if parts[0] != "<":
        return _unmarked(char, fits)
    plain = _written(char, normalize("NFKD", char).replace("\u2044", "/").replace("\u2212", "-"), fits)
    return plain if plain is None or plain.isalpha() else _apart(plain, _way(char), previous, following)


def _apart(plain: str, way: str, previous: str, following: str) -> str | None:
    """A number, kept from joining the digits beside it."""
    before = after = ""
    if way in ("<super>", "<sub>") and _way(previous) == way:
        pass  # further on in the same number
    elif way == "<super>":
        before = _RAISED
    elif way == "<circle>":
        before, after = "(", ")"
    elif previous.isdigit():
        if way == "<sub>":
            return None
        before = " "
    if following.isdigit() and _way(following) != way:
        after += " "
    return before + plain + after


def _way(char: str) -> str:
    """How a character differs from the plain ones that it is made of: "<super>", "<fraction>", ..."""
    return decomposition(char).partition(" ")[0] if char else ""


def _is_mark(char: str) -> bool:
    return "\u0300" <= char <= "\u036f"


def _is_greek(char: str) -> bool:
    return "\u0370" <= char <= "\u03ff" or "\u1f00" <= char <= "\u1fff"


def _unmarked(char: str, fits: _Fits) -> str | None:
    """A character taken apart or put together; a letter with the one of its accents that fits, or without."""
    for form in (normalize("NFC", char), normalize("NFD", char)):
        if all(map(fits, form)):
            return form
    base, *marks = list(normalize("NFD", char))
    if category(base)[0] != "L" or not all(map(_is_mark, marks)):
        return None  # outside these a mark may be a vowel, and of a sign it may be the "not"
    for mark in marks:
        kept = normalize("NFC", base + mark)
        if len(kept) == 1 and fits(kept):
            return kept
    return _written(char, base, fits)


def _written(char: str, plain: str, fits: _Fits) -> str | None:
    out = ""
    for each in plain:
        step = each if fits(each) else None if each == char else nearest(each, fits)
        if step is None:
            return None
        out += step
    return out
