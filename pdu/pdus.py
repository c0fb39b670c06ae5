"""PDUs of messages, one class each; the fields of a class are its layout. Sections are of SMPP 3.4 unless it says 5.0.

SMPP 3.3 and 5.0 have the same layouts for the commands they share; `pdu.version` says which command is whose.
"""

from __future__ import annotations

from pdu.codes import Command
from pdu.declare import Pdu, command, destinations, number, shape, sized, string, unsuccesses
from pdu.wire import Destination, DistributionList, Unsuccess


@shape
class _MessageId(Pdu):
    __slots__ = ()
    message_id: str = string(65)


@shape
class _Sm(Pdu):
    __slots__ = ()
    service_type: str = string(6)
    source_addr_ton: int = number()
    source_addr_npi: int = number()
    source_addr: str = string(21)
    dest_addr_ton: int = number()
    dest_addr_npi: int = number()
    destination_addr: str = string(21)
    esm_class: int = number()
    protocol_id: int = number()
    priority_flag: int = number()
    schedule_delivery_time: str = string(17)
    validity_period: str = string(17)
    registered_delivery: int = number()
    replace_if_present_flag: int = number()
    data_coding: int = number()
    sm_default_msg_id: int = number()
    short_message: bytes = sized(254)


@command(Command.SUBMIT_SM)
class SubmitSm(_Sm):
    """Section 4.4.1; sm_length is the length of short_message."""


@command(Command.SUBMIT_SM_RESP)
class SubmitSmResp(_MessageId):
    """Section 4.4.2."""


@command(Command.SUBMIT_MULTI)
class SubmitMulti(Pdu):
    """Section 4.5.1; number_of_dests and sm_length follow from dest_address and short_message."""

    service_type: str = string(6)
    source_addr_ton: int = number()
    source_addr_npi: int = number()
    source_addr: str = string(21)
    dest_address: tuple[Destination | DistributionList, ...] = destinations()
    esm_class: int = number()
    protocol_id: int = number()
    priority_flag: int = number()
    schedule_delivery_time: str = string(17)
    validity_period: str = string(17)
    registered_delivery: int = number()
    replace_if_present_flag: int = number()
    data_coding: int = number()
    sm_default_msg_id: int = number()
    short_message: bytes = sized(254)


@command(Command.SUBMIT_MULTI_RESP)
class SubmitMultiResp(Pdu):
    """Section 4.5.2; no_unsuccess follows from unsuccess_sme."""

    message_id: str = string(65)
    unsuccess_sme: tuple[Unsuccess, ...] = unsuccesses()


@command(Command.DELIVER_SM)
class DeliverSm(_Sm):
    """Section 4.6.1."""


@command(Command.DELIVER_SM_RESP)
class DeliverSmResp(_MessageId):
    """Section 4.6.2; message_id is unused and empty."""


@command(Command.DATA_SM)
class DataSm(Pdu):
    """Section 4.7.1; the text is in message_payload."""

    service_type: str = string(6)
    source_addr_ton: int = number()
    source_addr_npi: int = number()
    source_addr: str = string(65)
    dest_addr_ton: int = number()
    dest_addr_npi: int = number()
    destination_addr: str = string(65)
    esm_class: int = number()
    registered_delivery: int = number()
    data_coding: int = number()


@command(Command.DATA_SM_RESP)
class DataSmResp(_MessageId):
    """Section 4.7.2."""


@command(Command.QUERY_SM)
class QuerySm(Pdu):
    """Section 4.8.1."""

    message_id: str = string(65)
    source_addr_ton: int = number()
    source_addr_npi: int = number()
    source_addr: str = string(21)


@command(Command.QUERY_SM_RESP)
class QuerySmResp(Pdu):
    """Section 4.8.2."""

    message_id: str = string(65)
    final_date: str = string(17)
    message_state: int = number()
    error_code: int = number()


@command(Command.CANCEL_SM)
class CancelSm(Pdu):
    """Section 4.9.1."""

    service_type: str = string(6)
    message_id: str = string(65)
    source_addr_ton: int = number()
    source_addr_npi: int = number()
    source_addr: str = string(21)
    dest_addr_ton: int = number()
    dest_addr_npi: int = number()
    destination_addr: str = string(21)


@command(Command.CANCEL_SM_RESP)
class CancelSmResp(Pdu):
    """Section 4.9.2."""


@command(Command.REPLACE_SM)
class ReplaceSm(Pdu):
    """Section 4.10.1."""

    message_id: str = string(65)
    source_addr_ton: int = number()
    source_addr_npi: int = number()
    source_addr: str = string(21)
    schedule_delivery_time: str = string(17)
    validity_period: str = string(17)
    registered_delivery: int = number()
    sm_default_msg_id: int = number()
    short_message: bytes = sized(254)


@command(Command.REPLACE_SM_RESP)
class ReplaceSmResp(Pdu):
    """Section 4.10.2."""


@command(Command.ALERT_NOTIFICATION)
class AlertNotification(Pdu):
    """Section 4.12.1."""

    source_addr_ton: int = number()
    source_addr_npi: int = number()
    source_addr: str = string(65)
    esme_addr_ton: int = number()
    esme_addr_npi: int = number()
    esme_addr: str = string(65)


@command(Command.BROADCAST_SM)
class BroadcastSm(Pdu):
    """SMPP 5.0 section 4.4.1.1; the area, the content type, the repetitions and their interval are in tlvs."""

    service_type: str = string(6)
    source_addr_ton: int = number()
    source_addr_npi: int = number()
    source_addr: str = string(21)
    message_id: str = string(65)
    priority_flag: int = number()
    schedule_delivery_time: str = string(17)
    validity_period: str = string(17)
    replace_if_present_flag: int = number()
    data_coding: int = number()
    sm_default_msg_id: int = number()


@command(Command.BROADCAST_SM_RESP)
class BroadcastSmResp(_MessageId):
    """SMPP 5.0 section 4.4.1.2; areas that failed are in tlvs."""


@command(Command.QUERY_BROADCAST_SM)
class QueryBroadcastSm(Pdu):
    """SMPP 5.0 section 4.4.2.1."""

    message_id: str = string(65)
    source_addr_ton: int = number()
    source_addr_npi: int = number()
    source_addr: str = string(21)


@command(Command.QUERY_BROADCAST_SM_RESP)
class QueryBroadcastSmResp(_MessageId):
    """SMPP 5.0 section 4.4.2.2; the state, the areas and their success are in tlvs."""


@command(Command.CANCEL_BROADCAST_SM)
class CancelBroadcastSm(Pdu):
    """SMPP 5.0 section 4.4.3.1."""

    service_type: str = string(6)
    message_id: str = string(65)
    source_addr_ton: int = number()
    source_addr_npi: int = number()
    source_addr: str = string(21)


@command(Command.CANCEL_BROADCAST_SM_RESP)
class CancelBroadcastSmResp(Pdu):
    """SMPP 5.0 section 4.4.3.2."""
