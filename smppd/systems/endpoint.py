"""Where a system is called and what we show it, read once from its configuration."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass

from yarl import URL

from smppd.errors import ConfigError
from smppd.systems.contract import Context

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`url` carries no credentials; `authorization` is the header's value; `secrets` may appear nowhere."""

    url: URL
    authorization: str | None
    secrets: tuple[str, ...]


def endpoint(context: Context, suffix: str = "", scheme: str = "Bearer") -> Endpoint:
    """The endpoint `suffix` under the configured url, which may already hold its beginning or all of it.

    A user name and password in the url count as `username` and `password`. Raises ConfigError.
    """
    config, key = context.config, f"systems.{context.name}"
    try:
        url = URL(config.url).with_fragment(None)
        origin = url.origin()
    except ValueError:
        raise ConfigError(f"{key}.url", "it cannot be read as a URL") from None
    if suffix and url.raw_query_string:
        raise ConfigError(f"{key}.url", "nothing may follow the path")
    username, password = config.username, config.password or ""
    if url.raw_user is not None:
        if username is not None or config.token is not None:
            raise ConfigError(f"{key}.url", "it carries a user name, and credentials are given beside it; give one")
        username, password = url.user or "", url.password or ""
        url = url.with_user(None)
    if suffix:
        url = origin.with_path(_joined(url.raw_path, suffix), encoded=True)
    token = str(config.token) if config.token is not None else None
    basic = None if username is None else b64encode(f"{username}:{password}".encode()).decode()
    authorization = f"Basic {basic}" if basic is not None else None if token is None else f"{scheme} {token}"
    if authorization is not None:
        header_value(f"{key}.token", authorization)
    own = (token, password, basic, config.secret, *config.headers.values(), *config.credentials_by_sender.values())
    return Endpoint(url, authorization, tuple(str(secret) for secret in own if secret))


def header_value(key: str, value: str) -> str:
    """`value`, if it can be sent in a header. Raises ConfigError naming `key`, and not the value."""
    if _CONTROL.search(value):
        raise ConfigError(key, "it holds a line break or another control character")
    return value


def _joined(path: str, suffix: str) -> str:
    """`suffix` after `path`, where the end of `path` may be a beginning of `suffix`. No slash at the end.

    A version number after "api" goes: DHIS2 2.43 no longer knows such paths, and older versions need none.
    """
    path = re.sub(r"/api/\d+$", "/api", path.rstrip("/"))
    parts = suffix.split("/")
    for count in range(len(parts), 1, -1):
        begin = "/".join(parts[:count])
        if path.endswith(begin):
            return path.removesuffix(begin) + suffix
    return path + suffix
