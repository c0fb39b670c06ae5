"""DHIS2 compressed SMS (format: dhis2/sms-compression, versions 1 and 2): recognised and checked to the last bit.

A text is base64 of: one check octet (the first of SHA-256 over the rest), type and version (4 bits each), the epoch
second of the last metadata synchronisation (32 bits), the submission id (8 bits), the user, and a body by type.
Nothing of the country's metadata is needed to read it: identifiers that are hashed read as numbers.

A text counts as *damaged* when it is not whole, but its header reads as one and it cannot be a sentence:
24 characters or more; type 0 to 5 and version 1 or 2; a synchronisation time of 0 or between 2015 and 2040;
of all characters at most one in eight outside base64 (a carrier's alphabet replaces "+", "/", "=", "@", "_");
and upper case, lower case and digits all present, or a synchronisation time of 0 (then "AAAAA" stands in the header).
The third character of each such text is one of E to L, which is what makes the test cheap for all others.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from hashlib import sha256

from smppd.compressed_body import TYPES, ends_well
from smppd.model import Compressed

_SHORTEST = 17  # octets
_HEADER = 10  # characters that hold the 7 octets of the header
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_FOREIGN = re.compile(r"[^A-Za-z0-9+/]")
_KINDS = (re.compile("[A-Z]"), re.compile("[a-z]"), re.compile("[0-9]"))
_SUBSTITUTES = str.maketrans(" -_", "++/")  # what form decoding and the URL-safe alphabet make of "+" and "/"
_SYNCED = range(1_420_070_400, 2_208_988_800)  # 2015 to 2040


@dataclass(slots=True)
class Damaged:
    """A compressed SMS that lost or changed characters on its way; the fields are what its header still says."""

    type: str
    version: int
    submission: int


def read(text: str) -> Compressed | Damaged | None:
    """The envelope of `text` if it is a compressed SMS, whole or damaged; None for every other text."""
    if len(text) < 23 or text[2] not in "EFGHIJKL":
        return None
    whole = _decode(text)
    if whole is not None and whole[0] == sha256(whole[1:]).digest()[0] and ends_well(whole):
        return Compressed(TYPES[whole[1] >> 4], whole[1] & 15, whole[6])
    return _damaged(text)


def label(text: str) -> str:
    """`dhis2:SIMPLE_EVENT:v2:3`, `dhis2-damaged:SIMPLE_EVENT:v2:3`, or "" for every other text."""
    found = read(text)
    if found is None:
        return ""
    kind = "dhis2" if isinstance(found, Compressed) else "dhis2-damaged"
    return f"{kind}:{found.type}:v{found.version}:{found.submission}"


def is_base64(text: str) -> bool:
    """Whether Java's basic decoder, and so DHIS2, takes `text` for base64: "YES", "STOP" and "1234" are.

    Padding may be left out, but is right where present.
    """
    if not _BASE64.fullmatch(text):
        return False
    bare = len(text.rstrip("="))
    return bare % 4 != 1 and (bare == len(text) or len(text) % 4 == 0)


def _decode(text: str) -> bytes | None:
    if not is_base64(text):
        return None
    octets = base64.b64decode(text + "=" * (-len(text) % 4))
    return octets if len(octets) >= _SHORTEST else None


def _damaged(text: str) -> Damaged | None:
    bare = text.rstrip("=")
    foreign = _FOREIGN.findall(bare)
    if len(text) < 24 or len(bare) < 22 or len(foreign) * 8 > len(bare):
        return None
    # A replaced character was "+" or "/". Neither can stand where type and version are, and the two differ in the
    # last bit only: the time stays as good as right, a submission id may be 4 off.
    header = _FOREIGN.sub("/", bare[:_HEADER].translate(_SUBSTITUTES))
    octets = base64.b64decode(header + "AA")
    synced = int.from_bytes(octets[2:6])
    if octets[1] >> 4 >= len(TYPES) or octets[1] & 15 not in (1, 2) or (synced and synced not in _SYNCED):
        return None
    if synced and not all(kind.search(bare) for kind in _KINDS):
        return None
    return Damaged(TYPES[octets[1] >> 4], octets[1] & 15, octets[6])
