"""The links that take deliver_sm, and whose turn it is to send."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from smppd.simulator.pace import Pace

if TYPE_CHECKING:
    from smppd.simulator.link import Link


class Receivers(list["Link"]):
    """Bound receivers and transceivers in the order they bound; `pace` is common to all."""

    def __init__(self, rate: float | None) -> None:
        super().__init__()
        self.pace = Pace(rate)
        self._turn = 0
        self._due: asyncio.TimerHandle | None = None
        self._due_at = 0.0

    def join(self, link: Link) -> None:
        link.index = len(self)
        self.append(link)

    def leave(self, link: Link) -> None:
        """Forgets a link, which may not be here, and counts the others anew."""
        if link in self:
            self.remove(link)
            for index, each in enumerate(self):
                each.index = index

    def pump(self) -> None:
        """Lets every receiver send what it may, starting with another one each time."""
        if self._due is not None:
            self._due.cancel()
            self._due = None
        self._turn += 1
        for place in range(self._turn, self._turn + len(self)):
            if self:  # a link may leave while another one sends
                self[place % len(self)].fill()

    def pump_soon(self) -> None:
        """`pump` once this turn of the loop is over, however often it is asked for."""
        self._pump_at(0.0)

    def may_send(self, now: float) -> bool:
        """Whether the pace allows a message; if not, sending goes on by itself when it does."""
        when = self.pace.wait_until(now)
        if when is not None:
            self._pump_at(when)
        return when is None

    def _pump_at(self, when: float) -> None:
        if self._due is not None:
            if self._due_at <= when:
                return
            self._due.cancel()
        self._due_at = when  # not every loop's handle knows its time
        self._due = asyncio.get_running_loop().call_at(when, self.pump)
