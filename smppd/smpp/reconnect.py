"""When a link tries again. Pure: the randomness is brought along."""

from __future__ import annotations

from collections.abc import Callable
from random import random

from pdu import Status
from smppd.smpp.events import Cause

STABLE = 10.0  # seconds a bind must last before the back-off starts anew

# Said by carriers also during their maintenance, so never taken for the last word; but nothing is won by haste.
_CREDENTIALS = frozenset({Status.ESME_RBINDFAIL, Status.ESME_RINVPASWD, Status.ESME_RINVSYSID, Status.ESME_RINVSYSTYP})


class Reconnect:
    """Seconds until the next attempt: 1 s doubled up to 60 s with full jitter; longer after some refusals."""

    def __init__(self, rng: Callable[[], float] = random) -> None:
        self._rng = rng
        self._failures = 0
        self._refusals = 0

    def delay(self, cause: Cause, status: int = 0, bound_for: float | None = None) -> float:
        """After an attempt that ended so; `status` of a refused bind, `bound_for` seconds where it stood."""
        if bound_for is not None:
            self._refusals = 0
            if bound_for >= STABLE:
                self._failures = 0
        self._failures += 1
        if cause is Cause.REFUSED and status in _CREDENTIALS:
            self._refusals += 1
            most = min(300.0, 60.0 * 2.0 ** min(self._refusals - 1, 8))
            return most / 2 + most / 2 * self._rng()
        if cause is Cause.REFUSED and status == Status.ESME_RALYBND:
            # The carrier still holds our old session; it lets go when its own timers say so.
            return 30.0 + 30.0 * self._rng()
        # Our own database is not a carrier to be spared.
        most = 5.0 if cause is Cause.STORE else 60.0
        return min(most, 2.0 ** min(self._failures - 1, 8)) * self._rng()
