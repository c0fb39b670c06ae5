"""Values and octets, both ways."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

import pdu
from pdu import (
    DecodeError,
    DeliverSm,
    EncodeError,
    EnquireLink,
    Framer,
    Pdu,
    SubmitMultiResp,
    SubmitSm,
    Tlv,
    decode,
    encode,
)
from pdu.codec import decode_slowly
from pdu.declare import LAYOUTS, SOURCES
from tests.pdu.samples import NAMES, SAMPLES, frame


def outcome_of(octets: bytes) -> Pdu | DecodeError:
    try:
        return decode(octets)
    except DecodeError as error:
        return error


both_ways = pytest.mark.parametrize(("value", "octets"), SAMPLES, ids=NAMES)


@both_ways
def test_octets_decode_to_the_value(value: Pdu, octets: bytes) -> None:
    assert decode(octets) == value
    assert decode(memoryview(octets)) == value


@both_ways
def test_the_value_encodes_to_the_octets(value: Pdu, octets: bytes) -> None:
    assert encode(value) == octets


@both_ways
def test_the_slow_reader_agrees(value: Pdu, octets: bytes) -> None:
    assert decode_slowly(octets) == value


@both_ways
def test_a_frame_fed_octet_by_octet_is_the_same_frame(value: Pdu, octets: bytes) -> None:
    framer = Framer()
    found = [each for octet in octets for each in framer.feed(bytes((octet,)))]
    assert [decode(each) for each in found] == [value]
    assert framer.pending == 0


@both_ways
def test_a_frame_with_a_tail_leaves_the_tail(value: Pdu, octets: bytes) -> None:
    framer = Framer()
    assert framer.feed(octets + octets[:7]) == [octets]
    assert framer.pending == 7
    assert framer.feed(octets[7:]) == [octets]


@both_ways
def test_every_truncation_is_read_or_refused_by_name(value: Pdu, octets: bytes) -> None:
    """The length of the header follows the cut, as a peer would send it."""
    for size in range(len(octets)):
        cut = octets[:size] if size < 16 else size.to_bytes(4, "big") + octets[4:size]
        outcome = outcome_of(cut)
        if isinstance(outcome, DecodeError):
            assert outcome.field
            assert 0 <= outcome.offset <= size
            assert outcome.raw == cut
            header = (value.command_id, value.sequence) if size >= 16 else (0, 0)
            assert (outcome.command_id, outcome.sequence) == header
        else:
            assert type(outcome) is type(value)
            assert outcome.sequence == value.sequence


@both_ways
def test_a_wrong_command_length_is_refused(value: Pdu, octets: bytes) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(octets + b"\0")
    assert caught.value.field == "command_length"
    assert caught.value.status == 0x02
    assert caught.value.sequence == value.sequence


@both_ways
def test_values_are_hashable_and_differ_by_any_field(value: Pdu, octets: bytes) -> None:
    assert hash(decode(octets)) == hash(value)
    assert replace(value, sequence=2) != value


def test_every_command_has_a_sample() -> None:
    assert {pdu.command_id for pdu, _ in SAMPLES} == set(LAYOUTS)
    dropped = {0x22, 0x23, 0x24, 0x80000022, 0x80000023, 0x80000024}  # SMPP 3.3 alone
    assert set(LAYOUTS) == {int(command) for command in pdu.Command} - dropped
    assert len(LAYOUTS) == 33


def test_a_password_is_not_in_the_repr() -> None:
    for name in ("BindTransmitter", "BindReceiver", "BindTransceiver", "Outbind"):
        assert "hunter2" not in repr(getattr(pdu, name)(password="hunter2"))


def test_fields_stand_in_wire_order_with_the_common_ones_last() -> None:
    names = [each.name for each in fields(DeliverSm)]
    assert names[:4] == ["service_type", "source_addr_ton", "source_addr_npi", "source_addr"]
    assert names[-5:] == ["short_message", "tlvs", "sequence", "status", "trailing"]


def test_the_compiled_source_can_be_printed() -> None:
    read, write = SOURCES[DeliverSm.command_id]
    assert read.startswith("def read(")
    assert write.startswith("def write(")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"service_type": "sixsix"}, "service_type"),
        ({"source_addr": "1" * 21}, "source_addr"),
        ({"source_addr": "25\0"}, "source_addr"),
        ({"source_addr": "Ж"}, "source_addr"),
        ({"source_addr": 15001}, "source_addr"),
        ({"destination_addr": None}, "destination_addr"),
        ({"source_addr_ton": 256}, "source_addr_ton"),
        ({"source_addr_npi": -1}, "source_addr_npi"),
        ({"data_coding": "8"}, "data_coding"),
        ({"short_message": bytes(255)}, "short_message"),
        ({"short_message": "text"}, "short_message"),
        ({"validity_period": "0" * 17}, "validity_period"),
        ({"sequence": 1 << 32}, "sequence"),
        ({"sequence": -1}, "sequence"),
        ({"status": 1 << 32}, "status"),
        ({"tlvs": (Tlv(0, b""),)}, "tlvs"),
        ({"tlvs": (Tlv(0x10000, b""),)}, "tlvs"),
        ({"tlvs": (Tlv(-1, b""),)}, "tlvs"),
        ({"tlvs": (Tlv(0x0424, "text"),)}, "tlvs[0x0424]"),  # type: ignore[arg-type]
        ({"tlvs": 5}, "tlvs"),
        ({"tlvs": (5,)}, "tlvs"),
        ({"tlvs": (Tlv(0x0424, b""), (0x0425,))}, "tlvs"),
        ({"tlvs": iter([(0x0424, b"a"), (0, b"")])}, "tlvs"),
        ({"trailing": 5}, "trailing"),
        ({"tlvs": (Tlv(0x0424, bytes(65536)),)}, "tlvs[0x0424]"),
    ],
)
def test_what_does_not_fit_is_refused_by_the_name_of_its_field(changes: dict[str, object], field: str) -> None:
    with pytest.raises(EncodeError) as caught:
        encode(SubmitSm(**changes))  # type: ignore[arg-type]
    assert caught.value.field == field


@pytest.mark.parametrize(
    "value",
    [
        SubmitSm(trailing=b"\x14\x00\x00\x00"),
        SubmitSm(short_message=b"a", trailing=b"\x02\x04\x00\x02\x00\x01\x00"),
        SubmitMultiResp("1", status=0x45, trailing=b"\0"),
    ],
)
def test_octets_after_the_last_parameter_are_refused_where_they_would_be_read_as_something_else(value: Pdu) -> None:
    with pytest.raises(EncodeError) as caught:
        encode(value)
    assert caught.value.field == "trailing"


@pytest.mark.parametrize("trailing", [b"\0", b"\xa5\xa5\xa5", b"\x14\x00\x00\x09a", bytes(9)])
def test_other_octets_after_the_last_parameter_are_written_as_they_are(trailing: bytes) -> None:
    for value in (SubmitSm(trailing=trailing), SubmitMultiResp("1", trailing=trailing), EnquireLink(trailing=trailing)):
        assert decode(encode(value)) == value


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (pdu.BindTransceiver(system_id="s" * 16), "system_id"),
        (pdu.BindTransceiver(password="p" * 9), "password"),
        (pdu.BindTransceiver(system_type="t" * 13), "system_type"),
        (pdu.BindTransceiver(address_range="a" * 41), "address_range"),
        (pdu.SubmitSmResp(message_id="m" * 65), "message_id"),
        (pdu.DataSm(source_addr="1" * 65), "source_addr"),
        (pdu.SubmitMulti(dest_address=(pdu.Destination(1, 1, "1" * 21),)), "destination_addr"),
        (pdu.SubmitMulti(dest_address=(pdu.DistributionList("1" * 21),)), "dl_name"),
        (pdu.SubmitMulti(dest_address=(pdu.DistributionList("a"),) * 256), "number_of_dests"),
        (pdu.SubmitMultiResp(unsuccess_sme=(pdu.Unsuccess(1, 1, "1", 1 << 32),)), "error_status_code"),
    ],
)
def test_every_limit_of_the_specification_holds_on_writing(value: Pdu, field: str) -> None:
    with pytest.raises(EncodeError) as caught:
        encode(value)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("value", "field"),
    [
        (pdu.SubmitMulti(dest_address=None), "dest_address"),  # type: ignore[arg-type]
        (pdu.SubmitMulti(dest_address=iter(())), "dest_address"),  # type: ignore[arg-type]
        (pdu.SubmitMulti(dest_address=("255712345678",)), "dest_address"),  # type: ignore[arg-type]
        (pdu.SubmitMulti(dest_address=((1, 1, "255712345678"),)), "dest_address"),  # type: ignore[arg-type]
        (pdu.SubmitMultiResp(unsuccess_sme=None), "unsuccess_sme"),  # type: ignore[arg-type]
        (pdu.SubmitMultiResp(unsuccess_sme=("255712345678",)), "unsuccess_sme"),  # type: ignore[arg-type]
    ],
)
def test_a_list_of_something_else_is_refused_by_its_name(value: Pdu, field: str) -> None:
    with pytest.raises(EncodeError) as caught:
        encode(value)
    assert caught.value.field == field


@pytest.mark.parametrize(
    "value",
    [
        pdu.BindTransceiver(system_id="s" * 15, password="p" * 8, system_type="t" * 12, address_range="a" * 40),
        SubmitSm(service_type="sixsi", source_addr="1" * 20, destination_addr="2" * 20, short_message=bytes(254)),
        pdu.SubmitSmResp(message_id="m" * 64),
        pdu.DataSm(source_addr="1" * 64, destination_addr="é" * 64),
    ],
)
def test_what_just_fits_is_written(value: Pdu) -> None:
    assert decode(encode(value)) == value


@pytest.mark.parametrize(
    ("body", "field", "offset"),
    [
        (b"", "service_type", 16),
        (b"abc", "service_type", 16),
        (b"\0", "source_addr_ton", 17),
        (b"\0\x01\x01255", "source_addr", 19),
        (b"\0\x01\x01255\0\1", "dest_addr_npi", 24),
        (b"\0\x01\x01255\0\1\x0015001\0\0\0\0\0\0\0\0\0\0", "sm_length", 40),
        (b"\0\1\1" + b"2" * 257 + b"\0\1\x0015001\0" + bytes(10), "source_addr", 19),
    ],
)
def test_an_unreadable_body_names_field_offset_and_sequence(body: bytes, field: str, offset: int) -> None:
    octets = frame(0x05, body, sequence=99)
    with pytest.raises(DecodeError) as caught:
        decode(octets)
    error = caught.value
    assert (error.field, error.offset) == (field, offset)
    assert (error.command_id, error.sequence, error.raw) == (0x05, 99, octets)
    assert error.status != 0


def test_the_message_of_an_error_quotes_no_octets() -> None:
    with pytest.raises(DecodeError) as caught:
        decode(frame(0x05, b"\0\x01\x01255712345678"))
    assert "255712345678" not in str(caught.value)
