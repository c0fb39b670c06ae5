"""Wireshark's reading of a corpus: frames into a capture file, tshark's PDML into facts as codec_facts.py says them."""

from __future__ import annotations

import re
import struct
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pdu
from tests.interop.codec_facts import PATIENCE, Facts
from tests.interop.corpus import Case

PORT = 2775
RAW_IP = 101
LOOPBACK = 0x7F000001
# Bits of one octet that Wireshark shows apart, and the octet's name.
BITS = {"esm.submit.": "esm_class", "regdel.": "registered_delivery", "dcs.": "data_coding"}
HEADER = {"command_length", "sm_length", "opt_params"}
_NUMBER = re.compile("0x[0-9a-f]+|[0-9]+")
_SHOWN = re.compile(r"Optional parameter: (\w+) \((0x[0-9a-f]{4})\)")
LISTS = {"dlist": "dest_address", "dlist_resp": "unsuccess_sme"}
LISTED = {"dest_addr_ton", "dest_addr_npi", "destination_addr", "dl_name", "error_status_code"}


def capture(path: Path, cases: Sequence[Case]) -> None:
    """A capture of one connection with one PDU in each TCP segment."""
    sent = 1
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 0x40000, RAW_IP))
        for number, case in enumerate(cases):
            tcp = struct.pack(">HHIIBBHHH", PORT, 40000, sent, 1, 0x50, 0x18, 0xFFFF, 0, 0) + case.octets
            head = (0x45, 0, 20 + len(tcp), number & 0xFFFF, 0, 64, 6, 0, LOOPBACK, LOOPBACK)
            packet = struct.pack(">BBHHHBBHII", *head) + tcp
            file.write(struct.pack("<IIII", number, 0, len(packet), len(packet)) + packet)
            sent += len(case.octets)


def dissect(tshark: str, path: Path) -> list[Facts]:
    """What Wireshark says of each PDU in the capture."""
    command = (tshark, "-r", path, "-d", f"tcp.port=={PORT},smpp", "-T", "pdml")
    done = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    # It writes surrogate pairs, and halves of them, one by one.
    text = done.stdout.decode("utf-8", "surrogatepass").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return [_told(packet) for packet in ElementTree.fromstring(text).iter("packet")]


def _told(packet: ElementTree.Element) -> Facts:
    told: Facts = {}
    (proto,) = packet.iterfind("proto[@name='smpp']")
    lists: dict[str, list[Any]] = {}
    for field in _outside_parameters(proto):
        name = field.get("name", "").removeprefix("smpp.")
        if name in LISTS:
            lists[LISTS[name]] = told[LISTS[name]] = []
        elif lists and name in LISTED:
            _list(told, name, field)
        elif name and name not in HEADER and not name.startswith("_ws."):
            _tell(told, name, field)
    for each in proto.iter("field"):
        if each.get("name") == "smpp.opt_param":
            tag, name, octets, numbers = _parameter(each)
            if len(numbers) > 1:
                told.setdefault(f"typed:0x{tag:04x}", numbers)
            told.setdefault(f"tlv:0x{tag:04x}", []).append(octets.hex())
            if name != pdu.tag_name(tag):
                told[f"name:0x{tag:04x}"] = name
        elif each.get("name") in ("_ws.expert.message", "_ws.malformed"):
            told["expert"] = each.get("show", "")
    for each in packet.iterfind("proto"):
        if each.get("name") == "_ws.malformed":
            told["malformed"] = each.get("showname", "")
    elements = [field for field in packet.iter("field") if field.get("name") == "gsm_sms.ie_identifier"]
    if elements:
        told["elements"] = [int(field.get("show", ""), 0) for field in elements]
    segment = [_number(packet, f"gsm_sms.udh.mm.msg_{what}") for what in ("id", "parts", "part")]
    if None not in segment:
        told |= dict(zip(SEGMENT, ([one] for one in segment), strict=True))
    return told


SEGMENT = ("tlv:sar_msg_ref_num", "tlv:sar_total_segments", "tlv:sar_segment_seqnum")


