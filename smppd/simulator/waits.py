"""The states of an SMSC that others wait for."""

from __future__ import annotations

from smppd.simulator.ledger import Counters
from smppd.simulator.receivers import Receivers
from smppd.simulator.watch import Watch


class Waits:
    """Each method returns when the state is there and raises `TimeoutError` when it does not come."""

    receivers: Receivers

    def __init__(self) -> None:
        self.counters = Counters()
        self.watch = Watch()

    async def wait_bound(self, receivers: int = 1, timeout: float = 10.0) -> None:
        """So many receivers or transceivers are bound."""
        await self.watch.until(
            lambda: len(self.receivers) >= receivers,
            timeout,
            lambda: f"{len(self.receivers)} of {receivers} receivers bound",
        )

    async def wait_acked(self, count: int, timeout: float = 10.0) -> None:
        """`count` MO messages are acknowledged in all."""
        await self.wait_counter("acked", count, timeout)

    async def wait_submits(self, count: int, timeout: float = 10.0) -> None:
        """`count` messages have been accepted from ESMEs in all."""
        await self.wait_counter("submits", count, timeout)

    async def wait_receipts(self, count: int, timeout: float = 10.0) -> None:
        """`count` receipts are acknowledged in all."""
        await self.wait_counter("receipts_acked", count, timeout)

    async def wait_counter(self, name: str, count: int, timeout: float = 10.0) -> None:
        """The counter `name` of `Counters` has reached `count`."""
        counters = self.counters

        def value() -> int:
            found: int = getattr(counters, name)
            return found

        await self.watch.until(lambda: value() >= count, timeout, lambda: f"{name} is {value()}, not {count}")
