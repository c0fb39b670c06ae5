"""What answers and failures of the network mean, and in which words."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from smppd.config import SystemConfig
from smppd.errors import ConfigError
from smppd.model import Outcome
from smppd.simulator.standin import FOREVER
from smppd.simulator.webhook import Sink
from smppd.systems import http_session
from smppd.systems.http import Answer, moved
from smppd.systems.words import first_words
from tests.systems.kit import PAUSE, RETRY, SENDER, TEXT, TOKEN, adapter, delivery, try_once

TIMES: dict[str, tuple[dict[str, str], float | None]] = {
    "none": ({}, None),
    "seconds": ({"Retry-After": "7"}, 7.0),
    "at once": ({"Retry-After": "0"}, 0.0),
    "a date by the system's own clock": (
        {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT", "Date": "Wed, 21 Oct 2015 07:27:15 GMT"},
        45.0,
    ),
    "a date that has passed": (
        {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT", "Date": "Wed, 21 Oct 2015 08:27:15 GMT"},
        0.0,
    ),
    "a date without its clock": ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
    "a year": ({"Retry-After": "31536000"}, 86400.0),
    "nonsense": ({"Retry-After": "soon"}, None),
    "a fraction": ({"Retry-After": "1.5"}, None),
    "a negative number": ({"Retry-After": "-5"}, None),
    "other digits": ({"Retry-After": "٣"}, None),
    "a day that no clock holds": ({"Retry-After": f"Mon, {'9' * 20} Jan 2020 00:00:00 GMT"}, None),
    "a zone that no clock holds": ({"Retry-After": f"Mon, 01 Jan 2020 00:00:00 +{'9' * 20}"}, None),
}


@pytest.mark.parametrize("label", TIMES)
def test_the_named_time_is_read_in_both_forms(label: str) -> None:
    headers, expected = TIMES[label]
    assert Answer(503, headers, b"", True).retry_after() == expected


WORDS: dict[str, tuple[bytes, str]] = {
    "plain": (b"no such form", "no such form"),
    "nothing": (b"", ""),
    "a message in JSON": (b'{"status":"ERROR","message":"Access is denied"}', "Access is denied"),
    "an error in JSON": (b'{"code":401,"error":"unauthorized"}', "unauthorized"),
    "a message inside": (b'{"error":{"code":3,"message":"inner"}}', "inner"),
    "a list of errors": (b'[{"detail":"first"},{"detail":"second"}]', "first"),
    "JSON without words": (b'{"a":1}', ""),
    "JSON that was cut": (b'{"message":"Am\\u0069na', ""),
    "a page": (b"<html><style>p{}</style><h1>Bad&nbsp;Gateway</h1><hr>nginx</html>", "Bad Gateway nginx"),
    "line breaks and controls": (b"a\r\n\tb\x00\x1b[31mc", "a b [31mc"),
    "the text": (f"cannot read: {TEXT}!".encode(), "cannot read: …!"),
    "the text in another case": (f"cannot read: {TEXT.upper()}!".encode(), "cannot read: …!"),
    "the beginning of the text": (f"cannot read: {TEXT[:9]}".encode(), "cannot read: …"),
    "the text in a URL": (b"GET /in?text=Amina%20Kilosa%20malaria", "GET /in?text=…"),
    "the text with entities": (b"read: &#65;mina", "read: …"),
    "a phone number": (f"unknown {SENDER}, or +255 754-123-456".encode(), "unknown …, or …"),
    "a year is no phone number": (b"not since 2024", "not since 2024"),
    "a secret": (f"unknown token {TOKEN}".encode(), "unknown token …"),
    "very long": (b"word " * 100, "word " * 23 + "word…"),
    "deep JSON": (b"[" * 3000 + b"]" * 3000, ""),
}


@pytest.mark.parametrize("label", WORDS)
def test_the_first_words_show_nothing_of_the_message(label: str) -> None:
    body, expected = WORDS[label]
    assert first_words(body, [TEXT], [TOKEN]) == expected


@given(st.text(min_size=3, max_size=80), st.sampled_from(["{}", "<p>{}</p>", "bad '{}'", "x={}&y", "{}{}"]))
def test_no_word_of_any_text_comes_through(text: str, frame: str) -> None:
    for body in (frame.format(text, text), json.dumps({"message": frame.format(text, text)})):
        said = first_words(body.encode(), [text])
        shown = set(re.findall(r"[^\W_]+", said)) - {"bad", "p", "x", "y"}
        assert not set(re.findall(r"[^\W_]{2,}", text)) & shown


@pytest.mark.parametrize("location", ["", "http://[", "//0\t::1[\t]@", "mailto:a"])
def test_a_redirect_to_nowhere_is_called_one(location: str) -> None:
    said = moved(Answer(302, {"Location": location}, b"", True), URL("http://old.org/"))
    assert "does not say where" in said


PLACES = {
    "https://new.org/dhis/api/sms/inbound": "https://new.org/dhis",
    "https://new.org/api/sms/inbound/": "https://new.org",
    "/other/api/sms/inbound": "http://old.org/other",
    "https://new.org/dhis-web-login/?next=1": "https://new.org/dhis-web-login",
}


@pytest.mark.parametrize("location", PLACES)
def test_words_on_a_redirect_give_the_url_to_configure(location: str) -> None:
    url = URL("http://old.org/dhis/api/sms/inbound")
    said = moved(Answer(301, {"Location": location}, b"", True), url, "/api/sms/inbound")
    assert said.endswith(f'set url = "{PLACES[location]}"')


async def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_a_refused_connection_is_no_doubt() -> None:
    url = f"http://127.0.0.1:{await free_port()}"
    async with adapter("webhook", url) as webhook:
        assert await try_once(webhook, delivery()) == Outcome(RETRY, f"cannot connect to {url}: Connection refused")


async def test_a_name_that_does_not_resolve_is_no_doubt() -> None:
    async with adapter("webhook", "http://gateway.invalid/in") as webhook:
        outcome = await try_once(webhook, delivery())
    assert (outcome.verdict, outcome.in_doubt) == (RETRY, False)
    assert outcome.reason.startswith("the name in http://gateway.invalid cannot be resolved: ")


async def test_a_system_that_never_answers_may_have_the_message() -> None:
    sink = Sink()
    await sink.start()
    sink.faults.hang = FOREVER
    async with adapter("webhook", sink.url, timeout="200ms") as webhook:
        outcome = await try_once(webhook, delivery())
        assert outcome == Outcome(RETRY, f"no answer from {sink.url} within 0.2 s", in_doubt=True)
    assert sink.count == 1
    await sink.stop()


async def test_a_connection_that_is_never_accepted_is_no_doubt() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]  # the backlog is full, further connects get no answer
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        async with adapter("webhook", url, timeout="300ms") as webhook:
            assert await try_once(webhook, delivery()) == Outcome(RETRY, f"no connection to {url} within 0.15 s")
        for one in waiting:
            one.close()


async def answering(octets: bytes) -> tuple[asyncio.Server, str]:
    """A server that reads a request and writes `octets`, whatever they are."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(octets)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    return server, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


