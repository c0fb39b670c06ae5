"""Which carrier an outbound message takes. Pure: the caller brings the health of the carriers and the draw of lots."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from smppd.config import CarrierConfig


class NoRoute(Exception):
    """No carrier may ever take it; `reason` says why, in words for the caller, and `field` what it is about."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.reason = field, reason


@dataclass(slots=True, frozen=True)
class Way:
    """The carrier, those that may take over from it in order, and the sender it goes out with."""

    carrier: str
    alternatives: tuple[str, ...]
    sender: str
    usable: bool  # the carrier can take it now


class Outrouter:
    """Compiled once from the carriers of a configuration."""

    def __init__(self, carriers: Mapping[str, CarrierConfig]) -> None:
        self._carriers = {name: each for name, each in carriers.items() if each.bind != "receiver"}
        self._numbers = {name: frozenset(map(bare, each.numbers)) for name, each in self._carriers.items()}
        self._prefixes: dict[str, list[str]] = {}
        for name, each in self._carriers.items():
            for prefix in each.prefixes or [""]:
                self._prefixes.setdefault(bare(prefix), []).append(name)
        self._lengths = sorted({len(prefix) for prefix in self._prefixes}, reverse=True)

    def way(self, sender: str, recipient: str, wish: str, usable: Callable[[str], bool], draw: float) -> Way:
        """The way of one message. `wish` names the only carrier it may take; `draw` lies within 0 and 1.

        The carrier is drawn by weight from those of the longest prefix that can take it now; those of shorter prefixes
        stand in. When none can, it waits for the first. A carrier of weight 0 only stands in. Raises NoRoute.
        """
        if wish and wish not in self._carriers:
            raise NoRoute("carrier", f'the carrier "{wish}" cannot be sent to')
        allowed = self._senders(sender, wish)
        tiers = self._tiers(recipient, allowed)
        if not tiers:
            if wish:
                raise NoRoute("carrier", f'the carrier "{wish}" does not serve this number')
            if sender and self._tiers(recipient, list(self._carriers)):
                raise NoRoute("from", "no carrier that serves this number has the sender among its numbers")
            raise NoRoute("to", "no carrier serves this number: none has a prefix that it begins with")
        order = [name for tier in tiers for name in sorted(tier, key=lambda name: -self._carriers[name].weight)]
        chosen = next((self._drawn(tier, usable, draw) for tier in tiers if any(map(usable, tier))), None)
        carrier = chosen or self._drawn(tiers[0], lambda _: True, draw)
        numbers = self._carriers[carrier].numbers
        shown = sender or (numbers[0] if numbers else "")
        others = tuple(
            name
            for name in order
            if name != carrier and (not self._numbers[name] or bare(shown) in self._numbers[name])
        )
        return Way(carrier, others, shown, chosen is not None)

    def _senders(self, sender: str, wish: str) -> list[str]:
        """The carriers that may send as `sender`: those whose number it is, else those that do not say theirs."""
        names = [wish] if wish else list(self._carriers)
        if not sender:
            return names
        if owners := [name for name in names if bare(sender) in self._numbers[name]]:
            return owners
        if free := [name for name in names if not self._numbers[name]]:
            return free
        raise NoRoute("from", "no carrier has the sender among its numbers")

    def _tiers(self, recipient: str, allowed: list[str]) -> list[list[str]]:
        """Carriers by the length of the prefix that fits, longest first; each in its first tier only."""
        digits, seen = bare(recipient), set[str]()
        tiers = []
        for length in self._lengths:
            found = self._prefixes.get(digits[:length], ()) if length <= len(digits) else ()
            if tier := [name for name in found if name in allowed and name not in seen]:
                seen.update(tier)
                tiers.append(tier)
        return tiers

    def _drawn(self, tier: list[str], usable: Callable[[str], bool], draw: float) -> str:
        able = [name for name in tier if usable(name)]
        weights = [self._carriers[name].weight for name in able]
        left = draw * sum(weights)
        for name, weight in zip(able, weights, strict=True):
            left -= weight
            if left < 0:
                return name
        return able[0]


def bare(number: str) -> str:
    """A number without what says that it is international."""
    return number[1:] if number.startswith("+") else number[2:] if number.startswith("00") else number
