"""Which carrier an outbound message takes. Pure: the caller brings the health of the carriers and the draw of lots."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from smppd.config import CarrierConfig

_REMEMBERED = 10_000  # beginnings of numbers


class NoRoute(Exception):
    """No carrier may ever take it; `reason` says why, in words for the caller, and `field` what it is about."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.reason = field, reason


@dataclass(slots=True)  # not frozen, which takes four times as long to make
class Way:
    """The carrier, those that may take over from it in order, and the sender it goes out with."""

    carrier: str
    alternatives: tuple[str, ...]
    sender: str
    usable: bool  # the carrier can take it now


@dataclass(slots=True, frozen=True)
class _Plan:
    tiers: list[list[str]]
    ends: dict[str, tuple[str, tuple[str, ...]]]  # carrier -> its own sender, and those that may take over from it


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
        self._longest = max(self._lengths, default=0)
        self._fits: dict[str, tuple[str, ...]] = {}
        self._owned = frozenset[str]().union(*self._numbers.values())
        self._plans: dict[
            tuple[str | None, str, tuple[str, ...]], _Plan
        ] = {}  # bounded by what the configuration names

    def way(self, sender: str, recipient: str, wish: str, usable: Callable[[str], bool], draw: float) -> Way:
        """The way of one message. `wish` names the only carrier it may take; `draw` lies within 0 and 1.

        The carrier is drawn by weight from those of the longest prefix that can take it now; those of shorter prefixes
        stand in. When none can, it waits for the first. A carrier of weight 0 only stands in. Raises NoRoute.
        """
        if wish and wish not in self._carriers:
            raise NoRoute("carrier", f'the carrier "{wish}" cannot be sent to')
        plan = self._plan(sender, recipient, wish)
        able: list[str] = []
        for tier in plan.tiers:
            if able := [name for name in tier if usable(name)]:
                break
        carrier = self._drawn(able or plan.tiers[0], draw)
        shown, others = plan.ends[carrier]
        return Way(carrier, others, sender or shown, bool(able))

    def _plan(self, sender: str, recipient: str, wish: str) -> _Plan:
        """Made once for all numbers that the same prefixes fit, and all senders that are nobody's."""
        beginning, number = bare(recipient)[: self._longest], bare(sender)
        if (fit := self._fits.get(beginning)) is None:
            fit = tuple(
                [beginning[:n] for n in self._lengths if n <= len(beginning) and beginning[:n] in self._prefixes]
            )
            if len(self._fits) >= _REMEMBERED:
                self._fits.clear()
            self._fits[beginning] = fit
        who = "" if not sender else number if number in self._owned else None
        if plan := self._plans.get((who, wish, fit)):
            return plan
        tiers = self._tiers(fit, self._senders(sender, wish))
        if not tiers:
            if wish:
                raise NoRoute("carrier", f'the carrier "{wish}" does not serve this number')
            if sender and self._tiers(fit, list(self._carriers)):
                raise NoRoute("from", "no carrier that serves this number has the sender among its numbers")
            raise NoRoute("to", "no carrier serves this number: none has a prefix that it begins with")
        order = [name for tier in tiers for name in sorted(tier, key=lambda name: -self._carriers[name].weight)]
        ends = {}
        for carrier in order:
            shown = next(iter(self._carriers[carrier].numbers), "")
            own = bare(sender or shown)
            others = [n for n in order if n != carrier and (not self._numbers[n] or own in self._numbers[n])]
            ends[carrier] = shown, tuple(others)
        plan = self._plans[who, wish, fit] = _Plan(tiers, ends)
        return plan

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

    def _tiers(self, fit: tuple[str, ...], allowed: list[str]) -> list[list[str]]:
        """Carriers by the length of the prefix that fits, longest first; each in its first tier only."""
        seen = set[str]()
        tiers = []
        for prefix in fit:
            if tier := [name for name in self._prefixes[prefix] if name in allowed and name not in seen]:
                seen.update(tier)
                tiers.append(tier)
        return tiers

    def _drawn(self, able: list[str], draw: float) -> str:
        if len(able) == 1:
            return able[0]
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
