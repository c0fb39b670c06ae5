"""status, messages, replay and migrate over a real database."""

import asyncio
import json
import re
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from click.testing import Result
from rich.console import Console
from typer.testing import CliRunner

from smppd.cli import app
from smppd.cli.common import ago, moment
from smppd.model import OutboundState
from smppd.store import Database, reports
from smppd.store.reports import News
from smppd.store.status import hold, set_paused
from tests.store.outbound import Outbound

Smppd = Callable[..., Awaitable[Result]]

NUMBER = "255712345678"


@pytest.fixture
def smppd(dsn: str, tmp_path: Path) -> Smppd:
    """Runs one command against this test's database."""
    file = tmp_path / "gw.toml"
    file.write_text(
        f'[store]\ndsn = "{dsn}"\nmax_disk = "100GB"\n'
        '[carriers.vodacom]\nhosts = ["127.0.0.1:1"]\nsystem_id = "x"\n'
        '[carriers.airtel]\nhosts = ["127.0.0.1:1"]\nsystem_id = "x"\n'
        '[systems.sink]\ntype = "webhook"\nurl = "http://127.0.0.1:1/"\n'
        '[[routes]]\nnumber = "15002"\nto = ["sink"]\n'
    )

    async def run(command: str, *arguments: str, input: str | None = None) -> Result:
        words = [command, "-c", str(file), *arguments]
        return await asyncio.to_thread(CliRunner().invoke, app, words, input=input)

    return run


class Rows:
    """Puts history into the database the way intake and forwarder leave it."""

    def __init__(self, db: Database) -> None:
        self.db = db

    async def received(
        self, id: int, state: int = 0, to: str = "15001", text: str | None = "anc 12", **more: Any
    ) -> int:
        await self.db.pool.execute(
            "insert into received (id, carrier, link, session, digest, sender, recipient, text, data, data_coding,"
            " esm_class, state, received_at) values ($1, $2, 1, 1, $1, $3, $4, $5, $6, 0, 0, $7, $8)",
            id, await self.db.carrier_id("vodacom"), NUMBER, to, text, None if text else b"\x01\x02", state,
            more.get("at", datetime.now(UTC)),
        )  # fmt: skip
        return id

    async def ended(self, message: int, state: int, reason: str = "") -> None:
        await self.db.pool.execute(
            "insert into outcome (message, system, state, attempts, reason) values ($1, $2, $3, 1, $4)",
            message, await self.db.system_id("sink"), state, reason,
        )  # fmt: skip

    async def waiting(self) -> list[int]:
        return [row["message"] for row in await self.db.pool.fetch("select message from queue order by message")]


@pytest.fixture
def rows(db: Database) -> Rows:
    return Rows(db)


async def test_messages_are_discreet_unless_opened(smppd: Smppd, rows: Rows) -> None:
    await rows.received(7)
    await rows.ended(7, 1)
    closed = await smppd("messages")
    assert closed.exit_code == 0
    assert "2557******78" in closed.stdout
    assert "sink delivered" in closed.stdout
    assert NUMBER not in closed.stdout
    assert "anc 12" not in closed.stdout
    opened = await smppd("messages", "--open")
    assert NUMBER in opened.stdout
    assert "anc 12" in opened.stdout


async def test_json_is_discreet_too_and_complete_when_opened(smppd: Smppd, rows: Rows) -> None:
    await rows.received(7)
    await rows.received(8, text=None)
    binary, text = json.loads((await smppd("messages", "--json")).stdout)
    assert (text["id"], text["sender"], text["text"], text["length"]) == (7, "2557******78", None, 6)
    assert (binary["data"], binary["length"]) == (None, 2)
    binary, text = json.loads((await smppd("messages", "--json", "--open")).stdout)
    assert (text["sender"], text["text"], binary["data"]) == (NUMBER, "anc 12", "0102")


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ([], [4, 3, 2, 1]),
        (["--state", "unrouted"], [3]),
        (["--state", "quarantined"], [4]),
        (["--dead"], [2]),
        (["--dead", "--system", "other"], []),
        (["--system", "sink"], [2, 1]),
        (["--carrier", "vodacom", "--limit", "2"], [4, 3]),
        (["--carrier", "airtel"], []),
        (["--from", NUMBER, "--to", "15002"], [3]),
        (["--from", "255700000000"], []),
        (["--since", "2h"], [4, 3, 2]),
        (["--id", "2"], [2]),
    ],
)
async def test_every_filter_given_must_hold(filters: list[str], ids: list[int], smppd: Smppd, rows: Rows) -> None:
    await rows.received(1, at=datetime.now(UTC) - timedelta(days=3))
    await rows.ended(1, 1)
    await rows.received(2)
    await rows.ended(2, 2, "404 no such programme")
    await rows.received(3, state=2, to="15002")
    await rows.received(4, state=4)
    result = await smppd("messages", "--json", *filters)
    assert [row["id"] for row in json.loads(result.stdout)] == ids


