"""Who asks, and whether it may: credentials, addresses and rates of systems and people, for whatever they speak.

A token is looked up by its hash. A password is tried once with its slow hash, by threads beside the loop, and then
remembered as a keyed digest, never itself. Whoever fails waits: its address alone, and only for what is not proven.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import os
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import blake2b

from smppd import log, metrics
from smppd.config import Config
from smppd.desk import passwords
from smppd.desk.addresses import Address, Networks, client, neighbourhood
from smppd.desk.limits import Bucket, Client, Clients
from smppd.desk.passwords import octets

REMEMBERED = 3600.0  # seconds that a verified password is known
MOST_REMEMBERED = 10_000
WORKERS = 2  # threads that try passwords
WAITING = 64  # passwords that may wait for them
WAITING_HERE = 8  # of one address
LONGEST = 1024  # characters of a secret


@dataclass(slots=True)  # not frozen, which takes four times as long to make
class Credential:
    """What a caller shows: a token (`username` is None), or a user name with its password."""

    secret: str = field(repr=False)
    username: str | None = field(default=None, repr=False)


@dataclass(slots=True, frozen=True)
class Denied:
    """Why not: an HTTP status, words for the caller, and the seconds after which it may be different (0: never)."""

    status: int
    reason: str
    retry_after: float = 0.0


@dataclass(slots=True, frozen=True)
class Caller:
    """Who it is: a system, or a person of [console.users]."""

    system: str = ""
    user: str = ""
    role: str = ""

    @property
    def operator(self) -> bool:
        """Whether it may change what concerns all."""
        return self.role in ("operator", "admin")


@dataclass(slots=True, frozen=True)
class _Known:
    caller: Caller
    hash: str
    plain: bytes | None = None  # digest of the name with a password that the file holds as it is


_UNKNOWN = Denied(401, "these credentials are not known here")
_NONE = Denied(401, "say who you are: with a token (Authorization: Bearer), or with user name and password (Basic)")
_BUSY = Denied(503, "too many passwords are being checked; try again", 1.0)
_SYSTEM = Denied(403, "this account belongs to a person; show the credentials of a system")


def credential(authorization: str) -> Credential | Denied:
    """What an Authorization header shows."""
    scheme, _, rest = authorization.strip().partition(" ")
    match scheme.lower():
        case "":
            return _NONE
        case "bearer":
            return Credential(rest.strip())
        case "basic":
            try:
                username, colon, password = base64.b64decode(rest.strip(), validate=True).decode().partition(":")
            except (binascii.Error, ValueError):
                return Denied(401, "the Basic credentials cannot be read: base64 of user:password in UTF-8")
            return Credential(password, username) if colon else _UNKNOWN
    return Denied(401, "this kind of Authorization is not known here; Bearer and Basic are")


class Gate:
    """One for a process. `identify` says who asks; `spend` whether it may ask for so much now."""

    def __init__(self, config: Config) -> None:
        self._key = secrets.token_bytes(32)
        self._clients = Clients()
        self._checks: dict[tuple[str, bytes, str], asyncio.Task[bool | Denied]] = {}
        self._trying = asyncio.Semaphore(WORKERS)
        self._threads: ThreadPoolExecutor | None = None
        self._log = log.get("access")
        self.configure(config)

    def configure(self, config: Config) -> None:
        """Take over a configuration; what was remembered is forgotten, since a password may have changed."""
        now = time.monotonic()
        self._trusted = Networks(config.http.trusted_proxies)
        self._tokens: dict[bytes, Caller] = {}
        self._names: dict[str, _Known] = {}
        self._allowed: dict[str, Networks] = {}
        self._buckets: dict[str, Bucket] = {}
        self._verified: OrderedDict[bytes, float] = OrderedDict()
        for name, system in config.systems.items():
            if (access := system.access) is None:
                continue
            caller = Caller(system=name)
            self._allowed[name], self._buckets[name] = Networks(access.allow_ips), Bucket(access.rate, now)
            if access.token_hash is not None and (digest := passwords.stored_digest(access.token_hash)) is not None:
                self._tokens[self._digest(digest)] = caller
            if access.username is not None:
                plain = None if access.password is None else self._pair(access.username, access.password)
                self._names[access.username] = _Known(caller, access.password_hash or "", plain)
        for name, user in config.console.users.items():
            self._names.setdefault(name, _Known(Caller(user=name, role=user.role), user.password_hash))
        hashes = sorted({known.hash for known in self._names.values() if known.hash})
        self._decoys = [passwords.decoy(hash) for hash in hashes] or [passwords.decoy()]

    def address(self, peer: str | None, forwarded: Sequence[str] = ()) -> Address | None:
        """Where a request comes from; `forwarded` are its X-Forwarded-For headers, which only our proxies may set."""
        return client(peer or "", forwarded, self._trusted)

    async def identify(self, shown: Credential | Denied, address: Address | None) -> str | Denied:
        """The name of the system that shows this, or why it is none."""
        found = await self.caller(shown, address)
        if isinstance(found, Denied):
            return found
        return found.system or _SYSTEM

    async def caller(self, shown: Credential | Denied, address: Address | None) -> Caller | Denied:
        """The same for systems and people."""
        if isinstance(shown, Denied):
            return shown
        if shown.username is None:
            found = self._bearer(shown, address)
        else:
            known, key = self._names.get(shown.username), self._pair(shown.username, shown.secret)
            if known is not None and (self._remembered(key) or self._is_plain(known, key)):
                found = known.caller
            else:
                found = await self._tried(shown.secret, shown.username, key, neighbourhood(address))
        if isinstance(found, Caller) and (networks := self._allowed.get(found.system)) and address not in networks:
            metrics.LOGINS.labels("address").inc()
            return Denied(403, "this system may not come from this address; systems.*.access.allow_ips lists those")
        return found

    def spend(self, system: str, messages: int) -> Denied | None:
        """Take messages from the rate of a system; what is over it waits."""
        bucket = self._buckets.get(system)
        wait = bucket.take(messages, time.monotonic()) if bucket is not None else 0.0
        return Denied(429, "faster than systems.*.access.rate allows", wait) if wait else None

    def give_back(self, system: str, messages: int) -> None:
        """They were spent on nothing: the store was not there."""
        if (bucket := self._buckets.get(system)) is not None:
            bucket.give_back(messages)

    def _bearer(self, shown: Credential, address: Address | None) -> Caller | Denied:
        # Under a key of our own nobody can choose digests, so the time of the look-up tells nothing.
        if found := self._tokens.get(self._digest(passwords.token_digest(shown.secret[:LONGEST]))):
            return found
        return self._wrong(neighbourhood(address))

    async def _tried(self, secret: str, username: str, key: bytes, place: str) -> Caller | Denied:
        """What a password that is not known yet turns out to be."""
        known = self._names.get(username)
        if len(secret) > LONGEST or len(username) > LONGEST:
            return self._wrong(place)
        hash = known.hash if known is not None and known.hash else self._decoys[key[0] % len(self._decoys)]
        fits = await self._checked(key, hash, secret, place)
        if isinstance(fits, Denied):
            return fits
        if not fits or known is None or not known.hash or self._names.get(username) != known:
            metrics.LOGINS.labels("refused").inc()
            return _UNKNOWN
        return known.caller

    def _wrong(self, place: str) -> Denied:
        """For what cost nothing to see."""
        client, now = self._clients.of(place), time.monotonic()
        if wait := client.wait(now):
            return _slowed(wait)
        self._failed(client, place, now)
        metrics.LOGINS.labels("refused").inc()
        return _UNKNOWN

    def _failed(self, client: Client, place: str, now: float) -> None:
        if wait := client.failed(now):
            self._log.warning("an address shows wrong credentials again and again", address=place, waits=wait)

    def _remembered(self, key: bytes) -> bool:
        until = self._verified.get(key)
        return until is not None and time.monotonic() < until

    def _is_plain(self, known: _Known, key: bytes) -> bool:
        return known.plain is not None and hmac.compare_digest(known.plain, key)

    async def _checked(self, key: bytes, hash: str, secret: str, place: str) -> bool | Denied:
        """Whether the password fits. Many requests that show the same at once wait for one check."""
        task = self._checks.get((place, key, hash))
        if task is None:
            client = self._clients.of(place)
            if wait := client.wait(time.monotonic()):
                return _slowed(wait)
            if client.waiting >= WAITING_HERE or len(self._checks) >= WAITING:
                metrics.LOGINS.labels("busy").inc()
                return _BUSY
            client.waiting += 1
            task = asyncio.create_task(self._check(client, place, key, hash, secret, self._verified))
            self._checks[place, key, hash] = task

            def over(_: object) -> None:
                client.waiting -= 1
                del self._checks[place, key, hash]

            task.add_done_callback(over)
        return await asyncio.shield(task)

    async def _check(
        self, client: Client, place: str, key: bytes, hash: str, secret: str, verified: OrderedDict[bytes, float]
    ) -> bool | Denied:
        """`verified`: of the configuration that the hash is of, which another may replace meanwhile."""
        async with client.turn:
            if wait := client.wait(time.monotonic()):  # what came before it was wrong too often
                return _slowed(wait)
            async with self._trying:
                if self._threads is None:
                    self._threads = ThreadPoolExecutor(WORKERS, "password", _yield_to_others)
                loop = asyncio.get_running_loop()
                fits = await loop.run_in_executor(self._threads, passwords.verified, hash, secret)
            if not fits:
                self._failed(client, place, time.monotonic())
                return False
        metrics.LOGINS.labels("verified").inc()
        verified[key] = time.monotonic() + REMEMBERED
        if len(verified) > MOST_REMEMBERED:
            verified.popitem(last=False)
        return True

    def _pair(self, username: str, secret: str) -> bytes:
        """The digest of a name and its password, each of which may hold anything."""
        return self._digest(b"%d:%b%b" % (len(name := octets(username)), name, octets(secret)))

    def _digest(self, octets: bytes) -> bytes:
        return blake2b(octets, key=self._key, digest_size=32).digest()


def _slowed(wait: float) -> Denied:
    metrics.LOGINS.labels("slowed").inc()
    return Denied(429, "too many wrong credentials came from this address", wait)


def _yield_to_others() -> None:
    """On Linux a thread has a priority of its own: whoever is known already goes first."""
    if hasattr(os, "PRIO_PROCESS"):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
