"""The ways work can fail, as seen across layers.

SmppdError
├── ConfigError      the configuration cannot be used: key, value, reason, line   (exit 2)
├── StartError       something outside is in the way: port, database, certificate (exit 1)
├── CarrierError     a carrier did not do what it was asked
│   ├── Refused      it said so, with its status
│   │   └── NotOffered  it does not know the command, and never will
│   └── Unanswered   no link could ask, or no answer came in time
└── StoreError       a statement did not commit
    ├── StoreDown    the database cannot be reached now; try again
    └── StoreFull    the disk budget is spent; nothing new is taken
"""

from __future__ import annotations


class SmppdError(Exception):
    """Something an operator can read and act on."""


class ConfigError(SmppdError):
    """The configuration cannot be used.

    `key` is the dotted path, `value` what stood there (never a secret), `line` counts from 1; `others` holds
    what else is wrong in the same file.
    """

    def __init__(self, key: str, reason: str, *, value: object = None, line: int | None = None, file: str = "") -> None:
        self.key, self.reason, self.value, self.line, self.file = key, reason, value, line, file
        self.others: list[ConfigError] = []
        where = f"{file}:{line}: " if file and line else f"{file}: " if file else ""
        shown = "" if value is None else f" = {value!r}"
        super().__init__(f"{where}{key}{shown}: {reason}" if key else f"{where}{reason}")


class StartError(SmppdError):
    """The process cannot start because of something outside it; the message says what to do."""


class CarrierError(SmppdError):
    """A carrier did not do what it was asked."""


class Refused(CarrierError):
    """It said so: `status` is the command_status, 0 if it gave none."""

    def __init__(self, carrier: str, command: str, status: int, reason: str) -> None:
        super().__init__(f"{carrier} refuses {command}: {reason}")
        self.carrier, self.command, self.status, self.reason = carrier, command, status, reason


class NotOffered(Refused):
    """It does not know the command, and never will."""


class Unanswered(CarrierError):
    """No link could ask, or no answer came in time; `sent` says whether the carrier may have acted."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.sent = sent


class StoreError(SmppdError):
    """A statement did not commit."""


class StoreDown(StoreError):
    """The database cannot be reached now; what was asked can be tried again."""


class StoreFull(StoreError):
    """The disk budget is spent; nothing new is taken until space is freed."""


class Silent(Exception):
    """Another process of this gateway did not answer: in time, at all, or because it failed to."""
