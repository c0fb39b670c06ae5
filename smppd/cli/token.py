"""smppd token: a credential made, and what the file holds of it."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

SHORTEST = 8  # characters of a password


def token(
    password: Annotated[
        bool, typer.Option("--password", help="Hash a password instead: typed twice, or a line of standard input.")
    ] = False,
) -> None:
    """Make a token for a system and print it this once, with the line for the access table of a system."""
    from smppd.desk import passwords

    if password:
        typer.echo(f'password_hash = "{passwords.password_hash(_asked())}"')
        return
    made = passwords.make_token()
    typer.echo(f'{made}\ntoken_hash = "{passwords.token_hash(made)}"')
    typer.echo(
        "The first line is the token, which is not shown again: the system sends it as Authorization: Bearer.\n"
        "The second belongs in [systems.NAME.access] of the configuration.",
        err=True,
    )


def _asked() -> str:
    if sys.stdin.isatty():
        given: str = typer.prompt("Password", hide_input=True, confirmation_prompt="The same again", err=True)
    else:
        given = sys.stdin.readline().rstrip("\r\n")
    if len(given) < SHORTEST:
        raise typer.BadParameter(f"write at least {SHORTEST} characters")
    return given
