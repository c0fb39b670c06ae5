"""What most messages are, one part of the default alphabet, is made on a way of its own: it comes to the same."""

from __future__ import annotations

import pytest

from pdu import split_text
from smppd.config import CarrierConfig
from smppd.model import Options, Submission
from smppd.smpp.outgoing import compose
from tests.smpp.outgoing_kit import outgoing

TEXTS = ["", "a", "a" * 160, "a" * 161, "€" * 80, "€" * 81, "[é]@\n", "\x1b", "č", "a\0b"]


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
@pytest.mark.parametrize("kind", ["udh8", "udh16", "sar", "payload"])
@pytest.mark.parametrize("message_class", [None, 1])
def test_a_short_text_is_written_as_it_is_split(text: str, kind: str, message_class: int | None) -> None:
    carrier = CarrierConfig.model_validate({"hosts": ["a:1"], "system_id": "x", "long_messages": kind})
    asked = Submission("+256772000001", text, options=Options(message_class=message_class))
    split = split_text(text, reference=42, kind=kind, message_class=message_class)
    pdus = compose(*outgoing(asked, carrier))
    assert [(pdu.short_message, pdu.data_coding, pdu.esm_class, pdu.tlvs) for pdu in pdus] == [
        (part.short_message, part.data_coding, part.esm_class, part.tlvs) for part in split.parts
    ]