async def test_why_a_message_is_dead_is_shown(smppd: Smppd, rows: Rows) -> None:
    await rows.ended(await rows.received(2), 2, "404 no such programme")
    assert "sink dead: 404 no such programme" in (await smppd("messages", "--dead")).stdout


async def test_a_time_that_is_none_is_refused(smppd: Smppd) -> None:
    result = await smppd("messages", "--since", "yesterday")
    assert result.exit_code == 2
    assert "write an age such as" in result.stderr


async def test_a_narrow_terminal_cuts_nothing_off(smppd: Smppd, rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    await rows.received(7, text="anc " + "x" * 150)
    await rows.ended(7, 2, "409 the number is not known to the system, ask its people to add it")
    for width in ("60", "400"):
        monkeypatch.setenv("COLUMNS", width)
        monkeypatch.setattr(sys.modules["smppd.cli.messages"], "console", lambda: Console(force_terminal=True))
        said = (await smppd("messages", "--open")).stdout
        assert NUMBER in said
        assert "anc " + "x" * 150 in said
        assert "sink dead: 409 the number is not known to the system, ask its people to add it\n" in said.replace(
            " \n", "\n"
        )
        assert ("─" in said) is (width == "400")


async def test_replay_puts_dead_deliveries_back_and_says_how_many(smppd: Smppd, rows: Rows) -> None:
    for id in (1, 2, 3):
        await rows.received(id)
    await rows.ended(1, 1)
    await rows.ended(2, 2, "refused")
    await rows.ended(3, 2, "refused")
    result = await smppd("replay", "--dead", "--system", "sink", "--yes")
    assert (result.exit_code, result.stdout) == (0, "2 deliveries of 2 messages put back\n")
    assert await rows.waiting() == [2, 3]


async def test_replay_by_id_sends_again_what_was_delivered(smppd: Smppd, rows: Rows) -> None:
    for id in (1, 2, 3):
        await rows.received(id)
        await rows.ended(id, 1)
    result = await smppd("replay", "--id", "1", "--id", "3", "--yes")
    assert result.stdout == "2 deliveries of 2 messages put back\n"
    assert await rows.waiting() == [1, 3]


async def test_replay_asks_and_takes_no_for_an_answer(smppd: Smppd, rows: Rows) -> None:
    await rows.ended(await rows.received(1), 2, "refused")
    result = await smppd("replay", "--dead", input="n\n")
    assert "replay 1 message?" in result.stdout
    assert result.exit_code == 1
    assert await rows.waiting() == []
    assert (await smppd("replay", "--dead", input="y\n")).exit_code == 0
    assert await rows.waiting() == [1]


async def test_unrouted_messages_take_the_routes_of_now(smppd: Smppd, rows: Rows) -> None:
    await rows.received(1, state=2, to="15001")
    await rows.received(2, state=2, to="15002")
    result = await smppd("replay", "--unrouted", "--yes")
    assert result.stdout == "1 of 2 messages found a route\n"
    assert await rows.waiting() == [2]
    listed = json.loads((await smppd("messages", "--json", "--state", "unrouted")).stdout)
    assert [row["id"] for row in listed] == [1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "say which: --id, --dead, --unrouted or --since"),
        (["--unrouted", "--dead"], "was never at a system"),
    ],
)
async def test_replay_of_everything_by_accident_is_refused(smppd: Smppd, arguments: list[str], words: str) -> None:
    result = await smppd("replay", "--yes", *arguments)
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.replace("│", " ").split())


