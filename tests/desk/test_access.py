"""The gate: who is let in, what a wrong password costs whom, and what is kept of a right one."""

import asyncio
import base64
import time
from collections.abc import Callable
from typing import Any

import pytest

from smppd.config import Config
from smppd.desk import access, passwords
from smppd.desk.access import Caller, Credential, Denied, Gate, credential
from smppd.desk.addresses import read

TOKEN = passwords.make_token()
OTHER = passwords.make_token()
CHEAP = "$argon2id$v=19$m=8,t=1,p=1$c2l4dGVlbiBvY3RldHMu$"


def argon(password: str) -> str:
    """A hash of little cost: what it takes is not what is tested."""
    from argon2 import PasswordHasher

    return PasswordHasher(1, 8, 1).hash(password)


HASH = argon("correct horse")
HERE, THERE = read("192.0.2.1"), read("198.51.100.7")


def config(**more: Any) -> Config:
    tables: dict[str, Any] = {
        "systems": {
            "tok": {"type": "api", "access": {"token_hash": passwords.token_hash(TOKEN)}},
            "named": {"type": "api", "access": {"username": "nurse", "password_hash": HASH}},
            "plain": {"type": "kannel", "access": {"username": "clinic", "password": "swordfish"}},
            "fenced": {
                "type": "api",
                "access": {"token_hash": passwords.token_hash(OTHER), "allow_ips": ["10.0.0.0/8"], "rate": 2},
            },
            "closed": {"type": "api"},
        },
        "console": {"users": {"amina": {"password_hash": HASH, "role": "operator"}}},
        **more,
    }
    return Config.model_validate(tables)


