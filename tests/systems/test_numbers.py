"""One number, written as carriers write it, in the four spellings systems ask for."""

from __future__ import annotations

import pytest

from smppd.systems.numbers import spelled

# as the carrier wrote it, region: e164, digits, 00, national
NUMBERS = {
    ("+255754123456", None): ("+255754123456", "255754123456", "00255754123456", "0754123456"),
    ("255754123456", None): ("+255754123456", "255754123456", "00255754123456", "0754123456"),
    ("00255754123456", None): ("+255754123456", "255754123456", "00255754123456", "0754123456"),
    ("0754123456", "TZ"): ("+255754123456", "255754123456", "00255754123456", "0754123456"),
    ("754123456", "TZ"): ("+255754123456", "255754123456", "00255754123456", "0754123456"),
    ("255754123456", "TZ"): ("+255754123456", "255754123456", "00255754123456", "0754123456"),
    ("0754123456", None): ("0754123456",) * 4,
    ("254712345678", "TZ"): ("+254712345678", "254712345678", "00254712345678", "+254712345678"),
    ("+1 (650) 253-0000", "US"): ("+16502530000", "16502530000", "0016502530000", "6502530000"),
    ("15001", "TZ"): ("15001",) * 4,
    ("116", None): ("116",) * 4,
    ("M-PESA", "TZ"): ("M-PESA",) * 4,
    ("Vodacom", None): ("Vodacom",) * 4,
    ("", None): ("",) * 4,
    ("0000000", "TZ"): ("0000000",) * 4,
    ("٠٧٥٤١٢٣٤٥٦", "TZ"): ("٠٧٥٤١٢٣٤٥٦",) * 4,
}


@pytest.mark.parametrize(("number", "region"), NUMBERS)
def test_a_number_is_spelled_as_asked_for(number: str, region: str | None) -> None:
    found = tuple(spelled(number, style, region) for style in ("e164", "digits", "00", "national"))
    assert found == NUMBERS[number, region]
