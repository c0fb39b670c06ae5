"""What must hold of any text, id and date that octets can be read as."""

from __future__ import annotations

import pdu
from pdu.encoding import ALPHABETS, UNMAPPABLE
from tests.fuzz.require import require

LANGUAGES = ((), (), (), (1,), (2, 3), (6,), (13,))  # each pair of tables is tried, so few at a time
LONGEST = 200  # characters


def texts(text: str, choice: int) -> None:
    """A text in an alphabet is read back as what the result says that it is."""
    text = text[:LONGEST]
    prefer = ALPHABETS[choice % len(ALPHABETS)]
    unmappable = UNMAPPABLE[choice // 8 % len(UNMAPPABLE)]
    message_class = (None, None, 0, 3)[choice // 64 % 4]
    languages = LANGUAGES[choice // 256 % len(LANGUAGES)]
    try:
        done = pdu.encode_text(
            text, prefer=prefer, unmappable=unmappable, languages=languages, message_class=message_class
        )
    except pdu.EncodeError:
        return  # refused as asked, or a class that the alphabet cannot have
    read = pdu.decode_text(done.octets, done.data_coding, default=done.alphabet, elements=done.elements)
    require(same(done.alphabet, prefer, read.text, done.text), f"{done.alphabet}: another text when read back")
    require(bool(done.changed) or done.text == text, "changed without a word")


def same(alphabet: str, prefer: str, read: str | None, written: str) -> bool:
    """Whether a text came back, as far as its alphabet can tell.

    None tells padding from a character, a byte order mark from a text that begins with one, or ASCII from the GSM
    alphabet in a text of control characters.
    """
    if read == written:
        return True
    padded = alphabet == "gsm7-packed" and written.endswith(("@", "\r"))
    marked = alphabet == "ucs2" and written[:1] in ("\ufeff", "\ufffe")
    return padded or marked or (alphabet == "ascii" and prefer == "ascii" and not written.isprintable())


def split(text: str, choice: int) -> None:
    """The parts of a text fit, and make it again in whatever order they come."""
    kind = pdu.split.KINDS[choice % len(pdu.split.KINDS)]
    limit = (140, 140, 60, 254)[choice // 4 % 4]
    prefer = ALPHABETS[choice // 16 % len(ALPHABETS)]
    languages = LANGUAGES[choice // 256 % len(LANGUAGES)]
    try:
        done = pdu.split_text(text, reference=choice % 256, kind=kind, limit=limit, prefer=prefer, languages=languages)
    except pdu.EncodeError:
        return  # more than 255 parts
    shares = []
    for part in done.parts:
        message = pdu.SubmitSm(
            esm_class=part.esm_class, data_coding=part.data_coding, short_message=part.short_message, tlvs=part.tlvs
        )
        if kind != "payload":
            most = limit * 8 // 7 if done.alphabet == "gsm7" else limit
            require(len(part.udh + part.body) <= most, "a part that does not fit")
        sent = pdu.decode(pdu.encode(message))
        require(sent == message, "a part that the wire changes")
        shares.append(pdu.user_data(message))
    joined = pdu.join(shares[::-1] + shares[:1], default=done.alphabet)
    require(joined.complete and not joined.conflicts and not joined.strangers, "parts that do not belong together")
    require(same(done.alphabet, prefer, joined.text, done.text or ""), "another text when joined")


def ids(text: str, other: str) -> None:
    """Two spellings of an id share a key if and only if they are alike."""
    one, two = set(pdu.message_id.keys(text)), set(pdu.message_id.keys(other))
    alike = pdu.message_id.likeness(text, other)
    require(bool(one & two) == (alike is not None), f"{text!r} and {other!r} are alike by one rule only")
    require(len(pdu.message_id.variants(text)) <= 5, "more than five variants")
    for base in ("hex", "decimal", "as-is"):
        pdu.message_id.canonical(text, base)


def dates(text: str) -> None:
    """Times are read or not, and written as they were read."""
    time = pdu.parse_time(text)
    pdu.parse_date(text)
    if time is None:
        return
    try:
        written = pdu.format_time(time)
    except pdu.EncodeError:
        return  # an offset of more than twelve hours, a relative time beyond the limits
    require(pdu.parse_time(written) == time, f"{text} is written {written}")
