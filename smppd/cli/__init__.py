"""The command line: one module per command. A command imports what it needs when it runs, so help is immediate."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from smppd import __version__
from smppd.cli import check, demo, messages, migrate, replay, run, send, simulate, status, token, trace
from smppd.errors import ConfigError, SmppdError


class _Commands(TyperGroup):
    """Says what went wrong in words on stderr: exit 2 for the configuration, 1 for the rest, never a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            for problem in (error, *error.others):
                typer.echo(str(problem), err=True)
            raise typer.Exit(2) from None
        except SmppdError as error:
            typer.echo(f"smppd: {error}", err=True)
            raise typer.Exit(1) from None


app = typer.Typer(
    name="smppd",
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="SMS gateway between mobile carriers and health information systems.",
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"smppd {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


for _module in (demo, run, check, migrate, status, messages, replay, send, simulate, token, trace):
    _name = _module.__name__.rpartition(".")[2]
    app.command(_name)(getattr(_module, _name))
