"""Rows of the outbound half as the desk and the sender write them, for tests that begin in the middle."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import asyncpg
import orjson

from pdu import message_id
from smppd.model import BUFFERED, OutboundState, PartState
from smppd.store import Database

ALL = sum(state.bit for state in OutboundState) | BUFFERED
NO_TIME = timedelta(0)


class Outbound:
    """Writes messages, parts and queue rows of one system and looks at what became of them."""

    def __init__(self, db: Database, system: str = "sink", carrier: str = "vodacom") -> None:
        self.db, self.system, self.carrier = db, system, carrier

    async def message(
        self,
        state: OutboundState = OutboundState.SENT,
        *,
        recipient: str = "+255754000001",
        report: int = ALL,
        parts: int = 1,
        reference: str | None = None,
        age: timedelta = NO_TIME,
        expires_in: timedelta = timedelta(days=1),
        text: str | None = "hello",
        data: bytes | None = None,
    ) -> int:
        """A message that was handed in, or sent, so long ago; its id."""
        made: int = await self.db.pool.fetchval(
            "insert into outbound (system, reference, fingerprint, sender, recipient, text, data, priority, parts,"
            " state, report, carrier, created_at, expires_at, sent_at, ended_at)"
            " values ($1, $2, 1, '15001', $3, $4, $5, 0, $6, $7::smallint, $8, $9, now() - $10::interval,"
            " now() + $11::interval, case when $7 in (3, 4, 5, 11) then now() - $10::interval end,"
            " case when $7 > 3 then now() - $10::interval end) returning id",
            await self.db.system_id(self.system), reference, recipient, text, data, parts, int(state), report,
            await self.db.carrier_id(self.carrier), age, expires_in,
        )  # fmt: skip
        return made

    async def waiting(self, message: int, *, marked: bool = False, expires_in: timedelta = timedelta(days=1)) -> None:
        """Its row in outqueue."""
        await self.db.pool.execute(
            "insert into outqueue (carrier, priority, due_at, id, expires_at, marked)"
            " values ($1, 0, now(), $2, now() + $3::interval, $4)",
            await self.db.carrier_id(self.carrier), message, expires_in, marked,
        )  # fmt: skip

    async def part(
        self,
        message: int,
        carrier_id: str | None,
        *,
        number: int = 1,
        total: int = 1,
        state: PartState = PartState.ACCEPTED,
        keys: tuple[str, ...] | None = None,
        age: timedelta = NO_TIME,
        carrier: str | None = None,
        connection: Any = None,
    ) -> None:
        """A part as the recorder writes it once its answer is there; without an id it is on the wire still."""
        found = message_id.keys(carrier_id) if keys is None and carrier_id is not None else keys or ()
        owner = await self.db.carrier_id(carrier or self.carrier)
        connection = connection or self.db.pool
        await connection.execute(
            "insert into outpart (message, number, total, carrier, state, reference, message_id, keys, submitted_at,"
            " answered_at) values ($1, $2, $3, $4, $5, 7, $6, $7, now() - $8::interval, now() - $8::interval)",
            message, number, total, owner, int(state), carrier_id, list(found), age,
        )  # fmt: skip
        await connection.executemany(
            "insert into outkey (carrier, key, message, number) values ($1, $2, $3, $4)",
            [(owner, key, message, number) for key in found],
        )

    async def state(self, message: int) -> OutboundState:
        return OutboundState(await self.db.pool.fetchval("select state from outbound where id = $1", message))

    async def part_states(self, message: int) -> list[PartState]:
        rows = await self.db.pool.fetch("select state from outpart where message = $1 order by number", message)
        return [PartState(row["state"]) for row in rows]

    async def reports(self, message: int) -> list[tuple[str, str]]:
        """State and reason of each report, in the order in which its system hears of them."""
        rows = await self.db.pool.fetch(
            "select r.state, r.reason from report r join queue q on q.message = r.id and q.kind = 1"
            " and q.sender = r.outbound and q.system = r.system where r.outbound = $1 order by r.id",
            message,
        )
        return [(OutboundState(row["state"]).name, row["reason"]) for row in rows]

    async def details(self, message: int) -> list[dict[str, Any]]:
        rows = await self.db.pool.fetch("select detail from report where outbound = $1 order by id", message)
        return [orjson.loads(row["detail"]) for row in rows]

    async def row(self, message: int) -> asyncpg.Record:
        return await self.db.pool.fetchrow("select * from outbound where id = $1", message)
