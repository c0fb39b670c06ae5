"""What the carrier answers, and what follows for the part, its message, the pace and the circuit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from structlog.typing import FilteringBoundLogger

from smppd import metrics
from smppd.carriers.circuit import Circuit
from smppd.carriers.flight import Message, Part, expired, final, judged, next_carrier, sent, unsendable
from smppd.carriers.recorder import Recorder
from smppd.config import CarrierConfig
from smppd.model import PartState
from smppd.smpp.events import Outcome, Overdue, Response
from smppd.smpp.ids import response_keys
from smppd.smpp.pace import Pace
from smppd.smpp.statuses import Meaning, meanings, status_name, status_reason
from smppd.store.outqueue import Ended, Outqueue, Told, Waiting


class Answers:
    """Of one carrier. `push` takes a part that is to be written (again); `landed` is told after each answer.

    `flying` parts are written and not answered; `throttled` counts answers until somebody sets it back; `refusal` is
    what the carrier said when its circuit opened.
    """

    def __init__(
        self,
        config: CarrierConfig,
        queue: Outqueue,
        recorder: Recorder,
        pace: Pace,
        circuit: Circuit,
        usable: Callable[[int], bool],
        logger: FilteringBoundLogger,
        push: Callable[[Part], None],
        landed: Callable[[], None],
    ) -> None:
        self._config, self._queue, self._recorder, self._pace, self._circuit = config, queue, recorder, pace, circuit
        self._usable, self._log, self._push, self._landed = usable, logger, push, landed
        self._name = queue.carrier
        self._meaning = meanings(config.status)
        self._seconds = metrics.SUBMIT_SECONDS.labels(self._name)
        self._accepted = metrics.SUBMITTED_PARTS.labels(self._name, status_name(0))
        self.flying = 0
        self.throttled = 0
        self.refusal = ""

    def wrote(self, part: Part, now: float) -> None:
        """A part is on the wire."""
        part.sent_at, part.flying = now, True
        part.message.flying += 1
        self.flying += 1

    def told(self, part: Part, outcome: Outcome) -> None:
        """What the link tells of a part that was written."""
        if isinstance(outcome, Overdue):
            return  # its answer may still come; only when it can come no more it is in doubt
        now = asyncio.get_running_loop().time()
        part.flying = False
        part.message.flying -= 1
        self.flying -= 1
        if isinstance(outcome, Response):
            self._seconds.observe(now - part.sent_at)
            if outcome.status == 0:
                self._accept(part, outcome.message_id, now)
            else:
                self._refuse(part, outcome.status, now)
        elif outcome.written:
            self._doubt(part)
        else:
            self._again(part)
        self._landed()

    def _accept(self, part: Part, message_id: str, now: float) -> None:
        self._accepted.inc()
        self._pace.accepted(now)
        if self._circuit.good():
            self._log.info("the carrier takes messages again")
            self._pace.restart(now)
        message, base = part.message, self._config.message_id_base
        part.state, part.pdu = PartState.ACCEPTED, None
        message.accepted += 1
        message.message_id = message.message_id or message_id
        keys = response_keys(message_id, base.response, base.receipt)
        self._recorder.part(Told(message.claimed.id, part.number, PartState.ACCEPTED, 0, message_id, keys))
        self.settle(message)

    def _refuse(self, part: Part, status: int, now: float) -> None:
        metrics.SUBMITTED_PARTS.labels(self._name, status_name(status)).inc()
        message = part.message
        said = self._meaning(status)
        meaning = final(said, status, message.claimed)
        if meaning is Meaning.THROTTLE:
            metrics.THROTTLED.labels(self._name).inc()
            self.throttled += 1
            self._pace.throttled(now, part.sent_at)
            self._again(part)
            return
        if said is Meaning.RETRY or said is Meaning.OTHER_CARRIER:
            if (span := self._circuit.bad(now)) > 0:
                self._log.warning("the carrier refuses nearly everything", status=status_reason(status), seconds=span)
                self.refusal = status_reason(status)
        elif said is Meaning.FAIL:
            self._circuit.good()  # it judges messages: it is well itself
        message.blame(meaning, status, part.number)
        part.state = PartState.REFUSED if meaning is Meaning.FAIL else PartState.WAITING
        self._recorder.part(Told(message.claimed.id, part.number, part.state, status))
        self.settle(message)

    def _doubt(self, part: Part) -> None:
        """Written, not answered, and no answer can come any more."""
        action = self._config.in_doubt
        metrics.SUBMITTED_PARTS.labels(self._name, "timeout").inc()
        metrics.IN_DOUBT.labels(self._name, action).inc()
        message = part.message
        if action == "resend":
            part.state, message.doubted = PartState.WAITING, True
        else:
            part.state = PartState.UNKNOWN
            message.unknown += 1
        self._recorder.part(Told(message.claimed.id, part.number, part.state, resent=action == "resend"))
        self.settle(message)

    def _again(self, part: Part) -> None:
        """The carrier has not taken it: first again, in its old place."""
        if part.message.stopped:
            self.settle(part.message)
        else:
            self._push(part)

    def settle(self, message: Message) -> None:
        """Once none of its parts is under way, say what became of it."""
        if message.flying or message.over or not (message.complete or message.stopped):
            return
        message.over = True
        for part in message.parts:
            if part.state is PartState.SENDING:
                part.state, part.pdu = PartState.WAITING, None
                self._recorder.part(Told(message.claimed.id, part.number, PartState.WAITING))
        if message.complete:
            outcome: Ended | Waiting = sent(message)
        elif message.problem:
            outcome = self._misfit(message)
        elif message.late:
            outcome = expired(message)
        else:
            outcome = judged(message, self._queue.id, self._usable)
        self._recorder.message(outcome)

    def _misfit(self, message: Message) -> Ended | Waiting:
        claimed = message.claimed
        # What the phone has begun to receive from one carrier, it gets the rest of from the same.
        others = () if message.accepted + message.unknown else claimed.alternatives
        if (other := next_carrier(others, claimed.tried, self._usable)) is not None:
            left = tuple(each for each in others if each != other)
            tried = (*claimed.tried, self._queue.id)
            return Waiting(claimed.id, other, None, True, left, tried, message.problem)
        return unsendable(message, message.problem)
