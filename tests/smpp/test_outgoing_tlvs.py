"""Optional parameters that a system asks for, by the names that its carrier has for them."""

from __future__ import annotations

from typing import Any

import pytest

from smppd.config import CarrierConfig
from smppd.model import Options, Submission
from smppd.smpp.outgoing import Unsendable, compose, measure
from tests.smpp.outgoing_kit import outgoing

OWN = {
    "operator": {"tag": 0x1401, "type": "integer", "length": 2},
    "campaign": {"tag": 0x1402, "type": "octetstring", "length": 8},
    "account": {"tag": 0x1403, "type": "nulterminated", "length": 8},
}


def carrier(**more: Any) -> CarrierConfig:
    return CarrierConfig.model_validate({"hosts": ["a:1"], "system_id": "x", **more})


def asked(text: str = "hello", **tlvs: str) -> Submission:
    return Submission("+255754000001", text, sender="15001", options=Options(tlvs=tlvs))


def test_every_part_has_them_behind_its_own() -> None:
    (first, second) = compose(
        *outgoing(asked("x" * 200, operator="0x0102", campaign="may", account="moh"), carrier(tlvs=OWN))
    )
    assert first.tlvs == second.tlvs == ((0x1401, b"\1\2"), (0x1402, b"may"), (0x1403, b"moh\0"))


def test_standard_ones_need_no_configuration() -> None:
    (only,) = compose(*outgoing(asked(user_message_reference="7"), carrier()))
    assert only.tlvs == ((0x0204, b"\0\7"),)


def test_what_the_carrier_has_not_is_left_out() -> None:
    (only,) = compose(*outgoing(asked(operator="1"), carrier()))
    assert only.tlvs == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [("operator", "many"), ("operator", "70000"), ("campaign", "far too long"), ("account", "12345678")],
)
def test_what_does_not_fit_is_refused_by_its_name_when_it_is_handed_in(name: str, value: str) -> None:
    with pytest.raises(Unsendable) as refused:
        measure(asked(**{name: value}), carrier(tlvs=OWN))
    assert refused.value.field == f"tlvs.{name}"
