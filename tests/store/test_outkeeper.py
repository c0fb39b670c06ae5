"""What is done by the clock to what was sent: validity, receipts that never come, retention, the disk budget."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from smppd import metrics
from smppd.app.counter import Counter
from smppd.config import Config
from smppd.desk import Accepted
from smppd.errors import StoreFull
from smppd.model import OutboundState, PartState, Submission
from smppd.store import Database
from smppd.store import outkeeper as module
from smppd.store.outkeeper import EXPIRED, UNCONFIRMED, OutKeeper
from tests.store.outbound import Outbound

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
PAST = timedelta(seconds=-5)
S = OutboundState


class Bench(Outbound):
    """Carriers that wait three days for a receipt (vodacom), one (quick), and that send none (mute)."""

    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self.hints = 0
        self.keeper = OutKeeper(db, self._hint)

    def _hint(self) -> None:
        self.hints += 1

    def at(self, carrier: str) -> Outbound:
        return Outbound(self.db, carrier=carrier)

    async def count(self, table: str) -> int:
        found: int = await self.db.pool.fetchval(f"select count(*) from {table}")
        return found

    async def receipt(self, message: int | None, *, age: timedelta = timedelta(0), carrier: str = "vodacom") -> int:
        """One that was matched to a message, or waits."""
        owner = await self.db.carrier_id(carrier)
        made: int = await self.db.pool.fetchval(
            "insert into receipt (id, carrier, link, session, digest, sender, recipient, message_id, state, stat,"
            " error, raw, message, number, received_at) values (nextval('entry_id'), $1, 1, 1, 1, '', '', 'x',"
            " 'delivered', 'DELIVRD', '000', 'octets', $2, 1, now() - $3::interval) returning id",
            owner, message, age,
        )  # fmt: skip
        if message is None:
            await self.db.pool.execute("insert into parked (carrier, receipt) values ($1, $2)", owner, made)
        return made

    async def report(self, message: int, *, waiting: bool = False) -> int:
        """One that was delivered, or still waits."""
        system = await self.db.system_id("sink")
        made: int = await self.db.pool.fetchval(
            "insert into report (id, outbound, system, state, detail) values (nextval('entry_id'), $1, $2, 4,"
            """ '{"text": "id:x text:hello", "stat": "DELIVRD"}') returning id""",
            message, system,
        )  # fmt: skip
        if waiting:
            await self.db.pool.execute(
                "insert into queue (system, message, sender, kind) values ($1, $2, $3, 1)", system, made, message
            )
        else:
            await self.db.pool.execute(
                "insert into outcome (message, system, state, attempts) values ($1, $2, 1, 1)", made, system
            )
        return made


@pytest.fixture
async def bench(dsn: str) -> AsyncIterator[Bench]:
    def carrier(**more: Any) -> dict[str, Any]:
        return {"hosts": ["127.0.0.1:1"], "system_id": "x", **more}

    config = Config.model_validate(
        {
            "store": {"dsn": dsn, "max_disk": "100GB", "retain": "90d", "retain_text": "30d"},
            "carriers": {
                "vodacom": carrier(),
                "quick": carrier(receipt_timeout="1d"),
                "mute": carrier(receipts=False),
            },
            "systems": {"sink": {"type": "webhook", "url": "http://127.0.0.1:1/"}},
        }
    )
    db = Database(config)
    await db.start()
    yield Bench(db)
    await db.stop()


# --- validity ---------------------------------------------------------------------------------------------------------


async def test_what_no_carrier_took_in_its_time_expires_and_is_reported_once(bench: Bench) -> None:
    late, young, under_way = [await bench.message(S.QUEUED, parts=2) for _ in range(3)]
    await bench.waiting(late, expires_in=PAST)
    await bench.waiting(young)
    await bench.waiting(under_way, expires_in=PAST, marked=True)
    await bench.keeper.expire()
    await bench.keeper.expire()
    assert [await bench.state(one) for one in (late, young, under_way)] == [S.EXPIRED, S.QUEUED, S.QUEUED]
    assert await bench.reports(late) == [("EXPIRED", EXPIRED)]
    assert await bench.details(late) == [{"parts": 2}]
    assert (await bench.row(late))["ended_at"] is not None
    assert await bench.count("outqueue") == 2
    assert bench.hints == 1


async def test_the_last_trouble_of_what_expired_is_told(bench: Bench) -> None:
    late = await bench.message(S.QUEUED)
    await bench.waiting(late, expires_in=PAST)
    await bench.db.pool.execute("update outqueue set reason = 'ESME_RMSGQFUL'")
    await bench.keeper.expire()
    assert await bench.reports(late) == [("EXPIRED", f"{EXPIRED}: ESME_RMSGQFUL")]


async def test_any_number_of_messages_expires(bench: Bench) -> None:
    await bench.db.pool.execute(
        "with o as (insert into outbound (system, fingerprint, sender, recipient, text, priority, parts, state, report,"
        " expires_at) select $1, 1, '1', '2', 't', 0, 1, 1, 64, now() - interval '1 second'"
        " from generate_series(1, 2500) returning id) insert into outqueue (carrier, priority, due_at, id, expires_at)"
        " select 1, 0, now(), id, now() - interval '1 second' from o",
        await bench.db.system_id("sink"),
    )
    await bench.keeper.expire()
    assert await bench.count("outbound where state = 6") == 2500
    assert await bench.count("queue where kind = 1") == 2500


@pytest.mark.parametrize("first", ["mark", "keeper"])
async def test_a_message_that_is_about_to_be_written_does_not_expire_and_the_reverse(bench: Bench, first: str) -> None:
    late = await bench.message(S.QUEUED)
    await bench.waiting(late, expires_in=PAST)
    mark = "update outqueue set marked = true where id = $1 and not marked returning id"
    if first == "mark":
        async with bench.db.transaction() as connection:
            assert await connection.fetchval(mark, late) == late
            await bench.keeper.expire()  # passes it over without waiting
        await bench.keeper.expire()
        assert await bench.state(late) is S.QUEUED
    else:
        await bench.keeper.expire()
        assert await bench.db.pool.fetchval(mark, late) is None
        assert await bench.state(late) is S.EXPIRED


# --- receipts that never come -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("carrier", "age", "state"),
    [
        ("vodacom", 4 * DAY, S.UNKNOWN),
        ("vodacom", 2 * DAY, S.SENT),
        ("quick", 25 * HOUR, S.UNKNOWN),
        ("quick", 23 * HOUR, S.SENT),
        ("mute", 40 * DAY, S.SENT),
        ("gone", 4 * DAY, S.UNKNOWN),  # out of the configuration
        ("gone", 2 * DAY, S.SENT),
    ],
)
async def test_what_was_sent_and_not_heard_of_in_the_time_of_its_carrier_is_unknown(
    bench: Bench, carrier: str, age: timedelta, state: OutboundState
) -> None:
    out = bench.at(carrier)
    message = await out.message(age=age)
    await out.part(message, "x1")
    await bench.keeper.give_up_messages()
    await bench.keeper.give_up_messages()
    assert await bench.state(message) is state
    assert await bench.reports(message) == ([("UNKNOWN", UNCONFIRMED)] if state is S.UNKNOWN else [])
    assert await bench.part_states(message) == [PartState.UNKNOWN if state is S.UNKNOWN else PartState.ACCEPTED]
    assert bench.hints == (state is S.UNKNOWN)


async def test_the_part_that_was_not_heard_of_is_named_and_what_was_said_of_it(bench: Bench) -> None:
    message = await bench.message(age=4 * DAY, parts=3)
    for number, state in enumerate((PartState.DELIVERED, PartState.ACCEPTED, PartState.ACCEPTED), 1):
        await bench.part(message, f"x{number}", number=number, total=3, state=state)
    await bench.db.pool.execute("update outpart set done_at = now() where number = 1")
    await bench.db.pool.execute("update outpart set stat = 'ENROUTE' where number = 2")
    await bench.keeper.give_up_messages()
    assert await bench.reports(message) == [("UNKNOWN", f"{UNCONFIRMED}; the last one said ENROUTE")]
    assert await bench.details(message) == [{"message_id": "x2", "stat": "ENROUTE", "part": 2, "parts": 3}]
    assert await bench.part_states(message) == [PartState.DELIVERED, PartState.UNKNOWN, PartState.UNKNOWN]


@pytest.mark.parametrize("state", [state for state in S if state.final or state is S.QUEUED])
async def test_what_has_its_end_or_was_never_sent_is_not_given_up(bench: Bench, state: OutboundState) -> None:
    message = await bench.message(state, age=50 * DAY)
    await bench.keeper.give_up_messages()
    assert await bench.state(message) is state
    assert await bench.reports(message) == []


async def test_what_was_sent_long_after_it_was_handed_in_is_given_up_in_its_time(bench: Bench) -> None:
    scheduled = await bench.message(S.QUEUED, age=30 * DAY)
    sent = await bench.message(age=30 * DAY)
    await bench.db.pool.execute("update outbound set sent_at = now() - interval '1 hour' where id = $1", sent)
    for _ in range(2):
        await bench.keeper.give_up_messages()
        assert [await bench.state(one) for one in (scheduled, sent)] == [S.QUEUED, S.SENT]
    await bench.db.pool.execute("update outbound set state = 3, sent_at = now() - interval '4 days'")
    await bench.keeper.give_up_messages()
    assert [await bench.state(one) for one in (scheduled, sent)] == [S.UNKNOWN, S.UNKNOWN]
    assert not bench.keeper._open


async def test_memory_bounds_how_many_are_watched_and_the_walk_goes_on_when_there_is_room(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    monkeypatch.setattr(module, "SHARE", 2)
    early = [await bench.message(S.QUEUED, age=30 * DAY) for _ in range(3)]
    await bench.keeper.give_up_messages()
    late = await bench.message(age=4 * DAY)
    await bench.keeper.give_up_messages()
    assert await bench.state(late) is S.SENT
    await bench.db.pool.execute("update outbound set state = 10 where id = any($1)", early)
    await bench.keeper.give_up_messages()
    await bench.keeper.give_up_messages()
    assert await bench.state(late) is S.UNKNOWN


async def test_many_are_given_up_share_by_share(bench: Bench) -> None:
    await bench.db.pool.execute(
        "insert into outbound (system, fingerprint, sender, recipient, text, priority, parts, state, report, carrier,"
        " created_at, sent_at, expires_at) select $1, 1, '1', '2', 't', 0, 1, 3, 1 << 11, $2,"
        " now() - interval '4 days', now() - interval '4 days', now() from generate_series(1, 4500)",
        await bench.db.system_id("sink"), await bench.db.carrier_id("vodacom"),
    )  # fmt: skip
    await bench.keeper.give_up_messages()
    assert await bench.count("outbound where state = 11") == 4500
    assert await bench.count("queue where kind = 1") == 4500


async def test_a_message_whose_receipt_is_being_matched_is_left_alone(bench: Bench) -> None:
    message = await bench.message(age=4 * DAY)
    async with bench.db.transaction() as connection:
        await connection.execute("update outbound set state = 4 where id = $1", message)
        await bench.keeper.give_up_messages()  # passes it over without waiting
    await bench.keeper.give_up_messages()
    assert await bench.state(message) is S.DELIVERED


# --- receipts that match nothing --------------------------------------------------------------------------------------


async def test_a_receipt_that_matches_nothing_for_a_day_waits_no_more_and_is_counted(bench: Bench) -> None:
    counter = metrics.RECEIPTS_ODD.labels("vodacom", "unmatched")
    before = counter._value.get()
    for _ in range(3):
        await bench.receipt(None, age=25 * HOUR)
    young, elsewhere = await bench.receipt(None, age=23 * HOUR), await bench.receipt(None, carrier="mute", age=HOUR)
    await bench.keeper.give_up_parked()
    rows = await bench.db.pool.fetch("select receipt from parked order by receipt")
    assert [row["receipt"] for row in rows] == [young, elsewhere]
    assert await bench.count("receipt") == 5
    assert counter._value.get() == before + 3
    assert metrics.RECEIPTS_PARKED.labels("vodacom")._value.get() == 1


async def test_any_number_of_receipts_is_given_up(bench: Bench) -> None:
    await bench.db.pool.execute(
        "with r as (insert into receipt (id, carrier, link, session, digest, sender, recipient, message_id, state,"
        " stat, error, raw, received_at) select nextval('entry_id'), $1, 1, 1, 1, '', '', '', '', '', '', '',"
        " now() - interval '2 days' from generate_series(1, 4500) returning id)"
        " insert into parked (carrier, receipt) select $1, id from r",
        await bench.db.carrier_id("vodacom"),
    )
    await bench.keeper.give_up_parked()
    assert await bench.count("parked") == 0


# --- retention --------------------------------------------------------------------------------------------------------


async def test_old_texts_are_blanked_wherever_they_are_quoted_and_the_messages_stay(bench: Bench) -> None:
    old = await bench.message(S.DELIVERED, age=31 * DAY)
    binary = await bench.message(S.DELIVERED, age=31 * DAY, text=None, data=b"\1")
    young = await bench.message(S.DELIVERED, age=29 * DAY)
    for message in (old, young):
        await bench.receipt(message)
        await bench.report(message)
    unmatched = await bench.receipt(None)
    await bench.keeper.tidy()
    rows = await bench.db.pool.fetch("select id from outbound where text is null and data is null order by id")
    assert [row["id"] for row in rows] == [old, binary]
    assert await bench.details(old) == [{"stat": "DELIVRD"}]
    assert await bench.details(young) == [{"text": "id:x text:hello", "stat": "DELIVRD"}]
    raw = await bench.db.pool.fetch("select message, raw from receipt order by id")
    assert [(row["message"], row["raw"]) for row in raw] == [(old, b""), (young, b"octets"), (None, b"octets")]
    assert await bench.count(f"parked where receipt = {unmatched}") == 1


async def test_what_waits_is_neither_blanked_nor_forgotten_however_old_it_is(bench: Bench) -> None:
    waiting = await bench.message(S.QUEUED, age=200 * DAY)
    await bench.waiting(waiting, expires_in=DAY)
    told = await bench.message(S.DELIVERED, age=200 * DAY)
    await bench.part(told, "x1")
    await bench.report(told, waiting=True)
    await bench.keeper.tidy()
    assert (await bench.row(waiting))["text"] == "hello"
    assert await bench.details(told) == [{"text": "id:x text:hello", "stat": "DELIVRD"}]
    assert [await bench.count(table) for table in ("outbound", "outpart", "outkey", "report")] == [2, 1, 1, 1]


async def test_what_waited_when_its_time_came_is_blanked_by_a_later_walk(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = await bench.message(S.QUEUED, age=31 * DAY)
    await bench.message(S.DELIVERED, age=31 * DAY)
    await bench.keeper.tidy()
    await bench.db.pool.execute("update outbound set state = 10 where id = $1", waiting)
    await bench.keeper.tidy()
    assert (await bench.row(waiting))["text"] == "hello", "the whole history is not read each minute"
    monkeypatch.setattr(module, "AGAIN", 0.0)
    await bench.keeper.tidy()
    assert (await bench.row(waiting))["text"] is None


async def test_past_its_time_everything_of_a_message_is_forgotten(bench: Bench) -> None:
    for age in (91 * DAY, 89 * DAY):
        message = await bench.message(S.DELIVERED, age=age, parts=2, reference=str(age.days))
        for number in (1, 2):
            await bench.part(message, f"{age.days}{number}", number=number, total=2)
        await bench.report(message)
    await bench.db.pool.execute("insert into outcome (message, system, state, attempts) values (-1, 1, 1, 1)")
    await bench.keeper.tidy()
    counts = {table: await bench.count(table) for table in ("outbound", "outpart", "outkey", "report", "outcome")}
    assert counts == {"outbound": 1, "outpart": 2, "outkey": 4, "report": 1, "outcome": 2}
    assert await bench.db.pool.fetchval("select reference from outbound") == "89"
    assert await bench.count("outkey k join outpart p on p.message = k.message and p.number = k.number") == 4


async def test_retention_goes_on_share_by_share_past_what_still_waits(bench: Bench) -> None:
    await bench.db.pool.execute(
        "insert into outbound (system, fingerprint, sender, recipient, text, priority, parts, state, created_at,"
        " expires_at) select $1, 1, '1', '2', 't', 0, 1, case when n <= 3000 then 1 else 4 end,"
        " now() - case when n <= 7000 then interval '91 days' else interval '1 day' end, now()"
        " from generate_series(1, 7100) n",
        await bench.db.system_id("sink"),
    )
    await bench.keeper.tidy()
    assert [await bench.count(f"outbound where state = {state}") for state in (1, 4)] == [3000, 100]


# --- the disk budget --------------------------------------------------------------------------------------------------


async def test_a_spent_disk_budget_closes_the_desk_and_room_opens_it_again(db: Database) -> None:
    counter = Counter(db, db.config, lambda: None)
    asked = [Submission("+255754000001", "hello", sender="15001")]
    running = asyncio.create_task(counter.writer.run())
    try:
        counter.disk._budget = "1000"
        await counter.check_disk()
        with pytest.raises(StoreFull):
            await counter.desk.submit("sink", asked)
        assert await db.pool.fetchval("select count(*) from outbound") == 0
        counter.disk._budget = "100000000000"
        await counter.check_disk()
        (result,) = await counter.desk.submit("sink", asked)
        assert isinstance(result, Accepted)
    finally:
        running.cancel()
