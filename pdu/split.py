"""A text or octets in parts that fit one short message each, and as few of them as there can be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple

from pdu.codes import EsmClass, Tag
from pdu.cut import Cut, cut_octets, cut_text
from pdu.encoding import Encoded, encode_text
from pdu.errors import EncodeError
from pdu.gsm7 import fill_bits, pack
from pdu.tlv import Tlv
from pdu.udh import CONCATENATIONS, NATIONAL, Element, build_udh, concatenation

OCTETS = 140  # of user data in one short message (3GPP TS 23.040 section 9.2.3.16)
KINDS = ("udh8", "udh16", "sar", "payload")
MOST_PARTS = 255
"""What one octet can number."""

_UDHI = int(EsmClass.UDHI)
_NUMBER_AT = {"udh8": 5, "udh16": 6}  # the octet of a header that numbers its part, in the first of its elements
_SAR_ELEMENT = 5  # octets of the element that the carrier makes of the sar parameters
_PAYLOAD = 0xFFFF  # octets of a TLV
_SHORT_MESSAGE = 254  # octets of the field (SMPP 3.4 section 5.2.22)
_LEAST_ROOM = 4  # the largest code point in any alphabet
_NAMES = {
    "gsm7": "GSM 7-bit", "gsm7-packed": "GSM 7-bit packed", "latin1": "Latin-1", "ascii": "ASCII", "ucs2": "UCS-2",
    "utf-8": "UTF-8", "binary": "8-bit",
}  # fmt: skip


class Part(NamedTuple):
    """One PDU's share. The message octets are `udh + body`: in short_message, or in a message_payload among `tlvs`."""

    udh: bytes
    body: bytes
    data_coding: int
    tlvs: tuple[Tlv, ...]
    esm_class: int

    @property
    def short_message(self) -> bytes:
        """For the field of that name: empty where the octets are in message_payload."""
        return b"" if self.tlvs and self.tlvs[0].tag == Tag.MESSAGE_PAYLOAD else self.udh + self.body


class Split(NamedTuple):
    """The parts and what was chosen for them; as a string it says so: "UCS-2, 3 parts".

    `text` is what the phone will show, None for octets; `changed` the characters that could not go as they were, each
    with what goes in its place. `torn` are the clusters (see `pdu.clusters`) that are larger than a part and had to be
    cut between their code points.
    """

    parts: tuple[Part, ...]
    alphabet: str
    data_coding: int
    elements: tuple[Element, ...] = ()
    changed: tuple[tuple[str, str], ...] = ()
    torn: tuple[str, ...] = ()
    text: str | None = None

    def __str__(self) -> str:
        words = [_NAMES[self.alphabet], "1 part" if len(self.parts) == 1 else f"{len(self.parts)} parts"]
        if self.changed:
            words.append(f"{len(self.changed)} characters changed" if self.changed[1:] else "1 character changed")
        if self.torn:
            words.append(f"{len(self.torn)} cut apart")
        return ", ".join(words)


def split_text(
    text: str,
    *,
    reference: int,
    kind: str = "udh8",
    limit: int = OCTETS,
    prefer: str = "gsm7",
    unmappable: str = "ucs2",
    languages: Iterable[int | str] = (),
    message_class: int | None = None,
    elements: Sequence[Element] = (),
    max_parts: int = MOST_PARTS,
) -> Split:
    """`text` as `encode_text` writes it, in the fewest parts; in one without a number where it fits.

    `limit` is octets of user data in a part: 140 hold 160 septets. `kind` says how parts are numbered: "udh8" and
    "udh16" with as many bits of `reference` in a header, "sar" in parameters; "payload" numbers nothing and puts what
    does not fit into one message_payload. `elements` (of ports, say) go into the header of every part, as do those of
    national tables. No cut is inside an escape pair, a surrogate pair or a cluster that fits a part.

    Raises EncodeError for what `encode_text` refuses, for an unknown kind, a limit that leaves no room, an element that
    is made here, and for a text of more than `max_parts` parts: nothing is ever left out.
    """
    frame = _Frame(reference, kind, limit, max_parts, tuple(elements))
    if any(element.tag in NATIONAL for element in elements):
        raise EncodeError("elements", "national tables follow from `languages`")
    ways = [(way, _cut(way, frame)) for way in _ways(text, prefer, unmappable, tuple(languages), message_class)]
    best, cut = min(ways, key=lambda way: len(way[1].spans))  # the first of equals
    units = best.octets if best.septets is None else best.septets
    parts = frame.parts(units, cut, best.data_coding, best.elements, packed=best.alphabet == "gsm7-packed")
    return Split(parts, best.alphabet, best.data_coding, best.elements, best.changed, cut.torn, best.text)


def split_octets(
    octets: bytes,
    data_coding: int = 4,
    *,
    reference: int,
    kind: str = "udh8",
    limit: int = OCTETS,
    elements: Sequence[Element] = (),
    max_parts: int = MOST_PARTS,
) -> Split:
    """The parts of 8-bit data. Arguments and errors are those of `split_text`."""
    frame = _Frame(reference, kind, limit, max_parts, tuple(elements))
    cut = cut_octets(octets, *frame.rooms())
    return Split(frame.parts(octets, cut, data_coding), "binary", data_coding)


