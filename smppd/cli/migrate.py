"""smppd migrate: the schema brought up to this version."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from smppd.cli.common import ConfigOption, loaded, quiet_log, run_async

if TYPE_CHECKING:
    from smppd.config import Config


def migrate(config: ConfigOption = None) -> None:
    """Bring the database schema up to this version."""
    settings, _ = loaded(config)
    quiet_log(settings)
    applied = run_async(_migrate(settings))
    for name in applied:
        typer.echo(f"applied {name}")
    if not applied:
        typer.echo("the schema is up to date")


async def _migrate(config: Config) -> list[str]:
    from smppd.store import Database
    from smppd.store.migrate import migrate

    db = Database(config)
    running = db.embedded is not None and await db.embedded.running()
    try:
        if db.embedded is not None:
            await db.embedded.start()
        await db.open()
        async with db.pool.acquire() as connection:
            return await migrate(connection)
    finally:
        await db.stop(keep_server=running)
