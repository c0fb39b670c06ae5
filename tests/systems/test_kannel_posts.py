"""POST /cgi-bin/sendsms: headers with a body, XML, a form, JSON."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from smppd.systems import kannel_sendsms
from tests.systems.kannel_kit import USER, Caller, caller
from tests.systems.kit import PASSWORD
from tests.systems.test_kannel_sendsms import ACCEPTED, DENIED, WHO, changes

PATH = b"/cgi-bin/sendsms"
WHO_HEADERS = {"Username": USER, "Password": PASSWORD, "From": "8500", "To": "256772000001"}
UNAUTHORIZED = "Authorization failed for sendsms"


@pytest.fixture
async def here() -> AsyncIterator[Caller]:
    async with caller() as one:
        yield one


def headers(kind: str | None, **given: str | None) -> list[tuple[str, bytes]]:
    """X-Kannel headers; one that is None is left out."""
    named = WHO_HEADERS | {name.replace("_", "-"): value for name, value in given.items()}
    shown = [(f"X-Kannel-{name}", value.encode()) for name, value in named.items() if value is not None]
    return shown if kind is None else [("Content-Type", kind.encode()), *shown]


# Content-Type, X-Kannel headers, body, what the message has
HEADED: list[tuple[str | None, dict[str, str], bytes, dict[str, Any]]] = [
    ("text/plain", {}, b"hi", {}),
    ("TEXT/Plain", {}, b"hi", {}),
    ("text/plain", {}, b"", {"text": ""}),
    ("text/plain", {}, b"\xe9", {"text": "é"}),
    ("text/plain; charset=utf-8", {}, b"\xc3\xa9", {"text": "é"}),
    ('text/plain; format=flowed; charset="UTF-8"', {}, b"\xc3\xa9", {"text": "é"}),
    ("text/plain", {"Coding": "2"}, b"\xe9", {"text": "é", "coding": "ucs2"}),
    ("text/plain; charset=utf-8", {"Coding": "2"}, b"\xc4\x8d", {"text": "č", "coding": "ucs2"}),
    ("text/plain; charset=UTF-16BE", {"Coding": "2"}, b"\x01\x0d", {"text": "č", "coding": "ucs2"}),
    ("text/plain", {"Coding": "1"}, b"\xe9", {"text": None, "data": b"\xe9"}),
    ("application/octet-stream", {}, b"\x00\xff", {"text": None, "data": b"\x00\xff"}),
    (None, {}, b"\x00\xff", {"text": None, "data": b"\x00\xff"}),
    ("application/octet-stream", {"Coding": "0"}, b"hi", {}),
    ("application/octet-stream", {"Coding": "2"}, b"\x01\x0d", {"text": "č", "coding": "ucs2"}),
    ("text/plain", {"UDH": "050003010201"}, b"hi", {"udh": "050003010201"}),
    ("text/plain", {"UDH": "%05%00%03%01%02%01"}, b"hi", {"udh": "050003010201"}),
    ("text/plain", {"MClass": "0"}, b"hi", {"message_class": 0}),
    ("text/plain", {"mclass": "0"}, b"hi", {"message_class": 0}),
    ("text/plain", {"MWI": "1"}, b"hi", {"data_coding": 0xD9}),
    ("text/plain", {"Alt-DCS": "1"}, b"hi", {"message_class": 1}),
    ("text/plain", {"PID": "65", "RPI": "1", "Priority": "2"}, b"hi",
     {"protocol_id": 65, "reply_path": True, "priority": 2}),
    ("text/plain", {"BInfo": "ab", "Account": "x", "SMSC": "mtn"}, b"hi",
     {"service_type": "ab", "extra": {"account": "x"}, "carrier": "mtn"}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "given", "body", "expected"), HEADED)
async def test_a_text_with_headers(
    here: Caller, kind: str | None, given: dict[str, str], body: bytes, expected: dict[str, Any]
) -> None:
    said = await here.ask("POST", PATH, headers(kind, **given), body)
    assert (said.status, said.body) == (202, ACCEPTED)
    assert [changes(message) for message in here.taken] == [expected]


@pytest.mark.parametrize(
    ("kind", "given", "status", "body"),
    [
        ("image/png", {"Username": "nobody"}, 400, "Invalid content-type"),
        ("application/xml", {}, 400, "Invalid content-type"),
        ("text/html", {}, 415, "Unsupported content-type, rejected"),
        ("text/vnd.wap.wml", {}, 415, "Unsupported content-type, rejected"),
        ("text/plain", {"Username": None}, 403, UNAUTHORIZED),
        ("text/plain", {"Password": "no"}, 403, UNAUTHORIZED),
        ("text/plain", {"To": None}, 400, "Missing receiver(s) number(s), rejected"),
        ("text/plain", {"To": ""}, 400, "Empty receiver number not allowed, rejected"),
        ("text/plain", {"To": "abc"}, 400, DENIED),
        ("text/plain", {"From": None}, 400, "Sender missing and no global set, rejected"),
        ("text/plain", {"UDH": "0500030102 01"}, 400, "UDH field misformed, rejected"),
        ("text/plain", {"UDH": "zz"}, 400, "UDH field misformed, rejected"),
        ("text/plain", {"Account": "a[b"}, 400, "Account field misformed or too long, rejected"),
        ("text/plain", {"DLR_Mask": "99"}, 400, "DLR-Mask field misformed, rejected"),
        ("text/plain; charset=bogus", {}, 400, "Charset or body misformed, rejected"),
    ],
)
async def test_what_is_wrong_with_headers(
    here: Caller, kind: str, given: dict[str, str | None], status: int, body: str
) -> None:
    said = await here.ask("POST", PATH, headers(kind, **given), b"hi")
    assert (said.status, said.body) == (status, body)
    assert not here.taken


async def test_headers_never_leave_anything_to_the_query(here: Caller) -> None:
    said = await here.ask("POST", PATH + b"?" + WHO, [("Content-Type", b"text/plain")], b"hi")
    assert (said.status, said.body) == (403, UNAUTHORIZED)


def xml(more: str = "", ud: str = "hi", declared: str = "<?xml version='1.0'?>") -> str:
    login = f"<from><user>{USER}</user><pass>{PASSWORD}</pass></from>"
    da, oa = "<da><number>256772000001</number></da>", "<oa><number>8500</number></oa>"
    return f"{declared}<message><submit>{da}{oa}<ud>{ud}</ud>{more}{login}</submit></message>"


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (xml(), {}),
        (xml(ud="hello+w%C3%A9rld &amp; all"), {"text": "hello wérld & all"}),
        (xml(ud="é"), {"text": "é"}),
        (xml(ud="face"), {"text": "face"}),
        (xml(ud="68656c6c6f"), {"text": "68656c6c6f"}),
        (xml("<dcs><coding>2</coding></dcs>", "č"), {"text": "č", "coding": "ucs2"}),
        (xml("<dcs><coding>1</coding></dcs>", "%00%FF"), {"text": None, "data": b"\x00\xff"}),
        (xml("<dcs><mclass>0</mclass></dcs>"), {"message_class": 0}),
        (xml("<dcs><mwi>1</mwi></dcs>"), {"data_coding": 0xD9}),
        (xml("<dcs><alt-dcs>1</alt-dcs></dcs>"), {"message_class": 1}),
        (xml("<udh>050003010201</udh>"), {"udh": "050003010201"}),
        (xml("<udh>%05%00%03%01%02%01</udh>"), {"udh": "050003010201"}),
        (
            xml("<pid>65</pid><rpi>1</rpi><priority>2</priority>"),
            {"protocol_id": 65, "reply_path": True, "priority": 2},
        ),
        (xml("<smsc>mtn</smsc><to>other</to>"), {"carrier": "mtn"}),
        (xml("<to>mtn</to>"), {"carrier": "mtn"}),
        (xml("<!-- <ud>ho</ud> --><other><ud>ho</ud></other>"), {}),
    ],
)
async def test_xml(here: Caller, document: str, expected: dict[str, Any]) -> None:
    said = await here.ask("POST", PATH, [("Content-Type", b"text/xml; charset=utf-8")], document.encode())
    assert (said.status, said.body) == (202, ACCEPTED)
    assert [changes(message) for message in here.taken] == [expected]


async def test_xml_is_in_the_encoding_it_declares(here: Caller) -> None:
    document = xml(ud="é", declared='<?xml version="1.0" encoding="ISO-8859-1"?>').encode("latin-1")
    assert (await here.ask("POST", PATH, [("Content-Type", b"text/xml")], document)).status == 202
    assert here.taken[0].text == "é"


async def test_xml_with_times_reports_and_several_receivers(here: Caller) -> None:
    more = (
        "<da><number>256772000002</number></da><vp><delay>30</delay></vp><timing><delay>10</delay></timing>"
        "<statusrequest><dlr-mask>3</dlr-mask><dlr-url>http://x/?a=%d&amp;b=%p</dlr-url></statusrequest>"
    )
    assert (await here.ask("POST", PATH, [("Content-Type", b"text/xml")], xml(more).encode())).status == 202
    first, second = here.taken
    assert [first.recipient, second.recipient] == ["+256772000001", "+256772000002"]
    assert first.options.extra == {"user": USER, "dlr-url": "http://x/?a=%d&b=%p", "dlr-mask": 3}
    assert first.options.validity == 1800
    assert first.send_at is not None


@pytest.mark.parametrize(
    ("document", "status", "body"),
    [
        ("", 403, UNAUTHORIZED),
        ("<message><sub", 403, UNAUTHORIZED),
        (xml().replace("message>", "msg>"), 403, UNAUTHORIZED),
        (xml().replace(PASSWORD, "no"), 403, UNAUTHORIZED),
        (xml().replace("<da><number>256772000001</number></da>", ""), 400, "Missing receiver(s) number(s), rejected"),
        (xml().replace("<oa><number>8500</number></oa>", ""), 400, "Sender missing and no global set, rejected"),
        (xml("<dcs><coding>7</coding></dcs>"), 400, "Coding field misformed, rejected"),
        (xml("", "&big;", '<!DOCTYPE m [<!ENTITY big "ha">]>'), 403, UNAUTHORIZED),
    ],
)
async def test_what_is_wrong_with_xml(here: Caller, document: str, status: int, body: str) -> None:
    said = await here.ask("POST", PATH, [("Content-Type", b"text/xml")], document.encode())
    assert (said.status, said.body) == (status, body)
    assert not here.taken


FORM = [("Content-Type", b"application/x-www-form-urlencoded")]


@pytest.mark.parametrize(
    ("query", "body"),
    [
        (b"", WHO + b"&text=h%C3%A9"),
        (b"", WHO + b"&text=h%C3%A9\r\n"),
        (b"?" + WHO, b"text=h%C3%A9"),
        (b"?" + WHO + b"&text=h%C3%A9", b""),
        (b"?" + WHO + b"&text=other", b"text=h%C3%A9"),
    ],
)
async def test_a_form_may_leave_some_of_it_to_the_query(here: Caller, query: bytes, body: bytes) -> None:
    assert (await here.ask("POST", PATH + query, FORM, body)).status == 202
    assert [changes(message) for message in here.taken] == [{"text": "hé"}]


async def test_a_form_reads_as_the_query_does(here: Caller) -> None:
    assert (await here.ask("POST", PATH, FORM, WHO + b"&text=%01%0D&coding=2&udh=")).status == 202
    assert [changes(message) for message in here.taken] == [{"text": "č", "coding": "ucs2"}]


JSON = [("Content-Type", b"application/json")]
LOGIN = {"username": USER, "password": PASSWORD, "from": "8500", "to": "256772000001", "text": "hi"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, [{}]),
        ({"text": "č"}, [{"text": "č"}]),
        ({"text": "č", "coding": 2}, [{"text": "č", "coding": "ucs2"}]),
        ({"udh": "0605040b8423f0", "coding": 0}, [{"udh": "0605040b8423f0"}]),
        ({"mclass": 0, "priority": "3"}, [{"message_class": 0, "priority": 3}]),
        ({"to": ["256772000001", 256772000002]}, [{}, {"recipient": "+256772000002"}]),
        ({"smsc": None}, [{}]),
    ],
)
async def test_json(here: Caller, given: dict[str, Any], expected: list[dict[str, Any]]) -> None:
    said = await here.ask("POST", PATH, JSON, orjson.dumps(LOGIN | given))
    assert (said.status, said.body) == (202, ACCEPTED)
    assert [changes(message) for message in here.taken] == expected


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (b"{", 400, "JSON body misformed, rejected"),
        (b"[]", 400, "JSON body misformed, rejected"),
        (b'{"to": {}}', 400, "JSON body misformed, rejected"),
        (b'{"to": true}', 400, "JSON body misformed, rejected"),
        (b"{}", 403, UNAUTHORIZED),
        (orjson.dumps(LOGIN | {"mclass": 9}), 400, "MClass field misformed, rejected"),
    ],
)
async def test_what_is_wrong_with_json_is_said_as_json(here: Caller, body: bytes, status: int, error: str) -> None:
    said = await here.ask("POST", PATH, JSON, body)
    assert (said.status, orjson.loads(said.body)) == (status, {"error": error})
    assert not here.taken


async def test_a_body_that_is_too_large_or_not_compressed_as_it_says(here: Caller) -> None:
    said = await here.ask("POST", PATH, headers("text/plain"), b"a" * (2**18 + 1))
    assert (said.status, said.body) == (413, "Body too large, rejected")
    said = await here.ask("POST", PATH, [*headers("text/plain"), ("Content-Encoding", b"gzip")], b"no gzip")
    assert (said.status, said.body) == (400, "Body misformed, rejected")
    assert here.taken == []


async def test_a_body_that_never_ends_is_not_waited_for(here: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kannel_sendsms, "LONGEST_BODY", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", here.port)
    writer.write(b"POST " + PATH + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\na")
    async with asyncio.timeout(10):
        said = await reader.readuntil(b"Body did not come in time, rejected")
    assert said.startswith(b"HTTP/1.1 408 ")
    writer.close()
