"""What a check says when it does not hold."""

from __future__ import annotations


class Broken(Exception):
    """Something does not hold that must."""


def require(holds: bool, otherwise: str) -> None:
    """Raise Broken unless it `holds`."""
    if not holds:
        raise Broken(otherwise)
