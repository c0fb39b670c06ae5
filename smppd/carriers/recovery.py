"""What an earlier owner of a carrier had under way: nobody knows what the carrier has of it, but the carrier."""

from __future__ import annotations

from typing import Literal

from smppd import metrics
from smppd.carriers.flight import IN_DOUBT
from smppd.model import OutboundState, PartState, ReportDetail
from smppd.store.outqueue import Claimed, Ended, Outqueue, Record, Told, Waiting

_WITH_CARRIER = (PartState.ACCEPTED, PartState.DELIVERED, PartState.UNDELIVERED)


async def recover(queue: Outqueue, in_doubt: Literal["resend", "unknown"]) -> Record:
    """What is to be recorded of the rows that are still marked. Raises what the database raises."""
    record = Record()
    for claimed in await queue.marked():
        _settle(record, claimed, queue.id, in_doubt)
    return record


def count(record: Record, carrier: str, in_doubt: str) -> int:
    """After the commit: the parts in doubt, counted."""
    metrics.IN_DOUBT.labels(carrier, in_doubt).inc(len(record.parts))
    return len(record.parts)


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
