"""Kannel's dlr-mask and the values of %d: which news of a message its sender wants, and how they are told."""

from __future__ import annotations

from smppd.model import BUFFERED, OutboundState, Report
from smppd.systems.kannel_words import words

DELIVERED, FAILED, BUFFERED_AT_CARRIER, ACCEPTED, REFUSED = 1, 2, 4, 8, 16
EXPIRED, UNKNOWN = 34, 66
"""Newer values of a failed delivery; many who receive reports know them as little as RapidPro does."""

_REFUSALS = (OutboundState.EXPIRED, OutboundState.REJECTED, OutboundState.FAILED, OutboundState.CANCELLED)
_WANTED = (
    (DELIVERED, (OutboundState.DELIVERED.bit,)),
    (FAILED, (OutboundState.UNDELIVERED.bit, OutboundState.UNKNOWN.bit, *(state.bit for state in _REFUSALS))),
    (BUFFERED_AT_CARRIER, (BUFFERED,)),
    (ACCEPTED, (OutboundState.SENT.bit,)),
    (REFUSED, tuple(state.bit for state in _REFUSALS)),
)


def states(mask: int) -> int:
    """The set of states that a dlr-mask asks for. 32 and 64 are failures that 2 does not name by themselves."""
    if mask <= 0:
        return 0
    if mask & 0x60:
        mask |= FAILED
    return sum({bit for value, bits in _WANTED if mask & value for bit in bits})


def value(report: Report, *, extended: bool) -> int | None:
    """%d of a report. None: nothing is told, since no receipt ever came and 66 is not known to the receiver."""
    match report.state:
        case OutboundState.DELIVERED:
            return DELIVERED
        case OutboundState.UNDELIVERED:
            return EXPIRED if extended and report.detail.stat.upper() == "EXPIRED" else FAILED
        case OutboundState.UNKNOWN:
            return UNKNOWN if extended else FAILED if report.detail.stat else None
        case OutboundState.QUEUED:
            return BUFFERED_AT_CARRIER
        case OutboundState.SENT:
            return ACCEPTED
    return REFUSED


def answer(report: Report) -> str:
    """%A of a report: the receipt's text, or what became of the submit_sm."""
    match report.state:
        case OutboundState.SENT:
            return "ACK/"
        case OutboundState.EXPIRED:
            return "NACK/validity expired"
        case OutboundState.REJECTED if report.detail.status:
            return f"NACK/0x{report.detail.status:08x}/{words(report.detail.status)}"
        case OutboundState.CANCELLED:
            return "NACK/cancelled"
        case OutboundState.REJECTED | OutboundState.FAILED | OutboundState.DENIED:
            return f"NACK/{report.reason or 'no SMSC'}"
    return report.detail.text


def meta_data(report: Report) -> str:
    """%D of a report: the mask it was asked with, and the carrier's error as network_error_code writes it."""
    found = f"?orig_msg?dlr_mask={report.options.extra.get('dlr-mask', 0)}&"
    error = report.detail.error
    if report.detail.stat:
        code = int(error) if error.isascii() and error.isdigit() and int(error) <= 0xFFFF else 0
        found += f"?smpp?dlr_err=%03%{code >> 8:02X}%{code & 0xFF:02X}&err={error}&stat={report.detail.stat}&"
    return found
