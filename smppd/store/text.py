"""What PostgreSQL's text can hold."""

from __future__ import annotations


def storable(text: str) -> str:
    """`text` without NUL and lone surrogates; where it matters its octets are kept beside it."""
    if text.isascii() and "\0" not in text:
        return text
    return text.rstrip("\0").replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
