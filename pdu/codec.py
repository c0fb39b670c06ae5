"""Frames to values and back."""

from __future__ import annotations

from struct import error as struct_error
from typing import cast

from pdu import pdus, sessions  # noqa: F401  (declaring them fills the tables below)
from pdu.codes import Status
from pdu.declare import LAYOUTS, READERS, WRITERS, Pdu
from pdu.errors import DecodeError
from pdu.layout import HEADER, read_slowly, write_slowly
from pdu.parameters import STANDARD, Parameters
from pdu.version import check

_header = HEADER.unpack_from


def decode(frame: bytes | memoryview) -> Pdu:
    """The PDU in one whole frame. Raises DecodeError, with status 0x03 for a command_id we do not know."""
    if type(frame) is not bytes:
        frame = bytes(frame)
    try:
        length, command_id, status, sequence = _header(frame)
        if length == len(frame):
            pdu: Pdu = READERS[command_id](frame, status, sequence)
            return pdu
    except (ValueError, IndexError, KeyError, struct_error):
        pass  # no fault yet: the slow reader tells tolerable from unreadable
    return decode_slowly(frame)


def decode_slowly(frame: bytes) -> Pdu:
    """What `decode` does with a frame that strays from the specification. Raises DecodeError."""
    if len(frame) < 16:
        raise DecodeError("command_length", 0, f"{len(frame)} octets are no header", raw=frame)
    length, command_id, _, sequence = HEADER.unpack_from(frame)
    if length != len(frame):
        reason = f"it says {length}, the frame has {len(frame)} octets"
        raise DecodeError("command_length", 0, reason, Status.ESME_RINVCMDLEN, command_id, sequence, frame)
    if command_id not in LAYOUTS:
        reason = f"0x{command_id:08x} is not known"
        raise DecodeError("command_id", 4, reason, Status.ESME_RINVCMDID, command_id, sequence, frame)
    fields, make = LAYOUTS[command_id]
    try:
        return cast(Pdu, read_slowly(frame, fields, make))
    except DecodeError as bare:
        raise DecodeError(bare.field, bare.offset, bare.reason, bare.status, command_id, sequence, frame) from None


def encode(pdu: Pdu) -> bytes:
    """The frame of a PDU. Raises EncodeError naming the field that does not fit."""
    try:
        return WRITERS[type(pdu)](pdu)
    except (ValueError, OverflowError, TypeError, AttributeError, struct_error):
        return write_slowly(pdu, pdu.command_id, LAYOUTS[pdu.command_id][0])


def encode_for(pdu: Pdu, version: int, parameters: Parameters = STANDARD) -> bytes:
    """The frame of a PDU for a peer of this interface_version, e.g. 0x34.

    Beyond what `encode` refuses it refuses a command that version lacks, optional parameters where it has none or of a
    wrong length, and a broadcast without those it needs. Raises EncodeError naming the field.
    """
    frame = encode(pdu)
    check(pdu, version, parameters)
    return frame
