"""SMPP 3.3, 3.4 and 5.0 on the wire: bytes to values and back. Standard library only; no I/O, clock or log.

>>> from pdu import DeliverSm, SubmitSm, decode, encode, join, parse_receipt, split_text, user_data
>>> split = split_text("እናት ጤናማ ናት። " * 9, reference=7)
>>> print(split)
UCS-2, 2 parts
>>> def submit(part):
...     fields = {"esm_class": part.esm_class, "data_coding": part.data_coding, "tlvs": part.tlvs}
...     return SubmitSm(destination_addr="255712345678", short_message=part.short_message, **fields)
>>> frames = [encode(submit(part)) for part in split.parts]
>>> join(user_data(decode(frame)) for frame in reversed(frames)).text[:12]
'እናት ጤናማ ናት። '
>>> receipt = parse_receipt(DeliverSm(esm_class=4, short_message=b"id:7F stat:DELIVRD err:000"))
>>> receipt.message_id, receipt.state
('7F', 'delivered')
"""

from pdu import codes, message_id
from pdu.codec import decode, encode, encode_for
from pdu.codes import (
    RESPONSE,
    Command,
    DataCoding,
    EsmClass,
    MessageState,
    Npi,
    Status,
    Tag,
    Ton,
    command_name,
    status_name,
    status_reason,
    status_words,
    tag_name,
)
from pdu.dcs import Coding, Waiting, alphabet_of, coding_of, data_coding_of
from pdu.declare import Pdu
from pdu.encoding import Encoded, encode_text
from pdu.errors import DecodeError, EncodeError, FramingError
from pdu.framer import Framer
from pdu.graphemes import clusters
from pdu.join import Joined, decode_parts, join
from pdu.kinds import (
    BroadcastArea,
    BroadcastContent,
    BroadcastInterval,
    CallbackNumber,
    CallbackText,
    ItsSession,
    MsValidity,
    NetworkErrorCode,
    Subaddress,
    TlvValue,
)
from pdu.multipart import Segment, UserData, payload, user_data
from pdu.national import LANGUAGES, national_elements
from pdu.parameters import STANDARD, Parameter, Parameters
from pdu.pdus import (
    AlertNotification,
    BroadcastSm,
    BroadcastSmResp,
    CancelBroadcastSm,
    CancelBroadcastSmResp,
    CancelSm,
    CancelSmResp,
    DataSm,
    DataSmResp,
    DeliverSm,
    DeliverSmResp,
    QueryBroadcastSm,
    QueryBroadcastSmResp,
    QuerySm,
    QuerySmResp,
    ReplaceSm,
    ReplaceSmResp,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSm,
    SubmitSmResp,
)
from pdu.receipt import Receipt, parse_receipt
from pdu.receipt_state import State as ReceiptState
from pdu.sessions import (
    BindReceiver,
    BindReceiverResp,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    BindTransmitterResp,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    Outbind,
    Unbind,
    UnbindResp,
)
from pdu.split import Part, Split, split_octets, split_text
from pdu.text import Decoded, decode_text
from pdu.times import Relative, format_time, parse_date, parse_time
from pdu.tlv import Tlv, find_tlv, int_tlv, text_tlv
from pdu.udh import Element, build_udh, concatenation, parse_udh, ports
from pdu.version import version_name
from pdu.wire import Destination, DistributionList, Unsuccess

__all__ = [
    "LANGUAGES",
    "RESPONSE",
    "STANDARD",
    "AlertNotification",
    "BindReceiver",
    "BindReceiverResp",
    "BindTransceiver",
    "BindTransceiverResp",
    "BindTransmitter",
    "BindTransmitterResp",
    "BroadcastArea",
    "BroadcastContent",
    "BroadcastInterval",
    "BroadcastSm",
    "BroadcastSmResp",
    "CallbackNumber",
    "CallbackText",
    "CancelBroadcastSm",
    "CancelBroadcastSmResp",
    "CancelSm",
    "CancelSmResp",
    "Coding",
    "Command",
    "DataCoding",
    "DataSm",
    "DataSmResp",
    "DecodeError",
    "Decoded",
    "DeliverSm",
    "DeliverSmResp",
    "Destination",
    "DistributionList",
    "Element",
    "EncodeError",
    "Encoded",
    "EnquireLink",
    "EnquireLinkResp",
    "EsmClass",
    "Framer",
    "FramingError",
    "GenericNack",
    "ItsSession",
    "Joined",
    "MessageState",
    "MsValidity",
    "NetworkErrorCode",
    "Npi",
    "Outbind",
    "Parameter",
    "Parameters",
    "Part",
    "Pdu",
    "QueryBroadcastSm",
    "QueryBroadcastSmResp",
    "QuerySm",
    "QuerySmResp",
    "Receipt",
    "ReceiptState",
    "Relative",
    "ReplaceSm",
    "ReplaceSmResp",
    "Segment",
    "Split",
    "Status",
    "Subaddress",
    "SubmitMulti",
    "SubmitMultiResp",
    "SubmitSm",
    "SubmitSmResp",
    "Tag",
    "Tlv",
    "TlvValue",
    "Ton",
    "Unbind",
    "UnbindResp",
    "Unsuccess",
    "UserData",
    "Waiting",
    "alphabet_of",
    "build_udh",
    "clusters",
    "codes",
    "coding_of",
    "command_name",
    "concatenation",
    "data_coding_of",
    "decode",
    "decode_parts",
    "decode_text",
    "encode",
    "encode_for",
    "encode_text",
    "find_tlv",
    "format_time",
    "int_tlv",
    "join",
    "message_id",
    "national_elements",
    "parse_date",
    "parse_receipt",
    "parse_time",
    "parse_udh",
    "payload",
    "ports",
    "split_octets",
    "split_text",
    "status_name",
    "status_reason",
    "status_words",
    "tag_name",
    "text_tlv",
    "user_data",
    "version_name",
]
