"""What numbers mean, in words: parameters, elements of user data headers, codings, times."""

from typing import Any

import pytest

import pdu
from smppd.cli.explain import explain
from smppd.cli.explained import Field
from smppd.cli.listing import lines


def field(name: str, value: pdu.Pdu) -> Field:
    (frame,) = explain(pdu.encode(value))
    (found,) = [each for each in frame.fields if each.name == name]
    return found


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("esm_class", 0x00, "default message"),
        ("esm_class", 0x04, "delivery receipt"),
        ("esm_class", 0x43, "default message, store and forward, with user data header"),
        ("esm_class", 0xA0, "intermediate notification, reply path"),
        ("esm_class", 0x24, "type 0x24"),
        ("protocol_id", 0x00, "a short message"),
        ("protocol_id", 0x40, "silent: acknowledged and not shown"),
        ("protocol_id", 0x43, "replaces an earlier message of type 3"),
        ("protocol_id", 0x22, "to or from another telematic service"),
        ("protocol_id", 0x7F, "data for the SIM"),
        ("protocol_id", 0xC1, "of the SMSC"),
        ("priority_flag", 3, "highest"),
        ("priority_flag", 4, "not defined below SMPP 5.0"),
        ("registered_delivery", 0x00, "no receipt"),
        ("registered_delivery", 0x12, "receipt on failure, intermediate notifications"),
        ("registered_delivery", 0x07, "receipt on success, acknowledgement by the phone"),
        ("data_coding", 0x00, "the carrier's default alphabet"),
        ("data_coding", 0x08, "ucs2"),
        ("data_coding", 0x18, "ucs2, class 0 (flash)"),
        ("data_coding", 0x20, "compressed the carrier's default alphabet"),
        ("data_coding", 0xF5, "binary, class 1 (phone)"),
        ("data_coding", 0xC8, "the carrier's default alphabet, voicemail waiting on, not to be kept"),
        ("source_addr_ton", 5, "alphanumeric"),
        ("source_addr_ton", 7, "not defined"),
        ("source_addr_npi", 1, "isdn"),
        ("schedule_delivery_time", "", "at once"),
        ("schedule_delivery_time", "261122120000012+", "2026-11-22 12:00:00+03:00"),
        ("validity_period", "", "as long as the carrier likes"),
        ("validity_period", "000002030000000R", "in 2 days 3 hours"),
        ("validity_period", "261322120000000+", "neither absolute nor relative"),
    ],
)
def test_a_mandatory_parameter(name: str, value: Any, words: str) -> None:
    assert field(name, pdu.SubmitSm(**{name: value})).meaning == words


@pytest.mark.parametrize(
    ("tag", "octets", "value", "words"),
    [
        (pdu.Tag.MESSAGE_STATE, "02", 2, "delivered"),
        (pdu.Tag.MESSAGE_STATE, "c8", 200, "not defined"),
        (pdu.Tag.NETWORK_ERROR_CODE, "03000b", {"network": 3, "code": 11}, "GSM error 11"),
        (pdu.Tag.SC_INTERFACE_VERSION, "50", 0x50, "SMPP 5.0"),
        (pdu.Tag.DEST_ADDR_SUBUNIT, "01", 1, "the display of the phone"),
        (pdu.Tag.SOURCE_NETWORK_TYPE, "01", 1, "GSM"),
        (pdu.Tag.DEST_BEARER_TYPE, "04", 4, "USSD"),
        (pdu.Tag.QOS_TIME_TO_LIVE, "00000e10", 3600, "3600 s"),
        (pdu.Tag.PRIVACY_INDICATOR, "03", 3, "secret"),
        (pdu.Tag.LANGUAGE_INDICATOR, "02", 2, "French"),
        (pdu.Tag.DELIVERY_FAILURE_REASON, "03", 3, "temporary network error"),
        (pdu.Tag.MORE_MESSAGES_TO_SEND, "01", 1, "more messages follow"),
        (pdu.Tag.MS_AVAILABILITY_STATUS, "02", 2, "unavailable"),
        (pdu.Tag.USSD_SERVICE_OP, "02", 2, "USSR request"),
        (pdu.Tag.USSD_SERVICE_OP, "13", 19, "USSN confirm"),
        (pdu.Tag.CONGESTION_STATE, "5a", 90, "nearly congested"),
        (pdu.Tag.CONGESTION_STATE, "64", 100, "congested"),
        (pdu.Tag.MS_MSG_WAIT_FACILITIES, "81", 0x81, "fax waiting on"),
        (pdu.Tag.CALLBACK_NUM, "0101013135303031", None, "15001 (ASCII)"),
        (pdu.Tag.CALLBACK_NUM_PRES_IND, "05", 5, "presentation restricted, verified, passed"),
        (pdu.Tag.MS_VALIDITY, "04010005", None, "for 5 min"),
        (pdu.Tag.MS_VALIDITY, "01", None, "until switched off"),
        (pdu.Tag.ITS_SESSION_INFO, "0705", None, "session 7, unit 2, the last"),
        (pdu.Tag.SOURCE_SUBADDRESS, "a031", None, "user specified"),
        (pdu.Tag.BROADCAST_AREA_IDENTIFIER, "00417275736861", None, 'area by name: "Arusha"'),
        (pdu.Tag.BROADCAST_AREA_SUCCESS, "ff", 255, "not known"),
        (pdu.Tag.BROADCAST_FREQUENCY_INTERVAL, "0a0002", None, "every 2 h"),
        (pdu.Tag.BROADCAST_FREQUENCY_INTERVAL, "000000", None, "as often as possible"),
        (pdu.Tag.DEST_ADDR_NP_RESOLUTION, "02", 2, "asked, ported"),
        (pdu.Tag.RECEIPTED_MESSAGE_ID, "3041314200", "0A1B", ""),
        (0x1400, "68656c6c6f00", b"hello\0", '"hello"'),
        (0x1401, "0102", b"\1\2", "258"),
        (0x1402, "0102030405", b"\1\2\3\4\5", "5 octets"),
    ],
)
def test_an_optional_parameter(tag: int, octets: str, value: Any, words: str) -> None:
    found = field(pdu.tag_name(tag), pdu.EnquireLink(tlvs=(pdu.Tlv(tag, bytes.fromhex(octets)),)))
    assert found.meaning == words
    if value is not None:
        assert found.value == value


