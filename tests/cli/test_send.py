"""smppd send over a real database: beside a gateway with a carrier, and without one."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from click.testing import Result
from typer.testing import CliRunner

from smppd.cli import app
from smppd.cli.send import _system
from smppd.config import Config, load
from smppd.simulator.smsc import Smsc
from tests.flows.process import toml
from tests.interop.kit import gateway

Send = Callable[..., Awaitable[Result]]
TO = "+255712345678"


def tables(port: int, **more: Any) -> dict[str, Any]:
    return {
        "http": {"listen": ["127.0.0.1:0"]},
        "node": {"name": "gw", "processes": 1},
        "carriers": {"voda": {"hosts": [f"127.0.0.1:{port}"], "system_id": "x", "numbers": ["15001"], **more}},
        "systems": {"quiet": {"type": "api"}, "me": {"type": "api", "access": {"max_parts": 2}}},
        "policy": {"deny": ["+255700000000"]},
    }


@pytest.fixture
def file(dsn: str, tmp_path: Path) -> Callable[..., Path]:
    def write(port: int, **more: Any) -> Path:
        path = tmp_path / "gw.toml"
        found = {"store": {"dsn": dsn, "max_disk": "100GB"}, **tables(port, **more)}
        path.write_text(
            "".join(f"{name} = {toml(table)}\n" for name, table in found.items()).replace('"False"', "false")
        )
        return path

    return write


async def send(path: Path, *arguments: str, to: str = TO, text: str = "Habari Amina") -> Result:
    words = ["send", "-c", str(path), "--to", to, "--text", text, *arguments]
    return await asyncio.to_thread(CliRunner().invoke, app, words)


async def test_the_life_of_a_message_is_shown_to_its_end(file: Callable[..., Path]) -> None:
    smsc = Smsc()
    path = file(await smsc.start())
    async with gateway(load(path)):
        await smsc.wait_bound(1, 30)
        done = await send(path, "--wait", "--timeout", "30")
        assert (done.exit_code, done.stderr) == (0, "")
        lines = done.stdout.splitlines()
        assert re.fullmatch(r"message \d+ of me: queued for voda, 1 part \(gsm7\)", lines[0])
        assert re.fullmatch(r"delivered \(part 1 delivered as \S+\)", lines[-1])
        assert "Habari" not in done.output
        assert TO not in done.output
        (submit,) = list(smsc.submits)
        assert submit.message.source_addr == "15001"
    await smsc.stop()


async def test_what_was_sent_is_found_and_shown_with_its_parts(file: Callable[..., Path]) -> None:
    smsc = Smsc()
    path = file(await smsc.start())

    async def listed(*arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, app, ["messages", "-c", str(path), "--sent", *arguments])

    async with gateway(load(path)):
        await smsc.wait_bound(1, 30)
        done = await send(path, "--wait", "--timeout", "30")
        (id,) = re.findall(r"message (\d+) of me", done.stdout)
        rows = await listed()
        assert (rows.exit_code, rows.stderr) == (0, "")
        assert re.search(rf"^ *{id} .* me +voda +15001 +\S+ +1 +delivered +12 *$", rows.stdout, re.MULTILINE)
        assert TO not in rows.output
        assert "Habari" not in rows.output
        assert "Habari Amina" in (await listed("--open", "--to", TO)).stdout
        assert "no message fits" in (await listed("--state", "expired")).stdout
        (one,) = json.loads((await listed("--id", id, "--json")).stdout)
        assert (one["state"], one["text"], one["sent_parts"][0]["state"]) == ("delivered", None, "delivered")
        assert "part 1 of 1: delivered, id " in (await listed("--id", id)).stdout
        wrong = await listed("--state", "complete")
        assert (wrong.exit_code, "write one of scheduled, queued" in wrong.stderr.replace("\n", " ")) == (2, True)
    await smsc.stop()


async def test_without_receipts_accepted_is_the_end(file: Callable[..., Path]) -> None:
    smsc = Smsc()
    path = file(await smsc.start(), receipts=False)
    async with gateway(load(path)):
        await smsc.wait_bound(1, 30)
        done = await send(path, "--wait", "--timeout", "30")
        assert done.exit_code == 0
        assert done.stdout.splitlines()[-1].startswith("sent (part 1 accepted as ")
    await smsc.stop()


async def test_without_a_gateway_it_waits_and_says_so(file: Callable[..., Path], dsn: str) -> None:
    path = file(1)
    done = await send(path)
    assert done.exit_code == 0
    assert "voda takes no messages now" in done.stderr
    done = await send(path, "--wait", "--timeout", "0")
    assert done.exit_code == 3
    assert "after 0 s it is queued" in done.stderr
    database = await asyncpg.connect(dsn)
    assert await database.fetchval("select count(*) from outqueue") == 2
    assert await database.fetchval("select array_agg(distinct system) from sent") == ["me"]
    await database.close()


async def test_the_same_reference_is_the_same_message(file: Callable[..., Path], dsn: str) -> None:
    path = file(1)
    first, again = await send(path, "--reference", "r1"), await send(path, "--reference", "r1")
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert "it was there before" in again.stdout
    other = await send(path, "--reference", "r1", text="another")
    assert other.exit_code == 1
    assert "reference: this reference stands for another message already" in other.stderr


@pytest.mark.parametrize(
    ("arguments", "to", "text", "words"),
    [
        ((), "nonsense", "x", "to: a name cannot receive an SMS"),
        ((), "+255700000000", "x", "to: denied by policy.deny (kept as "),
        ((), TO, "x" * 1000, "at most 2 are allowed"),
        (("--from", "99999"), TO, "x", "from: no carrier"),
        (("--carrier", "nobody"), TO, "x", 'carrier: the carrier "nobody" cannot be sent to'),
    ],
)
async def test_what_cannot_be_sent_is_refused_in_words(
    file: Callable[..., Path], arguments: tuple[str, ...], to: str, text: str, words: str
) -> None:
    done = await send(file(1), *arguments, to=to, text=text)
    assert (done.exit_code, done.stdout) == (1, "")
    assert words in done.stderr


async def test_a_system_that_is_not_there_is_refused_with_those_that_are(file: Callable[..., Path]) -> None:
    done = await send(file(1), "--system", "nobody")
    assert done.exit_code == 2
    assert "there are quiet, me" in re.sub(r"[\s│]+", " ", done.stderr)


@pytest.mark.parametrize(
    ("systems", "asked", "chosen"),
    [
        ({"a": False}, None, "a"),
        ({"a": False, "b": True, "c": True}, None, "b"),
        ({"a": False, "b": False}, None, "a"),
        ({"a": False, "b": True}, "a", "a"),
    ],
)
def test_the_system_is_the_one_named_or_the_first_with_access(
    systems: dict[str, bool], asked: str | None, chosen: str
) -> None:
    config = Config.model_validate(
        {"systems": {name: {"type": "api", **({"access": {}} if has else {})} for name, has in systems.items()}}
    )
    assert _system(config, asked) == chosen


async def test_what_is_no_utf_8_on_the_command_line_is_not_guessed(file: Callable[..., Path]) -> None:
    result = await send(file(1), text="caf\udce9")
    assert result.exit_code == 2
    assert "is not UTF-8" in result.stderr
