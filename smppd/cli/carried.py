"""What a message PDU carries: its user data header, its text, which part it is, the receipt in it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pdu
from smppd.cli.elements import element_meaning
from smppd.cli.explained import Field, Frame

Message = pdu.DeliverSm | pdu.SubmitSm | pdu.DataSm | pdu.SubmitMulti


def carried(frame: Frame, value: pdu.Pdu, alphabet: str) -> None:
    """Say in `frame` what `value` carries: octets, alphabet, text, segment, receipt."""
    if not isinstance(value, Message):
        return
    octets = pdu.payload(value)
    holder = _holder(frame)
    try:
        user = pdu.user_data(value)
    except pdu.DecodeError as error:
        frame.fail(_start(holder, frame) + error.offset, f"user data header: {error.reason}")
    else:
        if octets:
            _text(frame, holder, value, octets, user, alphabet)
    # Receipts are read even then: carriers set UDHI on some that have no header.
    if isinstance(value, pdu.DeliverSm | pdu.DataSm) and (receipt := pdu.parse_receipt(value)) is not None:
        frame.message["receipt"] = _receipt(receipt)
    if not isinstance(value, pdu.DataSm) and value.short_message and pdu.find_tlv(value.tlvs, pdu.Tag.MESSAGE_PAYLOAD):
        frame.note(_start(holder, frame), "short_message and message_payload: one of them must be empty")


def _text(frame: Frame, holder: Field | None, value: Message, octets: bytes, user: pdu.UserData, alphabet: str) -> None:
    header = len(octets) - len(user.body)
    if header and holder is not None:
        holder.parts = list(_header(_start(holder, frame), octets, user))
    text = pdu.decode_text(user.body, value.data_coding, default=alphabet, elements=user.elements, header_octets=header)
    if text.text is None:
        frame.message["octets"] = user.body
    else:
        frame.message["text"] = text.text
    frame.message["alphabet"] = text.alphabet
    if text.damaged:
        frame.message["damaged"] = True
    if user.segment is not None:
        frame.message["part"] = user.segment._asdict()


def _holder(frame: Frame) -> Field | None:
    """The parameter that holds the message."""
    named = {field.name: field for field in reversed(frame.fields)}
    short = named.get("short_message")
    return short if short is not None and short.size else named.get("message_payload", short)


def _start(holder: Field | None, frame: Frame) -> int:
    if holder is None:
        return frame.offset
    return holder.offset + (4 if holder.name == "message_payload" else 0)


def _header(start: int, octets: bytes, user: pdu.UserData) -> list[Field]:
    fields = [Field(start, 1, "header length", octets[0], f"{octets[0]} octets")]
    at = start + 1
    for tag, value in user.elements:
        fields.append(Field(at, 2 + len(value), f"element 0x{tag:02x}", value, element_meaning(tag, value)))
        at += 2 + len(value)
    if user.body:
        fields.append(Field(at, len(user.body), "body", user.body, f"{len(user.body)} octets"))
    return fields


def _receipt(receipt: pdu.Receipt) -> dict[str, Any]:
    found = receipt._asdict() | {
        "submitted_at": receipt.submitted_at,
        "done_at": receipt.done_at,
        "final": receipt.final,
    }
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in found.items()
        if value not in ("", None)
    }
