"""What the command_status of a submit_sm_resp means for the message: the table that docs/statuses.md explains.

A carrier that uses a status in its own way has its own table over this one: [carriers.NAME.status].
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping

from pdu import Status
from pdu import status_name as status_name
from pdu import status_reason as status_reason


class Meaning(enum.Enum):
    """What follows. ONCE is not for configuration: the status may be either of its two."""

    ACCEPTED = "accepted"
    THROTTLE = "throttle"  # we are too fast: slower, the same part first again
    RETRY = "retry"  # this message later, for as long as it is valid
    OTHER_CARRIER = "other-carrier"  # not this carrier: the next of its route, or later here when there is none
    FAIL = "fail"  # nobody will ever take it like this
    ONCE = "once"  # retry; when it is said again, fail


_THROTTLE, _RETRY, _OTHER, _FAIL = Meaning.THROTTLE, Meaning.RETRY, Meaning.OTHER_CARRIER, Meaning.FAIL

TABLE: dict[int, Meaning] = {
    Status.ESME_ROK: Meaning.ACCEPTED,
    Status.ESME_RTHROTTLED: _THROTTLE,
    Status.ESME_RMSGQFUL: _THROTTLE,
    # The carrier is in trouble, and says so.
    Status.ESME_RSYSERR: _RETRY,
    Status.ESME_RX_T_APPN: _RETRY,
    Status.ESME_RSERTYPUNAVAIL: _RETRY,
    # The carrier does not serve us, or not with this sender: nothing is wrong with the message.
    Status.ESME_RINVCMDID: _OTHER,
    Status.ESME_RINVBNDSTS: _OTHER,
    Status.ESME_RALYBND: _OTHER,
    Status.ESME_RBINDFAIL: _OTHER,
    Status.ESME_RINVPASWD: _OTHER,
    Status.ESME_RINVSYSID: _OTHER,
    Status.ESME_RINVSYSTYP: _OTHER,
    Status.ESME_RINVSRCADR: _OTHER,
    Status.ESME_RINVSRCTON: _OTHER,
    Status.ESME_RINVSRCNPI: _OTHER,
    Status.ESME_RINVSERTYP: _OTHER,
    Status.ESME_RSERTYPUNAUTH: _OTHER,
    Status.ESME_RSERTYPDENIED: _OTHER,
    Status.ESME_RPROHIBITED: _OTHER,
    # The message, its receiver, or how we wrote it.
    Status.ESME_RINVMSGLEN: _FAIL,
    Status.ESME_RINVCMDLEN: _FAIL,
    Status.ESME_RINVPRTFLG: _FAIL,
    Status.ESME_RINVREGDLVFLG: _FAIL,
    Status.ESME_RINVDSTADR: _FAIL,
    Status.ESME_RINVDSTTON: _FAIL,
    Status.ESME_RINVDSTNPI: _FAIL,
    Status.ESME_RINVNUMDESTS: _FAIL,
    Status.ESME_RINVDLNAME: _FAIL,
    Status.ESME_RINVDESTFLAG: _FAIL,
    Status.ESME_RCNTSUBDL: _FAIL,
    Status.ESME_RINVSUBREP: _FAIL,
    Status.ESME_RINVREPFLAG: _FAIL,
    Status.ESME_RINVESMCLASS: _FAIL,
    Status.ESME_RINVNUMMSGS: _FAIL,
    Status.ESME_RINVSCHED: _FAIL,
    Status.ESME_RINVEXPIRY: _FAIL,
    Status.ESME_RINVDFTMSGID: _FAIL,
    Status.ESME_RINVDCS: _FAIL,
    Status.ESME_RX_P_APPN: _FAIL,
    Status.ESME_RX_R_APPN: _FAIL,
    Status.ESME_RINVOPTPARSTREAM: _FAIL,
    Status.ESME_ROPTPARNOTALLWD: _FAIL,
    Status.ESME_RINVPARLEN: _FAIL,
    Status.ESME_RMISSINGOPTPARAM: _FAIL,
    Status.ESME_RINVOPTPARAMVAL: _FAIL,
    Status.ESME_RINVSRCADDRSUBUNIT: _FAIL,
    Status.ESME_RINVDSTADDRSUBUNIT: _FAIL,
}
"""What is not in it, ESME_RSUBMITFAIL and the carriers' own codes (0x400 and above) among them, is ONCE."""


def meanings(overrides: Mapping[str, str]) -> Callable[[int], Meaning]:
    """The table of a carrier: command_status -> what follows. `overrides` is its key `status`."""
    table = {**TABLE, **{int(code, 0): Meaning(word) for code, word in overrides.items()}}
    table[Status.ESME_ROK] = Meaning.ACCEPTED

    def meaning(status: int) -> Meaning:
        return table.get(status, Meaning.ONCE)

    return meaning
