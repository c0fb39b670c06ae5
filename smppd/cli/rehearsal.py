"""What only the parts themselves can refuse: each system's adapter is made as `run` would make it, and let go."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import UUID

from smppd.config import Config
from smppd.errors import ConfigError


async def rehearse(config: Config, path: Path) -> None:
    """Raise `ConfigError` with every refusal of an adapter; nothing is sent."""
    from smppd.config.load import read
    from smppd.config.locate import locate, nearest
    from smppd.systems import TYPES, Context, http_session

    problems: list[ConfigError] = []
    lines = locate(read(path))
    for name, system in config.systems.items():
        try:
            async with http_session(system) as http:
                if (deliver := TYPES[system.type].deliver) is not None:
                    deliver(Context(name, system, http, UUID(int=0), config.policy.region))
        except ConfigError as error:
            inner = error.key.removeprefix(f"systems.{name}.")
            at = ("systems", name, *re.split(r"\.", inner, maxsplit=1))
            key = f"systems.{name}.{inner}"
            problems.append(ConfigError(key, error.reason, value=error.value, line=nearest(lines, at), file=str(path)))
    if problems:
        first, *others = problems
        first.others = others
        raise first
