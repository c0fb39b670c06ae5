"""trace points at what it names: offsets are those of the octets given."""

import json
import subprocess
import sys
from typing import get_args

import pytest
from typer.testing import CliRunner

import pdu
from smppd.cli import app, trace
from smppd.config import carriers

run = CliRunner()


def hexed(*values: pdu.Pdu) -> str:
    return b"".join(map(pdu.encode, values)).hex()


SUBMIT = pdu.SubmitSm(
    source_addr_ton=5,
    source_addr="MOH",
    dest_addr_ton=1,
    dest_addr_npi=1,
    destination_addr="255712345678",
    esm_class=0x40,
    validity_period="000001000000000R",
    registered_delivery=1,
    data_coding=8,
    short_message=bytes.fromhex("050003070201") + "ñä".encode("utf-16-be"),
    tlvs=(pdu.Tlv(pdu.Tag.USER_MESSAGE_REFERENCE, b"\x00\x07"), pdu.Tlv(0x1400, b"hello")),
    sequence=9,
)
RECEIPT = pdu.DeliverSm(
    source_addr="255712345678",
    destination_addr="15001",
    esm_class=4,
    short_message=b"id:abc1 sub:001 dlvrd:001 submit date:2603010800 done date:2603010801 stat:DELIVRD err:000 text:x",
    tlvs=(pdu.Tlv(pdu.Tag.MESSAGE_STATE, b"\x02"),),
)


def fields(text: str) -> dict[str, dict[str, object]]:
    result = run.invoke(app, ["trace", "--json", text])
    (frame,) = json.loads(result.stdout)
    return {field["name"]: field for field in frame["fields"]}


@pytest.mark.parametrize("value", [SUBMIT, RECEIPT, pdu.BindTransceiver(system_id="moh"), pdu.SubmitSmResp("id")])
def test_fields_cover_the_frame_without_gap_or_overlap(value: pdu.Pdu) -> None:
    octets = pdu.encode(value)
    at = 0
    for field in fields(octets.hex()).values():
        assert field["offset"] == at
        at += int(str(field["size"]))
    assert at == len(octets)


@pytest.mark.parametrize(
    ("name", "value", "meaning"),
    [
        ("command_id", 4, "submit_sm"),
        ("sequence_number", 9, ""),
        ("source_addr_ton", 5, "alphanumeric"),
        ("destination_addr", "255712345678", ""),
        ("esm_class", 0x40, "default message, with user data header"),
        ("validity_period", "000001000000000R", "in 1 day"),
        ("registered_delivery", 1, "receipt on success or failure"),
        ("data_coding", 8, "ucs2"),
        ("sm_length", 10, ""),
        ("user_message_reference", "0007", "7"),
        ("0x1400", "68656c6c6f", '"hello"'),
    ],
)
def test_a_value_is_given_with_its_meaning(name: str, value: object, meaning: str) -> None:
    field = fields(hexed(SUBMIT))[name]
    assert (field["value"], field["meaning"]) == (value, meaning)


def test_the_message_within_is_read() -> None:
    result = run.invoke(app, ["trace", hexed(SUBMIT)])
    assert result.exit_code == 0
    assert "part: 1 of 2, reference 7 (udh8)" in result.stdout
    assert "text: 'ñä'" in result.stdout
    assert "alphabet: ucs2" in result.stdout


def test_a_receipt_is_read() -> None:
    result = run.invoke(app, ["trace", hexed(RECEIPT)])
    assert "receipt: message id abc1 is delivered, error 000" in result.stdout


def test_a_status_is_said_in_words() -> None:
    result = run.invoke(app, ["trace", hexed(pdu.SubmitSmResp(status=0x14))])
    assert "ESME_RMSGQFUL: " in result.stdout


def test_a_password_is_not_shown() -> None:
    result = run.invoke(app, ["trace", hexed(pdu.BindReceiver(system_id="moh", password="hunter2"))])
    assert "hunter2" not in result.stdout
    assert "7 characters" in result.stdout


