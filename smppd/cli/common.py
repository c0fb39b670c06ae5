"""What several commands share: the option for the file, reading it, words for times and numbers."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
from collections.abc import AsyncIterator, Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from smppd.config import Config
    from smppd.store import Database

T = TypeVar("T")

ConfigOption = Annotated[
    Path | None,
    typer.Option("-c", "--config", metavar="FILE", help="Default: $SMPPD_CONFIG, ./smppd.toml, /etc/smppd/smppd.toml."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def loaded(path: Path | None) -> tuple[Config, Path]:
    """The configuration, checked as far as `run` would need it, and its file. Raises ConfigError."""
    from smppd.config import find
    from smppd.config.load import parse, read
    from smppd.config.outside import verify

    found = find(path)
    text = read(found)
    config = parse(text, str(found))
    verify(config, text, str(found))
    return config, found


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run one command's coroutine; Ctrl-C ends it without a traceback."""
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def quiet_log(config: Config) -> None:
    """Commands answer on stdout; only warnings of the parts they use go to stderr, as text."""
    from smppd import log

    log.setup(config.log.model_copy(update={"level": "warning", "format": "text"}))


def console() -> Console:
    """Where tables go. Piped, they are as wide as they need: a table cut off at 80 columns helps no grep."""
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=1000)


def moment(text: str) -> datetime:
    """ "2h", "3d", or a date and time; without a zone, local time. Raises typer.BadParameter."""
    if found := re.fullmatch(r"(\d+)\s*([smhd])", text.strip()):
        unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[found[2]]
        return datetime.now(UTC) - timedelta(**{unit: int(found[1])})
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise typer.BadParameter('write an age such as "2h" or "3d", or a time such as "2026-03-01 08:00"') from None


def ago(then: datetime | None, now: datetime) -> str:
    """Age in the largest fitting unit, "-" for none."""
    if then is None:
        return "-"
    seconds = max((now - then).total_seconds(), 0)
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


@contextlib.asynccontextmanager
async def opened(config: Config) -> AsyncIterator[Database]:
    """The database for one command. Raises StartError or StoreDown in words."""
    from smppd.errors import StoreDown
    from smppd.store import connect
    from smppd.store.database import DOWN

    try:
        async with connect(config) as db:
            yield db
    except DOWN as error:
        raise StoreDown(f"the database went away: {type(error).__name__}") from None
