"""What an optional parameter says, in words and numbers (SMPP 3.4 section 5.3.2, 5.0 section 4.8.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pdu
from smppd.cli.meaning import moment

_NETWORKS = ("unknown", "GSM", "ANSI-136, TDMA", "IS-95, CDMA", "PDC", "PHS", "iDEN", "AMPS", "paging network")
_BEARERS = (
    "unknown",
    "SMS",
    "circuit switched data",
    "packet data",
    "USSD",
    "CDPD",
    "DataTAC",
    "FLEX",
    "cell broadcast",
)
_UNITS = ("unknown", "the display of the phone", "the phone", "the SIM", "an external unit")
_USSD = {
    0: "PSSD indication", 1: "PSSR indication", 2: "USSR request", 3: "USSN request",
    16: "PSSD response", 17: "PSSR response", 18: "USSR confirm", 19: "USSN confirm",
}  # fmt: skip
_WORDS: dict[str, tuple[str, ...] | dict[int, str]] = {
    "dest_addr_subunit": _UNITS,
    "source_addr_subunit": _UNITS,
    "dest_network_type": _NETWORKS,
    "source_network_type": _NETWORKS,
    "dest_bearer_type": _BEARERS,
    "source_bearer_type": _BEARERS,
    "payload_type": ("default", "WCMP"),
    "privacy_indicator": ("not restricted", "restricted", "confidential", "secret"),
    "language_indicator": ("unspecified", "English", "French", "Spanish", "German", "Portuguese"),
    "dpf_result": ("delivery pending flag not set", "delivery pending flag set"),
    "set_dpf": ("do not ask for an alert", "ask for an alert after a failure"),
    "ms_availability_status": ("available", "denied", "unavailable"),
    "delivery_failure_reason": (
        "destination unavailable", "destination address invalid", "permanent network error", "temporary network error",
    ),
    "more_messages_to_send": ("no more messages follow", "more messages follow"),
    "display_time": ("temporary", "default", "until invoked"),
    "alert_on_message_delivery": ("default priority", "high priority", "medium priority", "low priority"),
    "its_reply_type": (
        "digit", "number", "telephone number", "password", "line of characters", "menu", "date", "time", "continue",
    ),
    "ussd_service_op": _USSD,
    "broadcast_channel_indicator": ("basic channel", "extended channel"),
    "broadcast_message_class": ("no class", "class 1", "class 2", "class 3"),
    "dest_addr_np_resolution": ("not asked", "asked, not ported", "asked, ported"),
    "message_state": tuple(state.name.lower().replace("_", " ") for state in pdu.MessageState),
}  # fmt: skip
_NETWORK_ERRORS = (
    "", "ANSI-136 access denied", "IS-95 access denied", "GSM", "ANSI-136", "IS-95", "ANSI-41", "SMPP", "SMSC",
)  # fmt: skip
_MS_VALIDITY = ("keep until deleted", "until switched off", "until the area is left", "display only", "for")
_INTERVALS = {0: "as often as possible", 8: "s", 9: "min", 10: "h", 11: "days", 12: "weeks", 13: "months", 14: "years"}
_SPANS = ("s", "min", "h", "days", "weeks", "months", "years")
_AREAS = ("area by name", "ellipsoid arc", "polygon")


def tlv_value(tag: int, octets: bytes) -> tuple[Any, str, str]:
    """What a parameter says, that in words, and why it may not be sent like that (empty where it may)."""
    parameter = pdu.STANDARD.find(tag)
    if parameter is None:
        return octets, _guess(octets), ""
    value = parameter.kind.read(octets)
    fault = parameter.kind.fault(octets)
    if value is None:
        return octets, "", fault
    shown = value._asdict() if hasattr(value, "_asdict") else value
    return shown, _meaning(parameter.name, value), fault


def _meaning(name: str, value: Any) -> str:
    explain = _EXPLAIN.get(name)
    if explain is not None:
        return explain(value)
    words = _WORDS.get(name)
    if words is not None:
        return _of(words, value) if value is not None else ""
    return f"{len(value)} octets" if isinstance(value, bytes) else ""


def _guess(octets: bytes) -> str:
    """A vendor's parameter: readable text or a small number, if it looks like one."""
    text = octets.removesuffix(b"\0")
    if len(text) > 2 and all(0x20 <= octet < 0x7F for octet in text):
        return f'"{text.decode("ascii")}"'
    return str(int.from_bytes(octets, "big")) if 0 < len(octets) <= 4 else f"{len(octets)} octets"


