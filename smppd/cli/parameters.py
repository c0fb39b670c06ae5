"""The parameters of a frame as fields, mandatory and optional, as far as they can be read."""

from __future__ import annotations

from typing import Any

import pdu
from pdu.declare import LAYOUTS
from pdu.tlv import read_tlvs
from pdu.wire import Destinations, Kind, Sized, Unsuccesses, read_number, read_string
from smppd.cli.explained import Field, Frame
from smppd.cli.meaning import meaning
from smppd.cli.optional import tlv_value

HEADER = 16


def header(frame: Frame, body: bytes) -> None:
    """The four numbers that every frame begins with."""
    numbers = [int.from_bytes(body[at : at + 4], "big") for at in range(0, HEADER, 4)]
    for index, name in enumerate(("command_length", "command_id", "command_status", "sequence_number")):
        words = meaning(name, numbers[index], numbers[1])
        frame.fields.append(Field(frame.offset + 4 * index, 4, name, numbers[index], words))


def has_password(command_id: int) -> bool:
    """Whether a command is one of those that bring a password."""
    return command_id in LAYOUTS and any(name == "password" for name, _ in LAYOUTS[command_id][0])


def parameters(frame: Frame, body: bytes, value: pdu.Pdu | None) -> None:
    """All parameters in `body`, a whole frame that decodes to `value`, or one that is cut or cannot be read (None)."""
    command_id = int.from_bytes(body[4:8], "big")
    end = _unread(frame, body, command_id) if value is None else _read(frame, body, command_id, value)
    if end >= 0:
        _optional(frame, body, end, cut=frame.fault_at >= frame.offset + len(body))


def _read(frame: Frame, body: bytes, command_id: int, value: pdu.Pdu) -> int:
    """The mandatory parameters of a frame that can be read. The offset in it where they end."""
    layout = LAYOUTS[command_id][0]
    found = Frame(frame.offset, frame.size, frame.name)
    at = HEADER
    for index, (name, kind) in enumerate(layout):
        if at >= len(body) and command_id & pdu.RESPONSE:
            frame.note(frame.offset + at, f"ends before {name}")
            break
        try:
            read, after = _field(found, body, at, name, kind, index == len(layout) - 1)
        except pdu.DecodeError:
            read = None
        if read != getattr(value, name):
            frame.note(frame.offset + HEADER, f"optional parameters in place of {layout[0][0]}")
            return HEADER  # as the answer to an error may
        at = after
    frame.fields += found.fields
    frame.notes += found.notes
    frame.secret = found.secret
    return at


def _unread(frame: Frame, body: bytes, command_id: int) -> int:
    """The mandatory parameters as far as they go, and the rest under the name of the first that cannot be read.

    The offset in the frame where they end, -1 if it is there that reading fails.
    """
    layout = LAYOUTS[command_id][0]
    at = HEADER
    for index, (name, kind) in enumerate(layout):
        try:
            _, at = _field(frame, body, at, name, kind, index == len(layout) - 1)
        except pdu.DecodeError as error:
            # The field of a list is there already, with the parts that could be read.
            start = error.offset if frame.fields[-1].name == name else at
            rest: Any = body[start:]
            words = "cut off" if frame.fault_at >= frame.offset + len(body) else "not read"
            if "password" in [each for each, _ in layout[index:]]:
                frame.secret, rest = range(frame.offset + start, frame.offset + len(body)), "hidden"
            if rest:
                frame.fields.append(Field(frame.offset + start, len(body) - start, error.field, rest, words))
            return -1
    return at


def _field(frame: Frame, body: bytes, at: int, name: str, kind: Kind, last: bool) -> tuple[Any, int]:
    """Append one mandatory parameter; its value, and the offset in the frame after it. Raises DecodeError."""
    start = frame.offset + at
    if isinstance(kind, Destinations | Unsuccesses):
        frame.fields.append(Field(start, 0, name, None))
        return _list(frame.fields[-1], kind, body, at, frame.offset)
    read, after = kind.read(body, at, name, last)
    command_id = int.from_bytes(body[4:8], "big")
    shown, words = read, meaning(name, read, command_id)
    if isinstance(kind, Sized):
        frame.fields.append(Field(start, 1, "sm_length", body[at]))
        if body[at] > after - at - 1:
            frame.note(start, f"sm_length says {body[at]}, {after - at - 1} octets are left")
        start += 1
    elif name == "password":
        frame.secret, shown, words = range(start, frame.offset + after), "hidden", f"{len(read)} characters"
    try:
        kind.write(name, read)
    except pdu.EncodeError as error:
        frame.note(start, f"{name}: {error.reason}")
    if isinstance(read, str) and body[after - 1 : after] != b"\0":
        frame.note(frame.offset + after, f"{name} has no NUL at its end")
    frame.fields.append(Field(start, frame.offset + after - start, name, shown, words))
    return read, after


def _list(field: Field, kind: Kind, body: bytes, at: int, offset: int) -> tuple[Any, int]:
    """The entries of a list as parts of its field. Raises DecodeError."""
    start = at
    many = isinstance(kind, Destinations)

    def take(name: str, size: int = 1) -> int:
        nonlocal at
        value: Any
        before = at
        value, at = read_string(body, at, name) if not size else read_number(body, at, name, size)
        words = meaning("command_status" if name == "error_status_code" else name, value, pdu.RESPONSE)
        field.parts.append(Field(offset + before, at - before, name, value, words))
        field.size = at - start
        return value if size else 0

    count = take("number_of_dests" if many else "no_unsuccess")
    field.value = f"{count} entries" if count != 1 else "1 entry"
    for _ in range(count):
        flag = take("dest_flag") if many else 1
        if flag not in (1, 2):
            field.parts.pop()
            field.size -= 1
            break  # what reads the whole list says why
        if flag == 2:
            take("dl_name", 0)
            continue
        take("dest_addr_ton")
        take("dest_addr_npi")
        take("destination_addr", 0)
        if not many:
            take("error_status_code", 4)
    return kind.read(body, start, field.name, False)


def _optional(frame: Frame, body: bytes, at: int, *, cut: bool) -> None:
    tlvs, trailing = read_tlvs(body, at)
    for tag, octets in tlvs:
        start = frame.offset + at
        shown, words, fault = tlv_value(tag, octets)
        frame.fields.append(Field(start, 4 + len(octets), pdu.tag_name(tag), shown, words))
        if fault:
            frame.note(start + 4, f"{pdu.tag_name(tag)}: {fault}")
        at += 4 + len(octets)
    if not trailing:
        return
    name, words = "trailing", "cut off" if cut else "no parameter"
    if len(trailing) > 4 and (tag := int.from_bytes(trailing[:2], "big")):
        size = int.from_bytes(trailing[2:4], "big")
        name, words = (pdu.tag_name(tag), "cut off") if cut else (name, words)
        if not cut:
            frame.note(
                frame.offset + at,
                f"a parameter {pdu.tag_name(tag)} of {size} octets begins, {len(trailing) - 4} are left",
            )
    elif not cut:
        frame.note(frame.offset + at, f"{len(trailing)} octets after the last parameter")
    frame.fields.append(Field(frame.offset + at, len(trailing), name, trailing, words))
