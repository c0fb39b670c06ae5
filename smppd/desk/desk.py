"""The desk of one process: takes submissions of any system, and answers only what is committed."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from prometheus_client import Counter

from smppd import metrics
from smppd.config import Config
from smppd.desk.access import Gate
from smppd.desk.admission import Accepted, Admission, Judged, Refused, fingerprint
from smppd.errors import StoreDown, StoreFull
from smppd.model import OutboundState, Submission
from smppd.outrouting import Way
from smppd.store.database import DOWN, Database
from smppd.store.health import Health
from smppd.store.options import options_json
from smppd.store.submissions import Row, Submissions, Written
from smppd.store.unadmitted import admit, unadmitted

_SHARE = 100  # messages of an older version that are judged at a time

Result = Accepted | Refused

CHUNK = 500  # messages in one transaction
AHEAD = 2  # chunks of one request that wait for their commit
_UNAVAILABLE = Refused("unavailable", "", "the store was not there for this one; send it again")


class Desk:
    """`submit` for every system there is. The writer and the health of the carriers are run by the caller."""

    def __init__(self, db: Database, config: Config, writer: Submissions, health: Health) -> None:
        self.db, self.config, self.health = db, config, health
        self._writer = writer
        self.gate = Gate(config)
        self._admission = Admission(config)
        self._dice = random.Random()
        self._numbers: dict[tuple[str, tuple[str, ...]], tuple[int, tuple[int, ...]]] = {}  # of the carriers of a way

    def configure(self, config: Config) -> None:
        """Take over policy and routes of a new configuration between two requests."""
        # A system that was taken out is served until the next start, and may still hand messages in.
        self.config = config.model_copy(update={"systems": {**self.config.systems, **config.systems}})
        self.gate.configure(config)
        self._admission = Admission(config)

    async def submit(self, system: str, asked: Sequence[Submission], *, partly: bool = False) -> list[Result]:
        """Judge each on its own, commit those that are to be stored, and say what each became, in order.

        Raises StoreDown or StoreFull when a commit failed: then nothing is acknowledged. Many are committed in several
        transactions; with `partly` those that were committed stand, and the others are refused as "unavailable".
        """
        begun: deque[tuple[list[Judged | Refused], asyncio.Future[list[Written]]]] = deque()
        results: list[Result] = []
        failed: list[StoreDown | StoreFull] = []
        try:
            for at in range(0, len(asked), CHUNK):
                if not failed:
                    chunk = asked[at : at + CHUNK]
                    judged = self._judge(system, chunk)
                    begun.append((judged, self._writer.begin(await self._rows(system, chunk, judged))))
                if len(begun) > AHEAD:  # the next ones are judged while these are committed
                    results += await self._settled(*begun.popleft(), failed)
                elif at + CHUNK < len(asked):
                    await asyncio.sleep(0)
            while begun:
                results += await self._settled(*begun.popleft(), failed)
        finally:
            for _, writing in begun:  # we were cancelled: what becomes of them is nobody's question
                writing.add_done_callback(lambda done: done.cancelled() or done.exception())
        if not failed:
            await self._recall(system, asked, results, partly)
        elif not partly or not any(isinstance(result, Accepted) for result in results):
            raise failed[0]
        results += [_UNAVAILABLE] * (len(asked) - len(results))
        outcomes = [_outcome(result) for result in results]
        for outcome in set(outcomes):
            _counter(system, outcome).inc(outcomes.count(outcome))
        return results

    async def admit(self, system: str, report: int) -> int:
        """Judge the next messages that an older version took and did not send, and tell `report` of their states.

        Returns how many those were; 0 when there are no more. Raises StoreDown and what asyncpg raises.
        """
        waiting = await unadmitted(self.db, system, _SHARE)
        rows = []
        for id, asked in waiting:
            asked.report |= report
            (judged,) = self._judge(system, [asked])
            if isinstance(judged, Refused):
                state = OutboundState.EXPIRED if judged.field == "validity" else OutboundState.FAILED
                words = f"{judged.field}: {judged.reason}"
                judged = Judged(asked, None, 1, "", asked.expires_at or datetime.now(UTC), state, words)
            (row,) = await self._rows(system, [asked], [judged])
            rows.append((id, row))
        if rows:
            await admit(self.db, rows)
            self._writer.announce()
        return len(rows)

    async def _recall(self, system: str, asked: Sequence[Submission], results: list[Result], partly: bool) -> None:
        """A message that was taken before stays taken, whatever would be said of it now: routes and policy change."""
        again = [
            (at, reference)
            for at, result in enumerate(results)
            if isinstance(result, Refused) and not result.id and (reference := asked[at].reference)
        ]
        if not again:
            return
        try:
            stand = await self._writer.known(system, list({reference for _, reference in again}))
        except StoreDown:
            if not partly:
                raise
            for at, _ in again:
                results[at] = _UNAVAILABLE
            return
        for at, reference in again:
            if (known := stand.get(reference)) is None:
                continue
            if known.fingerprint in (fingerprint(asked[at]), 0):
                results[at] = Accepted(
                    known.id, known.state, known.parts, "", "", False, repeated=True, reason=known.reason
                )  # fmt: skip
            else:
                results[at] = _conflict(known.id, known.state)

    async def _settled(
        self,
        judged: list[Judged | Refused],
        writing: asyncio.Future[list[Written]],
        failed: list[StoreDown | StoreFull],
    ) -> list[Result]:
        """What became of one chunk; a failure of its commit is added to `failed`."""
        try:
            written = iter(await writing)
        except (StoreDown, StoreFull) as error:
            failed.append(error)
            return [_UNAVAILABLE if isinstance(each, Judged) else each for each in judged]
        return [self._result(each, next(written)) if isinstance(each, Judged) else each for each in judged]

    def _judge(self, system: str, asked: Sequence[Submission]) -> list[Judged | Refused]:
        config, usable, dice = self.config.systems[system], self.health.usable, self._dice.random
        now, tick = datetime.now(UTC), time.monotonic()
        return [self._admission.judge(config, each, now, usable, dice(), tick) for each in asked]

    async def _rows(self, system: str, asked: Sequence[Submission], judged: Sequence[Judged | Refused]) -> list[Row]:
        """What is to be written of those that are. Raises StoreDown."""
        rows = []
        try:
            number = await self.db.system_id(system)
            for given, each in zip(asked, judged, strict=True):
                if isinstance(each, Judged):
                    carrier: int | None = None
                    others: tuple[int, ...] = ()
                    if (way := each.way) is not None:
                        known = self._numbers.get((way.carrier, way.alternatives))
                        carrier, others = known or await self._carriers(way)
                    rows.append(_row(number, given, each, carrier, others))
        except DOWN as error:
            raise StoreDown(type(error).__name__) from None
        return rows

    async def _carriers(self, way: Way) -> tuple[int, tuple[int, ...]]:
        """Their small numbers."""
        carrier = await self.db.carrier_id(way.carrier)
        others = tuple([await self.db.carrier_id(name) for name in way.alternatives])
        self._numbers[way.carrier, way.alternatives] = carrier, others
        return carrier, others

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


def _row(system: int, given: Submission, judged: Judged, carrier: int | None, others: tuple[int, ...]) -> Row:
    asked = judged.submission
    return Row(
        system,
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
        others,
    )


@lru_cache(maxsize=1024)
def _counter(system: str, outcome: str) -> Counter:
    return metrics.SUBMISSIONS.labels(system, outcome)


def _outcome(result: Result) -> str:
    if isinstance(result, Accepted):
        return "repeated" if result.repeated else "accepted"
    return result.code
