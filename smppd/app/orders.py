"""What a process of the right side is told at its start."""

from __future__ import annotations

from dataclasses import dataclass, field

from smppd.config import Config

READY, SERVING = b"ready", b"serving"
"""What it answers: it delivers, and it also serves the listeners."""


@dataclass(slots=True)
class Orders:
    """The configuration with the database's address filled in, the systems to serve, and the files of the listeners."""

    config: Config
    systems: list[str]
    listeners: list[int] = field(default_factory=list)
