"""The parts of a concatenated message as one text again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from pdu.dcs import alphabet_of
from pdu.gsm7 import fill_bits, unpack
from pdu.multipart import UserData
from pdu.text import Decoded, decode_text
from pdu.udh import CONCATENATIONS, NATIONAL, Element

GAP = "[…]"
"""Stands in a text for a part that is missing."""

_MARKS = (b"\xfe\xff", b"\xff\xfe")


class Joined(NamedTuple):
    """What the parts make together.

    `text` is None where a part is 8-bit data; `octets` are the bodies one after the other. `total` is how many parts
    there should be and `missing` the numbers of those that are not there. `elements` are the header elements of all
    parts but those that number them, each once. `conflicts` are numbers that came more than once and not the same: the
    first counts. `strangers` are parts of another message, or of none, among these. `damaged` marks octets that had to
    be guessed or left.
    """

    text: str | None
    octets: bytes
    alphabet: str
    damaged: bool
    total: int
    missing: tuple[int, ...] = ()
    elements: tuple[Element, ...] = ()
    conflicts: tuple[int, ...] = ()
    strangers: tuple[UserData, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether no part is missing."""
        return not self.missing


def join(parts: Iterable[UserData], *, default: str = "gsm7", gap: str = GAP) -> Joined:
    """The message that `parts`, in any order and with repeats, belong to: the one that the first of them names.

    Takes what `user_data` gives. `default` is the alphabet of data_coding 0 at this carrier; `gap` stands for missing
    parts. Never raises: no parts at all are an empty message of none.
    """
    parts = list(parts)
    if not parts:
        return Joined("", b"", default, False, 0)
    whole = _set_of(parts[0])
    slots: dict[int, UserData] = {}
    conflicts: dict[int, None] = {}
    strangers = []
    for part in parts:
        if _set_of(part) != whole:
            strangers.append(part)
            continue
        number = part.segment.number if part.segment else 1
        first = slots.setdefault(number, part)
        if first != part:
            conflicts[number] = None
    total = parts[0].segment.total if parts[0].segment else 1
    ordered = [slots.get(number) for number in range(1, total + 1)]
    there = [part for part in ordered if part is not None]
    others = [element for part in there for element in part.elements if element.tag not in CONCATENATIONS]
    text, alphabet, damaged = decode_parts(ordered, default=default, gap=gap)
    return Joined(
        text,
        b"".join([part.body for part in there]),
        alphabet,
        damaged,
        total,
        tuple([number for number in range(1, total + 1) if number not in slots]),
        tuple(dict.fromkeys(others)),
        tuple(sorted(conflicts)),
        tuple(strangers),
    )


def decode_parts(parts: Sequence[UserData | None], *, default: str = "gsm7", gap: str = GAP) -> Decoded:
    """The text of parts in their order, None for one that is missing; no text at all where one is 8-bit data.

    Neighbours of one alphabet are put together before they are decoded: an escape pair or a surrogate pair that their
    sender cut in two is whole again. The alphabet is that of the first.
    """
    texts: list[str] = []
    alphabet, damaged, textless = "", False, False
    for key, run in groupby(parts, _coding_of):
        bodies = list(run)
        if key is None:
            texts += [gap] * len(bodies)
            continue
        decoded = _decode_run([part for part in bodies if part is not None], default)
        alphabet = alphabet or decoded.alphabet
        damaged |= decoded.damaged
        textless |= decoded.text is None
        texts.append(decoded.text or "")
    return Decoded(None if textless else "".join(texts), alphabet or default, damaged)


def _set_of(part: UserData) -> tuple[str, int, int] | None:
    return part.segment[:3] if part.segment else None


def _coding_of(part: UserData | None) -> tuple[int, list[Element]] | None:
    if part is None:
        return None
    return part.data_coding, [element for element in part.elements if element.tag in NATIONAL]


def _decode_run(parts: list[UserData], default: str) -> Decoded:
    first = parts[0]
    if len(parts) == 1:
        return _decode(first, default)
    bodies = [part.body for part in parts]
    alphabet = alphabet_of(first.data_coding, default)
    if alphabet == "gsm7-packed":  # which begin anew in each part
        septets = b"".join([unpack(part.body, fill_bits(part.header_octets)) for part in parts])
        return decode_text(septets, 0, elements=first.elements)._replace(alphabet=alphabet)
    # Some that write a byte order mark write it into every part.
    if alphabet == "ucs2" and bodies[0][:2] in _MARKS and all(body[:2] == bodies[0][:2] for body in bodies):
        bodies[1:] = [body[2:] for body in bodies[1:]]
    decoded = decode_text(b"".join(bodies), first.data_coding, default=default, elements=first.elements)
    if decoded.damaged and decoded.alphabet == "ucs2" and any(len(body) & 1 for body in bodies):
        # An octet lost from one part must not shift all that follow.
        trimmed = b"".join([body[: len(body) & ~1] for body in bodies])
        return decode_text(trimmed, first.data_coding, default=default)._replace(damaged=True)
    return decoded


def _decode(part: UserData, default: str) -> Decoded:
    return decode_text(
        part.body,
        part.data_coding,
        default=default,
        elements=part.elements,
        header_octets=part.header_octets,
    )
