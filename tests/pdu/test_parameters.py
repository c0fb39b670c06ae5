"""Optional parameters by name: every standard one, and a carrier's own beside them."""

from __future__ import annotations

import doctest
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pdu
from pdu import (
    STANDARD,
    BroadcastArea,
    BroadcastContent,
    BroadcastInterval,
    CallbackNumber,
    CallbackText,
    EncodeError,
    ItsSession,
    MsValidity,
    NetworkErrorCode,
    Parameter,
    Parameters,
    Subaddress,
    Tag,
    Tlv,
    decode,
    encode,
    find_tlv,
    parameters,
)
from pdu.codec import decode_slowly
from pdu.kinds import Integer, Octets, Record, Text, TlvKind

BUILT: list[tuple[str, Any, int, bytes]] = [
    ("dest_addr_subunit", 1, 0x0005, b"\x01"),
    ("dest_network_type", 1, 0x0006, b"\x01"),
    ("dest_bearer_type", 8, 0x0007, b"\x08"),
    ("dest_telematics_id", 0x0102, 0x0008, b"\x01\x02"),
    ("source_addr_subunit", 3, 0x000D, b"\x03"),
    ("source_network_type", 3, 0x000E, b"\x03"),
    ("source_bearer_type", 1, 0x000F, b"\x01"),
    ("source_telematics_id", 7, 0x0010, b"\x07"),
    ("qos_time_to_live", 86400, 0x0017, b"\x00\x01\x51\x80"),
    ("payload_type", 1, 0x0019, b"\x01"),
    ("additional_status_info_text", "busy", 0x001D, b"busy\0"),
    ("receipted_message_id", "0A1B", 0x001E, b"0A1B\0"),
    ("ms_msg_wait_facilities", 0x83, 0x0030, b"\x83"),
    ("privacy_indicator", 3, 0x0201, b"\x03"),
    ("source_subaddress", Subaddress(0xA0, b"ward 3"), 0x0202, b"\xa0ward 3"),
    ("dest_subaddress", Subaddress(0x80, b"\x12" * 22), 0x0203, b"\x80" + b"\x12" * 22),
    ("user_message_reference", 0x1234, 0x0204, b"\x12\x34"),
    ("user_response_code", 255, 0x0205, b"\xff"),
    ("source_port", 5000, 0x020A, b"\x13\x88"),
    ("destination_port", 16500, 0x020B, b"\x40\x74"),
    ("sar_msg_ref_num", 1, 0x020C, b"\x00\x01"),
    ("language_indicator", 1, 0x020D, b"\x01"),
    ("sar_total_segments", 3, 0x020E, b"\x03"),
    ("sar_segment_seqnum", 2, 0x020F, b"\x02"),
    ("sc_interface_version", 0x34, 0x0210, b"\x34"),
    ("callback_num_pres_ind", 0x0B, 0x0302, b"\x0b"),
    ("callback_num_atag", CallbackText(1, b"Clinic"), 0x0303, b"\x01Clinic"),
    ("number_of_messages", 99, 0x0304, b"\x63"),
    ("callback_num", CallbackNumber(1, 1, 1, b"255712345678"), 0x0381, b"\x01\x01\x01255712345678"),
    ("dpf_result", 1, 0x0420, b"\x01"),
    ("set_dpf", 0, 0x0421, b"\x00"),
    ("ms_availability_status", 2, 0x0422, b"\x02"),
    ("network_error_code", NetworkErrorCode(3, 0x0122), 0x0423, b"\x03\x01\x22"),
    ("message_payload", b"x" * 300, 0x0424, b"x" * 300),
    ("delivery_failure_reason", 2, 0x0425, b"\x02"),
    ("more_messages_to_send", 1, 0x0426, b"\x01"),
    ("message_state", 2, 0x0427, b"\x02"),
    ("congestion_state", 100, 0x0428, b"\x64"),
    ("ussd_service_op", 0x12, 0x0501, b"\x12"),
    ("broadcast_channel_indicator", 1, 0x0600, b"\x01"),
    ("broadcast_content_type", BroadcastContent(1, 0x0100), 0x0601, b"\x01\x01\x00"),
    ("broadcast_content_type_info", b"rain", 0x0602, b"rain"),
    ("broadcast_message_class", 3, 0x0603, b"\x03"),
    ("broadcast_rep_num", 12, 0x0604, b"\x00\x0c"),
    ("broadcast_frequency_interval", BroadcastInterval(0x0A, 2), 0x0605, b"\x0a\x00\x02"),
    ("broadcast_area_identifier", BroadcastArea(0, b"Mwanza"), 0x0606, b"\x00Mwanza"),
    ("broadcast_error_status", 0x109, 0x0607, b"\x00\x00\x01\x09"),
    ("broadcast_area_success", 80, 0x0608, b"\x50"),
    ("broadcast_end_time", "261122120000000+", 0x0609, b"261122120000000+\0"),
    ("broadcast_service_group", b"health", 0x060A, b"health"),
    ("billing_identification", b"\x01acct", 0x060B, b"\x01acct"),
    ("source_network_id", "640 02", 0x060D, b"640 02\0"),
    ("dest_network_id", "640 04", 0x060E, b"640 04\0"),
    ("source_node_id", b"000001", 0x060F, b"000001"),
    ("dest_node_id", b"123456", 0x0610, b"123456"),
    ("dest_addr_np_resolution", 2, 0x0611, b"\x02"),
    ("dest_addr_np_information", b"0123456789", 0x0612, b"0123456789"),
    ("dest_addr_np_country", b"255", 0x0613, b"255"),
    ("display_time", 1, 0x1201, b"\x01"),
    ("sms_signal", 0x0203, 0x1203, b"\x02\x03"),
    ("ms_validity", MsValidity(1), 0x1204, b"\x01"),
    ("ms_validity", MsValidity(4, 2, 300), 0x1204, b"\x04\x02\x01\x2c"),
    ("alert_on_message_delivery", 3, 0x130C, b"\x03"),
    ("its_reply_type", 8, 0x1380, b"\x08"),
    ("its_session_info", ItsSession(5, 7), 0x1383, b"\x05\x07"),
]
BUILT_NAMES = [f"{row[0]}-{row[3].hex()[:8]}" for row in BUILT]


