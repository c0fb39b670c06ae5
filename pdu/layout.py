"""Compiles the declared layout of a PDU to straight-line functions, once, at import.

A compiled reader takes only frames that keep the specification and raises ValueError or IndexError for all others,
which then go to `read_slowly`; a compiled writer does the same with `write_slowly`. So speed and tolerance never mix,
and the slow reader of the same declaration is the oracle of the fast one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from struct import Struct
from typing import Any

from pdu.codes import RESPONSE
from pdu.errors import DecodeError, EncodeError
from pdu.tlv import HEAD, read_tlvs, write_tlvs
from pdu.wire import LONGEST_READ, CString, Kind, Number, Sized

HEADER = Struct(">IIII")

Fields = Sequence[tuple[str, Kind]]
Reader = Callable[[bytes, int, int], Any]
Writer = Callable[[Any], bytes]


def reader_source(name: str, fields: Fields, is_response: bool) -> str:
    """Python source of a reader of `name` from a whole frame, its status and sequence.

    It sets the fields of a bare instance: what `__init__` costs is a third of the rest.
    """
    lines = [f"def read(b, status, sequence):  # {name}", "v = new(make)"]
    add = lines.append
    base, offset = "", 16  # where the next parameter begins: a variable and a constant

    def here(ahead: int = 0) -> str:
        total = offset + ahead
        return f"{base} + {total}" if base and total else base or str(total)

    strings = [field for field, kind in fields if isinstance(kind, CString)]
    for index, (field, kind) in enumerate(fields):
        if isinstance(kind, Number):
            add(f"v.{field} = b[{here()}]")
            offset += 1
        elif isinstance(kind, CString):
            add(f"p = {here()}")
            add("if b[p]:")  # most strings are empty: an index costs less than a search
            add("    e = b.index(0, p)")
            add(f'    v.{field} = b[p:e].decode("latin-1")')
            add("else:")
            add("    e = p")
            add(f'    v.{field} = ""')
            base, offset = "e", 1
            if field == strings[-1]:
                # One comparison for all strings: only a frame this long can hold an absurd one.
                add(f"if e > {16 + LONGEST_READ}: raise ValueError")
                if is_response:
                    add("if status and 0 < b[16] < 32: raise ValueError")  # a tag, where a string should begin
        elif isinstance(kind, Sized):
            add(f"p = {here(1)}")
            add(f"q = p + b[{here()}]")
            add(f"v.{field} = b[p:q]")
            base, offset = "q", 0
        else:
            add(f"v.{field}, q = k{index}.read(b, {here()}, {field!r}, False)")
            base, offset = "q", 0
    if here() != "q":
        add(f"q = {here()}")
    lines += [
        "v.sequence = sequence",
        "v.status = status",
        'v.trailing = b""',
        "end = len(b)",
        "if q == end:",
        "    v.tlvs = ()",
        "    return v",
        "if q > end: raise ValueError",
        # What `read_tlvs` does with parameters that are whole, without the call.
        "found = []",
        "p = q",
        "while q <= end - 4:",
        "    tag, size = head(b, q)",
        "    if not tag: break",
        "    e = q + 4",
        "    q = e + size",
        "    found.append((tag, b[e:q]))",
        "if q == end:",
        "    v.tlvs = tuple(found)",
        "    return v",
        "v.tlvs, v.trailing = read_tlvs(b, p)",
    ]
    if is_response:
        add("if status: raise ValueError")
    add("return v")
    return "\n    ".join(lines)


def writer_source(name: str, command_id: int, fields: Fields) -> str:
    """Python source of a writer of a `name` value."""
    lines = [f"def write(v):  # {name}"]
    add = lines.append
    values, lengths = "", []
    tail = 'b""'
    for index, (field, kind) in enumerate(fields):
        if isinstance(kind, Number):
            values += f", v.{field}"
            continue
        if isinstance(kind, CString):
            add(f"s{index} = v.{field}")
            add(f'if s{index} != "":')
            add(f'    s{index} = s{index}.encode("latin-1")')
            add(f"    n{index} = len(s{index})")
            add(f"    if n{index} >= {kind.limit} or 0 in s{index}: raise ValueError")
            add("else:")
            add(f'    s{index} = b""')
            add(f"    n{index} = 0")
        elif isinstance(kind, Sized):
            add(f"s{index} = v.{field}")
            add(f"n{index} = len(s{index})")
            add(f"if n{index} > {kind.limit}: raise ValueError")
            values += f", n{index}"
            if index == len(fields) - 1:
                tail = f"s{index}"
                continue
        else:
            add(f"s{index} = k{index}.write({field!r}, v.{field})")
            add(f"n{index} = len(s{index})")
        values += f", s{index}"
        lengths.append(f"n{index}")
    lines += [
        f"rest = {tail}",
        "if v.tlvs:",
        "    for tag, value in v.tlvs:",
        "        if not tag: raise ValueError",
        "        rest = rest + (pack_head(tag, len(value)) + value)",  # never += on what may be the caller's bytearray
        "if v.trailing: raise ValueError",  # which need a second look
        f"pack, size = packs[{', '.join(lengths) or '()'}]",
        f"return pack(size + len(rest), {command_id}, v.status, v.sequence{values}) + rest",
    ]
    return "\n    ".join(lines)


class Packs(dict[Any, tuple[Callable[..., bytes], int]]):
    """How to pack header and parameters of one layout, and how many octets they are, by the lengths of its strings.

    Made as they are met: one call packs everything then, which takes half of what formatting each value does.
    """

    MOST = 1000  # of one layout; a peer's addresses and ids have few lengths

    def __init__(self, fields: Fields) -> None:
        super().__init__()
        self.form = ">IIII"
        for index, (_, kind) in enumerate(fields):
            if isinstance(kind, Number):
                self.form += "B"
            elif isinstance(kind, CString):
                self.form += "%dsx"
            elif isinstance(kind, Sized):
                self.form += "B" if index == len(fields) - 1 else "B%ds"
            else:
                self.form += "%ds"

    def __missing__(self, lengths: Any) -> tuple[Callable[..., bytes], int]:
        if len(self) == self.MOST:
            self.clear()
        made = Struct(self.form % lengths)
        self[lengths] = made.pack, made.size
        return self[lengths]


def compiled(source: str, name: str, fields: Fields, make: Callable[..., Any]) -> Any:
    """The function that `source` defines."""
    scope: dict[str, Any] = {f"k{index}": kind for index, (_, kind) in enumerate(fields)}
    scope |= {
        "make": make,
        "new": object.__new__,
        "packs": Packs(fields),
        "pack_head": HEAD.pack,
        "head": HEAD.unpack_from,
        "read_tlvs": read_tlvs,
    }
    exec(compile(source, f"<pdu layout of {name}>", "exec"), scope)
    return scope["read" if "read" in scope else "write"]


def read_slowly(octets: bytes, fields: Fields, make: Callable[..., Any]) -> Any:
    """Reads a frame with all tolerance there is. Raises DecodeError naming the parameter, without header values."""
    _, command_id, status, sequence = HEADER.unpack_from(octets)
    is_response = bool(command_id & RESPONSE)
    fault = read = None
    try:
        values, at = _mandatory(octets, fields, is_response, bool(status))
        tlvs, trailing = read_tlvs(octets, at)
        read = make(*values, tlvs, sequence, status, trailing)
    except DecodeError as error:
        fault = error
    if is_response and status:
        # An error response may leave out its body and still have optional parameters. Tags begin as no string does.
        tlvs, trailing = read_tlvs(octets, 16)
        tag = b"\0" < octets[16:17] < b" "
        if tlvs and not trailing and (read is None or read.trailing or tag):
            return make(*(kind.empty for _, kind in fields), tlvs, sequence, status)
        if tag and fields and fault is None:
            # Neither: what is written of such a value would read as parameters.
            fault = DecodeError(fields[0][0], 16, "it begins as no string does")
    if fault is not None:
        raise fault
    return read


def _mandatory(octets: bytes, fields: Fields, is_response: bool, is_error: bool) -> tuple[list[Any], int]:
    at = 16
    values: list[Any] = []
    for index, (field, kind) in enumerate(fields):
        if at >= len(octets) and is_response and (is_error or at == 16):
            values.append(kind.empty)  # a response without body, or an error that stops short
            continue
        value, at = kind.read(octets, at, field, index == len(fields) - 1)
        values.append(value)
    return values, at


def write_slowly(value: Any, command_id: int, fields: Fields) -> bytes:
    """Writes parameter by parameter. Raises EncodeError naming the one that does not fit."""
    body = b"".join([kind.write(field, getattr(value, field)) for field, kind in fields])
    if not isinstance(value.trailing, bytes):
        raise EncodeError("trailing", "not octets")
    body += write_tlvs(value.tlvs) + value.trailing
    for field in ("sequence", "status"):
        number = getattr(value, field)
        if not isinstance(number, int) or not 0 <= number <= 0xFFFFFFFF:
            raise EncodeError(field, "not a number of 32 bits")
    frame = HEADER.pack(len(body) + 16, command_id, value.status, value.sequence) + body
    if value.trailing and _trailing(frame, fields, type(value)) != value.trailing:
        raise EncodeError("trailing", "octets that would be read as something else")
    return frame


def _trailing(frame: bytes, fields: Fields, make: Callable[..., Any]) -> bytes:
    """The octets after the last parameter; none where the frame cannot be read."""
    try:
        read: bytes = read_slowly(frame, fields, make).trailing
    except DecodeError:
        return b""
    return read
