"""The text work that benchmarks.codec compares: each library's functions, and one process to time them in.

python -m benchmarks.texts NAME SECONDS    one line of JSON, SECONDS to a batch
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from benchmarks.codecs import timed

SWAHILI = "Habari Amina. Kumbuka kwenda kliniki tarehe 14 kwa kipimo cha ujauzito. Beba kadi yako na chandarua. "
GSM = (SWAHILI * 2)[:160]
ESCAPES = GSM[:140] + "{dawa} [5€]"
AMHARIC = ("ሰላም አሚና። ለእርግዝና ምርመራ በ14 ወደ ክሊኒክ መምጣትዎን ያስታውሱ። ካርድዎን ይዘው ይምጡ። " * 2)[:70]
LONG_GSM = (SWAHILI * 10)[:1000]
LONG_UCS2 = (AMHARIC * 15)[:1000]

# What is done, to which text; encoding gives octets, decoding text, splitting parts of user data with their header.
WORK: dict[str, str] = {
    "encode GSM, 160 characters": GSM,
    "decode GSM, 160": GSM,
    "encode GSM with escapes, 151": ESCAPES,
    "decode GSM with escapes, 151": ESCAPES,
    "encode UCS-2, 70": AMHARIC,
    "decode UCS-2, 70": AMHARIC,
    "split GSM, 1,000": LONG_GSM,
    "split UCS-2, 1,000": LONG_UCS2,
}
Calls = dict[str, Callable[[], Any]]


def gsm(text: str) -> bytes:
    """The septets of the texts above, told without any of the libraries."""
    return text.translate({0x20AC: "\x1be", 0x7B: "\x1b(", 0x7D: "\x1b)", 0x5B: "\x1b<", 0x5D: "\x1b>"}).encode("ascii")


def smppd() -> Calls:
    """This project: the alphabet is chosen while encoding and splitting."""
    from pdu import decode_text, encode_text, split_text

    def split(text: str) -> list[bytes]:
        return [part.short_message for part in split_text(text, reference=7).parts]

    return _calls(
        lambda text: encode_text(text)[0],
        lambda octets: decode_text(octets, 0).text,
        lambda text: encode_text(text)[0],
        lambda octets: decode_text(octets, 8).text,
        split,
    )


def aiosmpplib() -> Calls:
    """Codecs by name; splitting detects the alphabet."""
    from aiosmpplib.codec import find_codec_info
    from aiosmpplib.utils import split_sms_udh

    return _calls(
        lambda text: find_codec_info("gsm0338").encode(text)[0],
        lambda octets: find_codec_info("gsm0338").decode(octets)[0],
        lambda text: find_codec_info("ucs2").encode(text)[0],
        lambda octets: find_codec_info("ucs2").decode(octets)[0],
        lambda text: split_sms_udh(text, csms_ref=7),
    )


def smpplib() -> Calls:
    """Encodes only."""
    from smpplib.gsm import ENCODINGS, gsm_encode, make_parts

    return _calls(gsm_encode, None, ENCODINGS[8][0], None, lambda text: make_parts(text)[0])


def _calls(
    encode_gsm: Callable[[str], Any],
    decode_gsm: Callable[[bytes], Any] | None,
    encode_ucs2: Callable[[str], Any],
    decode_ucs2: Callable[[bytes], Any] | None,
    split: Callable[[str], Any],
) -> Calls:
    calls: Calls = {}
    for name, text in WORK.items():
        ucs2 = "UCS-2" in name
        octets = text.encode("utf-16-be") if ucs2 else gsm(text)
        if name.startswith("encode"):
            calls[name] = _bound(encode_ucs2 if ucs2 else encode_gsm, text)
        elif name.startswith("split"):
            calls[name] = _bound(split, text)
        elif decode := decode_ucs2 if ucs2 else decode_gsm:
            calls[name] = _bound(decode, octets)
    return calls


def _bound(call: Callable[[Any], Any], given: Any) -> Callable[[], Any]:
    return lambda: call(given)


LIBRARIES: dict[str, Callable[[], Calls]] = {"smppd": smppd, "aiosmpplib": aiosmpplib, "smpplib": smpplib}


def fault(name: str, result: Any) -> str:
    """What is wrong with what a library made of `name`; empty when nothing is."""
    text, ucs2 = WORK[name], "UCS-2" in name
    octets = text.encode("utf-16-be") if ucs2 else gsm(text)
    if name.startswith("encode"):
        return "" if result == octets else f"{result!r}"
    if name.startswith("decode"):
        return "" if result == text else f"{result!r}"
    room = 140 if ucs2 else 159  # a header of six octets is seven septets
    if any(len(part) > room for part in result):
        return f"a part of {max(map(len, result))} octets"
    headers = [(part[:3], part[4:6]) for part in result]
    if headers != [(b"\x05\x00\x03", bytes((len(result), number))) for number in range(1, len(result) + 1)]:
        return f"headers {headers}"
    return "" if b"".join(part[6:] for part in result) == octets else "the parts make another text"


def main(name: str, seconds: float) -> None:
    """Tell what is wrong with the results, and how long each takes."""
    calls = LIBRARIES[name]()
    faults = {work: wrong for work, call in calls.items() if (wrong := fault(work, call()))}
    print(json.dumps({"faults": faults, "us": {work: timed(call, seconds) for work, call in calls.items()}}))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
