"""The writer: what is answered is committed, repeats are recognised, parts become one message."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from hashlib import blake2b
from itertools import count
from random import Random

import asyncpg
import pytest

from smppd.model import Answer, PartRef, Received, ReceivedReceipt
from smppd.store import Database
from smppd.store.batch import Batch
from smppd.store.intake import Intake
from smppd.store.receipts import Parked
from smppd.store.sessions import SessionRecord


class PlainReader:
    """Joins UTF-8 with the headers seen, routes everything to the sink but what is sent to 99."""

    def compose(self, carrier: str, slots: list[tuple[bytes, int, bytes] | None]) -> tuple[str | None, bytes, bool]:
        octets = b"".join(slot[2] + slot[0] if slot else b"[...]" for slot in slots)
        return octets.decode(), octets, False

    def label(self, text: str) -> str:
        return ""

    def targets(self, carrier: str, sender: str, recipient: str, text: str | None) -> tuple[str, ...]:
        return () if recipient == "99" else ("sink",)


class Bench:
    """An intake with its writer running, and what was answered."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.intake = Intake(db, PlainReader(), windows={"vodacom": 900.0}, on_commit=lambda: None)
        self.answers: list[Answer] = []
        self._answered = asyncio.Condition()
        self.proofs_asked: list[int] = []

    async def open(self, link: int = 1) -> SessionRecord:
        return await self.intake.open("vodacom", link, lambda: self.proofs_asked.append(link))

    async def take(self, record: SessionRecord, *items: Received | ReceivedReceipt) -> list[Answer]:
        """Put the items and wait for their answers."""
        futures: list[asyncio.Future[Answer]] = []
        for item in items:
            future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
            futures.append(future)
            self.intake.put(record, item, future.set_result)
        return [await asyncio.wait_for(future, 30) for future in futures]

    async def texts(self) -> list[str]:
        return [row["text"] for row in await self.db.pool.fetch("select text from received order by id")]


@pytest.fixture
async def bench(db: Database) -> AsyncIterator[Bench]:
    bench = Bench(db)
    writer = asyncio.create_task(bench.intake.run())
    yield bench
    writer.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await writer


def digest(*what: object) -> int:
    return int.from_bytes(blake2b(repr(what).encode(), digest_size=8).digest(), signed=True)


def single(text: str, sender: str = "+255700000001", recipient: str = "15001") -> Received:
    return Received(sender, recipient, text.encode(), 0, 0, digest(sender, recipient, text), text=text)


def part(
    number: int, total: int, body: str, *, ref: int = 7, sender: str = "+255700000001", kind: str = "udh8"
) -> Received:
    what = digest(sender, kind, ref, total, number, body)
    return Received(sender, "15001", body.encode(), 0, 0x40, what, part=PartRef(kind, ref, total, number))


async def test_an_answer_of_stored_means_that_the_row_and_its_delivery_are_there(bench: Bench) -> None:
    record = await bench.open()
    assert await bench.take(record, single("one"), single("two")) == [Answer.STORED, Answer.STORED]
    assert await bench.texts() == ["one", "two"]
    assert await bench.db.pool.fetchval("select count(*) from queue") == 2


async def test_a_message_that_no_route_takes_is_kept_as_unrouted(bench: Bench) -> None:
    record = await bench.open()
    assert await bench.take(record, single("lost?", recipient="99")) == [Answer.STORED]
    assert await bench.db.pool.fetchval("select state from message") == "unrouted"
    assert await bench.db.pool.fetchval("select count(*) from queue") == 0


async def test_a_person_who_sends_the_same_text_twice_on_a_healthy_link_is_heard_twice(bench: Bench) -> None:
    record = await bench.open()
    assert await bench.take(record, single("1")) == [Answer.STORED]
    assert await bench.take(record, single("1")) == [Answer.STORED]
    assert await bench.texts() == ["1", "1"]


async def test_a_repeat_after_a_cut_is_recognised_once_and_the_next_one_is_a_new_message(bench: Bench) -> None:
    first = await bench.open()
    await bench.take(first, single("1"))
    bench.intake.close(first)
    second = await bench.open()
    assert await bench.take(second, single("1")) == [Answer.REPEATED]
    assert await bench.take(second, single("1")) == [Answer.STORED]
    assert await bench.texts() == ["1", "1"]


