"""A message from a phone, and the PDUs an SMSC makes of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

import pdu
from smppd.simulator.habits import Habits

ALPHABETS = {"auto": None, "gsm7": 0x00, "ascii": 0x01, "latin1": 0x03, "utf-8": 0x00, "ucs2": 0x08, "binary": 0x04}
MULTIPART = ("udh8", "udh16", "sar", "payload", "none")

_UDHI = 0x40
_MESSAGE_PAYLOAD = 0x0424
_SAR_REFERENCE, _SAR_TOTAL, _SAR_NUMBER = 0x020C, 0x020E, 0x020F
_UDH_OCTETS = {"udh8": 6, "udh16": 7, "sar": 0}
_ESCAPE = 0x1B


@dataclass(frozen=True, slots=True, kw_only=True)
class Mo:
    """What to send. Text, or `octets` as they are; longer ones are cut into parts unless told otherwise."""

    source: str = "255700000001"
    destination: str = "15001"
    text: str = ""
    alphabet: str = "auto"
    """One of `ALPHABETS`; auto is gsm7 where it fits, else ucs2."""
    octets: bytes | None = None
    """User data instead of `text`, without any UDH of ours unless it is cut."""
    data_coding: int | None = None
    """Instead of the one that belongs to the alphabet."""
    source_ton: int = 1
    source_npi: int = 1
    destination_ton: int = 0
    destination_npi: int = 1
    service_type: str = ""
    esm_class: int = 0
    """Its bits are added to those the parts need."""
    protocol_id: int = 0
    priority: int = 0
    tlvs: tuple[pdu.Tlv, ...] = ()
    multipart: str = "udh8"
    """One of `MULTIPART`: how the parts are marked; payload puts all into message_payload."""
    part_size: int | None = None
    """Octets of text in a part; default: what fits 140 octets on the air."""
    reference: int | None = None
    """Concatenation reference; default: the SMSC counts."""
    order: tuple[int, ...] | None = None
    """Part numbers from 1 in the order to send; may repeat and leave out. Default: all, in order."""
    links: tuple[int, ...] = ()
    """The receiver (by order of bind, from 0) for each PDU sent, repeated as needed; empty: any."""
    data_sm: bool = False
    """Delivers as data_sm."""
    account: str | None = None
    """Only to receivers bound with this system_id."""
    raw: bytes | None = None
    """A whole PDU to send as it is, but for its sequence number; all else is ignored."""

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Mo:
        """Octets and TLV values are hex ({"0x1400": "0a0b"}); `ValueError` names what is unknown or unfit."""
        known = {item.name: item.default for item in fields(cls)}
        values: dict[str, Any] = {}
        for name, value in given.items():
            name = {"from": "source", "to": "destination"}.get(name, name)
            if name not in known:
                raise ValueError(f"unknown field {name!r}; there are: {', '.join(sorted(known))}")
            try:
                if name in ("octets", "raw") and value is not None:
                    value = bytes.fromhex(value)
                elif name == "tlvs":
                    value = tuple(pdu.Tlv(int(tag, 0), bytes.fromhex(octets)) for tag, octets in value.items())
                elif name in ("order", "links") and value is not None:
                    value = tuple(int(number) for number in value)
            except (TypeError, ValueError, AttributeError) as error:
                raise ValueError(f"field {name!r}: {error}") from None
            if isinstance(known[name], (str, int)) and type(value) is not type(known[name]):
                raise ValueError(f"field {name!r} takes {type(known[name]).__name__}, not {value!r}")
            values[name] = value
        mo = cls(**values)
        if mo.alphabet not in ALPHABETS:
            raise ValueError(f"field 'alphabet' is one of {', '.join(ALPHABETS)}, not {mo.alphabet!r}")
        if mo.multipart not in MULTIPART:
            raise ValueError(f"field 'multipart' is one of {', '.join(MULTIPART)}, not {mo.multipart!r}")
        return mo

    def pdus(self, reference: int, habits: Habits, dice: random.Random) -> Iterator[tuple[bytes, int | None]]:
        """The PDUs to send (sequence 0), each with the receiver it is for; `ValueError` for what cannot be encoded."""
        if self.raw is not None:
            yield self.raw, self.links[0] if self.links else None
            return
        octets, data_coding = self._user_data()
        parts = self._parts(octets, data_coding)
        numbers = list(self.order) if self.order is not None else list(range(1, len(parts) + 1))
        if not all(0 < number <= len(parts) for number in numbers):
            raise ValueError(f"order names parts that are not among 1 to {len(parts)}")
        if len(parts) > 1:
            numbers = [number for number in numbers if number != habits.lose_part]
            if habits.shuffle_parts:
                dice.shuffle(numbers)
        if self.reference is not None:
            reference = self.reference
        for place, number in enumerate(numbers):
            pin = self.links[place % len(self.links)] if self.links else None
            yield self._pdu(parts[number - 1], data_coding, reference, len(parts), number), pin

    def _user_data(self) -> tuple[bytes, int]:
        if self.octets is not None:
            octets, data_coding = self.octets, ALPHABETS["binary"]
        elif self.alphabet in ("auto", "gsm7", "ucs2"):
            encoded = pdu.encode_text(self.text, prefer="ucs2" if self.alphabet == "ucs2" else "gsm7")
            octets, data_coding = encoded.octets, encoded.data_coding
            if self.alphabet == "gsm7" and data_coding:
                raise ValueError("the text does not fit the GSM alphabet")
        else:
            octets, data_coding = self.text.encode(self.alphabet), ALPHABETS[self.alphabet]
        if self.data_coding is not None:
            data_coding = self.data_coding
        return octets, data_coding or 0

    def _parts(self, octets: bytes, data_coding: int) -> list[bytes]:
        if self.multipart in ("payload", "none"):
            return [octets]
        # On the air a GSM text has 7 bits a character; on SMPP it has an octet each.
        septets = self.octets is None and self.alphabet in ("auto", "gsm7") and data_coding != ALPHABETS["ucs2"]
        udh = _UDH_OCTETS[self.multipart]
        alone, size = (160, (140 - udh) * 8 // 7) if septets else (140, 140 - udh)
        if self.part_size is not None:
            alone = size = self.part_size
        if len(octets) <= alone:
            return [octets]
        if data_coding == ALPHABETS["ucs2"]:
            size -= size % 2
        parts = []
        while octets:
            end = size
            if len(octets) > end:
                if septets and octets[end - 1] == _ESCAPE:
                    end -= 1
                elif data_coding == ALPHABETS["ucs2"] and 0xD8 <= octets[end - 2] < 0xDC:
                    end -= 2
            parts.append(octets[:end])
            octets = octets[end:]
        return parts

    def _pdu(self, body: bytes, data_coding: int, reference: int, total: int, number: int) -> bytes:
        esm_class, tlvs = self.esm_class, self.tlvs
        if total > 1 and self.multipart == "sar":
            tlvs += (
                pdu.Tlv(_SAR_REFERENCE, (reference & 0xFFFF).to_bytes(2, "big")),
                pdu.Tlv(_SAR_TOTAL, bytes((total,))),
                pdu.Tlv(_SAR_NUMBER, bytes((number,))),
            )
        elif total > 1:
            esm_class |= _UDHI
            body = pdu.build_udh([pdu.concatenation(self.multipart, reference, total, number)]) + body
        if self.data_sm or self.multipart == "payload":
            tlvs += (pdu.Tlv(_MESSAGE_PAYLOAD, body),)
            body = b""
        common: dict[str, Any] = {
            "service_type": self.service_type,
            "source_addr_ton": self.source_ton,
            "source_addr_npi": self.source_npi,
            "source_addr": self.source,
            "dest_addr_ton": self.destination_ton,
            "dest_addr_npi": self.destination_npi,
            "destination_addr": self.destination,
            "esm_class": esm_class,
            "data_coding": data_coding,
            "tlvs": tlvs,
        }
        if self.data_sm:
            return pdu.encode(pdu.DataSm(**common))
        return pdu.encode(
            pdu.DeliverSm(**common, protocol_id=self.protocol_id, priority_flag=self.priority, short_message=body)
        )


def flood_maker(senders: int = 1000, destination: str = "15001", text: str = "FLOOD") -> Callable[[int], bytes]:
    """Makes the i-th message of a load without encoding it anew: only the sender and the number differ."""
    number = 90_000_000
    template = Mo(source=f"2557{number}", destination=destination, text=f"{text} {number}")
    octets, _ = next(template.pdus(0, Habits(), random.Random(0)))
    before, between, after = octets.split(str(number).encode())

    def make(index: int) -> bytes:
        return b"%b%08d%b%08d%b" % (before, index % senders, between, index % 100_000_000, after)

    return make