@pytest.mark.parametrize("tag", list(pdu.Tag))
@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 17, 300])
def test_any_size_of_any_parameter_is_explained(tag: pdu.Tag, size: int) -> None:
    for filling in (b"\0", b"\1", b"\x7f", b"\xff"):
        octets = pdu.encode(pdu.EnquireLink(tlvs=(pdu.Tlv(tag, filling * size),)))
        (frame,) = explain(octets)
        assert frame.fields[-1].name == pdu.tag_name(tag)
        assert bool(frame.notes) == bool(pdu.Parameters().find(tag).kind.fault(filling * size))  # type: ignore[union-attr]
        assert list(lines(frame, octets))


@pytest.mark.parametrize(
    ("element", "words"),
    [
        ("00032a0201", "concatenation, 8-bit reference: reference 42, part 1 of 2"),
        (
            "00032a0203",
            "concatenation, 8-bit reference: reference 42, part 3 of 2, which cannot be: it is a message of its own",
        ),
        ("00022a02", "concatenation, 8-bit reference, but of 2 octets and not 3"),
        ("0804123403 02".replace(" ", ""), "concatenation, 16-bit reference: reference 4660, part 2 of 3"),
        ("01028005", "special message indication: 5 voice messages waiting, to be kept"),
        ("01020201", "special message indication: 1 e-mail waiting, not to be kept"),
        ("01020702", "special message indication: 2 video messages waiting, not to be kept"),
        ("0402e2e2", "ports, 8-bit: to port 226 (vCard), from port 226"),
        ("05040b8423f0", "ports, 16-bit: to port 2948 (WAP push), from port 9200"),
        ("060103", "SMSC control parameters: status report when delivered, when failed for good"),
        ("070102", "source of the header: the original receiver"),
        ("2206089152214365", "reply address: +25123456"),
        ("240101", "national language, single shift: Turkish"),
        ("25010d", "national language, locking shift: Urdu"),
        ("2501ff", "national language, locking shift: Not defined"),
        ("7000", "SIM toolkit security header"),
        ("c100", "of the SMSC"),
        ("4000", "reserved"),
    ],
)
def test_an_element_of_a_user_data_header(element: str, words: str) -> None:
    octets = bytes.fromhex(element)
    message = pdu.DeliverSm(esm_class=0x40, short_message=bytes((len(octets),)) + octets + b"Hi")
    length, found, body = field("short_message", message).parts
    assert (length.value, found.name, found.meaning) == (len(octets), f"element 0x{octets[0]:02x}", words)
    assert (found.size, body.value) == (len(octets), b"Hi")


@pytest.mark.parametrize(("number", "language"), pdu.LANGUAGES.items())
@pytest.mark.parametrize(("tag", "words"), [(0x24, "single shift"), (0x25, "locking shift")])
def test_a_national_language_is_named(number: int, language: str, tag: int, words: str) -> None:
    header = pdu.build_udh([pdu.Element(tag, bytes((number,)))])
    found = field("short_message", pdu.DeliverSm(esm_class=0x40, short_message=header))
    assert found.parts[1].meaning == f"national language, {words}: {language.capitalize()}"


def test_a_text_in_a_national_table_is_read() -> None:
    encoded = pdu.encode_text("नमस्ते", languages=["hindi"], unmappable="refuse")
    message = pdu.build_udh(encoded.elements) + encoded.octets
    (frame,) = explain(pdu.encode(pdu.DeliverSm(esm_class=0x40, short_message=message)))
    assert (frame.message["text"], frame.message["alphabet"]) == ("नमस्ते", "gsm7")


def test_numbers_made_of_bits_are_shown_in_hex() -> None:
    octets = pdu.encode(pdu.SubmitSm(esm_class=0x43, data_coding=0xF5, sm_default_msg_id=67, sequence=0x80000000))
    (frame,) = explain(octets)
    shown = {line.split()[2]: line.split()[3] for line in lines(frame, octets) if len(line.split()) > 3}
    assert (shown["esm_class"], shown["data_coding"], shown["sm_default_msg_id"]) == ("0x43", "0xf5", "67")
    assert (shown["command_id"], shown["sequence_number"]) == ("0x00000004", "2147483648")


def test_a_list_is_shown_entry_by_entry() -> None:
    found = field(
        "dest_address",
        pdu.SubmitMulti(dest_address=(pdu.Destination(1, 1, "255712345678"), pdu.DistributionList("nurses"))),
    )
    assert [(part.name, part.value) for part in found.parts] == [
        ("number_of_dests", 2),
        ("dest_flag", 1),
        ("dest_addr_ton", 1),
        ("dest_addr_npi", 1),
        ("destination_addr", "255712345678"),
        ("dest_flag", 2),
        ("dl_name", "nurses"),
    ]
