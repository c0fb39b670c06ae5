"""Two spellings of one id share a form; which forms there are is told by the carrier's bases, when they are known."""

from __future__ import annotations

import pytest

from pdu.message_id import Base
from smppd.smpp.ids import likeness, receipt_keys, response_keys

PINNED: tuple[Base, Base] = ("hex", "decimal")
OPEN: tuple[Base, Base] = ("as-is", "as-is")


@pytest.mark.parametrize(
    ("bases", "submitted", "receipted", "meet", "how"),
    [
        (OPEN, "abc-1", "abc-1", True, "exact"),
        (OPEN, "abc-1", "ABC-1", True, "folded"),
        (OPEN, "0A1F", "a1f", True, "padded"),
        (OPEN, "A1F", "2591", True, "hex-to-decimal"),
        (OPEN, "2591", "A1F", True, "decimal-to-hex"),
        (OPEN, "12", "13", False, None),
        (PINNED, "A1F", "2591", True, "hex-to-decimal"),
        (PINNED, "10", "16", True, "hex-to-decimal"),
        (PINNED, "10", "10", False, "exact"),
        (PINNED, "msg-1", "MSG-1", True, "folded"),
        (("hex", "as-is"), "10", "10", True, "exact"),
        (OPEN, "", "", False, None),
        (PINNED, "", "", False, None),
    ],
)
def test_a_receipt_finds_its_part_by_a_form_that_both_ids_have(
    bases: tuple[Base, Base], submitted: str, receipted: str, meet: bool, how: str | None
) -> None:
    shared = set(response_keys(submitted, *bases)) & set(receipt_keys(receipted, *bases))
    assert bool(shared) is meet
    assert likeness(submitted, receipted) == how


@pytest.mark.parametrize(("submitted", "receipted"), [("A1F", "2591"), ("00000A1F", "002591")])
def test_ids_stored_before_the_bases_were_configured_are_found_afterwards_and_the_reverse(
    submitted: str, receipted: str
) -> None:
    assert set(response_keys(submitted, *OPEN)) & set(receipt_keys(receipted, *PINNED))
    assert set(response_keys(submitted, *PINNED)) & set(receipt_keys(receipted, *OPEN))
