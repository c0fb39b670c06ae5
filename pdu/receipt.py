"""Delivery receipts: optional parameters first, then the text of SMPP 3.4 appendix B and its dialects."""

from __future__ import annotations

import re
from typing import NamedTuple

from pdu.codes import EsmClass, Tag
from pdu.multipart import payload
from pdu.pdus import DataSm, DeliverSm
from pdu.tlv import find_tlv, int_tlv, text_tlv

RECEIPT_TYPES = frozenset((EsmClass.DELIVERY_RECEIPT, EsmClass.DELIVERY_ACK, EsmClass.INTERMEDIATE))

# message_state by its number (SMPP 3.4 section 5.2.28; 0 and 9 from SMPP 5.0).
STATES = (
    "scheduled",
    "enroute",
    "delivered",
    "expired",
    "deleted",
    "undelivered",
    "accepted",
    "unknown",
    "rejected",
    "skipped",
)
# Words by how they begin: carriers cut them at seven letters, or do not. First match wins.
_WORDS = (
    ("deliv", "delivered"),
    ("dlvr", "delivered"),
    ("undel", "undelivered"),
    ("fail", "undelivered"),
    ("expir", "expired"),
    ("delet", "deleted"),
    ("accep", "accepted"),
    ("acked", "accepted"),
    ("buff", "enroute"),
    ("enrou", "enroute"),
    ("reject", "rejected"),
    ("sched", "scheduled"),
    ("skip", "skipped"),
)
_KEY = re.compile(r"(?<![a-z0-9])(id|sub|dlvrd|submit[ _]?date|done[ _]?date|stat|err|text)\s*:", re.IGNORECASE)


class Receipt(NamedTuple):
    """What a carrier says became of a part.

    `state` is one of STATES ("unknown" where nothing says more); `stat`, `error`, `submitted` and `done` are as
    written, empty where absent. `fields` has every value found, text keys and parameter names in lower case: a carrier
    may give one id in the text and another in receipted_message_id.
    """

    message_id: str
    state: str
    stat: str
    error: str
    submitted: str
    done: str
    text: str
    fields: dict[str, str]


def parse_receipt(pdu: DeliverSm | DataSm, *, sniff: bool = False) -> Receipt | None:
    """The receipt a PDU carries. Never raises.

    None when its esm_class says it is none. `sniff` serves carriers that leave the type out: then an id and a state
    found together make a receipt of any message, which a subscriber can forge, so the id must still match an open one.
    """
    typed = pdu.esm_class & EsmClass.TYPE_MASK in RECEIPT_TYPES
    if not typed and not sniff:
        return None
    fields = read_fields(_text(pdu))
    number = None
    if pdu.tlvs:
        receipted = text_tlv(pdu.tlvs, Tag.RECEIPTED_MESSAGE_ID)
        if receipted:
            fields["receipted_message_id"] = receipted.strip()
        number = int_tlv(pdu.tlvs, Tag.MESSAGE_STATE)
        if number is not None:
            fields["message_state"] = str(number)
        network = find_tlv(pdu.tlvs, Tag.NETWORK_ERROR_CODE)
        if network:
            fields["network_error_code"] = network.hex()
    message_id = fields.get("receipted_message_id") or fields.get("id", "")
    stat = fields.get("stat", "")
    if not typed and not (message_id and (stat or number is not None)):
        return None
    return Receipt(
        message_id,
        STATES[number] if number is not None and number < len(STATES) else state_of(stat),
        stat,
        fields.get("err") or _network_error(fields.get("network_error_code", "")),
        fields.get("submit date", ""),
        fields.get("done date", ""),
        fields.get("text", ""),
        fields,
    )


def state_of(stat: str) -> str:
    """The state that a `stat` word or number means; "unknown" for all others."""
    if stat.isdecimal() and len(stat) < 4:
        return STATES[int(stat)] if int(stat) < len(STATES) else "unknown"
    word = stat.lower()
    return next((state for start, state in _WORDS if word.startswith(start)), "unknown")


def read_fields(text: str) -> dict[str, str]:
    """The `key:value` pairs of a receipt text in any order and case, with any blanks between; first of a key wins.

    What follows `text:` is a quotation, not read for keys, once id and stat are known.
    """
    found: dict[str, str] = {}
    key, start = "", 0
    for match in _KEY.finditer(text):
        if key:
            found.setdefault(key, text[start : match.start()].strip(" \t\r\n\0,;"))
        if key == "text" and "id" in found and "stat" in found:
            return found | {"text": text[start:].strip(" \t\r\n\0")}
        key = match[1].lower()
        if key.endswith("date"):
            key = "submit date" if key.startswith("submit") else "done date"
        start = match.end()
    if key:
        found.setdefault(key, text[start:].strip(" \t\r\n\0"))
    return found


def _text(pdu: DeliverSm | DataSm) -> str:
    # Receipts are ASCII or UCS2, and data_coding often tells of the message they are about instead. "_" and "@" of an
    # id must stay themselves, so not GSM. A user data header before the text holds no key and need not be split off,
    # which is as well: UDHI is set on receipts without one. Only UCS2 must begin at the right octet.
    octets = payload(pdu)
    colon = octets.find(b"\0:")
    return octets.decode("latin-1") if colon < 0 else octets[colon % 2 :].decode("utf-16-be", "replace")


def _network_error(octets: str) -> str:
    # One octet of network type, two of code; the code is what `err` would say.
    if len(octets) == 6:
        return f"{int(octets[2:], 16):03d}"
    return octets
