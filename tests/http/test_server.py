"""The listeners and the three health questions, over real sockets."""

import asyncio
import contextlib
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from smppd import log, metrics
from smppd.config import HttpConfig, LogConfig
from smppd.errors import StartError
from smppd.http import HttpServer, patience


class Gateway:
    """What the server asks of the gateway."""

    reason: str | None = None

    async def readiness(self) -> str | None:
        return self.reason

    async def exposition(self) -> bytes:
        return metrics.exposition()


Serve = Callable[..., Awaitable[tuple[HttpServer, str]]]


@pytest.fixture
def gateway() -> Gateway:
    return Gateway()


@pytest.fixture
async def serve(gateway: Gateway) -> AsyncIterator[Serve]:
    running: list[HttpServer] = []

    async def start(routes: list[web.RouteDef] | None = None, **keys: object) -> tuple[HttpServer, str]:
        config = HttpConfig.model_validate({"listen": ["127.0.0.1:0"], **keys})
        server = HttpServer(config, gateway.readiness, gateway.exposition, routes or [])
        await server.start()
        running.append(server)
        host, port = server.addresses[0]
        return server, f"{'https' if config.tls else 'http'}://{host}:{port}"

    yield start
    for server in running:
        await server.stop()


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_alive_and_ready_say_so(serve: Serve, client: aiohttp.ClientSession) -> None:
    _, url = await serve()
    for path, status in [("/healthz", "alive"), ("/readyz", "ready")]:
        async with client.get(url + path) as answer:
            assert (answer.status, await answer.json()) == (200, {"status": status})


async def test_unready_says_why_and_stays_alive(serve: Serve, client: aiohttp.ClientSession, gateway: Gateway) -> None:
    _, url = await serve()
    gateway.reason = "the database cannot be reached"
    async with client.get(url + "/readyz") as answer:
        assert answer.status == 503
        assert answer.content_type == "application/problem+json"
        assert await answer.json() == {
            "type": "about:blank",
            "title": "Service Unavailable",
            "status": 503,
            "detail": "the database cannot be reached",
        }
    async with client.get(url + "/healthz") as answer:
        assert answer.status == 200


async def test_metrics_are_in_the_text_format(serve: Serve, client: aiohttp.ClientSession) -> None:
    _, url = await serve()
    async with client.get(url + "/metrics") as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert "smppd_build_info{version=" in await answer.text()


async def explode(_request: web.Request) -> web.Response:
    raise RuntimeError("text of a message")


@pytest.mark.parametrize(
    ("method", "path", "status", "detail"),
    [
        ("GET", "/nowhere", 404, "there is nothing at /nowhere"),
        ("POST", "/healthz", 405, "POST is not possible here; GET, HEAD is"),
        ("GET", "/explode/255712345678", 500, "the gateway failed to answer this request; its log says where"),
    ],
)
async def test_an_error_is_a_problem(
    serve: Serve, client: aiohttp.ClientSession, method: str, path: str, status: int, detail: str
) -> None:
    _, url = await serve([web.get("/explode/{number}", explode)])
    async with client.request(method, url + path) as answer:
        assert (answer.status, answer.content_type) == (status, "application/problem+json")
        body = await answer.json()
    assert (body["status"], body["detail"]) == (status, detail)


async def test_a_fault_is_logged_without_path_and_message(
    serve: Serve, client: aiohttp.ClientSession, capsys: pytest.CaptureFixture[str]
) -> None:
    _, url = await serve([web.get("/explode/{number}", explode)])
    async with client.get(url + "/explode/255712345678") as answer:
        assert answer.status == 500
    out, err = capsys.readouterr()
    assert "/explode/{number}" in out + err
    assert "255712345678" not in out + err
    assert "text of a message" not in out + err


async def test_every_address_is_served(serve: Serve, client: aiohttp.ClientSession) -> None:
    server, _ = await serve(listen=["127.0.0.1:0", "127.0.0.2:0"])
    assert [host for host, _ in server.addresses] == ["127.0.0.1", "127.0.0.2"]
    for host, port in server.addresses:
        async with client.get(f"http://{host}:{port}/healthz") as answer:
            assert answer.headers["Server"] == "smppd"


async def test_a_port_in_use_is_named_and_nothing_stays_bound(serve: Serve) -> None:
    with socket.socket() as free, socket.socket() as taken:
        free.bind(("127.0.0.1", 0))
        other = free.getsockname()[1]
        free.close()
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match=rf"cannot listen on 127\.0\.0\.1:{port}: the port is in use, likely"):
            await serve(listen=[f"127.0.0.1:{other}", f"127.0.0.1:{port}"])
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", other))


@pytest.mark.parametrize(
    ("address", "reason"),
    [("192.0.2.1:0", "this machine has no address 192.0.2.1"), ("no.such.host.invalid:0", "cannot be resolved")],
)
async def test_an_address_that_cannot_be_bound_is_explained(serve: Serve, address: str, reason: str) -> None:
    with pytest.raises(StartError, match=reason):
        await serve(listen=[address])


