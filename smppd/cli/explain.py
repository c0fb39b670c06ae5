"""A stream explained frame by frame and field by field: the same declarations that decode it, read aloud.

Reading goes on as far as the octets make sense: an unreadable frame still shows what came before the fault, and the
next frame is explained wherever it can be found.
"""

from __future__ import annotations

import re

import pdu
from pdu.declare import LAYOUTS
from pdu.framer import LONGEST_FRAME
from smppd.cli.carried import carried
from smppd.cli.explained import Field, Frame
from smppd.cli.parameters import HEADER, has_password, header, parameters

# What may be a header: a length below 131,072, a command_id of SMPP. An expression, as noise may go on for megabytes.
_HEADER = re.compile(rb"(?=\0[\0\x01]..[\0\x80]\0[\0\x01].)", re.DOTALL)
_TLS = tuple(bytes((kind, 3)) for kind in (0x14, 0x15, 0x16, 0x17))


def explain(octets: bytes, *, alphabet: str = "gsm7", at: int = 0) -> list[Frame]:
    """Every frame in `octets` from `at` on. Never raises: what is no frame is one with a fault, up to the next one."""
    frames: list[Frame] = []
    while at < len(octets):
        frame = _frame(octets, at, alphabet)
        # What is no frame may be one whose length is wrong, or the rest of the one before, with its password.
        after_bind = bool(frames) and _bind(octets, frames[-1].offset)
        if frame.name == "?" and (after_bind or _bind(octets, at)):
            frame.secret, frame.fields[-1].value = range(at, at + frame.size), "hidden"
            if after_bind:  # its first octets would tell four of a password
                frame.fault = "what follows a bind or outbind is no frame"
        frames.append(frame)
        at += frame.size
    return frames


def _bind(octets: bytes, at: int) -> bool:
    return has_password(int.from_bytes(octets[at + 4 : at + 8], "big"))


def find_frame(octets: bytes | bytearray, at: int) -> int:
    """Where the first frame at or after `at` begins that the end or another one follows; len(octets) if there is none.

    A header alone proves little: a text may hold the octets of one.
    """
    for found in _HEADER.finditer(octets, at):
        after = _after(octets, found.start())
        if after and (after == len(octets) or _after(octets, after)):
            return found.start()
    return len(octets)


def _after(octets: bytes | bytearray, at: int) -> int:
    """Where the frame that begins at `at` ends, cut off or not; 0 if none does."""
    if at + HEADER > len(octets) or int.from_bytes(octets[at + 4 : at + 8], "big") not in LAYOUTS:
        return 0
    length = int.from_bytes(octets[at : at + 4], "big")
    return at + length if HEADER <= length <= LONGEST_FRAME else 0


def _frame(octets: bytes, at: int, alphabet: str) -> Frame:
    left = len(octets) - at
    length = int.from_bytes(octets[at : at + 4], "big")
    if left < 4 or (left < HEADER and length <= LONGEST_FRAME):
        words = f"{left} octet{' is' if left == 1 else 's are'} left; a header has {HEADER}"
        return _unread(Frame(at, left, "?"), octets, at, at, words)
    if not HEADER <= length <= LONGEST_FRAME:
        return _lost(octets, at, length)
    frame = Frame(at, min(length, left), "?")
    if length > left:
        frame.fail(len(octets), f"command_length says {length} octets, {left} are there")
        following = find_frame(octets, at + HEADER)
        if following < len(octets):
            frame = Frame(at, following - at, "?")
            frame.fail(at, f"command_length says {length} octets, but a frame begins after {frame.size}")
    body = octets[at : at + frame.size]
    header(frame, body)
    command_id = int.from_bytes(body[4:8], "big")
    frame.name = pdu.command_name(command_id)
    if command_id not in LAYOUTS:
        words = f"command_id 0x{command_id:08x} is not known; its body is not read"
        return _unread(frame, octets, at + HEADER, at + 4, words)
    value: pdu.Pdu | None = None
    if not frame.fault:
        try:
            value = pdu.decode(body)
        except pdu.DecodeError as error:
            frame.fail(at + error.offset, f"{error.field}: {error.reason}")
    parameters(frame, body, value)
    if value is not None:
        carried(frame, value, alphabet)
    return frame


def _lost(octets: bytes, at: int, length: int) -> Frame:
    """What begins with a command_length that cannot be true, up to the next frame."""
    begins = octets[at : at + 4]
    if begins.startswith(_TLS):
        words = "this is TLS: the connection is encrypted"
    elif begins.isascii() and begins.decode("ascii").isprintable():
        words = f'"{begins.decode("ascii")}" is no command_length: this is not SMPP'
    elif length < HEADER:
        words = f"command_length {length} is less than the {HEADER} octets of a header"
    else:
        words = f"command_length {length} is more than any frame has ({LONGEST_FRAME})"
    return _unread(Frame(at, find_frame(octets, at + 1) - at, "?"), octets, at, at, words)


def _unread(frame: Frame, octets: bytes, start: int, fault_at: int, fault: str) -> Frame:
    """A frame whose octets from `start` on say nothing."""
    frame.fail(fault_at, fault)
    rest = octets[start : frame.offset + frame.size]
    if rest:
        frame.fields.append(Field(start, len(rest), "unread", rest))
    return frame
