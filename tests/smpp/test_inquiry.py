"""query_sm and cancel_sm: what is asked, and what carriers make of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

import pdu
from pdu.receipt_state import STATES
from smppd.config.carriers import CarrierConfig
from smppd.errors import NotOffered, Refused
from smppd.smpp.events import Response
from smppd.smpp.inquiry import Standing, cancel_sm, cancelled, query_sm, standing

CONFIG = CarrierConfig.model_validate({"hosts": ["127.0.0.1:1"], "system_id": "moh", "source_npi": 9})
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def test_the_id_and_the_sender_are_asked_for_as_they_were_submitted() -> None:
    assert query_sm("0A1F", "MOH", CONFIG) == pdu.QuerySm("0A1F", 5, 9, "MOH")
    assert cancel_sm("0A1F", "+255712345678", CONFIG) == pdu.CancelSm(
        message_id="0A1F", source_addr_ton=1, source_addr_npi=9, source_addr="255712345678"
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (("1", "261125120000000+", 2, 0), Standing("1", "delivered", NOON, 0)),
        (("1", "261125150000012+", 2, 0), Standing("1", "delivered", NOON, 0)),
        (("1", "", 1, 0), Standing("1", "enroute", None, 0)),
        (("1", "000000010000000R", 5, 27), Standing("1", "undelivered", None, 27)),
        (("1", "yesterday", 3, 255), Standing("1", "expired", None, 255)),
        (("", "", 200, 0), Standing("", "unknown", None, 0)),
        *(((word, "", number, 0), Standing(word, word, None, 0)) for number, word in enumerate(STATES)),
    ],
)
def test_what_the_carrier_says_is_read(fields: tuple[str, str, int, int], expected: Standing) -> None:
    assert standing("vodacom", Response(2, pdu.QuerySmResp(*fields, sequence=2))) == expected


def test_a_number_that_means_something_of_its_own_to_the_carrier_does() -> None:
    config = CarrierConfig.model_validate({"hosts": ["h:1"], "system_id": "x", "receipt_states": {"7": "undelivered"}})
    for number, state in ((7, "undelivered"), (2, "delivered")):
        said = standing("vodacom", Response(2, pdu.QuerySmResp("1", message_state=number, sequence=2)), config.states)
        assert said.state == state


REFUSALS = [
    (0x03, NotOffered, "it does not know the command"),
    (0x0C, Refused, "message id is not known (ESME_RINVMSGID 0x0C)"),
    (0x67, Refused, "query failed (ESME_RQUERYFAIL 0x67)"),
    (0x11, Refused, "cancel failed (ESME_RCANCELFAIL 0x11)"),
    (0x58, Refused, "throttled: too many messages in a short time (ESME_RTHROTTLED 0x58)"),
    (0x101, Refused, "operation is prohibited (ESME_RPROHIBITED 0x101)"),
    (0x40A, Refused, "status 0x0000040a, which only the carrier can explain"),
]


@pytest.mark.parametrize(("status", "kind", "reason"), REFUSALS)
@pytest.mark.parametrize("nacked", [False, True])
def test_a_refusal_is_told_in_words(status: int, kind: type[Refused], reason: str, nacked: bool) -> None:
    with pytest.raises(Refused) as query:
        standing("vodacom", Response(2, pdu.GenericNack(status=status) if nacked else pdu.QuerySmResp(status=status)))
    with pytest.raises(Refused) as cancel:
        cancelled("vodacom", Response(2, pdu.GenericNack(status=status) if nacked else pdu.CancelSmResp(status=status)))
    for refused, command in ((query.value, "query_sm"), (cancel.value, "cancel_sm")):
        assert type(refused) is kind
        assert (refused.status, refused.reason) == (status, reason)
        assert str(refused) == f"vodacom refuses {command}: {reason}"


def test_a_nack_without_status_means_that_the_command_is_not_offered() -> None:
    with pytest.raises(NotOffered):
        cancelled("vodacom", Response(2, pdu.GenericNack()))


def test_a_cancel_that_is_done_says_nothing() -> None:
    cancelled("vodacom", Response(2, pdu.CancelSmResp()))
