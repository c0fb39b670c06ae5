"""What became of a message, in the words and numbers of carriers."""

from __future__ import annotations

import re
from typing import Literal, get_args

State = Literal[
    "scheduled",
    "enroute",
    "delivered",
    "expired",
    "deleted",
    "undelivered",
    "accepted",
    "unknown",
    "rejected",
    "skipped",
]

STATES: tuple[State, ...] = get_args(State)
"""message_state by its number (SMPP 3.4 section 5.2.28; 0 and 9 from SMPP 5.0 section 4.7.15)."""

FINAL: frozenset[State] = frozenset(("delivered", "expired", "deleted", "undelivered", "rejected", "skipped"))
"""After these nothing else comes. "accepted" is not among them: by the specification somebody has read the message on
the subscriber's behalf, but carriers mean that they took it. Nor is "unknown", which may be followed by better news."""

# By how a word begins once all but its letters is gone: carriers cut words at seven letters, or do not, and leave out
# vowels. The first match wins, so what turns a word around stands before the word.
_STARTS: tuple[tuple[str, State], ...] = (
    (r"(?:un|non?|not)de?li?v|undel|fail|de?li?v\w*(?:fail|imposs)", "undelivered"),
    (r"pend|de?li?v\w*(?:pend|oper|network|smsc|gatew|carrier)", "enroute"),
    (r"de?li?v|read$|seen$", "delivered"),
    (r"exp|timed?out", "expired"),
    (r"delet|cancel|abort", "deleted"),
    (r"acc|ack", "accepted"),
    (r"buff|enr|inroute|queue|submit|sent$|transm|retr|temp", "enroute"),
    (r"re?j|block|blackl", "rejected"),
    (r"sched", "scheduled"),
    (r"skip", "skipped"),
)
_WORDS = tuple((re.compile(start), state) for start, state in _STARTS)
_LETTERS = re.compile(r"[^a-z]+")


def state_of(stat: str) -> State:
    """The state that a `stat` word or number means; "unknown" for all others."""
    if stat.isdecimal() and stat.isascii():
        return STATES[int(stat)] if len(stat) < 4 and int(stat) < len(STATES) else "unknown"
    if len(stat) > 64:
        return "unknown"
    word = _LETTERS.sub("", stat.lower())
    return next((state for start, state in _WORDS if start.match(word)), "unknown")
