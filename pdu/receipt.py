"""Delivery receipts: optional parameters first, then the text of SMPP 3.4 appendix B and its dialects."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Literal, NamedTuple

from pdu.codes import EsmClass, Tag
from pdu.kinds import Integer, NetworkErrorCode, Text
from pdu.message_id import clean
from pdu.multipart import payload
from pdu.parameters import STANDARD
from pdu.pdus import DataSm, DeliverSm
from pdu.receipt_state import FINAL, STATES, State, state_of
from pdu.receipt_text import read_fields, receipt_text
from pdu.times import parse_date
from pdu.tlv import Pair, find_tlv, int_tlv

Kind = Literal["delivery", "acknowledgement", "intermediate", "sniffed"]

# Not 0x10, the answer that a person gave, and not 0x18, the end of a talk: neither tells what became of a message.
_KINDS: dict[int, Kind] = {
    EsmClass.DELIVERY_RECEIPT: "delivery",
    EsmClass.DELIVERY_ACK: "acknowledgement",
    EsmClass.INTERMEDIATE: "intermediate",
}
_TYPE, _UDHI = int(EsmClass.TYPE_MASK), int(EsmClass.UDHI)
_RECEIPT, _INTERMEDIATE = int(EsmClass.DELIVERY_RECEIPT), int(EsmClass.INTERMEDIATE)
_PAYLOAD, _STATE = int(Tag.MESSAGE_PAYLOAD), int(Tag.MESSAGE_STATE)
_SIX = re.compile(r"[0-9a-f]{6}")


class Receipt(NamedTuple):
    """What a carrier says became of a part.

    `message_id` is that of receipted_message_id, else of the text. `stat`, `error`, `submitted` and `done` are as
    written, empty where absent; `error` is the code of network_error_code where the text has none or zero. `fields`
    has every value found, text keys and parameter names in lower case.
    """

    message_id: str
    state: State
    stat: str
    error: str
    submitted: str
    done: str
    text: str
    fields: dict[str, str]
    kind: Kind

    @property
    def message_ids(self) -> tuple[str, ...]:
        """Every id given, to be tried in this order: some carriers give one in the text and another beside it."""
        ids = (clean(self.fields.get(name, "")) for name in ("receipted_message_id", "id"))
        return tuple(dict.fromkeys(found for found in ids if found))

    @property
    def final(self) -> bool:
        """Whether no other receipt is to come. A failure in an intermediate notification is followed by a new try."""
        return self.state in FINAL and (self.kind != "intermediate" or self.state == "delivered")

    @property
    def submitted_at(self) -> datetime | None:
        """`submitted` as parse_date reads it: naive, in the carrier's zone, unless it says otherwise."""
        return parse_date(self.submitted)

    @property
    def done_at(self) -> datetime | None:
        """`done`, likewise."""
        return parse_date(self.done)

    @property
    def network_error(self) -> NetworkErrorCode | None:
        """The network's error, None where network_error_code is absent or not of three octets."""
        return _network(self.fields.get("network_error_code", ""))


def parse_receipt(
    pdu: DeliverSm | DataSm, *, sniff: bool = False, states: Mapping[str, State] | None = None
) -> Receipt | None:
    """The receipt a PDU carries. Never raises; what nothing is said of is "unknown".

    None when its esm_class says it is none. `sniff` serves carriers that leave the type out: then an id and a state
    found together make a receipt of any message, which a subscriber can forge, so the id must still match an open one.
    `states` tells what a carrier's own `stat` words and numbers mean, in upper case; it goes before all else.
    """
    kind = _KINDS.get(pdu.esm_class & _TYPE)
    # Two types at once are reserved, but no subscriber sets these bits.
    reserved = kind is None and pdu.esm_class & (_RECEIPT | _INTERMEDIATE)
    if kind is None and not sniff and not reserved:
        return None
    beside = _parameters(pdu.tlvs) if pdu.tlvs else {}
    number = int_tlv(pdu.tlvs, _STATE) if pdu.tlvs else None
    header = bool(pdu.esm_class & _UDHI)
    octets = payload(pdu)
    known = [name for name, tells in (("id", "receipted_message_id"), ("stat", "message_state")) if tells in beside]
    fields = read_fields(receipt_text(octets, header=header), known)
    if "id" not in fields and "stat" not in fields and kind is not None and octets:
        fields = _elsewhere(pdu, octets, header, known) or fields
    fields.update(beside)
    message_id = clean(fields.get("receipted_message_id", "")) or clean(fields.get("id", ""))
    stat = fields.get("stat", "")
    if kind is None:
        if not (message_id and (stat or number is not None)):
            return None
        kind = "sniffed" if not reserved else "delivery" if reserved & _RECEIPT else "intermediate"
    error = fields.get("err", "")
    if "network_error_code" in beside and not error.strip("0"):
        error = _code(beside["network_error_code"]) or error
    return Receipt(
        message_id,
        _state(stat, number, kind, states),
        stat,
        error,
        fields.get("submit date", ""),
        fields.get("done date", ""),
        fields.get("text", ""),
        fields,
        kind,
    )


def _code(octets: str) -> str:
    """What `err` would say; empty for 0, which is no error."""
    network = _network(octets)
    if network is None:
        return octets
    return f"{network.code:03d}" if network.code else ""


def _network(octets: str) -> NetworkErrorCode | None:
    # A carrier may have a key of this name in its text as well.
    return NetworkErrorCode(int(octets[:2], 16), int(octets[2:], 16)) if _SIX.fullmatch(octets) else None


def _state(stat: str, number: int | None, kind: Kind, states: Mapping[str, State] | None) -> State:
    if states:
        named = states.get(stat.upper()) or (None if number is None else states.get(str(number)))
        if named:
            return named
    if number is not None and number < len(STATES) and STATES[number] != "unknown":
        return STATES[number]
    # An acknowledgement comes from the phone, sent once the message was read (SMPP 3.4 section 2.11).
    return state_of(stat) if stat or number is not None or kind != "acknowledgement" else "delivered"


def _elsewhere(pdu: DeliverSm | DataSm, octets: bytes, header: bool, known: list[str]) -> dict[str, str]:
    """The fields where short_message does not show them: beside it in message_payload, or in packed septets."""
    other = find_tlv(pdu.tlvs, _PAYLOAD)
    texts = [receipt_text(other)] if other else []
    texts.append(receipt_text(octets, header=header, packed=True))
    for text in texts:
        fields = read_fields(text, known)
        if "id" in fields or "stat" in fields:
            return fields
    return {}


def _parameters(tlvs: tuple[Pair, ...]) -> dict[str, str]:
    """Every parameter that is not the text: numbers in decimal, text as it is, other octets in hexadecimal."""
    found: dict[str, str] = {}
    for tag, value in tlvs:
        if tag == _PAYLOAD or not value:
            continue
        parameter = STANDARD.find(tag)
        kind = None if parameter is None else parameter.kind
        text = value.partition(b"\0")[0].decode("latin-1").strip()
        if isinstance(kind, Integer):
            text = str(int.from_bytes(value[:8], "big"))
        elif not isinstance(kind, Text) and (
            kind is not None or not text or not (text.isascii() and text.isprintable())
        ):
            text = value.hex()
        if text:
            found.setdefault(STANDARD.name(tag), text)
    return found