def test_every_tag_of_the_specification_is_typed_and_shown_here() -> None:
    assert {tag for _, _, tag, _ in BUILT} == set(map(int, Tag)) == {each.tag for each in STANDARD}
    assert len(STANDARD.read_all([Tlv(tag, octets) for _, _, tag, octets in BUILT])) == len(BUILT)


@pytest.mark.parametrize(
    ("name", "value", "tag", "octets"), BUILT, ids=[f"{row[0]}-{row[3].hex()[:8]}" for row in BUILT]
)
def test_a_value_becomes_the_octets_and_the_octets_the_value(name: str, value: Any, tag: int, octets: bytes) -> None:
    tlv = STANDARD.build(name, value)
    assert tlv == Tlv(tag, octets)
    assert STANDARD.build(tag, value) == STANDARD.build(Tag(tag), value) == tlv
    assert STANDARD.read((tlv,), name) == STANDARD.read((tlv,), tag) == value
    assert STANDARD.read_all((tlv,)) == [(name, value)]
    assert STANDARD.name(tag) == pdu.tag_name(tag) == name
    STANDARD.check((tlv,))


@pytest.mark.parametrize(
    ("name", "value", "tag", "octets"), BUILT, ids=[f"{row[0]}-{row[3].hex()[:8]}" for row in BUILT]
)
def test_no_number_of_octets_makes_reading_fail(name: str, value: Any, tag: int, octets: bytes) -> None:
    for cut in [octets[:size] for size in range(len(octets))] + [
        octets + b"\0",
        octets + octets,
        octets + bytes(70000),
    ]:
        tlvs = (Tlv(tag, cut),)
        read = STANDARD.read(tlvs, name)
        ((named, shown),) = STANDARD.read_all(tlvs)
        assert (named, shown) == (name, cut if read is None else read)


