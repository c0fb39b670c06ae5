"""What `smppd trace` has to say of a frame: fields, notes, what the message is, where reading failed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Field:
    """One parameter: `offset` in the whole input, `size` in octets, what it says and what that means.

    `parts` are what it consists of, in order.
    """

    offset: int
    size: int
    name: str
    value: Any
    meaning: str = ""
    parts: list[Field] = field(default_factory=list)


@dataclass(slots=True)
class Note:
    """Something that strays from the specification and was read all the same."""

    offset: int
    words: str


@dataclass(slots=True)
class Frame:
    """One frame. Its fields hold every octet of it, in order; `message` says what they carry.

    `fault` and `fault_at` (offset in the whole input) are set where it cannot be read. `secret` are the offsets whose
    octets may be those of a password.
    """

    offset: int
    size: int
    name: str
    fields: list[Field] = field(default_factory=list)
    message: dict[str, Any] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    fault: str = ""
    fault_at: int = -1
    secret: range = range(0)

    def fail(self, at: int, fault: str) -> None:
        """The frame cannot be read from `at` on. The first fault stands."""
        if not self.fault:
            self.fault, self.fault_at = fault, at

    def note(self, at: int, words: str) -> None:
        self.notes.append(Note(at, words))
