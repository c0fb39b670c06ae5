"""The SMPP in a capture of packets: tshark reads the packets, the streams are put together here.

So a frame is found wherever it lies: cut over segments, several in one, sent twice, out of order, over any port.
"""

from __future__ import annotations

import shutil
import subprocess
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import typer

import pdu
from smppd.cli.explain import explain, find_frame
from smppd.cli.explained import Frame
from smppd.errors import SmppdError

_FIELDS = (
    "frame.number", "frame.time_epoch", "tcp.stream", "ip.src", "ipv6.src", "tcp.srcport", "ip.dst", "ipv6.dst",
    "tcp.dstport", "tcp.seq_raw", "tcp.flags.syn", "tcp.len", "tcp.payload",
)  # fmt: skip
_WRAP = 1 << 32  # sequence numbers of TCP


class NoCapture(SmppdError):
    """A capture that cannot be read, or has nothing to read."""


class Segment(NamedTuple):
    """What one packet carries of one direction of a connection. `octets` may be fewer than `length`: not captured."""

    packet: int
    time: float
    stream: int
    source: str
    target: str
    sequence: int
    syn: bool
    length: int
    octets: bytes


@dataclass(slots=True)
class Traced:
    """Where and when a frame went by; `seconds` since the first packet with a payload, when its last octet came.

    Of a response, `answers` is the packet of its request and `after` the seconds since that.
    """

    stream: int
    source: str
    target: str
    packet: int
    time: float
    seconds: float
    answers: int | None = None
    after: float | None = None

    def described(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class Direction:
    """One direction of a connection, put together; `starts` are where the octets of each of `packets` begin."""

    stream: int
    source: str
    target: str
    octets: bytearray = field(default_factory=bytearray)
    starts: list[int] = field(default_factory=list)
    packets: list[Segment] = field(default_factory=list)
    gaps: list[tuple[int, int]] = field(default_factory=list)  # offset, octets missing there

    @property
    def ports(self) -> set[int]:
        return {int(end.rpartition(":")[2]) for end in (self.source, self.target)}

    def add(self, packet: Segment, octets: bytes) -> None:
        if octets:
            self.starts.append(len(self.octets))
            self.packets.append(packet)
            self.octets += octets

    def at(self, offset: int) -> Segment:
        """The packet that brought the octet at `offset`."""
        return self.packets[bisect_right(self.starts, offset) - 1]


def captured(octets: bytes, name: str, ports: list[int], alphabet: str) -> list[tuple[Frame, bytes, Traced]]:
    """The frames of all connections in a capture, in order of time, each with the stream its offsets count in.

    With `ports`, those of connections to or from them; else of connections in which SMPP is found. Raises NoCapture.
    """
    segments = list(_segments(_tshark(octets, name)))
    if not segments:
        raise NoCapture(f"trace: {name}: no TCP connection with octets in it")
    first = min(segment.time for segment in segments)
    found: list[tuple[Frame, bytes, Traced]] = []
    directions = put_together(segments)
    wanted = {
        each.stream
        for each in directions
        if (set(ports) & each.ports if ports else find_frame(each.octets, 0) < len(each.octets))
    }
    for direction in directions:
        if direction.stream not in wanted:
            continue
        stream = bytes(direction.octets)
        for frame in _explained(direction, stream, alphabet):
            last = direction.at(frame.offset + max(frame.size, 1) - 1)
            sent = Traced(
                last.stream, direction.source, direction.target, last.packet, last.time, round(last.time - first, 6)
            )
            found.append((frame, stream, sent))
    if not found:
        there = ", ".join(map(str, sorted(set().union(*(each.ports for each in directions)))[:20]))
        what = f"nothing to or from port {', '.join(map(str, ports))}" if ports else "no SMPP"
        raise NoCapture(f"trace: {name}: {what}; connections have the ports {there}")
    found.sort(key=lambda each: (each[2].time, each[2].packet))
    _answer(found)
    return found


def _answer(found: Iterable[tuple[Frame, bytes, Traced]]) -> None:
    """Tell of each response which request it answers: the last in the other direction with its number and command."""
    asked: dict[tuple[int, str, int, int], Traced] = {}
    for frame, _, sent in found:
        header = {field.name: field.value for field in frame.fields[:4]}
        command, number = header.get("command_id", 0), header.get("sequence_number", 0)
        if not command & pdu.RESPONSE:
            asked[sent.stream, sent.source, command, number] = sent
        elif request := asked.get((sent.stream, sent.target, command & ~pdu.RESPONSE, number)):
            sent.answers, sent.after = request.packet, round(sent.time - request.time, 6)


def _tshark(octets: bytes, name: str) -> str:
    program = shutil.which("tshark")
    if program is None:
        raise NoCapture(
            "trace: a capture is read by tshark, which is not installed: apt install tshark (or wireshark-cli)"
        )
    command = [program, "-n", "-r", "-", "-Y", "tcp && !icmp && !icmpv6", "-T", "fields"]
    # One value of each field: in a tunnel the inner packet is the one that counts.
    command += ["-E", "occurrence=l", "-o", "tcp.desegment_tcp_streams:FALSE"]
    for each in _FIELDS:
        command += ["-e", each]
    done = subprocess.run(command, input=octets, capture_output=True, check=False)
    words = [line for line in done.stderr.decode(errors="replace").splitlines() if "Running as user" not in line]
    said = " ".join(words) or f"tshark ended with {done.returncode}"
    if done.returncode and not done.stdout:
        raise NoCapture(f"trace: {name}: {said}")
    if done.returncode:  # it is read as far as it goes
        typer.echo(f"trace: {name}: {said}", err=True)
    return done.stdout.decode("ascii")


def _segments(table: str) -> Iterator[Segment]:
    for line in table.splitlines():
        number, time, stream, *ends, sequence, syn, length, payload = line.split("\t")
        if not (sequence and length):
            continue  # so little of it was kept that it has no numbers
        source, target = _end(*ends[:3]), _end(*ends[3:])
        octets = bytes.fromhex(payload.replace(":", ""))
        started = syn in ("1", "True")
        if int(length) or started:
            yield Segment(
                int(number), float(time), int(stream), source, target, int(sequence), started, int(length), octets
            )


def _end(v4: str, v6: str, port: str) -> str:
    return f"{v4}:{port}" if v4 else f"[{v6}]:{port}"


def put_together(segments: Iterable[Segment]) -> list[Direction]:
    """The octets of each direction in order, each once."""
    sorted_out: dict[tuple[int, str], list[Segment]] = {}
    for segment in segments:
        sorted_out.setdefault((segment.stream, segment.source), []).append(segment)
    return [_joined(each) for each in sorted_out.values()]


def _joined(segments: list[Segment]) -> Direction:
    direction = Direction(segments[0].stream, segments[0].source, segments[0].target)
    begin = next((segment.sequence + 1 for segment in segments if segment.syn), None)
    if begin is None:
        # A capture that begins within the connection: the lowest number, seen from the first.
        first = segments[0].sequence
        begin = first + min(_distance(first, segment.sequence) for segment in segments)
    placed = [(_distance(begin, segment.sequence + segment.syn), segment) for segment in segments]
    expected = 0
    for place, segment in sorted(placed, key=lambda each: each[0]):
        if place > expected:
            direction.gaps.append((len(direction.octets), place - expected))
            expected = place
        new = segment.octets[expected - place :]
        direction.add(segment, new)
        expected += len(new)
    return direction


def _distance(start: int, to: int) -> int:
    """How far `to` is ahead of `start`; negative if it is behind."""
    return (to - start + _WRAP // 2) % _WRAP - _WRAP // 2


def _explained(direction: Direction, stream: bytes, alphabet: str) -> Iterator[Frame]:
    """The frames between the gaps, with offsets in the whole direction."""
    start = 0
    for end, missing in [*direction.gaps, (len(stream), 0)]:
        frames = explain(stream[:end], alphabet=alphabet, at=start)
        if frames and start and direction.gaps and frames[0].fault:
            frames[0].fault = f"{frames[0].fault}; the capture lacks octets before it"
        if missing and frames and frames[-1].fault:
            frames[-1].fault += f"; the capture lacks the next {missing} octets"
        yield from frames
        start = end