def _of(words: Any, number: int) -> str:
    found = words.get(number) if isinstance(words, dict) else words[number] if number < len(words) else None
    return found or "not defined"


def _congestion(value: int) -> str:
    levels = ((0, "idle"), (29, "low"), (49, "medium"), (79, "high"), (89, "at its best"), (99, "nearly congested"))
    return next((words for most, words in levels if value <= most), "congested" if value == 100 else "not defined")


def _ms_validity(value: pdu.MsValidity) -> str:
    words = _of(_MS_VALIDITY, value.behaviour)
    return f"{words} {value.number} {_of(_SPANS, value.unit or 0)}" if value.number is not None else words


def _interval(value: pdu.BroadcastInterval) -> str:
    words = _of(_INTERVALS, value.unit)
    return f"every {value.number} {words}" if value.unit else words


def _area(value: pdu.BroadcastArea) -> str:
    words = _of(_AREAS, value.form)
    return f'{words}: "{value.details.decode("latin-1")}"' if value.form == 0 else words


def _subaddress(value: pdu.Subaddress) -> str:
    return {0x80: "NSAP, even", 0x88: "NSAP, odd", 0xA0: "user specified"}.get(value.type, "reserved")


def _callback(value: pdu.CallbackNumber) -> str:
    digits = value.digits.decode("latin-1") if value.mode == 1 else value.digits.hex()
    return f"{digits} ({'ASCII' if value.mode == 1 else 'DTMF'})"


def _callback_text(value: pdu.CallbackText) -> str:
    text = pdu.decode_text(value.characters, value.data_coding)
    return f'"{text.text}"' if text.text else f"{len(value.characters)} octets"


def _session(value: pdu.ItsSession) -> str:
    return f"session {value.session}, unit {value.unit}{', the last' if value.ends else ''}"


def _waiting(value: int) -> str:
    return f"{_of(('voicemail', 'fax', 'e-mail', 'other'), value & 3)} waiting {'on' if value & 0x80 else 'off'}"


def _presentation(value: int) -> str:
    shown = _of(("presentation allowed", "presentation restricted", "number not available"), value >> 2 & 3)
    return f"{shown}, {('not screened', 'verified, passed', 'verified, failed', 'by the network')[value & 3]}"


_EXPLAIN: dict[str, Callable[[Any], str]] = {
    "sc_interface_version": lambda value: f"SMPP {pdu.version_name(value)}",
    "qos_time_to_live": lambda value: f"{value} s",
    "network_error_code": lambda value: f"{_of(_NETWORK_ERRORS, value.network)} error {value.code}",
    "congestion_state": _congestion,
    "ms_validity": _ms_validity,
    "ms_msg_wait_facilities": _waiting,
    "callback_num_pres_ind": _presentation,
    "callback_num": _callback,
    "callback_num_atag": _callback_text,
    "source_subaddress": _subaddress,
    "dest_subaddress": _subaddress,
    "its_session_info": _session,
    "broadcast_frequency_interval": _interval,
    "broadcast_area_identifier": _area,
    "broadcast_content_type": lambda value: (
        f"{_of(('generic', 'GSM', 'TDMA', 'CDMA'), value.network)} service {value.service}"
    ),
    "broadcast_area_success": lambda value: f"{value} %" if value <= 100 else "not known",
    "broadcast_error_status": lambda value: f"{pdu.status_name(value)}: {pdu.status_words(value)}",
    "broadcast_end_time": lambda value: moment(value),
}