def test_several_frames_are_all_explained() -> None:
    result = run.invoke(app, ["trace", hexed(pdu.EnquireLink(sequence=1), pdu.EnquireLinkResp(sequence=1))])
    assert result.exit_code == 0
    assert "enquire_link_resp, 16 octets at 16" in result.stdout


@pytest.mark.parametrize("form", ["0x{}", "{} ", "00:00:00:10 00000015,00000000\n00000001"])
def test_hex_may_be_written_in_the_usual_ways(form: str) -> None:
    text = form.replace("{}", hexed(pdu.EnquireLink(sequence=1)))
    assert run.invoke(app, ["trace", text]).stdout.startswith("enquire_link, 16 octets")
    assert run.invoke(app, ["trace", "-"], input=text).stdout.startswith("enquire_link, 16 octets")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("00000010zz", "'z' is no hex digit\n  00000010zz\n          ^"),
        ("000", "3 digits: an octet has two, so one is missing or too many"),
        ("", "no octets given"),
    ],
)
def test_bad_hex_points_at_the_character(text: str, words: str) -> None:
    result = run.invoke(app, ["trace", text])
    assert result.exit_code == 1
    assert words in result.stderr


FAULTS = [
    ("0000000f" + "00" * 12, 0, "command_length 15 is less than the 16 octets of a header"),
    ("00000010 00000999 00000000 00000001", 4, "command_id 0x00000999 is not known"),
    ("00000011 00000004 00000000 00000001 00", 17, "source_addr_ton: the frame ends before it"),
    ("00000020 00000015 00000000 00000001", 16, "the frame says 32 octets, 16 are there"),
    ("0000", 0, "2 octets are left"),
]


@pytest.mark.parametrize(("text", "at", "fault"), FAULTS, ids=[row[2] for row in FAULTS])
def test_an_unreadable_frame_points_at_the_octet(text: str, at: int, fault: str) -> None:
    result = run.invoke(app, ["trace", "--json", text])
    assert result.exit_code == 1
    frame = json.loads(result.stdout)[-1]
    assert frame["fault_at"] == at
    assert fault in frame["fault"]
    assert f"!! at octet {at}: " in run.invoke(app, ["trace", text]).stdout


def test_a_header_of_user_data_that_runs_past_the_end_is_pointed_at() -> None:
    broken = pdu.DeliverSm(esm_class=0x40, short_message=b"\x09\x00")
    result = run.invoke(app, ["trace", "--json", hexed(broken)])
    (frame,) = json.loads(result.stdout)
    assert "user data header" in frame["fault"]
    assert frame["fault_at"] == len(pdu.encode(broken)) - 2


@pytest.mark.parametrize("cut", range(1, len(pdu.encode(SUBMIT)), 7))
def test_every_truncation_is_explained_as_far_as_it_goes(cut: int) -> None:
    result = run.invoke(app, ["trace", "--json", pdu.encode(SUBMIT)[:cut].hex()])
    frame = json.loads(result.stdout)[0]
    assert result.exit_code == 1
    assert frame["fault_at"] <= cut
    assert all(field["offset"] + field["size"] <= cut for field in frame["fields"])


@pytest.mark.parametrize("arguments", [["--help"], ["trace", "00000010000000150000000000000001"]])
def test_help_and_trace_load_neither_database_nor_http(arguments: list[str]) -> None:
    script = (
        "import sys\nfrom smppd.__main__ import main\nsys.argv[1:] = sys.argv[2:]\n"
        "try: main()\nexcept SystemExit as end: assert not end.code, end.code\n"
        "heavy = {'aiohttp', 'asyncpg', 'prometheus_client', 'uvloop'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "smppd", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_alphabets_are_those_of_the_configuration() -> None:
    assert {each.value for each in trace.Alphabet} == set(get_args(carriers.Alphabet))
    refused = run.invoke(app, ["trace", hexed(RECEIPT), "--alphabet", "ebcdic"])
    assert refused.exit_code == 2
    assert "ebcdic" in refused.stderr
