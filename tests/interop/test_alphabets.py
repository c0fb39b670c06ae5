"""Wireshark's reading of short messages as they go over the air: every data_coding, and septets behind every fill."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

import pdu
from pdu.dcs import coding_of
from pdu.gsm7 import DEFAULT, EXTENSION, encode_septets, fill_bits, pack
from tests.interop.kit import PATIENCE, need

pytestmark = pytest.mark.interop

USER_0 = 147  # a link type without a meaning of its own: here each packet is a short message
LINK = 'uat:user_dlts:"User 0 (DLT=147)","gsm_sms","0","","0",""'
CODING = (
    "coding_group_bits2",
    "coding_group_bits4",
    "dcs.text_compressed",
    "dcs.message_class_defined",
    "dcs.character_set",
    "dcs.message_class",
    "dcs.indication_sense",
    "dcs.message_waiting",
    "dcs.message_coding",
)


def deliver(data_coding: int, length: int, user_data: bytes, header: bool = False) -> bytes:
    """SMS-DELIVER (3GPP TS 23.040 section 9.2.2.1) from 1234."""
    first = 0x44 if header else 0x04
    stamp = bytes.fromhex("62115202030400")
    return bytes((first, 4, 0x91, 0x21, 0x43, 0, data_coding)) + stamp + bytes((length,)) + user_data


def dissect(folder: Path, messages: Sequence[bytes], fields: Sequence[str]) -> list[list[str]]:
    """What Wireshark says in these fields of each message."""
    tshark = shutil.which("tshark") or ""
    need(tshark, "tshark (Debian: tshark)")
    file = folder / "air.pcap"
    packets = b"".join([struct.pack("<IIII", 0, 0, len(each), len(each)) + each for each in messages])
    file.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 0x40000, USER_0) + packets)
    command = [tshark, "-r", str(file), "-o", LINK, "-T", "fields", "-E", "separator=/t"]
    command += [word for name in fields for word in ("-e", f"gsm_sms.{name}")]
    done = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=True, encoding="utf-8")
    lines = done.stdout.split("\n")[:-1]
    assert len(lines) == len(messages)
    return [line.split("\t") for line in lines]


def test_every_data_coding_says_what_wireshark_says(tmp_path: Path) -> None:
    # Below 0x10 the numbers are SMPP's own.
    codes = range(0x10, 0x100)
    for code, told in zip(
        codes, dissect(tmp_path, [deliver(code, 2, b"\xc8\x34") for code in codes], CODING), strict=True
    ):
        two, four, compressed, classed, charset, message_class, sense, kind, binary = told
        ours = coding_of(code)
        if two:
            assert ours.group == ("general", "deletion")[int(two)]
            assert ours.compressed == (compressed == "1")
            assert ours.message_class == (int(message_class, 16) if classed == "1" else None)
            # 3 is reserved: nobody can tell what is meant.
            assert int(charset, 16) == 3 or ours.alphabet == ("gsm7", "binary", "ucs2")[int(charset, 16)]
        elif four == "15":
            assert ours[:3] == ("class", ("gsm7", "binary")[int(binary)], int(message_class, 16))
        elif sense:
            assert ours.group == {"12": "waiting-discard", "13": "waiting-store", "14": "waiting-store-ucs2"}[four]
            waiting = (("voicemail", "fax", "email", "other")[int(kind, 16)], sense == "1", four != "12")
            assert ours.waiting == waiting
        else:
            assert (four, ours.group) in {(str(number), "reserved") for number in range(8, 12)}


@pytest.mark.parametrize("size", range(2, 9))
def test_septets_behind_every_fill_say_what_wireshark_says(size: int, tmp_path: Path) -> None:
    header = pdu.build_udh([pdu.Element(0x70, bytes(size))])
    everything = "".join(sorted(DEFAULT.characters - {"\n", "\r", "\f", "\t"}))
    texts = ["a" * count for count in range(1, 17)] + [
        everything,
        everything[::-1],
        "".join(EXTENSION[code] for code in (0x65, 0x28)),
    ]
    messages = []
    for text in texts:
        septets = encode_septets(text)
        assert septets is not None
        length = (8 * len(header) + fill_bits(len(header))) // 7 + len(septets)
        messages.append(deliver(0, length, header + pack(septets, fill_bits(len(header))), header=True))
    assert [told for (told,) in dissect(tmp_path, messages, ["sms_text"])] == texts
    assert {fill_bits(3 + size) for size in range(2, 9)} == set(range(7))
