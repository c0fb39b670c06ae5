"""The DHIS2 stand-in refuses what DHIS2 refuses, in its words, version by version."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from smppd.simulator.dhis2 import Command, Dhis2, User
from smppd.simulator.dhis2_values import is_base64, is_date, make_token, valid_token

PATH = "/api/sms/inbound"


def basic(username: str, password: str) -> str:
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode()


BASIC = basic("gateway", "district")
TOKEN = make_token()
GATEWAY = User("+256700000009", "gateway", "district", TOKEN)
NURSE = User("+256700000001", "nurse", "secret", authorities=())
ADMIN = User("+256700000002", "admin", "secret", authorities=("ALL",))
OPEN = Command("help", "UNREGISTERED_PARSER")
JSON = {"originator": "+256700000001", "text": "MAL c=12|d=1", "gatewayid": "gw1"}
FORM = {"originator": "+256700000001", "message": "MAL c=12|d=1"}


class Caller:
    def __init__(self, http: aiohttp.ClientSession) -> None:
        self.http = http
        self.dhis2: Dhis2

    async def start(self, version: str = "2.41", **options: Any) -> Dhis2:
        self.dhis2 = Dhis2(version, [GATEWAY, NURSE, ADMIN], [OPEN, Command("mal")], **options)
        await self.dhis2.start()
        return self.dhis2

    async def post(self, path: str = PATH, **options: Any) -> tuple[int, Any]:
        auth = options.pop("auth", BASIC)
        if auth is not None:
            options["headers"] = {"Authorization": auth} | options.get("headers", {})
        async with self.http.request(options.pop("method", "POST"), self.dhis2.url + path, **options) as response:
            body = await response.json()
            assert body["httpStatusCode"] == response.status
            assert body["status"] == ("OK" if response.status == 200 else "ERROR")
            return response.status, body["message"]


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession() as http:
        caller = Caller(http)
        yield caller
        await caller.dhis2.stop()


@pytest.mark.parametrize(
    ("options", "gateway"),
    [
        ({"json": JSON}, "gw1"),
        ({"json": {**JSON, "gatewayid": " "}}, "default"),
        ({"json": {**JSON, "smsencoding": "ENCUCS2", "anything": [1]}}, "gw1"),
        ({"json": JSON, "headers": {"Content-Type": "application/json; charset=utf-8"}}, "gw1"),
        ({"data": FORM}, "Unknown"),
        ({"params": FORM}, "Unknown"),
        ({"params": {**FORM, "gateway": "gw2"}}, "gw2"),
        ({"params": {**FORM, "text": "harmless"}, "data": b"x", "headers": {"Content-Type": "text/plain"}}, "Unknown"),
    ],
)
async def test_both_variants_store_a_row(caller: Caller, options: dict[str, Any], gateway: str) -> None:
    dhis2 = await caller.start()
    assert await caller.post(**options) == (200, "Received SMS: 1")
    (row,) = dhis2.rows
    assert (row.originator, row.text, row.gateway) == ("+256700000001", "MAL c=12|d=1", gateway)
    assert row.created_by == "nurse"
    await dhis2.wait_rows(1)


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        ({"params": {"originator": "", "message": "x"}}, 409, "Originator must be specified"),
        ({"params": {"originator": "1", "message": ""}}, 409, "Message must be specified"),
        ({"params": {"originator": "", "message": ""}}, 409, "Originator must be specified"),
        ({"params": {"message": "x"}}, 400, "Required request parameter 'originator'"),
        ({"data": {"originator": "1", "text": "x"}}, 400, "Required request parameter 'message'"),
        ({"params": {**FORM, "receivedTime": "yesterday"}}, 400, "Invalid date"),
        ({"json": {**JSON, "originator": "256700000001"}}, 409, "User's phone number is not registered"),
        ({"json": {"text": "a b"}}, 409, "User's phone number is not registered"),
        ({"json": {"originator": "+256700000001"}}, 500, "Cannot invoke"),
        ({"json": {**JSON, "text": "YES"}}, 409, "Originator's number does not match user's Phone number"),
        ({"json": {**JSON, "text": "x y" * 100}}, 409, "ERROR: value too long for type character varying(255)"),
        ({"json": {**JSON, "gatewayid": "g" * 256}}, 409, "ERROR: value too long"),
        ({"json": {**JSON, "smsencoding": "UTF8"}}, 409, "JSON parse error"),
        ({"json": {**JSON, "receiveddate": "31.01.2026"}}, 409, "JSON parse error"),
        ({"json": {**JSON, "text": {"a": 1}}}, 409, "JSON parse error"),
        ({"json": [JSON]}, 409, "JSON parse error"),
        ({"data": b"{", "headers": {"Content-Type": "application/json"}}, 409, "JSON parse error"),
        ({"json": JSON, "auth": None}, 401, "Unauthorized"),
        ({"json": JSON, "auth": basic("gateway", "wrong")}, 401, "Unauthorized"),
        ({"json": JSON, "auth": basic("nurse", "secret")}, 403, "Access is denied, requires one Authority"),
        ({"json": JSON, "headers": {"Accept": "text/html"}}, 406, "No acceptable representation"),
        ({"json": JSON, "method": "PUT"}, 405, "Request method 'PUT'"),
        ({"json": JSON, "path": "/api/sms/import"}, 404, "No endpoint"),
    ],
)
async def test_what_dhis2_refuses_is_refused(
    caller: Caller, options: dict[str, Any], status: int, message: str
) -> None:
    dhis2 = await caller.start()
    code, words = await caller.post(**options)
    assert (code, words[: len(message)]) == (status, message)
    assert dhis2.rows == []


@pytest.mark.parametrize(
    ("version", "authorization", "status"),
    [
        ("2.41", f"ApiToken {TOKEN}", 200),
        ("2.41", f"apitoken {TOKEN}", 200),
        ("2.36", f"ApiToken {TOKEN}", 401),
        ("2.41", f"ApiToken {make_token()}", 401),
        ("2.41", "ApiToken secret", 400),
        ("2.41", f"ApiToken {TOKEN[:-1]}{(int(TOKEN[-1]) + 1) % 10}", 400),
        ("2.40", "ApiToken d2p_" + "a" * 44, 400),
        ("2.41", "ApiToken d2p_" + "a" * 44, 401),
        ("2.41", f"Bearer {TOKEN}", 401),
        ("2.41", "Basic !!!", 401),
    ],
    ids=range(10),
)
async def test_tokens_are_looked_up_only_when_well_formed(
    caller: Caller, version: str, authorization: str, status: int
) -> None:
    await caller.start(version)
    code, message = await caller.post(json=JSON, auth=None, headers={"Authorization": authorization})
    assert code == status
    assert status != 400 or message == "invalid_request"


async def test_the_authority_ALL_is_enough(caller: Caller) -> None:
    await caller.start()
    assert (await caller.post(json=JSON, auth=basic("admin", "secret")))[0] == 200


NOT_REGISTERED = "User's phone number is not registered in the system"
NO_MATCH = "Originator's number does not match user's Phone number"


@pytest.mark.parametrize(
    ("version", "own", "other", "stranger"),
    [
        ("2.33", 200, 200, "User not registered in the system"),
        ("2.34.0", 200, 200, "User not registered in the system"),
        ("2.34.1", 200, NO_MATCH, NO_MATCH),
        ("2.34.2", 200, NO_MATCH, NO_MATCH),
        ("2.34.3", 200, 200, NOT_REGISTERED),
        ("2.35.1", 200, NO_MATCH, NO_MATCH),
        ("2.35.2", 200, 200, NOT_REGISTERED),
        ("2.41", 200, 200, NOT_REGISTERED),
        ("2.43", 200, 200, NOT_REGISTERED),
    ],
)
async def test_a_plain_text_is_looked_up_as_the_version_does(
    caller: Caller, version: str, own: int, other: int | str, stranger: str
) -> None:
    await caller.start(version)
    for number, expected in (("+256700000009", own), ("+256700000001", other), ("+1", stranger)):
        status, message = await caller.post(json={"originator": number, "text": "not base64"})
        assert expected in (status, message)


@pytest.mark.parametrize(
    ("version", "other"), [("2.34.0", 200), ("2.34.1", 409), ("2.34.3", 409), ("2.41", 409), ("2.43", 409)]
)
async def test_a_base64_text_must_come_from_the_account_itself(caller: Caller, version: str, other: int) -> None:
    await caller.start(version)
    for number, expected in (("+256700000009", 200), ("+256700000001", other)):
        assert (await caller.post(json={"originator": number, "text": "STOP"}))[0] == expected


@pytest.mark.parametrize("text", ["text", "YES", "STOP", "OK", "HELP", "OUI", "Report1", "12", "123", "1234",
                                  "malaria", "fievre+toux", "", "QQ==", "QUI="])  # fmt: skip
def test_java_takes_it_for_base64(text: str) -> None:
    assert is_base64(text)


@pytest.mark.parametrize("text", ["A", "Hello", "ABCDE", "12345", "a b", "YES ", "abcd\n", "été", "a.b", "QQ=", "QUI==",
                                  "QQ===", "=", "a-_b"])  # fmt: skip
def test_java_does_not_take_it_for_base64(text: str) -> None:
    assert not is_base64(text)


@pytest.mark.parametrize(("version", "status", "rows"), [("2.41", 200, 1), ("2.42", 500, 1), ("2.43", 500, 1)])
async def test_a_command_for_anybody_is_stored_and_then_fails_from_2_42(
    caller: Caller, version: str, status: int, rows: int
) -> None:
    dhis2 = await caller.start(version)
    assert (await caller.post(json={"originator": "+1", "text": "HELP me"}))[0] == status
    assert [(row.text, row.created_by) for row in dhis2.rows] == [("HELP me", None)] * rows


async def test_a_command_with_a_user_does_not_fail(caller: Caller) -> None:
    await caller.start("2.43")
    assert (await caller.post(json={**JSON, "text": "HELP me"}))[0] == 200


async def test_the_id_is_a_number_or_a_uid(caller: Caller) -> None:
    await caller.start("2.42")
    _, message = await caller.post(json=JSON)
    uid = message.removeprefix("Received SMS: ")
    assert (len(uid), uid[0].isalpha(), uid.isalnum()) == (11, True, True)


@pytest.mark.parametrize(("version", "status"), [("2.41", 200), ("2.42", 200), ("2.43", 404)])
async def test_paths_with_a_version_ended_with_2_43(caller: Caller, version: str, status: int) -> None:
    await caller.start(version)
    assert (await caller.post("/api/33/sms/inbound", json=JSON))[0] == status


@pytest.mark.parametrize(("version", "kept"), [("2.34.3", True), ("2.35.2", False), ("2.41", False), ("2.42", True)])
async def test_the_time_of_a_form_is_lost_in_between(caller: Caller, version: str, kept: bool) -> None:
    dhis2 = await caller.start(version)
    await caller.post(data={**FORM, "receivedTime": "2026-01-31T08:15:00Z"})
    assert (dhis2.rows[0].received == "2026-01-31T08:15:00Z") is kept


async def test_a_widened_column_takes_long_texts(caller: Caller) -> None:
    dhis2 = await caller.start(text_width=None)
    assert (await caller.post(json={**JSON, "text": "x y" * 300}))[0] == 200
    assert len(dhis2.rows[0].text) == 900


async def test_a_lost_reply_leaves_the_row_and_a_retry_doubles_it(caller: Caller) -> None:
    dhis2 = await caller.start()
    dhis2.faults.drop = 1
    with pytest.raises((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)):
        await caller.post(json=JSON)
    await caller.post(json=JSON)
    assert len(dhis2.rows) == 2


@pytest.mark.parametrize("date", ["20260131", "2026-01-31", "2026-01", "2026", "2026-01-31T08:15", "2026-01-31T08:15Z",
                                  "2026-01-31T08:15:00.123456789+0300", "2026-01-31 08:15:00+0000"])  # fmt: skip
def test_a_date_is_read(date: str) -> None:
    assert is_date(date)


@pytest.mark.parametrize("date", ["", "31.01.2026", "2026-1-1", "2026-01-31T", "2026-01-31T08", "now"])
def test_a_date_is_not_read(date: str) -> None:
    assert not is_date(date)


def test_a_token_ends_with_its_checksum() -> None:
    # The example token of DHIS2's own manual.
    assert valid_token("d2pat_5xVA12xyUbWNedQxy4ohH77WlxRGVvZZ1151814092")
    assert not valid_token("d2pat_5xVA12xyUbWNedQxy4ohH77WlxRGVvZZ1151814093")
