"""Phone numbers in the spelling a system compares them in. Carriers write them as they like."""

from __future__ import annotations

import re
from functools import lru_cache

_SEPARATORS = re.compile(r"[\s().-]")
_SHORT = 6  # digits; such a number is a service's and the same everywhere


@lru_cache(maxsize=4096)
def spelled(number: str, style: str, region: str | None) -> str:
    """`number` as "e164" (+255…), "digits" (255…), "00" (00255…) or "national" (0755…).

    Digits without + or 00 count as international, unless `region` reads them as one of its own numbers. Names,
    short codes, and national numbers whose region is not known stay as they are; a foreign number is never national.
    """
    bare = _SEPARATORS.sub("", number)
    digits = bare.removeprefix("+") if bare.startswith("+") else bare.removeprefix("00")
    if not (digits.isascii() and digits.isdigit()) or len(digits) <= _SHORT:
        return number
    if digits == bare and (digits.startswith("0") or region is not None):
        international = _in_region(digits, region)
        if international is None:
            return number
        digits = international
    if style == "national":
        return _national(digits, region)
    return {"e164": "+", "00": "00"}.get(style, "") + digits


def _in_region(digits: str, region: str | None) -> str | None:
    """International digits of a number written without + or 00; None when it is national and nobody says of where."""
    import phonenumbers  # its tables take time and memory that most installations never need

    if not digits.startswith("0"):
        try:
            if phonenumbers.is_valid_number(phonenumbers.parse(f"+{digits}")):
                return digits
        except phonenumbers.NumberParseException:
            pass
    try:
        found = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return None if digits.startswith("0") else digits
    if phonenumbers.is_valid_number(found):
        return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")
    return None if digits.startswith("0") else digits


def _national(digits: str, region: str | None) -> str:
    import phonenumbers

    try:
        found = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return digits
    if region is not None and found.country_code != phonenumbers.country_code_for_region(region):
        return f"+{digits}"  # of another country; without its code it would read as somebody else's number
    return re.sub(r"\D", "", phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.NATIONAL))
