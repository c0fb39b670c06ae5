"""command_status: its names, and what it says in words (SMPP 3.4 section 5.1.3)."""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """command_status (SMPP 3.4 section 5.1.3; 0x100 and above from SMPP 5.0 section 4.7.6)."""

    ESME_ROK = 0x00
    ESME_RINVMSGLEN = 0x01
    ESME_RINVCMDLEN = 0x02
    ESME_RINVCMDID = 0x03
    ESME_RINVBNDSTS = 0x04
    ESME_RALYBND = 0x05
    ESME_RINVPRTFLG = 0x06
    ESME_RINVREGDLVFLG = 0x07
    ESME_RSYSERR = 0x08
    ESME_RINVSRCADR = 0x0A
    ESME_RINVDSTADR = 0x0B
    ESME_RINVMSGID = 0x0C
    ESME_RBINDFAIL = 0x0D
    ESME_RINVPASWD = 0x0E
    ESME_RINVSYSID = 0x0F
    ESME_RCANCELFAIL = 0x11
    ESME_RREPLACEFAIL = 0x13
    ESME_RMSGQFUL = 0x14
    ESME_RINVSERTYP = 0x15
    ESME_RINVNUMDESTS = 0x33
    ESME_RINVDLNAME = 0x34
    ESME_RINVDESTFLAG = 0x40
    ESME_RINVSUBREP = 0x42
    ESME_RINVESMCLASS = 0x43
    ESME_RCNTSUBDL = 0x44
    ESME_RSUBMITFAIL = 0x45
    ESME_RINVSRCTON = 0x48
    ESME_RINVSRCNPI = 0x49
    ESME_RINVDSTTON = 0x50
    ESME_RINVDSTNPI = 0x51
    ESME_RINVSYSTYP = 0x53
    ESME_RINVREPFLAG = 0x54
    ESME_RINVNUMMSGS = 0x55
    ESME_RTHROTTLED = 0x58
    ESME_RINVSCHED = 0x61
    ESME_RINVEXPIRY = 0x62
    ESME_RINVDFTMSGID = 0x63
    ESME_RX_T_APPN = 0x64
    ESME_RX_P_APPN = 0x65
    ESME_RX_R_APPN = 0x66
    ESME_RQUERYFAIL = 0x67
    ESME_RINVOPTPARSTREAM = 0xC0
    ESME_ROPTPARNOTALLWD = 0xC1
    ESME_RINVPARLEN = 0xC2
    ESME_RMISSINGOPTPARAM = 0xC3
    ESME_RINVOPTPARAMVAL = 0xC4
    ESME_RINVTLVSTREAM = 0xC0  # as SMPP 5.0 calls these five
    ESME_RTLVNOTALLWD = 0xC1
    ESME_RINVTLVLEN = 0xC2
    ESME_RMISSINGTLV = 0xC3
    ESME_RINVTLVVAL = 0xC4
    ESME_RDELIVERYFAILURE = 0xFE
    ESME_RUNKNOWNERR = 0xFF
    ESME_RSERTYPUNAUTH = 0x100
    ESME_RPROHIBITED = 0x101
    ESME_RSERTYPUNAVAIL = 0x102
    ESME_RSERTYPDENIED = 0x103
    ESME_RINVDCS = 0x104
    ESME_RINVSRCADDRSUBUNIT = 0x105
    ESME_RINVDSTADDRSUBUNIT = 0x106
    ESME_RINVBCASTFREQINT = 0x107
    ESME_RINVBCASTALIAS_NAME = 0x108
    ESME_RINVBCASTAREAFMT = 0x109
    ESME_RINVNUMBCAST_AREAS = 0x10A
    ESME_RINVBCASTCNTTYPE = 0x10B
    ESME_RINVBCASTMSGCLASS = 0x10C
    ESME_RBCASTFAIL = 0x10D
    ESME_RBCASTQUERYFAIL = 0x10E
    ESME_RBCASTCANCELFAIL = 0x10F
    ESME_RINVBCAST_REP = 0x110
    ESME_RINVBCASTSRVGRP = 0x111
    ESME_RINVBCASTCHANIND = 0x112


_WORDS = {
    0x00: "accepted",
    0x01: "message length is invalid",
    0x02: "command length is invalid",
    0x03: "command is not known",
    0x04: "command does not fit the state of the bind",
    0x05: "bind refused: already bound",
    0x06: "priority flag is invalid",
    0x07: "registered_delivery is invalid",
    0x08: "system error at the peer",
    0x0A: "source address is invalid",
    0x0B: "destination address is invalid",
    0x0C: "message id is not known",
    0x0D: "bind refused: bind failed",
    0x0E: "bind refused: invalid password",
    0x0F: "bind refused: invalid system_id",
    0x11: "cancel failed",
    0x13: "replace failed",
    0x14: "message queue is full",
    0x15: "service_type is invalid",
    0x33: "number of destinations is invalid",
    0x34: "distribution list name is invalid",
    0x40: "destination flag is invalid",
    0x42: "submit with replace is not supported",
    0x43: "esm_class is invalid",
    0x44: "cannot submit to a distribution list",
    0x45: "submit failed",
    0x48: "source TON is invalid",
    0x49: "source NPI is invalid",
    0x50: "destination TON is invalid",
    0x51: "destination NPI is invalid",
    0x53: "bind refused: invalid system_type",
    0x54: "replace_if_present flag is invalid",
    0x55: "number of messages is invalid",
    0x58: "throttled: too many messages in a short time",
    0x61: "scheduled delivery time is invalid",
    0x62: "validity period is invalid",
    0x63: "predefined message id is invalid",
    0x64: "temporary error at the receiver, to be sent again",
    0x65: "permanent error at the receiver",
    0x66: "message rejected by the receiver",
    0x67: "query failed",
    0xC0: "optional parameters cannot be read",
    0xC1: "optional parameter is not allowed",
    0xC2: "parameter length is invalid",
    0xC3: "an expected optional parameter is missing",
    0xC4: "optional parameter has an invalid value",
    0xFE: "delivery failed",
    0xFF: "unknown error",
    0x100: "service_type is not authorised",
    0x101: "operation is prohibited",
    0x102: "service_type is not available",
    0x103: "service_type is denied",
    0x104: "data_coding is invalid",
    0x105: "source subunit is invalid",
    0x106: "destination subunit is invalid",
    0x107: "broadcast frequency interval is invalid",
    0x108: "broadcast alias name is invalid",
    0x109: "broadcast area format is invalid",
    0x10A: "number of broadcast areas is invalid",
    0x10B: "broadcast content type is invalid",
    0x10C: "broadcast message class is invalid",
    0x10D: "broadcast failed",
    0x10E: "query of a broadcast failed",
    0x10F: "cancel of a broadcast failed",
    0x110: "number of broadcast repetitions is invalid",
    0x111: "broadcast service group is invalid",
    0x112: "broadcast channel indicator is invalid",
}


def status_name(number: int) -> str:
    """ "ESME_RTHROTTLED", or "0x00000401" where there is no name."""
    try:
        return Status(number).name
    except ValueError:
        return f"0x{number:08x}"


def status_words(number: int) -> str:
    """The status in a few English words, e.g. "bind refused: invalid password"."""
    return _WORDS.get(number) or f"status 0x{number:08x}, which only the carrier can explain"


def status_reason(number: int) -> str:
    """Its words and its name for the carrier's support: "cancel failed (ESME_RCANCELFAIL 0x11)"."""
    words, name = status_words(number), status_name(number)
    return words if name.startswith("0x") else f"{words} ({name} 0x{number:02X})"
