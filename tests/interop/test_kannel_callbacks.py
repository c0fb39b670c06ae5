"""What Kannel calls, we call: dlr-urls and services, with the same value for every %-code or a listed reason."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from smppd.config import Config
from smppd.simulator.mo import Mo
from smppd.simulator.smsc import Smsc
from smppd.simulator.standin import Seen
from smppd.simulator.webhook import Sink
from tests.interop.kannel_calls import ALL, HEADERS, MESSAGES, RAW, REPORTS, headers, values
from tests.interop.kannel_peer import ask, kannel
from tests.interop.kannel_requests import PASSWORD, PATH, USER
from tests.interop.kit import PATIENCE, gateway, stands

pytestmark = pytest.mark.interop

STATS = ("DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD", "ENROUTE")


@dataclass(frozen=True, slots=True)
class Event:
    """A message with a mask, and what the SMSC makes of it; the values of %d that Kannel tells and that we tell."""

    name: str
    mask: int
    kannel: tuple[int, ...]
    smppd: tuple[int, ...]
    stat: str = ""
    status: int = 0
    more: str = ""


def events() -> list[Event]:
    """The same of both sides, but where a comment says why not."""
    told = {
        "DELIVRD": 1,
        "EXPIRED": 34,
        "DELETED": 2,
        "UNDELIV": 2,
        "ACCEPTD": 4,
        "UNKNOWN": 2,
        "REJECTD": 2,
        "ENROUTE": 4,
    }
    # A receipt UNKNOWN is no end here: another may come, until receipt_timeout.
    found = [
        Event(f"{stat}-31", 31, (8, value), (8,) if stat == "UNKNOWN" else (8, value), stat)
        for stat, value in told.items()
    ]
    for mask in (1, 3, 7, 8, 16, 19, 24, 27):
        value = tuple(bit for bit in (8, 1) if mask & bit)
        found.append(Event(f"DELIVRD-{mask}", mask, value, value, "DELIVRD"))
    for mask in (1, 2, 3, 27):
        value = tuple(bit for bit in (8, 2) if mask & bit)
        found.append(Event(f"UNDELIV-{mask}", mask, value, value, "UNDELIV"))
    for mask in (1, 2, 8, 16, 24, 31):
        value = (16,) if mask & (16 | 2) else ()
        found.append(Event(f"refused-{mask}", mask, value, value, status=0x0B))
    for status in (0x01, 0x61, 0x65, 0x66, 0xC4, 0xFE):
        found.append(Event(f"refused-with-{status:x}", 31, (16,), (16,), status=status))
    more = "&account=ward&binfo=bi&priority=2&mclass=1&validity=10&meta-data=%3Forig%3Fx%3Dy"
    found.append(Event("with-all", 31, (8, 1), (8, 1), "DELIVRD", more=more))
    return found


@dataclass(slots=True)
class Two:
    """Both gateways before one SMSC, and what they called."""

    smsc: Smsc
    sink: Sink
    ports: dict[str, int]

    def calls(self, side: str, name: str) -> list[Seen]:
        return [seen for seen in self.sink.requests if seen.path == f"/{side}/{name}"]

    def _said(self) -> str:
        """What came so far, for the day that something did not."""
        return " ".join(sorted(f"{seen.path}:{values(seen)['d']}" for seen in self.sink.requests))

    async def told(self, count: Callable[[], bool]) -> None:
        await self.sink.watch.until(count, PATIENCE, self._said)


@asynccontextmanager
async def two(make_config: Callable[..., Config], folder: Path, recode: bool = False) -> AsyncIterator[Two]:
    async with AsyncExitStack() as stack:
        smsc, sink = Smsc(), Sink()
        port = await smsc.start()
        stack.push_async_callback(smsc.stop)
        url = await sink.start()
        stack.push_async_callback(sink.stop)
        services = (
            f'group = sms-service\nname = post\nkeyword = post\npost-url = "{url}/kannel/post?{ALL}"\n'
            "max-messages = 0\n\n"
            f'group = sms-service\nname = raw\nkeyword = raw\nget-url = "{url}/kannel/raw?{RAW}"\nmax-messages = 0\n'
            "catch-all = true\n\n"
            f'group = sms-service\nkeyword = default\nget-url = "{url}/kannel/get?{ALL}"\nmax-messages = 0\n'
            "catch-all = true\n"
        )
        smsbox = f"mo-recode = {str(recode).lower()}"
        theirs = await stack.enter_async_context(kannel(folder, port, services, more_smsbox=smsbox))
        running = await stack.enter_async_context(gateway(make_config(**_tables(port, url, recode))))
        await smsc.wait_bound(2, PATIENCE)
        await stands(running, "select up_at is not null from carrier")
        yield Two(smsc, sink, {"kannel": theirs, "smppd": running.http.addresses[0][1]})


def _tables(port: int, url: str, recode: bool) -> dict[str, Any]:
    access = {"username": USER, "password": PASSWORD, "rate": 10_000}
    kind = {"type": "kannel", "mo_recode": recode, "dlr_extended": True}
    return {
        "node": {"processes": 1},
        "http": {"listen": ["127.0.0.1:0"]},
        "carriers": {"mtn": {"hosts": [f"127.0.0.1:{port}"], "system_id": "smppd", "password": "secret"}},
        "systems": {
            "get": {**kind, "service": "default", "get_url": f"{url}/smppd/get?{ALL}", "access": access},
            "raw": {**kind, "get_url": f"{url}/smppd/raw?{RAW}"},
            "post": {**kind, "post_url": f"{url}/smppd/post?{ALL}"},
        },
        "routes": [{"keyword": name, "to": [name]} for name in ("post", "raw")] + [{"to": ["get"]}],
        "log": {"level": "warning", "format": "text"},
    }


async def test_reports_are_told_by_dlr_url_as_kannel_tells_them(
    make_config: Callable[..., Config], tmp_path: Path
) -> None:
    async with two(make_config, tmp_path) as both:
        rules = []
        for number, event in enumerate(events(), 100):
            rule = {"to": f"256772000{number}", "error": "034"}
            rules.append(rule | ({"status": event.status} if event.status else {"stat": event.stat}))
        both.smsc.habits.update({"rules": rules})
        for number, event in enumerate(events(), 100):
            for side, port in both.ports.items():
                url = quote(f"{both.sink.url}/{side}/{event.name}?{ALL}", safe="")
                query = f"username={USER}&password={PASSWORD}&from=8500&to=%2B256772000{number}&text=hi+there"
                asked = f"{PATH}?{query}&dlr-mask={event.mask}&dlr-url={url}{event.more}"
                assert (await ask(port, "GET", asked)).status == 202
        expected = sum(len(event.kannel) + len(event.smppd) for event in events())
        await both.told(lambda: len(both.sink.requests) >= expected)
        differing: set[str] = set()
        for event in events():
            theirs, ours = ([values(seen) for seen in both.calls(side, event.name)] for side in both.ports)
            assert sorted(int(call["d"]) for call in theirs) == sorted(event.kannel), event.name
            assert sorted(int(call["d"]) for call in ours) == sorted(event.smppd), event.name
            for their, our in _paired(theirs, ours):
                different = {name for name in their if their[name] != our[name]} - {"d"}
                unlisted = different - {each.name for each in REPORTS}
                assert not unlisted, f"{event.name}: {[(name, their[name], our[name]) for name in unlisted]}"
                differing |= different
        # The form of %I is the same in both, and its value is compared in the tests of ours; %d was compared above.
        assert differing | {"I", "d"} == {each.name for each in REPORTS}
        assert len(both.sink.requests) == expected, "no more calls than these"


def _paired(theirs: list[dict[str, str]], ours: list[dict[str, str]]) -> list[tuple[dict[str, str], dict[str, str]]]:
    """Calls with the same %d."""
    by_value = {call["d"]: call for call in ours}
    return [(call, by_value[call["d"]]) for call in theirs if call["d"] in by_value]


MOS: list[dict[str, Any]] = [
    {"text": "join St Mary's #2"},
    {"text": "join  St   Mary's"},
    {"text": "one"},
    {"text": "é€ {x}"},
    {"text": "日本 x"},
    {"text": "a*b a*c"},
    {"text": "a%b&c=d+e/f?g"},
    {"text": "line\nbreak\rhere"},
    {"octets": b"\x01\x02 \xff", "data_coding": 4},
    {"octets": b"\x06\x05\x04\x0b\x84\x23\xf0ab", "data_coding": 4, "esm_class": 0x40},
    {"text": "hi", "source": "8600", "source_ton": 0},
    {"text": "hi", "source": "MTN", "source_ton": 5, "source_npi": 0},
    {"text": "raw a*b/c c"},
    {"text": "post me a letter"},
    {"text": "post 日本"},
    {"text": "post é"},
]


@pytest.mark.parametrize("recode", [False, True])
async def test_messages_are_handed_to_a_service_as_kannel_hands_them(
    make_config: Callable[..., Config], tmp_path: Path, recode: bool
) -> None:
    differing: set[str] = set()
    async with two(make_config, tmp_path, recode) as both:
        for mo in MOS:
            done = len(both.sink.requests)
            for side in both.ports:
                both.smsc.enqueue(Mo(**{"source": "256772000001", "destination": "8500", "account": side, **mo}))
            await both.told(lambda done=done: len(both.sink.requests) >= done + 2)  # type: ignore[misc]
            theirs, ours = sorted(both.sink.requests[done:], key=lambda seen: seen.path)
            assert re.sub("kannel", "smppd", theirs.path) == ours.path
            assert (theirs.method, theirs.body) == (ours.method, ours.body)
            their, our = ({**values(seen), **headers(seen)} for seen in (theirs, ours))
            different = {name for name in their | our if their.get(name) != our.get(name)}
            unlisted = different - {each.name for each in (*MESSAGES, *HEADERS)}
            assert not unlisted, f"{mo}: {[(name, their.get(name), our.get(name)) for name in unlisted]}"
            differing |= different
    assert differing | {"X-Kannel-UDH", "U"} == {each.name for each in (*MESSAGES, *HEADERS)}


async def test_nothing_is_called_before_it_is_asked_for(make_config: Callable[..., Config], tmp_path: Path) -> None:
    """A mask that asks for nothing that happens makes no call; a later message shows that none is on its way."""
    async with two(make_config, tmp_path) as both:
        for side, port in both.ports.items():
            login = f"username={USER}&password={PASSWORD}&from=8500&to=%2B256772000001&text=hi"
            for name, mask in (("none", 0), ("failure", 2), ("last", 8)):
                url = quote(f"{both.sink.url}/{side}/{name}?{ALL}", safe="")
                assert (await ask(port, "GET", f"{PATH}?{login}&dlr-mask={mask}&dlr-url={url}")).status == 202
        await both.told(lambda: len(both.sink.requests) >= 2)
        assert sorted(seen.path for seen in both.sink.requests) == ["/kannel/last", "/smppd/last"]