BAD: list[tuple[str, Any, str]] = [
    ("message_state", 256, "message_state"),
    ("message_state", -1, "message_state"),
    ("message_state", "2", "message_state"),
    ("message_state", None, "message_state"),
    ("user_message_reference", 65536, "user_message_reference"),
    ("qos_time_to_live", 1 << 32, "qos_time_to_live"),
    ("receipted_message_id", "m" * 65, "receipted_message_id"),
    ("receipted_message_id", b"0A", "receipted_message_id"),
    ("receipted_message_id", "0\0", "receipted_message_id"),
    ("additional_status_info_text", "Ж", "additional_status_info_text"),
    ("message_payload", "text", "message_payload"),
    ("message_payload", bytes(65536), "message_payload"),
    ("source_node_id", b"12345", "source_node_id"),
    ("dest_addr_np_information", b"1" * 11, "dest_addr_np_information"),
    ("dest_addr_np_country", b"", "dest_addr_np_country"),
    ("network_error_code", (3, 1), "network_error_code"),
    ("network_error_code", 3, "network_error_code"),
    ("network_error_code", NetworkErrorCode(3, 65536), "network_error_code.code"),
    ("network_error_code", NetworkErrorCode(256, 1), "network_error_code.network"),
    ("source_subaddress", Subaddress(0x80, b""), "source_subaddress.address"),
    ("source_subaddress", Subaddress(0x80, bytes(23)), "source_subaddress.address"),
    ("callback_num", CallbackNumber(1, 1, 1, b"1" * 17), "callback_num.digits"),
    ("callback_num", CallbackNumber(1, 1, 256, b"1"), "callback_num.npi"),
    ("callback_num_atag", CallbackText(0, bytes(65)), "callback_num_atag.characters"),
    ("ms_validity", MsValidity(4, 2), "ms_validity.number"),
    ("ms_validity", MsValidity(4, None, 2), "ms_validity.unit"),
    ("broadcast_area_identifier", BroadcastArea(0, bytes(101)), "broadcast_area_identifier.details"),
    ("broadcast_service_group", bytes(256), "broadcast_service_group"),
    ("billing_identification", bytes(1025), "billing_identification"),
    ("no_such_parameter", 1, "tlvs"),
]


@pytest.mark.parametrize(("name", "value", "field"), BAD)
def test_a_value_that_does_not_fit_is_refused_by_name_and_not_quoted(name: str, value: Any, field: str) -> None:
    with pytest.raises(EncodeError) as caught:
        STANDARD.build(name, value)
    assert caught.value.field == field
    if isinstance(value, str | int) and not isinstance(value, bool):
        assert str(value) not in caught.value.reason.split()


@pytest.mark.parametrize(
    ("tag", "octets", "name"),
    [
        (0x0427, b"", "message_state"),
        (0x0427, b"\0\2", "message_state"),
        (0x0204, b"\1", "user_message_reference"),
        (0x001E, b"0A1B", "receipted_message_id"),
        (0x001E, b"0A\0B\0", "receipted_message_id"),
        (0x001E, b"", "receipted_message_id"),
        (0x001E, b"m" * 65 + b"\0", "receipted_message_id"),
        (0x0423, b"", "network_error_code"),
        (0x0423, b"\3\1", "network_error_code"),
        (0x0423, b"\3\1\2\3", "network_error_code"),
        (0x0381, b"\1\1\1", "callback_num"),
        (0x0202, b"\x80", "source_subaddress"),
        (0x1204, b"\4\2", "ms_validity"),
        (0x130C, b"\1\2", "alert_on_message_delivery"),
        (0x060F, b"1234567", "source_node_id"),
    ],
)
def test_octets_of_a_wrong_length_are_refused_by_name(tag: int, octets: bytes, name: str) -> None:
    good = STANDARD.build("message_payload", b"hi")
    with pytest.raises(EncodeError) as caught:
        STANDARD.check((good, Tlv(tag, octets), Tlv(0x1400, b"anything")))
    assert caught.value.field == name


