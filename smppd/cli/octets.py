"""What people paste, pipe and save, as octets: hex in its usual forms, dumps, the bytes of Python, plain octets."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from smppd.errors import SmppdError

_CAPTURES = (
    b"\x0a\x0d\x0d\x0a",  # pcapng
    b"\xa1\xb2\xc3\xd4", b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\x3c\x4d", b"\x4d\x3c\xb2\xa1",  # pcap, in either order
    b"\x1f\x8b",  # any of these through gzip; no frame begins like that
)  # fmt: skip
_BLANKS = re.compile(r"0[xX]|\\x|[\s:,;-]")


class NoHex(SmppdError):
    """Text that writes no octets, or a file that has none."""


def is_name(text: str) -> bool:
    """Whether `text` names a file: one that is there, or one that nobody would take for hex."""
    try:
        there = Path(text).is_file()
    except (OSError, ValueError):  # longer than a name may be
        return False
    return there or re.fullmatch(r"[\w./~-]+\.[A-Za-z][\w]*|/.*", text) is not None


def read(name: str) -> bytes:
    """The octets of a file. Raises NoHex in words."""
    try:
        found = Path(name).read_bytes()
    except OSError as error:
        raise NoHex(f"trace: {name}: {error.strerror}") from None
    if not found:
        raise NoHex(f"trace: {name}: no octets in it")
    return found


def is_capture(octets: bytes) -> bool:
    """Whether a file that begins like this is a capture of packets."""
    return octets.startswith(_CAPTURES)


def from_file(octets: bytes) -> bytes:
    """The octets that a file or a pipe holds, as they are or written in hex. Raises NoHex."""
    # A frame has a NUL in its first octet, which no text has.
    if 0 in octets[:4]:
        return octets
    try:
        return from_text(octets.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return octets


def from_text(text: str) -> bytes:
    """The octets that `text` writes: hex with blanks, colons, commas, 0x or \\x, a dump, or bytes as Python shows them.

    Raises NoHex with a message that points at the character which is none.
    """
    if re.match(r"\s*b['\"]", text):
        try:
            found = ast.literal_eval(text.strip())
        except (ValueError, SyntaxError):
            found = None
        if not isinstance(found, bytes):
            raise NoHex("trace: these are no bytes of Python")
        if not found:
            raise NoHex("trace: no octets given")
        return found
    dumped = _from_dump(text)
    if dumped:
        return dumped
    digits = _BLANKS.sub(lambda found: " " * len(found[0]), text)
    bad = re.search(r"[^0-9a-fA-F ]", digits)
    compact = digits.replace(" ", "")
    if bad is None and compact and len(compact) % 2 == 0:
        return bytes.fromhex(compact)
    if bad is not None:
        start = max(bad.start() - 30, 0)
        shown = re.sub(r"\s", " ", text[start : bad.start() + 10])
        why = f"{bad[0]!r} is no hex digit\n  {shown}\n  {' ' * (bad.start() - start)}^"
    elif not compact:
        why = "no octets given"
    else:
        why = f"{len(compact)} digits: an octet has two, so one is missing or too many"
    raise NoHex(f"trace: {why}")


def _from_dump(text: str) -> bytes:
    """The octets of a dump such as xxd, hexdump -C and Wireshark print, its offsets in order; empty if it is none."""
    out = b""
    lines = [line for line in text.splitlines() if line.strip()]
    for line in lines:
        found = re.match(r"\s*([0-9a-fA-F]{4,8})(:?)(\s+|$)(.*)", line)
        if found is None or int(found[1], 16) != len(out) or (len(lines) == 1 and not found[2]):
            return b""
        # Two blanks end the octets, unless they part two eights of them.
        column = re.match(r"(?:[0-9a-fA-F]{2} ?){0,8}(?: ?(?:[0-9a-fA-F]{2} ?){0,8})", found[4])
        out += bytes.fromhex(column[0] if column else "")
    return out
