"""POST /api/v1/messages at a real gateway: what is taken, what is refused and how, and that nothing else is stored."""

import asyncio
import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from tests.http.conftest import OPEN, OTHER, SLOW, TOKEN, Api

pytestmark = pytest.mark.asyncio(loop_scope="module")

TO = "+255750000001"
NOW = datetime.now(UTC)


def sms(**more: Any) -> dict[str, Any]:
    return {"to": TO, "text": "hello", **more}


async def test_a_message_is_accepted_with_its_id(api: Api) -> None:
    status, told, answer = await api.post(sms(reference="a-1"))
    assert status == 202
    assert told == {
        "id": told["id"], "state": "queued", "parts": 1, "alphabet": "gsm7", "carrier": "voda", "reference": "a-1",
    }  # fmt: skip
    assert answer.headers["Location"] == f"/api/v1/messages/{told['id']}"
    row = await api.database.fetchrow("select * from sent where id = $1", told["id"])
    assert (row["system"], row["sender"], row["recipient"], row["text"]) == ("app", "15001", TO, "hello")
    assert row["carrier"] == "voda"


FIELDS = [
    # what is asked, what stands in the database
    (sms(to="0750 000 001"), {"recipient": TO}),
    (sms(**{"from": "MOH"}), {"sender": "MOH"}),
    (sms(text="Ωμέγα " * 30), {"parts": 3}),
    (sms(text="habari 😀"), {"text": "habari 😀"}),
    ({"to": TO, "data": "00FFab"}, {"text": None, "data": b"\x00\xff\xab"}),
    ({"to": TO, "data": "01", "udh": "0605040b8423f0"}, {"options": {"udh": "0605040b8423f0"}}),
    (sms(priority=3), {"priority": 3}),
    (sms(validity="8h"), {"options": {"validity": 28800}, "expires_at": timedelta(hours=8)}),
    (sms(validity=90), {"options": {"validity": 90}, "expires_at": timedelta(seconds=90)}),
    (sms(validity=(NOW + timedelta(hours=5)).isoformat()), {"expires_at": NOW + timedelta(hours=5), "options": None}),
    (sms(), {"expires_at": timedelta(days=3)}),
    (sms(send_at=(NOW + timedelta(hours=2)).isoformat(), validity="1h"),
     {"state": "scheduled", "due_at": NOW + timedelta(hours=2), "expires_at": NOW + timedelta(hours=3)}),
    (sms(callback_url="https://x.example/cb?a=b"),
     {"options": {"callback_url": "https://x.example/cb?a=b"}, "report": 0b1101_1111_0000}),
    (sms(callback_url="https://x.example/", report=["sent", "delivered"]), {"report": 0b11000}),
    (sms(callback_url="http://x/", report=["intermediate"]), {"report": 1 << 12}),
    (sms(callback_url="http://x/", report=["sending"]), {"report": 1 << 2}),
    (sms(message_class=0), {"options": {"message_class": 0}}),
    (sms(coding="ucs2"), {"options": {"coding": "ucs2"}}),
    (sms(text="naïve façade’s", unmappable="replace"), {"options": {"unmappable": "replace"}}),
    (sms(carrier="voda"), {"options": {"carrier": "voda"}, "carrier": "voda"}),
    (sms(reference=None, priority=None, send_at=None), {"reference": None}),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "wanted"), FIELDS, ids=range(len(FIELDS)))
async def test_each_field_reaches_its_column(api: Api, asked: dict[str, Any], wanted: dict[str, Any]) -> None:
    status, told, _ = await api.post(asked)
    assert status == 202, told
    query = "select s.*, o.report from sent s join outbound o on o.id = s.id where s.id = $1"
    row = dict(await api.database.fetchrow(query, told["id"]))
    for key, value in wanted.items():
        if isinstance(value, timedelta):
            assert abs(row[key] - datetime.now(UTC) - value) < timedelta(minutes=2)
        elif key == "options" and value is not None:
            assert value.items() <= orjson.loads(row[key]).items()
        else:
            assert row[key] == value, key


