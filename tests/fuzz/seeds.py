"""Where fuzzing starts: every sample, every odd frame of the field, messages of each alphabet, streams, long frames."""

from __future__ import annotations

import pdu
from tests.pdu import test_corpus, test_receipt
from tests.pdu.samples import SAMPLES, frame

RECEIPT = b"id:0A1B sub:001 dlvrd:001 submit date:2605040915 done date:2605040916 stat:DELIVRD err:000 text:join"
HEADERS = ("050003070201", "06080401020301", "0a000307020105040b840000", "03240101", "03250101", "06240101250101")

TEXTS = (
    "Hábari €{}[]~|^\\ @@@", "ğşıİ Türkçe", "çãõ Português", "नमस्ते दुनिया", "বাংলা ગુજરાતી ਪੰਜਾਬੀ",
    "தமிழ் తెలుగు ಕನ್ನಡ മലയാളം",
    "اردو ۔ ٹ", "👩‍👩‍👧‍👦🇹🇿👍🏽", "e\u0301" * 100, "a" * 152 + "€" + "b" * 200, "\ufeffHabari",
    "“Quotes” – and … dashes",
)  # fmt: skip

# Inputs that once failed; each is checked in every run.
FOUND: list[tuple[str, bytes]] = [
    (
        "an error response cut short became optional parameters when it was written whole",
        bytes.fromhex("0000001480000003000200670000000006000001"),
    ),
    (
        "list that ends early, before octets that its count, put right, turns into parameters in place of a body",
        bytes.fromhex("0000001480000021082108240000000031000100"),
    ),
    (
        "list of two entries, likewise",
        bytes.fromhex("0000002a8000002100800000030000013737006572723b330010004800e10062006100720069002020ac"),
    ),
]


def seeds() -> list[bytes]:
    """All of them, each once, in a fixed order."""
    found = [octets for _, octets in SAMPLES]
    found += [row[1] for row in test_corpus.READ]
    found += [octets for _, octets in FOUND]
    found += [message(coding) for coding in range(256)]
    found += [message(coding, bytes.fromhex(udh)) for udh in HEADERS for coding in (0, 4, 8)]
    found += [pdu.encode(pdu.DeliverSm(esm_class=4, short_message=text)) for text in (RECEIPT, RECEIPT.upper())]
    found += [pdu.encode(pdu.DeliverSm(esm_class=4, short_message=row[0])) for row in test_receipt.DIALECTS.values()]
    found += [
        pdu.encode(
            pdu.DataSm(esm_class=4, tlvs=(pdu.Tlv(pdu.Tag.MESSAGE_PAYLOAD, RECEIPT.decode().encode("utf-16-be")),))
        )
    ]
    found += [
        pdu.encode(pdu.EnquireLink(tlvs=tuple(pdu.Tlv(tag, bytes(size)) for tag in pdu.Tag))) for size in (0, 1, 2, 3)
    ]
    found += [text.encode() for text in TEXTS]
    found += [found[0] + found[1] + found[2], b"".join(found[:20]), found[0] * 40, b"GET / HTTP/1.0\r\n\r\n", b""]
    return list(dict.fromkeys(found))


def message(coding: int, udh: bytes = b"") -> bytes:
    """A deliver_sm with a text and this data_coding."""
    esm_class = 0x40 if udh else 0
    return pdu.encode(
        pdu.DeliverSm(esm_class=esm_class, data_coding=coding, short_message=udh + "Hábari €".encode("utf-16-be"))
    )


def long_frames() -> list[bytes]:
    """The longest frames there are, one for each way to read them: time that grows with the square shows here."""
    size = 65000
    fillings = (
        b"\0",
        b"\x1b",
        b"\xff",
        b"a",
        b"\0a",
        b"\xd8\0",
        b"id:",
        b"id: ",
        b"stat:",
        b" ",
        b"\0:",
        b"1",
        b"text:",
    )
    found = []
    for filling in fillings:
        payload = (filling * size)[:size]
        for coding, esm_class in ((0, 0), (8, 0), (4, 0x40), (1, 4), (0, 0x44)):
            body = bytes(7) + bytes((esm_class, 0, coding)) + b"\x04\x24" + size.to_bytes(2, "big") + payload
            found.append(frame(0x103, body))
    found.append(frame(0x04, b"\x14\x00\x00\x00" * (size // 4)))
    found.append(frame(0x15, b"\x14\x00\x00\x00" * (size // 4)))
    found.append(frame(0x80000021, b"\0\xff" + b"\1\1" + b"2" * 250 + b"\0\0\0\0\1" * 255))
    return found
