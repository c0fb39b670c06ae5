"""What the configuration names outside itself: certificates, keys and the data directory must be usable."""

from __future__ import annotations

import os
import ssl
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from smppd.config.carriers import Tls
from smppd.config.locate import KeyPath, dotted, locate, nearest
from smppd.config.root import Config, HttpTls
from smppd.errors import ConfigError


def verify(config: Config, text: str, file: str) -> None:
    """Raise `ConfigError` for what `run` would stumble over; `text` and `file` are where `config` was read from."""
    problems = [*_certificates(config), *_data_dir(config)]
    if problems:
        lines = locate(text)
        first, *others = (
            ConfigError(dotted(path), reason, value=value, line=nearest(lines, path), file=file)
            for path, value, reason in problems
        )
        first.others = others
        raise first


def server_context(tls: HttpTls) -> ssl.SSLContext:
    """The TLS context of our listeners. Raises `ConfigError` when certificate or key cannot be used."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    _chain(context, tls.cert, tls.key, "http.tls")
    return context


def client_context(tls: Tls, key: str = "tls") -> ssl.SSLContext:
    """The TLS context towards a carrier: verified and the host name checked unless told otherwise.

    `key` is the dotted path of the table in errors. Raises `ConfigError` when a file cannot be used.
    """
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH)
    if tls.ca is not None:
        _authorities(context, tls.ca, f"{key}.ca")
    if tls.cert is not None:
        _chain(context, tls.cert, tls.key or tls.cert, key)
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


_Problem = tuple[KeyPath, object, str]


def _certificates(config: Config) -> Iterator[_Problem]:
    if (server := config.http.tls) is not None:
        yield from _tried(("http", "tls"), lambda: server_context(server))
    for name, carrier in config.carriers.items():
        if (tls := carrier.tls_settings) is not None:
            yield from _tried(("carriers", name, "tls"), lambda tls=tls: client_context(tls))  # type: ignore[misc]
    for name, system in config.systems.items():
        if (ca := system.ca) is not None:
            path = ("systems", name)
            yield from _tried(path, lambda ca=ca: _authorities(ssl.create_default_context(), ca, "ca"))  # type: ignore[misc]


def _tried(table: KeyPath, attempt: Callable[[], object]) -> Iterator[_Problem]:
    try:
        attempt()
    except ConfigError as error:
        yield (*table, error.key.rpartition(".")[2]), error.value, error.reason


def _data_dir(config: Config) -> Iterator[_Problem]:
    if config.store.dsn is not None:
        return  # an external database keeps the data; the directory is not used
    wanted = Path(config.store.data_dir)
    # os.path: what one may not look at counts as absent, and the folder above it is the one to name.
    there = next(path for path in (wanted, *wanted.absolute().parents) if os.path.exists(path))
    if not there.is_dir():
        yield ("store", "data_dir"), str(wanted), f"{there} is a file, not a directory"
    elif not os.access(there, os.W_OK | os.X_OK):
        does = "be written to" if there == wanted else f"be created: {there} is not writable"
        yield ("store", "data_dir"), str(wanted), f"the directory cannot {does} for user {os.geteuid()}"
    elif closed := _closed_to_others(wanted, there):
        reason = f"PostgreSQL does not run as root, and the user who runs it cannot enter {closed}"
        yield ("store", "data_dir"), str(wanted), f"{reason}; choose another, such as /var/lib/smppd"


def _closed_to_others(wanted: Path, there: Path) -> Path | None:
    """Under root, the first folder on the way that another user may not enter; the last one will be given to it."""
    if os.geteuid() != 0:
        return None
    way = [*reversed(there.absolute().parents), *([] if there == wanted else [there])]
    return next((folder for folder in way if not folder.stat().st_mode & stat.S_IXOTH), None)


def _chain(context: ssl.SSLContext, cert: str, key: str, table: str) -> None:
    for name, path in (("cert", cert), ("key", key)):
        _readable(path, f"{table}.{name}")
    try:
        # An empty password refuses an encrypted key at once, where OpenSSL would ask the terminal.
        context.load_cert_chain(cert, key, password="")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise ConfigError(f"{table}.key", "the key does not belong to the certificate", value=key) from None
        reason = "certificate and key cannot be read as unencrypted PEM"
        raise ConfigError(f"{table}.cert", reason, value=cert) from None


def _authorities(context: ssl.SSLContext, path: str, key: str) -> None:
    _readable(path, key)
    try:
        context.load_verify_locations(cafile=path)
    except ssl.SSLError:
        raise ConfigError(key, "the file holds no certificate in PEM form", value=path) from None


def _readable(path: str, key: str) -> None:
    try:
        with open(path, "rb"):
            pass
    except OSError as error:
        raise ConfigError(key, f"the file cannot be read: {error.strerror}", value=path) from None