REFUSED = [
    # body, status, field, words
    ([], 400, None, "a message is an object"),
    ("text", 400, None, "a message is an object"),
    (None, 400, None, "a message is an object"),
    (17, 400, None, "a message is an object"),
    ({}, 400, "to", "missing"),
    ({"to": TO}, 400, "text", "missing"),
    ({"text": "x"}, 400, "to", "missing"),
    (sms(txt="x"), 400, "txt", 'did you mean "text"?'),
    (sms(To="x"), 400, "To", 'did you mean "to"?'),
    (sms(xyzzy=1), 400, "xyzzy", "a message may have to, from, text"),
    (sms(to=255750000001), 400, "to", "write text in quotes"),
    (sms(to=[TO]), 400, "to", "write text in quotes"),
    (sms(to=None), 400, "to", "write text in quotes"),
    (sms(text=None), 400, "text", "write text in quotes"),
    (sms(text=5), 400, "text", "write text in quotes"),
    (sms(priority="3"), 400, "priority", "write a whole number, 0 to 3"),
    (sms(priority=True), 400, "priority", "write a whole number, 0 to 3"),
    (sms(priority=1.0), 400, "priority", "write a whole number, 0 to 3"),
    (sms(validity=[]), 400, "validity", 'write a duration such as "8h"'),
    (sms(report="delivered"), 400, "report", "write a list of states"),
    (sms(reference=1), 400, "reference", "write text in quotes"),
    (sms(to=" "), 422, "to", "there is no number"),
    (sms(to="nonsense"), 422, "to", "a name cannot receive an SMS"),
    (sms(to="12"), 422, "to", "no carrier serves this number"),
    (sms(to="+2557"), 422, "to", "4 digits"),
    (sms(to="+999999999999"), 422, "to", "no country's numbers begin so"),
    (sms(to="+" + "2" * 40), 422, "to", "40 digits"),
    (sms(to="+255711111111"), 422, "to", "no carrier serves this number"),
    (sms(to="+255\0750000001"), 422, "to", "characters that no number has"),
    (sms(**{"from": ""}), 422, "from", "leave it out"),
    (sms(**{"from": "MINISTRY OF HEALTH"}), 422, "from", "has the sender among its numbers"),
    (sms(to="+255780000001", **{"from": "MINISTRY OF HEALTH"}), 422, "from", "at most 11 plain characters"),
    (sms(to="+255780000001", **{"from": "x" * 100}), 422, "from", "100 characters"),
    (sms(text=""), 422, "text", "empty"),
    (sms(text="a\0b"), 422, "text", "NUL"),
    (sms(text="x" * 1000), 422, "text", "parts, at most 3 are allowed"),
    (sms(text="x" * 1_000_000), 422, "text", "parts"),
    (sms(text="Ωμέγα 😀", coding="default"), 422, "text", ""),
    (sms(text="Ωμέγα 😀", unmappable="refuse"), 422, "text", ""),
    (sms(data="00"), 422, "data", "either text or data"),
    ({"to": TO, "data": "0"}, 422, "data", "two digits for each"),
    ({"to": TO, "data": "0 0"}, 422, "data", "two digits for each"),
    ({"to": TO, "data": "xyzz"}, 422, "data", "two digits for each"),
    ({"to": TO, "data": ""}, 422, "data", "empty"),
    ({"to": TO, "data": "00", "coding": "ucs2"}, 422, "coding", "belongs to text"),
    ({"to": TO, "data": "00" * 500}, 422, "text", "parts, at most 3"),
    (sms(reference=""), 422, "reference", "1 to 255 characters"),
    (sms(reference="x" * 256), 422, "reference", "1 to 255 characters"),
    (sms(reference="a\0"), 422, "reference", "cannot be printed"),
    (sms(priority=4), 422, "priority", "write 0 to 3"),
    (sms(priority=-1), 422, "priority", "write 0 to 3"),
    (sms(validity="8"), 422, "validity", 'write a duration such as "8h"'),
    (sms(validity="٨h"), 422, "validity", 'write a duration such as "8h"'),
    ({"to": TO, "data": "00\n11"}, 422, "data", "nothing between"),
    (sms(validity="8 parsecs"), 422, "validity", 'write a duration such as "8h"'),
    (sms(validity=0), 422, "validity", "it has expired already"),
    (sms(validity=-5), 422, "validity", "it has expired already"),
    (sms(validity="0s"), 422, "validity", "it has expired already"),
    (sms(validity="2020-01-01T00:00:00Z"), 422, "validity", "it has expired already"),
    (sms(validity=1e300), 422, "validity", "one second to 366 days"),
    (sms(validity="999999999d"), 422, "validity", "one second to 366 days"),
    (sms(send_at="tomorrow"), 422, "send_at", "a time with its zone"),
    (sms(send_at="2026-03-01"), 422, "send_at", "a time with its zone"),
    (sms(send_at="2026-03-01T08:00:00"), 422, "send_at", "a time with its zone"),
    (sms(send_at="0001-01-01T00:00:00+23:59"), 422, "send_at", "a time with its zone"),
    (sms(send_at="9999-12-31T23:59:59Z"), 422, "send_at", "more than a year ahead"),
    (sms(send_at=(NOW - timedelta(days=9)).isoformat(), validity="1d"), 422, "validity", "it has expired already"),
    (sms(send_at=(NOW + timedelta(days=9)).isoformat(), validity=(NOW + timedelta(days=1)).isoformat()), 422, "send_at",
     "it would expire before it is sent"),
    (sms(callback_url="ftp://x/"), 422, "callback_url", "http:// or https://"),
    (sms(callback_url="https://"), 422, "callback_url", "http:// or https://"),
    (sms(callback_url="https://x:99999/"), 422, "callback_url", "http:// or https://"),
    (sms(callback_url="https://[x/"), 422, "callback_url", "http:// or https://"),
    (sms(callback_url="https://a..b/"), 422, "callback_url", "http:// or https://"),
    (sms(callback_url=f"https://{'a' * 64}/"), 422, "callback_url", "http:// or https://"),
    (sms(callback_url="https://x/\r\nHost: y"), 422, "callback_url", "http:// or https://"),
    (sms(callback_url="https://x/" + "y" * 3000), 422, "callback_url", "at most 2048"),
    (sms(callback_url="https://x/", report=["arrived"]), 422, "report", "sent, delivered, undelivered"),
    (sms(report=["delivered"]), 422, "report", "at a callback_url only"),
    (sms(message_class=4), 422, "message_class", "write 0 to 3"),
    (sms(coding="utf-8"), 422, "coding", "write auto, default or ucs2"),
    (sms(unmappable="drop"), 422, "unmappable", "write ucs2, refuse"),
    (sms(udh="0605040b8423"), 422, "udh", "not a user data header"),
    (sms(udh="ff"), 422, "udh", "not a user data header"),
    (sms(udh=""), 422, "udh", "not a user data header"),
    (sms(carrier="nobody"), 404, "carrier", "there is no such carrier"),
    (sms(carrier=""), 422, "carrier", "write the name of a carrier"),
    (sms(carrier="airtel"), 422, "carrier", "does not serve this number"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "status", "field", "words"), REFUSED, ids=[f"{row[2]}-{n}" for n, row in enumerate(REFUSED)]
)
async def test_a_bad_message_is_refused_with_its_field_and_nothing_is_stored(
    api: Api, body: Any, status: int, field: str | None, words: str
) -> None:
    before = await api.stored()
    data = json.dumps(body)
    got, told, _ = await api.post(None, data=data, headers={"Content-Type": "application/json"})
    assert got == status, told
    assert told.get("field") == (field or "")
    assert words in told["detail"]
    assert await api.stored() == before


