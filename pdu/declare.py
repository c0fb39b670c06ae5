"""What a PDU class is declared with: parameters, the base class, the decorator that makes it a value with a codec."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from inspect import get_annotations
from typing import Any, ClassVar, TypeVar, cast, dataclass_transform

from pdu.codes import Command
from pdu.layout import Fields, Reader, Writer, compiled, reader_source, writer_source
from pdu.tlv import Pair
from pdu.wire import CString, Destination, Destinations, DistributionList, Kind, Number, Sized, Unsuccess, Unsuccesses

T = TypeVar("T")


def _parameter(kind: Kind, default: Any, shown: bool = True) -> Any:
    return field(default=default, repr=shown, metadata={"kind": kind})


def number(default: int = 0) -> int:
    """One unsigned octet."""
    return cast(int, _parameter(Number(), default))


def string(limit: int, shown: bool = True) -> str:
    """A C-octet string of at most `limit` octets, NUL counted; a secret is not `shown` in the repr."""
    return cast(str, _parameter(CString(limit), "", shown))


def sized(limit: int) -> bytes:
    """Octets behind sm_length."""
    return cast(bytes, _parameter(Sized(limit), b""))


def destinations() -> tuple[Destination | DistributionList, ...]:
    """The destinations of submit_multi behind their number."""
    return cast("tuple[Destination | DistributionList, ...]", _parameter(Destinations(), ()))


def unsuccesses() -> tuple[Unsuccess, ...]:
    """The failures of submit_multi_resp behind their number."""
    return cast("tuple[Unsuccess, ...]", _parameter(Unsuccesses(), ()))


def _common(*, default: T, kw_only: bool = True) -> T:
    """A field of every PDU: a keyword to the type checker, at the end of the positions at run time."""
    return default


@dataclass_transform(frozen_default=True, field_specifiers=(_common,))
def shape(cls: type[T]) -> type[T]:
    """Marks a class whose parameters several PDUs share."""
    return cls


@shape
class Pdu:
    """What every PDU has besides its mandatory parameters.

    `trailing` holds octets after the last parameter that are none: counted, never an error. Values are read-only to
    the type checker alone: `frozen=True` would double the cost of decoding.
    """

    __slots__ = ()
    command_id: ClassVar[int]
    tlvs: tuple[Pair, ...] = _common(default=(), kw_only=True)
    sequence: int = _common(default=0, kw_only=True)
    status: int = _common(default=0, kw_only=True)
    trailing: bytes = _common(default=b"", kw_only=True)


LAYOUTS: dict[int, tuple[Fields, type[Any]]] = {}
SOURCES: dict[int, tuple[str, str]] = {}
READERS: dict[int, Reader] = {}
WRITERS: dict[type[Any], Writer] = {}


@dataclass_transform(frozen_default=True, field_specifiers=(_common,))
def command(number: Command) -> Callable[[type[T]], type[T]]:
    """Makes a declared class the value of one command and compiles its codec."""

    def declare(cls: type[T]) -> type[T]:
        # Own and shared parameters in wire order, then the fields of every PDU, all as fields of the class itself:
        # so slots and positions are flat, whatever the inheritance.
        shapes = [each for each in reversed(cls.__mro__) if each not in (object, Pdu)] + [Pdu]
        names: dict[str, Any] = {}
        for each in shapes:
            for name, annotation in get_annotations(each).items():
                if name != "command_id":
                    names[name] = annotation
                    setattr(cls, name, getattr(cls, name))
        cls.__annotations__ = names
        made: Any = dataclass(slots=True, unsafe_hash=True)(cls)
        made.command_id = int(number)
        fields = [(each.name, each.metadata["kind"]) for each in made.__dataclass_fields__.values() if each.metadata]
        title = made.__name__
        read = reader_source(title, fields, bool(number >> 31))
        write = writer_source(title, int(number), fields)
        LAYOUTS[number] = fields, made
        SOURCES[number] = read, write
        READERS[number] = compiled(read, title, fields, made)
        WRITERS[made] = compiled(write, title, fields, made)
        return cast("type[T]", made)

    return declare
