"""Nothing that these tests do may leave a secret, a text or a number in a log."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from smppd import log
from smppd.config import LogConfig
from tests.systems.kit import discreet


@pytest.fixture(autouse=True)
def _nothing_leaks(capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    log.setup(LogConfig(level="debug"))
    yield
    printed = capsys.readouterr()
    for line in (printed.out + printed.err).splitlines():
        discreet(line[:399])


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for the name localhost, with its key in one PEM file."""
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost"
    files = ["-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run([*command.split(), *files], cwd=folder, check=True, capture_output=True)
    pem = folder / "both.pem"
    pem.write_text((folder / "cert.pem").read_text() + (folder / "key.pem").read_text())
    return pem


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    """A server's context with that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