@pytest.mark.parametrize(
    ("body", "status", "field", "words"), REFUSED, ids=[f"{row[2]}-{n}" for n, row in enumerate(REFUSED)]
)
async def test_in_a_list_it_is_refused_alone(api: Api, body: Any, status: int, field: str | None, words: str) -> None:
    before = await api.stored()
    got, told, _ = await api.post({"messages": [sms(), sms(), body, sms(reference=f"l{before}"), sms()]})
    assert got == 202
    assert (told["accepted"], told["refused"]) == (4, 1)
    assert [("id" in each, "error" in each) for each in told["messages"]] == [
        (True, False), (True, False), (False, True), (True, False), (True, False),
    ]  # fmt: skip
    assert told["messages"][3]["reference"] == f"l{before}"
    error = told["messages"][2]["error"]
    assert (error["field"], words in error["reason"]) == (field or "", True)
    assert await api.stored() == before + 4


BROKEN = [
    # octets, status, words
    (b"", 400, "the body is empty"),
    (b"{", 400, "line 1, column 2"),
    (b'{"to": "1",}', 400, "line 1, column 11"),
    (b'{"messages": [{"to":"1"},\n{"to":"2"},\n{"to":"3" "text":1},\n{}]}', 400, "line 3, column 11, in message 3:"),
    (b'{"messages": [{"to":"a,]}["},{"to":[1,2,{"x":3}]},{"to" 5}]}', 400, "in message 3"),
    (b'{"messages": [{"to":"1"},,{"to":"2"}]}', 400, "in message 2"),
    (b'{"messages": [{"to":"1"}], x}', 400, "column 28: "),
    (b'{"to": "\xff"}', 400, "not UTF-8 (octet 9)"),
    (b'{"to": "\\ud800"}', 400, "line 1"),
    (b'\xef\xbb\xbf{}', 400, "byte order mark"),
    (b'{"to": NaN}', 400, "line 1, column 8"),
    (b"[" * 100_000, 400, "depth limit"),
    (b'{"to": "1"} {"to": "2"}', 400, "after document"),
    (b"to=%2B255750000001&text=x", 400, "line 1, column 1"),
]  # fmt: skip


