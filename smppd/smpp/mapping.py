"""PDUs from a carrier to what the store keeps. Pure; it runs once per message received, so it is written for speed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from pdu import (
    DataSm,
    DecodeError,
    DeliverSm,
    Element,
    Receipt,
    ReceiptState,
    UserData,
    decode,
    decode_parts,
    decode_text,
    message_id,
    parse_receipt,
    parse_udh,
    payload,
    user_data,
)
from pdu.message_id import Base
from pdu.receipt_state import FINAL
from pdu.receipt_text import receipt_text
from smppd.compressed import label
from smppd.model import PartRef, Received, ReceivedReceipt
from smppd.smpp.events import Delivered, Undecodable
from smppd.smpp.ids import receipt_keys

MISSING = "[…]"
"""Stands in a text for a part that never came."""

# Octets, data_coding and user data header of one part, None where it is missing.
PartBody = tuple[bytes, int, bytes]

_TYPED = 0x3C  # message type bits of esm_class; without any it is a plain message
_UDHI = 0x40
# What no index takes would make the store commit its neighbours one by one.
_LONGEST_ID = message_id.LONGEST


@dataclass(slots=True, frozen=True)
class MappingSettings:
    """What a carrier leaves open.

    The alphabet of data_coding 0, receipts without their esm_class bit, what its own words in receipts mean, in
    upper case, and the number bases of message ids in responses and in receipts.
    """

    default_alphabet: str = "gsm7"
    sniff_receipts: bool = False
    receipt_states: Mapping[str, ReceiptState] = field(default_factory=dict)
    bases: tuple[Base, Base] = ("as-is", "as-is")


def received(event: Delivered | Undecodable, settings: MappingSettings) -> Received | ReceivedReceipt:
    """What came, as far as it can be read. Never raises: what cannot has `problem` set and the whole frame as body."""
    if isinstance(event, Undecodable):
        # The sequence number is not part of what a repeat repeats; the rest of the frame is.
        return _quarantined("", "", 0, 0, event.raw, _digest(event.raw[:12] + event.raw[16:]), event.reason)
    pdu = event.pdu
    esm_class, data_coding = pdu.esm_class, pdu.data_coding
    octets = payload(pdu)
    digest = _digest_of(pdu, octets)
    if esm_class & _TYPED or settings.sniff_receipts:
        receipt = parse_receipt(pdu, sniff=settings.sniff_receipts, states=settings.receipt_states)
        if receipt is not None and len(receipt.message_id) > _LONGEST_ID and esm_class & _TYPED:
            reason = f"message_id: {len(receipt.message_id)} characters"
            return _quarantined(
                pdu.source_addr, pdu.destination_addr, data_coding, esm_class, event.raw, digest, reason
            )
        if receipt is not None and len(receipt.message_id) <= _LONGEST_ID:
            return ReceivedReceipt(
                pdu.source_addr,
                pdu.destination_addr,
                receipt.message_id,
                _state(receipt),
                receipt.stat,
                receipt.error,
                event.raw,
                digest,
                tuple(
                    dict.fromkeys([key for one in receipt.message_ids for key in receipt_keys(one, *settings.bases)])
                ),
            )
    part, header = None, b""
    elements: tuple[Element, ...] = ()
    if esm_class & _UDHI or pdu.tlvs:
        try:
            body, elements, segment, _, _ = user_data(pdu)
        except DecodeError as error:
            reason = f"{error.field}: {error.reason}"
            return _quarantined(
                pdu.source_addr, pdu.destination_addr, data_coding, esm_class, event.raw, digest, reason
            )
        if segment is not None:
            part = PartRef(*segment)
        header, octets = octets[: len(octets) - len(body)], body
    if part is not None:
        return Received(
            pdu.source_addr, pdu.destination_addr, octets, data_coding, esm_class, digest, part=part, header=header
        )
    text, _, damaged = decode_text(
        octets, data_coding, default=settings.default_alphabet, elements=elements, header_octets=len(header)
    )
    if text and text[-1] == "\0":  # padding: no alphabet has a letter there, "@" of GSM is read by now
        text = text.rstrip("\0")
    return Received(
        pdu.source_addr,
        pdu.destination_addr,
        octets,
        data_coding,
        esm_class,
        digest,
        text,
        None,
        damaged,
        label(text) if text else "",
    )


def receipt_words(raw: bytes) -> str:
    """The whole text of a receipt, for those who report it further; empty where it has none, or was blanked."""
    if not raw:
        return ""
    pdu = decode(raw)
    if not isinstance(pdu, DeliverSm | DataSm):
        return ""
    return receipt_text(payload(pdu), header=bool(pdu.esm_class & _UDHI))


def _state(receipt: Receipt) -> str:
    """A failure that is no last word is followed by a new try of the carrier's: the message is on its way."""
    return receipt.state if receipt.final or receipt.state not in FINAL else "enroute"


def compose(parts: Sequence[PartBody | None], default_alphabet: str) -> tuple[str | None, bytes, bool]:
    """Join the bodies of a set: text (None for binary), octets, and whether anything had to be guessed or left.

    Octets are joined before they are decoded, so that a surrogate pair or an escape cut between two parts is whole
    again. A missing part shows as MISSING in the text and as nothing in the octets.
    """
    users = [None if part is None else _user_data(*part) for part in parts]
    text, _, damaged = decode_parts(users, default=default_alphabet, gap=MISSING)
    octets = b"".join([part[0] for part in parts if part is not None])
    return None if text is None else text.rstrip("\0"), octets, damaged


def _user_data(body: bytes, data_coding: int, header: bytes) -> UserData:
    return UserData(body, parse_udh(header)[0] if header else (), None, data_coding, len(header))


def _quarantined(
    sender: str, recipient: str, data_coding: int, esm_class: int, raw: bytes, digest: int, reason: str
) -> Received:
    return Received(sender, recipient, raw, data_coding, esm_class, digest, problem=reason)


def _digest_of(pdu: DeliverSm | DataSm, octets: bytes) -> int:
    """Over all that a repeated PDU repeats: everything but its sequence number and what a carrier may fill in anew."""
    # NUL separates, as it ends these strings on the wire. data_sm has no protocol_id.
    kept = (
        f"{pdu.source_addr_ton}.{pdu.source_addr_npi}.{pdu.dest_addr_ton}.{pdu.dest_addr_npi}.{pdu.esm_class}"
        f".{pdu.data_coding}.{pdu.protocol_id if isinstance(pdu, DeliverSm) else ''}"
        f"\0{pdu.source_addr}\0{pdu.destination_addr}\0{len(octets)}\0"
    ).encode("latin-1") + octets
    if pdu.tlvs:
        kept += b"".join([b"%d:%d:%b" % (tag, len(value), value) for tag, value in pdu.tlvs])
    return _digest(kept)


def _digest(octets: bytes) -> int:
    return int.from_bytes(blake2b(octets, digest_size=8).digest(), "big", signed=True)