async def test_a_certificate_that_cannot_be_read_is_named(serve: Serve, tmp_path: Path) -> None:
    missing = str(tmp_path / "none.pem")
    with pytest.raises(StartError, match=r"http\.tls\.cert = '.*none\.pem': the file cannot be read: No such file"):
        await serve(tls={"cert": missing, "key": missing})


async def test_tls_is_served(serve: Serve, client: aiohttp.ClientSession, certificate: tuple[str, str]) -> None:
    cert, key = certificate
    _, url = await serve(tls={"cert": cert, "key": key})
    trusted = ssl.create_default_context(cafile=cert)
    async with client.get(url + "/healthz", ssl=trusted) as answer:
        assert answer.status == 200


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    where = tmp_path_factory.mktemp("tls")
    cert, key = str(where / "cert.pem"), str(where / "key.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
        check=True, capture_output=True,
    )  # fmt: skip
    return cert, key


async def test_who_says_nothing_or_half_a_request_is_let_go(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in [("FIRST", 0.05), ("EVERY", 0.01)]:
        monkeypatch.setattr(patience, name, seconds)
    server, _ = await serve()
    for said in (b"", b"GET /heal", b"GET /healthz HTTP/1.1\r\nHost: x\r\n"):
        reader, writer = await asyncio.open_connection(*server.addresses[0])
        writer.write(said)
        assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()


async def test_a_kept_connection_is_let_go_when_no_request_follows(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, seconds in [("NEXT", 0.05), ("EVERY", 0.01)]:
        monkeypatch.setattr(patience, name, seconds)
    server, _ = await serve()
    reader, writer = await asyncio.open_connection(*server.addresses[0])
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b'"alive"' in await asyncio.wait_for(reader.read(), 10)
    writer.close()


async def test_a_request_that_takes_long_is_not_cut(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in [("FIRST", 0.01), ("NEXT", 0.01), ("EVERY", 0.01)]:
        monkeypatch.setattr(patience, name, seconds)
    looked = asyncio.Event()
    look = patience.Patience.look

    def counted(self: patience.Patience, connections: list[web.RequestHandler], now: float) -> None:
        look(self, connections, now)
        looked.set()

    async def long(_request: web.Request) -> web.Response:
        for _ in range(10):
            looked.clear()
            await looked.wait()
        return web.Response(text="done")

    monkeypatch.setattr(patience.Patience, "look", counted)
    server, _ = await serve([web.get("/long", long)])
    reader, writer = await asyncio.open_connection(*server.addresses[0])
    writer.write(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await asyncio.wait_for(reader.read(), 30)).endswith(b"done")
    writer.close()


async def test_of_too_many_connections_the_oldest_idle_ones_are_let_go(
    serve: Serve, client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "EVERY", 0.01)
    monkeypatch.setattr(patience.resource, "getrlimit", lambda _: (16, 16))  # half of it is for others
    server, url = await serve()
    opened = [await asyncio.open_connection(*server.addresses[0]) for _ in range(12)]
    done, _ = await asyncio.wait(
        [asyncio.ensure_future(reader.read()) for reader, _ in opened], return_when=asyncio.FIRST_COMPLETED, timeout=10
    )
    assert done
    async with client.get(url + "/healthz") as answer:
        assert answer.status == 200
    for _, writer in opened:
        writer.close()


@pytest.mark.parametrize(
    "said", [b"\x16\x03\x01\x02\x00\x01", b"GET /\xff HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nX : y\r\n\r\n"]
)
async def test_what_is_no_http_is_refused_and_fills_no_log(
    serve: Serve, capsys: pytest.CaptureFixture[str], said: bytes
) -> None:
    log.setup(LogConfig())
    server, _ = await serve()
    reader, writer = await asyncio.open_connection(*server.addresses[0])
    writer.write(said + b"\r\n\r\n")
    assert (await asyncio.wait_for(reader.read(), 10)).startswith(b"HTTP/1.0 400 ")
    writer.close()
    out, err = capsys.readouterr()
    assert "Error handling request" not in out + err


async def test_a_body_that_is_not_compressed_as_it_says_fills_no_log(
    serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    async def read(request: web.Request) -> web.Response:
        with contextlib.suppress(web.RequestPayloadError):
            await request.read()
        return web.Response(status=400)

    log.setup(LogConfig())
    server, _ = await serve([web.post("/read", read)])
    reader, writer = await asyncio.open_connection(*server.addresses[0])
    head = b"POST /read HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 7\r\n\r\n"
    writer.write(head + b"no gzip")
    assert (await asyncio.wait_for(reader.read(), 10)).startswith(b"HTTP/1.1 400 ")
    writer.close()
    out, err = capsys.readouterr()
    assert "exception" not in out + err