@pytest.mark.parametrize(("octets", "status", "words"), BROKEN, ids=range(len(BROKEN)))
async def test_broken_json_is_refused_with_its_place(api: Api, octets: bytes, status: int, words: str) -> None:
    before = await api.stored()
    got, told, _ = await api.post(None, data=octets, headers={"Content-Type": "application/json"})
    assert (got, words in told["detail"]) == (status, True), told
    assert await api.stored() == before


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({"messages": []}, 400, "one message or more"),
        ({"messages": {}}, 400, "one message or more"),
        ({"messages": None}, 400, "one message or more"),
        ({"messages": [sms()], "from": "MOH"}, 400, "write it into each"),
        ({"messages": [sms()] * 10_001}, 413, "10001 messages; at most 10000"),
        ({"messages": [{}, 5, sms(to="x")]}, 422, "none of the messages"),
    ],
)
async def test_a_list_that_cannot_be_used_is_refused_whole(api: Api, body: Any, status: int, words: str) -> None:
    before = await api.stored()
    got, told, _ = await api.post(body)
    assert (got, words in told["detail"]) == (status, True), told
    assert await api.stored() == before


async def test_where_none_is_accepted_each_still_says_why(api: Api) -> None:
    _, told, _ = await api.post({"messages": [{}, 5, sms(carrier="nobody")]})
    assert [each["error"]["code"] for each in told["messages"]] == ["malformed", "malformed", "unknown"]
    assert (told["accepted"], told["refused"]) == (0, 3)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""])
async def test_another_content_type_is_refused(api: Api, kind: str) -> None:
    before = await api.stored()
    status, told, _ = await api.post(None, data=json.dumps(sms()).encode(), headers={"Content-Type": kind})
    assert (status, "Content-Type: application/json" in told["detail"]) == (415, True)
    assert await api.stored() == before


