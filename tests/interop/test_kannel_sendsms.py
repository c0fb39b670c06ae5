"""The same requests to Kannel and to us, before one SMSC: the same answers, the same messages, or a listed reason."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from smppd.config import Config
from smppd.simulator.smsc import Smsc
from smppd.simulator.submits import Submit
from tests.interop.kannel_differences import DIFFERENCES, STANDING
from tests.interop.kannel_peer import ask, kannel
from tests.interop.kannel_requests import PASSWORD, PATH, USER, WHO, Request, requests
from tests.interop.kannel_seen import Seen, seen
from tests.interop.kit import PATIENCE, gateway, stands

pytestmark = pytest.mark.interop

_marks = itertools.count(1)


@dataclass(slots=True)
class Side:
    """One of the two gateways: its HTTP port, and the system_id that the SMSC knows it by."""

    port: int
    system_id: str

    async def result(self, smsc: Smsc, request: Request) -> Seen:
        """What becomes of a request. A second one marks the end of its messages: a link keeps their order."""
        start = len(smsc.submits)
        answer = await ask(self.port, request.method, request.target, request.headers, request.body)
        mark = f"mark{next(_marks)}".encode()
        assert (await ask(self.port, "GET", f"{PATH}?{WHO}&text={mark.decode()}")).status == 202
        await smsc.watch.until(lambda: any(s.message.short_message == mark for s in _last(smsc)), PATIENCE)
        messages = [s.message for s in list(smsc.submits)[start:] if s.system_id == self.system_id]
        assert messages.pop().short_message == mark
        return seen(answer, messages, made=not request.numbered)


def _last(smsc: Smsc) -> list[Submit]:
    return list(itertools.islice(reversed(smsc.submits), 50))


@asynccontextmanager
async def both(make_config: Callable[..., Config], folder: Path) -> AsyncIterator[tuple[Smsc, Side, Side]]:
    """Kannel and smppd, as they come, bound to one SMSC."""
    async with AsyncExitStack() as stack:
        smsc = Smsc()
        port = await smsc.start()
        stack.push_async_callback(smsc.stop)
        theirs = await stack.enter_async_context(kannel(folder, port))
        running = await stack.enter_async_context(gateway(make_config(**_tables(port))))
        await smsc.wait_bound(2, PATIENCE)
        await stands(running, "select up_at is not null from carrier")
        while not running.counter.health.usable("mtn"):
            await running.counter.health.refresh()
        yield smsc, Side(theirs, "kannel"), Side(running.http.addresses[0][1], "smppd")


def _tables(port: int) -> dict[str, Any]:
    access = {"username": USER, "password": PASSWORD, "rate": 10_000}
    carrier = {"hosts": [f"127.0.0.1:{port}"], "system_id": "smppd", "password": "secret", "throughput": 10_000}
    return {
        "node": {"processes": 1},
        "http": {"listen": ["127.0.0.1:0"]},
        "carriers": {"mtn": carrier},
        "systems": {"rapidpro": {"type": "kannel", "access": access}},
        "policy": {"loop": 0, "burst": 0},
        "log": {"level": "warning", "format": "text"},
    }


async def test_every_difference_to_kannel_is_listed_and_every_listed_one_is_there(
    make_config: Callable[..., Config], tmp_path: Path
) -> None:
    found: dict[str, str] = {}
    standing: set[str] = set()
    async with both(make_config, tmp_path) as (smsc, theirs, ours):
        for request in requests():
            expected, got = await asyncio.gather(theirs.result(smsc, request), ours.result(smsc, request))
            for each in STANDING:
                changed = replace(expected, sent=tuple(map(each.ours, expected.sent)))
                if changed != expected:
                    standing.add(each.field)
                expected = changed
            if expected != got:
                found[request.name] = f"{request.name}\n  Kannel {expected}\n  smppd {got}"
    listed = {request.name: _reasons(request.name) for request in requests()}
    unlisted = [said for name, said in found.items() if not listed[name]]
    assert not unlisted, "\n".join([f"{len(unlisted)} differences have no reason", *unlisted])
    gone = [name for name, reasons in listed.items() if reasons and name not in found]
    assert not gone, f"no longer different: {gone}"
    used = {reason for reasons in listed.values() for reason in reasons}
    assert used == set(range(len(DIFFERENCES))), "a difference is listed that no request shows"
    assert all(len(reasons) <= 1 for reasons in listed.values())
    assert standing == {each.field for each in STANDING}


def _reasons(name: str) -> list[int]:
    return [at for at, each in enumerate(DIFFERENCES) if re.fullmatch(each.requests, name)]
