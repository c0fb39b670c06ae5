"""smppd check: what would run, and what looks wrong."""

from __future__ import annotations

import typer

from smppd.cli.common import ConfigOption, loaded, run_async


def check(config: ConfigOption = None) -> None:
    """Read the configuration, say what would run, refuse whatever `run` would refuse. Exit 2 on a refusal."""
    from smppd.cli.plan import described, warnings
    from smppd.cli.rehearsal import rehearse

    settings, path = loaded(config)
    run_async(rehearse(settings, path))
    typer.echo(f"{path}: good")
    for line in described(settings):
        typer.echo(f"  {line}")
    for line in warnings(settings):
        typer.echo(f"warning: {line}", err=True)
