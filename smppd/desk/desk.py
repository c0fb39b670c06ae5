"""The desk of one process: takes submissions of any system, and answers only what is committed."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from smppd import metrics
from smppd.config import Config
from smppd.desk.access import Gate
from smppd.desk.admission import Accepted, Admission, Judged, Refused, fingerprint
from smppd.model import OutboundState, Submission
from smppd.store.database import Database
from smppd.store.health import Health
from smppd.store.options import options_json
from smppd.store.submissions import Row, Submissions, Written
from smppd.store.unadmitted import admit, unadmitted

_SHARE = 100  # messages of an older version that are judged at a time

Result = Accepted | Refused


class Desk:
    """`submit` for every system there is. The writer and the health of the carriers are run by the caller."""

    def __init__(self, db: Database, config: Config, writer: Submissions, health: Health) -> None:
        self.db, self.config, self.health = db, config, health
        self._writer = writer
        self.gate = Gate(config)
        self._admission = Admission(config)
        self._dice = random.Random()

    def configure(self, config: Config) -> None:
        """Take over policy and routes of a new configuration between two requests."""
        self.config = config
        self.gate.configure(config)
        self._admission = Admission(config)

    async def submit(self, system: str, asked: Sequence[Submission]) -> list[Result]:
        """Judge each on its own, commit those that are to be stored, and say what each became, in order.

        Raises StoreDown or StoreFull when the commit failed: then nothing is acknowledged.
        """
        judged = [self._judge(system, each) for each in asked]
        pairs = [(each, one) for each, one in zip(asked, judged, strict=True) if isinstance(one, Judged)]
        written = iter(await self._writer.add([await self._row(system, each, one) for each, one in pairs]))
        results = [self._result(each, next(written)) if isinstance(each, Judged) else each for each in judged]
        await self._recall(system, asked, results)
        for result in results:
            metrics.SUBMISSIONS.labels(system, _outcome(result)).inc()
        return results

    async def admit(self, system: str, report: int) -> int:
        """Judge the next messages that an older version took and did not send, and tell `report` of their states.

        Returns how many those were; 0 when there are no more. Raises StoreDown and what asyncpg raises.
        """
        waiting = await unadmitted(self.db, system, _SHARE)
        rows = []
        for id, asked in waiting:
            asked.report |= report
            judged = self._judge(system, asked)
            if isinstance(judged, Refused):
                state = OutboundState.EXPIRED if judged.field == "validity" else OutboundState.FAILED
                words = f"{judged.field}: {judged.reason}"
                judged = Judged(asked, None, 1, "", asked.expires_at or datetime.now(UTC), state, words)
            rows.append((id, await self._row(system, asked, judged)))
        if rows:
            await admit(self.db, rows)
            self._writer.announce()
        return len(rows)

    async def _recall(self, system: str, asked: Sequence[Submission], results: list[Result]) -> None:
        """A message that was taken before stays taken, whatever would be said of it now: routes and policy change."""
        again = [
            (at, reference)
            for at, result in enumerate(results)
            if isinstance(result, Refused) and not result.id and (reference := asked[at].reference)
        ]
        stand = await self._writer.known(system, list({reference for _, reference in again})) if again else {}
        for at, reference in again:
            if (known := stand.get(reference)) is None:
                continue
            if known.fingerprint in (fingerprint(asked[at]), 0):
                results[at] = Accepted(
                    known.id, known.state, known.parts, "", "", False, repeated=True, reason=known.reason
                )  # fmt: skip
            else:
                results[at] = _conflict(known.id, known.state)

    def _judge(self, system: str, asked: Submission) -> Judged | Refused:
        config = self.config.systems[system]
        now = datetime.now(UTC)
        return self._admission.judge(config, asked, now, self.health.usable, self._dice.random(), time.monotonic())

    async def _row(self, system: str, given: Submission, judged: Judged) -> Row:
        asked, way = judged.submission, judged.way
        system_id = await self.db.system_id(system)
        carrier = alternatives = None
        if way is not None:
            carrier = await self.db.carrier_id(way.carrier)
            alternatives = tuple([await self.db.carrier_id(name) for name in way.alternatives])
        return Row(
            system_id,
            asked.reference,
            fingerprint(given),
            asked.sender,
            asked.recipient,
            asked.text,
            asked.data,
            options_json(asked.options),
            asked.priority,
            judged.parts,
            judged.state,
            judged.reason,
            asked.report,
            judged.expires_at,
            asked.send_at,
            carrier,
            alternatives or (),
        )

    def _result(self, judged: Judged, written: Written) -> Result:
        if written.repeated:
            if not written.same:
                return _conflict(written.id, written.state)
        elif judged.state is OutboundState.DENIED:
            return Refused("denied", "to", f"denied by {judged.reason}", written.id)
        way = judged.way
        return Accepted(
            written.id, written.state, judged.parts, judged.alphabet, way.carrier if way else "",
            bool(way and way.usable), written.repeated, written.reason,
        )  # fmt: skip


def _conflict(id: int, state: OutboundState) -> Refused:
    reason = f"this reference stands for another message already, {id}; nothing was stored"
    return Refused("conflict", "reference", reason, id, state)


def _outcome(result: Result) -> str:
    if isinstance(result, Accepted):
        return "repeated" if result.repeated else "accepted"
    return result.code
