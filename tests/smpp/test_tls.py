"""TLS towards carriers: verified unless told otherwise, by the right name, with SNI."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from smppd.config.carriers import CarrierConfig
from smppd.errors import StartError
from smppd.simulator.mo import Mo
from smppd.simulator.smsc import Smsc
from smppd.smpp.link import Link
from smppd.smpp.ports import LinkState
from tests.smpp.shelf import Shelf, States

BOUND, DOWN = LinkState.BOUND, LinkState.DOWN
Run = Callable[..., Link]


@dataclass(frozen=True)
class Pair:
    cert: str
    key: str


@pytest.fixture(scope="module")
def make_pair(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Pair]:
    """Makes a self-signed certificate for a name."""
    folder: Path = tmp_path_factory.mktemp("tls")

    def make(name: str) -> Pair:
        pair = Pair(str(folder / f"{name}.pem"), str(folder / f"{name}.key"))
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        command += ["-days", "2", "-keyout", pair.key, "-out", pair.cert, "-subj", f"/CN={name}"]
        subprocess.run([*command, "-addext", f"subjectAltName=DNS:{name}"], check=True, capture_output=True)
        return pair

    return make


@pytest.fixture(scope="module")
def pair(make_pair: Callable[[str], Pair]) -> Pair:
    return make_pair("smsc.example")


@pytest.fixture(scope="module")
def other(make_pair: Callable[[str], Pair]) -> Pair:
    return make_pair("moh.example")


class Seen:
    """The names that clients asked for."""

    def __init__(self) -> None:
        self.names: list[str | None] = []

    def __call__(self, _connection: object, name: str | None, _context: object) -> None:
        self.names.append(name)


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
async def secure(pair: Pair, other: Pair, seen: Seen) -> AsyncIterator[Smsc]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pair.cert, pair.key)
    context.load_verify_locations(other.cert)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.sni_callback = seen  # type: ignore[assignment]
    smsc = Smsc(ssl_context=context, retry_delay=0.0)
    await smsc.start()
    yield smsc
    await smsc.stop()


async def test_a_verified_carrier_is_bound_and_hears_the_name_it_is_known_by(
    secure: Smsc, states: States, shelf: Shelf, run: Run, pair: Pair, seen: Seen
) -> None:
    run(hosts=[f"127.0.0.1:{secure.port}"], tls={"ca": pair.cert, "server_name": "smsc.example"})
    await states.until(BOUND)
    assert seen.names == ["smsc.example"]
    secure.enqueue(Mo(text="REG AMINA"))
    await secure.wait_acked(1)
    assert len(shelf.items) == 1


@pytest.mark.parametrize(
    ("tls", "reason"),
    [
        ({"server_name": "evil.example"}, "its certificate is refused: Hostname mismatch"),
        ({}, "its certificate is refused: IP address mismatch"),
    ],
)
async def test_a_certificate_of_another_name_is_refused(
    secure: Smsc, states: States, run: Run, pair: Pair, tls: dict[str, str], reason: str
) -> None:
    run(hosts=[f"127.0.0.1:{secure.port}"], tls={"ca": pair.cert, **tls})
    assert reason in await states.until(DOWN)
    assert secure.counters.binds_refused == 0
    assert not len(secure.receivers)


@pytest.mark.parametrize("tls", [True, {"server_name": "smsc.example"}])
async def test_a_certificate_that_nobody_vouches_for_is_refused(
    secure: Smsc, states: States, run: Run, tls: object
) -> None:
    run(hosts=[f"127.0.0.1:{secure.port}"], tls=tls)
    assert "its certificate is refused: self-signed certificate" in await states.until(DOWN)


async def test_verification_is_left_out_only_when_told(secure: Smsc, states: States, run: Run) -> None:
    run(hosts=[f"127.0.0.1:{secure.port}"], tls={"verify": False})
    await states.until(BOUND)


async def test_our_own_certificate_is_shown(secure: Smsc, states: States, run: Run, pair: Pair, other: Pair) -> None:
    tls = {"ca": pair.cert, "server_name": "smsc.example", "cert": other.cert, "key": other.key}
    run(hosts=[f"127.0.0.1:{secure.port}"], tls=tls)
    await states.until(BOUND)
    await secure.wait_bound()
    shown = secure.links[0]._transport.get_extra_info("ssl_object").getpeercert()
    assert shown["subjectAltName"] == (("DNS", "moh.example"),)


async def test_tls_to_a_port_without_it_ends_in_words(smsc: Smsc, states: States, run: Run) -> None:
    run(tls={"verify": False})
    assert f"127.0.0.1:{smsc.port}: " in await states.until(DOWN)


async def test_a_port_with_tls_ends_a_link_without_in_words(secure: Smsc, states: States, run: Run) -> None:
    run(hosts=[f"127.0.0.1:{secure.port}"])
    assert "the carrier closed the connection without unbind" in await states.until(DOWN)


async def test_a_lost_tls_connection_comes_back(secure: Smsc, states: States, run: Run) -> None:
    run(hosts=[f"127.0.0.1:{secure.port}"], tls={"verify": False})
    await states.until(BOUND)
    secure.cut()
    await states.until(DOWN)
    await states.until(BOUND)


async def test_stopping_over_tls_unbinds(secure: Smsc, states: States, shelf: Shelf, run: Run) -> None:
    link = run(hosts=[f"127.0.0.1:{secure.port}"], tls={"verify": False})
    await states.until(BOUND)
    secure.enqueue(Mo(text="one"))
    await secure.wait_acked(1)
    await link.stop(asyncio.get_running_loop().time() + 5)
    assert shelf.records[0].proofs == [1]


@pytest.mark.parametrize("key", ["ca", "cert"])
def test_a_file_that_cannot_be_used_is_said_at_once(key: str, tmp_path: Path, shelf: Shelf, states: States) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    for path in (str(broken), str(tmp_path / "missing.pem")):
        config = CarrierConfig.model_validate({"hosts": ["127.0.0.1:1"], "system_id": "moh", "tls": {key: path}})
        with pytest.raises(StartError, match=rf"tls\.{key} = .*{Path(path).name}"):
            Link("vodacom", 1, "transceiver", config, shelf, states)
