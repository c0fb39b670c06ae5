"""model.Options as the JSON of column outbound.options, and back."""

from __future__ import annotations

from dataclasses import asdict
from operator import attrgetter
from typing import Any

import orjson

from smppd.model import NO_OPTIONS, Options
from smppd.store.text import storable

_NAMES, _DEFAULTS = zip(*asdict(NO_OPTIONS).items(), strict=True)
_values = attrgetter(*_NAMES)


def options_json(options: Options) -> str | None:
    """The fields that say something, as JSON; None when none does."""
    if options is NO_OPTIONS:
        return None
    said = zip(_NAMES, _values(options), _DEFAULTS, strict=True)
    values = {name: value for name, value, default in said if value != default}
    if not values:
        return None
    written = orjson.dumps(values).decode()
    return orjson.dumps(_storable(values)).decode() if "\\u0000" in written else written


def _storable(value: Any) -> Any:
    """PostgreSQL's jsonb holds no NUL either."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {storable(str(name)): _storable(each) for name, each in value.items()}
    return value


def options_of(stored: str | None) -> Options:
    """What `options_json` made."""
    return Options(**orjson.loads(stored)) if stored else NO_OPTIONS
