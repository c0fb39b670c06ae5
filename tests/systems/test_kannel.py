"""Kannel's side towards a service: the %-codes, messages by GET and POST, reports by dlr-url, replies."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest

from smppd.config import SystemConfig
from smppd.desk import Accepted
from smppd.model import BatchResult, Delivery, Options, OutboundState, Report, ReportDetail
from smppd.simulator.standin import Failure
from smppd.simulator.webhook import Sink
from smppd.systems.kannel_escapes import Values, expanded
from smppd.systems.kannel_words import words
from tests.systems.kit import DEAD, DELIVERED, PAUSE, RETRY, SENDER, TEXT, adapter, attempt, delivery, try_once

AT = datetime(2026, 5, 4, 9, 15, tzinfo=UTC)


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    sink = Sink()
    await sink.start()
    yield sink
    await sink.stop()


def values(body: bytes = b"join St Mary's #2", **changes: Any) -> Values:
    plain = Values("+256772000001", "8500", body, AT, "mtn", "7f", "default", coding=0)
    for name, value in changes.items():
        setattr(plain, name, value)
    return plain


# template, what differs, result; the first ones are those of Kannel's documentation and of its 1.4.5.
CODES: list[tuple[bytes, dict[str, Any], str]] = [
    (b"s=%p&to=%P&ts=%T&at=%t", {}, "s=%2B256772000001&to=8500&ts=1777886100&at=2026-05-04+09:15:00"),
    (b"m=%b", {}, "m=join+St+Mary's+%232"),
    (b"m=%a", {"body": b"join  St Mary's #2"}, "m=join+St+Mary's+%232"),
    (b"m=%b", {"body": b"join  St"}, "m=join++St"),
    (b"k=%k&c=%s&rest=%r", {}, "k=join&c=St&rest=Mary's+%232"),
    (b"%k %s %s %s %s|", {}, "join%20St%20Mary's%20%232%20|"),
    (b"%S%S", {"body": b"a b*c d/e"}, "b~cd%2Fe"),
    (b"m=%b&c=%c&cs=%C", {"body": b"\x00\xe9 \xac", "coding": 2, "charset": "UTF-16BE"},
     "m=%00%E9+%AC&c=2&cs=UTF-16BE"),
    (b"%e", {"body": b"jo\xff"}, "6A6FFF"),
    (b"%A", {}, "join+St+Mary's+%232"),
    (b"%A", {"answer": b"ACK/"}, "ACK%2F"),
    (b"%q/%Q", {"sender": "00256772000001", "recipient": "008500"}, "%2B256772000001/%2B8500"),
    (b"%i %I %n", {}, "mtn%207f%20default"),
    (b"%d", {"value": 16}, "16"),
    (b"%d,%m,%M", {}, "-1,-1,-1"),
    (b"%R", {"dlr_url": "http://x/?a=%d"}, "http%3A%2F%2Fx%2F%3Fa%3D%25d"),
    (b"%F|%f|%B|%o|%v|%V", {"foreign_id": "00A1", "account": "x"}, "00A1|||x||"),
    (b"%u %U", {"udh": b"\x05\x00\x03\x2a\x02\x01"}, "%05%00%03*%02%01%200500032A0201"),
    (b"%O", {"data_coding": 8}, "08"),
    (b"%O", {"data_coding": 240}, "240"),
    (b"%D", {"meta_data": "?smpp?a=b&"}, "%3Fsmpp%3Fa%3Db%26"),
    (b"%#smpp#dlr_err#|%#smpp#no#|%#x#a#", {"meta_data": "?x?a=1&?smpp?dlr_err=%03%00%22&"}, "%03%00%22||1"),
    (b"p=100%%", {}, "p=100%"),
    (b"%z%1%", {}, "%z%1%"),
    (b"%%d", {"value": 1}, "%d"),
    ("http://x/é x?a=\n".encode(), {}, "http://x/%C3%A9%20x?a=%0A"),
    (b"%p", {"sender": "MTN Info"}, "MTN+Info"),
]  # fmt: skip


@pytest.mark.parametrize(("template", "changes", "expected"), CODES)
def test_each_code_stands_for_what_it_does_at_kannel(template: bytes, changes: dict[str, Any], expected: str) -> None:
    assert expanded(template, values(**changes)) == expected


def query(target: str) -> dict[str, bytes]:
    pairs = (pair.partition("=") for pair in target.partition("?")[2].split("&"))
    return {name: unquote_to_bytes(value.replace("+", " ")) for name, _, value in pairs}


ALL = "?p=%p&P=%P&b=%b&T=%T&i=%i&I=%I&c=%c&C=%C&n=%n&d=%d&O=%O"
SEEN = {
    "p": SENDER.encode(),
    "P": b"15001",
    "b": TEXT.encode(),
    "T": b"1769847300",
    "i": b"vodacom",
    "I": b"8c0c3f5a-6a3c-8b2e-8000-000000000007",
    "c": b"0",
    "C": b"UTF-8",
    "n": b"here",
    "d": b"-1",
    "O": b"00",
}


def to(url: str, **config: Any) -> Any:
    return adapter("kannel", "", **{"get_url": url + "/in" + ALL, **config})


@pytest.mark.parametrize(
    ("config", "changes", "expected"),
    [
        ({}, {}, {}),
        ({"service": "clinic"}, {}, {"n": b"clinic"}),
        ({}, {"sender": "255754123456"}, {}),
        ({}, {"text": "日本"}, {"b": "日本".encode()}),
        ({"mo_recode": False}, {}, {}),
        ({"mo_recode": False}, {"text": "é€"}, {"b": "é€".encode()}),
        ({"mo_recode": False}, {"text": "日本"},
         {"b": "日本".encode("utf-16-be"), "c": b"2", "C": b"UTF-16BE", "O": b"08"}),
        ({}, {"text": None, "data": b"\x00 \xff"}, {"b": b"\x00 \xff", "c": b"1", "C": b"8-BIT", "O": b"04"}),
        ({}, {"text": ""}, {"b": b""}),
    ],
)  # fmt: skip
async def test_a_message_is_fetched_with_a_get(
    sink: Sink, config: dict[str, Any], changes: dict[str, Any], expected: dict[str, bytes]
) -> None:
    async with to(sink.url, **config) as system:
        assert (await try_once(system, delivery(**changes))).verdict is DELIVERED
    (seen,) = sink.requests
    assert (seen.method, seen.path, seen.body) == ("GET", "/in", b"")
    assert query(seen.target) == SEEN | expected


@pytest.mark.parametrize(
    ("config", "changes", "kind", "body", "coding"),
    [
        ({}, {"text": "日本"}, 'text/plain; charset="UTF-8"', "日本".encode(), "0"),
        ({"mo_recode": False}, {"text": "日本"}, 'text/plain; charset="UTF-16BE"', "日本".encode("utf-16-be"), "2"),
        ({}, {"text": None, "data": b"\x00\xff"}, "application/octet-stream", b"\x00\xff", "1"),
    ],
)
async def test_or_it_is_posted_with_headers(
    sink: Sink, config: dict[str, Any], changes: dict[str, Any], kind: str, body: bytes, coding: str
) -> None:
    async with adapter("kannel", "", post_url=f"{sink.url}/in?id=%I", **config) as system:
        assert (await try_once(system, delivery(**changes))).verdict is DELIVERED
    (seen,) = sink.requests
    assert (seen.method, seen.target, seen.body) == ("POST", f"/in?id={SEEN['I'].decode()}", body)
    given = {name: value for name, value in seen.headers.items() if name.startswith("X-Kannel-")}
    assert given == {
        "X-Kannel-From": SENDER,
        "X-Kannel-To": "15001",
        "X-Kannel-Time": "2026-01-31 08:15:00",
        "X-Kannel-SMSC": "vodacom",
        "X-Kannel-PID": "0",
        "X-Kannel-Alt-DCS": "0",
        "X-Kannel-Coding": coding,
        "X-Kannel-Compress": "0",
        "X-Kannel-Service": "here",
        "X-Kannel-Meta-Data": "?smpp?",
    }
    assert (seen.headers["Content-Type"], seen.headers["Date"]) == (kind, "2026-01-31 08:15:00")


async def test_every_repeat_carries_the_same_id(sink: Sink) -> None:
    """RapidPro knows a message it has had by its id."""
    sink.faults.fail, sink.faults.failure = 1, Failure(503)
    async with to(sink.url) as system:
        assert (await try_once(system, delivery())).verdict is RETRY
        assert (await try_once(system, delivery(attempts=1, in_doubt=True))).verdict is DELIVERED
        assert (await try_once(system, delivery(8))).verdict is DELIVERED
    first, again, other = (query(seen.target)["I"] for seen in sink.requests)
    assert first == again != other


@pytest.mark.parametrize(
    ("status", "attempts", "verdict"),
    [
        (200, 0, DELIVERED),
        (202, 0, DELIVERED),
        (201, 0, RETRY),
        (204, 0, RETRY),
        (301, 0, PAUSE),
        (400, 0, RETRY),
        (400, 5, RETRY),
        (400, 6, DEAD),
        (404, 6, DEAD),
        (401, 6, PAUSE),
        (403, 6, PAUSE),
        (429, 99, RETRY),
        (500, 99, RETRY),
        (503, 99, RETRY),
    ],
)
async def test_200_and_202_take_a_message_and_what_is_wrong_is_tried_for_a_while(
    sink: Sink, status: int, attempts: int, verdict: Any
) -> None:
    sink.status, sink.body = status, f"cannot take {TEXT} of {SENDER}".encode()
    async with to(sink.url) as system:
        assert (await try_once(system, delivery(attempts=attempts))).verdict is verdict


async def test_a_message_for_a_system_that_takes_none_is_dead() -> None:
    async with adapter("kannel", "") as system:
        outcome = await try_once(system, delivery())
    assert (outcome.verdict, outcome.reason) == (
        DEAD,
        "neither get_url nor post_url is set: this system takes no messages",
    )


async def test_the_url_of_a_channel_stands_in_no_reason(sink: Sink) -> None:
    sink.status = 500
    for url in (sink.url, "http://127.0.0.1:1"):
        async with adapter("kannel", "", get_url=f"{url}/c/kn/s3cret-uuid/receive?b=%b") as system:
            assert "s3cret" not in (await try_once(system, delivery())).reason


# Reports


DLR = "/dlr?d=%d&A=%A&F=%F&p=%p&P=%P&i=%i&I=%I&n=%n&o=%o&D=%D&err=%#smpp#err#"


def report(url: str, state: OutboundState, reason: str = "", **changes: Any) -> Delivery:
    mask = changes.pop("mask", 31)
    extra = {"user": "rapidpro", "dlr-url": url + DLR, "dlr-mask": mask, "account": "ward 3"}
    told = Report(4711, None, state, reason, ReportDetail(**changes), "8500", SENDER, Options(extra=extra))
    return delivery(12, sender=SENDER, recipient="8500", text=None, report=told, carrier="mtn")


RECEIPT = {"message_id": "00A1", "stat": "DELIVRD", "error": "034", "text": "id:00A1 stat:DELIVRD err:034"}


@pytest.mark.parametrize(
    ("state", "reason", "detail", "value", "answer"),
    [
        (OutboundState.SENT, "", {"message_id": "00A1"}, "8", "ACK/"),
        (OutboundState.DELIVERED, "", RECEIPT, "1", RECEIPT["text"]),
        (OutboundState.UNDELIVERED, "", RECEIPT | {"stat": "UNDELIV"}, "2", RECEIPT["text"]),
        (OutboundState.UNDELIVERED, "", RECEIPT | {"stat": "EXPIRED"}, "2", RECEIPT["text"]),
        (OutboundState.QUEUED, "", RECEIPT | {"stat": "ENROUTE"}, "4", RECEIPT["text"]),
        (OutboundState.UNKNOWN, "", RECEIPT | {"stat": "UNKNOWN"}, "2", RECEIPT["text"]),
        (OutboundState.REJECTED, "x", {"status": 0x0B}, "16", "NACK/0x0000000b/Invalid Destination Address"),
        (OutboundState.REJECTED, "a part was refused", {}, "16", "NACK/a part was refused"),
        (OutboundState.EXPIRED, "", {}, "16", "NACK/validity expired"),
        (OutboundState.FAILED, "no route is left", {}, "16", "NACK/no route is left"),
        (OutboundState.FAILED, "", {}, "16", "NACK/no SMSC"),
        (OutboundState.CANCELLED, "", {}, "16", "NACK/cancelled"),
    ],
)
async def test_news_of_a_message_are_told_by_its_dlr_url(
    sink: Sink, state: OutboundState, reason: str, detail: dict[str, Any], value: str, answer: str
) -> None:
    async with adapter("kannel", "") as system:
        assert (await try_once(system, report(sink.url, state, reason, **detail))).verdict is DELIVERED
    (seen,) = sink.requests
    told = {name: octets.decode("latin-1") for name, octets in query(seen.target).items()}
    assert (seen.method, told["d"], told["A"]) == ("GET", value, answer)
    assert told["F"] == detail.get("message_id", "")
    assert (told["p"], told["P"], told["i"], told["n"], told["o"]) == (SENDER, "8500", "mtn", "rapidpro", "ward 3")
    assert told["I"] == "8c0c3f5a-6a3c-8b2e-8000-000000001267", "the id of the message, as sendsms has told it"
    assert told["err"] == detail.get("error", "")
    assert told["D"].startswith("?orig_msg?dlr_mask=31&")


@pytest.mark.parametrize(
    ("state", "stat", "extended", "value"),
    [
        (OutboundState.UNDELIVERED, "EXPIRED", True, "34"),
        (OutboundState.UNDELIVERED, "UNDELIV", True, "2"),
        (OutboundState.UNKNOWN, "UNKNOWN", True, "66"),
        (OutboundState.UNKNOWN, "", True, "66"),
        (OutboundState.UNKNOWN, "", False, None),
    ],
)
async def test_34_and_66_are_told_to_those_who_know_them(
    sink: Sink, state: OutboundState, stat: str, extended: bool, value: str | None
) -> None:
    async with adapter("kannel", "", dlr_extended=extended) as system:
        assert (await try_once(system, report(sink.url, state, stat=stat))).verdict is DELIVERED
    assert [query(seen.target)["d"].decode() for seen in sink.requests] == ([value] if value else [])


@pytest.mark.parametrize(
    ("status", "attempts", "verdict"),
    [(200, 0, DELIVERED), (202, 0, DELIVERED), (204, 0, RETRY), (302, 0, RETRY), (400, 0, RETRY), (400, 6, DEAD),
     (401, 99, RETRY), (500, 99, RETRY)],
)  # fmt: skip
async def test_a_report_is_taken_by_200_and_202(sink: Sink, status: int, attempts: int, verdict: Any) -> None:
    sink.status = status
    told = report(sink.url, OutboundState.DELIVERED)
    told.attempts = attempts
    async with adapter("kannel", "") as system:
        outcome = await try_once(system, told)
    assert (outcome.verdict, outcome.apart) == (verdict, True), "it says nothing of the system itself"


async def test_a_place_that_does_not_answer_holds_back_no_other(sink: Sink) -> None:
    async with adapter("kannel", "", concurrency=1) as system:
        for number in range(20):
            told = report("http://127.0.0.1:1", OutboundState.DELIVERED)
            assert told.report is not None
            told.report.outbound = number
            outcome = await try_once(system, told)
        assert outcome.verdict is PAUSE
        assert (await try_once(system, report(sink.url, OutboundState.DELIVERED))).verdict is DELIVERED


@pytest.mark.parametrize(
    "url", ["http://[", "http://h:-1/", "http://h:0/", "http://h:99999/", "http://@/", "http://a..b/",
            f"http://{'a' * 64}/"]
)  # fmt: skip
async def test_a_dlr_url_that_is_none_is_dead(url: str) -> None:
    async with adapter("kannel", "") as system:
        assert (await try_once(system, report(url, OutboundState.DELIVERED))).verdict is DEAD


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (0x01, "Message Length is invalid"),
        (0x0B, "Invalid Destination Address"),
        (0x58, "Throttling error (ESME has exceeded allowed message limits)"),
        (0x400, "Vendor-specific error, please refer to your SMPP provider"),
        (0x500, "Unknown/Reserved"),
    ],
)
def test_a_status_has_kannels_words(status: int, said: str) -> None:
    assert words(status) == said


# Replies


REPLYING: dict[str, Any] = {"max_messages": 2}


@pytest.mark.parametrize(
    ("config", "kind", "body", "expected"),
    [
        ({"max_messages": 0}, "text/plain", b"thanks", None),
        (REPLYING, "text/plain", b"thanks", "thanks"),
        (REPLYING, "text/plain", "merci, é€".encode(), "merci, é€"),
        (REPLYING, "text/plain", b"\xe9", "é"),
        (REPLYING, "text/plain; charset=utf-16be", "日本".encode("utf-16-be"), "日本"),
        (REPLYING, "text/plain", b"", None),
        (REPLYING | {"omit_empty": False}, "text/plain", b"", "<Empty reply from service provider>"),
        (REPLYING, "text/html", b"<html><head><title>x</title></head><body>a <b>b</b>&amp;c</body></html>", "a b &c"),
        (REPLYING, "text/plain", b"a" * 400, "a" * 306),
        (REPLYING, "application/json", b"{}", None),
        (REPLYING, "text/plain; charset=nonsense", b"thanks", None),
        (REPLYING, "text/xml", b"<message><submit><ud>thanks</ud></submit></message>", "thanks"),
        (REPLYING, "text/plain", b"a" * 70_000, None),
    ],
)
async def test_the_answer_is_the_reply_where_that_is_wanted(
    config: dict[str, Any], kind: str, body: bytes, expected: str | None
) -> None:
    (result, _) = await answered(config, kind, body)
    assert [outcome.verdict for outcome in result.outcomes] == [DELIVERED]
    assert [message.text for message in result.outbound] == ([] if expected is None else [expected])
    for message in result.outbound:
        assert (message.recipient, message.sender, message.reference) == (SENDER, "15001", "reply/7")


async def test_octets_are_replied_as_octets() -> None:
    (result, _) = await answered(REPLYING, "application/octet-stream", b"\x00\xff")
    assert [(message.text, message.data) for message in result.outbound] == [(None, b"\x00\xff")]


HEADERS = {"X-Kannel-To": "+255700000009 +255700000008", "X-Kannel-From": "8600", "X-Kannel-MClass": "0",
           "X-Kannel-DLR-Mask": "1", "X-Kannel-DLR-URL": "http://x/%d"}  # fmt: skip


@pytest.mark.parametrize(
    ("config", "receivers", "sender", "message_class"),
    [
        (REPLYING, [SENDER], "15001", None),
        (REPLYING | {"accept_x_kannel_headers": True}, ["+255700000009", "+255700000008"], "8600", 0),
        (REPLYING | {"accept_x_kannel_headers": True, "faked_sender": "7000"},
         ["+255700000009", "+255700000008"], "7000", 0),
        (REPLYING | {"faked_sender": "7000"}, [SENDER], "7000", None),
    ],
)  # fmt: skip
async def test_the_headers_of_an_answer_count_where_they_may(
    config: dict[str, Any], receivers: list[str], sender: str, message_class: int | None
) -> None:
    (result, _) = await answered(config, "text/plain", b"thanks", HEADERS)
    assert [message.recipient for message in result.outbound] == receivers
    assert {(message.sender, message.options.message_class) for message in result.outbound} == {(sender, message_class)}
    assert len({message.reference for message in result.outbound}) == len(receivers)


async def test_a_reply_that_could_not_be_stored_is_handed_in_again() -> None:
    (result, system) = await answered(REPLYING, "text/plain", b"thanks")
    assert await system.poll() == result.outbound
    system.settled(result.outbound, [Accepted(1, OutboundState.QUEUED, 1, "gsm7", "mtn", True)])
    assert await system.poll() == []


async def test_what_the_service_refuses_has_no_reply(sink: Sink) -> None:
    sink.status, sink.body = 500, b"thanks"
    async with to(sink.url, **REPLYING) as system:
        assert (await attempt(system, delivery())).outbound == []


async def answered(
    config: dict[str, Any], kind: str, body: bytes, headers: dict[str, str] | None = None
) -> tuple[BatchResult, Any]:
    answering = Answering(kind, body, headers or {})
    await answering.start()
    try:
        async with to(answering.url, **config) as system:
            return await attempt(system, delivery()), system
    finally:
        await answering.stop()


class Answering(Sink):
    """A service that answers with a type and headers."""

    def __init__(self, kind: str, body: bytes, headers: dict[str, str]) -> None:
        super().__init__(body=body)
        self._headers = {"Content-Type": kind, **headers}

    async def answer(self, seen: Any) -> Any:
        response = await super().answer(seen)
        response.headers.update(self._headers)
        return response


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"get_url": "http://a/", "post_url": "http://b/"}, "exclude each other"),
        ({"get_url": "ftp://a/"}, "get_url must start with"),
        ({"dlr_url": "a"}, "dlr_url must start with"),
        ({"url": "http://a/"}, "url is not used by type kannel"),
    ],
)
def test_what_is_wrong_in_its_configuration(config: dict[str, str], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        SystemConfig.model_validate({"type": "kannel", **config})