async def test_a_replay_that_finds_nothing_says_so(smppd: Smppd) -> None:
    assert (await smppd("replay", "--dead", "--yes")).exit_code == 0
    missing = await smppd("replay", "--id", "99", "--yes")
    assert (missing.exit_code, missing.stdout) == (1, "no message fits\n")


async def test_status_shows_links_queues_and_what_needs_attention(smppd: Smppd, rows: Rows) -> None:
    await rows.db.seen()
    await rows.db.pool.execute(
        "insert into link_state (carrier, link, node, state, reason, peer) values ($1, 1, $2, 'down', 'refused', 'h')",
        await rows.db.carrier_id("vodacom"),
        rows.db.node,
    )
    await rows.ended(await rows.received(1), 2, "refused")
    await rows.received(2, state=2)
    await rows.received(3)
    await rows.db.pool.execute(
        "insert into queue (system, message, sender) values ($1, 3, 1)", await rows.db.system_id("sink")
    )
    shown = (await smppd("status")).stdout
    lines = {line.split()[0]: line.split() for line in reversed(shown.splitlines()) if line.strip()}
    assert lines["vodacom"][:3] == ["vodacom", "1", "down"]
    assert "refused" in lines["vodacom"]
    assert lines["airtel"][2:4] == ["never", "bound"]
    assert lines["sink"][1] == "1"
    assert "1 unrouted: no route took them" in shown
    assert "1 dead: smppd messages --dead" in shown
    assert f"running on {rows.db.node}" in shown
    found = json.loads((await smppd("status", "--json")).stdout)
    assert found["links"][0]["state"] == "down"
    assert found["systems"][0]["waiting"] == 1
    assert found["attention"]["unrouted"] == 1
    assert found["parts_incomplete"] == 0


async def test_status_shows_what_waits_for_a_carrier_and_why_it_is_not_faster(smppd: Smppd, rows: Rows) -> None:
    number = await rows.db.carrier_id("vodacom")
    await rows.db.pool.execute(
        "update carrier set up_at = now(), limited_by = 'carrier', pace = 18.5, reason = 'throttled 3 times'"
    )
    await rows.db.pool.execute(
        "insert into outqueue (carrier, priority, due_at, id, expires_at, marked) select $1, 0,"
        " now() + make_interval(secs => case when n < 6 then n - 100 else 100 end), n, now() + interval '1 day', n < 3"
        " from generate_series(1, 10) n",
        number,
    )
    shown = " ".join((await smppd("status")).stdout.split())
    assert "vodacom yes 3 5 2" in shown
    assert "18.5/s of 50 carrier throttled 3 times" in shown
    (found,) = json.loads((await smppd("status", "--json")).stdout)["carriers"]
    assert (found["queued"], found["scheduled"], found["sending"]) == (3, 5, 2)
    assert (found["limited_by"], found["pace"], found["up"]) == ("carrier", 18.5, True)


async def test_status_shows_that_a_system_is_paused_and_why(smppd: Smppd, rows: Rows) -> None:
    await rows.db.seen()
    assert await rows.db.take_lease("system/sink", 15)
    await set_paused(rows.db, "sink", datetime.now(UTC) + timedelta(seconds=30), "401: wrong password")
    shown = (await smppd("status")).stdout
    assert re.search(r"sink .* paused for 0 s +401: wrong password", shown)
    (system,) = json.loads((await smppd("status", "--json")).stdout)["systems"]
    assert system["paused_until"] > system["paused_since"]
    await set_paused(rows.db, "sink", None, "")
    shown = (await smppd("status")).stdout
    assert re.search(r"sink .* served", shown)
    assert "401" not in shown
    await hold(rows.db, "sink", "amina")
    assert re.search(r"sink .* paused for 0 s +by hand: amina", (await smppd("status")).stdout)


async def test_status_says_that_nothing_runs(smppd: Smppd) -> None:
    assert "no gateway is running on this database" in (await smppd("status")).stdout


async def test_migrate_says_that_nothing_is_left_to_do(smppd: Smppd) -> None:
    result = await smppd("migrate")
    assert (result.exit_code, result.stdout) == (0, "the schema is up to date\n")