def _ways(
    text: str, prefer: str, unmappable: str, languages: tuple[int | str, ...], message_class: int | None
) -> Iterator[Encoded]:
    """How the text may be written, the best first.

    `encode_text` chooses between national tables and UCS2 for parts of 140 octets without other elements. Where parts
    are smaller the other may need fewer of them.
    """
    first = encode_text(text, prefer=prefer, unmappable=unmappable, languages=languages, message_class=message_class)
    yield first
    if first.elements and unmappable == "ucs2":
        yield encode_text(text, prefer="ucs2", message_class=message_class)
    elif first.alphabet == "ucs2" and unmappable == "ucs2" and languages and prefer in ("gsm7", "gsm7-packed"):
        with suppress(EncodeError):  # no table of these languages has all of the text
            yield encode_text(
                text, prefer=prefer, unmappable="refuse", languages=languages, message_class=message_class
            )


def _cut(encoded: Encoded, frame: _Frame) -> Cut:
    if encoded.septets is None:
        return cut_text(encoded.text, encoded.octets, encoded.alphabet, *frame.rooms())
    rooms = frame.rooms(encoded.elements, septets=True, packed=encoded.alphabet == "gsm7-packed")
    return cut_text(encoded.text, encoded.septets, "gsm7", *rooms)


@lru_cache(maxsize=256)
def _rooms(frame: _Frame, national: tuple[Element, ...], septets: bool, packed: bool) -> tuple[int, int]:
    """The same few frames come again for message after message."""
    return frame.reckon(national, septets, packed)


class _Frame(NamedTuple):
    """What goes around the bodies of the parts."""

    reference: int
    kind: str
    limit: int
    max_parts: int
    elements: tuple[Element, ...]

    def rooms(
        self, national: tuple[Element, ...] = (), *, septets: bool = False, packed: bool = False
    ) -> tuple[int, int]:
        """Octets, or septets, of body in a message that needs no number and in a part that has one."""
        return _rooms(_Frame(0, *self[1:]), national, septets, packed)

    def reckon(self, national: tuple[Element, ...], septets: bool, packed: bool) -> tuple[int, int]:
        """What `rooms` remembers. Raises EncodeError where there can be no parts of this kind."""
        if self.kind not in KINDS:
            raise EncodeError("kind", f"{self.kind!r} is none of {', '.join(KINDS)}")
        if not 0 < self.max_parts <= MOST_PARTS:
            raise EncodeError("max_parts", f"{self.max_parts} is not within 1 to {MOST_PARTS}")
        if any(element.tag in CONCATENATIONS for element in self.elements):
            raise EncodeError("elements", "the one that numbers a part is made here")
        elements = (*self.elements, *national)
        alone = numbered = len(build_udh(elements))
        if self.kind == "sar":  # the carrier makes an element of the parameters
            numbered = (alone or 1) + _SAR_ELEMENT
        elif self.kind != "payload":
            numbered = len(build_udh((concatenation(self.kind, 0, 1, 1), *elements)))
        if self.limit - numbered < _LEAST_ROOM:
            reason = f"{self.limit} octets leave {self.limit - numbered} for text, at least {_LEAST_ROOM} are needed"
            raise EncodeError("limit", reason)

        def room(limit: int, field: int, header: int) -> int:
            if not septets:
                return min(limit, field) - header
            # Also where each septet has an octet in the PDU: on the air they are packed.
            if not packed:
                return min((8 * (limit - header) - fill_bits(header)) // 7, field - header)
            # Those of a sar part begin behind its own header here, and behind a larger one on the air.
            return (8 * (min(limit, field) - header) - max(fill_bits(header), fill_bits(alone))) // 7

        if self.kind == "payload":
            return room(self.limit, _SHORT_MESSAGE, alone), room(_PAYLOAD, _PAYLOAD, alone)
        return room(self.limit, _SHORT_MESSAGE, alone), room(self.limit, _SHORT_MESSAGE, numbered)

    def parts(
        self, units: bytes, cut: Cut, data_coding: int, national: tuple[Element, ...] = (), *, packed: bool = False
    ) -> tuple[Part, ...]:
        """The pieces with their headers and parameters. Raises EncodeError where there are too many."""
        total = len(cut.spans)
        elements = (*self.elements, *national)
        if self.kind == "payload" and total > 1:
            raise EncodeError("text", f"{len(units)} octets are more than a message_payload holds")
        if total > self.max_parts:
            raise EncodeError("text", f"{total} parts would be needed, at most {self.max_parts} are allowed")
        udh = build_udh(elements)
        head = behind = b""
        sar = payload = False
        if not cut.alone:
            sar, payload = self.kind == "sar", self.kind == "payload"
            if not sar and not payload:
                udh = build_udh((concatenation(self.kind, self.reference, total, 1), *elements))
                place = _NUMBER_AT[self.kind]  # all that differs from part to part
                head, behind = udh[:place], udh[place + 1 :]
        esm_class = _UDHI if udh else 0
        tlvs: tuple[Tlv, ...] = ()
        parts = []
        for number, (start, end) in enumerate(cut.spans, 1):
            body = units[start:end]
            if head:
                udh = head + bytes((number,)) + behind
            if packed:
                body = pack(body, fill_bits(len(udh)))
            if sar:
                tlvs = (
                    Tlv(Tag.SAR_MSG_REF_NUM, (self.reference & 0xFFFF).to_bytes(2, "big")),
                    Tlv(Tag.SAR_TOTAL_SEGMENTS, bytes((total,))),
                    Tlv(Tag.SAR_SEGMENT_SEQNUM, bytes((number,))),
                )
            elif payload:
                tlvs = (Tlv(Tag.MESSAGE_PAYLOAD, udh + body),)
            # Quicker than Part's own constructor.
            parts.append(tuple.__new__(Part, (udh, body, data_coding, tlvs, esm_class)))
        return tuple(parts)
