"""Answers what ESMEs ask: bind, query, cancel, enquire_link, unbind, and what no SMSC knows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pdu
from smppd.simulator.taker import Taker

if TYPE_CHECKING:
    from smppd.simulator.link import Link
    from smppd.simulator.smsc import Smsc

_INVALID_COMMAND = 0x03
_ALREADY_BOUND = 0x05
_UNKNOWN_MESSAGE_ID = 0x0C
_INVALID_PASSWORD = 0x0E
_INVALID_SYSTEM_ID = 0x0F
_CANCEL_FAILED = 0x11
_RESPONSE = 0x80000000
_SC_INTERFACE_VERSION = 0x0210
_ROLES: dict[type[Any], tuple[str, type[Any]]] = {
    pdu.BindReceiver: ("receiver", pdu.BindReceiverResp),
    pdu.BindTransmitter: ("transmitter", pdu.BindTransmitterResp),
    pdu.BindTransceiver: ("transceiver", pdu.BindTransceiverResp),
}
_FINAL = {2, 3, 4, 5, 8}


class Desk:
    """One for all links of an SMSC."""

    def __init__(self, smsc: Smsc) -> None:
        self.smsc = smsc
        self.taker = Taker(smsc)
        self._handlers: dict[type[Any], Callable[[Link, Any], None]] = {
            pdu.BindReceiver: self._bind,
            pdu.BindTransmitter: self._bind,
            pdu.BindTransceiver: self._bind,
            pdu.EnquireLink: self._enquire_link,
            pdu.EnquireLinkResp: lambda link, message: link.alive(),
            pdu.Unbind: self._unbind,
            pdu.UnbindResp: lambda link, message: link.close(),
            pdu.GenericNack: self._generic_nack,
            pdu.SubmitSm: self.taker.take,
            pdu.DataSm: self.taker.take,
            pdu.SubmitMulti: self.taker.take,
            pdu.QuerySm: self._query,
            pdu.CancelSm: self._cancel,
            pdu.ReplaceSm: self._replace,
        }

    def handle(self, link: Link, frame: bytes) -> None:
        """Reads one PDU that is no deliver_sm_resp, and answers it."""
        try:
            message = pdu.decode(frame)
        except pdu.DecodeError as error:
            self.smsc.counters.undecodable += 1
            if not error.command_id & _RESPONSE:
                link.send(pdu.GenericNack(status=error.status, sequence=error.sequence))
            return
        handler = self._handlers.get(type(message))
        if handler is not None:
            handler(link, message)
        elif not message.command_id & _RESPONSE:
            link.send(pdu.GenericNack(status=_INVALID_COMMAND, sequence=message.sequence))

    def _bind(self, link: Link, message: Any) -> None:
        smsc, habits = self.smsc, self.smsc.habits
        role, response = _ROLES[type(message)]
        if habits.enquire_before_bind_resp:
            link.enquire()
        status = habits.bind_status or self._admit(message.system_id, message.password)
        if link.bound:
            status = _ALREADY_BOUND
        if status:
            smsc.counters.binds_refused += 1
            link.send(response(status=status, sequence=message.sequence))
            if not link.bound:
                link.close()
            return
        tlvs = (pdu.Tlv(_SC_INTERFACE_VERSION, b"\x34"),) if habits.interface_version else ()
        answer = response(system_id=smsc.system_id, tlvs=tlvs, sequence=message.sequence)
        if habits.deliver_at_bind == "before":
            smsc.bound(link, message.system_id, role)
            link.fill()
            link.send(answer)
        elif habits.deliver_at_bind == "with":
            link.send(answer)
            smsc.bound(link, message.system_id, role)
            link.fill()
        else:
            link.send(answer)
            link.flush()
            # The first deliver_sm goes out in a later turn, so in a segment of its own.
            asyncio.get_running_loop().call_soon(smsc.bound, link, message.system_id, role)

    def _admit(self, system_id: str, password: str) -> int:
        """The status that answers a bind with these credentials."""
        smsc = self.smsc
        if smsc.accounts is not None:
            if system_id not in smsc.accounts:
                return _INVALID_SYSTEM_ID
            if smsc.accounts[system_id] != password:
                return _INVALID_PASSWORD
        bound = sum(link.system_id == system_id and bool(link.bound) for link in smsc.links)
        return _ALREADY_BOUND if smsc.max_binds is not None and bound >= smsc.max_binds else 0

    def _enquire_link(self, link: Link, message: pdu.EnquireLink) -> None:
        if not self.smsc.habits.no_enquire_link_resp:
            link.send(pdu.EnquireLinkResp(sequence=message.sequence))

    def _unbind(self, link: Link, message: pdu.Unbind) -> None:
        link.send(pdu.UnbindResp(sequence=message.sequence))
        link.close()

    def _generic_nack(self, link: Link, message: pdu.GenericNack) -> None:
        self.smsc.counters.nacks += 1
        piece = link.outstanding.pop(message.sequence, None)
        if piece is not None:
            self.smsc.answered(piece, message.status or _INVALID_COMMAND, asyncio.get_running_loop().time())

    def _query(self, link: Link, message: pdu.QuerySm) -> None:
        submit = self.smsc.submits.find(message.message_id)
        status = self.smsc.habits.query_status or (_UNKNOWN_MESSAGE_ID if submit is None else 0)
        if submit is None or status:
            link.send(pdu.QuerySmResp(status=status, sequence=message.sequence))
            return
        done = pdu.format_time(submit.done_at) if submit.done_at is not None else ""
        link.send(
            pdu.QuerySmResp(
                message_id=message.message_id,
                final_date=done,
                message_state=submit.state,
                sequence=message.sequence,
            )
        )

    def _cancel(self, link: Link, message: pdu.CancelSm) -> None:
        submit = self.smsc.submits.find(message.message_id)
        status = _CANCEL_FAILED if submit is None or submit.state in _FINAL else 0
        status = self.smsc.habits.cancel_status or status
        if submit is not None and not status:
            submit.state = 4
        link.send(pdu.CancelSmResp(status=status, sequence=message.sequence))

    def _replace(self, link: Link, message: pdu.ReplaceSm) -> None:
        status = 0 if self.smsc.submits.find(message.message_id) else _UNKNOWN_MESSAGE_ID
        link.send(pdu.ReplaceSmResp(status=status, sequence=message.sequence))
