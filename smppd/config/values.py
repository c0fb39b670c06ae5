"""The value kinds of the configuration file: durations, sizes, secrets, addresses."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, GetCoreSchemaHandler
from pydantic_core import core_schema

UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
SIZES = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}


class Table(BaseModel):
    """A table of the file: an unknown key is refused, a value is never changed after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


def seconds(value: Any) -> float:
    """Read "30s", "15m", "7d", "250ms" as seconds. A bare number is refused: its unit would be a guess."""
    if isinstance(value, str) and (found := re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)", value.strip())):
        return float(found[1]) * UNITS[found[2]]
    raise ValueError('write a duration with its unit, for example "30s", "15m" or "7d"')


Seconds = Annotated[float, BeforeValidator(seconds)]


def budget(value: Any) -> str:
    """A share of the volume ("80%") or a size ("20GB"); returned in canonical form."""
    text = value.strip().upper() if isinstance(value, str) else ""
    if (share := re.fullmatch(r"(\d{1,3})\s*%", text)) and 1 <= int(share[1]) <= 99:
        return f"{int(share[1])}%"
    if (size := re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]I?B)", text)) and float(size[1]) > 0:
        return f"{int(float(size[1]) * SIZES[size[2]])}"
    raise ValueError('write a share of the volume such as "80%" (1 to 99) or a size such as "20GB"')


Budget = Annotated[str, BeforeValidator(budget)]


class Secret(str):
    """A secret given in place, by environment variable or by file. Its repr shows nothing."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"

    @classmethod
    def read(cls, value: Any) -> Secret:
        """Accept "text", { env = "NAME" } or { file = "PATH" }; raise ValueError naming what is missing."""
        if isinstance(value, str):
            return cls(value)
        if isinstance(value, dict) and len(value) == 1 and isinstance(where := next(iter(value.values())), str):
            if "env" in value:
                if (found := os.environ.get(where)) is None:
                    raise ValueError(f"the environment variable {where} is not set")
                return cls(found)
            if "file" in value:
                try:
                    return cls(Path(where).read_text(encoding="utf-8").rstrip("\r\n"))
                except OSError as error:
                    raise ValueError(f"the file {where} cannot be read: {error.strerror}") from None
        raise ValueError('write the secret as "text", { env = "NAME" } or { file = "PATH" }')

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.read)


_ARGON2ID = re.compile(
    r"\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}"
)


def argon2id(value: str) -> str:
    """The hash of a password. Raises ValueError for what cannot be checked, or only at a price that stops the rest."""
    found = _ARGON2ID.fullmatch(value)
    memory, rounds, lanes = map(int, found.groups()) if found else (0, 0, 0)
    if not (rounds and lanes and 8 * lanes <= memory <= 1 << 20):
        raise ValueError('write a hash such as "$argon2id$v=19$...", as `smppd token --password` prints it')
    return value


class HostPort(str):
    """host:port of a TCP endpoint; IPv6 in brackets. `.host` and `.port` are its halves."""

    @property
    def host(self) -> str:
        return self.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        return int(self.rpartition(":")[2])

    @classmethod
    def read(cls, value: Any) -> HostPort:
        """Raise ValueError unless value is "host:port" with a port of 0 to 65535."""
        if isinstance(value, str):
            host, colon, port = value.rpartition(":")
            bare_v6 = ":" in host and not host.startswith("[")
            if colon and host and not bare_v6 and port.isascii() and port.isdigit() and int(port) <= 65535:
                return cls(value)
        raise ValueError('write it as "host:port", for example "10.20.0.5:2775" or "[::1]:2775"')

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.read)
