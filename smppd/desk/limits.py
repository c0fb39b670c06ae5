"""How much, and how often wrong: the rate of a system, and the patience with an address. Pure: time is an argument."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field

FREE = 5.0  # failures that cost no wait
FORGET = 30.0  # seconds in which one failure is forgotten
LONGEST = 60.0  # seconds an address waits at most
MOST = 10_000  # addresses remembered


class Bucket:
    """Messages of one system: `rate` a second, and what was not used within the last second besides.

    A batch may overdraw: it is taken whole, and what follows waits until that is paid back.
    """

    def __init__(self, rate: float, now: float) -> None:
        self._rate, self._most = rate, max(rate, 1.0)
        self._left, self._at = self._most, now

    def take(self, messages: int, now: float) -> float:
        """Take so many; 0 if that was possible, else the seconds until it is, with nothing taken."""
        self._left = min(self._most, self._left + (now - self._at) * self._rate)
        self._at = now
        need = min(float(messages), 1.0)
        if self._left < need - 1e-9:
            return (need - self._left) / self._rate
        self._left -= messages
        return 0.0

    def give_back(self, messages: int) -> None:
        """They were not used after all."""
        self._left = min(self._most, self._left + messages)


@dataclass(slots=True, eq=False)
class Client:
    """What one address did. `turn` lets it try one password at a time."""

    failures: float = 0.0
    at: float = 0.0  # of the last failure
    until: float = 0.0  # it waits until then
    waiting: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def wait(self, now: float) -> float:
        """Seconds until it may try again."""
        return max(0.0, self.until - now)

    def failed(self, now: float) -> float:
        """Count a failure; the seconds that it must wait for it. What is tried while it waits counts for nothing."""
        self.failures = max(0.0, self.failures - (now - self.at) / FORGET) + 1.0
        self.at = now
        if self.failures > FREE:
            self.until = now + min(LONGEST, 2.0 ** min(self.failures - FREE, 16.0))
        return self.wait(now)


class Clients:
    """By address; the one unheard of for the longest time is forgotten first."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._known: OrderedDict[str, Client] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, address: str) -> Client | None:
        """What is known of an address."""
        return self._known.get(address)

    def of(self, address: str) -> Client:
        """The same, made if there is none."""
        client = self._known.setdefault(address, Client())
        self._known.move_to_end(address)
        if len(self._known) > self._most:
            idle = next((name for name, each in self._known.items() if not each.waiting and each is not client), None)
            if idle is not None:
                del self._known[idle]
        return client