def _outside_parameters(element: ElementTree.Element) -> Iterator[ElementTree.Element]:
    """All fields in the order of the frame but those of optional parameters."""
    for field in element.iterfind("field"):
        yield field
        if field.get("name") != "smpp.opt_params":
            yield from _outside_parameters(field)


def _tell(told: Facts, name: str, field: ElementTree.Element) -> None:
    octets = bytes.fromhex(field.get("unmaskedvalue") or field.get("value") or "")
    for start, whole in BITS.items():
        if name.startswith(start):
            told[whole] = octets[0]
            return
    if name == "command_id":
        told["command"] = _command(field.get("showname", ""))
    elif name == "command_status":
        told["status"] = int.from_bytes(octets, "big")
    elif name == "sequence_number":
        told["sequence"] = int.from_bytes(octets, "big")
    elif name == "message_text":
        told["text"] = field.get("show", "")
    elif name == "message":
        told["short_message"] = octets.hex()
    else:
        name = name.removesuffix("_r")
        told[name if name not in told else f"{name} again"] = _value(field, octets)


def _value(field: ElementTree.Element, octets: bytes) -> Any:
    """A number where it shows one, else the octets without their NUL."""
    try:
        shown = int(field.get("show", ""), 0)
    except ValueError:
        return octets.removesuffix(b"\0").hex()
    if len(octets) == 1 and (octets != b"\0" or shown == 0) and not _is_text(field):
        return shown
    return octets.removesuffix(b"\0").hex()


def _is_text(field: ElementTree.Element) -> bool:
    return field.get("name", "").endswith(("_addr", "_id", "_type", "password", "range", "_name")) and not field.get(
        "name", ""
    ).endswith(("msg_id", "protocol_id"))


def _command(shown: str) -> str:
    """ "Operation: Bind_receiver - resp (0x80000001)" as "bind_receiver_resp"."""
    return shown.removeprefix("Operation: ").rpartition(" (")[0].replace(" - ", "_").lower()


def _list(told: Facts, name: str, field: ElementTree.Element) -> None:
    """An entry of the lists of submit_multi and its response, field by field."""
    octets = bytes.fromhex(field.get("value", ""))
    entries = told["unsuccess_sme" if "unsuccess_sme" in told else "dest_address"]
    if name == "dest_addr_ton":
        entries.append([octets[0]])
    elif name == "dl_name":
        entries.append([octets.removesuffix(b"\0").hex()])
    elif name == "destination_addr":
        entries[-1].append(octets.removesuffix(b"\0").hex())
    else:
        entries[-1].append(int.from_bytes(octets, "big"))


def _parameter(element: ElementTree.Element) -> tuple[int, str, bytes, list[int]]:
    """Tag, name, octets and numbers of an optional parameter, the octets put together from whatever it is shown as."""
    shown = _SHOWN.match(element.get("showname", ""))
    assert shown is not None, element.get("showname")
    begin, size = int(element.get("pos", "")) + 4, int(element.get("size", "")) - 4
    octets: dict[int, int] = {}
    numbers = []
    for field in element.iterfind("field"):
        if field.get("name") in ("smpp.opt_param_tag", "smpp.opt_param_len"):
            continue
        apart = field.get("unmaskedvalue") or int(field.get("pos", "")) - begin not in octets
        if apart and _NUMBER.fullmatch(field.get("show", "")):
            numbers.append(int(field.get("show", ""), 0))
        at = int(field.get("pos", "")) - begin
        for index, octet in enumerate(bytes.fromhex(field.get("unmaskedvalue") or field.get("value") or "")):
            octets[at + index] = octet
    return (
        int(shown[2], 16),
        shown[1].lower(),
        bytes(octets[at] for at in sorted(octets) if 0 <= at < size),
        numbers,
    )


def _number(packet: ElementTree.Element, name: str) -> int | None:
    field = next((field for field in packet.iter("field") if field.get("name") == name), None)
    return None if field is None else int(field.get("show", ""), 0)