@pytest.fixture
def gate() -> Gate:
    return Gate(config())


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hashes that were tried, in order."""
    seen: list[str] = []
    real: Callable[[str, str], bool] = passwords.verified

    def counted(hash: str, password: str) -> bool:
        seen.append(hash)
        return real(hash, password)

    monkeypatch.setattr(passwords, "verified", counted)
    return seen


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        (Credential(TOKEN), "tok"),
        (Credential("correct horse", "nurse"), "named"),
        (Credential("swordfish", "clinic"), "plain"),
    ],
)
async def test_a_system_is_known_by_its_credential(gate: Gate, shown: Credential, name: str) -> None:
    assert await gate.identify(shown, HERE) == name
    assert await gate.identify(shown, HERE) == name


@pytest.mark.parametrize(
    "shown",
    [
        Credential(OTHER[:-1]),
        Credential(""),
        Credential(passwords.token_hash(TOKEN)),  # the hash is no token
        Credential(TOKEN, "tok"),
        Credential("wrong", "nurse"),
        Credential("", "nurse"),
        Credential(HASH, "nurse"),
        Credential("swordfish ", "clinic"),
        Credential("correct horse", "clinic"),
        Credential("correct horse", "nobody"),
        Credential("correct horse" + "x" * 100_000, "nurse"),
        Credential("correct horse", "nurse" * 10_000),
        Credential("\ud800", "nurse"),
        Credential("\ud800"),
    ],
)
async def test_anybody_else_is_told_the_same(gate: Gate, shown: Credential) -> None:
    assert await gate.identify(shown, HERE) == Denied(401, "these credentials are not known here")


async def test_a_person_is_known_but_is_no_system(gate: Gate) -> None:
    shown = Credential("correct horse", "amina")
    assert await gate.caller(shown, HERE) == Caller(user="amina", role="operator")
    refused = await gate.identify(shown, HERE)
    assert isinstance(refused, Denied)
    assert refused.status == 403


@pytest.mark.parametrize(("role", "may"), [("admin", True), ("operator", True), ("viewer", False), ("", False)])
def test_operators_and_admins_may_change_what_concerns_all(role: str, may: bool) -> None:
    assert Caller(user="x", role=role).operator is may


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        ("Bearer abc", Credential("abc")),
        ("bearer  abc ", Credential("abc")),
        ("Basic " + base64.b64encode("joão:pässwörd:x".encode()).decode(), Credential("pässwörd:x", "joão")),
        ("", 401),
        ("   ", 401),
        ("Basic", 401),
        ("Basic !!!", 401),
        ("Basic " + base64.b64encode(b"no colon").decode(), 401),
        ("Basic " + base64.b64encode(b"\xff:\xff").decode(), 401),
        ("Digest username=x", 401),
    ],
)
def test_an_authorization_header_is_read(header: str, shown: Credential | int) -> None:
    found = credential(header)
    assert found == shown if isinstance(shown, Credential) else isinstance(found, Denied) and found.status == shown


def test_a_secret_does_not_show_in_a_credential() -> None:
    assert "abc" not in repr(Credential("abc", "abc"))


async def test_an_address_that_is_not_listed_is_told_so_only_with_the_right_token(gate: Gate) -> None:
    assert await gate.identify(Credential(OTHER), read("10.9.9.9")) == "fenced"
    refused = await gate.identify(Credential(OTHER), HERE)
    assert isinstance(refused, Denied)
    assert (refused.status, "allow_ips" in refused.reason) == (403, True)
    assert await gate.identify(Credential(OTHER), None) == refused


async def test_the_slow_hash_is_paid_once(gate: Gate, tried: list[str]) -> None:
    answers = await asyncio.gather(*(gate.identify(Credential("correct horse", "nurse"), HERE) for _ in range(50)))
    assert set(answers) == {"named"}
    assert await gate.identify(Credential("correct horse", "nurse"), THERE) == "named"
    assert tried == [HASH]


async def test_a_remembered_password_is_tried_again_after_its_time(
    gate: Gate, tried: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "REMEMBERED", 0.0)
    for _ in range(3):
        assert await gate.identify(Credential("correct horse", "nurse"), HERE) == "named"
    assert tried == [HASH] * 3


async def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch, tried: list[str]) -> None:
    monkeypatch.setattr(access, "MOST_REMEMBERED", 2)
    users = {f"u{n}": {"type": "api", "access": {"username": f"u{n}", "password_hash": HASH}} for n in range(4)}
    gate = Gate(config(systems=users))
    for name in ("u0", "u1", "u2", "u3", "u3", "u0"):
        assert await gate.identify(Credential("correct horse", name), HERE) == name
    assert len(tried) == 5  # all four, and the first again


async def test_the_memory_holds_no_password(gate: Gate) -> None:
    await gate.identify(Credential("correct horse", "nurse"), HERE)
    await gate.identify(Credential("swordfish", "clinic"), HERE)
    held = repr(vars(gate))
    assert "horse" not in held
    assert "swordfish" not in held


@pytest.mark.parametrize("username", ["nurse", "clinic", "nobody"])
async def test_wrong_password_and_unknown_user_cost_the_same_hash(gate: Gate, tried: list[str], username: str) -> None:
    await gate.identify(Credential("wrong", username), HERE)
    assert [hash.split("$")[:4] for hash in tried] == [HASH.split("$")[:4]]


async def test_failures_slow_their_address_and_no_other(gate: Gate, tried: list[str]) -> None:
    answers = await asyncio.gather(*(gate.identify(Credential(f"wrong{n}", "nurse"), HERE) for n in range(8)))
    assert [each.status for each in answers if isinstance(each, Denied)] == [401] * 6 + [429] * 2
    assert len(tried) == 6
    slowed = await gate.identify(Credential("correct horse", "nurse"), HERE)
    assert isinstance(slowed, Denied)
    assert slowed.status == 429
    assert 0 < slowed.retry_after <= 2
    assert await gate.identify(Credential("correct horse", "nurse"), THERE) == "named"


async def test_what_is_proven_passes_from_a_slowed_address(gate: Gate) -> None:
    await gate.identify(Credential("correct horse", "nurse"), THERE)
    for n in range(7):
        await gate.identify(Credential(f"wrong{n}"), HERE)
    refused = await gate.identify(Credential("wrong"), HERE)
    assert isinstance(refused, Denied)
    assert refused.status == 429
    assert await gate.identify(Credential(TOKEN), HERE) == "tok"
    assert await gate.identify(Credential("correct horse", "nurse"), HERE) == "named"
    assert await gate.identify(Credential("swordfish", "clinic"), HERE) == "plain"


async def test_who_asks_while_waiting_does_not_wait_longer_for_it(gate: Gate) -> None:
    waits = []
    for _ in range(200):
        answer = await gate.identify(Credential("wrong"), HERE)
        assert isinstance(answer, Denied)
        waits.append(answer.retry_after)
    assert max(waits) <= 2.0


async def test_many_wrong_passwords_at_once_are_refused_before_they_are_tried(gate: Gate, tried: list[str]) -> None:
    flood = [gate.identify(Credential(f"wrong{n}", "nurse"), HERE) for n in range(500)]
    answers = await asyncio.gather(*flood)
    assert {each.status for each in answers if isinstance(each, Denied)} == {401, 429, 503}
    assert len(tried) <= access.WAITING_HERE
    spread = [gate.identify(Credential("wrong", "nurse"), read(f"10.0.{n >> 8}.{n & 255}")) for n in range(500)]
    answers = await asyncio.gather(*spread)
    assert sum(isinstance(each, Denied) and each.status == 503 for each in answers) == 500 - access.WAITING


async def test_a_flood_of_wrong_passwords_delays_nobody_who_is_known() -> None:
    slow = passwords.password_hash("correct horse")
    systems = {"named": {"type": "api", "access": {"username": "nurse", "password_hash": slow}}}
    gate = Gate(config(systems=systems))
    assert await gate.identify(Credential("correct horse", "nurse"), THERE) == "named"
    flood = [asyncio.create_task(gate.identify(Credential("wrong", "nurse"), read(f"10.0.0.{n}"))) for n in range(40)]
    took = []
    while not all(task.done() for task in flood):
        begun = time.perf_counter()
        assert await gate.identify(Credential("correct horse", "nurse"), HERE) == "named"
        await asyncio.sleep(0)
        took.append(time.perf_counter() - begun)
    assert len(took) > 100
    assert sorted(took)[len(took) * 95 // 100] < 0.02


async def test_a_password_changed_while_it_is_checked_lets_nobody_in(gate: Gate) -> None:
    shown = Credential("correct horse", "nurse")
    check = asyncio.create_task(gate.identify(shown, HERE))
    await asyncio.sleep(0)
    changed = {"named": {"type": "api", "access": {"username": "nurse", "password_hash": argon("another")}}}
    gate.configure(config(systems=changed))
    assert isinstance(await check, Denied)
    assert isinstance(await gate.identify(shown, HERE), Denied)
    assert await gate.identify(Credential("another", "nurse"), HERE) == "named"
    assert isinstance(await gate.identify(Credential(TOKEN), HERE), Denied)


async def test_a_caller_that_goes_away_takes_nobody_with_it(gate: Gate) -> None:
    shown = Credential("correct horse", "nurse")
    first, second = (asyncio.create_task(gate.identify(shown, HERE)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == "named"


def test_the_rate_is_of_one_system(gate: Gate) -> None:
    assert gate.spend("fenced", 2) is None
    refused = gate.spend("fenced", 1)
    assert refused is not None
    assert (refused.status, 0 < refused.retry_after <= 0.5) == (429, True)
    assert gate.spend("tok", 1) is None
    gate.give_back("fenced", 2)
    assert gate.spend("fenced", 1) is None
    assert gate.spend("closed", 10**6) is None  # nobody can log in as it; what is polled is not counted


async def test_a_failure_is_counted_and_logged_without_what_was_typed(
    gate: Gate, capsys: pytest.CaptureFixture[str]
) -> None:
    from smppd import metrics

    before = metrics.REGISTRY.get_sample_value("smppd_logins_total", {"outcome": "refused"}) or 0
    for n in range(7):
        await gate.identify(Credential(f"hunter{n}", "my-password"), HERE)
    after = metrics.REGISTRY.get_sample_value("smppd_logins_total", {"outcome": "refused"}) or 0
    assert after - before == 6
    out, err = capsys.readouterr()
    assert "192.0.2.1" in out + err
    assert "hunter" not in out + err
    assert "my-password" not in out + err


@pytest.mark.parametrize("cost", ["m=8,t=1,p=1", "m=47104,t=2,p=1"])
def test_a_decoy_costs_what_its_model_costs_and_fits_nothing(cost: str) -> None:
    hash = passwords.decoy(f"$argon2id$v=19${cost}$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA")
    assert hash.split("$")[3] == cost
    assert passwords.verified(hash, "") is False


def test_tokens_are_long_and_differ() -> None:
    tokens = {passwords.make_token() for _ in range(100)}
    assert len(tokens) == 100
    assert {len(token) for token in tokens} == {49}
    assert all(token.startswith("smppd_") for token in tokens)
