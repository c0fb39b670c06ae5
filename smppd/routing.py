"""Which systems an inbound message reaches. Pure; the first route that matches wins unless it says continue."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from smppd.config import RouteConfig

_WORD = re.compile(r"\s*(\S+)")
Condition = Callable[[str, str, str, str], bool]  # carrier, sender, recipient, text


class Router:
    """`targets` answers for one message; routes are compiled once."""

    def __init__(self, routes: Sequence[RouteConfig]) -> None:
        self._routes = [(_conditions(route), tuple(route.to), route.continue_) for route in routes]

    def targets(self, carrier: str, sender: str, recipient: str, text: str | None) -> tuple[str, ...]:
        """Names of systems in the order of the routes, each once; () when no route takes the message."""
        words = text or ""
        found: tuple[str, ...] = ()
        for conditions, systems, goes_on in self._routes:
            if all(holds(carrier, sender, recipient, words) for holds in conditions):
                found += tuple(name for name in systems if name not in found) if found else systems
                if not goes_on:
                    break
        return tuple(dict.fromkeys(found))


def _conditions(route: RouteConfig) -> list[Condition]:
    conditions: list[Condition] = []
    if route.carrier is not None:
        conditions.append(_is_carrier(route.carrier))
    if route.number is not None:
        matches = _number(route.number)
        conditions.append(lambda carrier, sender, recipient, text: matches(recipient))
    if route.sender is not None:
        from_matches = _number(route.sender)
        conditions.append(lambda carrier, sender, recipient, text: from_matches(sender))
    if route.keyword is not None:
        conditions.append(_keyword(route.keyword))
    if route.keyword_regex is not None:
        pattern = re.compile(route.keyword_regex, re.IGNORECASE)
        conditions.append(lambda carrier, sender, recipient, text: pattern.match(text.lstrip()) is not None)
    return conditions


def _is_carrier(name: str) -> Condition:
    return lambda carrier, sender, recipient, text: carrier == name


def _keyword(keyword: str) -> Condition:
    wanted = keyword.casefold()

    def holds(carrier: str, sender: str, recipient: str, text: str) -> bool:
        first = _WORD.match(text)
        return first is not None and first[1].casefold().rstrip(".,:;!?") == wanted

    return holds


def _number(pattern: str) -> Callable[[str], bool]:
    """A number, or a beginning followed by *; a leading + or 00 counts as not written, on both sides."""
    bare = _bare(pattern.removesuffix("*"))
    if pattern.endswith("*"):
        return lambda number: _bare(number).startswith(bare)
    return lambda number: _bare(number) == bare


def _bare(number: str) -> str:
    return number[1:] if number.startswith("+") else number[2:] if number.startswith("00") else number