def test_an_alert_without_a_value_is_that_of_3_4() -> None:
    bare = STANDARD.build("alert_on_message_delivery", None)
    assert bare == Tlv(0x130C, b"")
    STANDARD.check((bare,))
    assert STANDARD.read((bare,), "alert_on_message_delivery") == 0


@pytest.mark.parametrize(
    ("octets", "name", "value"),
    [
        (b"\0\0\0\2", "message_state", 2),
        (b"\2", "user_message_reference", 2),
        (b"", "message_state", None),
        (b"\1" * 9, "message_state", None),
        (b"0A1B", "receipted_message_id", "0A1B"),
        (b"0A1B\0\0\0", "receipted_message_id", "0A1B"),
        (b"\3\1\x22\0", "network_error_code", NetworkErrorCode(3, 0x122)),
        (b"\3\1", "network_error_code", None),
        (b"\1\1\1", "callback_num", CallbackNumber(1, 1, 1, b"")),
        (b"\4\2", "ms_validity", MsValidity(4)),
        (b"\4\2\0\1\xff", "ms_validity", MsValidity(4, 2, 1)),
    ],
)
def test_octets_of_a_wrong_length_are_read_for_what_they_say(octets: bytes, name: str, value: Any) -> None:
    parameter = STANDARD.find(name)
    assert parameter is not None
    assert STANDARD.read((Tlv(parameter.tag, octets),), name) == value


def test_its_session_info_names_unit_and_end() -> None:
    assert (ItsSession(1, 0x0B).unit, ItsSession(1, 0x0B).ends, ItsSession(1, 0x0A).ends) == (5, True, False)


def test_the_first_of_several_is_read_and_all_are_named() -> None:
    tlvs = tuple(STANDARD.build("broadcast_area_identifier", BroadcastArea(0, name)) for name in (b"a", b"b"))
    assert STANDARD.read(tlvs, Tag.BROADCAST_AREA_IDENTIFIER) == BroadcastArea(0, b"a")
    assert [value for _, value in STANDARD.read_all(tlvs)] == [BroadcastArea(0, b"a"), BroadcastArea(0, b"b")]


def test_what_is_absent_is_none_and_what_is_misspelt_is_a_fault_of_the_caller() -> None:
    assert STANDARD.read((), "message_state") is None
    assert STANDARD.read((), 0x1400) is None
    with pytest.raises(KeyError):
        STANDARD.read((), "mesage_state")


def test_a_tag_without_a_name_carries_octets() -> None:
    tlv = STANDARD.build(0x1400, b"\1\2")
    assert tlv == Tlv(0x1400, b"\1\2")
    assert STANDARD.read((tlv,), 0x1400) == b"\1\2"
    assert STANDARD.read_all((tlv,)) == [("0x1400", b"\1\2")]
    assert STANDARD.name(0x1400) == "0x1400"
    for tag, value, field in ((0x1400, 1, "tlvs[0x1400]"), (0, b"", "tlvs"), (0x10000, b"", "tlvs")):
        with pytest.raises(EncodeError) as caught:
            STANDARD.build(tag, value)
        assert caught.value.field == field


# --- a carrier's own -------------------------------------------------------------------------------------------------

OWN = Parameters(
    [
        Parameter.of("operator_id", 0x1401, "integer", 2),
        Parameter.of("tariff", 0x1402, "nulterminated", 5),
        Parameter.of("session", 0x1403, "octetstring", 4),
    ]
)


@pytest.mark.parametrize(
    ("name", "value", "octets"),
    [("operator_id", 64004, b"\xfa\x04"), ("tariff", "free", b"free\0"), ("session", b"\1\2\3", b"\1\2\3")],
)
def test_a_carriers_own_are_built_and_read_as_the_standard_ones(name: str, value: Any, octets: bytes) -> None:
    tlv = OWN.build(name, value)
    assert tlv.value == octets
    assert OWN.read_all((tlv, OWN.build("message_state", 2))) == [(name, value), ("message_state", 2)]
    assert OWN.name(tlv.tag) == name
    assert STANDARD.read_all((tlv,)) == [(f"0x{tlv.tag:04x}", octets)]  # nobody else hears of them
    OWN.check((tlv,))


