"""The one place where news of outbound messages become deliveries, inside the transaction that makes them true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import orjson

from smppd.model import BUFFERED, OutboundState, ReportDetail
from smppd.store.database import Connection
from smppd.store.queries import statement
from smppd.store.text import storable

_ADD = statement("report", "add")
_WORDS = [f.name for f in fields(ReportDetail) if f.type == "str"]


@dataclass(slots=True)
class News:
    """A message has come into `state`. `buffered`: it has not, the carrier only says that it is still on its way."""

    outbound: int
    state: OutboundState
    reason: str = ""
    detail: ReportDetail = field(default_factory=ReportDetail)
    buffered: bool = False


async def add(connection: Connection, news: Sequence[News]) -> bool:
    """Write reports and their queue rows, in this order, for the states that each message's system wants to hear of.

    To be called within the transaction that changes the states. Returns whether anything was written: then the
    forwarders are to be told after the commit (wake.Hint on QUEUE). Raises what asyncpg raises.
    """
    if not news:
        return False
    count: int = await connection.fetchval(
        _ADD,
        [one.outbound for one in news],
        [int(OutboundState.QUEUED if one.buffered else one.state) for one in news],
        [BUFFERED if one.buffered else one.state.bit for one in news],
        [storable(one.reason) for one in news],
        [_json(one.detail) for one in news],
    )
    return count > 0


def _json(detail: ReportDetail) -> str:
    """The fields that say something; `parts` always, for people who look on."""
    values = {f.name: value for f in fields(detail) if (value := getattr(detail, f.name)) or f.name == "parts"}
    for name in _WORDS:
        if name in values:
            values[name] = storable(values[name])
    return orjson.dumps(values).decode()
