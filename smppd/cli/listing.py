"""Explained frames as lines and as JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smppd.cli.capture import Traced
    from smppd.cli.explained import Field, Frame

AROUND = 8  # octets shown before and after a fault
SHOWN = 24  # octets of a value; JSON has them all
_HEX = {"command_id": 8, "command_status": 8, "error_status_code": 8, "broadcast_error_status": 8} | dict.fromkeys(
    ("esm_class", "protocol_id", "registered_delivery", "data_coding", "interface_version", "sc_interface_version"), 2
)
WIDTH = 40  # characters of a value that words still stand behind


def lines(frame: Frame, octets: bytes, sent: Traced | None = None) -> Iterator[str]:
    """A frame of `octets` for people."""
    name = "no PDU" if frame.name == "?" else frame.name
    size = "1 octet" if frame.size == 1 else f"{frame.size} octets"
    if sent is None:
        yield f"{name}, {size}" + (f" at {frame.offset}" if frame.offset else "")
    else:
        answer = f", {sent.after * 1000:.3f} ms after packet {sent.answers}" if sent.after is not None else ""
        yield f"{sent.seconds:+.6f} s  {sent.source} > {sent.target}  {name}, {size}, packet {sent.packet}{answer}"
    rows = list(_rows(frame.fields, frame.offset, 0))
    names = max((len(name) for _, _, name, _, _ in rows), default=0)
    values = min(max((len(value) for _, _, _, value, _ in rows), default=0), WIDTH)
    for at, length, name, value, words in rows:
        yield f"{at:5} {length:4}  {name:<{names}}  {value:<{values}}  {words}".rstrip()
    for name, value in _message(frame.message):
        yield f"       {name}: {value}"
    for note in frame.notes:
        yield f"  !  at octet {note.offset}: {note.words}"
    if frame.fault:
        yield f"  !! at octet {frame.fault_at}: {frame.fault}"
        yield from _pointer(frame, octets)


def _rows(fields: Iterable[Field], start: int, depth: int) -> Iterator[tuple[int, int, str, str, str]]:
    for field in fields:
        yield field.offset, field.size, "  " * depth + field.name, shown(field.value, field.name), field.meaning
        yield from _rows(field.parts, start, depth + 1)


def shown(value: Any, name: str = "") -> str:
    """The value of a parameter on one line. Numbers made of bits, and those listed so by the specification, in hex."""
    if name in _HEX and isinstance(value, int):
        return f"0x{value:0{_HEX[name]}x}"
    if isinstance(value, bytes):
        more = " ..." if len(value) > SHOWN else ""
        return value[:SHOWN].hex(" ") + more if value else "(empty)"
    if isinstance(value, str):
        return f'"{value}"' if value.isprintable() else repr(value)
    if isinstance(value, int):
        return f"{value}"
    if isinstance(value, dict):
        return ", ".join(f"{name} {shown(each)}" for name, each in value.items() if each is not None)
    return str(value)


def _message(message: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in message.items():
        if name == "text":
            yield name, repr(value)
        elif name == "octets" and isinstance(value, bytes):
            yield name, value.hex(" ")
        elif name == "alphabet":
            yield name, value + (", damaged: octets it does not know" if message.get("damaged") else "")
        elif name == "part":
            yield name, f"{value['number']} of {value['total']}, reference {value['reference']} ({value['kind']})"
        elif name == "receipt":
            code = f", error {value['error']}" if value.get("error") else ""
            yield name, f"message id {value.get('message_id') or '(none)'} is {value['state']}{code}"
            told = {key: each for key, each in value.items() if key not in ("message_id", "state", "error", "fields")}
            yield from ((f"  {key}", _word(each)) for key, each in told.items())
        elif name != "damaged":
            yield name, str(value)


def _word(value: Any) -> str:
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)


def _pointer(frame: Frame, octets: bytes) -> Iterator[str]:
    """The octets of a frame about its fault, with a mark below; those of a password and masked ones as dots."""

    def hexed(start: int, end: int) -> str:
        return " ".join(".." if at in frame.secret else f"{octets[at]:02x}" for at in range(start, end))

    at = frame.fault_at
    before, after = hexed(max(at - AROUND, frame.offset), at), hexed(at, min(at + AROUND, frame.offset + frame.size))
    yield f"     {before}{' ' if before else ''}{after or '(end)'}"
    yield f"     {' ' * (len(before) + 1 if before else 0)}^^"


def as_json(frames: Iterable[tuple[Frame, Traced | None]]) -> str:
    """All of it. Octets are hex."""
    plain = []
    for frame, sent in frames:
        found = dataclasses.asdict(frame)
        del found["secret"]
        plain.append((sent.described() if sent is not None else {}) | found)
    return json.dumps(
        plain,
        indent=2,
        ensure_ascii=False,
        default=lambda value: value.hex() if isinstance(value, bytes) else str(value),
    )
