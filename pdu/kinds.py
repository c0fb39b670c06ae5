"""The kinds of optional parameters: what their octets say, and what they may be (SMPP 5.0 section 4.8.4).

Reading is tolerant, as carriers miscount octets; writing and `fault` are strict.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from pdu.errors import EncodeError
from pdu.wire import write_number, write_string

TlvValue = int | str | bytes | tuple[Any, ...] | None

_LONGEST_INTEGER = 8  # octets; longer ones are none


class NetworkErrorCode(NamedTuple):
    """network_error_code (SMPP 3.4 section 5.3.2.31): `network` 1 is ANSI-136, 2 IS-95, 3 GSM."""

    network: int
    code: int


class Subaddress(NamedTuple):
    """source_subaddress and dest_subaddress (SMPP 3.4 section 5.3.2.15): `type` 0x80, 0x88 or 0xA0, and the address."""

    type: int
    address: bytes


class CallbackNumber(NamedTuple):
    """callback_num (SMPP 3.4 section 5.3.2.36): `mode` 0 is DTMF, 1 is ASCII digits."""

    mode: int
    ton: int
    npi: int
    digits: bytes


class CallbackText(NamedTuple):
    """callback_num_atag (SMPP 3.4 section 5.3.2.38): what to show for a number, in a data_coding."""

    data_coding: int
    characters: bytes


class ItsSession(NamedTuple):
    """its_session_info (SMPP 3.4 section 5.3.2.43)."""

    session: int
    dialogue: int  # number of the dialogue unit times two, plus one at the end of the session

    @property
    def unit(self) -> int:
        """Number of the dialogue unit, 0 to 127."""
        return self.dialogue >> 1

    @property
    def ends(self) -> bool:
        """Whether the session ends with it."""
        return bool(self.dialogue & 1)


class MsValidity(NamedTuple):
    """ms_validity (SMPP 5.0 section 4.8.4.41): `unit` and `number` only for a relative time (`behaviour` 4)."""

    behaviour: int
    unit: int | None = None
    number: int | None = None


class BroadcastArea(NamedTuple):
    """broadcast_area_identifier (SMPP 5.0 section 4.8.4.4): `form` 0 is a name, 1 an ellipsoid arc, 2 a polygon."""

    form: int
    details: bytes


class BroadcastContent(NamedTuple):
    """broadcast_content_type (SMPP 5.0 section 4.8.4.8): `network` 0 is generic, 1 GSM, 2 TDMA, 3 CDMA."""

    network: int
    service: int


class BroadcastInterval(NamedTuple):
    """broadcast_frequency_interval (SMPP 5.0 section 4.8.4.11): `unit` 0 is as often as possible, 8 to 14 are
    seconds, minutes, hours, days, weeks, months and years.
    """

    unit: int
    number: int


class TlvKind(ABC):
    """What the octets of one optional parameter are."""

    @abstractmethod
    def read(self, octets: bytes) -> TlvValue:
        """What they say; None where they say nothing of this kind."""

    @abstractmethod
    def write(self, name: str, value: Any) -> bytes:
        """The octets of `value`. Raises EncodeError naming the parameter."""

    @abstractmethod
    def fault(self, octets: bytes) -> str:
        """Why these octets may not be sent; empty where they may."""


@dataclass(frozen=True, slots=True)
class Integer(TlvKind):
    """An unsigned number of `size` octets, big-endian; other sizes are read as well, up to 8 octets.

    One that may be `bare` is also known without octets: written for None, read as 0.
    """

    size: int
    bare: bool = False

    def read(self, octets: bytes) -> int | None:
        if not octets and not self.bare:
            return None
        return int.from_bytes(octets, "big") if len(octets) <= _LONGEST_INTEGER else None

    def write(self, name: str, value: Any) -> bytes:
        return b"" if value is None and self.bare else write_number(name, value, self.size)

    def fault(self, octets: bytes) -> str:
        fits = len(octets) == self.size or (self.bare and not octets)
        return "" if fits else f"{len(octets)} octets, {self.size} make it"


@dataclass(frozen=True, slots=True)
class Text(TlvKind):
    """A C-octet string in Latin-1 of at most `limit` octets, NUL counted; read to its first NUL, present or not."""

    limit: int

    def read(self, octets: bytes) -> str:
        return octets.partition(b"\0")[0].decode("latin-1")

    def write(self, name: str, value: Any) -> bytes:
        return write_string(name, value, self.limit)

    def fault(self, octets: bytes) -> str:
        if octets.find(0) != len(octets) - 1 or not octets:
            return "not one NUL, at the end"
        return "" if len(octets) <= self.limit else f"{len(octets)} octets, at most {self.limit} fit"


@dataclass(frozen=True, slots=True)
class Octets(TlvKind):
    """`least` to `most` octets that are no text and no number; any number of them is read."""

    least: int
    most: int

    def read(self, octets: bytes) -> bytes:
        return octets

    def write(self, name: str, value: Any) -> bytes:
        if not isinstance(value, bytes):
            raise EncodeError(name, "not octets")
        if fault := self.fault(value):
            raise EncodeError(name, fault)
        return value

    def fault(self, octets: bytes) -> str:
        return _outside(len(octets), self.least, self.most)


@dataclass(frozen=True, slots=True)
class Record(TlvKind):
    """Numbers of `sizes` octets and, with `most`, `least` to `most` octets behind them: the fields of `make`.

    Where `needed` is not 0, the numbers after so many may be left out together. On reading, octets are overlooked
    where none belong, and fewer than the numbers need say nothing.
    """

    make: type[Any]
    sizes: tuple[int, ...]
    least: int = 0
    most: int = 0
    needed: int = 0

    def read(self, octets: bytes) -> tuple[Any, ...] | None:
        values: list[Any] = []
        at = 0
        for size in self.sizes:
            if at + size > len(octets):
                break
            values.append(int.from_bytes(octets[at : at + size], "big"))
            at += size
        if len(values) < len(self.sizes):
            spared = self.needed and len(values) >= self.needed
            values = values[: self.needed] if spared else []
        elif self.most:
            values.append(octets[at:])
        return cast("tuple[Any, ...]", self.make(*values)) if values else None

    def write(self, name: str, value: Any) -> bytes:
        if not isinstance(value, self.make):
            raise EncodeError(name, f"not of type {self.make.__name__}")
        fields = self.make._fields
        out = b""
        short = self.needed and all(each is None for each in value[self.needed :])
        for index, size in enumerate(self.sizes[: self.needed] if short else self.sizes):
            out += write_number(f"{name}.{fields[index]}", value[index], size)
        if self.most:
            out += Octets(self.least, self.most).write(f"{name}.{fields[-1]}", value[-1])
        return out

    def fault(self, octets: bytes) -> str:
        fixed = sum(self.sizes)
        if self.needed and len(octets) == sum(self.sizes[: self.needed]):
            return ""
        return _outside(len(octets), fixed + self.least, fixed + self.most)


def _outside(size: int, least: int, most: int) -> str:
    if least <= size <= most:
        return ""
    if least == most:
        return f"{size} octets, {most} make it"
    return f"{size} octets, at most {most} fit" if size > most else f"{size} octets, at least {least} make it"
