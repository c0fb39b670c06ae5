"""smppd simulate: an SMSC to try against."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from smppd.cli.common import run_async


def simulate(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="SMPP port.")] = 2775,
    http: Annotated[int, typer.Option(min=0, max=65535, help="HTTP port: injects messages and faults.")] = 2780,
) -> None:
    """Run an SMSC simulator until stopped. Any system_id and password may bind."""
    from smppd.errors import StartError
    from smppd.simulator.control import simulate as serve

    def ready(port: int, url: str) -> None:
        typer.echo(f"SMSC on {host}:{port}; control on {url}")

    try:
        run_async(serve(host, port, http, ready))
    except OSError as error:
        # A resolver's numbers are negative, and its words are its own.
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise StartError(f"the simulator cannot listen on {host}, port {port} or {http}: {why}") from None
