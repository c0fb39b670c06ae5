"""Messages for phones: put into the queue, handed in over HTTP, and counted at the SMSC and in the store at the end."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Any

import aiohttp
import asyncpg

from smppd.simulator.smsc import Smsc
from smppd.simulator.standin import Seen
from smppd.simulator.watch import Watch
from smppd.simulator.webhook import Sink
from smppd.store import migrate
from tests.flows.book import MARK, PHONE
from tests.flows.process import Process

TOKEN = "asante-sana-7"
SIGNING = "ufunguo-wa-siri"
LONG = "kumbuka kwenda kliniki kesho asubuhi " * 7
"""Makes two parts of any text it is appended to."""


def api(**more: Any) -> dict[str, Any]:
    """A [systems.x] table of a system that submits over HTTP."""
    access = {"token_hash": "sha256:" + hashlib.sha256(TOKEN.encode()).hexdigest(), "rate": 1_000_000.0}
    return {"type": "api", "senders": ["15001"], "access": access, "secret": SIGNING, **more}


def phone(number: int) -> str:
    return f"+{PHONE}{number:07}"


def text(number: int, long: bool = False) -> str:
    return f"{MARK} {number:07} {LONG if long else '.'}"


_SYSTEM = "insert into system (name) values ($1) on conflict (name) do nothing"
_CARRIER = "insert into carrier (name) values ($1) on conflict (name) do nothing"
_PREFILL = """
with n as (
  select nextval('entry_id') as id, ord, long from unnest($3::bool[]) with ordinality u(long, ord)
), m as (
  insert into outbound (id, system, reference, fingerprint, sender, recipient, text, priority, parts, state, report,
                        expires_at)
  select n.id, s.id, 'fill ' || ($4 + ord - 1), 0, '15001', '+' || $5 || lpad(($4 + ord - 1)::text, 7, '0'),
         $6 || ' ' || lpad(($4 + ord - 1)::text, 7, '0') || ' ' || case when long then $7 else '.' end,
         $8, 1 + long::int, 1, $9, now() + interval '1 day'
  from n cross join system s where s.name = $1
  returning id, priority, created_at, expires_at
)
insert into outqueue (carrier, priority, due_at, id, expires_at, alternatives)
select c.id, priority, created_at, m.id, expires_at,
       array(select a.id from unnest($10::text[]) with ordinality w(name, ord) join carrier a using (name) order by ord)
from m cross join carrier c where c.name = $2
"""


async def prefill(
    process: Process,
    count: int,
    *,
    start: int = 0,
    long: int = 0,
    system: str = "clinic",
    carrier: str = "vodacom",
    alternatives: Iterable[str] = (),
    priority: int = 0,
    report: int = 0,
) -> None:
    """Messages `start`, `start` + 1 … as if handed in, each with a phone and a text of its own; every `long`-th is in
    two parts. The database is migrated first, and started for the purpose if it does not run."""
    others = list(alternatives)
    async with process.database() as connection:
        await migrate.migrate(connection)
        await connection.execute(_SYSTEM, system)
        for name in (carrier, *others):
            await connection.execute(_CARRIER, name)
        which = [bool(long) and number % long == 0 for number in range(start, start + count)]
        await connection.execute(
            _PREFILL, system, carrier, which, start, PHONE, MARK, LONG, priority, report, others, timeout=120
        )


class Client:
    """What a system does over the API of one gateway."""

    def __init__(self, process: Process) -> None:
        self.url = f"http://127.0.0.1:{process.port}/api/v1/messages"
        self._headers = {"Authorization": f"Bearer {TOKEN}"}

    async def post(self, body: Any) -> tuple[int, Any]:
        """Status and body of the answer."""
        async with (
            aiohttp.ClientSession(headers=self._headers) as session,
            session.post(self.url, json=body) as response,
        ):
            return response.status, await response.json(content_type=None)

    async def take_back(self, id: int) -> tuple[int, Any]:
        """Status and body of the answer."""
        async with (
            aiohttp.ClientSession(headers=self._headers) as session,
            session.delete(f"{self.url}/{id}") as response,
        ):
            return response.status, await response.json(content_type=None)

    async def life(self, id: int) -> Any:
        """What the gateway says of a message."""
        async with aiohttp.ClientSession(headers=self._headers) as session, session.get(f"{self.url}/{id}") as response:
            assert response.status == 200, await response.text()
            return await response.json()


class Callbacks:
    """A system's side of callback_url: what came, by our id of the message."""

    def __init__(self) -> None:
        self.sink = Sink(record=True, on_request=self._take)
        self.told: dict[int, list[dict[str, Any]]] = {}
        self.watch = Watch()

    def _take(self, seen: Seen) -> None:
        given = seen.json()
        self.told.setdefault(int(given["id"]), []).append(given)
        self.watch.changed()

    def states(self, id: int) -> list[str]:
        """The states told of one message, in order."""
        return [each["state"] for each in self.told.get(id, [])]

    async def wait(self, id: int, state: str, timeout: float = 30.0) -> None:
        """This state of this message has been told."""
        await self.watch.until(
            lambda: state in self.states(id), timeout, lambda: f"of {id} was told {self.states(id)}, not {state}"
        )