async def test_a_charset_and_compression_are_fine(api: Api) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8", "Content-Encoding": "gzip"}
    status, _, _ = await api.post(None, data=gzip.compress(json.dumps(sms()).encode()), headers=headers)
    assert status == 202


async def test_what_is_not_compressed_as_it_says_is_refused(api: Api) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    status, _, _ = await api.post(None, data=b"no gzip", headers=headers)
    assert status == 400


@pytest.mark.parametrize("compressed", [False, True])
async def test_a_body_that_is_too_large_is_refused_with_the_limit(api: Api, compressed: bool) -> None:
    before = await api.stored()
    data = b'{"to": "' + b" " * 17 * 2**20
    headers = {"Content-Type": "application/json"}
    if compressed:
        data, headers["Content-Encoding"] = gzip.compress(data), "gzip"
    status, told, _ = await api.post(None, data=data, headers=headers)
    assert (status, "16 MiB" in told["detail"]) == (413, True)
    assert await api.stored() == before


async def test_a_body_without_an_announced_end_is_cut_off_at_the_limit(api: Api) -> None:
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        while sent < 64 * 2**20:
            sent += 2**20
            yield b" " * 2**20

    headers = {"Content-Type": "application/json"}
    try:
        status, _, _ = await api.post(None, data=endless(), headers=headers)
    except (TimeoutError, OSError):
        status = 413  # closed while we were still writing
    assert status == 413
    assert sent <= 40 * 2**20


async def test_the_same_reference_is_the_same_message(api: Api) -> None:
    asked = sms(reference="same", priority=1)
    status, first, _ = await api.post(asked)
    assert status == 202
    before = await api.stored()
    status, again, _ = await api.post(asked)
    assert (status, again["id"], again["repeated"]) == (200, first["id"], True)
    status, told, _ = await api.post({"messages": [asked, sms()]})
    assert (status, told["messages"][0]["id"], told["messages"][0]["repeated"]) == (202, first["id"], True)
    assert await api.stored() == before + 1
    status, told, _ = await api.post(asked, token=OTHER)
    assert status == 202  # another system's reference is another's


@pytest.mark.parametrize("change", [{"text": "other"}, {"to": "+255750000002"}, {"priority": 2}, {"message_class": 1}])
async def test_a_reference_reused_for_another_message_is_refused_with_the_first_id(
    api: Api, change: dict[str, Any]
) -> None:
    _, first, _ = await api.post(sms(reference="reused"))
    before = await api.stored()
    status, told, _ = await api.post(sms(reference="reused", **change))
    assert (status, told["id"], told["code"], told["field"]) == (409, first["id"], "conflict", "reference")
    status, told, _ = await api.post({"messages": [sms(reference="reused", **change)]})
    assert (status, told["messages"][0]["id"]) == (422, first["id"])
    assert await api.stored() == before


async def test_one_reference_twice_in_a_list_is_one_message(api: Api) -> None:
    before = await api.stored()
    _, told, _ = await api.post(
        {"messages": [sms(reference="twice"), sms(reference="twice"), sms(reference="twice", text="no")]}
    )
    first, second, third = told["messages"]
    assert first["id"] == second["id"] == third["id"]
    assert ("repeated" in first, second["repeated"], third["error"]["code"]) == (False, True, "conflict")
    assert await api.stored() == before + 1


async def test_the_same_reference_many_times_at_once_is_one_message(api: Api) -> None:
    before = await api.stored()
    answers = await asyncio.gather(*(api.post(sms(reference="race")) for _ in range(40)))
    assert {told["id"] for _, told, _ in answers} == {answers[0][1]["id"]}
    assert sorted(status for status, _, _ in answers) == [200] * 39 + [202]
    assert await api.stored() == before + 1


async def test_what_policy_denies_is_kept_and_refused(api: Api) -> None:
    status, told, _ = await api.post(sms(to="+255750000666"))
    assert (status, told["code"], "policy.deny" in told["detail"]) == (422, "denied", True)
    row = await api.database.fetchrow("select state, reason from sent where id = $1", told["id"])
    assert tuple(row) == ("denied", "policy.deny")


