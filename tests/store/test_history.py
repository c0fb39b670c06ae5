"""Looking back: every filter finds what it says, replay and routing again put back what ended, once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from smppd.store import Database
from smppd.store.history import replay, route_again, search

HOUR = timedelta(hours=1)
NOW = datetime.now(UTC)
STATES = ["complete", "incomplete", "unrouted", "blocked", "quarantined"]


class Past:
    """Messages as intake and forwarder leave them."""

    def __init__(self, db: Database) -> None:
        self.db = db

    async def message(self, id: int, *, carrier: str = "vodacom", **columns: Any) -> int:
        row: dict[str, Any] = {
            "id": id, "carrier": await self.db.carrier_id(carrier), "link": 1, "session": 1, "digest": 1,
            "sender": "+1", "recipient": "15001", "text": "anc", "data_coding": 0, "esm_class": 0, "state": 0,
            "received_at": NOW, **columns,
        }  # fmt: skip
        places = ", ".join(f"${n}" for n in range(1, len(row) + 1))
        await self.db.pool.execute(f"insert into received ({', '.join(row)}) values ({places})", *row.values())
        return id

    async def ended(self, message: int, state: int, *, system: str = "sink", reason: str = "", minute: int = 0) -> None:
        await self.db.pool.execute(
            "insert into outcome (message, system, state, attempts, reason, at) values ($1, $2, $3, 1, $4, $5)",
            message, await self.db.system_id(system), state, reason, NOW + timedelta(minutes=minute),
        )  # fmt: skip

    async def waits(self, message: int, *, system: str = "sink") -> None:
        await self.db.pool.execute(
            "insert into queue (system, message, sender) values ($1, $2, 1)", await self.db.system_id(system), message
        )

    async def found(self, **filters: Any) -> list[int]:
        return [row.id for row in await search(self.db, **filters)]

    async def queued(self) -> list[tuple[int, str]]:
        rows = await self.db.pool.fetch(
            "select q.message, s.name from queue q join system s on s.id = q.system order by 1, 2"
        )
        return [tuple(row) for row in rows]


@pytest.fixture
def past(db: Database) -> Past:
    return Past(db)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, [4, 3, 2, 1]),
        ({"limit": 2}, [4, 3]),
        ({"id": 2}, [2]),
        ({"sender": "+2"}, [2]),
        ({"sender": "+9"}, []),
        ({"recipient": "15002"}, [3]),
        ({"carrier": "airtel"}, [4]),
        ({"since": NOW - HOUR}, [4, 3, 2]),
        ({"system": "sink"}, [2, 1]),
        ({"system": "other"}, [3]),
        ({"system": "sink", "sender": "+2"}, [2]),
        ({"carrier": "vodacom", "recipient": "15002", "since": NOW - HOUR}, [3]),
    ],
    ids=range(12),
)
async def test_every_filter_given_must_hold(past: Past, filters: dict[str, Any], found: list[int]) -> None:
    await past.waits(await past.message(1, received_at=NOW - 2 * HOUR))
    await past.ended(await past.message(2, sender="+2"), 1)
    await past.ended(await past.message(3, recipient="15002"), 1, system="other")
    await past.message(4, carrier="airtel")
    assert await past.found(**filters) == found


@pytest.mark.parametrize("state", STATES)
async def test_messages_are_found_by_their_state(past: Past, state: str) -> None:
    for number in range(len(STATES)):
        await past.message(10 + number, state=number)
    assert await past.found(state=state) == [10 + STATES.index(state)]


@pytest.mark.parametrize(
    ("history", "dead"),
    [
        ("dead", True),
        ("dead dead", True),
        ("delivered", False),
        ("dead delivered", False),
        ("delivered dead", True),
        ("dead waits", False),
    ],
)
async def test_dead_is_a_message_whose_last_outcome_is(past: Past, history: str, dead: bool) -> None:
    await past.message(1)
    for minute, word in enumerate(history.split()):
        if word == "waits":
            await past.waits(1)
        else:
            await past.ended(1, 2 if word == "dead" else 1, minute=minute)
    await past.message(2)
    await past.ended(2, 1)
    assert await past.found(dead=True) == ([1] if dead else [])
    assert await past.found(dead=True, system="sink") == ([1] if dead else [])
    assert await past.found(dead=True, system="other") == []


async def test_what_became_of_a_message_stands_in_words_per_system(past: Past) -> None:
    await past.message(1)
    await past.ended(1, 2, reason="409 unknown sender")
    await past.ended(1, 1, minute=1)
    await past.waits(1, system="other")
    (row,) = await search(past.db, id=1)
    assert row.deliveries == ["other pending", "sink dead: 409 unknown sender", "sink delivered"]


@pytest.mark.parametrize(
    ("arguments", "queued"),
    [
        ({}, [(1, "sink"), (2, "other"), (2, "sink"), (3, "sink")]),
        ({"dead_only": True}, [(1, "sink"), (2, "other")]),
        ({"system": "sink"}, [(1, "sink"), (2, "sink"), (3, "sink")]),
        ({"system": "other", "dead_only": True}, [(2, "other")]),
    ],
    ids=str,
)
async def test_replay_puts_back_what_was_asked_for(past: Past, arguments: dict[str, Any], queued: list[Any]) -> None:
    await past.ended(await past.message(1), 2)
    await past.ended(await past.message(2), 1)
    await past.ended(2, 2, system="other")
    await past.ended(await past.message(3), 2)
    await past.ended(3, 1, minute=1)
    await past.message(4)  # was never anywhere
    assert await replay(past.db, [1, 2, 3, 4], **arguments) == len(queued)
    assert await past.queued() == queued
    assert await replay(past.db, [1, 2, 3, 4], **arguments) == 0, "what waits already is left alone"


async def test_a_replayed_delivery_is_no_longer_dead_and_its_history_stays(past: Past) -> None:
    await past.ended(await past.message(1), 2, reason="409")
    await replay(past.db, [1])
    assert await past.found(dead=True) == []
    (row,) = await search(past.db, id=1)
    assert sorted(row.deliveries) == ["sink dead: 409", "sink pending"]


async def test_messages_that_no_route_took_are_routed_by_the_routes_of_now(past: Past) -> None:
    for id, state, recipient in ((1, 2, "15001"), (2, 2, "99"), (3, 0, "15001"), (4, 4, "15001")):
        await past.message(id, state=state, recipient=recipient)
    await past.message(5, state=2, parts=3, missing=[2])

    def targets(carrier: str, sender: str, recipient: str, text: str | None) -> tuple[str, ...]:
        return () if recipient == "99" else ("sink", "other")

    assert await route_again(past.db, [1, 2, 3, 4, 5], targets) == 2
    assert await past.queued() == [(1, "other"), (1, "sink"), (5, "other"), (5, "sink")]
    assert [(row.id, row.state) for row in await search(past.db)] == [
        (5, "incomplete"), (4, "quarantined"), (3, "complete"), (2, "unrouted"), (1, "complete"),
    ]  # fmt: skip
    assert await route_again(past.db, [1, 2, 3, 4, 5], targets) == 0
