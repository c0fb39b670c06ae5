"""A trace without what people wrote and without their whole numbers, to pass on."""

from __future__ import annotations

from typing import Any

from smppd.cli.explained import Field, Frame
from smppd.log import masked

HIDDEN = "hidden"


def mask(frame: Frame) -> None:
    """Hide texts, other octets and the middle of numbers in `frame`, which stays what it is otherwise."""
    for field in frame.fields:
        _mask(field)
    for name in ("text", "octets"):
        if name in frame.message:
            frame.message[name] = HIDDEN
    receipt = frame.message.get("receipt")
    if receipt is not None:
        for name in ("text", "fields"):
            receipt.pop(name, None)
    frame.secret = range(frame.offset, frame.offset + frame.size)


def _mask(field: Field) -> None:
    if isinstance(field.value, str) and field.name.endswith(("_addr", "address_range")):
        field.value = masked(field.value)
    elif _has_octets(field.value):
        field.value = HIDDEN
        field.meaning = field.meaning if field.name.startswith("element") else f"{field.size} octets"
    for part in field.parts:
        _mask(part)


def _has_octets(value: Any) -> bool:
    return isinstance(value, bytes) or (isinstance(value, dict) and any(map(_has_octets, value.values())))
