"""What an SMSC sees of a request, in a form in which two gateways can be compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pdu
from tests.interop.kannel_peer import Answer

_CONCATENATIONS = (0x00, 0x08)


@dataclass(frozen=True, slots=True)
class Sent:
    """A submit_sm. Times are minutes from now, with their form; a reference that the gateway chose is left out."""

    service_type: str
    source: tuple[int, int, str]
    destination: tuple[int, int, str]
    esm_class: int
    protocol_id: int
    priority: int
    scheduled: tuple[str, int] | None
    validity: tuple[str, int] | None
    registered_delivery: int
    data_coding: int
    udh: str
    body: bytes
    tlvs: tuple[int, ...]

    def __str__(self) -> str:
        source, destination = (":".join(map(str, each)) for each in (self.source, self.destination))
        words = [f"{source} to {destination}", f"esm {self.esm_class:#04x}", f"dcs {self.data_coding:#04x}"]
        words.append(f"reg {self.registered_delivery:#04x}")
        for name in ("service_type", "protocol_id", "priority", "scheduled", "validity", "udh", "tlvs"):
            if value := getattr(self, name):
                words.append(f"{name} {value}")
        return ", ".join(words) + f", {len(self.body)} octets {self.body[:20]!r}"


@dataclass(frozen=True, slots=True)
class Seen:
    """All that became of a request."""

    status: int
    body: str
    sent: tuple[Sent, ...]

    def __str__(self) -> str:
        return "\n    ".join([f"{self.status} {self.body!r}", *map(str, self.sent)])


def seen(answer: Answer, messages: Sequence[pdu.SubmitSm], made: bool) -> Seen:
    """`made`: the gateway numbers the parts by itself."""
    return Seen(answer.status, answer.body.decode("latin-1"), tuple(_sent(message, made) for message in messages))


def _sent(message: pdu.SubmitSm, made: bool) -> Sent:
    octets, udh = message.short_message, ""
    if message.esm_class & 0x40:
        length = octets[0] + 1
        udh, octets = _described(octets[:length], made), octets[length:]
    return Sent(
        message.service_type,
        (message.source_addr_ton, message.source_addr_npi, message.source_addr),
        (message.dest_addr_ton, message.dest_addr_npi, message.destination_addr),
        message.esm_class,
        message.protocol_id,
        message.priority_flag,
        _minutes(message.schedule_delivery_time),
        _minutes(message.validity_period),
        message.registered_delivery,
        message.data_coding,
        udh,
        octets,
        tuple(tag for tag, _ in message.tlvs),
    )


def _described(header: bytes, made: bool) -> str:
    try:
        elements, _ = pdu.parse_udh(header)
    except pdu.DecodeError:
        return header.hex()
    words = []
    for tag, value in sorted(elements):
        kept = value[-2:] if made and tag in _CONCATENATIONS else value
        words.append(f"{tag:02x}:{kept.hex()}")
    return " ".join(words)


def _minutes(time: str) -> tuple[str, int] | None:
    if not time:
        return None
    now = datetime.now(UTC)
    found = pdu.parse_time(time)
    if isinstance(found, pdu.Relative):
        return "relative", round((found.after(now) - now).total_seconds() / 60)
    assert isinstance(found, datetime)
    return "absolute", round((found - now).total_seconds() / 60)
