"""What goes wrong in an operator's hands: words and an exit code, or a retry with a reason to be seen; no traceback."""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from smppd.simulator.smsc import Smsc
from smppd.store.embedded import EmbeddedServer
from tests.flows.book import Arrivals, Load
from tests.flows.conftest import SECRET, carrier, webhook
from tests.flows.process import Process

FULL = 0x14


def tables(smsc: Smsc, sink: Arrivals, **more: Any) -> dict[str, Any]:
    return {
        "node": {"name": "gw1", "processes": 1},
        "carriers": carrier(smsc),
        "systems": {"sink": webhook(sink)},
        "routes": [{"to": ["sink"]}],
        **more,
    }


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"stroe": {}}, ["stroe", "no such key", '"store"']),
        ({"node": {"nmae": "x"}}, ["node.nmae", "no such key", '"name"']),
        ({"node": {"processes": "many"}}, ["node.processes = 'many'", "write"]),
        ({"carriers": {"v": {"hosts": ["h:2775"], "system_id": "m", "window": "big"}}}, ["window", "whole number"]),
        (
            {"carriers": {"v": {"hosts": ["h:2775"], "system_id": "m", "password": {"env": "NOT_THERE"}}}},
            ["carriers.v.password", "NOT_THERE is not set"],
        ),
        (
            {"carriers": {"v": {"hosts": ["h:2775"], "system_id": "m", "password": {"file": "/none/x"}}}},
            ["carriers.v.password", "/none/x cannot be read"],
        ),
        ({"routes": [{"to": ["nowhere"]}]}, ["routes[0].to", "[systems.nowhere]"]),
    ],
    ids=["unknown table", "unknown key", "wrong choice", "wrong type", "no variable", "no secret file", "no system"],
)
async def test_a_configuration_that_cannot_be_used_is_refused_with_key_reason_and_line(
    gateway: Callable[..., Process], smsc: Smsc, sink: Arrivals, change: dict[str, Any], words: list[str]
) -> None:
    process = gateway(**{**tables(smsc, sink), **change})
    await process.launch()
    assert await process.ended() == 2
    said = "\n".join(process.lines)
    assert f"{process.file}:" in said
    for word in words:
        assert word in said


async def test_a_port_in_use_is_named(gateway: Callable[..., Process], smsc: Smsc, sink: Arrivals) -> None:
    process = gateway(**tables(smsc, sink))
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", process.port)
    await process.launch()
    assert await process.ended() == 1
    assert f"cannot listen on 127.0.0.1:{process.port}: the port is in use" in "\n".join(process.lines)
    taken.close()


async def test_a_database_that_does_not_exist_ends_the_start_with_words(
    gateway: Callable[..., Process], smsc: Smsc, sink: Arrivals, server: EmbeddedServer
) -> None:
    dsn = server.dsn.replace("/postgres?", "/no_such_database?")
    process = gateway(**tables(smsc, sink, store={"dsn": dsn}))
    await process.launch()
    assert await process.ended() == 1
    assert "does not exist: create it" in "\n".join(process.lines)


async def test_a_wrong_database_password_ends_the_start_with_words_and_is_not_shown(
    gateway: Callable[..., Process], smsc: Smsc, sink: Arrivals, folder: Path
) -> None:
    own = EmbeddedServer(folder / "own")
    await own.start()
    (own.cluster / "pg_hba.conf").write_text("local all all scram-sha-256\n")
    await own.stop()
    await own.start()
    try:
        dsn = own.dsn.replace("smppd@", f"smppd:{SECRET}@")
        process = gateway(**tables(smsc, sink, store={"dsn": dsn}))
        await process.launch()
        assert await process.ended() == 1
        assert "refuses the user or password of store.dsn" in "\n".join(process.lines)
    finally:
        await own.stop("immediate")


async def test_a_database_user_without_rights_ends_the_start_with_words(
    gateway: Callable[..., Process], smsc: Smsc, sink: Arrivals, folder: Path
) -> None:
    own = EmbeddedServer(folder / "own")
    await own.start()
    try:
        admin = await asyncpg.connect(own.dsn)
        await admin.execute("create role weak login")
        await admin.close()
        process = gateway(**tables(smsc, sink, store={"dsn": own.dsn.replace("smppd@", "weak@")}))
        await process.launch()
        assert await process.ended() == 1
        assert "the user of store.dsn may not do this" in "\n".join(process.lines)
    finally:
        await own.stop("immediate")


async def test_a_database_that_comes_later_is_waited_for_aloud(
    gateway: Callable[..., Process], smsc: Smsc, sink: Arrivals, folder: Path
) -> None:
    own = EmbeddedServer(folder / "own")
    process = gateway(**tables(smsc, sink, store={"dsn": own.dsn, "max_disk": "1GB"}))
    await process.launch()
    await process.said("waiting for the database", "nothing listens there")
    assert "nothing listens there" in await process.until_page("/readyz", lambda status, _: status == 503)
    try:
        await own.start()
        await process.ready()
        await smsc.wait_bound(1)
        await process.until_page("/readyz", lambda status, _: status == 200)
        assert await process.stop() == 0
    finally:
        await own.stop("immediate")


