"""A text or octets in parts that fit one short message each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from pdu.codes import EsmClass, Tag
from pdu.encoding import encode_text
from pdu.errors import EncodeError
from pdu.graphemes import clusters
from pdu.gsm7 import fill_bits, pack
from pdu.tlv import Tlv
from pdu.udh import CONCAT_8, CONCAT_16, Element, build_udh

OCTETS = 140  # of user data in one short message (3GPP TS 23.040 section 9.2.3.16)
_HEADERS = {"udh8": 6, "udh16": 7, "sar": 6}  # sar too: the carrier makes a header of the parameters
_MOST_PARTS = 255
_LEAST_ROOM = 4  # the largest code point in any alphabet


class Part(NamedTuple):
    """One PDU's share: short_message is `udh + body`."""

    udh: bytes
    body: bytes
    data_coding: int
    tlvs: tuple[Tlv, ...]
    esm_class: int


def split_text(
    text: str, *, reference: int, kind: str = "udh8", limit: int = OCTETS, prefer: str = "gsm7"
) -> list[Part]:
    """The parts of `text`, in the alphabet that `encode_text` chooses; one part without a header where it fits.

    `limit` is octets of user data in a part: 140 hold 160 septets. Never cuts inside an escape pair, a surrogate pair
    or what is drawn as one character. Raises EncodeError above 255 parts.
    """
    encoded = encode_text(text, prefer=prefer)
    octets, data_coding, septets = encoded.octets, encoded.data_coding, encoded.septets
    if septets is not None:
        if len(septets) <= limit * 8 // 7:
            return [Part(b"", octets, data_coding, (), 0)]
        room = _room(limit, kind) * 8 // 7
        parts = _number(_cut_septets(septets, room), data_coding, reference, kind)
        if encoded.alphabet == "gsm7":
            return parts
        return [part._replace(body=pack(part.body, fill_bits(len(part.udh)))) for part in parts]
    if len(octets) <= limit:
        return [Part(b"", octets, data_coding, (), 0)]
    room = _room(limit, kind)
    codec = "utf-16-be" if encoded.alphabet == "ucs2" else encoded.alphabet
    bodies = _cut_clusters(encoded.text, room, lambda run: run.encode(codec))
    return _number(bodies, data_coding, reference, kind)


def split_octets(
    octets: bytes, data_coding: int = 4, *, reference: int, kind: str = "udh8", limit: int = OCTETS
) -> list[Part]:
    """The parts of 8-bit data. Raises EncodeError above 255 parts."""
    if len(octets) <= limit:
        return [Part(b"", octets, data_coding, (), 0)]
    room = _room(limit, kind)
    return _number([octets[at : at + room] for at in range(0, len(octets), room)], data_coding, reference, kind)


def _room(limit: int, kind: str) -> int:
    if kind not in _HEADERS:
        raise EncodeError("kind", f"{kind!r} is none of {', '.join(_HEADERS)}")
    room = limit - _HEADERS[kind]
    if room < _LEAST_ROOM:
        raise EncodeError("limit", f"{limit} octets leave {room} for text, at least {_LEAST_ROOM} are needed")
    return room


def _number(bodies: Sequence[bytes], data_coding: int, reference: int, kind: str) -> list[Part]:
    total = len(bodies)
    if total > _MOST_PARTS:
        raise EncodeError("text", f"{total} parts, at most {_MOST_PARTS} can be numbered")
    parts = []
    for number, body in enumerate(bodies, 1):
        if kind == "sar":
            tlvs = (
                Tlv(Tag.SAR_MSG_REF_NUM, (reference & 0xFFFF).to_bytes(2, "big")),
                Tlv(Tag.SAR_TOTAL_SEGMENTS, bytes((total,))),
                Tlv(Tag.SAR_SEGMENT_SEQNUM, bytes((number,))),
            )
            parts.append(Part(b"", body, data_coding, tlvs, 0))
        elif kind == "udh16":
            udh = build_udh([Element(CONCAT_16, (reference & 0xFFFF).to_bytes(2, "big") + bytes((total, number)))])
            parts.append(Part(udh, body, data_coding, (), int(EsmClass.UDHI)))
        else:
            udh = build_udh([Element(CONCAT_8, bytes((reference & 0xFF, total, number)))])
            parts.append(Part(udh, body, data_coding, (), int(EsmClass.UDHI)))
    return parts


def _cut_septets(septets: bytes, room: int) -> list[bytes]:
    bodies = []
    at = 0
    while at < len(septets):
        end = at + room
        if end < len(septets) and septets[end - 1] == 0x1B:
            end -= 1
        bodies.append(septets[at:end])
        at = end
    return bodies


def _cut_clusters(text: str, room: int, octets_of: Callable[[str], bytes]) -> list[bytes]:
    bodies: list[bytes] = []
    body = b""
    for cluster in clusters(text):
        octets = octets_of(cluster)
        # What is drawn as one character may be larger than a part: then it is cut between code points.
        pieces = [octets] if len(octets) <= room else [octets_of(char) for char in cluster]
        for piece in pieces:
            if len(body) + len(piece) > room:
                bodies.append(body)
                body = b""
            body += piece
    return [*bodies, body]
