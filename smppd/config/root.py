"""The whole file, and what must hold across its tables."""

from __future__ import annotations

import re
import socket
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from smppd.config.carriers import CarrierConfig
from smppd.config.systems import SystemConfig
from smppd.config.values import Budget, HostPort, Seconds, Secret, Table, argon2id

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")


class StoreConfig(Table):
    dsn: Secret | None = None  # left out: an embedded PostgreSQL in data_dir
    data_dir: str = "/var/lib/smppd"
    max_disk: Budget = "80%"
    retain: Seconds = 90 * 86400.0
    retain_text: Seconds = 30 * 86400.0


class NodeConfig(Table):
    name: str = Field(default_factory=socket.gethostname)
    processes: Literal["auto"] | int = "auto"

    @field_validator("processes")
    @classmethod
    def _at_least_one(cls, value: str | int) -> str | int:
        if isinstance(value, int) and not 1 <= value <= 64:
            raise ValueError('write "auto" or a number from 1 to 64')
        return value


class HttpTls(Table):
    cert: str
    key: str


class HttpConfig(Table):
    listen: list[HostPort] = [HostPort("127.0.0.1:8080")]
    tls: HttpTls | None = None
    trusted_proxies: list[str] = []


class ConsoleUser(Table):
    password_hash: str
    role: Literal["admin", "operator", "viewer"] = "viewer"

    @field_validator("password_hash")
    @classmethod
    def _argon2id(cls, value: str) -> str:
        return argon2id(value)


class ConsoleConfig(Table):
    users: dict[str, ConsoleUser] = {}


class RouteConfig(Table):
    """An inbound route; every condition given must hold."""

    number: str | None = None
    keyword: str | None = None
    keyword_regex: str | None = None
    sender: str | None = Field(None, alias="from")
    carrier: str | None = None
    to: list[str]
    continue_: bool = Field(False, alias="continue")

    @field_validator("keyword_regex")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                re.compile(value)
            except re.error as error:
                raise ValueError(f"not a regular expression: {error}") from None
        return value

    @field_validator("number", "sender")
    @classmethod
    def _matches_something(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"\+?[0-9A-Za-z]*\*?", value):
            raise ValueError(f'"{value}" can match no number; write the number itself, or a beginning followed by *')
        return value


class PolicyConfig(Table):
    deny: list[str] = []
    deny_shorter_than: int = Field(0, ge=0)
    deny_alphanumeric: bool = False
    region: str | None = None
    loop: int = Field(10, ge=0)  # the same text to one number within loop_window; 0: no limit
    burst: int = Field(100, ge=0)  # messages to one number within loop_window; 0: no limit
    loop_window: Seconds = 600.0

    @field_validator("region")
    @classmethod
    def _known_region(cls, value: str | None) -> str | None:
        if value is None or value in _regions():
            return value
        raise ValueError('write the two capital letters of a country, such as "TZ"')


class LogConfig(Table):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["json", "text"] = "json"
    privacy: Literal["masked", "open"] = "masked"


def _regions() -> frozenset[str]:
    """The countries whose numbers can be read."""
    from phonenumbers.data import _COUNTRY_CODE_TO_REGION_CODE as codes

    return frozenset(region for regions in codes.values() for region in regions if region.isalpha())


class Config(Table):
    """The gateway's configuration, complete and checked."""

    store: StoreConfig = StoreConfig()
    node: NodeConfig = NodeConfig()
    http: HttpConfig = HttpConfig()
    console: ConsoleConfig = ConsoleConfig()
    carriers: dict[str, CarrierConfig] = {}
    systems: dict[str, SystemConfig] = {}
    routes: list[RouteConfig] = []
    policy: PolicyConfig = PolicyConfig()
    log: LogConfig = LogConfig()

    @field_validator("carriers", "systems")
    @classmethod
    def _names(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name in value:
            if not NAME.fullmatch(name):
                raise ValueError(f'the name "{name}" may hold letters, digits, "_", "-" and "." only')
        return value

    @model_validator(mode="after")
    def _one_owner_each(self) -> Config:
        """Who shows a credential must be one system, or one person."""
        owners = {("username", user): f"console.users.{user}" for user in self.console.users}
        for name, system in self.systems.items():
            if (access := system.access) is None:
                continue
            for key, shown in (("username", access.username), ("token_hash", (access.token_hash or "").lower())):
                if shown and (owner := owners.setdefault((key, shown), f"systems.{name}")) != f"systems.{name}":
                    raise ValueError(f"systems.{name}.access.{key} is that of {owner} as well; give each its own")
        return self

    @model_validator(mode="after")
    def _known_targets(self) -> Config:
        for name, system in self.systems.items():
            if system.carrier is not None and system.carrier not in self.carriers:
                raise ValueError(f'systems.{name}.carrier names "{system.carrier}", which is not configured')
        for index, route in enumerate(self.routes):
            for name in route.to:
                if name not in self.systems:
                    raise ValueError(f'routes[{index}].to names the system "{name}", which is not configured')
                if self.systems[name].type == "api":
                    raise ValueError(
                        f'routes[{index}].to names the system "{name}", which is of type api: it takes no messages; '
                        "a webhook does"
                    )
            if route.carrier is not None and route.carrier not in self.carriers:
                raise ValueError(f'routes[{index}].carrier names "{route.carrier}", which is not configured')
        return self
