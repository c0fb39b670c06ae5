"""What is done by the clock: incomplete sets, retention, the disk budget."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest

from smppd import metrics
from smppd.config import Config
from smppd.store import Database
from smppd.store.intake import Intake
from smppd.store.keeper import Keeper
from tests.store.test_intake import PlainReader

DAY = timedelta(days=1)


class Bench:
    """A keeper whose jobs are called by the test, over a database with one carrier per choice."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.hints = 0
        self.intake = Intake(db, PlainReader(), windows={}, on_commit=lambda: None)
        self.keeper = Keeper(db, self.intake, PlainReader(), self._hint)
        self._id = 0

    def _hint(self) -> None:
        self.hints += 1

    async def part(self, carrier: str, number: int, age: float, *, ref: int = 7, total: int = 3) -> None:
        """A part that came so many seconds ago."""
        self._id += 1
        await self.db.pool.execute(
            "insert into part (carrier, sender, recipient, kind, reference, total, number, id, session, link, digest,"
            " data_coding, esm_class, body, received_at)"
            " values ($1, '+1', '15001', 'udh8', $2, $3, $4, $5, 1, 1, $5, 0, 64, $6, now() - $7::interval)",
            await self.db.carrier_id(carrier), ref, total, number, self._id, f"p{number}".encode(),
            timedelta(seconds=age),
        )  # fmt: skip

    async def message(
        self, age: timedelta, *, waiting: bool = False, outcome: bool = True, data: bytes | None = None
    ) -> int:
        """A message that came so long ago, with its delivery."""
        self._id += 1
        await self.db.pool.execute(
            "insert into received (id, carrier, link, session, digest, sender, recipient, text, data, data_coding,"
            " esm_class, state, received_at)"
            " values ($1, $2, 1, 1, 1, '+1', '15001', 'text', $3, 0, 0, 0, now() - $4::interval)",
            self._id, await self.db.carrier_id("deliver"), data, age,
        )  # fmt: skip
        system = await self.db.system_id("sink")
        if waiting:
            await self.db.pool.execute(
                "insert into queue (system, message, sender) values ($1, $2, 1)", system, self._id
            )
        elif outcome:
            await self.db.pool.execute(
                "insert into outcome (message, system, state, attempts) values ($1, $2, 1, 1)", self._id, system
            )
        return self._id

    async def messages(self) -> list[tuple[Any, ...]]:
        return [tuple(r) for r in await self.db.pool.fetch("select state, text, missing from message order by id")]

    async def ids(self, condition: str = "true") -> list[int]:
        return [r["id"] for r in await self.db.pool.fetch(f"select id from received where {condition} order by id")]


@pytest.fixture
async def bench(dsn: str, tmp_path: Any) -> AsyncIterator[Bench]:
    def carrier(choice: str) -> dict[str, Any]:
        return {"hosts": ["127.0.0.1:1"], "system_id": "x", "incomplete": choice, "reassembly_timeout": "60s"}

    config = Config.model_validate(
        {
            "store": {"dsn": dsn, "max_disk": "100GB", "retain": "90d", "retain_text": "30d"},
            "carriers": {choice: carrier(choice) for choice in ("deliver", "hold", "drop")},
            "systems": {"sink": {"type": "webhook", "url": "http://127.0.0.1:1/"}},
        }
    )
    db = Database(config)
    await db.start()
    await db.system_id("sink")
    yield Bench(db)
    await db.stop()


@pytest.mark.parametrize(
    ("choice", "messages", "waiting", "dead", "hints"),
    [
        ("deliver", [("incomplete", "p1[...]p3", [2])], 1, 0, 1),
        ("drop", [("incomplete", "p1[...]p3", [2])], 0, 1, 1),
        ("hold", [], 0, 0, 0),
    ],
)
async def test_a_set_that_waited_too_long_becomes_what_its_carrier_chose(
    bench: Bench, choice: str, messages: list[Any], waiting: int, dead: int, hints: int
) -> None:
    await bench.part(choice, 1, 100)
    await bench.part(choice, 3, 90)
    await bench.keeper.close_sets()
    await bench.keeper.close_sets()  # a second turn finds nothing more
    assert await bench.messages() == messages
    assert await bench.db.pool.fetchval("select count(*) from queue") == waiting
    assert await bench.db.pool.fetchval("select count(*) from outcome where state = 2") == dead
    assert bench.hints == hints


async def test_the_time_counts_from_the_last_part_that_came(bench: Bench) -> None:
    await bench.part("deliver", 1, 100)
    await bench.part("deliver", 3, 50)
    await bench.keeper.close_sets()
    assert await bench.messages() == []
    assert metrics.PARTS_INCOMPLETE._value.get() == 1


