"""What the SMSC does to certain destinations: the first rule whose prefix fits decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

#: stat words that a receipt may say (SMPP 3.4, appendix B).
STATS = ("DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD", "ENROUTE")


@dataclass(slots=True)
class Rule:
    """For destinations that begin with `to`, digits as submitted. What is not given stays with the habits."""

    to: str = ""
    status: int = 0
    """Answers with this status instead of taking the message."""
    times: int = 0
    """`status` and `lose` only for the first so many submits of each destination; 0: for all."""
    delay: float = 0.0
    """Seconds before the answer."""
    lose: bool = False
    """Takes the message and never answers."""
    stat: str = ""
    """stat of the receipt."""
    error: str = ""
    """err of the receipt."""
    receipt_delay: float = 0.0
    """Seconds between the answer and the receipt."""
    receipts: bool = True
    """False: no receipt, whatever was asked for."""
    seen: dict[str, int] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Rule:
        """Reads what a person or a test wrote; `ValueError` says what does not fit."""
        if not isinstance(given, Mapping):
            raise ValueError(f"a rule is an object, not {given!r}")
        rule = cls()
        known = [item.name for item in fields(cls) if item.name != "seen"]
        for name, value in given.items():
            if name not in known:
                raise ValueError(f"unknown key {name!r} in a rule; there are: {', '.join(known)}")
            kind = type(getattr(rule, name))
            fit = isinstance(value, (int, float)) if kind is float else isinstance(value, kind)
            if not fit or (isinstance(value, bool) and kind is not bool):
                raise ValueError(f"{name!r} of a rule is {kind.__name__}, not {value!r}")
            setattr(rule, name, value)
        if rule.stat and rule.stat not in STATS:
            raise ValueError(f"'stat' of a rule is one of {', '.join(STATS)}, not {rule.stat!r}")
        return rule

    def strikes(self, destination: str) -> bool:
        """Counts a submit; whether `status` and `lose` are for this one."""
        if not self.times:
            return True
        seen = self.seen[destination] = self.seen.get(destination, 0) + 1
        return seen <= self.times


NO_RULE = Rule()


class Rules(list[Rule]):
    """In order; remembers from which list it was made."""

    def __init__(self, given: list[Mapping[str, Any]]) -> None:
        super().__init__(Rule.of(each) for each in given)
        self.given = given

    def find(self, destination: str) -> Rule:
        """The first that fits, or one that changes nothing."""
        return next((rule for rule in self if destination.startswith(rule.to)), NO_RULE)
