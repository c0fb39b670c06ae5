"""Receipts find their parts: before and after the response, over restarts, however two transactions meet."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from typing import Any

import pytest

import pdu
from pdu import Tag, Tlv
from smppd import metrics
from smppd.carriers import matcher as module
from smppd.carriers.matcher import Matcher
from smppd.carriers.matchers import Matchers
from smppd.config import CarrierConfig
from smppd.model import Answer, OutboundState, PartState, ReceivedReceipt
from smppd.smpp.events import Delivered
from smppd.smpp.ids import response_keys
from smppd.smpp.mapping import MappingSettings, receipt_words, received
from smppd.store import Database, receipts
from smppd.store.intake import Intake
from tests.store.outbound import ALL, Outbound
from tests.store.test_intake import PlainReader

PHONE = "255754000001"
_sequence = count(1)


def receipt(
    message_id: str, stat: str = "DELIVRD", *, err: str = "000", phone: str = PHONE, esm_class: int = 4,
    bases: tuple[Any, Any] = ("as-is", "as-is"),
) -> ReceivedReceipt:  # fmt: skip
    """One as the mapping reads it from the wire."""
    number = next(_sequence)
    text = f"id:{message_id} sub:001 dlvrd:001 done date:2411210401 stat:{stat} err:{err} text:n{number}"
    sent = pdu.DeliverSm(
        source_addr=phone, destination_addr="15001", esm_class=esm_class, short_message=text.encode(), sequence=number
    )
    found = received(Delivered(sent, pdu.encode(sent)), MappingSettings(bases=bases))
    assert isinstance(found, ReceivedReceipt)
    return found


class Bench:
    """An intake and a matcher as one process has them; `start` begins a new life of the matcher."""

    def __init__(self, db: Database) -> None:
        self.db, self.out = db, Outbound(db)
        self.hints = 0
        self.intake = Intake(db, PlainReader(), windows={}, on_commit=lambda: None)
        self.matcher = self.start(listen=False)
        self._record: Any = None

    def start(self, *, listen: bool = True, **config: Any) -> Matcher:
        carrier = CarrierConfig.model_validate({"hosts": ["127.0.0.1:1"], "system_id": "x", **config})
        self.matcher = Matcher(self.db, "vodacom", carrier, self._hint)
        self.intake.receipts.clear()
        if listen:
            self.intake.receipts["vodacom"] = self.matcher.arrived
        return self.matcher

    def _hint(self) -> None:
        self.hints += 1

    @contextlib.asynccontextmanager
    async def life(self, **config: Any) -> AsyncIterator[Matcher]:
        """A matcher that runs, told of what comes."""
        matcher = self.start(**config)
        running = asyncio.create_task(matcher.run())
        try:
            yield matcher
        finally:
            self.intake.receipts.clear()
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running

    async def take(self, *items: ReceivedReceipt) -> None:
        """Commit receipts as the links do, and let the matcher look for them."""
        if self._record is None:
            self._record = await self.intake.open("vodacom", 1, lambda: None)
        futures = []
        for item in items:
            futures.append(asyncio.get_running_loop().create_future())
            self.intake.put(self._record, item, futures[-1].set_result)
        assert [await asyncio.wait_for(one, 30) for one in futures] == [Answer.STORED] * len(items)
        await self.matcher.settled()

    async def parked(self) -> int:
        found: int = await self.db.pool.fetchval("select count(*) from parked")
        return found

    async def answered(self, message: int, message_id: str, **part: Any) -> None:
        """A part gets its response: recorded, committed, told."""
        await self.out.part(message, message_id, **part)
        self.matcher.recorded(response_keys(message_id))
        await self.matcher.settled()


@pytest.fixture
async def bench(db: Database) -> AsyncIterator[Bench]:
    bench = Bench(db)
    writer = asyncio.create_task(bench.intake.run())
    yield bench
    writer.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await writer


def matched(likeness: str) -> float:
    value: float = metrics.RECEIPTS_MATCHED.labels("vodacom", likeness)._value.get()
    return value


def odd(kind: str) -> float:
    value: float = metrics.RECEIPTS_ODD.labels("vodacom", kind)._value.get()
    return value


@pytest.mark.parametrize(
    ("submitted", "receipted", "likeness"),
    [
        ("msg-7", "msg-7", "exact"),
        ("0a1b", "0A1B", "folded"),
        ("A1B", "0000000A1B", "padded"),
        ("A3D70A3", "171798691", "hex-to-decimal"),
        ("171798691", "a3d70a3", "decimal-to-hex"),
    ],
)
@pytest.mark.parametrize("early", [False, True])
async def test_a_receipt_finds_its_part_in_every_spelling_before_and_after_the_response(
    bench: Bench, submitted: str, receipted: str, likeness: str, early: bool
) -> None:
    message = await bench.out.message()
    before, were_early = matched(likeness), odd("early")
    async with bench.life():
        if early:
            await bench.take(receipt(receipted))
            assert await bench.parked() == 1
            await bench.answered(message, submitted)
        else:
            await bench.answered(message, submitted)
            await bench.take(receipt(receipted))
    assert await bench.out.state(message) is OutboundState.DELIVERED
    assert await bench.out.reports(message) == [("DELIVERED", "")]
    assert await bench.parked() == 0
    assert matched(likeness) == before + 1
    assert odd("early") == were_early + early
    assert bench.hints == 1


async def test_the_bases_of_a_carrier_decide_where_they_are_known(bench: Bench) -> None:
    ten, sixteen = await bench.out.message(), await bench.out.message()
    for message, said in ((ten, "10"), (sixteen, "16")):
        await bench.out.part(message, said, keys=response_keys(said, "hex", "decimal"))
    async with bench.life(message_id_base={"response": "hex", "receipt": "decimal"}):
        await bench.take(receipt("16", bases=("hex", "decimal")))
    assert [await bench.out.state(one) for one in (ten, sixteen)] == [OutboundState.DELIVERED, OutboundState.SENT]


async def test_a_report_says_what_the_carrier_said(bench: Bench) -> None:
    message = await bench.out.message(parts=2)
    async with bench.life():
        await bench.answered(message, "x1", number=1, total=2)
        await bench.answered(message, "x2", number=2, total=2)
        lost = receipt("x2", "UNDELIV", err="069")
        await bench.take(lost)
    assert await bench.out.reports(message) == [("UNDELIVERED", "part 2 of 2: UNDELIV, error 069")]
    (detail,) = await bench.out.details(message)
    assert detail == {
        "message_id": "x2", "stat": "UNDELIV", "error": "069", "text": receipt_words(lost.raw), "part": 2, "parts": 2,
    }  # fmt: skip
    assert detail["text"].startswith("id:x2 sub:001")
    row = await bench.db.pool.fetchrow("select * from outpart where number = 2")
    assert (row["stat"], row["error"], row["done_at"] is not None) == ("UNDELIV", "069", True)
    assert tuple(await bench.db.pool.fetchrow("select message, number from receipt")) == (message, 2)


async def test_a_message_is_delivered_when_all_its_parts_are(bench: Bench) -> None:
    message = await bench.out.message(parts=3)
    for number in (1, 2, 3):
        await bench.out.part(message, f"x{number}", number=number, total=3)
    async with bench.life():
        await bench.take(receipt("x2"), receipt("x2"), receipt("x1"))
        assert await bench.out.state(message) is OutboundState.SENT
        await bench.take(receipt("x3"))
        await bench.take(receipt("x3"), receipt("x1", "UNDELIV"))
    assert await bench.out.state(message) is OutboundState.DELIVERED
    assert await bench.out.reports(message) == [("DELIVERED", "")]
    assert await bench.out.part_states(message) == [PartState.DELIVERED] * 3


async def test_news_on_the_way_are_told_once_a_kind_and_before_the_end(bench: Bench) -> None:
    message = await bench.out.message()
    await bench.out.part(message, "x1")
    async with bench.life():
        await bench.take(receipt("x1", "ENROUTE"), receipt("x1", "ACCEPTD"), receipt("x1", "ENROUTE"))
        await bench.take(receipt("x1", "BUFFRED"), receipt("x1", "UNKNOWN"))
        assert await bench.out.state(message) is OutboundState.SENT
        await bench.take(receipt("x1"), receipt("x1", "ACCEPTD"))
    assert await bench.out.reports(message) == [("QUEUED", "enroute"), ("QUEUED", "accepted"), ("DELIVERED", "")]


async def test_a_failure_that_is_no_last_word_is_news_on_the_way(bench: Bench) -> None:
    message = await bench.out.message()
    await bench.out.part(message, "x1")
    async with bench.life():
        await bench.take(receipt("x1", "UNDELIV", esm_class=0x20))
        await bench.take(receipt("x1"))
    assert await bench.out.reports(message) == [("QUEUED", "enroute"), ("DELIVERED", "")]


async def test_who_asked_for_nothing_hears_nothing(bench: Bench) -> None:
    message = await bench.out.message(report=0)
    await bench.out.part(message, "x1")
    async with bench.life():
        await bench.take(receipt("x1", "ENROUTE"), receipt("x1"))
    assert await bench.out.state(message) is OutboundState.DELIVERED
    assert await bench.out.reports(message) == []
    assert bench.hints == 0


@pytest.mark.parametrize(
    ("state", "stat", "becomes", "reports"),
    [
        (OutboundState.UNKNOWN, "DELIVRD", OutboundState.DELIVERED, [("DELIVERED", "")]),
        (OutboundState.UNKNOWN, "REJECTD", OutboundState.UNDELIVERED, [("UNDELIVERED", "REJECTD")]),
        (OutboundState.UNKNOWN, "ENROUTE", OutboundState.UNKNOWN, []),
        (OutboundState.EXPIRED, "DELIVRD", OutboundState.EXPIRED, []),
        (OutboundState.REJECTED, "DELIVRD", OutboundState.REJECTED, []),
        (OutboundState.DELIVERED, "UNDELIV", OutboundState.DELIVERED, []),
        (OutboundState.UNDELIVERED, "DELIVRD", OutboundState.UNDELIVERED, []),
    ],
)
async def test_an_end_stays_but_for_what_was_given_up_as_unknown(
    bench: Bench, state: OutboundState, stat: str, becomes: OutboundState, reports: list[Any]
) -> None:
    message = await bench.out.message(state)
    await bench.out.part(message, "x1", state=PartState.UNKNOWN)
    async with bench.life():
        await bench.take(receipt("x1", stat))
    assert await bench.out.state(message) is becomes
    assert await bench.out.reports(message) == reports
    assert await bench.parked() == 0


async def test_what_was_parked_before_a_restart_is_matched_whenever_its_part_is_recorded(bench: Bench) -> None:
    early, missed = await bench.out.message(), await bench.out.message()
    async with bench.life():
        await bench.take(receipt("x1"), receipt("x2"))
    await bench.out.part(missed, "x2")  # recorded by a process that died before it told anyone
    assert await bench.parked() == 2
    async with bench.life() as matcher:
        await until(lambda: bench.out.state(missed), OutboundState.DELIVERED)
        await matcher.settled()
        await bench.answered(early, "x1")
    assert await bench.out.state(early) is OutboundState.DELIVERED
    assert await bench.parked() == 0


async def test_a_part_that_another_node_recorded_is_found_by_the_walk(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PACE", 0.01)
    message = await bench.out.message()
    async with bench.life():
        await bench.take(receipt("x1"))
        await bench.out.part(message, "x1")  # nobody tells
        await until(lambda: bench.out.state(message), OutboundState.DELIVERED)


async def test_receipts_that_memory_cannot_hold_are_found_by_the_walk_and_the_newest_stay(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PACE", 0.01)
    monkeypatch.setattr(module, "MOST", 3)
    async with bench.life() as matcher:
        await bench.take(*[receipt(f"x{number}") for number in range(8)])
        assert [one.message_id for one in matcher._waiting.values()] == ["x5", "x6", "x7"]
        messages = [await bench.out.message() for _ in range(8)]
        for number, message in enumerate(messages):
            await bench.out.part(message, f"x{number}")
        for message in messages:
            await until(lambda one=message: bench.out.state(one), OutboundState.DELIVERED)  # type: ignore[misc]
        await until(bench.parked, 0)
        await matcher.settled()
        assert not matcher._waiting
        assert not matcher._by_key


async def test_the_pages_of_the_walk_leave_nothing_out(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE", 3)
    async with bench.life():
        await bench.take(*[receipt(f"x{number}") for number in range(10)])
    messages = [await bench.out.message() for _ in range(10)]
    for number, message in enumerate(messages):
        await bench.out.part(message, f"x{number}")
    async with bench.life():
        await until(bench.parked, 0)
    assert {await bench.out.state(message) for message in messages} == {OutboundState.DELIVERED}


async def test_a_receipt_of_another_phone_waits_for_a_better_part_and_takes_what_there_is_in_the_end(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PACE", 0.01)
    wrong, right = await bench.out.message(), await bench.out.message(recipient="+255754000002")
    other = await bench.out.message()
    async with bench.life():
        await bench.answered(wrong, "16")
        await bench.take(receipt("16", phone="255754000002"))  # means 0x10, whose response is still to come
        assert await bench.parked() == 1
        await bench.answered(right, "10")
        assert await bench.out.state(right) is OutboundState.DELIVERED
        assert await bench.out.state(wrong) is OutboundState.SENT
        monkeypatch.setattr(module, "GRACE", 0.0)
        await bench.answered(other, "x-1")
        await bench.take(receipt("x-1", phone="255754999999"))
    assert await bench.out.state(other) is OutboundState.DELIVERED


async def test_receipts_of_messages_that_we_never_sent_stay_where_they_are(bench: Bench) -> None:
    async with bench.life():
        await bench.take(receipt("old-1"), receipt("", "DELIVRD"))
        assert await bench.parked() == 1  # what has no id waits for nothing
    assert await bench.db.pool.fetchval("select count(*) from receipt where message is null") == 2


async def test_a_receipt_in_parameters_alone_is_matched(bench: Bench) -> None:
    message = await bench.out.message()
    await bench.out.part(message, "77")
    sent = pdu.DataSm(
        source_addr=PHONE, destination_addr="15001", esm_class=4, sequence=1,
        tlvs=(Tlv(Tag.RECEIPTED_MESSAGE_ID, b"77\0"), Tlv(Tag.MESSAGE_STATE, b"\x05")),
    )  # fmt: skip
    found = received(Delivered(sent, pdu.encode(sent)), MappingSettings())
    assert isinstance(found, ReceivedReceipt)
    async with bench.life():
        await bench.take(found)
    assert await bench.out.reports(message) == [("UNDELIVERED", "undelivered")]


async def test_both_ids_of_a_receipt_that_gives_two_are_looked_for(bench: Bench) -> None:
    message = await bench.out.message()
    await bench.out.part(message, "right")
    sent = pdu.DeliverSm(
        source_addr=PHONE, destination_addr="15001", esm_class=4, sequence=1, short_message=b"id:right stat:DELIVRD",
        tlvs=(Tlv(Tag.RECEIPTED_MESSAGE_ID, b"another\0"),),
    )  # fmt: skip
    found = received(Delivered(sent, pdu.encode(sent)), MappingSettings())
    assert isinstance(found, ReceivedReceipt)
    async with bench.life():
        await bench.take(found)
    assert await bench.out.state(message) is OutboundState.DELIVERED


async def test_an_id_that_the_carrier_gives_again_means_each_of_its_parts_once(bench: Bench) -> None:
    messages = [await bench.out.message() for _ in range(3)]
    for message in messages:
        await bench.out.part(message, "x1")
    async with bench.life():
        await bench.take(receipt("x1"))
        states = [await bench.out.state(message) for message in messages]
        assert states == [OutboundState.SENT, OutboundState.SENT, OutboundState.DELIVERED]
        await bench.take(receipt("x1"), receipt("x1"))
    assert {await bench.out.state(message) for message in messages} == {OutboundState.DELIVERED}


# --- two transactions at once -----------------------------------------------------------------------------------


async def until(look: Callable[[], Awaitable[Any]], wanted: Any) -> None:
    """Ask the database until it says so."""
    async with asyncio.timeout(30):
        while await look() != wanted:
            await asyncio.sleep(0)


async def blocked(db: Database, connection: Any) -> None:
    """Wait until somebody waits for a lock that this connection holds."""
    holder = await connection.fetchval("select pg_backend_pid()")
    query = "select count(*) from pg_stat_activity where $1 = any(pg_blocking_pids(pid))"
    await until(lambda: db.pool.fetchval(query, holder), 1)


async def test_an_id_recorded_while_its_receipt_is_looked_for_in_vain_is_not_missed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = await bench.out.message()
    looked, go_on = asyncio.Event(), asyncio.Event()
    candidates = receipts.candidates

    async def slow(*arguments: Any) -> Any:
        found = await candidates(*arguments)
        looked.set()
        await go_on.wait()
        return found

    monkeypatch.setattr(receipts, "candidates", slow)
    async with bench.life() as matcher:
        taking = asyncio.create_task(bench.take(receipt("x1")))
        await looked.wait()
        await bench.out.part(message, "x1")
        matcher.recorded(["x1"])  # between its look and its end
        go_on.set()
        await taking
    assert await bench.out.state(message) is OutboundState.DELIVERED


async def test_news_that_were_looked_for_in_vain_come_before_the_end_that_is_found(bench: Bench) -> None:
    message = await bench.out.message()
    async with bench.life():
        await bench.take(receipt("x1", "ENROUTE"))
        await bench.out.part(message, "x1")  # committed, not told yet
        await bench.take(receipt("x1"))
    assert await bench.out.reports(message) == [("QUEUED", "enroute"), ("DELIVERED", "")]


async def test_an_id_whose_transaction_is_open_while_its_receipt_comes_is_found_after_the_commit(bench: Bench) -> None:
    message = await bench.out.message()
    async with bench.life() as matcher:
        async with bench.db.transaction() as connection:
            await bench.out.part(message, "x1", connection=connection)
            await bench.take(receipt("x1"))
            assert await bench.parked() == 1
        matcher.recorded(["x1"])
        await matcher.settled()
    assert await bench.out.state(message) is OutboundState.DELIVERED


RECORD = "update outbound set state = 3, sent_at = now() where id = $1"
ANSWER = "update outpart set state = 1, message_id = 'x2' where message = $1 and number = 2"


async def half_sent(bench: Bench) -> int:
    """A message of two parts, of which one is answered."""
    message = await bench.out.message(OutboundState.QUEUED, parts=2)
    await bench.out.part(message, "x1", number=1, total=2)
    await bench.out.part(message, None, number=2, total=2, state=PartState.SENDING)
    return message


@pytest.mark.parametrize(
    ("stat", "wanted"),
    [
        ("UNDELIV", [("UNDELIVERED", "part 1 of 2: UNDELIV")]),
        ("ENROUTE", [("QUEUED", "enroute")]),
        ("DELIVRD", []),
    ],
)
async def test_what_is_said_of_a_part_while_another_is_unanswered_counts_when_the_message_is_sent(
    bench: Bench, stat: str, wanted: list[Any]
) -> None:
    message = await half_sent(bench)
    async with bench.life():
        await bench.take(receipt("x1", stat))
    assert await bench.out.state(message) is OutboundState.QUEUED
    assert await bench.out.reports(message) == []
    async with bench.db.transaction() as connection:
        await connection.execute(ANSWER, message)
        await connection.execute(RECORD, message)
        assert await receipts.settle(connection, [message], receipt_words) is bool(wanted)
    assert await bench.out.reports(message) == wanted
    if stat == "UNDELIV":
        assert (await bench.out.details(message))[0]["text"].startswith("id:x1 ")


async def test_settling_messages_of_which_nothing_was_said_changes_nothing(bench: Bench) -> None:
    message = await half_sent(bench)
    async with bench.db.transaction() as connection:
        assert not await receipts.settle(connection, [message], receipt_words)
        assert not await receipts.settle(connection, [], receipt_words)


async def test_a_receipt_waits_for_the_transaction_that_sends_its_message_and_sees_it(bench: Bench) -> None:
    message = await half_sent(bench)
    async with bench.life():
        async with bench.db.transaction() as connection:
            await connection.execute(ANSWER, message)
            await connection.execute(RECORD, message)
            taking = asyncio.create_task(bench.take(receipt("x1", "UNDELIV")))
            await blocked(bench.db, connection)
            assert not await receipts.settle(connection, [message], receipt_words)
        await taking
    assert await bench.out.reports(message) == [("UNDELIVERED", "part 1 of 2: UNDELIV")]


async def test_sending_a_message_waits_for_the_receipt_that_is_being_matched_and_sees_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = await half_sent(bench)
    applied, go_on = asyncio.Event(), asyncio.Event()
    holder: list[Any] = []
    apply = receipts.apply

    async def slow(connection: Any, *arguments: Any) -> Any:
        done = await apply(connection, *arguments)
        holder.append(connection)
        applied.set()
        await go_on.wait()
        return done

    async def send() -> bool:
        async with bench.db.transaction() as connection:
            await connection.execute(ANSWER, message)
            await connection.execute(RECORD, message)
            return await receipts.settle(connection, [message], receipt_words)

    monkeypatch.setattr(receipts, "apply", slow)
    async with bench.life():
        taking = asyncio.create_task(bench.take(receipt("x1", "UNDELIV")))
        await applied.wait()
        sending = asyncio.create_task(send())
        await blocked(bench.db, holder[0])
        go_on.set()
        await taking
        assert await sending
    assert await bench.out.reports(message) == [("UNDELIVERED", "part 1 of 2: UNDELIV")]


async def test_two_nodes_that_match_one_receipt_report_it_once(bench: Bench) -> None:
    message = await bench.out.message(report=ALL)
    await bench.take(receipt("x1"))
    await bench.out.part(message, "x1")
    async with bench.db.transaction() as one, bench.db.transaction() as other:
        carrier = await bench.db.carrier_id("vodacom")
        ((parked,),) = [await receipts.parked(one, carrier, 0, 10)]
        match = {parked.id: (message, 1)}
        first = await receipts.apply(one, carrier, match, receipt_words)
        second = asyncio.create_task(receipts.apply(other, carrier, match, receipt_words))
        await blocked(bench.db, one)
        assert first.receipts == {parked.id}
        # `one` commits first: a context manager would do it last
        await one.execute("commit")
        assert (await second).receipts == set()
        await one.execute("begin")
    assert await bench.out.reports(message) == [("DELIVERED", "")]


async def test_a_database_that_goes_away_makes_receipts_wait(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY", 0.01)
    message = await bench.out.message()
    await bench.out.part(message, "x1")
    failures = iter([OSError("gone"), TimeoutError("silent")])
    candidates = receipts.candidates

    async def broken(*arguments: Any) -> Any:
        for failure in failures:
            raise failure
        return await candidates(*arguments)

    monkeypatch.setattr(receipts, "candidates", broken)
    async with bench.life():
        await bench.take(receipt("x1"))
    assert await bench.out.state(message) is OutboundState.DELIVERED
    assert next(failures, None) is None


# --- the matchers of a process ----------------------------------------------------------------------------------------


def carrier(**config: Any) -> CarrierConfig:
    return CarrierConfig.model_validate({"hosts": ["127.0.0.1:1"], "system_id": "x", **config})


async def test_each_carrier_has_its_matcher_and_a_changed_one_begins_afresh(bench: Bench) -> None:
    other = Outbound(bench.db, carrier="airtel")
    parking = bench.intake.receipts
    matchers = Matchers(bench.db, {"vodacom": carrier(), "airtel": carrier()}, parking, lambda: None)
    running = asyncio.create_task(matchers.run())
    try:
        while len(parking) < 2:
            await asyncio.sleep(0)
        await bench.take(receipt("x1"))
        message, another = await bench.out.message(), await other.message()
        await other.part(another, "x1")
        matchers.recorded("airtel", [(another, 1, ("x1",))])  # the same id at another carrier is another's
        await bench.out.part(message, "x1")
        matchers.recorded("vodacom", [(message, 1, ("x1",))])
        await until(lambda: bench.out.state(message), OutboundState.DELIVERED)
        assert await other.state(another) is OutboundState.SENT
        before = dict(parking)
        matchers.configure({"vodacom": carrier(window=20), "airtel": carrier()})
        while parking["vodacom"] == before["vodacom"]:
            await asyncio.sleep(0)
        assert parking["airtel"] == before["airtel"]
        matchers.configure({"airtel": carrier()})
        while "vodacom" in parking:
            await asyncio.sleep(0)
        matchers.recorded("vodacom", [(1, 1, ("x1",))])  # of a carrier that was taken out
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_what_was_given_up_is_kept_in_memory_no_longer(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PACE", 0.01)
    async with bench.life() as matcher:
        await bench.take(receipt("x1"), receipt("x2"), receipt("x3"))
        await bench.db.pool.execute(
            "delete from parked where receipt = (select id from receipt where message_id = 'x2')"
        )
        while len(matcher._waiting) > 2:
            await asyncio.sleep(0)
        assert {one.message_id for one in matcher._waiting.values()} == {"x1", "x3"}
        assert set(matcher._by_key) == {"x1", "x3"}
