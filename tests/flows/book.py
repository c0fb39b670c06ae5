"""What was sent and what arrived: every message with a text of its own, counted at the end."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, defaultdict
from random import Random

from smppd.simulator.ledger import Entry
from smppd.simulator.mo import Mo
from smppd.simulator.smsc import Smsc
from smppd.simulator.standin import Seen
from smppd.simulator.watch import Watch
from smppd.simulator.webhook import Sink

MARK = "Kifaranga"  # in every text, so that a text in a log is found
PHONE = "25578"  # begins every sender's number
AHEAD = 200  # messages that wait at the SMSC: enough to keep its links busy


class Arrivals:
    """One sink's side: text -> how often it came under which id, and the texts of each sender in order."""

    def __init__(self, **how: object) -> None:
        self.sink = Sink(record=False, on_request=self._take, **how)  # type: ignore[arg-type]
        self.ids: dict[str, Counter[int]] = defaultdict(Counter)
        self.by_sender: dict[str, list[str]] = defaultdict(list)
        self.watch = Watch()

    def _take(self, seen: Seen) -> None:
        given = seen.json()
        ids = self.ids[given["text"]]
        ids[given["id"]] += 1
        if ids.total() == 1:
            self.by_sender[given["from"]].append(given["text"])
        self.watch.changed()

    async def wait(self, count: int, timeout: float = 60.0) -> None:
        """So many distinct texts are here."""
        await self.watch.until(
            lambda: len(self.ids) >= count, timeout, lambda: f"{len(self.ids)} of {count} texts arrived"
        )

    @property
    def doubled(self) -> dict[str, Counter[int]]:
        """Texts that became two messages."""
        return {text: ids for text, ids in self.ids.items() if len(ids) > 1}

    @property
    def repeats(self) -> int:
        """Deliveries of a message beyond its first."""
        return sum(ids.total() - 1 for ids in self.ids.values())

    def out_of_order(self) -> list[str]:
        """Senders whose single messages did not come in the order they were sent."""
        found = []
        for sender, texts in self.by_sender.items():
            numbers = [int(text.split()[1]) for text in texts if text.endswith(".")]
            if numbers != sorted(numbers):
                found.append(sender)
        return found


class Load:
    """Keeps an SMSC supplied with messages of many senders until told to stop; every `long`-th is in parts."""

    def __init__(self, smsc: Smsc, *, senders: int = 50, long: int = 0, start: int = 0) -> None:
        self.smsc, self.senders, self.long = smsc, senders, long
        self.entries: list[Entry] = []
        self._next = start
        self._task: asyncio.Task[None] | None = None

    def put(self, count: int, **how: object) -> None:
        for _ in range(count):
            number = self._next
            self._next += 1
            text, source = f"{MARK} {number:07} .", f"{PHONE}{number % self.senders:07}"
            if self.long and number % self.long == 0:
                # Every part has octets of its own: an 8-bit reference comes round within seconds at this rate.
                text = text[:-1] + " ".join([f"long {number:07}"] * 28)
            self.entries.append(self.smsc.enqueue(Mo(source=source, text=text, **how)))  # type: ignore[arg-type]

    def begin(self) -> None:
        """Supply the SMSC from now on."""
        self._task = asyncio.create_task(self._supply())

    async def _supply(self) -> None:
        while True:
            self.put(max(0, AHEAD - len(self.smsc.outbox)))
            acked, sent = self.smsc.counters.acked, self.smsc.counters.delivered_pdus
            with contextlib.suppress(TimeoutError):
                await self.smsc.watch.until(
                    lambda a=acked, s=sent: (  # type: ignore[misc]
                        self.smsc.counters.acked >= a + AHEAD // 4
                        or self.smsc.counters.delivered_pdus >= s + AHEAD // 4
                    ),
                    1.0,
                )

    async def end(self, timeout: float = 60.0) -> int:
        """No more; wait until every message is acknowledged. Returns how many there are."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        await self.smsc.watch.until(
            lambda: all(entry.acked_at is not None for entry in self.entries),
            timeout,
            lambda: f"{sum(e.acked_at is None for e in self.entries)} of {len(self.entries)} not acknowledged",
        )
        return len(self.entries)

    @property
    def texts(self) -> set[str]:
        return {entry.message.text for entry in self.entries}


def shuffled(count: int, seed: int, repeats: int = 0) -> tuple[int, ...]:
    """Part numbers 1 to `count` in random order, some of them again."""
    dice = Random(seed)
    numbers = [*range(1, count + 1), *(dice.randint(1, count) for _ in range(repeats))]
    dice.shuffle(numbers)
    return tuple(numbers)
