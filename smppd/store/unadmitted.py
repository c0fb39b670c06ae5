"""Messages that systems handed over to a version that could not send yet: stored, and neither judged nor routed."""

from __future__ import annotations

from collections.abc import Sequence

from smppd.model import OutboundState, Submission
from smppd.store import reports
from smppd.store.database import Database
from smppd.store.queries import statement
from smppd.store.reports import News
from smppd.store.submissions import Row
from smppd.store.text import storable


async def unadmitted(db: Database, system: str, limit: int) -> list[tuple[int, Submission]]:
    """The first of a system's, by id. Raises what asyncpg raises, and StoreDown."""
    async with db.transaction() as connection:
        found = await connection.fetch(statement("outbound", "unadmitted"), await db.system_id(system), limit)
    return [
        (row["id"], Submission(row["recipient"], row["text"], sender=row["sender"], reference=row["reference"],
                               report=row["report"], expires_at=row["expires_at"]))
        for row in found
    ]  # fmt: skip


async def admit(db: Database, rows: Sequence[tuple[int, Row]]) -> None:
    """Write what became of each: a place in the queue of a carrier, or its end and the report of that.

    One transaction, and each row once, however many ask for it. Raises what asyncpg raises, and StoreDown.
    """
    async with db.transaction() as connection:
        admitted = await connection.fetch(
            statement("outbound", "admit"),
            [id for id, _ in rows],
            [storable(row.sender) for _, row in rows],
            [storable(row.recipient) for _, row in rows],
            [row.parts for _, row in rows],
            [int(row.state) for _, row in rows],
            [storable(row.reason) for _, row in rows],
            [row.report for _, row in rows],
            [row.carrier for _, row in rows],
            ["{" + ",".join(map(str, row.alternatives)) + "}" for _, row in rows],
        )
        done = {row["id"] for row in admitted}
        ended = [(id, row) for id, row in rows if id in done and row.state is not OutboundState.QUEUED]
        await reports.add(connection, [News(id, row.state, row.reason) for id, row in ended])
