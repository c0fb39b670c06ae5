"""What the API tells of messages: to their own system, to operators, to nobody else; and taking one back."""

import asyncio
import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from smppd.store.status import set_paused
from tests.http.conftest import OPEN, OTHER, Api

pytestmark = pytest.mark.asyncio(loop_scope="module")

TO = "+255750000001"


def basic(user: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:correct horse".encode()).decode()}


async def sent(api: Api, count: int = 1, **more: Any) -> list[int]:
    body = {"messages": [{"to": TO, "text": "hello", **more} for _ in range(count)]}
    _, told, _ = await api.post(body)
    return [each["id"] for each in told["messages"]]


async def test_the_life_of_a_message_is_told(api: Api) -> None:
    (id,) = await sent(api, reference="life", callback_url="https://x.example/", priority=2)
    await api.database.execute(
        "insert into outpart (message, number, total, carrier, state, reference, message_id, status, stat)"
        " select $1, 1, 1, id, 2, 7, 'ab12', 0, 'DELIVRD' from carrier where name = 'voda'", id,
    )  # fmt: skip
    await api.database.execute(
        "insert into receipt (id, carrier, link, session, digest, sender, recipient, message_id, state, stat, error,"
        " raw, message, number) select nextval('entry_id'), id, 1, 1, 1, 's', 'r', 'ab12', 'delivered', 'DELIVRD',"
        " '000', '', $1, 1 from carrier where name = 'voda'", id,
    )  # fmt: skip
    await api.database.execute(
        "insert into report (id, outbound, system, state, reason) select nextval('entry_id'), $1, id, 4, 'it arrived'"
        " from system where name = 'app'", id,
    )  # fmt: skip
    status, told, _ = await api("GET", f"/api/v1/messages/{id}")
    assert status == 200
    assert told["from"], told["to"] == ("15001", TO)
    assert (told["text"], told["state"], told["priority"], told["reference"]) == ("hello", "queued", 2, "life")
    assert told["options"] == {"callback_url": "https://x.example/"}
    assert datetime.fromisoformat(told["created_at"]).tzinfo is not None
    (part,) = told["sent_parts"]
    assert (part["state"], part["message_id"], part["stat"], part["carrier"]) == (
        "delivered",
        "ab12",
        "DELIVRD",
        "voda",
    )
    (receipt,) = told["receipts"]
    assert (receipt["part"], receipt["state"], receipt["stat"]) == (1, "delivered", "DELIVRD")
    (report,) = told["reports"]
    assert (report["state"], report["reason"]) == ("delivered", "it arrived")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_a_message_of_another_system_is_not_there(api: Api, method: str) -> None:
    (id,) = await sent(api)
    status, told, _ = await api(method, f"/api/v1/messages/{id}", token=OTHER)
    assert (status, told["detail"]) == (404, "there is no such message")
    assert await api.database.fetchval("select state from sent where id = $1", id) == "queued"


@pytest.mark.parametrize("id", ["0", "999999999999", str(2**63), "9" * 400, "x", "-1", "1e3", "%00", "١٢"])
@pytest.mark.parametrize("path", ["messages", "received"])
async def test_an_id_that_is_none_is_not_there(api: Api, path: str, id: str) -> None:
    status, _, _ = await api("GET", f"/api/v1/{path}/{id}")
    assert status == 404


async def test_a_search_finds_what_fits_newest_first_page_by_page(api: Api) -> None:
    begun = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    ids = await sent(api, 7, to="+255750000077")
    await api.post({"to": "+255750000077", "text": "of another"}, token=OTHER)
    found, before = [], None
    while True:
        where = {"to": "0750 000 077", "limit": "3", "since": begun, **({"before": str(before)} if before else {})}
        status, told, _ = await api("GET", "/api/v1/messages", params=where)
        assert status == 200
        found += [each["id"] for each in told["messages"]]
        if (before := told["next"]) is None:
            break
    assert found == ids[::-1]


@pytest.mark.parametrize(
    ("where", "finds"),
    [
        ({"reference": "s1"}, True),
        ({"reference": "s1", "state": "queued"}, True),
        ({"reference": "s1", "state": "delivered"}, False),
        ({"reference": "s1", "to": TO}, True),
        ({"reference": "s1", "to": "+255750000009"}, False),
        ({"reference": "s1", "since": "1h"}, True),
        ({"reference": "s1", "since": "0s"}, False),
        ({"reference": "s1", "carrier": "airtel"}, False),
        ({"reference": "s1", "from": "15001"}, True),
        ({"reference": "none"}, False),
        ({"state": "queued", "carrier": "voda", "from": "15001"}, True),
        ({"state": "cancelled", "to": "+255750000055"}, False),
    ],
)
async def test_each_condition_of_a_search_holds(api: Api, where: dict[str, str], finds: bool) -> None:
    await sent(api, reference="s1")
    status, told, _ = await api("GET", "/api/v1/messages", params=where)
    assert status == 200
    assert bool(told["messages"]) is finds
    assert all(each["system"] == "app" for each in told["messages"])


@pytest.mark.parametrize(
    ("path", "query", "field"),
    [
        ("messages", "stat=queued", "stat"),
        ("messages", "state=arrived", "state"),
        ("messages", "limit=0", "limit"),
        ("messages", "limit=1001", "limit"),
        ("messages", "limit=x", "limit"),
        ("messages", "limit=%D9%A1", "limit"),
        ("messages", "before=-1", "before"),
        ("messages", "before=9999999999999999999", "before"),
        ("messages", "since=yesterday", "since"),
        ("messages", "since=2026-03-01T08:00:00", "since"),
        ("messages", "since=999999d", "since"),
        ("messages", "since=0001-01-01T00:00:00%2B14:00", "since"),
        ("messages", "to=xyz!", "to"),
        ("messages", "reference=a%00", "reference"),
        ("messages", "reference=%FF", None),
        ("received", "state=queued", "state"),
        ("received", "dead=yes", "dead"),
        ("received", "limit=-5", "limit"),
        ("received", "from=a%00", "from"),
    ],
)
async def test_a_parameter_that_cannot_be_used_is_named(api: Api, path: str, query: str, field: str | None) -> None:
    from yarl import URL

    async with api.http.get(
        URL(f"{api.url}/api/v1/{path}?{query}", encoded=True), headers={"Authorization": f"Bearer {OTHER}"}
    ) as answer:
        told = await answer.json(content_type=None)
        assert answer.status == (400 if field else 200)
        assert told.get("field") == field


async def test_a_queued_message_is_taken_back_once(api: Api) -> None:
    (id,) = await sent(api)
    status, told, _ = await api("DELETE", f"/api/v1/messages/{id}")
    assert (status, told["state"]) == (200, "cancelled")
    assert await api.database.fetchval("select count(*) from outqueue where id = $1", id) == 0
    status, told, _ = await api("DELETE", f"/api/v1/messages/{id}")
    assert (status, told["state"]) == (409, "cancelled")


async def test_a_message_that_is_at_a_carrier_stays(api: Api) -> None:
    (id,) = await sent(api)
    await api.database.execute("update outqueue set marked = true where id = $1", id)
    status, told, _ = await api("DELETE", f"/api/v1/messages/{id}")
    assert (status, told["state"], "a carrier may have it" in told["detail"]) == (409, "sending", True)


@pytest.mark.parametrize(
    ("carrier", "to", "state", "status"),
    [
        ("airtel", "+255780000001", 3, 202),  # it has cancel_sm
        ("airtel", "+255780000001", 4, 409),
        ("airtel", "+255780000001", 11, 409),
        ("voda", TO, 3, 409),
    ],
)
async def test_a_message_that_is_sent_is_taken_back_where_the_carrier_can_be_asked(
    api: Api, carrier: str, to: str, state: int, status: int
) -> None:
    (id,) = await sent(api, to=to)
    await api.database.execute("delete from outqueue where id = $1", id)
    await api.database.execute(
        "update outbound set state = $2::smallint, sent_at = now(), ended_at = case when $2 > 3 then now() end,"
        " carrier = (select id from carrier where name = $3) where id = $1", id, state, carrier
    )  # fmt: skip
    others, _, _ = await api("DELETE", f"/api/v1/messages/{id}", token=OTHER)
    assert others == 404
    wish = "select cancel from inquiry where message = $1"
    assert await api.database.fetchval(wish, id) is None
    for _ in range(2):
        got, told, _ = await api("DELETE", f"/api/v1/messages/{id}")
        assert got == status
    assert await api.database.fetchval(wish, id) is (True if status == 202 else None)
    if status == 202:
        assert (told["state"], told["reason"]) == ("sent", "taken back: its carrier is asked to drop it")


async def test_taking_back_twenty_times_at_once_succeeds_once(api: Api) -> None:
    (id,) = await sent(api)
    answers = await asyncio.gather(*(api("DELETE", f"/api/v1/messages/{id}") for _ in range(20)))
    assert sorted(status for status, _, _ in answers) == [200] + [409] * 19


async def received(api: Api, *systems: str, state: int = 0) -> int:
    """A message from a phone, delivered to some systems."""
    id: int = await api.database.fetchval(
        "insert into received (id, carrier, link, session, digest, sender, recipient, text, state, parts,"
        " data_coding, esm_class) select nextval('entry_id'), id, 1, 1, 1, '255750000001', '15001', 'ANC 12', $1, 1, 0,"
        " 0 from carrier"
        " where name = 'voda' returning id", state,
    )  # fmt: skip
    for name in systems:
        await api.database.execute(
            "insert into outcome (message, system, state, attempts, reason)"
            " select $1, id, 1, 1, '' from system where name = $2", id, name,
        )  # fmt: skip
    return id


async def test_a_system_sees_what_it_received_and_no_word_of_others(api: Api) -> None:
    await sent(api)
    await api.post({"to": TO, "text": "x"}, token=OTHER)  # so that both are known to the database
    ours, both, theirs = await received(api, "app"), await received(api, "app", "other"), await received(api, "other")
    status, told, _ = await api("GET", "/api/v1/received", params={"from": "255750000001"})
    assert status == 200
    assert [each["id"] for each in told["messages"]][:2] == [both, ours]
    assert theirs not in [each["id"] for each in told["messages"]]
    status, told, _ = await api("GET", f"/api/v1/received/{both}")
    assert (status, told["text"], told["from"], told["to"]) == (200, "ANC 12", "255750000001", "15001")
    assert told["deliveries"] == ["app delivered"]
    status, _, _ = await api("GET", f"/api/v1/received/{theirs}")
    assert status == 404
    status, _, _ = await api("POST", f"/api/v1/received/{theirs}/replay")
    assert status == 404
    status, told, _ = await api("GET", f"/api/v1/received/{both}", token=None, headers=basic("amina"))
    assert told["deliveries"] == ["app delivered", "other delivered"]


async def test_a_received_message_is_replayed_to_its_own_system_alone(api: Api) -> None:
    await sent(api)
    await api.post({"to": TO, "text": "x"}, token=OPEN)
    both = await received(api, "app", "hook")
    status, told, _ = await api("POST", f"/api/v1/received/{both}/replay", token=OPEN)
    assert (status, told) == (202, {"id": both, "replayed": 1})
    status, told, _ = await api("POST", f"/api/v1/received/{both}/replay", token=OPEN)
    assert status == 409
    rows = await api.database.fetch(
        "select s.name from queue q join system s on s.id = q.system where q.message = $1", both
    )
    assert [row["name"] for row in rows] == ["hook"]


@pytest.mark.parametrize("path", ["messages", "messages/1", "received", "received/1"])
async def test_messages_are_not_shown_to_viewers_and_not_without_credentials(api: Api, path: str) -> None:
    status, _, _ = await api("GET", f"/api/v1/{path}", token=None, headers=basic("viola"))
    assert status == 403
    status, _, _ = await api("GET", f"/api/v1/{path}", token=None)
    assert status == 401


async def test_an_operator_sees_all_and_may_ask_for_one_system(api: Api) -> None:
    await sent(api)
    await api.post({"to": TO, "text": "x"}, token=OTHER)
    who = {"token": None, "headers": basic("amina")}
    _, told, _ = await api("GET", "/api/v1/messages", params={"limit": "2"}, **who)
    assert {each["system"] for each in told["messages"]} == {"app", "other"}
    _, told, _ = await api("GET", "/api/v1/messages", params={"system": "other"}, **who)
    assert {each["system"] for each in told["messages"]} == {"other"}
    status, told, _ = await api("GET", "/api/v1/messages", params={"system": "other"})
    assert (status, told["field"]) == (403, "system")
    status, _, _ = await api("POST", "/api/v1/messages", {"to": TO, "text": "x"}, **who)
    assert status == 403


async def test_what_an_adapter_keeps_for_itself_is_not_shown(api: Api) -> None:
    (id,) = await sent(api)
    extra = json.dumps({"extra": {"dlr-url": "http://user:hunter2@x/"}, "coding": "ucs2"})
    await api.database.execute("update outbound set options = $2::jsonb where id = $1", id, extra)
    _, told, _ = await api("GET", f"/api/v1/messages/{id}")
    assert told["options"] == {"coding": "ucs2"}


async def test_carriers_and_systems_are_told(api: Api) -> None:
    status, told, _ = await api("GET", "/api/v1/carriers")
    assert (status, [each["name"] for each in told["carriers"]]) == (200, ["voda", "airtel"])
    assert {each["state"] for each in told["carriers"]} == {"down"}
    status, told, _ = await api("GET", "/api/v1/systems")
    assert [each["name"] for each in told["systems"]] == ["app"]
    _, told, _ = await api("GET", "/api/v1/systems", token=None, headers=basic("viola"))
    assert [(each["name"], each["type"]) for each in told["systems"]] == [
        ("app", "api"), ("other", "api"), ("slow", "api"), ("hook", "webhook"),
    ]  # fmt: skip


async def test_an_operator_pauses_a_carrier_and_lets_it_go_on(api: Api) -> None:
    who = {"token": None, "headers": basic("amina")}
    status, told, _ = await api("POST", "/api/v1/carriers/airtel/pause", **who)
    assert (status, told["state"], told["paused_at"] is None) == (200, "paused", False)
    assert api.gateway.counter.health.of("airtel").paused
    _, told, _ = await api("GET", "/api/v1/carriers/airtel")
    assert told["state"] == "paused"
    status, told, _ = await api("POST", "/api/v1/carriers/airtel/resume", **who)
    assert (status, told["state"], told["paused_at"]) == (200, "down", None)
    assert not api.gateway.counter.health.of("airtel").paused


@pytest.mark.parametrize(("who", "status"), [("viola", 403), (None, 403)])
async def test_nobody_else_pauses_a_carrier(api: Api, who: str | None, status: int) -> None:
    more: dict[str, Any] = {"token": None, "headers": basic(who)} if who else {}
    got, _, _ = await api("POST", "/api/v1/carriers/voda/pause", **more)
    assert got == status
    assert not (await api.database.fetchval("select paused_at is not null from carrier where name = 'voda'"))


@pytest.mark.parametrize("kind", ["carrier", "system"])
async def test_what_is_not_configured_is_not_there(api: Api, kind: str) -> None:
    for method, path in [("GET", ""), ("POST", "/pause"), ("POST", "/resume")]:
        status, told, _ = await api(method, f"/api/v1/{kind}s/nobody{path}", token=None, headers=basic("amina"))
        assert (status, told["detail"]) == (404, f"there is no such {kind}")
    assert await api.database.fetchval(f"select count(*) from {kind} where name = 'nobody'") == 0


async def test_an_operator_pauses_a_system_and_its_own_pauses_are_told_apart(api: Api) -> None:
    who = {"token": None, "headers": basic("amina")}

    async def seen() -> tuple[Any, ...]:
        _, told, _ = await api("GET", "/api/v1/systems/app")
        return tuple(told[key] for key in ("state", "paused_by", "reason")), told["paused_until"] is not None

    assert await seen() == (("up", None, ""), False)
    await set_paused(api.gateway.db, "app", datetime.now(UTC) + timedelta(hours=1), "401: wrong password")
    assert await seen() == (("paused", None, "401: wrong password"), True)
    status, told, _ = await api("POST", "/api/v1/systems/app/pause", **who)
    assert (status, told["state"], told["paused_since"] is None) == (200, "paused", False)
    assert await seen() == (("paused", "amina", "by hand: amina"), False)
    await set_paused(api.gateway.db, "app", None, "")
    assert await seen() == (("paused", "amina", "by hand: amina"), False)
    (id,) = await sent(api)
    assert await api.database.fetchval("select state from sent where id = $1", id) == "queued"
    status, told, _ = await api("POST", "/api/v1/systems/app/resume", **who)
    assert (status, told["state"], told["paused_since"]) == (200, "up", None)


@pytest.mark.parametrize("who", ["viola", None])
async def test_nobody_else_pauses_a_system(api: Api, who: str | None) -> None:
    more: dict[str, Any] = {"token": None, "headers": basic(who)} if who else {}
    for verb in ("pause", "resume"):
        got, _, _ = await api("POST", f"/api/v1/systems/app/{verb}", **more)
        assert got == 403
    assert not (await api.database.fetchval("select held_at is not null from system where name = 'app'"))


async def test_a_system_sees_no_other(api: Api) -> None:
    status, _, _ = await api("GET", "/api/v1/systems/app", token=OTHER)
    assert status == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "/api/v1/messages"), ("PATCH", "/api/v1/messages/1"), ("DELETE", "/api/v1/received/1"),
     ("GET", "/api/v1/carriers/voda/pause")],
)  # fmt: skip
async def test_another_method_is_refused_with_those_there_are(api: Api, method: str, path: str) -> None:
    status, _, answer = await api(method, path)
    assert (status, bool(answer.headers["Allow"])) == (405, True)