@pytest.mark.parametrize(
    ("name", "value"), [("operator_id", 65536), ("tariff", "freed"), ("session", b"12345"), ("session", "1")]
)
def test_a_carriers_own_are_held_to_their_length(name: str, value: Any) -> None:
    with pytest.raises(EncodeError) as caught:
        OWN.build(name, value)
    assert caught.value.field == name


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ([("state", 0x0427, "integer", 1)], "tag 0x0427 of state is that of message_state already"),
        ([("a", 0x1400, "integer", 1), ("b", 0x1400, "integer", 1)], "tag 0x1400 of b is that of a already"),
        ([("a", 0x1400, "integer", 1), ("a", 0x1401, "integer", 1)], "a is the name of tag 0x1400 already"),
        ([("message_state", 0x1400, "integer", 1)], "message_state is the name of tag 0x0427 already"),
        ([("a b", 0x1400, "integer", 1)], '"a b" is no name'),
        ([("1a", 0x1400, "integer", 1)], '"1a" is no name'),
        ([("a", 0, "integer", 1)], "tag is not within 1 to 0xFFFF"),
        ([("a", 0x10000, "integer", 1)], "tag is not within 1 to 0xFFFF"),
        ([("a", 0x1400, "integer", 0)], "length of type integer is not within 1 to 8"),
        ([("a", 0x1400, "integer", 9)], "length of type integer is not within 1 to 8"),
        ([("a", 0x1400, "octetstring", 65536)], "length of type octetstring is not within 1 to 65535"),
    ],
)
def test_a_parameter_that_cannot_be_is_refused_in_words(own: list[tuple[Any, ...]], words: str) -> None:
    with pytest.raises(ValueError, match="^" + words.replace("(", r"\(")):
        Parameters([Parameter.of(*each) for each in own])


# --- any value -------------------------------------------------------------------------------------------------------


def number(size: int) -> st.SearchStrategy[int]:
    return st.integers(0, (1 << 8 * size) - 1)


def values_of(kind: TlvKind) -> st.SearchStrategy[Any]:
    if isinstance(kind, Integer):
        return number(kind.size)
    if isinstance(kind, Text):
        return st.text(st.characters(min_codepoint=1, max_codepoint=0xFF), max_size=kind.limit - 1)
    if isinstance(kind, Octets):
        return st.binary(min_size=kind.least, max_size=min(kind.most, 2000))
    assert isinstance(kind, Record)
    parts: list[st.SearchStrategy[Any]] = [number(size) for size in kind.sizes]
    if kind.most:
        parts.append(st.binary(min_size=kind.least, max_size=kind.most))
    whole = st.tuples(*parts).map(lambda values: kind.make(*values))
    return whole | number(kind.sizes[0]).map(kind.make) if kind.needed else whole


one = st.sampled_from([*OWN]).flatmap(lambda each: st.tuples(st.just(each.name), values_of(each.kind)))


@given(st.lists(one, max_size=6))
def test_any_parameters_survive_the_wire(given_: list[tuple[str, Any]]) -> None:
    tlvs = tuple(OWN.build(name, value) for name, value in given_)
    OWN.check(tlvs)
    octets = encode(pdu.SubmitSmResp("1", tlvs=tlvs))
    assert decode(octets) == decode_slowly(octets)
    assert OWN.read_all(decode(octets).tlvs) == given_


@given(st.sampled_from([*OWN]), st.binary(max_size=300))
def test_any_octets_are_read_and_what_passes_the_check_is_written_as_it_was(each: Parameter, octets: bytes) -> None:
    value = OWN.read((Tlv(each.tag, octets),), each.name)
    if not each.kind.fault(octets) and octets:
        assert OWN.build(each.name, value) == Tlv(each.tag, octets)


def test_the_example_in_the_documentation_runs() -> None:
    assert doctest.testmod(parameters).failed == 0
    assert doctest.testmod(parameters).attempted == 3


def test_raw_octets_stay_within_reach() -> None:
    assert find_tlv((Tlv(0x0427, b"\0\2"),), Tag.MESSAGE_STATE) == b"\0\2"
