"""A frame explained field by field, with offsets: the same declarations that decode it, read aloud.

Reading here goes on as far as the octets make sense, so an unreadable frame still shows what came before the fault.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pdu
from pdu.declare import LAYOUTS
from pdu.tlv import read_tlvs
from smppd.cli.meaning import meaning, tlv_meaning

HEADER = 16


@dataclass(slots=True)
class Field:
    """One parameter: `offset` in the whole input, `size` in octets, what it says and what that means."""

    offset: int
    size: int
    name: str
    value: Any
    meaning: str = ""


@dataclass(slots=True)
class Frame:
    """One frame with its fields; `message` says what it carries; `fault` and `fault_at` (offset) if unreadable."""

    offset: int
    size: int
    name: str
    fields: list[Field] = field(default_factory=list)
    message: dict[str, str] = field(default_factory=dict)
    fault: str = ""
    fault_at: int = -1


def explain(octets: bytes, *, alphabet: str = "gsm7") -> list[Frame]:
    """Every frame in `octets`. Never raises: the last frame says where reading ended."""
    frames: list[Frame] = []
    at = 0
    while at < len(octets):
        frame = _frame(octets, at, alphabet)
        frames.append(frame)
        if frame.size < HEADER:
            break  # the boundary of the next one is unknown
        at += frame.size
    return frames


def _frame(octets: bytes, at: int, alphabet: str) -> Frame:
    left = len(octets) - at
    length = int.from_bytes(octets[at : at + 4], "big")
    frame = Frame(at, min(length, left), "?")
    if left < HEADER:
        frame.size = left
        return _failed(frame, at, f"{left} octet{' is' if left == 1 else 's are'} left; a header has {HEADER}")
    header = [int.from_bytes(octets[at + i : at + i + 4], "big") for i in range(0, HEADER, 4)]
    for i, name in enumerate(("command_length", "command_id", "command_status", "sequence_number")):
        frame.fields.append(Field(at + 4 * i, 4, name, header[i], meaning(name, header[i], header[1])))
    frame.name = pdu.command_name(header[1])
    if length < HEADER:
        frame.size = 0
        return _failed(frame, at, f"command_length {length} is less than the {HEADER} octets of a header")
    body = octets[at : at + length]
    if header[1] not in LAYOUTS:
        return _failed(frame, at + 4, f"command_id 0x{header[1]:08x} is not known; its body is not read")
    fault = f"the frame says {length} octets, {left} are there" if length > left else ""
    try:
        value: pdu.Pdu | None = None if fault else pdu.decode(body)
    except pdu.DecodeError as error:
        value, fault = None, f"{error.field}: {error.reason}"
    end = _mandatory(frame, body, header[1], value)
    if value is not None:
        _optional(frame, body, end)
        _carried(frame, value, alphabet)
    elif fault:
        _failed(frame, at + end, fault)
    return frame


def _failed(frame: Frame, at: int, fault: str) -> Frame:
    frame.fault, frame.fault_at = fault, at
    return frame


def _mandatory(frame: Frame, body: bytes, command_id: int, value: pdu.Pdu | None) -> int:
    """Append the mandatory parameters; return the offset in the frame where they end, or where reading failed."""
    layout = LAYOUTS[command_id][0]
    found: list[Field] = []
    at = HEADER
    for index, (name, kind) in enumerate(layout):
        try:
            read, after = kind.read(body, at, name, index == len(layout) - 1)
        except pdu.DecodeError as error:
            if value is None:
                frame.fields += found
                return error.offset
            return HEADER  # a response that leaves its body out
        if value is not None and read != getattr(value, name):
            return HEADER  # a response with an error that carries optional parameters in place of its body
        if name == "short_message":
            found.append(Field(frame.offset + at, 1, "sm_length", body[at], ""))
            at += 1
        shown = "hidden" if name == "password" else read
        words = f"{len(read)} characters" if name == "password" else meaning(name, read, command_id)
        found.append(Field(frame.offset + at, after - at, name, shown, words))
        at = after
    frame.fields += found
    return at


def _optional(frame: Frame, body: bytes, at: int) -> None:
    tlvs, trailing = read_tlvs(body, at)
    for tag, value in tlvs:
        frame.fields.append(Field(frame.offset + at, 4 + len(value), pdu.tag_name(tag), value, tlv_meaning(tag, value)))
        at += 4 + len(value)
    if trailing:
        frame.fields.append(Field(frame.offset + at, len(trailing), "trailing", trailing, "no parameter; ignored"))


def _carried(frame: Frame, value: pdu.Pdu, alphabet: str) -> None:
    if not isinstance(value, pdu.DeliverSm | pdu.SubmitSm | pdu.DataSm | pdu.SubmitMulti):
        return
    try:
        user = pdu.user_data(value)
    except pdu.DecodeError as error:
        _failed(frame, _octets_of(frame), f"user data header: {error.reason}")
        return
    message = frame.message
    for element in user.elements:
        message[f"UDH element 0x{element.tag:02x}"] = element.value.hex(" ")
    if user.segment is not None:
        kind, reference, total, number = user.segment
        message["part"] = f"{number} of {total}, reference {reference} ({kind})"
    header = len(pdu.payload(value)) - len(user.body)
    text = pdu.decode_text(user.body, value.data_coding, default=alphabet, header_octets=header)
    message["text" if text.text is not None else "octets"] = user.body.hex(" ") if text.text is None else text.text
    message["alphabet"] = text.alphabet + (", damaged: octets it does not know" if text.damaged else "")
    if isinstance(value, pdu.DeliverSm | pdu.DataSm) and (receipt := pdu.parse_receipt(value)) is not None:
        code = f", error {receipt.error}" if receipt.error else ""
        message["receipt"] = f"message id {receipt.message_id or '(none)'} is {receipt.state}{code}"


def _octets_of(frame: Frame) -> int:
    """Where the octets of the message begin."""
    for each in frame.fields:
        if each.name == "message_payload":
            return each.offset + 4
        if each.name == "short_message" and each.size:
            return each.offset
    return frame.offset