async def test_migrate_names_what_it_applied_and_others_ask_for_it(dsn: str, tmp_path: Path) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("drop schema public cascade; create schema public")
    await connection.close()
    file = tmp_path / "gw.toml"
    file.write_text(f'[store]\ndsn = "{dsn}"\n')

    async def run(command: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, app, [command, "-c", str(file)])

    early = await run("status")
    assert early.exit_code == 1
    assert early.stderr.startswith("smppd: the schema is behind (0001_")
    assert (await run("migrate")).stdout.startswith("applied 0001_")
    assert (await run("status")).exit_code == 0


async def test_a_database_that_is_away_is_said_in_words_without_its_password(tmp_path: Path) -> None:
    file = tmp_path / "gw.toml"
    file.write_text('[store]\ndsn = "postgresql://u:hunter2@127.0.0.1:1/x"\n')
    for command in ("status", "messages", "migrate"):
        result = await asyncio.to_thread(CliRunner().invoke, app, [command, "-c", str(file)])
        assert result.exit_code == 1
        assert result.stderr.startswith("smppd: the database postgresql://u:***@127.0.0.1:1/x cannot be reached")
        assert "Traceback" not in result.output


NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (86400 * 3, "3 d"), (-5, "0 s")]
)
def test_an_age_is_said_in_its_unit(seconds: int, words: str) -> None:
    assert ago(NOW - timedelta(seconds=seconds), NOW) == words
    assert ago(None, NOW) == "-"


def test_a_time_may_be_an_age_or_a_date() -> None:
    assert moment("2026-03-01T12:00:00+00:00") == NOW
    assert moment("2026-03-01T15:00:00+03:00") == NOW
    before = datetime.now(UTC)
    assert before <= moment("2h") + timedelta(hours=2) <= datetime.now(UTC)


async def test_reports_that_are_dead_are_shown_and_replayed_with_messages(smppd: Smppd, rows: Rows) -> None:
    message = await Outbound(rows.db).message()
    async with rows.db.transaction() as connection:
        await reports.add(connection, [News(message, OutboundState.SENT), News(message, OutboundState.DELIVERED)])
    sent, delivered = await rows.waiting()
    assert "report" not in (await smppd("messages", "--dead")).stdout
    for id in (sent, delivered):
        await rows.db.pool.execute("delete from queue where message = $1", id)
        await rows.ended(id, 2, "404 Not Found")
    said = (await smppd("messages", "--dead")).stdout
    assert f"report {delivered} of message {message} to sink: delivered\n    sink dead: 404 Not Found\n" in said
    assert f"report {sent} of message {message} to sink: sent\n" in said
    assert "no message fits" not in said
    assert (await smppd("messages", "--id", str(sent))).stdout.startswith(f"report {sent} of")
    assert json.loads((await smppd("messages", "--json", "--dead")).stdout) == []
    result = await smppd("replay", "--id", str(sent), input="y\n")
    assert "replay 1 report?" in result.stdout
    assert result.stdout.endswith("1 delivery of 1 report put back\n")
    await rows.ended(await rows.received(1), 2, "refused")
    result = await smppd("replay", "--dead", "--yes")
    assert result.stdout == "2 deliveries of 1 message and 1 report put back\n"
    found = await rows.db.pool.fetch("select message, kind, sender = $1 as ordered from queue where kind = 1", message)
    assert {(row["message"], row["ordered"]) for row in found} == {(sent, True), (delivered, True)}


@pytest.mark.parametrize("filters", [["--from", "1"], ["--to", "1"], ["--carrier", "vodacom"], ["--system", "other"]])
async def test_reports_are_left_alone_where_the_filter_is_not_theirs(
    smppd: Smppd, rows: Rows, filters: list[str]
) -> None:
    message = await Outbound(rows.db).message()
    async with rows.db.transaction() as connection:
        await reports.add(connection, [News(message, OutboundState.SENT)])
    (id,) = await rows.waiting()
    await rows.db.pool.execute("delete from queue")
    await rows.ended(id, 2, "404")
    assert (await smppd("replay", "--dead", "--yes", *filters)).stdout == "no message fits\n"
