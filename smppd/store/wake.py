"""NOTIFY as a hint from who commits to who works on it, over processes and nodes. Losing one costs at most a poll."""

from __future__ import annotations

import asyncio

import asyncpg

from smppd.store.database import DOWN, Database, OwnConnection

QUEUE = "smppd_queue"  # deliveries wait for a forwarder
SEND = "smppd_send"  # messages wait for a carrier
GAP = 0.004  # seconds between two hints: under load the forwarders are awake anyway


class Hint:
    """The sending side: `give` after each commit; `run` sends at most one NOTIFY per GAP."""

    def __init__(self, db: Database, channel: str = QUEUE) -> None:
        self._db, self._channel = db, channel
        self._due = asyncio.Event()

    def give(self) -> None:
        self._due.set()

    async def run(self) -> None:
        connection: OwnConnection | None = None
        while True:
            await self._due.wait()
            self._due.clear()
            try:
                if connection is None or connection.is_closed():
                    connection = await self._db.connect()
                    # A NOTIFY writes a commit of its own: a hint need not wait for the disk, nor make intake wait.
                    await connection.execute("set synchronous_commit = off")
                await connection.execute(f"notify {self._channel}")
            except (*DOWN, asyncpg.PostgresError):
                connection = None  # who works polls
                await asyncio.sleep(1)
            await asyncio.sleep(GAP)


class Wake:
    """The hearing side: every event handed out by `subscribe` is set at each hint."""

    def __init__(self, db: Database, channel: str = QUEUE) -> None:
        self._db, self._channel = db, channel
        self._events: list[asyncio.Event] = []

    def subscribe(self) -> asyncio.Event:
        event = asyncio.Event()
        self._events.append(event)
        return event

    def unsubscribe(self, event: asyncio.Event) -> None:
        """Set it no more."""
        self._events.remove(event)

    def hear(self) -> None:
        """Set all events: for what was committed in this process."""
        for event in self._events:
            event.set()

    async def run(self) -> None:
        while True:
            try:
                connection = await self._db.connect()
                lost = asyncio.Event()
                connection.add_termination_listener(lambda _, lost=lost: lost.set())
                await connection.add_listener(self._channel, self._heard)
                self.hear()  # what came while nobody listened
                await lost.wait()
            except DOWN:
                pass  # tried again below; who works polls meanwhile
            await asyncio.sleep(1)

    def _heard(self, *_: object) -> None:
        self.hear()
