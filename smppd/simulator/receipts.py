"""Delivery receipts as SMPP 3.4 appendix B writes them."""

from __future__ import annotations

from datetime import datetime

import pdu
from smppd.simulator.submits import Submit

#: stat word -> message_state (SMPP 3.4, 5.2.28).
STATES = {
    "ENROUTE": 1,
    "DELIVRD": 2,
    "EXPIRED": 3,
    "DELETED": 4,
    "UNDELIV": 5,
    "ACCEPTD": 6,
    "UNKNOWN": 7,
    "REJECTD": 8,
}
_RECEIPT = 0x04
_RECEIPTED_MESSAGE_ID = 0x001E
_MESSAGE_STATE = 0x0427


def receipt_text(message_id: str, stat: str, error: str, text: str, submitted: datetime, done: datetime) -> str:
    """The text of a receipt; `text` is cut to its first 20 characters."""
    delivered = "001" if stat == "DELIVRD" else "000"
    return (
        f"id:{message_id} sub:001 dlvrd:{delivered} submit date:{submitted:%y%m%d%H%M} "
        f"done date:{done:%y%m%d%H%M} stat:{stat} err:{error} text:{text[:20]}"
    )


def receipt(submit: Submit, message_id: str, stat: str, error: str, done: datetime, *, tlvs: bool = True) -> bytes:
    """A deliver_sm with the receipt for `submit`, from its destination to its source; sequence 0."""
    message = submit.message
    text, optional = _said(submit, message_id, stat, error, done, tlvs)
    return pdu.encode(
        pdu.DeliverSm(
            source_addr_ton=1,
            source_addr_npi=1,
            source_addr=submit.destination,
            dest_addr_ton=message.source_addr_ton,
            dest_addr_npi=message.source_addr_npi,
            destination_addr=message.source_addr,
            esm_class=_RECEIPT,
            short_message=text,
            tlvs=optional,
        )
    )


def receipt_data_sm(
    submit: Submit, message_id: str, stat: str, error: str, done: datetime, *, tlvs: bool = True
) -> bytes:
    """The same as a data_sm, its text in message_payload."""
    message = submit.message
    text, optional = _said(submit, message_id, stat, error, done, tlvs)
    return pdu.encode(
        pdu.DataSm(
            source_addr_ton=1,
            source_addr_npi=1,
            source_addr=submit.destination,
            dest_addr_ton=message.source_addr_ton,
            dest_addr_npi=message.source_addr_npi,
            destination_addr=message.source_addr,
            esm_class=_RECEIPT,
            tlvs=(*optional, pdu.Tlv(pdu.Tag.MESSAGE_PAYLOAD, text)),
        )
    )


def _said(
    submit: Submit, message_id: str, stat: str, error: str, done: datetime, tlvs: bool
) -> tuple[bytes, tuple[pdu.Tlv, ...]]:
    """Text and optional parameters."""
    message = submit.message
    plain = message.short_message if not isinstance(message, pdu.DataSm) else b""
    shown = plain.decode("ascii", "replace") if not message.data_coding else ""
    optional: tuple[pdu.Tlv, ...] = ()
    if tlvs:
        optional = (
            pdu.Tlv(_RECEIPTED_MESSAGE_ID, message_id.encode() + b"\0"),
            pdu.Tlv(_MESSAGE_STATE, bytes((STATES.get(stat, 7),))),
        )
    text = receipt_text(message_id, stat, error, shown, submit.submitted_at or done, done)
    return text.encode("ascii", "replace"), optional
