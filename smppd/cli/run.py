"""smppd run: the gateway."""

from __future__ import annotations

import gc
from typing import Annotated

import typer

from smppd.cli.common import ConfigOption, loaded


def run(
    config: ConfigOption = None,
    migrate: Annotated[bool, typer.Option(help="Bring the database schema up first.")] = True,
) -> None:
    """Run the gateway. SIGTERM drains and unbinds; SIGHUP reads the configuration again."""
    settings, path = loaded(config)

    import uvloop

    from smppd.app import running
    from smppd.cli.rehearsal import rehearse

    async def gateway() -> int:
        await rehearse(settings, path)
        return await running.run(settings, config_path=path, migrate_schema=migrate)

    gc.freeze()  # what was loaded stays: each full collection would stop everything to look at it again
    raise typer.Exit(uvloop.run(gateway()))
