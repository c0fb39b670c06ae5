"""Asking a carrier about one message, or to drop it: query_sm and cancel_sm (SMPP 3.4 sections 4.8 and 4.9). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pdu import (
    CancelSm,
    Command,
    Pdu,
    QuerySm,
    QuerySmResp,
    Status,
    command_name,
    parse_time,
    status_reason,
)
from pdu.receipt_state import STATES
from smppd.config.carriers import CarrierConfig, ReceiptState
from smppd.errors import NotOffered, Refused
from smppd.smpp.events import Response
from smppd.smpp.outgoing import source_of

_AS_EVER: Mapping[str, ReceiptState] = {}


@dataclass(slots=True, frozen=True)
class Standing:
    """What the carrier says of a message. `state` is one of those of receipts, `error` the network's own code or 0."""

    message_id: str
    state: str
    final_at: datetime | None  # when it came to its end, as far as the carrier tells it with its offset
    error: int


def query_sm(message_id: str, sender: str, config: CarrierConfig) -> Pdu:
    """Asks what became of a message; `message_id` as submit_sm_resp had it. Raises Unsendable.

    The sender must be as it was submitted: carriers compare it.
    """
    ton, npi, address = source_of(sender, config)
    return QuerySm(message_id=message_id, source_addr_ton=ton, source_addr_npi=npi, source_addr=address)


def cancel_sm(message_id: str, sender: str, config: CarrierConfig) -> Pdu:
    """Asks to drop a message that has not reached its phone, as `query_sm` does."""
    ton, npi, address = source_of(sender, config)
    return CancelSm(message_id=message_id, source_addr_ton=ton, source_addr_npi=npi, source_addr=address)


def standing(carrier: str, response: Response, states: Mapping[str, ReceiptState] = _AS_EVER) -> Standing:
    """What the response to `query_sm` says; `states` are the numbers that mean something of their own to this carrier.

    Raises Refused, and of this NotOffered.
    """
    _accepted(carrier, response, Command.QUERY_SM)
    pdu = response.pdu
    if not isinstance(pdu, QuerySmResp):
        raise Refused(carrier, "query_sm", 0, "it answered with another command")
    usual = STATES[pdu.message_state] if pdu.message_state < len(STATES) else "unknown"
    state = states.get(str(pdu.message_state), usual)
    final_at = parse_time(pdu.final_date)
    return Standing(pdu.message_id, state, final_at if isinstance(final_at, datetime) else None, pdu.error_code)


def cancelled(carrier: str, response: Response) -> None:
    """Raises Refused unless the response to `cancel_sm` says that it is done, and of this NotOffered."""
    _accepted(carrier, response, Command.CANCEL_SM)


def _accepted(carrier: str, response: Response, command: Command) -> None:
    status, nacked = response.pdu.status, response.pdu.command_id == Command.GENERIC_NACK
    if not status and not nacked:
        return
    name = command_name(command)
    if status == Status.ESME_RINVCMDID or (nacked and not status):
        raise NotOffered(carrier, name, status, "it does not know the command")
    raise Refused(carrier, name, status, status_reason(status))
