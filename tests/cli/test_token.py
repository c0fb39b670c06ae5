"""A credential that is made is one that the gate takes."""

import re
from typing import Any

import pytest
from typer.testing import CliRunner

from smppd.cli import app
from smppd.config import Config
from smppd.desk.access import Credential, Gate

run = CliRunner()


def gate(**access: Any) -> Gate:
    return Gate(Config.model_validate({"systems": {"app": {"type": "api", "access": access}}}))


async def test_a_new_token_fits_its_line_and_no_two_are_the_same() -> None:
    made = []
    for _ in range(2):
        result = run.invoke(app, ["token"])
        assert result.exit_code == 0
        token, line = result.stdout.splitlines()
        key, value = re.fullmatch(r'(\w+) = "([^"]+)"', line).groups()  # type: ignore[union-attr]
        assert await gate(**{key: value}).identify(Credential(token), None) == "app"
        assert token not in result.stderr
        made.append(token)
    assert made[0] != made[1]


async def test_a_password_is_read_from_standard_input_and_not_shown() -> None:
    result = run.invoke(app, ["token", "--password"], input="pässword, long\n")
    assert result.exit_code == 0
    found = re.fullmatch(r'password_hash = "([^"]+)"\n', result.stdout)
    assert found
    here = gate(username="nurse", password_hash=found[1])
    assert await here.identify(Credential("pässword, long", "nurse"), None) == "app"
    assert "long" not in result.output


@pytest.mark.parametrize("typed", ["", "\n", "short\n"])
def test_a_password_that_is_too_short_is_refused(typed: str) -> None:
    result = run.invoke(app, ["token", "--password"], input=typed)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "at least 8 characters" in result.stderr


def test_the_help_says_where_the_line_goes() -> None:
    assert "access table of a system" in " ".join(run.invoke(app, ["token", "--help"]).stdout.split())
