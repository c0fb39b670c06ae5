"""The bad habits of SMSCs seen in the wild, as switches that may be turned while running.

A count of PDUs ("after", "every") of 0 is off. `Habits.update` takes what a person or a test sends;
`spoil` damages the octets of a deliver_sm as the switches say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from smppd.simulator.rules import STATS, Rules

ID_FORMS = ("decimal", "hex", "upper-hex", "padded", "padded-hex", "letters", "uuid")
DELIVER_AT_BIND = ("after", "with", "before")
RULES = (
    "by destination, the first that fits: to (prefix), status, times, delay, lose, stat, error, receipt_delay, receipts"
)
MIX = 'stat of the receipts by weight: {"DELIVRD": 90, "UNDELIV": 10}'

_CHOICES = {"response_id": ID_FORMS, "receipt_id": ID_FORMS, "deliver_at_bind": DELIVER_AT_BIND}


def _habit(default: Any, help: str) -> Any:
    return field(default=default, metadata={"help": help})


@dataclass(slots=True)
class Habits:
    """All switches, at their harmless values."""

    # The connection.
    silent: bool = _habit(False, "takes TCP connections and what is sent, answers nothing")
    dribble: bool = _habit(False, "writes one octet at a time")
    glue: int = _habit(0, "holds PDUs back until so many go out in one segment (or 50 ms have passed)")
    drop_after: int = _habit(0, "closes the connection without unbind after so many deliver_sm on it")
    drop_before_responses: bool = _habit(False, "resets the connection when responses come, without reading them")
    close_chance: float = _habit(0.0, "chance, per PDU exchanged, of a close without unbind")
    unbind_chance: float = _habit(0.0, "chance, per PDU exchanged, of an unbind")
    unbind_after: int = _habit(0, "unbinds after so many deliver_sm on the connection")
    unbind_impatient: bool = _habit(False, "closes right after its unbind instead of waiting for the response")
    # The session.
    bind_status: int = _habit(0, "answers every bind with this status")
    interface_version: bool = _habit(True, "puts sc_interface_version into bind responses")
    enquire_before_bind_resp: bool = _habit(False, "sends enquire_link before the bind response")
    deliver_at_bind: str = _habit("after", "first deliver_sm: after the bind response, with it in a segment, or before")
    no_enquire_link_resp: bool = _habit(False, "does not answer enquire_link")
    first_sequence: int = _habit(1, "first sequence number of a connection (0, or 4294967295 and on to 0)")
    response_timeout: float = _habit(30.0, "seconds it waits for deliver_sm_resp before it sends again")
    nack_zero_every: int = _habit(0, "a generic_nack with sequence 0 before every n-th PDU")
    unknown_command_every: int = _habit(0, "a PDU with an unknown command_id before every n-th deliver_sm")
    absurd_length_after: int = _habit(0, "after so many deliver_sm a header with command_length `absurd_length`")
    absurd_length: int = _habit(0xFFFFFFFF, "the command_length for `absurd_length_after` (try 4)")
    # deliver_sm.
    duplicates: int = _habit(0, "sends every deliver_sm so many times more")
    shuffle_parts: bool = _habit(False, "sends the parts of a long message in random order")
    lose_part: int = _habit(0, "leaves this part number of a long message out")
    junk: int = _habit(0, "puts so many junk octets after the body, inside command_length")
    trailing_nul: bool = _habit(False, "puts a NUL after the body, inside command_length")
    sm_length_error: int = _habit(0, "is added to sm_length")
    # submit_sm and receipts.
    slow_answers: float = _habit(0.0, "seconds before a submit_sm is answered")
    lose_answers_every: int = _habit(0, "leaves every n-th submit_sm unanswered (but takes it)")
    cut_after_submits: int = _habit(0, "takes every n-th submit_sm and resets its connection instead of answering")
    submit_status: int = _habit(0, "answers every submit_sm with this status")
    throttle: float = _habit(0.0, "submits per second and account, counted in slots of 100 ms; more are refused")
    throttle_status: int = _habit(0x58, "the status that says so (88: ESME_RTHROTTLED, 20: ESME_RMSGQFUL)")
    rules: list[Any] = field(default_factory=list, metadata={"help": RULES})
    response_id: str = _habit("decimal", "form of the message id in submit_sm_resp")
    receipt_id: str = _habit("decimal", "form of the message id in receipts")
    receipts: bool = _habit(True, "sends the receipts that are asked for")
    receipt_stat: str = _habit("DELIVRD", "stat of the receipts")
    receipt_error: str = _habit("000", "err of the receipts")
    receipt_mix: dict[str, Any] = field(default_factory=dict, metadata={"help": MIX})
    receipt_enroute: bool = _habit(False, "sends a receipt ENROUTE with the answer and the final one after it")
    receipt_data_sm: bool = _habit(False, "sends receipts as data_sm, their text in message_payload")
    receipt_delay: float = _habit(0.0, "seconds between the answer and the receipt")
    receipt_early: bool = _habit(False, "sends the receipt before submit_sm_resp")
    receipt_other_link: bool = _habit(False, "sends the receipt over another bind of the account, if there is one")
    receipt_tlvs: bool = _habit(True, "puts receipted_message_id and message_state into receipts")
    query_status: int = _habit(0, "answers every query_sm with this status")
    cancel_status: int = _habit(0, "answers every cancel_sm with this status")

    @classmethod
    def names(cls) -> list[str]:
        """All switches, in order."""
        return [item.name for item in fields(cls)]

    @classmethod
    def help(cls) -> dict[str, str]:
        """Each switch and what it does."""
        return {item.name: item.metadata["help"] for item in fields(cls)}

    def update(self, changes: Mapping[str, Any]) -> None:
        """Sets some switches; `ValueError` names an unknown one or an unfit value, and then none is set."""
        for name, value in changes.items():
            if name not in self.names():
                raise ValueError(f"unknown habit {name!r}; there are: {', '.join(self.names())}")
            kind = type(getattr(self, name))
            fit = isinstance(value, (int, float)) if kind is float else isinstance(value, kind)
            if not fit or (isinstance(value, bool) and kind is not bool):
                raise ValueError(f"habit {name!r} takes {kind.__name__}, not {value!r}")
            if name in _CHOICES and value not in _CHOICES[name]:
                raise ValueError(f"habit {name!r} is one of {', '.join(_CHOICES[name])}, not {value!r}")
            if name == "rules":
                Rules(value)
            if name == "receipt_mix" and not _is_mix(value):
                raise ValueError(f"habit {name!r} is a weight, over 0, for each of {', '.join(STATS)}, not {value!r}")
        for name, value in changes.items():
            setattr(self, name, value)

    def changed(self) -> dict[str, Any]:
        """The switches that are not at their harmless values."""
        harmless = Habits()
        return {name: getattr(self, name) for name in self.names() if getattr(self, name) != getattr(harmless, name)}

    @property
    def spoils(self) -> bool:
        """Whether `spoil` changes anything."""
        return bool(self.junk or self.trailing_nul or self.sm_length_error)


def _is_mix(value: Mapping[str, Any]) -> bool:
    """Whether it is {stat: weight}."""
    return all(
        stat in STATS and isinstance(weight, (int, float)) and not isinstance(weight, bool) and weight > 0
        for stat, weight in value.items()
    )


def spoil(octets: bytes, habits: Habits) -> bytes:
    """A whole deliver_sm, damaged as `habits` say; its command_length covers what is appended."""
    body = bytearray(octets)
    if habits.sm_length_error and int.from_bytes(octets[4:8], "big") == 0x05:
        at = _sm_length_at(octets)
        body[at] = (body[at] + habits.sm_length_error) & 0xFF
    body += b"\xa5" * habits.junk + b"\x00" * habits.trailing_nul
    body[0:4] = len(body).to_bytes(4, "big")
    return bytes(body)


def _sm_length_at(octets: bytes) -> int:
    """Where sm_length stands in a deliver_sm or submit_sm (SMPP 3.4, 4.6.1): C-octet strings vary."""
    at = octets.index(0, 16) + 1  # service_type
    at = octets.index(0, at + 2) + 1  # source TON, NPI, address
    at = octets.index(0, at + 2) + 1  # destination TON, NPI, address
    at = octets.index(0, at + 3) + 1  # esm_class, protocol_id, priority, schedule
    at = octets.index(0, at) + 1  # validity
    return at + 4  # registered_delivery, replace, data_coding, default message
