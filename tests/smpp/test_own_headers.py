"""Parts that a system has numbered itself, and texts cut to a number of parts."""

from __future__ import annotations

import pytest

from smppd.config import CarrierConfig
from smppd.model import Options, Submission
from smppd.smpp.outgoing import Unsendable, beginning, compose, in_alphabet, measure
from tests.smpp.outgoing_kit import outgoing

CARRIER = CarrierConfig.model_validate({"hosts": ["a:1"], "system_id": "x"})
FIRST, WIDE, PORTS = "050003010201", "06080401020201", "0b05040b8423f00003010201"


@pytest.mark.parametrize("kind", ["udh8", "udh16", "sar", "payload"])
@pytest.mark.parametrize("udh", [FIRST, WIDE, PORTS])
def test_a_part_numbered_by_the_system_goes_out_as_it_stands(kind: str, udh: str) -> None:
    carrier = CarrierConfig.model_validate({"hosts": ["a:1"], "system_id": "x", "long_messages": kind})
    for text, data in [("hi é", None), (None, b"\x00\xff")]:
        (submit,) = compose(*outgoing(Submission("+256772000001", text, data, options=Options(udh=udh)), carrier))
        body = b"hi \x05" if text else data
        assert (submit.short_message, submit.esm_class & 0x40, submit.tlvs) == (bytes.fromhex(udh) + body, 0x40, ())


@pytest.mark.parametrize(
    ("text", "data", "udh", "fits"),
    [
        ("a" * 153, None, FIRST, True),
        ("a" * 154, None, FIRST, False),
        ("a" * 152, None, WIDE, True),
        ("a" * 153, None, WIDE, False),
        ("č" * 67, None, FIRST, True),
        ("č" * 68, None, FIRST, False),
        (None, b"a" * 134, FIRST, True),
        (None, b"a" * 135, FIRST, False),
        (None, b"a" * 128, PORTS, True),
        (None, b"a" * 129, PORTS, False),
    ],
)
def test_such_a_part_is_never_cut(text: str | None, data: bytes | None, udh: str, fits: bool) -> None:
    asked = Submission("+256772000001", text, data, options=Options(udh=udh))
    if fits:
        assert measure(asked, CARRIER).parts == 1
    else:
        with pytest.raises(Unsendable) as refused:
            measure(asked, CARRIER)
        assert refused.value.field == "text"


def test_a_carrier_that_packs_its_alphabet_has_to_number_parts_itself() -> None:
    packed = CarrierConfig.model_validate({"hosts": ["a:1"], "system_id": "x", "default_alphabet": "gsm7-packed"})
    with pytest.raises(Unsendable, match="udh"):
        measure(Submission("+256772000001", "hi", options=Options(udh=FIRST)), packed)


@pytest.mark.parametrize(
    ("text", "parts", "kept"),
    [
        ("", 1, 0),
        ("a" * 160, 1, 160),
        ("a" * 161, 1, 160),
        ("a" * 400, 2, 306),
        ("a" * 306, 2, 306),
        ("č" * 71, 1, 70),
        ("č" * 300, 3, 201),
        ("a" * 100 + "č", 1, 100),
        ("{" * 100, 1, 80),
    ],
)
def test_the_beginning_is_as_much_as_fits(text: str, parts: int, kept: int) -> None:
    assert beginning(text, parts) == text[:kept]


@pytest.mark.parametrize(("text", "there"), [("", True), ("é€{\n", True), ("č", False), ("a\u00a0", False)])
def test_what_the_default_alphabet_has(text: str, there: bool) -> None:
    assert in_alphabet(text) is there
