"""PDUs that open, keep and end a session, one class each, as in `pdu.pdus`. Sections are of SMPP 3.4."""

from __future__ import annotations

from pdu.codes import Command
from pdu.declare import Pdu, command, number, shape, string


@shape
class _Bind(Pdu):
    __slots__ = ()
    system_id: str = string(16)
    password: str = string(9, shown=False)
    system_type: str = string(13)
    interface_version: int = number(0x34)
    addr_ton: int = number()
    addr_npi: int = number()
    address_range: str = string(41)


@shape
class _BindResp(Pdu):
    __slots__ = ()
    system_id: str = string(16)


@command(Command.BIND_TRANSMITTER)
class BindTransmitter(_Bind):
    """Section 4.1.1."""


@command(Command.BIND_TRANSMITTER_RESP)
class BindTransmitterResp(_BindResp):
    """Section 4.1.2."""


@command(Command.BIND_RECEIVER)
class BindReceiver(_Bind):
    """Section 4.1.3."""


@command(Command.BIND_RECEIVER_RESP)
class BindReceiverResp(_BindResp):
    """Section 4.1.4."""


@command(Command.BIND_TRANSCEIVER)
class BindTransceiver(_Bind):
    """Section 4.1.5."""


@command(Command.BIND_TRANSCEIVER_RESP)
class BindTransceiverResp(_BindResp):
    """Section 4.1.6."""


@command(Command.OUTBIND)
class Outbind(Pdu):
    """Section 4.1.7."""

    system_id: str = string(16)
    password: str = string(9, shown=False)


@command(Command.UNBIND)
class Unbind(Pdu):
    """Section 4.2.1."""


@command(Command.UNBIND_RESP)
class UnbindResp(Pdu):
    """Section 4.2.2."""


@command(Command.GENERIC_NACK)
class GenericNack(Pdu):
    """Section 4.3.1."""


@command(Command.ENQUIRE_LINK)
class EnquireLink(Pdu):
    """Section 4.11.1."""


@command(Command.ENQUIRE_LINK_RESP)
class EnquireLinkResp(Pdu):
    """Section 4.11.2."""
