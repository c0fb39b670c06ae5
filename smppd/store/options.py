"""model.Options as the JSON of column outbound.options, and back."""

from __future__ import annotations

from dataclasses import asdict, fields

import orjson

from smppd.model import NO_OPTIONS, Options

_DEFAULTS = asdict(NO_OPTIONS)
_FIELDS = fields(Options)


def options_json(options: Options) -> str | None:
    """The fields that say something, as JSON; None when none does."""
    if options is NO_OPTIONS or options == NO_OPTIONS:
        return None
    values = {f.name: value for f in _FIELDS if (value := getattr(options, f.name)) != _DEFAULTS[f.name]}
    return orjson.dumps(values).decode() if values else None


def options_of(stored: str | None) -> Options:
    """What `options_json` made."""
    return Options(**orjson.loads(stored)) if stored else Options()
