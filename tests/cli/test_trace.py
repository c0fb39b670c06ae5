"""trace points at what it names: offsets are those of the octets given."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
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
        ("user_message_reference", 7, ""),
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
    assert "done_at: 2026-03-01T08:01:00" in result.stdout
    (frame,) = json.loads(run.invoke(app, ["trace", "--json", hexed(RECEIPT)]).stdout)
    assert frame["message"]["receipt"] == {
        "message_id": "abc1",
        "state": "delivered",
        "final": True,
        "stat": "DELIVRD",
        "error": "000",
        "submitted": "2603010800",
        "submitted_at": "2026-03-01T08:00:00",
        "done": "2603010801",
        "done_at": "2026-03-01T08:01:00",
        "text": "x",
        "kind": "delivery",
        "fields": {
            "id": "abc1",
            "sub": "001",
            "dlvrd": "001",
            "submit date": "2603010800",
            "done date": "2603010801",
            "stat": "DELIVRD",
            "err": "000",
            "text": "x",
            "message_state": "2",
        },
    }


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
        ("b''", "no octets given"),
        ("b'ab', 5", "these are no bytes of Python"),
        ("b'ab", "these are no bytes of Python"),
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
    ("00000020 00000015 00000000 00000001", 16, "command_length says 32 octets, 16 are there"),
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


def test_without_tshark_a_capture_names_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "some.pcap"
    path.write_bytes(b"\xd4\xc3\xb2\xa1" + bytes(20))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    result = run.invoke(app, ["trace", str(path)])
    assert result.exit_code == 1
    assert "tshark, which is not installed: apt install tshark" in result.stderr


def test_a_stream_may_come_from_a_file_or_a_pipe(tmp_path: Path) -> None:
    stream = pdu.encode(SUBMIT) + pdu.encode(RECEIPT)
    for content in (stream, stream.hex().encode(), dump(stream).encode()):
        path = tmp_path / "stream"
        path.write_bytes(content)
        for result in (run.invoke(app, ["trace", str(path)]), run.invoke(app, ["trace", "-"], input=content)):
            assert result.exit_code == 0
            assert [
                line.split(",")[0] for line in result.stdout.splitlines() if " octets" in line and line[0] != " "
            ] == [
                "submit_sm",
                "deliver_sm",
            ]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing.pcap", "missing.pcap: No such file or directory"),
        ("/no/such/file", "/no/such/file: No such file or directory"),
        ("/", "/: Is a directory"),
        ("/dev/null", "/dev/null: no octets in it"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(name: str, words: str) -> None:
    result = run.invoke(app, ["trace", name])
    assert result.exit_code == 1
    assert result.stderr == f"smppd: trace: {words}\n"


def dump(octets: bytes) -> str:
    """As hexdump -C prints it."""
    rows = []
    for at in range(0, len(octets), 16):
        row = octets[at : at + 16]
        hexed = f"{row[:8].hex(' ')}  {row[8:].hex(' ')}"
        rows.append(f"{at:08x}  {hexed:<49} |{''.join(chr(octet) if 32 <= octet < 127 else '.' for octet in row)}|")
    return "\n".join([*rows, f"{len(octets):08x}"])


XXD = """
00000000: 0000 0010 0000 0015 0000 0000 0000 0001  ................
00000010: 0000 0010 8000 0015 0000 0000 0000 0001  ................
"""
WIRESHARK = """
0000   00 00 00 10 00 00 00 15 00 00 00 00 00 00 00 01   ................
0010   00 00 00 10 80 00 00 15 00 00 00 00 00 00 00 01   ................
"""


@pytest.mark.parametrize(
    "text",
    [
        XXD,
        WIRESHARK,
        dump(bytes.fromhex("0000001000000015000000000000000100000010800000150000000000000001")),
        r"b'\x00\x00\x00\x10\x00\x00\x00\x15\x00\x00\x00\x00\x00\x00\x00\x01'"[:-1]
        + r"\x00\x00\x00\x10\x80\x00\x00\x15\x00\x00\x00\x00\x00\x00\x00\x01'",
    ],
    ids=["xxd", "Wireshark", "hexdump -C", "Python"],
)
def test_dumps_may_be_pasted_as_they_are(text: str) -> None:
    result = run.invoke(app, ["trace", text])
    assert [line for line in result.stdout.splitlines() if line.startswith("enquire_link")] == [
        "enquire_link, 16 octets",
        "enquire_link_resp, 16 octets at 16",
    ]


def test_what_is_to_be_passed_on_has_neither_texts_nor_whole_numbers() -> None:
    both = hexed(SUBMIT, RECEIPT, pdu.SubmitMulti(dest_address=(pdu.Destination(1, 1, "255712345678"),)))
    for options in (["--mask"], ["--mask", "--json"]):
        result = run.invoke(app, ["trace", both, *options])
        assert result.exit_code == 0
        assert "255712345678" not in result.stdout
        assert "2557******78" in result.stdout
        for secret in ("ñ", "hello", "68656c6c6f", "00f1", "00 f1", "text:x", b"text:x".hex()):
            assert secret not in result.stdout
        assert "abc1 is delivered" in result.stdout or '"message_id": "abc1"' in result.stdout
