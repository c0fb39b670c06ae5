"""Every number of SMPP with its name (SMPP 3.4 section 5, 5.0 section 4.7). Those without stay plain ints."""

from __future__ import annotations

from enum import IntEnum

from pdu.status import Status as Status
from pdu.status import status_name as status_name
from pdu.status import status_reason as status_reason
from pdu.status import status_words as status_words


class Command(IntEnum):
    """command_id (SMPP 3.4 section 5.1.2.1; the broadcast commands from SMPP 5.0 section 4.7.5).

    The three queries that SMPP 3.4 dropped are named and not decoded: what is published of SMPP 3.3 disagrees about
    their bodies.
    """

    GENERIC_NACK = 0x80000000
    BIND_RECEIVER = 0x01
    BIND_RECEIVER_RESP = 0x80000001
    BIND_TRANSMITTER = 0x02
    BIND_TRANSMITTER_RESP = 0x80000002
    QUERY_SM = 0x03
    QUERY_SM_RESP = 0x80000003
    SUBMIT_SM = 0x04
    SUBMIT_SM_RESP = 0x80000004
    DELIVER_SM = 0x05
    DELIVER_SM_RESP = 0x80000005
    UNBIND = 0x06
    UNBIND_RESP = 0x80000006
    REPLACE_SM = 0x07
    REPLACE_SM_RESP = 0x80000007
    CANCEL_SM = 0x08
    CANCEL_SM_RESP = 0x80000008
    BIND_TRANSCEIVER = 0x09
    BIND_TRANSCEIVER_RESP = 0x80000009
    OUTBIND = 0x0B
    ENQUIRE_LINK = 0x15
    ENQUIRE_LINK_RESP = 0x80000015
    SUBMIT_MULTI = 0x21
    SUBMIT_MULTI_RESP = 0x80000021
    PARAM_RETRIEVE = 0x22  # SMPP 3.3 alone, as are the next five
    PARAM_RETRIEVE_RESP = 0x80000022
    QUERY_LAST_MSGS = 0x23
    QUERY_LAST_MSGS_RESP = 0x80000023
    QUERY_MSG_DETAILS = 0x24
    QUERY_MSG_DETAILS_RESP = 0x80000024
    ALERT_NOTIFICATION = 0x102
    DATA_SM = 0x103
    DATA_SM_RESP = 0x80000103
    BROADCAST_SM = 0x111
    BROADCAST_SM_RESP = 0x80000111
    QUERY_BROADCAST_SM = 0x112
    QUERY_BROADCAST_SM_RESP = 0x80000112
    CANCEL_BROADCAST_SM = 0x113
    CANCEL_BROADCAST_SM_RESP = 0x80000113


