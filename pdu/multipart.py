"""What a PDU carries of a message, which part it is, and the parts of a long text."""

from __future__ import annotations

from typing import NamedTuple

from pdu.codes import EsmClass, Tag
from pdu.errors import DecodeError
from pdu.pdus import DataSm, DeliverSm, SubmitMulti, SubmitSm
from pdu.tlv import Pair, find_tlv, int_tlv
from pdu.udh import CONCAT_8, CONCAT_16, Element, parse_udh


class Segment(NamedTuple):
    """Which part of a concatenated message: `kind` is "udh8", "udh16" or "sar"; `number` counts from 1."""

    kind: str
    reference: int
    total: int
    number: int


class UserData(NamedTuple):
    """The message octets of a PDU without their header, and what it takes to read them.

    `header_octets` is the size of the header, its length octet counted: packed septets begin after the fill bits
    behind it.
    """

    body: bytes
    elements: tuple[Element, ...] = ()
    segment: Segment | None = None
    data_coding: int = 0
    header_octets: int = 0


def payload(pdu: DeliverSm | DataSm | SubmitSm | SubmitMulti) -> bytes:
    """short_message, or message_payload where that is empty: both at once are forbidden, and short_message wins."""
    if not isinstance(pdu, DataSm) and pdu.short_message:
        return pdu.short_message
    return (find_tlv(pdu.tlvs, Tag.MESSAGE_PAYLOAD) if pdu.tlvs else None) or b""


def user_data(pdu: DeliverSm | DataSm | SubmitSm | SubmitMulti) -> UserData:
    """Body, header elements and segment of a message PDU.

    Raises DecodeError, with the sequence of the PDU, for a header that runs past the end.
    """
    octets = body = payload(pdu)
    if pdu.esm_class & EsmClass.UDHI:
        try:
            elements, body = parse_udh(octets)
        except DecodeError as bare:
            raise DecodeError(bare.field, bare.offset, bare.reason, bare.status, pdu.command_id, pdu.sequence) from None
        segment = _from_udh(elements)
    else:
        elements, segment = (), None
    if segment is None and pdu.tlvs:
        segment = _from_sar(pdu.tlvs)
    return UserData(body, elements, segment, pdu.data_coding, len(octets) - len(body))


def _segment(kind: str, reference: int, total: int, number: int) -> Segment | None:
    # A part that cannot be numbered within its set can never be joined: it is a message of its own.
    return Segment(kind, reference, total, number) if total > 1 and 0 < number <= total else None


def _from_udh(elements: tuple[Element, ...]) -> Segment | None:
    # Of elements that exclude each other the last counts, and one with a number that cannot be is as if it were not
    # there (3GPP TS 23.040 section 9.2.3.24).
    for tag, value in reversed(elements):
        if tag == CONCAT_8 and len(value) == 3:
            segment = _segment("udh8", value[0], value[1], value[2])
        elif tag == CONCAT_16 and len(value) == 4:
            segment = _segment("udh16", value[0] << 8 | value[1], value[2], value[3])
        else:
            continue
        if segment is not None:
            return segment
    return None


def _from_sar(tlvs: tuple[Pair, ...]) -> Segment | None:
    reference = int_tlv(tlvs, Tag.SAR_MSG_REF_NUM)
    total = int_tlv(tlvs, Tag.SAR_TOTAL_SEGMENTS)
    number = int_tlv(tlvs, Tag.SAR_SEGMENT_SEQNUM)
    if reference is None or total is None or number is None:
        return None
    return _segment("sar", reference, total, number)
