"""Captures are read by tshark, their streams put together by us: each PDU once, whichever way its packets went."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from typer.testing import CliRunner

import pdu
from smppd.cli import app
from tests.cli.packets import FIN, SYN, Capture, Side, packet
from tests.pdu.samples import GOLDEN_DELIVER, GOLDEN_SUBMIT, SAMPLES

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(
        not shutil.which("tshark") and "SMPPD_REQUIRE_INTEROP" not in os.environ, reason="tshark is not installed"
    ),
]
run = CliRunner()

BIND = pdu.encode(pdu.BindTransceiver(system_id="moh", password="hunter2", sequence=1))
BOUND = pdu.encode(pdu.BindTransceiverResp(system_id="smsc", sequence=1))
ACCEPTED = pdu.encode(pdu.SubmitSmResp("0A1B", sequence=7))
T = 1_800_000_000.0


def sides(family: int = 4, port: int = 2775, first: int = 1000) -> tuple[Side, Side]:
    hosts = ("10.0.0.1", "10.0.0.2") if family == 4 else ("fd00::1", "fd00::2")
    return Side((hosts[0], 40000), first), Side((hosts[1], port), 0xFFFFFFF0)


def conversation(family: int = 4, port: int = 2775, size: int = 1400, first: int = 1000) -> Capture:
    """A bind, its answer, two submits in a row, two deliveries, an answer; in segments of at most `size` octets."""
    esme, smsc = sides(family, port, first)
    made = Capture()
    made.send(T, esme, smsc, b"", SYN)
    made.send(T + 0.001, smsc, esme, b"", SYN | 0x10)
    time = T + 0.002
    for sender, octets in [
        (esme, BIND),
        (smsc, BOUND),
        (esme, GOLDEN_SUBMIT * 2),
        (smsc, ACCEPTED + GOLDEN_DELIVER + GOLDEN_DELIVER),
    ]:
        for at in range(0, len(octets), size):
            time += 0.001
            made.send(time, sender, smsc if sender is esme else esme, octets[at : at + size])
    made.send(time + 1, esme, smsc, b"", FIN | 0x10)
    return made


NAMES = [
    "bind_transceiver",
    "bind_transceiver_resp",
    "submit_sm",
    "submit_sm",
    "submit_sm_resp",
    "deliver_sm",
    "deliver_sm",
]


def trace(octets: bytes, folder: Path, *options: str) -> tuple[int, list[dict[str, Any]], str]:
    path = folder / "some.pcap"
    path.write_bytes(octets)
    result = run.invoke(app, ["trace", str(path), "--json", *options])
    return result.exit_code, json.loads(result.stdout) if result.stdout else [], result.stderr


def seen(frames: list[dict[str, Any]]) -> list[str]:
    return [frame["name"] for frame in frames]


@pytest.mark.parametrize("form", [Capture.pcap, Capture.pcapng, lambda made: gzip.compress(made.pcap())])
@pytest.mark.parametrize("family", [4, 6])
def test_both_directions_are_explained_in_order_of_time(
    form: Callable[[Capture], bytes], family: int, tmp_path: Path
) -> None:
    code, frames, _ = trace(form(conversation(family)), tmp_path)
    assert (code, seen(frames)) == (0, NAMES)
    esme, smsc = ("10.0.0.1:40000", "10.0.0.2:2775") if family == 4 else ("[fd00::1]:40000", "[fd00::2]:2775")
    assert [frame["source"] for frame in frames] == [esme, smsc, esme, esme, smsc, smsc, smsc]
    assert [frame["target"] for frame in frames] == [smsc, esme, smsc, smsc, esme, esme, esme]
    assert [frame["seconds"] for frame in frames] == [0.003, 0.004, 0.005, 0.005, 0.006, 0.006, 0.006]
    assert [frame["packet"] for frame in frames] == [3, 4, 5, 5, 6, 6, 6]
    assert frames[2]["message"]["text"].startswith("Habari Amina.")
    assert [(frame["answers"], frame["after"]) for frame in frames if frame["answers"]] == [(3, 0.001), (5, 0.001)]


def test_people_see_direction_and_time(tmp_path: Path) -> None:
    path = tmp_path / "some.pcap"
    path.write_bytes(conversation().pcap())
    result = run.invoke(app, ["trace", str(path)])
    assert result.stdout.splitlines()[0] == (
        f"+0.003000 s  10.0.0.1:40000 > 10.0.0.2:2775  bind_transceiver, {len(BIND)} octets, packet 3"
    )
    assert "hunter2" not in result.stdout
    assert (
        f"+0.004000 s  10.0.0.2:2775 > 10.0.0.1:40000  bind_transceiver_resp, {len(BOUND)} octets, packet 4,"
        " 1.000 ms after packet 3"
    ) in result.stdout.splitlines()


@pytest.mark.parametrize("port", [2775, 80, 443, 5000, 8080, 16999])
def test_any_port_will_do(port: int, tmp_path: Path) -> None:
    assert seen(trace(conversation(port=port).pcap(), tmp_path)[1]) == NAMES
    assert seen(trace(conversation(port=port).pcap(), tmp_path, "--port", str(port))[1]) == NAMES


@pytest.mark.parametrize("size", [1, 3, 16, 17, 100])
@pytest.mark.parametrize("first", [1000, 0xFFFFFFFF - 50])
def test_frames_cut_over_segments_are_put_together(size: int, first: int, tmp_path: Path) -> None:
    code, frames, _ = trace(conversation(size=size, first=first).pcap(), tmp_path)
    assert (code, sorted(seen(frames))) == (0, sorted(NAMES))


@pytest.mark.parametrize("seed", range(5))
def test_packets_out_of_order_and_sent_again_change_nothing(seed: int, tmp_path: Path) -> None:
    random = Random(seed)
    made = conversation(size=40)
    again = Capture(
        [(time, octets, snap) for time, octets, snap in made.packets for _ in range(random.randrange(1, 3))]
    )
    start, *rest = again.packets
    random.shuffle(rest)
    code, frames, _ = trace(Capture([start, *rest]).pcap(), tmp_path)
    assert (code, sorted(seen(frames))) == (0, sorted(NAMES))


def test_a_segment_that_covers_another_is_not_read_twice(tmp_path: Path) -> None:
    esme, smsc = sides()
    made = Capture()
    made.add(T, packet(esme.address, smsc.address, 100, 0x10, GOLDEN_SUBMIT[:60]))
    made.add(T + 1, packet(esme.address, smsc.address, 130, 0x10, GOLDEN_SUBMIT[30:] + GOLDEN_SUBMIT))
    made.add(
        T + 2, packet(esme.address, smsc.address, 99 + 2 * len(GOLDEN_SUBMIT), 0x10, GOLDEN_SUBMIT[-1:])
    )  # keep-alive
    code, frames, _ = trace(made.pcap(), tmp_path)
    assert (code, seen(frames)) == (0, ["submit_sm", "submit_sm"])


def test_a_capture_that_begins_within_a_frame_is_read_from_the_next(tmp_path: Path) -> None:
    esme, smsc = sides()
    made = Capture()
    made.send(T, esme, smsc, GOLDEN_SUBMIT[37:])
    made.send(T + 0.5, esme, smsc, GOLDEN_SUBMIT)
    code, frames, _ = trace(made.pcap(), tmp_path)
    assert (code, seen(frames)) == (1, ["?", "submit_sm"])
    assert frames[0]["size"] == len(GOLDEN_SUBMIT) - 37
    assert frames[1]["seconds"] == 0.5


@pytest.mark.parametrize("lost", range(2, 8))
def test_a_packet_that_was_not_captured_costs_only_its_own_frames(lost: int, tmp_path: Path) -> None:
    esme, smsc = sides()
    made = Capture()
    stream = b"".join(pdu.encode(pdu.EnquireLink(sequence=number)) for number in range(100, 140))
    for at in range(0, len(stream), 56):  # no multiple of 16: most packets begin within a frame
        made.send(T + at, esme, smsc, stream[at : at + 56])
    del made.packets[lost]
    code, frames, _ = trace(made.pcap(), tmp_path)
    whole = [frame["fields"][3]["value"] for frame in frames if not frame["fault"]]
    start, end = lost * 56, lost * 56 + 56
    assert whole == [
        number for number in range(100, 140) if (number - 100) * 16 + 16 <= start or (number - 100) * 16 >= end
    ]
    broken = [frame["fault"] for frame in frames if frame["fault"]]
    assert code == (1 if broken else 0)
    assert all("the capture lacks" in fault for fault in broken)


def test_packets_kept_in_part_are_gaps(tmp_path: Path) -> None:
    esme, smsc = sides()
    made = Capture()
    made.send(T, esme, smsc, GOLDEN_SUBMIT)
    made.send(T + 1, esme, smsc, GOLDEN_DELIVER)
    time, octets, _ = made.packets[0]
    made.packets[0] = (time, octets, 96)
    code, frames, _ = trace(made.pcap(), tmp_path)
    assert (code, seen(frames)) == (1, ["submit_sm", "deliver_sm"])
    assert frames[0]["fault"].endswith(f"the capture lacks the next {len(octets) - 96} octets")
    assert frames[1]["fault"] == ""


@pytest.mark.parametrize("snap", [20, 34, 40, 50])
def test_packets_kept_without_their_numbers_are_passed_over(snap: int, tmp_path: Path) -> None:
    made = conversation()
    time, octets, _ = made.packets[4]
    made.packets[4] = (time, octets, snap)
    code, frames, _ = trace(made.pcap(), tmp_path)
    assert (code, seen(frames)) == (0, [name for name in NAMES if name != "submit_sm"])


def test_every_pdu_comes_out_as_it_went_in(tmp_path: Path) -> None:
    esme, smsc = sides()
    made = Capture()
    stream = b"".join(octets for _, octets in SAMPLES)
    for at in range(0, len(stream), 333):
        made.send(T + at, esme, smsc, stream[at : at + 333])
    code, frames, _ = trace(made.pcap(), tmp_path)
    assert code == 0
    assert seen(frames) == [pdu.command_name(value.command_id) for value, _ in SAMPLES]


def test_other_connections_are_passed_over_unless_asked_for(tmp_path: Path) -> None:
    made = conversation()
    one, other = Side(("10.0.0.9", 50000), 5), Side(("10.0.0.2", 80), 9)
    made.send(T + 9, one, other, b"GET / HTTP/1.1\r\n\r\n")
    assert seen(trace(made.pcap(), tmp_path)[1]) == NAMES
    code, frames, _ = trace(made.pcap(), tmp_path, "--port", "80")
    assert (code, seen(frames)) == (1, ["?"])
    assert "this is not SMPP" in frames[0]["fault"]


def test_a_capture_may_come_through_a_pipe() -> None:
    result = run.invoke(app, ["trace", "-", "--json"], input=conversation().pcap())
    assert seen(json.loads(result.stdout)) == NAMES


def web() -> bytes:
    made = Capture()
    made.send(T, Side(("10.0.0.9", 50000), 5), Side(("10.0.0.2", 80), 9), b"GET / HTTP/1.1\r\n\r\n")
    return made.pcap()


@pytest.mark.parametrize(
    ("octets", "options", "words"),
    [
        (web(), [], "no SMPP; connections have the ports 80, 50000"),
        (web(), ["--port", "2775"], "nothing to or from port 2775; connections have the ports 80, 50000"),
        (Capture().pcap(), [], "no TCP connection with octets in it"),
        (b"\xa1\xb2\xc3\xd4junk", [], "some.pcap: tshark: "),
        (b"\x1f\x8bjunk", [], "some.pcap: tshark: "),
    ],
)
def test_what_cannot_be_read_is_said_on_stderr(octets: bytes, options: list[str], words: str, tmp_path: Path) -> None:
    code, frames, said = trace(octets, tmp_path, *options)
    assert (code, frames) == (1, [])
    assert words in said
    assert "Running as user" not in said
    assert len(said.splitlines()) == 1


def test_a_capture_cut_short_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    code, frames, said = trace(conversation().pcap()[:-30], tmp_path)
    assert (code, seen(frames)) == (0, NAMES)
    assert "cut short" in said
