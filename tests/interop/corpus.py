"""PDUs as values and octets, made from the declarations alone: what every oracle reads and writes.

Each parameter of each PDU in LAYOUTS stands at its empty, typical, longest and odd values while the others stay
typical; each tag in pdu.Tag likewise. Texts, headers, parts and receipts come on top. The same values on every run.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import pdu
from pdu.declare import LAYOUTS
from pdu.gsm7 import ESCAPE
from pdu.national import locking_shift, single_shift
from pdu.wire import CString, Destinations, Kind, Number, Sized, Unsuccesses

SEED = 34


class Case(NamedTuple):
    """One PDU: `text` is what its message says, where the case is about text."""

    name: str
    value: pdu.Pdu
    octets: bytes
    text: str | None

    @property
    def command(self) -> str:
        return pdu.command_name(self.value.command_id)


class Draft(NamedTuple):
    """A case without its octets yet."""

    name: str
    value: pdu.Pdu
    text: str | None = None


ABSOLUTE, RELATIVE = "261122120000000+", "000001000000000R"
TYPICAL: dict[str, Any] = {
    "system_id": "moh",
    "password": "secret12",
    "system_type": "SMPP",
    "interface_version": 0x34,
    "address_range": "^2557[0-9]",
    "service_type": "CMT",
    "source_addr": "255712345678",
    "destination_addr": "15001",
    "esme_addr": "15001",
    "message_id": "0A1B2C3D",
    "schedule_delivery_time": ABSOLUTE,
    "validity_period": RELATIVE,
    "final_date": ABSOLUTE,
    "esm_class": 0,
    "data_coding": 0,
    "short_message": b"Habari",
}
TIMES = [
    ("empty", ""),
    ("in local time ahead of UTC", "270101000000912+"),
    ("in local time behind UTC", "991231235959920-"),
    ("relative, longest", "991231235959000R"),
    ("relative, minutes", "000000000500000R"),
]
NUMBERS = [("0", 0), ("2", 2), ("127", 0x7F), ("128", 0x80), ("255", 0xFF)]
TONS = [(str(ton), ton) for ton in (*map(int, pdu.Ton), 7, 0xFF)]
NPIS = [(str(npi), npi) for npi in (*map(int, pdu.Npi), 2, 0xFF)]
ESM = [(f"0x{bits:02x}", bits) for bits in (0x01, 0x02, 0x03, 0x04, 0x08, 0x10, 0x18, 0x20, 0x80, 0x84)]
UDH = bytes.fromhex("0500032a0201")
# esm_class with UDHI and short_message go together: the cases on headers change both.
ODD_TEXT = "Kédougou \xff\x01~"

# Octets of each optional parameter (SMPP 3.4 section 5.3.2, 5.0 section 4.8.4): an "int", a "string" or "time" with its
# NUL, or plain "octets"; the fewest and the most. A table of its own: what `pdu` says of them is what is on trial.
SHAPES: dict[str, tuple[str, int, int]] = {
    "dest_telematics_id": ("int", 2, 2),
    "qos_time_to_live": ("int", 4, 4),
    "additional_status_info_text": ("string", 1, 256),
    "receipted_message_id": ("string", 1, 65),
    "source_subaddress": ("octets", 2, 23),
    "dest_subaddress": ("octets", 2, 23),
    "user_message_reference": ("int", 2, 2),
    "source_port": ("int", 2, 2),
    "destination_port": ("int", 2, 2),
    "sar_msg_ref_num": ("int", 2, 2),
    "callback_num_atag": ("octets", 1, 65),
    "callback_num": ("octets", 4, 19),
    "network_error_code": ("octets", 3, 3),
    "message_payload": ("octets", 0, 40000),
    "sms_signal": ("int", 2, 2),
    "alert_on_message_delivery": ("octets", 0, 0),
    "its_session_info": ("octets", 2, 2),
    "broadcast_content_type": ("octets", 3, 3),
    "broadcast_content_type_info": ("octets", 1, 255),
    "broadcast_rep_num": ("int", 2, 2),
    "broadcast_frequency_interval": ("octets", 3, 3),
    "broadcast_area_identifier": ("octets", 1, 100),
    "broadcast_error_status": ("int", 4, 4),
    "broadcast_end_time": ("time", 17, 17),
    "broadcast_service_group": ("octets", 1, 255),
    "billing_identification": ("octets", 1, 1024),
    "source_network_id": ("string", 7, 65),
    "dest_network_id": ("string", 7, 65),
    "source_node_id": ("octets", 6, 6),
    "dest_node_id": ("octets", 6, 6),
    "dest_addr_np_information": ("octets", 10, 10),
    "dest_addr_np_country": ("octets", 1, 5),
}
VENDOR_TAGS = (0x0001, 0x1400, 0x1403, 0x3FFF, 0xFFFF)
CALLBACK = b"\x01\x01\x01" + b"255712345678"
BEARERS = ("submit_sm", "deliver_sm", "data_sm")  # what the optional parameters are put into
BROADCAST = range(0x0600, 0x0614)  # tags of SMPP 5.0
BROADCASTERS = ("submit_sm", "broadcast_sm")


@cache
def corpus() -> tuple[Case, ...]:
    """All cases, numbered by their sequence from 1 on, except those about the sequence."""
    made = []
    for number, (name, value, text) in enumerate(_drafts(), 1):
        if not value.sequence:
            value = replace(value, sequence=number)  # type: ignore[type-var]
        made.append(Case(f"{pdu.command_name(value.command_id)}: {name}", value, pdu.encode(value), text))
    return tuple(made)


def _drafts() -> Iterator[Draft]:
    for command_id in LAYOUTS:
        yield from _parameters(command_id)
        yield from _headers(command_id)
    for tag in pdu.Tag:
        yield from _tags(tag)
    for tag in VENDOR_TAGS:
        for name, value in (("empty", b""), ("text", b"op:7"), ("octets", bytes((0, 255, 128)))):
            yield from _tagged(f"tag 0x{tag:04x}, {name}", pdu.Tlv(tag, value))
    yield from _several_tags()
    yield from _texts()
    yield from _user_data_headers()
    yield from _national()
    yield from _parts()
    yield from _receipts()


def typical(command_id: int, **changed: Any) -> Any:
    """The PDU with every parameter at its typical value."""
    fields, make = LAYOUTS[command_id]
    return make(**{name: typical_value(name, kind) for name, kind in fields} | changed)


def typical_value(name: str, kind: Kind) -> Any:
    if name in TYPICAL:
        return TYPICAL[name]
    if isinstance(kind, Number):
        return 1
    if isinstance(kind, CString):
        return "a1"[: kind.limit - 1]
    if isinstance(kind, Sized):
        return b"Habari"
    return next((value for what, value in choices(name, kind) if what == "typical"), kind.empty)


def choices(name: str, kind: Kind) -> list[tuple[str, Any]]:
    """The values a parameter is tried at."""
    if isinstance(kind, Number):
        if name == "esm_class":
            return ESM
        if name == "data_coding":
            return [(f"0x{code:02x}", code) for code in range(0x100)]
        return TONS if name.endswith("_ton") else NPIS if name.endswith("_npi") else NUMBERS
    if isinstance(kind, CString):
        if kind.limit == 17:
            return TIMES
        longest = "".join(chr(0x30 + at % 75) for at in range(kind.limit - 1))
        return [("empty", ""), ("longest", longest), ("odd", ODD_TEXT[-(kind.limit - 1) :]), ("blank", " ")]
    if isinstance(kind, Sized):
        every = bytes(range(0x100))
        return [("empty", b""), ("NUL", b"\0"), ("140 octets", every[:140]), ("longest", every[-kind.limit :])]
    if isinstance(kind, Destinations):
        number, group = pdu.Destination(1, 1, "255712345678"), pdu.DistributionList("nurses")
        return [
            ("typical", (number, group)),
            ("one number", (number,)),
            ("one list", (group,)),
            ("most", (pdu.Destination(0xFF, 0xFF, "2" * 20), pdu.DistributionList("n" * 20)) * 127),
        ]
    if isinstance(kind, Unsuccesses):
        one = pdu.Unsuccess(1, 1, "255712345678", 0x0B)
        return [
            ("typical", (one, pdu.Unsuccess(0, 0, "1", 0x401))),
            ("empty", ()),
            ("one", (one,)),
            ("most", (pdu.Unsuccess(0xFF, 0xFF, "2" * 20, 0xFFFFFFFF),) * 255),
        ]
    return [("empty", kind.empty)]


def _parameters(command_id: int) -> Iterator[Draft]:
    yield Draft("typical", typical(command_id))
    for name, kind in LAYOUTS[command_id][0]:
        for what, value in choices(name, kind):
            yield Draft(f"{name} {what}", typical(command_id, **{name: value}))


def _headers(command_id: int) -> Iterator[Draft]:
    for sequence in (0x7FFFFFFF, 0x80000000, 0xFFFFFFFF):
        yield Draft(f"sequence 0x{sequence:08x}", typical(command_id, sequence=sequence))
    if command_id & pdu.RESPONSE:
        for status in (*map(int, pdu.Status), 0x400, 0xFFFFFFFF):
            if status:
                yield Draft(f"status 0x{status:08x}", typical(command_id, status=status))


def tag_values(tag: int) -> list[tuple[str, bytes]]:
    """The values an optional parameter is tried at."""
    rng = random.Random(SEED << 16 | tag)
    form, least, most = SHAPES.get(pdu.tag_name(tag), ("int", 1, 1))
    if form == "int":
        numbers = (0, 1, 2, 5, 1 << 8 * most - 1, (1 << 8 * most) - 1)
        return [(f"{number}", number.to_bytes(most, "big")) for number in numbers]
    if form == "time":
        return [("full", ABSOLUTE.encode() + b"\0")]
    if form == "string":
        return [
            ("shortest", b"7" * (least - 1) + b"\0"),
            ("typical", b"255:0A1B2C3D\0"),
            ("longest", b"m" * (most - 1) + b"\0"),
        ]
    if most <= 3:
        return [("zeros", bytes(most)), ("typical", b"\3\1\x22"[:most]), ("another", b"\2\x0b\7"[:most])][: most + 1]
    # The first octets of these are kinds of what follows: keep them small, as they are in the field.
    made = [("shortest", bytes(least)), ("typical", (CALLBACK * 2)[: min(most, 15)])]
    return [*made, ("longest", (b"\1\1\1" + rng.randbytes(most))[:most])]


def _tags(tag: int) -> Iterator[Draft]:
    for name, value in tag_values(tag):
        yield from _tagged(f"{pdu.tag_name(tag)} {name}", pdu.Tlv(tag, value))


def _tagged(name: str, tlv: pdu.Tlv) -> Iterator[Draft]:
    for command in BROADCASTERS if tlv.tag in BROADCAST else BEARERS:
        message = {} if command == "data_sm" or tlv.tag != pdu.Tag.MESSAGE_PAYLOAD else {"short_message": b""}
        yield Draft(name, typical(pdu.Command[command.upper()], tlvs=(tlv,), **message))


def _several_tags() -> Iterator[Draft]:
    """Parameters where they belong, several at once, and one twice."""
    version = pdu.Tlv(pdu.Tag.SC_INTERFACE_VERSION, b"\x34")
    for command in (pdu.BindReceiverResp, pdu.BindTransmitterResp, pdu.BindTransceiverResp):
        yield Draft("sc_interface_version", command("smsc", tlvs=(version,)))
    available = pdu.Tlv(pdu.Tag.MS_AVAILABILITY_STATUS, b"\2")
    yield Draft("ms_availability_status", typical(pdu.Command.ALERT_NOTIFICATION, tlvs=(available,)))
    failed = (pdu.Tlv(pdu.Tag.DELIVERY_FAILURE_REASON, b"\1"), pdu.Tlv(pdu.Tag.NETWORK_ERROR_CODE, b"\3\0\x22"))
    yield Draft("failure reason", typical(pdu.Command.DATA_SM_RESP, tlvs=failed))
    callbacks = (
        pdu.Tlv(pdu.Tag.CALLBACK_NUM, CALLBACK),
        pdu.Tlv(pdu.Tag.CALLBACK_NUM, CALLBACK[:-1]),
        pdu.Tlv(pdu.Tag.CALLBACK_NUM_PRES_IND, b"\4"),
    )
    every = tuple(
        pdu.Tlv(tag, tag_values(tag)[0][1])
        for tag in pdu.Tag
        if tag != pdu.Tag.MESSAGE_PAYLOAD and tag not in BROADCAST
    )
    for command_id in (pdu.Command.SUBMIT_SM, pdu.Command.DELIVER_SM):
        yield Draft("callback_num twice", typical(command_id, tlvs=callbacks))
        yield Draft("every tag at once", typical(command_id, tlvs=every))
    areas = tuple(pdu.Tlv(pdu.Tag.BROADCAST_AREA_IDENTIFIER, bytes((1,)) + name) for name in (b"Dodoma", b"Tanga"))
    yield Draft("two areas", typical(pdu.Command.BROADCAST_SM, tlvs=areas))


GSM = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCXYZÄÖÑÜ§¿abcxyzäöñüà"
TEXTS: list[tuple[str, str, int, bytes]] = [
    ("GSM basic table", GSM, 0, pdu.encode_text(GSM)[0]),
    ("GSM extension table", "{a} [b] ~^|\\ €", 0, pdu.encode_text("{a} [b] ~^|\\ €")[0]),
    ("ASCII", "REG AMINA.27 <a@b.org>", 1, b"REG AMINA.27 <a@b.org>"),
    ("Latin-1", "Bébé né à Ségou, ça va", 3, "Bébé né à Ségou, ça va".encode("latin-1")),
    ("Cyrillic", "Привет, мир", 6, "Привет, мир".encode("iso8859-5")),
    ("Hebrew", "שלום", 7, "שלום".encode("iso8859-8")),
    ("UCS-2", "እናት ጤናማ ናት", 8, "እናት ጤናማ ናት".encode("utf-16-be")),
    ("UCS-2 with emoji", "ok 🤰🏾👍", 8, "ok 🤰🏾👍".encode("utf-16-be")),
]


def _message(command: str, octets: bytes, **changed: Any) -> Any:
    """A PDU with these octets where it has them."""
    command_id = pdu.Command[command.upper()]
    if command == "data_sm":
        tlvs = (pdu.Tlv(pdu.Tag.MESSAGE_PAYLOAD, octets), *changed.pop("tlvs", ()))
        return typical(command_id, tlvs=tlvs, **changed)
    return typical(command_id, short_message=octets, **changed)


def _texts() -> Iterator[Draft]:
    for name, text, data_coding, octets in TEXTS:
        for command in (*BEARERS, "submit_multi"):
            yield Draft(name, _message(command, octets, data_coding=data_coding), text)
        for command_id in (pdu.Command.SUBMIT_SM, pdu.Command.DELIVER_SM):
            payload = (pdu.Tlv(pdu.Tag.MESSAGE_PAYLOAD, octets * 12),)
            made = typical(command_id, short_message=b"", tlvs=payload, data_coding=data_coding)
            yield Draft(f"{name} in message_payload", made, text * 12)


def _user_data_headers() -> Iterator[Draft]:
    headers = [
        ("8-bit reference", UDH),
        ("16-bit reference", bytes.fromhex("06080412340201")),
        ("ports", bytes.fromhex("06050413881388")),
        ("ports and a reference", bytes.fromhex("0b05041388138800037f0201")),
    ]
    for name, header in headers:
        for command in (*BEARERS, "submit_multi"):
            yield Draft(f"UDH, {name}", _message(command, header + b"Habari", esm_class=0x40), "Habari")


def _national() -> Iterator[Draft]:
    """Each septet in each national language, by itself and behind an escape."""
    septets = [septet for septet in range(0x80) if septet != ESCAPE]
    for language, name in pdu.LANGUAGES.items():
        locking = 0 if locking_shift(language) is None else language
        header = pdu.build_udh(pdu.national_elements(language, locking))
        shifted = sorted(single_shift(language) or ())
        for what, octets in (
            ("each septet", bytes(septets)),
            ("each letter behind an escape", b"".join(bytes((ESCAPE, septet)) for septet in shifted)),
        ):
            said = pdu.decode_text(octets, 0, elements=pdu.parse_udh(header)[0]).text
            for command in ("submit_sm", "deliver_sm"):
                yield Draft(f"{name}, {what}", _message(command, header + octets, esm_class=0x40), said)


def _parts() -> Iterator[Draft]:
    long = {"GSM": "Mama na mtoto {wazima} €5; " * 10, "UCS-2": "እናት ጤናማ ናት 🤰🏾 " * 12}
    for name, text in long.items():
        for kind in ("udh8", "udh16", "sar"):
            for number, part in enumerate(pdu.split_text(text, reference=0x2A, kind=kind).parts, 1):
                said = pdu.decode_text(part.body, part.data_coding).text
                for command in BEARERS:
                    octets = part.udh + part.body
                    made = _message(
                        command, octets, tlvs=part.tlvs, esm_class=part.esm_class, data_coding=part.data_coding
                    )
                    yield Draft(f"{name} part {number}, {kind}", made, said)


def _receipts() -> Iterator[Draft]:
    text = "id:0A1B sub:001 dlvrd:001 submit date:2611210400 done date:2611210401 stat:DELIVRD err:000 text:Habari"
    tlvs = (
        pdu.Tlv(pdu.Tag.RECEIPTED_MESSAGE_ID, b"0A1B\0"),
        pdu.Tlv(pdu.Tag.MESSAGE_STATE, b"\2"),
        pdu.Tlv(pdu.Tag.NETWORK_ERROR_CODE, b"\3\0\0"),
    )
    for command in ("deliver_sm", "data_sm"):
        yield Draft("receipt", _message(command, text.encode(), esm_class=0x04), text)
        yield Draft("receipt with parameters", _message(command, text.encode(), esm_class=0x04, tlvs=tlvs), text)
    yield Draft("receipt in parameters alone", _message("deliver_sm", b"", esm_class=0x04, tlvs=tlvs))
