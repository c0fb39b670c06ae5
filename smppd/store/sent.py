"""Looking at outbound messages: search, the life of one, taking one back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import orjson

from smppd.errors import StoreDown
from smppd.model import OutboundState, PartState
from smppd.store.database import DOWN, Database
from smppd.store.health import STALE
from smppd.store.queries import statement

SEARCH_SECONDS = 10.0
SEARCHES = 2  # at a time: they may read much, and the pool is for all

T = TypeVar("T")

PARTS = {state.value: state.name.lower() for state in PartState}
STATES = {state.value: state.name.lower() for state in OutboundState}


@dataclass(slots=True)
class Filters:
    """What a search asks for; None is no condition. `before`: only ids below it."""

    system: str | None = None
    state: str | None = None
    carrier: str | None = None
    recipient: str | None = None
    sender: str | None = None
    since: datetime | None = None
    reference: str | None = None
    before: int | None = None
    limit: int = 50


class TooMuch(Exception):
    """The search would take too long."""


class Sent:
    """Questions about outbound messages. All raise StoreDown."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._turns = asyncio.Semaphore(SEARCHES)

    async def search(self, wanted: Filters) -> list[dict[str, Any]]:
        """Messages that fit, newest first. Raises TooMuch."""
        arguments = (
            wanted.system, wanted.state, wanted.carrier, wanted.recipient, wanted.sender, wanted.since,
            wanted.reference, wanted.before, wanted.limit,
        )  # fmt: skip
        if wanted.reference is not None and wanted.system is not None:
            rows = await self._fetch("life_by_reference", wanted.system, wanted.reference)
            return [row for row in map(_message, rows) if _fits(row, wanted)]
        return [_message(row) for row in await self.turn(lambda: self._fetch("search", *arguments))]

    async def turn(self, question: Callable[[], Awaitable[T]]) -> T:
        """The answer to a question that may read much: a few at a time, and not for ever. Raises TooMuch."""
        async with self._turns:
            try:
                async with asyncio.timeout(SEARCH_SECONDS):
                    return await question()
            except TimeoutError:
                raise TooMuch from None

    async def life(self, id: int, system: str | None) -> dict[str, Any] | None:
        """All that is known of one message; None when there is none, or none of this system's."""
        rows = await self._fetch("life", id, system)
        if not rows:
            return None
        message = _message(rows[0])
        message["sent_parts"] = [{**dict(row), "state": PARTS[row["state"]]} for row in await self._fetch("parts", id)]
        message["receipts"] = [dict(row) for row in await self._fetch("receipts", id)]
        message["reports"] = [{**dict(row), "state": STATES[row["state"]]} for row in await self._fetch("reports", id)]
        return message

    async def cancel(self, id: int, system: str | None) -> bool:
        """Take back what no carrier can have yet; whether that was possible."""
        done = bool(await self._fetch("cancel", id, system))
        if done:
            await self._execute("notify smppd_queue")  # a report of it may wait
        return done

    async def carriers(self) -> list[dict[str, Any]]:
        """How each carrier is."""
        return [dict(row) for row in await self._fetch("carriers", STALE)]

    async def pause(self, carrier: str, paused: bool) -> None:
        """Let a carrier take no more messages, or take them again. What is on the wire goes on."""
        try:
            await self._db.carrier_id(carrier)  # one that never ran has no row yet
        except DOWN as error:
            raise StoreDown(type(error).__name__) from None
        await self._execute(statement("carrier", "pause" if paused else "resume"), carrier)

    async def _fetch(self, name: str, *arguments: object) -> list[Any]:
        try:
            found: list[Any] = await self._db.pool.fetch(statement("outbound", name), *arguments)
        except TimeoutError:
            raise
        except DOWN as error:
            raise StoreDown(type(error).__name__) from None
        return found

    async def _execute(self, query: str, *arguments: object) -> None:
        try:
            await self._db.pool.execute(query, *arguments)
        except DOWN as error:
            raise StoreDown(type(error).__name__) from None


def _message(row: Any) -> dict[str, Any]:
    """A row of view sent under the names that a submission has."""
    found = dict(row)
    options = orjson.loads(found.pop("options") or "{}")
    options.pop("extra", None)  # the adapter's own, such as an address with a password in it
    found["from"], found["to"] = found.pop("sender"), found.pop("recipient")
    return {**found, "options": options}


def _fits(row: dict[str, Any], wanted: Filters) -> bool:
    return all(
        (
            wanted.state in (None, row["state"]),
            wanted.carrier in (None, row["carrier"]),
            wanted.recipient in (None, row["to"]),
            wanted.sender in (None, row["from"]),
            wanted.since is None or row["created_at"] >= wanted.since,
            wanted.before is None or row["id"] < wanted.before,
        )
    )
