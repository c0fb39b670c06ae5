"""What the API answers while nothing can be stored."""

import pytest

from smppd.errors import StoreDown
from tests.http.conftest import TOKEN, Api

pytestmark = pytest.mark.asyncio(loop_scope="module")

MESSAGE = {"to": "+255750000001", "text": "hello"}


async def test_while_the_database_is_away_it_is_503_and_afterwards_all_is_well(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await api.stored()
    writer, connected = api.gateway.counter.writer, api.gateway.counter.writer._connected

    async def refused() -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(writer, "_connected", refused)
    for body in (MESSAGE, {"messages": [MESSAGE] * 1200}):
        status, told, answer = await api.post(body)
        assert (status, "cannot be reached" in told["detail"], answer.headers["Retry-After"]) == (503, True, "5")
    monkeypatch.setattr(writer, "_connected", connected)
    assert await api.stored() == before
    status, _, _ = await api.post(MESSAGE)
    assert status == 202


async def test_of_a_long_list_what_was_committed_stands_and_the_rest_says_so(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await api.stored()
    writer, begin, count = api.gateway.counter.writer, api.gateway.counter.writer.begin, 0

    def twice(rows):  # type: ignore[no-untyped-def]
        nonlocal count
        count += 1
        done = begin(rows if count <= 2 else [])
        if count > 2:
            done = done.get_loop().create_future()
            done.set_exception(StoreDown("gone"))
        return done

    monkeypatch.setattr(writer, "begin", twice)
    status, told, _ = await api.post({"messages": [{**MESSAGE, "reference": f"part{n}"} for n in range(3000)]})
    assert (status, told["accepted"], told["refused"]) == (202, 1000, 2000)
    assert {each["error"]["code"] for each in told["messages"][1000:]} == {"unavailable"}
    assert count <= 5  # of six: nothing is begun once a failure is known
    assert await api.stored() == before + 1000
    monkeypatch.setattr(writer, "begin", begin)
    status, again, _ = await api.post({"messages": [{**MESSAGE, "reference": f"part{n}"} for n in range(3000)]})
    assert [each["id"] for each in again["messages"][:1000]] == [each["id"] for each in told["messages"][:1000]]
    assert await api.stored() == before + 3000


async def test_questions_are_503_while_the_database_is_away(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.gateway.db, "_pool", None)
    for path in ("messages", "messages/1", "received", "received/1", "carriers", "systems"):
        status, told, answer = await api("GET", f"/api/v1/{path}", token=TOKEN)
        assert (status, answer.headers["Retry-After"]) == (503, "5"), told


async def spent() -> float:
    return 1.0


async def test_a_full_disk_is_503_with_a_time_and_nothing_is_stored(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    before = await api.stored()
    counter = api.gateway.counter
    monkeypatch.setattr(counter.disk, "used", spent)
    await counter.check_disk()
    for body in (MESSAGE, {"messages": [MESSAGE] * 3}):
        status, told, answer = await api.post(body)
        assert (status, "disk" in told["detail"], answer.headers["Retry-After"]) == (503, True, "60")
    monkeypatch.undo()
    await counter.check_disk()
    assert await api.stored() == before
    status, _, _ = await api.post(MESSAGE)
    assert status == 202
