"""smppd run: the gateway."""

from __future__ import annotations

import typer

from smppd.cli.common import ConfigOption, loaded


def run(config: ConfigOption = None) -> None:
    """Run the gateway. SIGTERM drains and unbinds; SIGHUP reads the configuration again."""
    import uvloop

    from smppd import app, log

    settings, path = loaded(config)
    log.setup(settings.log)
    raise typer.Exit(uvloop.run(app.run(settings, config_path=path)))
