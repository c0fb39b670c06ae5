"""What the versions of SMPP lack, by interface_version: below 0x34 (3.3), below 0x50 (3.4), and 5.0.

The layouts of the commands that versions share are the same. Message ids are sent back as they were given: those of
SMPP 3.3 are 8 hexadecimal digits at most, yet carriers that speak it give longer ones.
"""

from __future__ import annotations

from pdu.codes import RESPONSE, Command, Tag, command_name
from pdu.declare import Pdu
from pdu.errors import EncodeError
from pdu.parameters import STANDARD, Parameters

# The interface_version from which on a command exists; all others are in SMPP 3.3 already.
SINCE: dict[int, int] = {
    Command.BIND_TRANSCEIVER: 0x34,
    Command.OUTBIND: 0x34,
    Command.ALERT_NOTIFICATION: 0x34,
    Command.DATA_SM: 0x34,
    Command.BROADCAST_SM: 0x50,
    Command.QUERY_BROADCAST_SM: 0x50,
    Command.CANCEL_BROADCAST_SM: 0x50,
}

# Optional parameters that are not optional (SMPP 5.0 section 4.4); in a response, unless it brings an error.
REQUIRED: dict[int, tuple[Tag, ...]] = {
    Command.BROADCAST_SM: (
        Tag.BROADCAST_AREA_IDENTIFIER,
        Tag.BROADCAST_CONTENT_TYPE,
        Tag.BROADCAST_REP_NUM,
        Tag.BROADCAST_FREQUENCY_INTERVAL,
    ),
    Command.QUERY_BROADCAST_SM_RESP: (
        Tag.MESSAGE_STATE,
        Tag.BROADCAST_AREA_IDENTIFIER,
        Tag.BROADCAST_AREA_SUCCESS,
    ),
}


def version_name(version: int) -> str:
    """ "3.4" for 0x34."""
    return f"{version >> 4}.{version & 0x0F}"


def check(pdu: Pdu, version: int, parameters: Parameters = STANDARD) -> None:
    """Raise EncodeError naming a command that a peer of this interface_version lacks, or a parameter that is at fault.

    Below 0x34 there are no optional parameters at all: they are refused rather than left out, as one may be the text.
    From there on a peer ignores those it does not know (SMPP 3.4 section 3.3), so a tag of 5.0 goes to one of 3.4.
    """
    command_id = pdu.command_id
    if SINCE.get(command_id & ~RESPONSE, 0) > version:
        raise EncodeError("command_id", f"SMPP {version_name(version)} has no {command_name(command_id)}")
    if pdu.tlvs:
        if version < 0x34:
            raise EncodeError("tlvs", f"SMPP {version_name(version)} has no optional parameters")
        parameters.check(pdu.tlvs)
    if command_id not in REQUIRED or pdu.status:
        return
    there = {tag for tag, _ in pdu.tlvs}
    for tag in REQUIRED[command_id]:
        if tag not in there and not _spared(pdu, tag):
            raise EncodeError(parameters.name(tag), f"{command_name(command_id)} needs it")


def _spared(pdu: Pdu, tag: Tag) -> bool:
    """An immediate broadcast (priority_flag 1) is not repeated (SMPP 5.0 section 4.8.4.13)."""
    return tag is Tag.BROADCAST_REP_NUM and getattr(pdu, "priority_flag", 0) == 1