async def test_sets_are_closed_in_the_order_in_which_they_came_to_rest(bench: Bench) -> None:
    for ref, age in ((1, 80), (2, 200), (3, 120)):
        await bench.part("deliver", 2, age, ref=ref, total=2)
        await bench.part("deliver", 1, age + 1000, ref=ref + 10, total=2)
    await bench.keeper.close_sets()
    order = await bench.db.pool.fetch(
        "select p.reference from received r join part p on p.message = r.id order by r.id"
    )
    assert [r["reference"] for r in order] == [12, 13, 11, 2, 3, 1]


async def test_a_part_that_comes_after_its_set_was_closed_begins_no_message_of_the_closed_ones(bench: Bench) -> None:
    await bench.part("deliver", 1, 100)
    await bench.keeper.close_sets()
    assert await bench.db.pool.fetchval("select count(*) from part where message is not null and body is null") == 1
    assert metrics.PARTS_INCOMPLETE._value.get() == 0


async def test_old_texts_are_blanked_and_the_messages_stay(bench: Bench) -> None:
    old, binary, young = (
        await bench.message(31 * DAY),
        await bench.message(31 * DAY, data=b"\x01"),
        await bench.message(29 * DAY),
    )
    await bench.keeper._forget()
    assert await bench.ids("text is null and data is null") == [old, binary]
    assert await bench.ids("text is not null") == [young]


async def test_a_message_that_still_waits_keeps_its_text_however_old_it_is(bench: Bench) -> None:
    waiting = await bench.message(89 * DAY, waiting=True)
    ancient = await bench.message(200 * DAY, waiting=True)
    await bench.message(200 * DAY)
    await bench.keeper._forget()
    assert await bench.ids("text is not null") == [waiting, ancient]


async def test_what_waited_when_its_time_came_is_blanked_by_a_later_walk(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = await bench.message(31 * DAY, waiting=True)
    await bench.message(31 * DAY)
    await bench.keeper._forget()
    assert await bench.ids("text is not null") == [waiting]
    await bench.db.pool.execute("delete from queue")
    await bench.keeper._forget()
    assert await bench.ids("text is not null") == [waiting], "the whole history is not read each minute"
    monkeypatch.setattr("smppd.store.keeper.AGAIN", 0.0)
    await bench.keeper._forget()
    assert await bench.ids("text is not null") == []


async def test_past_its_time_everything_of_a_message_is_forgotten(bench: Bench) -> None:
    await bench.message(91 * DAY)
    kept = await bench.message(89 * DAY)
    await bench.db.pool.execute(
        "insert into receipt (id, carrier, link, session, digest, sender, recipient, message_id, state, stat, error,"
        " raw, received_at) select n, 1, 1, 1, 1, '', '', '', '', '', '', '', now() - n * interval '40 days'"
        " from generate_series(1, 3) n"
    )
    await bench.keeper._forget()
    assert await bench.ids() == [kept]
    assert [r["message"] for r in await bench.db.pool.fetch("select message from outcome")] == [kept]
    assert [r["id"] for r in await bench.db.pool.fetch("select id from receipt order by id")] == [1, 2]


async def test_retention_goes_on_share_by_share_past_what_still_waits(bench: Bench) -> None:
    await bench.db.pool.execute(
        "insert into received (id, carrier, link, session, digest, sender, recipient, text, data_coding, esm_class,"
        " state, received_at) select n, 1, 1, 1, 1, '+1', '15001', 'text', 0, 0, 0,"
        " now() - case when n <= 7000 then interval '91 days' else interval '1 day' end from generate_series(1, 7100) n"
    )
    system = await bench.db.system_id("sink")
    await bench.db.pool.execute(
        "insert into queue (system, message, sender) select $1, n, 1 from generate_series(1, 3000) n", system
    )
    await bench.keeper._forget()
    assert await bench.ids() == [*range(1, 3001), *range(7001, 7101)]
    assert await bench.db.pool.fetchval("select count(*) from received where text is null") == 0


async def test_markers_of_finished_sets_are_forgotten_and_waiting_parts_never(bench: Bench) -> None:
    for n in range(1, 4):
        await bench.part("hold", n, 8 * 86400, ref=1)
    await bench.part("hold", 1, 8 * 86400, ref=2)
    await bench.part("hold", 1, 6 * 86400, ref=3)
    await bench.db.pool.execute("update part set message = 1, body = null where reference <> 2")
    await bench.keeper._forget()
    left = await bench.db.pool.fetch("select reference from part order by 1")
    assert [r["reference"] for r in left] == [2, 3]


async def test_a_spent_disk_budget_closes_the_intake_and_room_opens_it_again(
    bench: Bench, make_config: Callable[..., Config]
) -> None:
    bench.keeper.disk._budget = "1000"
    await bench.keeper._check_disk()
    assert bench.intake.full
    assert metrics.DISK_USED._value.get() > 1
    bench.keeper.disk._budget = "100000000000"
    await bench.keeper._check_disk()
    assert not bench.intake.full