async def test_a_refused_bind_is_said_in_the_log_and_by_status(
    gateway: Callable[..., Process], smsc: Smsc, sink: Arrivals, dsn: str
) -> None:
    table = carrier(smsc)
    table["vodacom"]["password"] = "wrong-but-secret"
    process = gateway(**tables(smsc, sink, carriers=table, store={"dsn": dsn}))
    await process.start()
    said = await process.said("down", "password")
    assert "0x0000000E" in said.upper().replace("X0", "x0") or "ESME_RINVPASWD" in said
    assert "ask the carrier to check system_id moh" in said
    code, shown, _ = await process.command("status")
    assert code == 0
    assert "ask the carrier to check system_id moh" in shown
    assert (await process.get("/readyz"))[0] == 200  # a carrier that refuses is no reason to restart the gateway
    assert not any("wrong-but-secret" in line for line in [*process.lines, shown])


@pytest.fixture
def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of nobody's authority for another host."""
    cert, key = folder / "c.pem", folder / "k.pem"
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=elsewhere.example", "-keyout", str(key), "-out", str(cert)],
        capture_output=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    return cert, key


async def test_certificates_that_are_not_trusted_are_said_for_carrier_and_system(
    gateway: Callable[..., Process], sink: Arrivals, certificate: tuple[Path, Path], dsn: str
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    secure, plain = Smsc(ssl_context=context), Smsc()
    await secure.start()
    await plain.start()
    other = Arrivals()
    await other.sink.start(ssl_context=context)
    try:
        process = gateway(
            store={"dsn": dsn},
            carriers={
                "secure": {"hosts": [f"127.0.0.1:{secure.port}"], "system_id": "x", "tls": True},
                "plain": {"hosts": [f"127.0.0.1:{plain.port}"], "system_id": "x"},
            },
            systems={"sink": webhook(other, concurrency=4)},
            routes=[{"to": ["sink"]}],
        )
        await process.start()
        await process.said("down", "its certificate is refused", '"carrier":"secure"')
        load = Load(plain, senders=10)
        load.put(10)
        await load.end()
        await process.said("not asked for a while", "is not trusted")
        assert other.ids == {}
    finally:
        await other.sink.stop()
        await secure.stop()
        await plain.stop()


async def test_a_data_dir_that_cannot_be_made_is_refused(
    gateway: Callable[..., Process], smsc: Smsc, sink: Arrivals, folder: Path
) -> None:
    (folder / "file").touch()
    for place, words in ((folder / "file", "is a file"), (Path("/proc/none"), "data_dir")):
        process = gateway(**tables(smsc, sink, store={"data_dir": str(place)}))
        await process.launch()
        assert await process.ended() in (1, 2)
        assert "store.data_dir" in "\n".join(process.lines)
        assert words in "\n".join(process.lines)


async def test_a_spent_disk_budget_asks_carriers_to_keep_their_messages_until_it_is_raised(
    gateway: Callable[..., Process], smsc: Smsc, sink: Arrivals
) -> None:
    process = gateway(**tables(smsc, sink))
    process.tables["store"]["max_disk"] = "1MB"
    smsc.retry_delay = 0.5
    await process.start()
    await process.said("disk budget spent", "raise store.max_disk")
    load = Load(smsc)
    load.put(50)
    await smsc.wait_counter("temporary_pdus", 50)
    assert smsc.counters.acked == 0
    page = await process.until_page("/metrics", lambda _, body: "smppd_disk_used_ratio" in body)
    used = next(float(line.split()[1]) for line in page.splitlines() if line.startswith("smppd_disk_used_ratio "))
    assert used > 1
    process.write(store={**process.tables["store"], "max_disk": "99%"})
    assert await process.stop() == 0
    await process.start()
    count = await load.end()
    await sink.wait(count)
    assert sink.doubled == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small volume")
async def test_a_volume_that_is_really_full_costs_temporary_errors_and_goes_on_when_space_is_freed(
    gateway: Callable[..., Process], smsc: Smsc, sink: Arrivals, folder: Path
) -> None:
    volume = folder / "volume"
    volume.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400m", "tmpfs", str(volume)], check=False)
    if mounted.returncode != 0:
        pytest.skip("mounting is not permitted here")
    try:
        process = gateway(**tables(smsc, sink, store={"data_dir": str(volume / "data"), "max_disk": "100GB"}))
        smsc.rate = 1000
        await process.start()
        await smsc.wait_bound(1)
        load = Load(smsc, long=5)
        load.begin()
        await smsc.wait_acked(500)
        ballast = volume / "ballast"
        with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(2**16))
        await smsc.wait_counter("temporary_pdus", 50, 90)
        assert process.running
        assert (await process.get("/healthz"))[0] == 200
        ballast.unlink()
        freed = smsc.counters.acked
        await smsc.wait_acked(freed + 500, 90)
        count = await load.end(60)
        await sink.wait(count, 60)
        assert await process.stop() == 0
        assert sink.doubled == {}
        assert set(sink.ids) == load.texts
    finally:
        await process.clean_up()
        subprocess.run(["umount", "-l", str(volume)], check=True)
