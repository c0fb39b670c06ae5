"""Messages on their way to a carrier, and what is to become of one when its parts are answered. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from smppd.backoff import delay
from smppd.model import OutboundState, PartState, ReportDetail
from smppd.smpp.outgoing import Request
from smppd.smpp.statuses import Meaning, status_reason
from smppd.store.outqueue import Claimed, Ended, Waiting

FIRST, LONGEST = 5.0, 900.0  # seconds between two tries of a message that a carrier does not take for the moment
IN_DOUBT = "the link was lost before the carrier answered"
EXPIRED = "its validity ended before the carrier took it"


@dataclass(slots=True, eq=False)
class Part:
    """One part that is marked. `order` is its place among all parts of the sender."""

    message: Message
    number: int
    order: int
    pdu: Request | None
    state: PartState = PartState.SENDING
    sent_at: float = 0.0  # on the loop's clock
    flying: bool = False  # written and not answered


@dataclass(slots=True, eq=False)
class Message:
    """A message whose row is marked. `fault`: what one of its parts ran into; then no further part is written."""

    claimed: Claimed
    total: int
    expires: float  # seconds since 1970
    parts: list[Part] = field(default_factory=list)
    accepted: int = 0  # parts that the carrier has, those of earlier attempts included
    unknown: int = 0  # parts of which that will never be known
    flying: int = 0
    fault: Meaning | None = None
    status: int = 0
    number: int = 0  # the part with the fault
    reference: int = 0  # of the parts
    message_id: str = ""  # the carrier's, of the part that it accepted first
    doubted: bool = False  # some part may be with the carrier, and will be sent again
    withdrawn: bool = False  # not sent now after all: the carrier is down, or we stop
    late: bool = False  # its validity ended
    problem: str = ""  # why this carrier cannot be sent it at all
    over: bool = False  # what became of it was said

    @property
    def stopped(self) -> bool:
        """Whether no further part is to be written."""
        return self.fault is not None or self.doubted or self.withdrawn or self.late or bool(self.problem)

    @property
    def complete(self) -> bool:
        """Whether every part is with the carrier, as far as will ever be known."""
        return self.accepted + self.unknown == self.total

    def blame(self, meaning: Meaning, status: int, number: int) -> None:
        """A part was refused. The worst counts: what fails for good cannot be healed by trying the others again."""
        if self.fault is None or _WORSE.index(meaning) > _WORSE.index(self.fault):
            self.fault, self.status, self.number = meaning, status, number


_WORSE = (Meaning.RETRY, Meaning.OTHER_CARRIER, Meaning.FAIL)


def sent(message: Message) -> Ended:
    """Every part was answered, or will never be."""
    if message.unknown:
        return _ended(message, OutboundState.UNKNOWN, IN_DOUBT)
    return _ended(message, OutboundState.SENT, "")


def expired(message: Message) -> Ended:
    """Its time is over with parts left to send."""
    return _ended(message, OutboundState.EXPIRED, EXPIRED)


def unsendable(message: Message, reason: str) -> Ended:
    """It does not fit this carrier, and there is no other."""
    return _ended(message, OutboundState.FAILED, reason)


def judged(
    message: Message, carrier: int, usable: Callable[[int], bool], *, rng: Callable[[], float] | None = None
) -> Ended | Waiting:
    """What becomes of a message that is `stopped`, none of whose parts is under way."""
    claimed = message.claimed
    if message.fault is Meaning.FAIL:
        return _ended(message, OutboundState.REJECTED, status_reason(message.status))
    touched = message.accepted + message.unknown > 0
    reason = status_reason(message.status) if message.fault else IN_DOUBT if message.doubted else claimed.reason
    # What the phone has begun to receive from one carrier, it gets the rest of from the same.
    others = () if touched else claimed.alternatives
    if message.fault is Meaning.OTHER_CARRIER and not message.doubted:
        tried = (*claimed.tried, carrier)
        if (other := next_carrier(others, tried, usable)) is not None:
            left = tuple(each for each in others if each != other)
            return Waiting(claimed.id, other, None, True, left, tried, reason)
    if message.fault is not None:
        after = delay(claimed.attempts + 1, FIRST, LONGEST, **({} if rng is None else {"rng": rng}))
        return Waiting(claimed.id, carrier, after, True, others, claimed.tried, reason)
    counted = touched or message.doubted
    return Waiting(claimed.id, carrier, None, counted, others, claimed.tried, reason)


def next_carrier(others: Sequence[int], tried: Iterable[int], usable: Callable[[int], bool]) -> int | None:
    """The first that can take it now, else the first; None when all had their turn."""
    left = [other for other in others if other not in set(tried)]
    return next((other for other in left if usable(other)), left[0] if left else None)


def final(meaning: Meaning, status: int, claimed: Claimed) -> Meaning:
    """What is said once more for the same message is meant."""
    if meaning is Meaning.ONCE:
        return Meaning.FAIL if status_reason(status) == claimed.reason else Meaning.RETRY
    return meaning


def _ended(message: Message, state: OutboundState, reason: str) -> Ended:
    part = message.number if message.total > 1 else 0
    detail = ReportDetail(message_id=message.message_id, status=message.status, part=part, parts=message.total)
    plain = state is OutboundState.SENT and message.total == message.claimed.total
    return Ended(message.claimed.id, state, reason, message.total, message.claimed.report, detail, plain)
