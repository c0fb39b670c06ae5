"""What a forwarder process is told at its start."""

from __future__ import annotations

from dataclasses import dataclass

from smppd.config import Config


@dataclass(slots=True)
class Orders:
    """The configuration with the database's address filled in, and the systems to serve."""

    config: Config
    systems: list[str]