ODD: dict[str, tuple[bytes, str]] = {
    "another protocol": (b"SSH-2.0-OpenSSH_9.2\r\n", "the answer of {url} is not HTTP"),
    "a header that is none": (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "the answer of {url} is not HTTP"),
    "half a header": (b"HTTP/1.1 200 OK\r\nContent-", "{url} cut the connection before it answered"),
    "nothing": (b"", "{url} cut the connection before it answered"),
}


@pytest.mark.parametrize("label", ODD)
async def test_what_is_no_answer_leaves_a_doubt(label: str) -> None:
    octets, words = ODD[label]
    server, url = await answering(octets)
    async with server, adapter("webhook", url) as webhook:
        assert await try_once(webhook, delivery()) == Outcome(RETRY, words.format(url=url), in_doubt=True)


async def test_a_status_counts_although_its_body_is_cut_off() -> None:
    server, url = await answering(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhalf")
    async with server, adapter("webhook", url) as webhook:
        assert (await try_once(webhook, delivery())).verdict.value == "delivered"


CERTIFICATES: dict[str, tuple[str, dict[str, Any], str]] = {
    "not trusted": ("localhost", {}, "self-signed certificate; set ca = the PEM file of its authority"),
    "of another name": ("127.0.0.1", {"ca": True}, "for '127.0.0.1'; use the name that stands in the certificate"),
    "trusted": ("localhost", {"ca": True}, ""),
}


@pytest.mark.parametrize("label", CERTIFICATES)
async def test_a_certificate_is_checked_and_explained(label: str, tls: ssl.SSLContext, certificate: Path) -> None:
    host, config, words = CERTIFICATES[label]
    sink = Sink()
    port = URL(await sink.start(ssl_context=tls)).port
    config = {"ca": str(certificate)} if config else {}
    async with adapter("webhook", f"https://{host}:{port}/in", **config) as webhook:
        outcome = await try_once(webhook, delivery())
    assert (outcome.reason == "") is (words == "")
    if words:
        assert outcome.verdict is RETRY
        assert not outcome.in_doubt
        assert outcome.reason.startswith(f"certificate of https://{host}:{port} is not trusted: ")
        assert outcome.reason.endswith(words)
    await sink.stop()


async def test_tls_towards_a_plain_port_is_said_so() -> None:
    sink = Sink()
    port = URL(await sink.start()).port
    async with adapter("webhook", f"https://127.0.0.1:{port}/in") as webhook:
        outcome = await try_once(webhook, delivery())
    assert (outcome.verdict, outcome.in_doubt) == (RETRY, False)
    assert outcome.reason.startswith(f"TLS with https://127.0.0.1:{port} fails: ")
    await sink.stop()


@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_a_file_of_authorities_that_cannot_be_used_is_refused_at_the_start(
    content: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    config = SystemConfig.model_validate({"type": "webhook", "url": "https://x", "ca": str(path)})
    with pytest.raises(ConfigError) as refused:
        http_session(config)
    assert refused.value.key == "ca"
    assert refused.value.value == str(path)


async def test_a_name_that_cannot_be_asked_for_is_no_fault_of_ours() -> None:
    async with adapter("webhook", "http://a..b") as system:
        assert await try_once(system, delivery(1)) == Outcome(PAUSE, "url cannot be used: http://a..b")
