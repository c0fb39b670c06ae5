"""Optional parameters by name: the standard ones in one table, and those of a carrier beside them.

A PDU carries pairs of tag and octets, so that nothing unknown is lost; here is what they are called and what their
octets say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal, NamedTuple

from pdu.codes import Tag
from pdu.errors import EncodeError
from pdu.kinds import (
    BroadcastArea,
    BroadcastContent,
    BroadcastInterval,
    CallbackNumber,
    CallbackText,
    Integer,
    ItsSession,
    MsValidity,
    NetworkErrorCode,
    Octets,
    Record,
    Subaddress,
    Text,
    TlvKind,
    TlvValue,
)
from pdu.tlv import Pair, Tlv, find_tlv

# Lengths as in SMPP 3.4 section 5.3.2 and 5.0 section 4.8.4.
KINDS: dict[Tag, TlvKind] = {
    Tag.DEST_ADDR_SUBUNIT: Integer(1),
    Tag.DEST_NETWORK_TYPE: Integer(1),
    Tag.DEST_BEARER_TYPE: Integer(1),
    Tag.DEST_TELEMATICS_ID: Integer(2),
    Tag.SOURCE_ADDR_SUBUNIT: Integer(1),
    Tag.SOURCE_NETWORK_TYPE: Integer(1),
    Tag.SOURCE_BEARER_TYPE: Integer(1),
    Tag.SOURCE_TELEMATICS_ID: Integer(1),
    Tag.QOS_TIME_TO_LIVE: Integer(4),
    Tag.PAYLOAD_TYPE: Integer(1),
    Tag.ADDITIONAL_STATUS_INFO_TEXT: Text(256),
    Tag.RECEIPTED_MESSAGE_ID: Text(65),
    Tag.MS_MSG_WAIT_FACILITIES: Integer(1),
    Tag.PRIVACY_INDICATOR: Integer(1),
    Tag.SOURCE_SUBADDRESS: Record(Subaddress, (1,), 1, 22),
    Tag.DEST_SUBADDRESS: Record(Subaddress, (1,), 1, 22),
    Tag.USER_MESSAGE_REFERENCE: Integer(2),
    Tag.USER_RESPONSE_CODE: Integer(1),
    Tag.SOURCE_PORT: Integer(2),
    Tag.DESTINATION_PORT: Integer(2),
    Tag.SAR_MSG_REF_NUM: Integer(2),
    Tag.LANGUAGE_INDICATOR: Integer(1),
    Tag.SAR_TOTAL_SEGMENTS: Integer(1),
    Tag.SAR_SEGMENT_SEQNUM: Integer(1),
    Tag.SC_INTERFACE_VERSION: Integer(1),
    Tag.CALLBACK_NUM_PRES_IND: Integer(1),
    Tag.CALLBACK_NUM_ATAG: Record(CallbackText, (1,), 0, 64),
    Tag.NUMBER_OF_MESSAGES: Integer(1),
    Tag.CALLBACK_NUM: Record(CallbackNumber, (1, 1, 1), 1, 16),
    Tag.DPF_RESULT: Integer(1),
    Tag.SET_DPF: Integer(1),
    Tag.MS_AVAILABILITY_STATUS: Integer(1),
    Tag.NETWORK_ERROR_CODE: Record(NetworkErrorCode, (1, 2)),
    Tag.MESSAGE_PAYLOAD: Octets(0, 0xFFFF),
    Tag.DELIVERY_FAILURE_REASON: Integer(1),
    Tag.MORE_MESSAGES_TO_SEND: Integer(1),
    Tag.MESSAGE_STATE: Integer(1),
    Tag.CONGESTION_STATE: Integer(1),
    Tag.USSD_SERVICE_OP: Integer(1),
    Tag.BROADCAST_CHANNEL_INDICATOR: Integer(1),
    Tag.BROADCAST_CONTENT_TYPE: Record(BroadcastContent, (1, 2)),
    Tag.BROADCAST_CONTENT_TYPE_INFO: Octets(1, 255),
    Tag.BROADCAST_MESSAGE_CLASS: Integer(1),
    Tag.BROADCAST_REP_NUM: Integer(2),
    Tag.BROADCAST_FREQUENCY_INTERVAL: Record(BroadcastInterval, (1, 2)),
    Tag.BROADCAST_AREA_IDENTIFIER: Record(BroadcastArea, (1,), 1, 100),
    Tag.BROADCAST_ERROR_STATUS: Integer(4),
    Tag.BROADCAST_AREA_SUCCESS: Integer(1),
    Tag.BROADCAST_END_TIME: Text(17),
    Tag.BROADCAST_SERVICE_GROUP: Octets(1, 255),
    Tag.BILLING_IDENTIFICATION: Octets(1, 1024),
    Tag.SOURCE_NETWORK_ID: Text(65),
    Tag.DEST_NETWORK_ID: Text(65),
    Tag.SOURCE_NODE_ID: Octets(6, 6),
    Tag.DEST_NODE_ID: Octets(6, 6),
    Tag.DEST_ADDR_NP_RESOLUTION: Integer(1),
    Tag.DEST_ADDR_NP_INFORMATION: Octets(10, 10),
    Tag.DEST_ADDR_NP_COUNTRY: Octets(1, 5),
    Tag.DISPLAY_TIME: Integer(1),
    Tag.SMS_SIGNAL: Integer(2),
    Tag.MS_VALIDITY: Record(MsValidity, (1, 1, 2), needed=1),
    Tag.ALERT_ON_MESSAGE_DELIVERY: Integer(1, bare=True),  # SMPP 3.4 knows it without a value, 5.0 with one
    Tag.ITS_REPLY_TYPE: Integer(1),
    Tag.ITS_SESSION_INFO: Record(ItsSession, (1, 1)),
}

VendorType = Literal["integer", "octetstring", "nulterminated"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")


class Parameter(NamedTuple):
    """One optional parameter with its name."""

    name: str
    tag: int
    kind: TlvKind

    @classmethod
    def of(cls, name: str, tag: int, type: VendorType, length: int) -> Parameter:
        """A carrier's own. `length` in octets: exact for an integer (1 to 8), the most for others (NUL counted).

        Raises ValueError saying what cannot be.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(f'"{name}" is no name: letters, digits, "_" and "-", at most 63, a letter first')
        if not 0 < tag <= 0xFFFF:
            raise ValueError("tag is not within 1 to 0xFFFF")
        most = 8 if type == "integer" else 0xFFFF
        if not 0 < length <= most:
            raise ValueError(f"length of type {type} is not within 1 to {most}")
        if type == "integer":
            return cls(name, tag, Integer(length))
        return cls(name, tag, Text(length) if type == "nulterminated" else Octets(0, length))


