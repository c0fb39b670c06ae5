"""What CHT is told of the messages it handed out (source: cht-core, status values of `/api/sms`).

CHT writes whatever status comes, also one that goes back. So of each message only the newest is told, and none that is
behind what CHT was told before.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from smppd.desk import Refused, Result
from smppd.model import OutboundState, Report, ReportDetail

REPORTED = sum(
    state.bit
    for state in (
        OutboundState.SENDING,
        OutboundState.SENT,
        OutboundState.DELIVERED,
        OutboundState.UNDELIVERED,
        OutboundState.EXPIRED,
        OutboundState.REJECTED,
        OutboundState.FAILED,
        OutboundState.DENIED,
        OutboundState.CANCELLED,
    )
)
"""The states CHT wants to hear of."""

_MOST = 200  # updates in one exchange, unless more reports are delivered at once
_KEPT = 10_000  # an update dropped beyond this comes back with CHT's next hand-out
_RANK = {"UNSENT": 0, "PENDING": 1, "SENT": 2, "DELIVERED": 3, "FAILED": 3}
_STATUS = {
    OutboundState.SCHEDULED: "UNSENT",
    OutboundState.QUEUED: "UNSENT",
    OutboundState.SENDING: "PENDING",
    OutboundState.SENT: "SENT",
    OutboundState.UNKNOWN: "SENT",
    OutboundState.DELIVERED: "DELIVERED",
}


@dataclass(slots=True, frozen=True)
class Update:
    """One status of one message; `id` is CHT's."""

    id: str
    status: str
    reason: str = ""

    @property
    def rank(self) -> int:
        """How far it is."""
        return _RANK[self.status]

    def json(self) -> dict[str, str]:
        """As CHT takes it."""
        plain = {"id": self.id, "status": self.status}
        return {**plain, "reason": self.reason} if self.reason else plain


def of_report(report: Report) -> Update | None:
    """The update that a report is; None for one that tells CHT nothing: a carrier that still tries."""
    if report.reference is None or report.state is OutboundState.QUEUED:
        return None
    return _of_state(report.reference, report.state, report.reason, report.detail)


def of_result(reference: str, result: Result) -> Update:
    """What to tell of a message that was handed out; again, when it was known already."""
    if isinstance(result, Refused):
        if result.state is not None:
            return _of_state(reference, result.state, "", ReportDetail())
        unreachable = result.code in ("denied", "unrouted") or result.field == "to"
        return Update(reference, "FAILED", "destination.invalid" if unreachable else f"generic; {result.reason}")
    return _of_state(reference, result.state, result.reason, ReportDetail())


def _of_state(reference: str, state: OutboundState, reason: str, detail: ReportDetail) -> Update:
    if (status := _STATUS.get(state)) is not None:
        return Update(reference, status)
    return Update(reference, "FAILED", _why(state, reason, detail))


def _why(state: OutboundState, reason: str, detail: ReportDetail) -> str:
    """In the words of CHT's own gateway, which its users search for."""
    match state:
        case OutboundState.UNDELIVERED if detail.stat:
            return f"Delivery failed: {detail.stat} err={detail.error or '000'}"
        case OutboundState.UNDELIVERED:
            return f"Delivery failed: {reason}".rstrip(": ")
        case OutboundState.REJECTED if detail.status:
            return f"generic; errorCode={detail.status:#x}"
        case OutboundState.EXPIRED:
            return "no-service"
        case OutboundState.DENIED:
            return "destination.invalid"
        case OutboundState.FAILED if reason.startswith(("to: ", "carrier: ")):
            return "destination.invalid"
    return f"generic; {reason or state.name.lower()}"


class Updates:
    """What waits to be told, and how far CHT was told of each message. Kept in memory: CHT asks again for the rest."""

    def __init__(self) -> None:
        self._waiting: dict[str, Update] = {}
        self._told: OrderedDict[str, int] = OrderedDict()

    def note(self, update: Update) -> None:
        """To be told with the next exchange, unless more is waiting or was told already."""
        waiting = self._waiting.get(update.id)
        if update.rank < self._told.get(update.id, 0) or (waiting is not None and update.rank < waiting.rank):
            return
        self._waiting[update.id] = update
        while len(self._waiting) > _KEPT:
            del self._waiting[next(iter(self._waiting))]

    def take(self, reports: Iterable[Update]) -> list[Update]:
        """The updates of one exchange: of `reports` and of what waits, the furthest of each message."""
        chosen: dict[str, Update] = {}
        for update in reports:
            best = max(filter(None, (chosen.get(update.id), self._waiting.get(update.id))), key=_rank, default=update)
            if update.rank >= best.rank:
                best = update
            if best.rank >= self._told.get(update.id, 0):
                chosen[update.id] = best
        for update in islice(self._waiting.values(), max(0, _MOST - len(chosen))):
            chosen.setdefault(update.id, update)
        for update in chosen.values():
            self._told[update.id] = max(update.rank, self._told.pop(update.id, 0))
            if self._waiting.get(update.id, update).rank < update.rank:
                del self._waiting[update.id]
        while len(self._told) > _KEPT:
            self._told.popitem(last=False)
        return list(chosen.values())

    def heard(self, updates: Iterable[Update]) -> None:
        """CHT has taken these."""
        for update in updates:
            if self._waiting.get(update.id) == update:
                del self._waiting[update.id]


def _rank(update: Update) -> int:
    return update.rank
