"""The carrier's side, as far as the tests of the session need it: PDUs in, PDUs out, no socket."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pdu
from smppd.smpp.events import Event
from smppd.smpp.session import Session
from smppd.smpp.settings import SessionSettings


def frame(command_id: int, sequence: int = 1, status: int = 0, body: bytes = b"") -> bytes:
    """A frame made by hand, for what the codec would not write."""
    head = (16 + len(body), command_id, status, sequence)
    return b"".join(number.to_bytes(4, "big") for number in head) + body


def wire(*sent: pdu.Pdu | bytes) -> bytes:
    return b"".join(each if isinstance(each, bytes) else pdu.encode(each) for each in sent)


def said(session: Session) -> list[pdu.Pdu]:
    """What the session wants written."""
    return [pdu.decode(each) for each in pdu.Framer().feed(session.take())]


def started(now: float = 0.0, **settings: Any) -> Session:
    session = Session(SessionSettings(**{"system_id": "moh", **settings}))
    session.start(now)
    session.take()
    return session


BIND_RESPONSES = {
    "receiver": pdu.BindReceiverResp,
    "transmitter": pdu.BindTransmitterResp,
    "transceiver": pdu.BindTransceiverResp,
}


def bound(now: float = 0.0, **settings: Any) -> Session:
    """A session whose bind stands."""
    session = started(now, **settings)
    hear(session, BIND_RESPONSES[session.settings.bind]("SMSC", sequence=1), now=now)
    return session


def hear(session: Session, *sent: pdu.Pdu | bytes, now: float = 0.0) -> list[Event]:
    return session.receive(wire(*sent), now)


def mo(sequence: int = 7, text: bytes = b"REG AMINA", **fields: Any) -> pdu.DeliverSm:
    plain = pdu.DeliverSm(source_addr="255712345678", destination_addr="15001", short_message=text, sequence=sequence)
    return replace(plain, **fields)


# A deliver_sm that ends in the middle of its source address.
UNREADABLE = frame(0x05, 9, body=b"\0\x01\x01255712")