async def test_a_sender_that_is_not_the_systems_is_refused(api: Api) -> None:
    status, told, _ = await api.post(sms(**{"from": "MOH"}), token=OTHER)
    assert (status, told["field"]) == (422, "from")
    status, told, _ = await api.post(sms(), token=OTHER)
    assert status == 202


async def test_a_system_with_a_way_of_its_own_may_ask_for_reports_without_a_callback(api: Api) -> None:
    status, _, _ = await api.post(sms(report=["delivered"]), token=OPEN)
    assert status == 202


async def test_faster_than_the_rate_is_refused_until_it_is_paid_back(api: Api) -> None:
    status, _, _ = await api.post({"messages": [sms()] * 8}, token=SLOW)
    assert status == 202
    before = await api.stored()
    status, told, answer = await api.post(sms(), token=SLOW)
    assert (status, "rate" in told["detail"]) == (429, True)
    assert int(answer.headers["Retry-After"]) >= 1
    assert await api.stored() == before


@pytest.mark.parametrize(
    "header",
    [None, "Bearer", "Bearer wrong", "Basic bnVyc2U6d3Jvbmc=", "Basic =", "Negotiate x", f"Basic {TOKEN}"],
    ids=range(7),
)
async def test_without_a_credential_nothing_is_read(api: Api, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}
    status, _, answer = await api.post(sms(), token="", headers=headers)
    assert status in (401, 429)
    if status == 401:
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    else:
        assert int(answer.headers["Retry-After"]) >= 1


async def test_thousands_come_in_one_request_in_order(api: Api) -> None:
    before = await api.stored()
    many = [sms(to=f"+25575{n + 10_000:07d}", reference=f"bulk{n}") for n in range(5000)]
    many[1234]["to"] = "x y z !"
    status, told, _ = await api.post({"messages": many})
    assert (status, told["accepted"], told["refused"]) == (202, 4999, 1)
    assert [each["reference"] for each in told["messages"]] == [f"bulk{n}" for n in range(5000)]
    ids = [each["id"] for each in told["messages"] if "id" in each]
    assert ids == sorted(ids)
    assert await api.stored() == before + 4999
    status, again, _ = await api.post({"messages": many})
    assert [each.get("id") for each in again["messages"]] == [each.get("id") for each in told["messages"]]
    assert await api.stored() == before + 4999


async def test_a_slow_body_is_given_up_and_delays_nobody(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smppd.http.asking.SILENCE", 0.3)
    reader, writer = await asyncio.open_connection(*api.address)
    writer.write(
        b"POST /api/v1/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n"
        b"Authorization: Bearer " + TOKEN.encode() + b'\r\n\r\n{"to": "'
    )
    slow = asyncio.create_task(reader.read(4096))
    status, _, _ = await api.post(sms())
    assert status == 202
    assert not slow.done()
    assert b" 408 " in (await slow).splitlines()[0]
    writer.close()


async def test_an_odd_amount_of_clients_is_served_at_once(api: Api) -> None:
    before = await api.stored()
    answers = await asyncio.gather(*(api.post({"messages": [sms()] * 7}) for _ in range(60)))
    assert {status for status, _, _ in answers} == {202}
    ids = [each["id"] for _, told, _ in answers for each in told["messages"]]
    assert len(set(ids)) == 420
    assert await api.stored() == before + 420


async def test_no_log_has_a_text_a_number_or_a_secret(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    await api.post(sms(text="TEXTMARK", to="+255759999999"))
    await api.post(sms(text="TEXTMARK", to="+255759999999", unknown="TEXTMARK"))
    await api.post(sms(), token="SECRETMARK")
    out, err = capsys.readouterr()
    for mark in ("TEXTMARK", "759999999", "SECRETMARK", TOKEN):
        assert mark not in out + err
