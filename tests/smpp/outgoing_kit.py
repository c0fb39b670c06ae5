"""A submission as the sender has it."""

from __future__ import annotations

from datetime import UTC, datetime

from smppd.config import CarrierConfig
from smppd.model import Submission
from smppd.smpp.outgoing import Outgoing

NOW = datetime(2026, 5, 4, 9, 15, tzinfo=UTC)


def outgoing(asked: Submission, carrier: CarrierConfig) -> tuple[Outgoing, CarrierConfig, int, datetime]:
    """The arguments of `compose`."""
    message = Outgoing(asked.sender, asked.recipient, asked.text, asked.data, asked.options, asked.priority, NOW)
    return message, carrier, 42, NOW
