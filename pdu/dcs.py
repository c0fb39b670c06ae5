"""What a data_coding says (SMPP 3.4 section 5.2.19, 3GPP TS 23.038 sections 4 and 5)."""

from __future__ import annotations

from typing import NamedTuple

from pdu.errors import EncodeError

COMPRESSED = "compressed"
"""The alphabet of text packed by 3GPP TS 23.042, which nothing here reads."""

# SMPP's own numbers, below 0x10. Those of the second row Python knows and a carrier may still name.
_OWN = {1: "ascii", 2: "binary", 3: "latin1", 4: "binary", 8: "ucs2"} | {
    5: "shift_jis", 6: "iso8859-5", 7: "iso8859-8", 10: "iso2022_jp", 13: "iso2022_jp_1", 14: "euc_kr",
}  # fmt: skip
_GENERAL = ("", "binary", "ucs2", "")  # bits 2 and 3; nothing stands for what 0 means at the carrier
_GROUPS = {0x8: "reserved", 0x9: "reserved", 0xA: "reserved", 0xB: "reserved",
           0xC: "waiting-discard", 0xD: "waiting-store", 0xE: "waiting-store-ucs2", 0xF: "class"}  # fmt: skip
_KINDS = ("voicemail", "fax", "email", "other")
_CLASSES = ("flash", "phone", "SIM", "terminal equipment")


class Waiting(NamedTuple):
    """A message waiting indication: switch the sign for `kind` on or off, and whether to keep the message too."""

    kind: str
    active: bool
    store: bool


class Coding(NamedTuple):
    """What a data_coding asks for.

    `group` is "smpp" (below 0x10), "general", "deletion" (general, to be deleted once read), "class",
    "waiting-discard", "waiting-store", "waiting-store-ucs2" or "reserved". `alphabet` is one that `decode_text` knows.
    `message_class` is 0 (flash) to 3, or None.
    """

    group: str
    alphabet: str
    message_class: int | None = None
    compressed: bool = False
    waiting: Waiting | None = None

    def __str__(self) -> str:
        words = [f"{COMPRESSED} {self.alphabet}" if self.compressed else self.alphabet]
        if self.message_class is not None:
            words.append(f"class {self.message_class} ({_CLASSES[self.message_class]})")
        if self.group == "deletion":
            words.append("to be deleted once read")
        if self.waiting is not None:
            kind, active, store = self.waiting
            words.append(f"{kind} waiting {'on' if active else 'off'}{'' if store else ', not to be kept'}")
        if self.group == "reserved":
            words.append("reserved")
        return ", ".join(words)


def coding_of(data_coding: int, default: str = "gsm7") -> Coding:
    """What `data_coding` asks for; `default` is what 0 means at this carrier. Unknown codes mean 0."""
    group = data_coding >> 4
    if not group:
        return Coding("smpp", _OWN.get(data_coding) or default)
    if 0 < group < 0x8:
        return Coding(
            "deletion" if group & 0x4 else "general",
            _GENERAL[data_coding >> 2 & 3] or default,
            data_coding & 3 if group & 0x1 else None,
            bool(group & 0x2),
        )
    name = _GROUPS.get(group, "reserved")
    if name == "class":
        return Coding(name, "binary" if data_coding & 0x04 else default, data_coding & 3)
    if name == "reserved":
        return Coding(name, default)
    waiting = Waiting(_KINDS[data_coding & 3], bool(data_coding & 0x08), name != "waiting-discard")
    return Coding(name, "ucs2" if group == 0xE else default, None, False, waiting)


_CODINGS = tuple([coding_of(code, "") for code in range(0x100)])
_ALPHABETS = tuple([COMPRESSED if coding.compressed else coding.alphabet for coding in _CODINGS])


def alphabet_of(data_coding: int, default: str = "gsm7") -> str:
    """The alphabet that the octets are in: that of `coding_of`, or "compressed"."""
    return _ALPHABETS[data_coding] or default if 0 <= data_coding <= 0xFF else default


def data_coding_of(alphabet: str, message_class: int | None = None) -> int:
    """The data_coding that names an alphabet, in the group with a class if one is given.

    gsm7, gsm7-packed and utf-8 without a class are 0, right only where that is what the carrier takes 0 for. Raises
    EncodeError for an alphabet or a class that cannot be named.
    """
    if message_class is None:
        if alphabet in ("gsm7", "gsm7-packed", "utf-8"):
            return 0
        for code, name in _OWN.items():
            if name == alphabet:
                return 4 if name == "binary" else code
        raise EncodeError("alphabet", f"{alphabet!r} has no data_coding")
    if not 0 <= message_class <= 3:
        raise EncodeError("message_class", f"{message_class} is not 0 to 3")
    if alphabet in ("gsm7", "gsm7-packed"):
        return 0xF0 | message_class
    if alphabet == "binary":
        return 0xF4 | message_class
    if alphabet == "ucs2":
        return 0x18 | message_class  # the class group has no UCS2
    raise EncodeError("message_class", f"no data_coding names {alphabet!r} with a class")
