"""An SMSC: listens for ESMEs, delivers what is put into its ledger, takes what they submit.

It behaves until `habits` say otherwise. MO go out over whatever receivers are bound, up to `window` outstanding on
each; what is answered with a temporary error, not answered, or lost with its link goes out again, so the ledger
knows at any time which messages an ESME has taken responsibility for.
"""

from __future__ import annotations

import asyncio
import random
import ssl
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from smppd.simulator.desk import Desk
from smppd.simulator.habits import Habits
from smppd.simulator.ledger import TEMPORARY, Entry, Piece
from smppd.simulator.link import Link
from smppd.simulator.mo import Mo, flood_maker
from smppd.simulator.outbox import Flood, Outbox
from smppd.simulator.pace import Pace
from smppd.simulator.receipts import STATES, receipt, receipt_data_sm
from smppd.simulator.receivers import Receivers
from smppd.simulator.submits import Submit, Submits, form_id
from smppd.simulator.waits import Waits


class Smsc(Waits):
    """`accounts` maps system_id to password (None: anybody may bind); `max_binds` is per account.

    `window` is the number of deliver_sm outstanding per link, `rate` the messages per second over all
    links (None: no limit), `retry_delay` the seconds before a temporary error is tried again,
    `enquire_link` the seconds between our own enquire_links (0: none), `keep` how many entries and
    submits are remembered (None: all).
    """

    def __init__(
        self,
        *,
        accounts: Mapping[str, str] | None = None,
        max_binds: int | None = None,
        window: int = 10,
        rate: float | None = None,
        retry_delay: float = 0.2,
        enquire_link: float = 0.0,
        system_id: str = "SMSC",
        habits: Habits | None = None,
        ssl_context: ssl.SSLContext | None = None,
        keep: int | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.accounts = accounts
        self.max_binds = max_binds
        self.window = window
        self.retry_delay = retry_delay
        self.enquire_link = enquire_link
        self.system_id = system_id
        self._habits = habits or Habits()
        self.dice = random.Random(seed)
        self.outbox = Outbox()
        self.desk = Desk(self)
        self.entries: deque[Entry] = deque(maxlen=keep)
        self.submits = Submits(keep)
        self.links: list[Link] = []
        self.receivers = Receivers(rate)
        self.port = 0
        self._ssl_context = ssl_context
        self._reference = 0
        self._server: asyncio.Server | None = None

    @property
    def habits(self) -> Habits:
        """The switches, to be turned, not replaced: links hold on to them."""
        return self._habits

    @property
    def rate(self) -> float | None:
        """Messages per second over all links; None for no limit."""
        return self.receivers.pace.rate

    @rate.setter
    def rate(self, rate: float | None) -> None:
        self.receivers.pace = Pace(rate)
        self.receivers.pump_soon()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listens (port 0: any free one, or the one of the last start) and returns the port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Link(self), host, port or self.port, ssl=self._ssl_context, reuse_address=True
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self.port

    async def stop(self) -> None:
        """Stops listening and resets all connections; the ledger stays, so `start` goes on with it."""
        if self._server is not None:
            self._server.close()
            self.cut()
            await self.watch.until(lambda: not self.links, 5.0, lambda: f"{len(self.links)} links open")
            await self._server.wait_closed()
            self._server = None

    def cut(self) -> None:
        """Resets all connections, as a lost VPN does."""
        for link in list(self.links):
            link.abort()

    def unbind_all(self) -> None:
        """Sends unbind on all bound connections."""
        for link in list(self.links):
            if link.bound:
                link.unbind()

    # MO and receipts.

    def enqueue(self, mo: Mo) -> Entry:
        """Puts a message into the ledger; it goes out as soon as a receiver has room.

        `ValueError` when it cannot be encoded, and then nothing of it is kept.
        """
        self._reference += 1
        made = list(mo.pdus(self._reference, self.habits, self.dice))
        entry = Entry(mo, "mo", self.counters, asyncio.get_running_loop().time())
        for octets, pin in made:
            self.outbox.put(entry.add(octets, pin, mo.account))
        self.counters.enqueued += 1
        self._keep(entry)
        return entry

    def receipt(self, message_id: str, stat: str = "DELIVRD", error: str = "000") -> Entry:
        """Sends a receipt for a submit known by `message_id`; `KeyError` when there is none."""
        submit = self.submits.find(message_id)
        if submit is None:
            raise KeyError(message_id)
        return self._receipt(submit, stat, error, None)

    def send_receipt(self, submit: Submit, link: Link, stat: str, error: str) -> Entry:
        """A receipt that `submit` asked for, on its own link or as the habits say; DELETED once it was cancelled."""
        if submit.state == STATES["DELETED"]:
            stat = "DELETED"
        pin: int | None = None
        others = [each for each in self.receivers if each is not link and each.system_id == submit.system_id]
        if self.habits.receipt_other_link and others:
            pin = others[0].index
        elif link in self.receivers:
            pin = link.index
        return self._receipt(submit, stat, error, pin)

    async def flood(
        self,
        count: int,
        window: int | None = None,
        *,
        rate: float | None = None,
        make: Callable[[int], bytes] | None = None,
        on_acked: Callable[[int, float, float], None] | None = None,
        timeout: float | None = 60.0,
    ) -> Flood:
        """Delivers `count` messages and returns when all are answered; `TimeoutError` otherwise.

        `make(i)` gives the octets of the i-th deliver_sm; `window` and `rate` become the SMSC's own. While it
        runs it is `outbox.flood`; there is one at a time (`RuntimeError`).
        """
        if self.outbox.flood is not None:
            raise RuntimeError("a flood is running")
        now = asyncio.get_running_loop().time()
        self.window = window or self.window
        self.receivers.pace = Pace(rate, now)
        flood = Flood(count, make or flood_maker(), self.counters, started_at=now, on_acked=on_acked)
        self.outbox.flood = flood
        self.receivers.pump()
        try:
            await self.watch.until(
                lambda: flood.done, timeout, lambda: f"{flood.acked + flood.refused} of {count} messages answered"
            )
        finally:
            self.outbox.flood = None
        return flood

    # What links and the desk call.

    def connected(self, link: Link) -> None:
        self.links.append(link)
        self.watch.changed()

    def disconnected(self, link: Link, lost: Iterable[Piece]) -> None:
        self.links.remove(link)
        self.leave(link)
        self.counters.links_lost += 1
        self._again(lost)
        self.watch.changed()

    def bound(self, link: Link, system_id: str, role: str) -> None:
        """A bind was accepted."""
        if link not in self.links:
            return
        link.system_id, link.bound = system_id, role
        self.counters.binds += 1
        if link.receiving:
            self.receivers.join(link)
        if self.enquire_link:
            link.keep_enquiring(self.enquire_link)
        self.watch.changed()
        self.receivers.pump_soon()

    def answered(self, piece: Piece, status: int, now: float) -> None:
        """The response to a deliver_sm."""
        if status in TEMPORARY:
            self.counters.temporary_pdus += 1
            asyncio.get_running_loop().call_later(self.retry_delay, self._again, (piece,))
            return
        if piece.owner is None:
            return
        if not status:
            self.counters.acked_pdus += 1
        piece.owner.settled(piece, status, now)

    def timed_out(self, pieces: list[Piece]) -> None:
        """No response came in time."""
        self.counters.timed_out_pdus += len(pieces)
        self._again(pieces)

    def leave(self, link: Link) -> None:
        """Nothing more goes out there: it was unbound or lost."""
        link.bound = ""
        self.receivers.leave(link)

    def _again(self, pieces: Iterable[Piece]) -> None:
        """Puts PDUs back for another attempt; copies sent by habit are not worth one."""
        wanted = [piece for piece in pieces if piece.owner is not None]
        self.counters.redelivered_pdus += len(wanted)
        self.outbox.put_back(wanted)
        self.receivers.pump_soon()

    def _receipt(self, submit: Submit, stat: str, error: str, pin: int | None) -> Entry:
        now = datetime.now(UTC)
        submit.enter(STATES.get(stat, 7), now)
        shown = form_id(submit.number, self.habits.receipt_id)
        make = receipt_data_sm if self.habits.receipt_data_sm else receipt
        octets = make(submit, shown, stat, error, now, tlvs=self.habits.receipt_tlvs)
        entry = Entry(submit, "receipt", self.counters, asyncio.get_running_loop().time())
        self.outbox.put(entry.add(octets, pin, submit.system_id))
        self.counters.receipts += 1
        self._keep(entry)
        return entry

    def _keep(self, entry: Entry) -> None:
        self.entries.append(entry)
        self.receivers.pump_soon()
