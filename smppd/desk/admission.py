"""Judges one message: its number, its text, the policy, its way. Knows no database and no clock of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any

import orjson

from smppd.config import Config, SystemConfig
from smppd.model import OutboundState, Submission
from smppd.outrouting import NoRoute, Outrouter, Way
from smppd.policy import LoopGuard, NumberProblem, Policy, is_number
from smppd.smpp.outgoing import Unsendable, measure
from smppd.store.options import options_json
from smppd.store.text import storable

LONGEST_REFERENCE = 255
LONGEST_SENDER = 20


@dataclass(slots=True, frozen=True)
class Refused:
    """Nothing was stored. `field` names what is wrong, `reason` says why and what would be right, without quoting it.

    `code` is one of: invalid (a value), unrouted (no carrier may ever take it), denied (by policy; this one is stored,
    as `id`), conflict (the reference stands for another message, `id`, whose state is `state`), unavailable (of many,
    this one could not be committed now).
    """

    code: str
    field: str
    reason: str
    id: int = 0
    state: OutboundState | None = None


@dataclass(slots=True)  # not frozen, which takes four times as long to make
class Accepted:
    """Committed under `id`. `usable`: its carrier is up. `repeated`: it was there before under its reference, and
    `state` with `reason` is what became of it since."""

    id: int
    state: OutboundState
    parts: int
    alphabet: str
    carrier: str
    usable: bool
    repeated: bool = False
    reason: str = ""


@dataclass(slots=True)
class Judged:
    """A message that will be stored: to be sent, or as denied with the rule in `reason`."""

    submission: Submission
    way: Way | None
    parts: int
    alphabet: str
    expires_at: datetime
    state: OutboundState = OutboundState.QUEUED
    reason: str = ""


class Admission:
    """Everything of a configuration that decides about a message."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._policy = Policy(config.policy)
        self._guard = LoopGuard(config.policy)
        self._router = Outrouter(config.carriers)

    def judge(
        self,
        system: SystemConfig,
        asked: Submission,
        now: datetime,
        usable: Callable[[str], bool],
        draw: float,
        tick: float,
    ) -> Judged | Refused:
        """What is to become of `asked`. `now`: the wall clock; `tick`: seconds of a steady one; `draw`: 0 to 1."""
        try:
            recipient = self._policy.number(asked.recipient)
        except NumberProblem as problem:
            return Refused("invalid", "to", str(problem))
        if refused := _fit(asked, now):
            return refused
        sender = asked.sender or (system.senders[0] if system.senders else "")
        if asked.sender and system.senders and asked.sender not in system.senders:
            return Refused(
                "invalid", "from", "this system may not send from this number; systems.*.senders lists those"
            )
        expires_at = asked.expires_at or (asked.send_at or now) + timedelta(seconds=system.validity)
        if expires_at <= now:
            return Refused("invalid", "validity", "it has expired already")
        if asked.send_at is not None and expires_at <= asked.send_at:
            return Refused("invalid", "send_at", "it would expire before it is sent")
        content = asked.text if asked.text is not None else asked.data or b""
        judged = Judged(_as(asked, recipient, sender), None, 1, "", expires_at)
        if rule := self._policy.denies(recipient):
            return _denied(judged, rule)
        if recipient[0] != "+" and not is_number(recipient):
            return Refused("invalid", "to", "a name cannot receive an SMS; write a number")
        try:
            wish = asked.options.carrier or system.carrier or ""
            way = self._router.way(sender, recipient, wish, usable, draw)
        except NoRoute as no:
            return Refused("unrouted", no.field, no.reason)
        judged.submission.sender, judged.way = way.sender, way
        try:
            measured = measure(judged.submission, self._config.carriers[way.carrier])
        except Unsendable as problem:
            return Refused("invalid", problem.field, problem.reason)
        most = system.access.max_parts if system.access is not None else 10
        if measured.parts > most:
            return Refused("invalid", "text", f"it takes {measured.parts} parts, at most {most} are allowed")
        judged.parts, judged.alphabet = measured.parts, measured.alphabet
        if rule := self._guard.denies(way.sender, recipient, content, tick):
            return _denied(judged, rule)
        return judged


def _as(asked: Submission, recipient: str, sender: str) -> Submission:
    """The same between other numbers; the caller's own stays as it is."""
    return Submission(
        recipient,
        asked.text,
        asked.data,
        sender,
        asked.reference,
        asked.priority,
        asked.send_at,
        asked.expires_at,
        asked.report,
        asked.options,
    )


def _denied(judged: Judged, rule: str) -> Judged:
    judged.state, judged.reason, judged.way = OutboundState.DENIED, rule, None
    return judged


def _fit(asked: Submission, now: datetime) -> Refused | None:
    if asked.reference is not None and not 1 <= len(asked.reference) <= LONGEST_REFERENCE:
        return Refused("invalid", "reference", f"write 1 to {LONGEST_REFERENCE} characters")
    if len(asked.sender) > LONGEST_SENDER:
        return Refused("invalid", "from", f"{len(asked.sender)} characters; a sender has at most {LONGEST_SENDER}")
    if not 0 <= asked.priority <= 3:
        return Refused("invalid", "priority", "write 0 to 3; 3 goes first")
    if asked.send_at is not None and asked.send_at > now + timedelta(days=366):
        return Refused("invalid", "send_at", "more than a year ahead")
    return None


def fingerprint(asked: Submission) -> int:
    """64 bits over what was asked for, before anything was chosen for it; 0 where no reference stands for it, and only
    there: nothing is ever compared with it.

    Without the times, which a repeat of the request may reckon anew, and without the states to be reported, which may
    be more with another version of ours.
    """
    if asked.reference is None:
        return 0
    data = (asked.data or b"").hex()
    text = None if asked.text is None else storable(asked.text)
    said: list[Any] = [
        storable(asked.sender), storable(asked.recipient), asked.priority, text, data, options_json(asked.options),
    ]  # fmt: skip
    digest = blake2b(orjson.dumps(said, default=str), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True) or 1
