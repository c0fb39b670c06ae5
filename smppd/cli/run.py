"""smppd run: the gateway."""

from __future__ import annotations

import typer

from smppd.cli.common import ConfigOption, loaded


def run(config: ConfigOption = None) -> None:
    """Run the gateway. SIGTERM drains and unbinds; SIGHUP reads the configuration again."""
    settings, path = loaded(config)

    import uvloop

    from smppd import app, log

    log.setup(settings.log)
    raise typer.Exit(uvloop.run(app.run(settings, config_path=path)))
