"""The kinds of mandatory parameters: how each is read, written and bounded.

Reading here is slow and tolerant, writing slow and strict: both name the parameter at fault. `pdu.layout` compiles
the same kinds to fast code for frames that need neither.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from pdu.errors import DecodeError, EncodeError

# The longest C-octet string accepted on reading, NUL not counted. Carriers overrun the limits of the specification,
# but nothing in the field comes near this: beyond it the frame is noise.
LONGEST_READ = 256


class Destination(NamedTuple):
    """A destination of submit_multi by number (dest_flag 1)."""

    ton: int
    npi: int
    address: str


class DistributionList(NamedTuple):
    """A destination of submit_multi by list name (dest_flag 2)."""

    name: str


class Unsuccess(NamedTuple):
    """One destination that submit_multi did not reach, with its command_status."""

    ton: int
    npi: int
    address: str
    status: int


class Ended(DecodeError):
    """The frame ends within a parameter."""


def read_number(octets: bytes, at: int, name: str, size: int = 1) -> tuple[int, int]:
    """A big-endian number of `size` octets at `at`, and the offset after it."""
    if at + size > len(octets):
        raise Ended(name, at, "the frame ends before it")
    return int.from_bytes(octets[at : at + size], "big"), at + size


def read_string(octets: bytes, at: int, name: str, last: bool = False) -> tuple[str, int]:
    """A C-octet string at `at`, and the offset after its NUL; only the `last` parameter may lack the NUL."""
    end = octets.find(0, at)
    beyond = end + 1
    if end < 0:
        if not last:
            raise Ended(name, at, "no NUL before the end of the frame")
        end = beyond = len(octets)
    if end - at > LONGEST_READ:
        raise DecodeError(name, at, f"{end - at} octets without NUL, at most {LONGEST_READ} are read")
    return octets[at:end].decode("latin-1"), beyond


def write_number(name: str, value: int, size: int = 1) -> bytes:
    """`size` octets, big-endian. Raises EncodeError."""
    if not isinstance(value, int) or not 0 <= value < 1 << 8 * size:
        raise EncodeError(name, f"not a number of {8 * size} bits")
    return value.to_bytes(size, "big")


def write_string(name: str, value: str, limit: int) -> bytes:
    """A C-octet string of at most `limit` octets, NUL counted. Raises EncodeError."""
    if not isinstance(value, str):
        raise EncodeError(name, "not a string")
    try:
        octets = value.encode("latin-1")
    except UnicodeEncodeError as error:
        raise EncodeError(name, "characters outside Latin-1") from error
    if b"\0" in octets:
        raise EncodeError(name, "a NUL inside")
    if len(octets) >= limit:
        raise EncodeError(name, f"{len(octets)} octets, at most {limit - 1} fit")
    return octets + b"\0"


def write_count(count: str, name: str, value: Any) -> bytes:
    """One octet that says how many there are in a sequence. Raises EncodeError naming the one or the other."""
    if not isinstance(value, tuple | list):
        raise EncodeError(name, "not a sequence")
    return write_number(count, len(value))


class Kind(ABC):
    """How one mandatory parameter stands on the wire."""

    empty: ClassVar[Any]

    @abstractmethod
    def read(self, octets: bytes, at: int, name: str, last: bool) -> tuple[Any, int]:
        """The value at `at` and the offset after it. Raises DecodeError."""

    @abstractmethod
    def write(self, name: str, value: Any) -> bytes:
        """The octets of `value`. Raises EncodeError."""


class Number(Kind):
    """One unsigned octet."""

    empty = 0

    def read(self, octets: bytes, at: int, name: str, last: bool) -> tuple[Any, int]:
        return read_number(octets, at, name)

    def write(self, name: str, value: Any) -> bytes:
        return write_number(name, value)


@dataclass(frozen=True)
class CString(Kind):
    """A C-octet string; `limit` counts its NUL, as the tables of the specification do."""

    limit: int
    empty: ClassVar[Any] = ""

    def read(self, octets: bytes, at: int, name: str, last: bool) -> tuple[Any, int]:
        return read_string(octets, at, name, last)

    def write(self, name: str, value: Any) -> bytes:
        return write_string(name, value, self.limit)


@dataclass(frozen=True)
class Sized(Kind):
    """Octets behind one octet of length (sm_length); a length that overruns the frame takes what is there."""

    limit: int
    empty: ClassVar[Any] = b""

    def read(self, octets: bytes, at: int, name: str, last: bool) -> tuple[Any, int]:
        size, at = read_number(octets, at, "sm_length")
        end = min(at + size, len(octets))
        return octets[at:end], end

    def write(self, name: str, value: Any) -> bytes:
        if not isinstance(value, bytes):
            raise EncodeError(name, "not octets")
        if len(value) > self.limit:
            raise EncodeError(name, f"{len(value)} octets, at most {self.limit} fit")
        return bytes((len(value),)) + value


class Destinations(Kind):
    """number_of_dests and the dest_address list of submit_multi (SMPP 3.4 section 4.5.1)."""

    empty = ()

    def read(self, octets: bytes, at: int, name: str, last: bool) -> tuple[Any, int]:
        count, at = read_number(octets, at, "number_of_dests")
        found: list[Destination | DistributionList] = []
        for _ in range(count):
            flag, after = read_number(octets, at, "dest_flag")
            if flag == 1:
                ton, after = read_number(octets, after, "dest_addr_ton")
                npi, after = read_number(octets, after, "dest_addr_npi")
                address, at = read_string(octets, after, "destination_addr")
                found.append(Destination(ton, npi, address))
            elif flag == 2:
                dl_name, at = read_string(octets, after, "dl_name")
                found.append(DistributionList(dl_name))
            else:
                raise DecodeError("dest_flag", at, f"{flag} is neither 1 (number) nor 2 (list)")
        return tuple(found), at

    def write(self, name: str, value: Any) -> bytes:
        out = write_count("number_of_dests", name, value)
        for each in value:
            if isinstance(each, Destination):
                out += b"\x01" + write_number("dest_addr_ton", each.ton) + write_number("dest_addr_npi", each.npi)
                out += write_string("destination_addr", each.address, 21)
            elif isinstance(each, DistributionList):
                out += b"\x02" + write_string("dl_name", each.name, 21)
            else:
                raise EncodeError(name, "neither a Destination nor a DistributionList")
        return out


class Unsuccesses(Kind):
    """no_unsuccess and the unsuccess_sme list of submit_multi_resp (SMPP 3.4 section 4.5.2).

    A list left out is empty, and one that ends early takes what is whole: the message id counts for more.
    """

    empty = ()

    def read(self, octets: bytes, at: int, name: str, last: bool) -> tuple[Any, int]:
        if at == len(octets):
            return (), at
        count, at = read_number(octets, at, "no_unsuccess")
        found = []
        for _ in range(count):
            try:
                ton, after = read_number(octets, at, "dest_addr_ton")
                npi, after = read_number(octets, after, "dest_addr_npi")
                address, after = read_string(octets, after, "destination_addr")
                status, at = read_number(octets, after, "error_status_code", 4)
            except Ended:
                break
            found.append(Unsuccess(ton, npi, address, status))
        return tuple(found), at

    def write(self, name: str, value: Any) -> bytes:
        out = write_count("no_unsuccess", name, value)
        for each in value:
            if not isinstance(each, Unsuccess):
                raise EncodeError(name, "not an Unsuccess")
            out += write_number("dest_addr_ton", each.ton) + write_number("dest_addr_npi", each.npi)
            out += write_string("destination_addr", each.address, 21)
            out += write_number("error_status_code", each.status, 4)
        return out
