"""What may be said to a peer of which version."""

from __future__ import annotations

from dataclasses import replace

import pytest

import pdu
from pdu import STANDARD, EncodeError, Parameter, Parameters, Pdu, Tlv, encode, encode_for, version_name
from pdu.declare import LAYOUTS
from tests.pdu.samples import NAMES, SAMPLES

OF_3_4 = {0x09, 0x0B, 0x102, 0x103}
OF_5_0 = {0x111, 0x112, 0x113}


def lowest(command_id: int) -> int:
    command_id &= 0x7FFFFFFF
    return 0x50 if command_id in OF_5_0 else 0x34 if command_id in OF_3_4 else 0x33


@pytest.mark.parametrize("version", [0x00, 0x33, 0x34, 0x50, 0x51])
@pytest.mark.parametrize("command_id", sorted(LAYOUTS))
def test_a_command_is_written_from_its_version_on(command_id: int, version: int) -> None:
    value = LAYOUTS[command_id][1](status=1)  # with a status: a broadcast response then needs no parameters
    if command_id == 0x111:
        value = next(each for each, _ in SAMPLES if isinstance(each, pdu.BroadcastSm))
    if version >= lowest(command_id) or lowest(command_id) == 0x33:
        assert encode_for(value, version) == encode(value)
    else:
        with pytest.raises(EncodeError) as caught:
            encode_for(value, version)
        assert caught.value.field == "command_id"
        assert caught.value.reason == f"SMPP {version_name(version)} has no {pdu.command_name(command_id)}"


@pytest.mark.parametrize(("value", "octets"), SAMPLES, ids=NAMES)
def test_nothing_with_optional_parameters_goes_to_a_peer_of_3_3(value: Pdu, octets: bytes) -> None:
    if value.tlvs:
        with pytest.raises(EncodeError) as caught:
            encode_for(value, 0x33)
        assert caught.value.field in ("tlvs", "command_id")
    elif lowest(value.command_id) == 0x33:
        assert encode_for(value, 0x33) == octets


@pytest.mark.parametrize(
    ("tlv", "field"),
    [(Tlv(0x0427, b"\0\2"), "message_state"), (Tlv(0x0424, b""), None), (Tlv(0x1401, b"\1"), None)],
)
def test_a_standard_parameter_of_a_wrong_length_is_refused_by_name(tlv: Tlv, field: str | None) -> None:
    value = pdu.SubmitSm(tlvs=(tlv,))
    if field is None:
        assert encode_for(value, 0x34) == encode(value)
    else:
        with pytest.raises(EncodeError) as caught:
            encode_for(value, 0x34)
        assert caught.value.field == field


def test_a_carriers_own_parameter_of_a_wrong_length_is_refused_by_name() -> None:
    own = Parameters([Parameter.of("operator_id", 0x1401, "integer", 2)])
    with pytest.raises(EncodeError) as caught:
        encode_for(pdu.SubmitSm(tlvs=(Tlv(0x1401, b"\1"),)), 0x34, own)
    assert caught.value.field == "operator_id"


@pytest.mark.parametrize("field", ["short_message", "tlvs"])
def test_what_cannot_be_encoded_is_refused_for_every_version(field: str) -> None:
    for version in (0x33, 0x34, 0x50):
        with pytest.raises(EncodeError) as caught:
            encode_for(pdu.SubmitSm(**{field: 5}), version)  # type: ignore[arg-type]
        assert caught.value.field == field


BROADCAST = next(each for each, _ in SAMPLES if isinstance(each, pdu.BroadcastSm))
ANSWER = next(each for each, _ in SAMPLES if isinstance(each, pdu.QueryBroadcastSmResp))


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (BROADCAST, "broadcast_area_identifier"),
        (BROADCAST, "broadcast_content_type"),
        (BROADCAST, "broadcast_rep_num"),
        (BROADCAST, "broadcast_frequency_interval"),
        (ANSWER, "message_state"),
        (ANSWER, "broadcast_area_identifier"),
        (ANSWER, "broadcast_area_success"),
    ],
)
def test_a_broadcast_without_a_parameter_it_needs_is_refused_by_name(value: Pdu, field: str) -> None:
    assert encode_for(value, 0x50) == encode(value)
    parameter = STANDARD.find(field)
    assert parameter is not None
    without = replace(value, tlvs=tuple(each for each in value.tlvs if each.tag != parameter.tag))
    with pytest.raises(EncodeError) as caught:
        encode_for(without, 0x50)
    assert (caught.value.field, caught.value.reason) == (field, f"{pdu.command_name(value.command_id)} needs it")


def test_an_immediate_broadcast_needs_no_number_of_repetitions() -> None:
    value = replace(BROADCAST, priority_flag=1, tlvs=tuple(each for each in BROADCAST.tlvs if each.tag != 0x0604))
    assert encode_for(value, 0x50) == encode(value)


def test_a_failed_query_of_a_broadcast_needs_no_parameters() -> None:
    value = pdu.QueryBroadcastSmResp(status=0x10E)
    assert encode_for(value, 0x50) == encode(value)


def test_versions_have_names() -> None:
    assert [version_name(each) for each in (0x33, 0x34, 0x50)] == ["3.3", "3.4", "5.0"]


def test_every_status_has_words_and_its_first_name() -> None:
    for status in pdu.Status:
        assert "only the carrier" not in pdu.status_words(status)
        assert pdu.status_name(status) == status.name
    assert [int(each) for each in pdu.Status if each >= 0x100] == list(range(0x100, 0x113))
    assert pdu.Status.ESME_RINVTLVLEN is pdu.Status.ESME_RINVPARLEN
    assert pdu.status_name(0xC2) == "ESME_RINVPARLEN"