async def settled(process: Process, timeout: float = 60.0) -> None:
    """Nothing waits for a carrier any more."""
    async with process.database() as connection:
        await until_zero(connection, "select count(*) from outqueue", timeout)


async def until_zero(connection: asyncpg.Connection, query: str, timeout: float = 60.0) -> None:
    """Ask until the answer is 0; the pause between is the time that it takes."""
    left = None
    try:
        async with asyncio.timeout(timeout):
            while left != 0:
                left = await connection.fetchval(query)
    except TimeoutError:
        raise TimeoutError(f"{query}: {left}") from None


def taken(smscs: Iterable[Smsc]) -> Counter[tuple[str, bytes, int]]:
    """How often each part was accepted, by all of these together."""
    return Counter(submit.content for smsc in smscs for submit in smsc.submits)


def phones(smscs: Iterable[Smsc]) -> set[int]:
    """The numbers of the messages of which something was accepted."""
    return {int(submit.destination.removeprefix(PHONE)) for smsc in smscs for submit in smsc.submits}


async def accounts(process: Process, smscs: Iterable[Smsc], count: int, long: int = 0) -> tuple[int, int]:
    """Compare the SMSCs' book with the store's, when all is sent. Returns (duplicates, resends).

    None of the messages 0 to `count` - 1 may be missing, in any part, and no part may have been accepted more often
    than the store says that it was sent again in doubt.
    """
    smscs = list(smscs)
    copies = taken(smscs)
    parts: Counter[int] = Counter(int(destination.removeprefix(PHONE)) for destination, _, _ in copies)
    wanted = {number: 2 if long and number % long == 0 else 1 for number in range(count)}
    missing = {number: want for number, want in wanted.items() if parts[number] < want}
    assert not missing, f"{len(missing)} of {count} messages were not accepted whole: {sorted(missing)[:10]}"
    assert parts.keys() <= wanted.keys()
    async with process.database() as connection:
        states = await connection.fetch("select state, count(*) from outbound group by 1")
        assert sum(row["count"] for row in states if row["state"] in (3, 4, 5)) == count, [dict(r) for r in states]
        rows = await connection.fetch(
            "select o.recipient, p.number, p.resends from outpart p join outbound o on o.id = p.message"
        )
    resends = {(row["recipient"].removeprefix("+"), row["number"]): row["resends"] for row in rows}
    for (destination, octets, _), times in copies.items():
        number = part_number(octets)
        allowed = resends.get((destination, number), 0)
        assert times - 1 <= allowed, f"part {number} for one phone was accepted {times} times, {allowed} resends"
    return sum(copies.values()) - len(copies), sum(resends.values())


def part_number(octets: bytes) -> int:
    """From the user data header that our parts have; 1 of what has none."""
    return octets[5] if octets.startswith(b"\x05\x00\x03") else 1
