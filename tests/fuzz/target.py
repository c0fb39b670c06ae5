"""What must hold of any octets whatever: `check` raises for an input of which it does not."""

from __future__ import annotations

from contextlib import suppress
from zlib import crc32

import pdu
from pdu.codec import decode_slowly
from pdu.receipt_state import FINAL, STATES
from smppd.cli.explain import explain
from smppd.cli.explained import Field
from smppd.cli.listing import lines
from tests.fuzz.require import Broken, require
from tests.fuzz.texts import LONGEST, dates, ids, split, texts

MESSAGES = (pdu.DeliverSm, pdu.DataSm, pdu.SubmitSm, pdu.SubmitMulti)
LIMIT = 4096  # of the framer here: small, so that a length beyond it is often met
ALPHABETS = ("gsm7", "gsm7-packed", "latin1", "ascii", "utf-8")


def check(octets: bytes) -> int:
    """Feeds `octets` to the framer as a stream, and reads them as a frame. How many frames were read.

    Raises whatever goes wrong.
    """
    choice = crc32(octets)
    frames = framed(octets, choice)
    whole = len(octets).to_bytes(4, "big") + octets[4:]
    different = dict.fromkeys((*frames, octets, whole))
    for each in different:
        read(each, choice)
    if choice % 4 == 0:  # it takes as long as all the rest
        explained(octets, choice)
    if choice % 4 == 1:
        text = octets.decode("utf-8", "replace")
        texts(text, choice >> 2)
        split(text[:LONGEST], choice >> 2)
    return len(different)


def framed(octets: bytes, choice: int) -> list[bytes]:
    """The frames of a stream: the same ones however it is cut, with no more held than one frame."""
    once, found = pdu.Framer(LIMIT), []
    lost = None
    try:
        found = once.feed(octets)
        once.feed(b"")
    except pdu.FramingError as error:
        lost = error
    size, rest, again = choice % 61 + 1, pdu.Framer(LIMIT), []
    broken = None
    try:
        for at in range(0, len(octets), size):
            again += rest.feed(octets[at : at + size])
            require(rest.pending < LIMIT, "more is held than a frame")
        rest.feed(b"")
    except pdu.FramingError as error:
        broken = error
    require(again == found, "other frames when cut otherwise")
    require((lost is None) == (broken is None), "lost only when cut otherwise")
    if lost is None:
        require(once.pending == rest.pending == len(octets) - sum(map(len, found)), "octets came or went")
    require(octets.startswith(b"".join(found)), "frames that are not the stream")
    return found


def read(frame: bytes, choice: int) -> None:
    """Decodes a frame and reads all that it carries."""
    try:
        value = pdu.decode(frame)
    except pdu.DecodeError as error:
        require(0 <= error.offset <= len(frame), f"{error} is outside of the frame")
        require(error.raw == frame, "the frame is not kept")
        try:
            slow = decode_slowly(frame)
        except pdu.DecodeError as same:
            require(str(same) == str(error), "the two readers give other reasons")
        else:
            raise Broken(f"only the slow reader reads it: {slow}") from None
        return
    require(decode_slowly(frame) == value, "the two readers differ")
    written(value)
    for name in ("schedule_delivery_time", "validity_period", "final_date"):
        dates(getattr(value, name, ""))
    named(value)
    if isinstance(value, MESSAGES):
        message(value, choice)


def written(value: pdu.Pdu) -> None:
    """What can be encoded is read back as it was, and encoded to the same octets."""
    try:
        octets = pdu.encode(value)
    except pdu.EncodeError:
        return  # longer than the specification allows, or octets left over that are none
    for version in (0x33, 0x34, 0x50):
        with suppress(pdu.EncodeError):  # what that version has not
            require(pdu.encode_for(value, version) == octets, f"other octets for version 0x{version:x}")
    again = pdu.decode(octets)
    require(again == value, "another value after a round trip")
    require(pdu.encode(again) == octets, "other octets after a round trip")


