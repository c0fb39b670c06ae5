"""What an earlier owner of a carrier had under way: nobody knows what the carrier has of it, but the carrier."""

from __future__ import annotations

import asyncio
from typing import Literal

import asyncpg
from structlog.typing import FilteringBoundLogger

from smppd import metrics
from smppd.carriers.flight import IN_DOUBT
from smppd.model import OutboundState, PartState, ReportDetail
from smppd.store.database import DOWN
from smppd.store.outqueue import Claimed, Ended, Outqueue, Record, Told, Waiting

InDoubt = Literal["resend", "unknown"]

_WITH_CARRIER = (PartState.ACCEPTED, PartState.DELIVERED, PartState.UNDELIVERED)


async def settle(queue: Outqueue, in_doubt: InDoubt, logger: FilteringBoundLogger) -> None:
    """Record what becomes of it, and count it, however long the database is away. Before anything is sent."""
    record: Record | None = None
    while True:
        try:
            if record is None:
                record = await recover(queue, in_doubt)
            if record:
                await queue.record(record)
        except (*DOWN, asyncpg.PostgresError) as error:
            logger.warning("waiting for the database", reason=type(error).__name__)
            queue.drop("record")
            await asyncio.sleep(1)
        else:
            break
    metrics.IN_DOUBT.labels(queue.carrier, in_doubt).inc(len(record.parts))
    if record.parts:
        logger.warning("the last owner of this carrier ended with parts in doubt", parts=len(record.parts))


async def recover(queue: Outqueue, in_doubt: InDoubt) -> Record:
    """What is to be recorded of the rows that are still marked. Raises what the database raises."""
    record = Record()
    for claimed in await queue.marked():
        _settle(record, claimed, queue.id, in_doubt)
    return record


def _settle(record: Record, claimed: Claimed, carrier: int, in_doubt: str) -> None:
    resend = in_doubt == "resend"
    state = PartState.WAITING if resend else PartState.UNKNOWN
    doubtful = [part for part in claimed.parts if part.state is PartState.SENDING]
    record.parts += [Told(claimed.id, part.number, state, resent=resend) for part in doubtful]
    accepted = sum(part.state in _WITH_CARRIER for part in claimed.parts)
    unknown = sum(part.state is PartState.UNKNOWN for part in claimed.parts) + (0 if resend else len(doubtful))
    total = claimed.parts[0].total if claimed.parts else claimed.total
    detail = ReportDetail(parts=total)
    if accepted + unknown == total:
        end = OutboundState.UNKNOWN if unknown else OutboundState.SENT
        record.ended.append(Ended(claimed.id, end, IN_DOUBT if unknown else "", total, claimed.report, detail))
    elif any(part.state is PartState.REFUSED for part in claimed.parts):
        reason = "the carrier refused a part of it"
        record.ended.append(Ended(claimed.id, OutboundState.REJECTED, reason, total, claimed.report, detail))
    else:
        touched = accepted + unknown > 0
        others = () if touched else claimed.alternatives
        reason = IN_DOUBT if doubtful else claimed.reason
        counted = touched or bool(doubtful)
        record.waiting.append(Waiting(claimed.id, carrier, None, counted, others, claimed.tried, reason))
