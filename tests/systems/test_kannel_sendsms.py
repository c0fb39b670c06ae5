"""/cgi-bin/sendsms: what each request becomes, and what is wrong first is what the caller is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from smppd.desk.passwords import password_hash as hashed
from smppd.model import BUFFERED, OutboundState, Submission
from tests.systems.kannel_kit import USER, Caller, caller
from tests.systems.kit import PASSWORD

LOGIN = f"username={USER}&password={PASSWORD}".encode()
WHO = LOGIN + b"&from=8500&to=256772000001"
FULL = WHO + b"&text=hi"
DENIED = "Number(s) has/have been denied by white- and/or black-lists."
ACCEPTED = "0: Accepted for delivery"
FLAWED = (
    b"&dlr-url=x&dlr-mask=99&mclass=9&pid=999&rpi=9&alt-dcs=9&mwi=9&coding=9&compress=9&validity=-9"
    b"&deferred=-9&priority=9"
)


@pytest.fixture
async def here() -> AsyncIterator[Caller]:
    async with caller() as one:
        yield one


def changes(message: Submission) -> dict[str, Any]:
    """The fields that are not as those of the plainest message; options beside the others."""
    plain = asdict(Submission("+256772000001", "hi", sender="8500"))
    given = asdict(message)
    options, plain_options = given.pop("options"), plain.pop("options")
    given["extra"] = {name: value for name, value in options.pop("extra").items() if name != "user"}
    plain["extra"] = {}
    plain, given = plain | plain_options | {"extra": {}}, given | options | {"extra": given["extra"]}
    return {name: value for name, value in given.items() if value != plain[name]}


@pytest.mark.parametrize(
    ("query", "status", "body"),
    [
        (b"", 403, "Authorization failed for sendsms"),
        (f"username={USER}".encode(), 403, "Authorization failed for sendsms"),
        (f"username={USER}&password=no&to=".encode(), 403, "Authorization failed for sendsms"),
        (f"username=nobody&password={PASSWORD}".encode(), 403, "Authorization failed for sendsms"),
        (f"username=&user={USER}&password={PASSWORD}".encode(), 403, "Authorization failed for sendsms"),
        (LOGIN, 400, "Missing receiver number, rejected"),
        (LOGIN + b"&to=&udh=%09", 400, "Empty receiver number not allowed, rejected"),
        (LOGIN + b"&to=abc&udh=%09", 400, "UDH field misformed, rejected"),
        (LOGIN + b"&to=abc&udh=%8C" + b"a" * 140, 400, "UDH field is too long, rejected"),
        (LOGIN + b"&to=abc", 400, DENIED),
        (LOGIN + b"&to=+", 400, DENIED),
        (LOGIN + b"&to=256772000001&account=[", 400, "Sender missing and no global set, rejected"),
        (LOGIN + b"&to=256772000001&from=", 400, "Sender missing and no global set, rejected"),
        (WHO + b"&account=%5B" + FLAWED, 400, "Account field misformed or too long, rejected"),
        (WHO + b"&account=" + b"a" * 65, 400, "Account field misformed or too long, rejected"),
        (WHO + b"&account=a%00b", 400, "Account field misformed or too long, rejected"),
        (WHO + b"&dlr-url=http://host/%00", 400, "DLR-URL field misformed, rejected"),
        (WHO + FLAWED, 400, "DLR-URL field misformed, rejected"),
        (WHO + b"&dlr-url=http://", 400, "DLR-URL field misformed, rejected"),
        (WHO + b"&dlrurl=ftp://host/x", 400, "DLR-URL field misformed, rejected"),
        (WHO + b"&dlr-mask=67", 400, "DLR-Mask field misformed, rejected"),
        (WHO + b"&dlrmask=-2", 400, "DLR-Mask field misformed, rejected"),
        (WHO + b"&validity=0", 400, "Validity field misformed, rejected"),
        (WHO + b"&charset=nonsense&text=a", 400, "Charset or body misformed, rejected"),
        (WHO + b"&charset=rot13&text=a", 400, "Charset or body misformed, rejected"),
        (WHO + b"&charset=idna&text=a", 400, "Charset or body misformed, rejected"),
        (WHO + b"&charset=&text=%E9", 400, "Charset or body misformed, rejected"),
        (WHO + b"&coding=2&text=%01", 400, "Charset or body misformed, rejected"),
        (WHO + b"&coding=2&text=%D8%3D", 400, "Charset or body misformed, rejected"),
        (WHO + b"&smsc=nowhere", 403, "Not routable. Do not try again."),
        (WHO + b"&text=" + b"a" * 1531, 400, "Text rejected: it takes 11 parts, at most 10 are allowed"),
        (WHO + b"&udh=%01%00&text=a", 400, "UDH field misformed, rejected"),
        (WHO + b"&binfo=%C3%A9", 400, "BInfo field misformed, rejected"),
        (
            LOGIN + b"&from=8500&to=0772000001",
            400,
            "Receiver number misformed, rejected: a national number, and policy.region does not say of which country",
        ),
        (
            LOGIN + b"&to=256772000001&from=MINISTRYOFHEALTH",
            400,
            "Sender misformed or not allowed, rejected: a name as sender has at most 11 plain characters",
        ),
    ],
)
async def test_what_is_wrong_first_is_what_the_answer_says(here: Caller, query: bytes, status: int, body: str) -> None:
    said = await here.get(query)
    assert (said.status, said.body) == (status, body)
    assert len(here.taken) == (status == 202)


async def test_each_range_is_checked_in_kannels_order(here: Caller) -> None:
    """With all of them wrong the first is named; put right, the next."""
    names = ["DLR-URL", "DLR-Mask", "MClass", "PID", "RPI", "Alt-DCS", "MWI", "Coding", "Compress", "Validity",
             "Deferred", "Priority"]  # fmt: skip
    flawed = FLAWED.split(b"&")[1:]
    for at, name in enumerate(names):
        said = await here.get(WHO + b"&" + b"&".join(flawed[at:]))
        assert (said.status, said.body) == (400, f"{name} field misformed, rejected")
    assert not here.taken


# parameter, least, most
RANGES = [("dlr-mask", -1, 66), ("mclass", -1, 3), ("pid", -1, 255), ("rpi", -1, 2), ("alt-dcs", -1, 1), ("mwi", -1, 7),
          ("coding", -1, 2), ("compress", -1, 1), ("deferred", -1, 400_000), ("priority", -1, 3)]  # fmt: skip


@pytest.mark.parametrize(("name", "least", "most"), RANGES)
async def test_a_number_is_taken_from_its_least_to_its_most_and_no_further(
    here: Caller, name: str, least: int, most: int
) -> None:
    beyond = most + 1 if name != "deferred" else 600_000
    for value, status in [(least - 1, 400), (least, 202), (0, 202), (most, 202), (beyond, 400)]:
        said = await here.get(WHO + f"&text=%00h%00i&validity=500000&{name}={value}".encode())
        assert said.status == status, (value, said.body)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (b"&text=hi", {}),
        (b"", {"text": ""}),
        (b"&text=", {"text": ""}),
        (b"&text=hi&text=ho", {}),
        (b"&TEXT=ho", {"text": ""}),
        (b"&text=a+b%2Bc%26%3D=d;e?f", {"text": "a b+c&==d;e?f"}),
        (b"&text=%zz%4", {"text": "%zz%4"}),
        (b"&text=%C3%A9%E2%82%AC", {"text": "é€"}),
        (b"&text=%E9&charset=ISO-8859-1", {"text": "é"}),
        (b"&text=%80&charset=WINDOWS-1252", {"text": "€"}),
        (b"&text=%00h&charset=UCS-2", {"text": "h"}),
        (b"&text=%00h%01%0D&coding=2", {"text": "hč", "coding": "ucs2"}),
        (b"&text=%D8%3D%DE%00&coding=2", {"text": "😀", "coding": "ucs2"}),
        (b"&text=%C4%8D&coding=2&charset=utf8", {"text": "č", "coding": "ucs2"}),
        (b"&text=h%00&coding=2&charset=UTF-16LE", {"text": "h", "coding": "ucs2"}),
        (b"&text=%00%FF&coding=1", {"text": None, "data": b"\x00\xff"}),
        (b"&text=%00%FF&coding=1&charset=utf8", {"text": None, "data": b"\x00\xff"}),
        (b"&text=hi&coding=0", {}),
        (b"&text=hi&coding=x", {}),
        (b"&text=hi&coding=", {}),
        (b"&text=hi&coding=-1", {}),
        (b"&text=%00h&coding=+2x", {"text": "h", "coding": "ucs2"}),
        (b"&text=%01&udh=%06%05%04%0B%84%23%F0", {"text": None, "data": b"\x01", "udh": "0605040b8423f0"}),
        (b"&text=hi&udh=%06%05%04%0B%84%23%F0&coding=0", {"udh": "0605040b8423f0"}),
        (b"&text=hi&udh=%05%00%03%01%02%01&coding=0", {"udh": "050003010201"}),
        (b"&text=hi&udh=", {}),
        (b"&text=hi&mclass=0", {"message_class": 0}),
        (b"&text=hi&mclass=-1", {}),
        (b"&text=hi&alt-dcs=1", {"message_class": 1}),
        (b"&text=hi&alt-dcs=0", {}),
        (b"&text=hi&alt-dcs=1&mclass=3", {"message_class": 3}),
        (b"&text=%00h&alt-dcs=1&coding=2", {"text": "h", "coding": "ucs2"}),
        (b"&text=%00h&mclass=2&coding=2", {"text": "h", "coding": "ucs2", "message_class": 2}),
        (b"&text=h&mclass=2&coding=1", {"text": None, "data": b"h", "data_coding": 0xF6}),
        (b"&text=h&alt-dcs=1&coding=1", {"text": None, "data": b"h", "data_coding": 0xF5}),
        (b"&text=h&compress=1&coding=1", {"text": None, "data": b"h", "data_coding": 0x24}),
        (b"&text=h&compress=1&coding=1&mclass=1", {"text": None, "data": b"h", "data_coding": 0x35}),
        (b"&text=hi&compress=1", {}),
        (b"&text=hi&mwi=0", {"data_coding": 0xD8}),
        (b"&text=hi&mwi=3&mclass=1", {"data_coding": 0xDB, "message_class": 1}),
        (b"&text=hi&mwi=5", {"data_coding": 0xC1}),
        (b"&text=&mwi=3", {"text": "", "data_coding": 0xCB}),
        (b"&text=%C4%8D&mwi=1", {"text": "č", "data_coding": 0xE9}),
        (b"&text=%00h&mwi=2&coding=2", {"text": "h", "coding": "ucs2", "data_coding": 0xEA}),
        (b"&text=%00h&mwi=6&coding=2", {"text": "h", "coding": "ucs2", "data_coding": 0xE2}),
        (b"&text=h&mwi=3&coding=1", {"text": None, "data": b"h", "data_coding": 0xEB}),
        (b"&text=hi&pid=65&rpi=1&priority=3", {"protocol_id": 65, "reply_path": True, "priority": 3}),
        (b"&text=hi&rpi=2&priority=-1&pid=-1", {"reply_path": True}),
        (b"&text=hi&rpi=0", {}),
        (b"&text=hi&binfo=abcdefgh", {"service_type": "abcde"}),
        (b"&text=hi&account=%C3%A9", {"extra": {"account": "é"}}),
        (b"&text=hi&smsc=mtn", {"carrier": "mtn"}),
        (b"&text=hi&smsc=", {}),
        (b"&text=hi&dlr-url=http://x/%3Fa=%25d", {}),
        (b"&text=hi&dlr-mask=31", {}),
        (b"&text=hi&meta-data=%3Fsmpp%3Fa%3Db", {}),
    ],
)
async def test_what_each_parameter_becomes(here: Caller, query: bytes, expected: dict[str, Any]) -> None:
    said = await here.get(WHO + query)
    assert (said.status, said.body) == (202, ACCEPTED)
    assert [changes(message) for message in here.taken] == [expected]


@pytest.mark.parametrize(
    ("written", "receivers"),
    [
        (b"256772000001", ["+256772000001"]),
        (b"%2B256772000001", ["+256772000001"]),
        (b"+256772000001", ["+256772000001"]),
        (b"00256772000001", ["+256772000001"]),
        (b"256-772-000001", ["+256772000001"]),
        (b"8500", ["8500"]),
        (b"256772000001+256772000002", ["+256772000001", "+256772000002"]),
        (b"256772000001%09%0A256772000002++", ["+256772000001", "+256772000002"]),
        (b"256772000001,256772000002;+256772000003", ["+256772000001", "+256772000002", "+256772000003"]),
        (b"256772000001+256772000001", ["+256772000001"]),
    ],
)
async def test_receivers_are_parted_by_blanks_commas_and_semicolons(
    here: Caller, written: bytes, receivers: list[str]
) -> None:
    said = await here.get(LOGIN + b"&from=8500&text=hi&to=" + written)
    assert (said.status, said.body) == (202, ACCEPTED)
    assert [message.recipient for message in here.taken] == receivers
    assert len(said.headers["x-message-id"].split()) == len(receivers)


@pytest.mark.parametrize(
    ("written", "sender"),
    [
        (b"8500", "8500"),
        (b"+8500", "8500"),
        (b"%2B256780000000", "+256780000000"),
        (b"+256780000000", "+256780000000"),
        (b"HEALTH", "HEALTH"),
        (b"a+b", "a b"),
    ],
)
async def test_a_sender_is_shown_as_it_is_asked_for(here: Caller, written: bytes, sender: str) -> None:
    said = await here.get(LOGIN + b"&to=256772000001&text=hi&from=" + written)
    assert (said.status, [message.sender for message in here.taken]) == (202, [sender])


@pytest.mark.parametrize(
    ("system", "query", "status", "sender"),
    [
        ({"senders": ["8500", "8600"]}, b"", 202, "8500"),
        ({"senders": ["8500", "8600"]}, b"&from=8600", 202, "8600"),
        ({"senders": ["8500", "8600"]}, b"&from=8700", 400, None),
        ({"faked_sender": "7000"}, b"", 202, "7000"),
        ({"faked_sender": "7000"}, b"&from=8600", 202, "7000"),
        ({}, b"", 400, None),
    ],
)
async def test_the_sender_is_the_faked_one_or_the_one_asked_for_or_the_systems_first(
    system: dict[str, Any], query: bytes, status: int, sender: str | None
) -> None:
    async with caller(**system) as here:
        said = await here.get(LOGIN + b"&to=256772000001&text=hi" + query)
        assert said.status == status, said.body
        assert [message.sender for message in here.taken] == ([sender] if sender else [])


async def test_without_a_sender_the_number_of_the_carrier_is_shown() -> None:
    carriers = {"mtn": {"hosts": ["127.0.0.1:1"], "system_id": "x", "numbers": ["8500"]}}
    async with caller(carriers) as here:
        assert (await here.get(LOGIN + b"&to=256772000001&text=hi")).status == 202
        assert here.taken[0].sender == "8500"


async def test_the_carrier_of_the_configuration_is_taken_against_the_wish_of_a_message() -> None:
    carriers = {name: {"hosts": ["127.0.0.1:1"], "system_id": "x"} for name in ("mtn", "airtel")}
    async with caller(carriers, carrier="airtel") as here:
        assert (await here.get(FULL + b"&smsc=mtn")).status == 202
        assert here.taken[0].options.carrier == ""


async def test_meta_data_names_the_optional_parameters_that_a_carrier_has() -> None:
    tlvs = {"entity": {"tag": 0x1400, "type": "octetstring", "length": 20}}
    carriers = {"mtn": {"hosts": ["127.0.0.1:1"], "system_id": "x", "tlvs": tlvs}}
    async with caller(carriers) as here:
        meta_data = quote("?orig?entity=1?smpp?entity=a%26+b&other=2?x?entity=3")
        assert (await here.get(FULL + b"&meta-data=" + meta_data.encode())).status == 202
        assert here.taken[0].options.tlvs == {"entity": "a& b"}


_ENDS = OutboundState.EXPIRED, OutboundState.REJECTED, OutboundState.FAILED, OutboundState.CANCELLED
_REFUSALS = sum(state.bit for state in _ENDS)
_FAILURES = OutboundState.UNDELIVERED.bit | OutboundState.UNKNOWN.bit | _REFUSALS


@pytest.mark.parametrize(
    ("mask", "report"),
    [
        (-1, 0),
        (0, 0),
        (1, OutboundState.DELIVERED.bit),
        (2, _FAILURES),
        (4, BUFFERED),
        (8, OutboundState.SENT.bit),
        (16, _REFUSALS),
        (27, OutboundState.DELIVERED.bit | _FAILURES | OutboundState.SENT.bit),
        (31, OutboundState.DELIVERED.bit | _FAILURES | OutboundState.SENT.bit | BUFFERED),
        (64, _FAILURES),
    ],
)
async def test_the_mask_says_which_news_are_wanted(here: Caller, mask: int, report: int) -> None:
    url = "http://host/dlr?id=7&status=%d"
    query = FULL + f"&dlr-mask={mask}&dlr-url={quote(url, safe='')}".encode()
    assert (await here.get(query)).status == 202
    (message,) = here.taken
    assert (message.report, message.options.intermediate) == (report, mask in (4, 31))
    asked = {"dlr-url": url, "dlr-mask": mask} if report else {}
    assert message.options.extra == {"user": USER, **asked}


async def test_a_mask_without_a_url_takes_that_of_the_configuration() -> None:
    async with caller(dlr_url="https://host/%d") as here:
        await here.get(FULL + b"&dlr-mask=1")
        await here.get(FULL)
        assert [message.report for message in here.taken] == [OutboundState.DELIVERED.bit, 0]
        assert here.taken[0].options.extra["dlr-url"] == "https://host/%d"


async def test_validity_and_deferred_are_minutes_from_now(here: Caller) -> None:
    before = datetime.now(UTC)
    assert (await here.get(FULL + b"&validity=30&deferred=10")).status == 202
    (message,) = here.taken
    assert message.options.validity == 1800
    assert message.send_at is not None
    assert message.expires_at is not None
    for at, minutes in [(message.send_at, 10), (message.expires_at, 30)]:
        assert timedelta(0) <= at - before - timedelta(minutes=minutes) < timedelta(seconds=10)
    said = await here.get(FULL + b"&validity=10&deferred=30")
    assert (said.status, said.body) == (400, "Deferred field misformed, rejected")


async def test_what_is_queued_for_a_carrier_that_is_not_up_is_said_so(here: Caller) -> None:
    here.counter.up = False
    said = await here.get(FULL)
    assert (said.status, said.body) == (202, "3: Queued for later delivery")


async def test_nothing_is_promised_while_the_store_is_away(here: Caller) -> None:
    here.counter.down = True
    said = await here.get(FULL)
    assert (said.status, said.body) == (503, "Temporal failure, try again later.")
    assert "x-message-id" not in said.headers


async def test_receivers_that_get_nothing_are_named_beside_those_that_do(here: Caller) -> None:
    said = await here.get(LOGIN + b"&from=8500&text=hi&to=abc+256772000001+0772000002")
    assert said.status == 202
    assert said.body == f"{ACCEPTED} Denied receivers are: abc 0772000002"
    assert [message.recipient for message in here.taken] == ["+256772000001"]


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("GET", b"/cgi-bin/sendota", 404, "Unknown request."),
        ("POST", b"/cgi-bin/xmlrpc", 404, "Unknown request."),
        ("GET", b"/cgi-bin/sendsms/?" + FULL, 404, "Unknown request."),
        ("GET", b"/cgi-bin/", 404, "Unknown request."),
        ("HEAD", b"/cgi-bin/sendsms?" + FULL, 405, ""),
    ],
)
async def test_there_is_nothing_else_under_cgi_bin(
    here: Caller, method: str, path: bytes, status: int, body: str
) -> None:
    said = await here.ask(method, path)
    assert (said.status, said.body) == (status, body)
    assert not here.taken


async def test_the_headers_of_kannel_are_there_and_text_is_never_shown_as_a_page(here: Caller) -> None:
    said = await here.get(LOGIN + b"&from=8500&to=256772000001+%3Cb%3E")
    assert said.headers["content-type"] == "text/plain; charset=utf-8"
    assert (said.headers["pragma"], said.headers["cache-control"]) == ("no-cache", "no-cache")


async def test_the_same_dlr_url_is_the_same_message_until_it_has_ended() -> None:
    async with caller(once_per_dlr_url=True) as here:
        query = FULL + b"&dlr-mask=27&dlr-url=http%3A//host/dlr%3Fuuid%3D1%26status%3D%25d"
        for _ in range(3):
            assert (await here.get(query)).body == ACCEPTED
        assert len(here.taken) == 1
        (first,) = here.counter.states
        here.counter.states[first] = OutboundState.DELIVERED
        await here.get(query)
        assert len(here.taken) == 1
        here.counter.states[first] = OutboundState.REJECTED
        for _ in range(2):
            assert (await here.get(query)).status == 202
        assert len(here.taken) == 2, "RapidPro sends again what it was told has failed"
        await here.get(query.replace(b"uuid%3D1", b"uuid%3D2"))
        await here.get(query.replace(b"text=hi", b"text=ho"))
        await here.get(FULL)
        await here.get(FULL)
        assert len(here.taken) == 6


async def test_a_message_id_is_unique_to_the_installation_and_holds_the_number(here: Caller) -> None:
    ids = [(await here.get(FULL)).headers["x-message-id"] for _ in range(2)]
    assert ids == ["8c0c3f5a-6a3c-8b2e-8000-000000000001", "8c0c3f5a-6a3c-8b2e-8000-000000000002"]


@pytest.mark.parametrize(
    ("access", "status", "body"),
    [
        ({"password": PASSWORD}, 202, ACCEPTED),
        ({"password_hash": hashed(PASSWORD)}, 202, ACCEPTED),
        ({"password": "another"}, 403, "Authorization failed for sendsms"),
        ({"password": PASSWORD, "allow_ips": ["127.0.0.0/8"]}, 202, ACCEPTED),
        ({"password": PASSWORD, "allow_ips": ["10.0.0.0/8"]}, 403, "Authorization failed for sendsms"),
    ],
)
async def test_credentials_and_address_are_those_of_the_access_table(
    access: dict[str, Any], status: int, body: str
) -> None:
    async with caller(access={"username": USER, **access}) as here:
        said = await here.get(FULL)
        assert (said.status, said.body) == (status, body)


async def test_the_credentials_of_another_kind_of_system_do_not_serve_here() -> None:
    async with caller(others={"app": {"type": "api", "access": {"username": "app", "password": PASSWORD}}}) as here:
        assert (await here.get(FULL.replace(USER.encode(), b"app"))).status == 403
        assert (await here.get(FULL)).status == 202


async def test_what_is_faster_than_the_rate_is_told_to_come_again() -> None:
    """RapidPro takes a 429 as final, and a 503 as a reason to try again."""
    async with caller(access={"username": USER, "password": PASSWORD, "rate": 1}) as here:
        said = [await here.get(FULL) for _ in range(8)]
        refused = [each for each in said if each.status != 202]
        assert {(each.status, each.body) for each in refused} == {(503, "Temporal failure, try again later.")}
        assert all(int(each.headers["retry-after"]) >= 1 for each in refused)
        assert len(here.taken) == len(said) - len(refused)
