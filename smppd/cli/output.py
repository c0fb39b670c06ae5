"""Values as JSON for other programs."""

from __future__ import annotations

from typing import Any

import orjson


def as_json(value: Any) -> str:
    """Indented JSON; times in ISO 8601 with zone, octets in hex, dataclasses as objects."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z).decode()


def _plain(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