class Tag(IntEnum):
    """Tags of optional parameters (SMPP 3.4 section 5.3.2; 0x0428 and 0x0600 to 0x0613 from SMPP 5.0 section 4.8.1)."""

    DEST_ADDR_SUBUNIT = 0x0005
    DEST_NETWORK_TYPE = 0x0006
    DEST_BEARER_TYPE = 0x0007
    DEST_TELEMATICS_ID = 0x0008
    SOURCE_ADDR_SUBUNIT = 0x000D
    SOURCE_NETWORK_TYPE = 0x000E
    SOURCE_BEARER_TYPE = 0x000F
    SOURCE_TELEMATICS_ID = 0x0010
    QOS_TIME_TO_LIVE = 0x0017
    PAYLOAD_TYPE = 0x0019
    ADDITIONAL_STATUS_INFO_TEXT = 0x001D
    RECEIPTED_MESSAGE_ID = 0x001E
    MS_MSG_WAIT_FACILITIES = 0x0030
    PRIVACY_INDICATOR = 0x0201
    SOURCE_SUBADDRESS = 0x0202
    DEST_SUBADDRESS = 0x0203
    USER_MESSAGE_REFERENCE = 0x0204
    USER_RESPONSE_CODE = 0x0205
    SOURCE_PORT = 0x020A
    DESTINATION_PORT = 0x020B
    SAR_MSG_REF_NUM = 0x020C
    LANGUAGE_INDICATOR = 0x020D
    SAR_TOTAL_SEGMENTS = 0x020E
    SAR_SEGMENT_SEQNUM = 0x020F
    SC_INTERFACE_VERSION = 0x0210
    CALLBACK_NUM_PRES_IND = 0x0302
    CALLBACK_NUM_ATAG = 0x0303
    NUMBER_OF_MESSAGES = 0x0304
    CALLBACK_NUM = 0x0381
    DPF_RESULT = 0x0420
    SET_DPF = 0x0421
    MS_AVAILABILITY_STATUS = 0x0422
    NETWORK_ERROR_CODE = 0x0423
    MESSAGE_PAYLOAD = 0x0424
    DELIVERY_FAILURE_REASON = 0x0425
    MORE_MESSAGES_TO_SEND = 0x0426
    MESSAGE_STATE = 0x0427
    CONGESTION_STATE = 0x0428
    USSD_SERVICE_OP = 0x0501
    BROADCAST_CHANNEL_INDICATOR = 0x0600
    BROADCAST_CONTENT_TYPE = 0x0601
    BROADCAST_CONTENT_TYPE_INFO = 0x0602
    BROADCAST_MESSAGE_CLASS = 0x0603
    BROADCAST_REP_NUM = 0x0604
    BROADCAST_FREQUENCY_INTERVAL = 0x0605
    BROADCAST_AREA_IDENTIFIER = 0x0606  # of an area that failed as well
    BROADCAST_ERROR_STATUS = 0x0607
    BROADCAST_AREA_SUCCESS = 0x0608
    BROADCAST_END_TIME = 0x0609
    BROADCAST_SERVICE_GROUP = 0x060A
    BILLING_IDENTIFICATION = 0x060B
    SOURCE_NETWORK_ID = 0x060D
    DEST_NETWORK_ID = 0x060E
    SOURCE_NODE_ID = 0x060F
    DEST_NODE_ID = 0x0610
    DEST_ADDR_NP_RESOLUTION = 0x0611
    DEST_ADDR_NP_INFORMATION = 0x0612
    DEST_ADDR_NP_COUNTRY = 0x0613
    DISPLAY_TIME = 0x1201
    SMS_SIGNAL = 0x1203
    MS_VALIDITY = 0x1204
    ALERT_ON_MESSAGE_DELIVERY = 0x130C
    ITS_REPLY_TYPE = 0x1380
    ITS_SESSION_INFO = 0x1383


class Ton(IntEnum):
    """Type of number (SMPP 3.4 section 5.2.5)."""

    UNKNOWN = 0
    INTERNATIONAL = 1
    NATIONAL = 2
    NETWORK_SPECIFIC = 3
    SUBSCRIBER_NUMBER = 4
    ALPHANUMERIC = 5
    ABBREVIATED = 6


class Npi(IntEnum):
    """Numbering plan (SMPP 3.4 section 5.2.6)."""

    UNKNOWN = 0
    ISDN = 1
    DATA = 3
    TELEX = 4
    LAND_MOBILE = 6
    NATIONAL = 8
    PRIVATE = 9
    ERMES = 10
    INTERNET = 14
    WAP_CLIENT_ID = 18


class DataCoding(IntEnum):
    """data_coding values below the GSM groups (SMPP 3.4 section 5.2.19)."""

    DEFAULT = 0
    ASCII = 1
    OCTETS = 2
    LATIN1 = 3
    OCTETS_ALSO = 4
    JIS = 5
    CYRILLIC = 6
    HEBREW = 7
    UCS2 = 8
    PICTOGRAM = 9
    ISO_2022_JP = 10
    KANJI = 13
    KS_C_5601 = 14


class EsmClass(IntEnum):
    """Bits and message types of esm_class (SMPP 3.4 section 5.2.12)."""

    DELIVERY_RECEIPT = 0x04
    DELIVERY_ACK = 0x08
    USER_ACK = 0x10
    INTERMEDIATE = 0x20
    UDHI = 0x40
    REPLY_PATH = 0x80
    TYPE_MASK = 0x3C


class MessageState(IntEnum):
    """message_state (SMPP 3.4 section 5.2.28; SCHEDULED and SKIPPED from SMPP 5.0)."""

    SCHEDULED = 0
    ENROUTE = 1
    DELIVERED = 2
    EXPIRED = 3
    DELETED = 4
    UNDELIVERABLE = 5
    ACCEPTED = 6
    UNKNOWN = 7
    REJECTED = 8
    SKIPPED = 9


RESPONSE = 0x80000000  # the bit that makes a command_id its response's


def command_name(number: int) -> str:
    """ "submit_sm", or "0x00000999" where there is no name."""
    try:
        return Command(number).name.lower()
    except ValueError:
        return f"0x{number:08x}"


def tag_name(number: int) -> str:
    """ "message_payload", or "0x1400" where there is no name."""
    try:
        return Tag(number).name.lower()
    except ValueError:
        return f"0x{number:04x}"