async def test_what_the_carrier_proved_to_have_read_is_no_repeat_after_a_cut(bench: Bench) -> None:
    first = await bench.open()
    await bench.take(first, single("1"), single("2"))
    bench.intake.proved(first, 1)
    bench.intake.close(first)
    second = await bench.open()
    assert await bench.take(second, single("1"), single("2")) == [Answer.STORED, Answer.REPEATED]


async def test_a_repeat_is_recognised_by_a_new_process_after_a_kill(bench: Bench, db: Database) -> None:
    await bench.take(await bench.open(), single("1"))
    again = Database(db.config)  # a new instance of the same node: the old one's sessions are over
    await again.start()
    await again.seen()
    other = Bench(again)
    writer = asyncio.create_task(other.intake.run())
    try:
        assert await other.take(await other.open(), single("1")) == [Answer.REPEATED]
    finally:
        writer.cancel()
        await again.stop()


async def test_two_processes_under_one_node_name_are_told_apart_in_the_log(
    db: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    await db.seen()
    twin = Database(db.config)
    await twin.start()
    try:
        await twin.seen()  # a start after a crash looks the same, and is no error
        await twin.seen()
        assert "another smppd" not in "".join(capsys.readouterr())
        await db.seen()
        assert "another smppd runs under this node.name" in "".join(capsys.readouterr())
    finally:
        await twin.stop()


async def test_a_repeat_answered_but_not_proved_is_still_a_repeat_after_the_next_cut(bench: Bench) -> None:
    for _ in range(3):
        record = await bench.open()
        answers = await bench.take(record, single("1"))
        bench.intake.close(record)
    assert answers == [Answer.REPEATED]
    assert await bench.texts() == ["1"]


async def test_a_repeat_that_was_proved_answered_is_forgotten(bench: Bench) -> None:
    first = await bench.open()
    await bench.take(first, single("1"))
    bench.intake.close(first)
    second = await bench.open()
    assert await bench.take(second, single("1")) == [Answer.REPEATED]
    bench.intake.proved(second, 1)
    bench.intake.close(second)
    third = await bench.open()
    assert await bench.take(third, single("1")) == [Answer.STORED]


async def test_the_same_octets_on_another_link_wait_for_the_first_links_proof(bench: Bench) -> None:
    one, two = await bench.open(1), await bench.open(2)
    await bench.take(one, single("1"))
    waiting = asyncio.create_task(bench.take(two, single("1")))
    await bench.take(two, single("other"))
    assert bench.proofs_asked == [1]
    assert not waiting.done()
    bench.intake.proved(one, 1)  # the carrier has read our answer: a person sent it twice
    assert await waiting == [Answer.STORED]


async def test_the_same_octets_on_another_link_are_a_repeat_when_the_first_link_dies(bench: Bench) -> None:
    one, two = await bench.open(1), await bench.open(2)
    await bench.take(one, single("1"))
    waiting = asyncio.create_task(bench.take(two, single("1")))
    await bench.take(two, single("other"))
    bench.intake.close(one)
    assert await waiting == [Answer.REPEATED]


async def test_what_waits_on_a_connection_that_is_gone_is_not_stored(bench: Bench) -> None:
    one, two = await bench.open(1), await bench.open(2)
    bench.intake.put(one, single("never answered"), lambda answer: None)
    bench.intake.close(one)
    await bench.take(two, single("later"))
    assert await bench.texts() == ["later"]


async def test_eleven_parts_shuffled_repeated_over_two_links_and_a_restart_arrive_once(
    bench: Bench, db: Database
) -> None:
    text = "".join(f"<{n:02} ñandú 🦙 ሰላም>" for n in range(1, 12))
    pieces = [text[i : i + 16] for i in range(0, len(text), 16)]
    assert len(pieces) == 11
    parts = [part(n, 11, piece, kind="udh16", ref=4711) for n, piece in enumerate(pieces, 1)]
    order = parts + Random(5).sample(parts, 6)
    Random(3).shuffle(order)
    one, two = await bench.open(1), await bench.open(2)
    for n, item in enumerate(order[:9]):
        await bench.take((one, two)[n % 2], item)
    again = Database(db.config)
    await again.start()
    await again.seen()
    other = Bench(again)
    writer = asyncio.create_task(other.intake.run())
    try:
        links = [await other.open(1), await other.open(2)]
        for n, item in enumerate(order[9:] + parts[:3]):
            await other.take(links[n % 2], item)
        assert await other.texts() == [text]
        assert await again.pool.fetchval("select count(*) from queue") == 1
        assert await again.pool.fetchval("select count(*) from part where message is null") == 0
    finally:
        writer.cancel()
        await again.stop()


async def test_two_senders_with_one_reference_do_not_mix(bench: Bench) -> None:
    record = await bench.open()
    await bench.take(
        record,
        part(1, 2, "a1", sender="+1"),
        part(2, 2, "b2", sender="+2"),
        part(1, 2, "b1", sender="+2"),
        part(2, 2, "a2", sender="+1"),
    )
    assert sorted(await bench.texts()) == ["a1a2", "b1b2"]


async def test_a_reference_that_comes_round_closes_the_unfinished_set_and_begins_a_new_one(bench: Bench) -> None:
    record = await bench.open()
    await bench.take(record, part(1, 2, "old1"))
    await bench.take(record, part(1, 2, "new1"))
    assert await bench.texts() == ["old1[...]"]
    assert await bench.db.pool.fetchval("select state from message") == "incomplete"
    await bench.take(record, part(2, 2, "new2"))
    assert await bench.texts() == ["old1[...]", "new1new2"]


async def test_a_reference_used_again_after_a_full_set_begins_a_new_one(bench: Bench) -> None:
    record = await bench.open()
    await bench.take(record, part(1, 2, "a"), part(2, 2, "b"))
    await bench.take(record, part(1, 2, "c"), part(2, 2, "d"))
    assert await bench.texts() == ["ab", "cd"]


async def test_a_part_is_kept_with_its_header_until_its_set_is_joined(bench: Bench) -> None:
    record = await bench.open()
    first, second = part(1, 2, "a"), part(2, 2, "b")
    first.header, second.header = b"<1>", b"<2>"
    await bench.take(record, first)
    assert await bench.db.pool.fetchval("select header from part") == b"<1>"
    await bench.take(record, second)
    assert await bench.texts() == ["<1>a<2>b"]
    assert await bench.db.pool.fetchval("select count(*) from part where header is not null") == 0


async def test_a_part_repeated_after_a_cut_long_after_its_set_was_full_is_recognised(bench: Bench) -> None:
    record = await bench.open()
    await bench.take(record, part(1, 2, "a"), part(2, 2, "b"))
    bench.intake.close(record)
    await bench.intake.drained()
    await bench.db.pool.execute("update part set received_at = now() - interval '1 day'")
    second = await bench.open()
    assert await bench.take(second, part(2, 2, "b")) == [Answer.REPEATED]
    assert await bench.texts() == ["ab"]


async def test_a_set_that_waited_too_long_is_delivered_as_what_it_has(bench: Bench) -> None:
    await bench.take(await bench.open(), part(2, 3, "middle"))
    batch = Batch(bench.db, PlainReader(), [])
    row = await bench.db.pool.fetchrow("select carrier, sender, recipient, kind, reference, total from part")
    from smppd.store.parts import SetKey

    async with bench.db.pool.acquire() as connection:
        assert await batch.close(connection, "vodacom", [SetKey(*row)], drop=False) == 1
        assert await batch.close(connection, "vodacom", [SetKey(*row)], drop=False) == 0
    found = await bench.db.pool.fetchrow("select text, state, missing from message")
    assert (found["text"], found["state"], found["missing"]) == ("[...]middle[...]", "incomplete", [1, 3])


async def test_a_dropped_incomplete_set_stands_as_dead_and_can_be_replayed(bench: Bench) -> None:
    from smppd.store.history import replay, search
    from smppd.store.parts import SetKey

    await bench.take(await bench.open(), part(2, 3, "middle"))
    row = await bench.db.pool.fetchrow("select carrier, sender, recipient, kind, reference, total from part")
    async with bench.db.pool.acquire() as connection:
        await Batch(bench.db, PlainReader(), []).close(connection, "vodacom", [SetKey(*row)], drop=True)
    (found,) = await search(bench.db, dead=True)
    assert found.deliveries == ["sink dead: incomplete: 2 of 3 parts never came"]
    assert await replay(bench.db, [found.id]) == 1
    assert await search(bench.db, dead=True) == []


async def test_text_that_the_database_cannot_hold_is_kept_as_octets_beside_readable_text(bench: Bench) -> None:
    record = await bench.open()
    item = Received("+1", "15001", b"a\0b", 0, 0, 1, text="a\0b\ud800")
    assert await bench.take(record, item, single("next")) == [Answer.STORED, Answer.STORED]
    row = await bench.db.pool.fetchrow("select text, data from received order by id limit 1")
    assert row["data"] == b"a\0b"
    assert "\0" not in row["text"]


async def test_one_item_that_cannot_be_stored_is_quarantined_and_holds_back_no_other(bench: Bench) -> None:
    record = await bench.open()
    bad = Received("+1", "15001", b"x", 999_999, 0, 1, text="x")  # no database column holds this data_coding
    assert await bench.take(record, single("before"), bad, single("after")) == [Answer.STORED] * 3
    states = await bench.db.pool.fetch("select state, problem from message order by id")
    assert [row["state"] for row in states] == ["complete", "quarantined", "complete"]
    assert "refuses" in states[1]["problem"]


async def test_a_receipt_is_kept_and_its_repeat_recognised(bench: Bench) -> None:
    receipt = ReceivedReceipt("+1", "15001", "abc", "delivered", "DELIVRD", "000", b"raw", 42)
    first = await bench.open()
    assert await bench.take(first, receipt) == [Answer.STORED]
    bench.intake.close(first)
    assert await bench.take(await bench.open(), receipt) == [Answer.REPEATED]
    assert await bench.db.pool.fetchval("select count(*) from receipt") == 1


async def test_a_full_disk_budget_refuses_at_once_and_stores_nothing(bench: Bench) -> None:
    record = await bench.open()
    bench.intake.full = True
    assert await bench.take(record, single("no room")) == [Answer.FULL]
    bench.intake.full = False
    assert await bench.take(record, single("room")) == [Answer.STORED]
    assert await bench.texts() == ["room"]


async def test_a_lost_database_connection_costs_nothing_and_doubles_nothing(bench: Bench) -> None:
    record = await bench.open()
    numbers = count()
    for _ in range(5):
        some = [single(f"m{next(numbers)}") for _ in range(200)]
        waiting = asyncio.create_task(bench.take(record, *some))
        admin = await asyncpg.connect(bench.db.dsn)
        await admin.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        await admin.close()
        assert set(await waiting) <= {Answer.STORED, Answer.REPEATED}
    texts = await bench.texts()
    assert sorted(texts) == sorted(f"m{n}" for n in range(1000))


async def test_a_receipt_is_committed_with_its_keys_and_its_place_among_the_parked_and_told_of(bench: Bench) -> None:
    told: list[Parked] = []
    bench.intake.receipts["vodacom"] = told.extend
    record = await bench.open()
    keys = ("a", 'b"},{c', "é,\\")
    some = [
        ReceivedReceipt("+1", "15001", "abc", "delivered", "DELIVRD", "000", b"raw", 1, keys),
        ReceivedReceipt("+1", "15001", "", "unknown", "", "", b"raw", 2),
    ]
    assert await bench.take(record, *some, single("between")) == [Answer.STORED] * 3
    query = "select r.*, p.receipt from receipt r left join parked p on p.receipt = r.id order by id"
    rows = await bench.db.pool.fetch(query)
    assert [(tuple(row["keys"]), row["receipt"] is not None) for row in rows] == [(keys, True), ((), False)]
    assert told == [Parked(rows[0]["id"], keys, "abc", "+1", "15001", "delivered")]


async def test_a_receipt_that_is_recognised_as_a_repeat_is_not_parked_again(bench: Bench) -> None:
    told: list[Parked] = []
    bench.intake.receipts["vodacom"] = told.extend
    one = ReceivedReceipt("+1", "15001", "abc", "delivered", "DELIVRD", "000", b"raw", 1, ("abc",))
    first = await bench.open()
    await bench.take(first, one)
    bench.intake.close(first)
    assert await bench.take(await bench.open(), one) == [Answer.REPEATED]
    assert len(told) == 1
    assert await bench.db.pool.fetchval("select count(*) from parked") == 1
