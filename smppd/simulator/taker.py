"""Takes what ESMEs submit: refuses, answers, sends receipts, as the habits and the rules say."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pdu
from smppd.simulator.rules import Rule, Rules

if TYPE_CHECKING:
    from smppd.simulator.link import Link
    from smppd.simulator.smsc import Smsc
    from smppd.simulator.submits import Submit

_WRONG_BIND_STATE = 0x04
_THROTTLED = 0x58
_FAILED = frozenset({"EXPIRED", "DELETED", "UNDELIV", "REJECTD", "UNKNOWN"})
_ANSWER = struct.Struct(">IIII")
_SUBMIT_SM_RESP = 0x80000004
_RESPONSES: dict[type[Any], type[Any]] = {
    pdu.SubmitSm: pdu.SubmitSmResp,
    pdu.DataSm: pdu.DataSmResp,
    pdu.SubmitMulti: pdu.SubmitMultiResp,
}

Message = pdu.SubmitSm | pdu.DataSm | pdu.SubmitMulti


class Taker:
    """One for all links of an SMSC. `on_take` is told of each message accepted; of those that go the short way, which
    makes no `Submit`, `on_submit` is told instead, with their octets."""

    def __init__(self, smsc: Smsc) -> None:
        self.smsc = smsc
        self.on_take: Callable[[Submit], None] | None = None
        self.on_submit: Callable[[bytes, float], None] | None = None
        self._slots: dict[str, tuple[int, int]] = {}
        self._rules = Rules(smsc.habits.rules)

    def quick(self, link: Link) -> bool:
        """Whether `take_unread` may be used: nothing is kept, nothing asked of the message, no habit turned."""
        habits, smsc = self.smsc.habits, self.smsc
        return (
            smsc.submits.maxlen == 0
            and link.bound in ("transmitter", "transceiver")
            and not habits.receipts
            and not (habits.rules or habits.throttle or habits.submit_status or habits.slow_answers)
            and not (habits.lose_answers_every or habits.cut_after_submits)
            and habits.response_id == "decimal"
        )

    def take_unread(self, link: Link, frame: bytes, sequence: int, now: float) -> None:
        """Accepts a submit_sm without looking into it: the way of a benchmark."""
        smsc = self.smsc
        smsc.counters.submits += 1
        message_id = b"%d\0" % smsc.submits.next_number()
        link.write(_ANSWER.pack(16 + len(message_id), _SUBMIT_SM_RESP, 0, sequence), message_id)
        if self.on_submit is not None:
            self.on_submit(frame, now)

    def take(self, link: Link, message: Message) -> None:
        """Judges a message and answers it."""
        smsc, habits = self.smsc, self.smsc.habits
        loop = asyncio.get_running_loop()
        now = loop.time()
        rule = self._rule(message)
        destination = _destination(message)
        strikes = (rule.status or rule.lose) and rule.strikes(destination)
        status = habits.submit_status
        if link.bound not in ("transmitter", "transceiver"):
            status = _WRONG_BIND_STATE
        elif self._over_rate(link.system_id, now):
            status = habits.throttle_status
            smsc.counters.throttled += 1
        elif strikes and rule.status:
            status = rule.status
        delay = rule.delay or habits.slow_answers
        if status:
            smsc.counters.submits_refused += 1
            self._answer(link, _response_to(message, "", status), delay)
            return
        submit = smsc.submits.take(message, link.system_id, habits.response_id, now)
        smsc.counters.submits += 1
        if self.on_take is not None:
            self.on_take(submit)
        if habits.cut_after_submits and smsc.counters.submits % habits.cut_after_submits == 0:
            link.abort()  # taken, and nobody will hear of it on this link
        stat, error = self._fate(rule)
        wanted = rule.receipts and self._wants_receipt(message.registered_delivery, stat)
        if wanted and habits.receipt_early:
            smsc.send_receipt(submit, link, stat, error)
            link.fill()
        lost = habits.lose_answers_every and smsc.counters.submits % habits.lose_answers_every == 0
        if not lost and not (strikes and rule.lose):
            self._answer(link, _response_to(message, submit.message_id, 0), delay)
        if not wanted or habits.receipt_early:
            return
        after = delay + (rule.receipt_delay or habits.receipt_delay)
        if habits.receipt_enroute:
            loop.call_later(delay, smsc.send_receipt, submit, link, "ENROUTE", "000")
        loop.call_later(after, smsc.send_receipt, submit, link, stat, error)

    def _rule(self, message: Message) -> Rule:
        if self._rules.given is not self.smsc.habits.rules:
            self._rules = Rules(self.smsc.habits.rules)
        return self._rules.find(_destination(message))

    def _fate(self, rule: Rule) -> tuple[str, str]:
        """stat and err of the receipt."""
        smsc, habits = self.smsc, self.smsc.habits
        stat = rule.stat
        if not stat and habits.receipt_mix:
            (stat,) = smsc.dice.choices(list(habits.receipt_mix), list(habits.receipt_mix.values()))
        return stat or habits.receipt_stat, rule.error or habits.receipt_error

    def _answer(self, link: Link, answer: pdu.Pdu, delay: float) -> None:
        if delay:
            asyncio.get_running_loop().call_later(delay, link.send, answer)
        else:
            link.send(answer)

    def _wants_receipt(self, registered_delivery: int, stat: str) -> bool:
        """registered_delivery (SMPP 3.4, 5.2.17): 1 asks for any final state, 2 for failures."""
        asked = registered_delivery & 0x03
        return self.smsc.habits.receipts and (asked == 1 or (asked == 2 and stat in _FAILED))

    def _over_rate(self, account: str, now: float) -> bool:
        """Counts an account's submits, on all its binds, in slots of 100 ms (longer under 10/s) of the SMSC's clock."""
        rate = self.smsc.habits.throttle
        if not rate:
            return False
        length = max(0.1, 1 / rate)
        slot = int(now / length)
        last, count = self._slots.get(account, (-1, 0))
        count = count + 1 if slot == last else 1
        self._slots[account] = slot, count
        return count > max(1, round(rate * length))


def _destination(message: Message) -> str:
    if not isinstance(message, pdu.SubmitMulti):
        return message.destination_addr
    first = message.dest_address[0]
    return first.address if isinstance(first, pdu.Destination) else first.name


def _response_to(message: Message, message_id: str, status: int) -> pdu.Pdu:
    answer: pdu.Pdu = _RESPONSES[type(message)](message_id=message_id, status=status, sequence=message.sequence)
    return answer
