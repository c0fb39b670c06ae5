"""The SQL of sql/queries, read once: `QUERIES["intake"]["add_messages"]` is a statement's text."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@cache
def sql_folder() -> Traversable:
    """The folder `sql`: inside the installed package, or beside it in a checkout."""
    shipped = files("smppd") / "sql"
    return shipped if shipped.is_dir() else Path(__file__).resolve().parents[2] / "sql"


@cache
def statement(file: str, name: str) -> str:
    """The statement `name` of sql/queries/`file`.sql. Raises KeyError when there is none."""
    return _read(file)[name]


@cache
def _read(file: str) -> dict[str, str]:
    pieces = _NAME.split((sql_folder() / "queries" / f"{file}.sql").read_text(encoding="utf-8"))
    return {name: body.strip() for name, body in zip(pieces[1::2], pieces[2::2], strict=True)}
