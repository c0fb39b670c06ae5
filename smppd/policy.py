"""What may be sent to whom: numbers read and refused, and loops stopped. Pure: no clock, no store.

The rules are named by their keys in [policy]. CHT's names for the first three are outgoing_deny_list,
outgoing_deny_shorter_than and outgoing_deny_with_alphas.
"""

from __future__ import annotations

import re
from functools import lru_cache

from smppd.config import PolicyConfig

_SEPARATORS = re.compile(r"[\s().\-/\u00a0]")
_SHORTEST, _LONGEST = 7, 15  # digits of an international number (E.164)
_NO_COUNTRY = "no country's numbers begin so"
SHORT = 6  # digits; up to here it is a short code, the same in every spelling


class NumberProblem(ValueError):
    """What was written is no number that a message can go to; the message says why and never quotes it."""


class Policy:
    """The rules of one configuration."""

    def __init__(self, config: PolicyConfig) -> None:
        self._region = config.region
        self._exact = frozenset(self._listed(entry) for entry in config.deny if not entry.endswith("*"))
        self._beginnings = tuple(self._listed(entry[:-1]) for entry in config.deny if entry.endswith("*"))
        self._shortest, self._no_names = config.deny_shorter_than, config.deny_alphanumeric

    def number(self, written: str) -> str:
        """A recipient as + and digits, or a short code as it is; a name with letters comes back as it is.

        National numbers are read in `region`. Raises NumberProblem.
        """
        return normalised(written, self._region)

    def denies(self, recipient: str) -> str:
        """The rule that forbids a recipient, as `number` gives it; "" when none does."""
        if self._no_names and not is_number(recipient):
            return "policy.deny_alphanumeric"
        if recipient in self._exact or (self._beginnings and recipient.startswith(self._beginnings)):
            return "policy.deny"
        if self._shortest and len(recipient.removeprefix("+")) < self._shortest:
            return "policy.deny_shorter_than"
        return ""

    def _listed(self, entry: str) -> str:
        try:
            return normalised(entry, self._region)
        except NumberProblem:
            return entry


class LoopGuard:
    """Counts what goes to one receiver within a window: the same text (two machines answering each other), and all.

    Memory is bounded by what is sent within two windows. 0 switches a rule off.
    """

    def __init__(self, config: PolicyConfig) -> None:
        self._same, self._all, self._window = config.loop, config.burst, config.loop_window
        self._began = 0.0
        self._now: dict[int, int] = {}
        self._before: dict[int, int] = {}

    def denies(self, sender: str, recipient: str, content: str | bytes, now: float) -> str:
        """The rule that stops this message, counting it; "" when none does. `now` in seconds of any clock."""
        if not (self._same or self._all):
            return ""
        if now - self._began >= self._window:
            self._before = self._now if now - self._began < 2 * self._window else {}
            self._now, self._began = {}, now
        # What was counted in the last window fades as this one goes on.
        fading = 1 - (now - self._began) / self._window
        if self._same and self._over(hash((sender, recipient, content)), self._same, fading):
            return "policy.loop"
        if self._all and self._over(hash(recipient), self._all, fading):
            return "policy.burst"
        return ""

    def _over(self, key: int, most: int, fading: float) -> bool:
        count = self._now.get(key, 0)
        if count + self._before.get(key, 0) * fading >= most:
            return True
        self._now[key] = count + 1
        return False


def is_number(recipient: str) -> bool:
    """Whether it is digits, with + or without."""
    digits = recipient.removeprefix("+")
    return digits.isascii() and digits.isdigit()


def normalised(written: str, region: str | None) -> str:
    """See `Policy.number`."""
    plus = written[:1] == "+"
    digits = written[1:] if plus else written
    international = plus or (region is None and not digits.startswith("0"))
    if international and _SHORTEST <= len(digits) <= _LONGEST and digits.isascii() and digits.isdigit():
        if not _known_country(digits):  # as most are written: nothing to do
            raise NumberProblem(_NO_COUNTRY)
        return f"+{digits}"
    return _read(written, region)


@lru_cache(maxsize=16384)
def _read(written: str, region: str | None) -> str:
    compact = _SEPARATORS.sub("", written)
    if not compact:
        raise NumberProblem("there is no number")
    if re.search(r"[^\W\d_]", compact):
        if re.fullmatch(r"[+\w.&' -]{1,20}", written.strip()):
            return written.strip()
        raise NumberProblem("it holds characters that neither a number nor a name has")
    plus = compact.startswith(("+", "00"))
    digits = compact[1:] if compact.startswith("+") else compact[2:] if compact.startswith("00") else compact
    if not (digits.isascii() and digits.isdigit()):
        raise NumberProblem("it holds characters that no number has")
    if not plus and len(digits) <= SHORT:
        return digits
    if not plus and (digits.startswith("0") or region is not None):
        digits = _national(digits, region)
    if not _SHORTEST <= len(digits) <= _LONGEST:
        raise NumberProblem(f"{len(digits)} digits; an international number has {_SHORTEST} to {_LONGEST}")
    if not _known_country(digits):
        raise NumberProblem(_NO_COUNTRY)
    return f"+{digits}"


def _national(digits: str, region: str | None) -> str:
    import phonenumbers  # its tables take time and memory that most installations never need

    if not digits.startswith("0"):
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(f"+{digits}")):
                return digits
        except phonenumbers.NumberParseException:
            pass  # then it is one of the region's own, or none
    if region is None:
        raise NumberProblem("a national number, and policy.region does not say of which country")
    try:
        found = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        raise NumberProblem(f"not a number of {region}") from None
    if phonenumbers.is_possible_number(found):
        return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")
    if digits.startswith("0"):
        raise NumberProblem(f"not a number of {region}")
    return digits


@lru_cache(maxsize=1)
def _country_codes() -> frozenset[str]:
    from phonenumbers.data import _COUNTRY_CODE_TO_REGION_CODE as codes

    return frozenset(map(str, codes))


def _known_country(digits: str) -> bool:
    codes = _country_codes()
    return digits[:3] in codes or digits[:2] in codes or digits[:1] in codes