def named(value: pdu.Pdu) -> None:
    """Every optional parameter says something, and one whose octets may be sent is built again as it was."""
    for _, found in pdu.STANDARD.read_all(value.tlvs):
        require(found is not None, "a parameter without a value")
    for tag, octets in value.tlvs:
        parameter = pdu.STANDARD.find(tag)
        if parameter is not None and octets and not parameter.kind.fault(octets):
            again = pdu.STANDARD.build(tag, parameter.kind.read(octets))
            require(again == (tag, octets), f"another {parameter.name} after a round trip")


def message(value: pdu.DeliverSm | pdu.DataSm | pdu.SubmitSm | pdu.SubmitMulti, choice: int) -> None:
    """Header, text and receipt of a message."""
    octets = pdu.payload(value)
    try:
        user = pdu.user_data(value)
        require(octets.endswith(user.body), "a body that is not the end of the message")
        require(user.header_octets == len(octets) - len(user.body), "a header of another size")
    except pdu.DecodeError as error:
        require(0 <= error.offset <= len(octets), f"{error} is outside of the message")
        user = pdu.UserData(octets, data_coding=value.data_coding)
    alphabet = ALPHABETS[choice % len(ALPHABETS)]
    decoded = pdu.decode_text(
        user.body, value.data_coding, default=alphabet, elements=user.elements, header_octets=user.header_octets
    )
    require(pdu.decode_parts([user], default=alphabet) == decoded, "one part reads otherwise than a message")
    if decoded.text:
        texts(decoded.text, choice)
    if isinstance(value, pdu.DeliverSm | pdu.DataSm):
        typed, sniffed = pdu.parse_receipt(value), pdu.parse_receipt(value, sniff=True)
        require(typed is None or typed == sniffed, "sniffing changes a receipt")
        if sniffed is not None:
            told(sniffed)


def told(receipt: pdu.Receipt) -> None:
    """All that a receipt tells, and the ways to look for its id."""
    require(receipt.state in STATES, "a state that is none")
    ids(receipt.message_id, receipt.fields.get("id", ""))
    dates(receipt.submitted)
    dates(receipt.done)
    require(not receipt.final or receipt.state in FINAL, "an end without an end")
    require(receipt.network_error is None or "network_error_code" in receipt.fields, "an error from nowhere")
    for date in (receipt.submitted_at, receipt.done_at):
        require(date is None or 1970 <= date.year < 2100, "a date that no carrier means")
    for each in receipt.message_ids:
        keys, variants = pdu.message_id.keys(each), pdu.message_id.variants(each)
        require(0 < len(keys) <= 2 and 0 < len(variants) <= 5, "an id under none or too many names")
        require(max(map(len, keys + variants)) <= pdu.message_id.LONGEST, "a key that no index takes")
        require(pdu.message_id.likeness(each, each) == "exact", "an id unlike itself")


def explained(octets: bytes, choice: int) -> None:
    """`smppd trace` explains anything: each octet is in one field, and fault is found where the decoder finds it."""
    at = 0
    for frame in explain(octets, alphabet=ALPHABETS[choice % len(ALPHABETS)]):
        require(frame.offset == at, "octets that no frame explains")
        tiled(frame.fields, at, at + frame.size)
        require(bool(frame.fault) == (frame.fault_at >= 0), "a fault nowhere")
        require(frame.fault_at <= len(octets), "a fault outside of the octets")
        frame_octets = octets[at : at + frame.size]
        try:
            pdu.decode(frame_octets)
        except pdu.DecodeError as error:
            require(bool(frame.fault), "no fault in a frame that cannot be read")
            expected = (at, len(octets)) if error.field == "command_length" else (at + error.offset,)
            require(frame.fault_at in expected, f"a fault at {frame.fault_at}, not at {expected}")
        else:
            require(not frame.fault or "user data header" in frame.fault, "a fault in a frame that can be read")
        for _ in lines(frame, octets):
            pass
        at += frame.size
    require(at == len(octets), "octets that nothing explains")


def tiled(fields: list[Field], start: int, end: int) -> None:
    """Fields follow each other from `start` to `end`, and so do the parts of each."""
    at = start
    for field in fields:
        require(field.offset == at, f"{field.name} begins at {field.offset}, not {at}")
        at += field.size
        if field.parts:
            inner = field.parts[0].offset
            require(inner >= field.offset, "a part before its field")
            tiled(field.parts, inner, at)
    require(at == end, f"fields end at {at}, not {end}")
