"""smppd demo: everything in one process, with sample traffic."""

from __future__ import annotations

from typing import Annotated

import typer

from smppd.cli.common import console


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Run the traffic, print what arrived, exit 0 if all did.")
    ] = False,
) -> None:
    """Show the gateway at work: embedded PostgreSQL, simulated SMSC, stand-in DHIS2 and CHT, sample traffic."""
    import uvloop

    from smppd.app import demo as shown

    raise typer.Exit(uvloop.run(shown.demo(once, console())))