class Parameters:
    """Names and kinds of optional parameters: the standard ones, and `extra` ones that a carrier has beside them.

    Raises ValueError where a name or a tag is taken twice.

    >>> vodacom = Parameters([Parameter.of("operator_id", 0x1401, "integer", 2)])
    >>> tlvs = vodacom.build("operator_id", 64004), vodacom.build("message_state", 2)
    >>> vodacom.read(tlvs, "operator_id")
    64004
    """

    __slots__ = ("_by_name", "_by_tag")

    def __init__(self, extra: Iterable[Parameter] = ()) -> None:
        standard = (Parameter(tag.name.lower(), int(tag), kind) for tag, kind in KINDS.items())
        self._by_tag: dict[int, Parameter] = {each.tag: each for each in standard}
        self._by_name: dict[str, Parameter] = {each.name: each for each in self._by_tag.values()}
        for each in extra:
            if (taken := self._by_tag.get(each.tag)) is not None:
                raise ValueError(f"tag 0x{each.tag:04x} of {each.name} is that of {taken.name} already")
            if each.name in self._by_name:
                taken = self._by_name[each.name]
                raise ValueError(f"{each.name} is the name of tag 0x{taken.tag:04x} already")
            self._by_tag[each.tag] = self._by_name[each.name] = each

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self._by_tag.values())

    def find(self, which: str | int) -> Parameter | None:
        """The parameter of this name or tag."""
        return self._by_name.get(which) if isinstance(which, str) else self._by_tag.get(which)

    def name(self, tag: int) -> str:
        """ "message_payload", or "0x1400" where there is no name."""
        found = self._by_tag.get(tag)
        return f"0x{tag:04x}" if found is None else found.name

    def build(self, which: str | int, value: Any) -> Tlv:
        """The parameter with this name or tag and value; for a tag without a name, octets.

        Raises EncodeError naming the parameter.
        """
        found = self.find(which)
        if found is not None:
            return Tlv(found.tag, found.kind.write(found.name, value))
        if isinstance(which, str):
            raise EncodeError("tlvs", f"there is no parameter {which}")
        if not 0 < which <= 0xFFFF:
            raise EncodeError("tlvs", "a tag that is not within 1 to 65535")
        return Tlv(which, Octets(0, 0xFFFF).write(f"tlvs[0x{which:04x}]", value))

    def read(self, tlvs: Iterable[Pair], which: str | int) -> TlvValue:
        """What the first parameter of this name or tag says; None where there is none, or none that can be read.

        Raises KeyError for a name that is none.
        """
        found = self._by_name[which] if isinstance(which, str) else self._by_tag.get(which)
        octets = find_tlv(tlvs, found.tag if found is not None else int(which))
        return octets if octets is None or found is None else found.kind.read(octets)

    def read_all(self, tlvs: Iterable[Pair]) -> list[tuple[str, TlvValue]]:
        """All of them by name in the order received; octets where there is no name or nothing else can be read."""
        out: list[tuple[str, TlvValue]] = []
        for tag, octets in tlvs:
            found = self._by_tag.get(tag)
            value = None if found is None else found.kind.read(octets)
            out.append((self.name(tag), octets if value is None else value))
        return out

    def check(self, tlvs: Iterable[Pair]) -> None:
        """Raise EncodeError naming the first parameter whose octets may not be sent."""
        for tag, octets in tlvs:
            found = self._by_tag.get(tag)
            if found is not None and (fault := found.kind.fault(octets)):
                raise EncodeError(found.name, fault)


STANDARD = Parameters()
"""The optional parameters of SMPP 3.4 and 5.0, and no others."""
