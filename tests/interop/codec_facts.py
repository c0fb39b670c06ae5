"""PDUs as flat facts that programs in any language can tell, and where two tellings differ.

A fact is a number, octets as hex, or a list of such. A program that only tells more than octets may say
{"text": TEXT, "udh": HEX} of a message, {"time": SECONDS} of a date, and a number for octets.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pdu
from pdu.declare import LAYOUTS
from tests.interop.corpus import Case

PATIENCE = 60  # seconds for a peer to go through the corpus; it takes about one
MESSAGES = ("short_message", "tlv:message_payload")
ABSENT = "absent"

Facts = dict[str, Any]


class Mismatch(NamedTuple):
    """One fact that a peer tells otherwise: `way` is "reads" (our octets) or "writes" (octets that we read)."""

    peer: str
    way: str
    case: Case
    fact: str
    outcome: str


def facts_of(value: pdu.Pdu) -> Facts:
    """Everything a PDU says."""
    told: Facts = {"command": pdu.command_name(value.command_id), "status": value.status, "sequence": value.sequence}
    for name, _ in LAYOUTS[value.command_id][0]:
        told[name] = _fact(getattr(value, name))
    for tag, octets in value.tlvs:
        told.setdefault(f"tlv:{pdu.tag_name(tag)}", []).append(octets.hex())
    if value.trailing:
        told["trailing"] = value.trailing.hex()
    return told


def _fact(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("latin-1").hex()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, tuple):
        return [_fact(each) for each in value]
    return value


def order(case: Case) -> dict[str, Any]:
    """What a program needs to know to write the PDU of a case."""
    value = case.value
    asked: dict[str, Any] = {
        "command": case.command,
        "command_id": value.command_id,
        "status": value.status,
        "sequence": value.sequence,
        "fields": {name: _fact(getattr(value, name)) for name, _ in LAYOUTS[value.command_id][0]},
        "tlvs": [[tag, pdu.tag_name(tag), octets.hex()] for tag, octets in value.tlvs],
    }
    if isinstance(value, pdu.DeliverSm | pdu.SubmitSm | pdu.DataSm | pdu.SubmitMulti):
        udh, said = said_by(value, pdu.payload(value))
        asked |= {"text": said, "udh": udh.hex(), "about_text": case.text is not None}
    return asked


def said_by(value: Any, octets: bytes) -> tuple[bytes, str | None]:
    """The header and the text of a message's octets."""
    udh = b""
    if value.esm_class & pdu.EsmClass.UDHI and octets:
        size = 1 + octets[0]
        udh, octets = octets[:size], octets[size:]
    return udh, pdu.decode_text(octets, getattr(value, "data_coding", 0), header_octets=len(udh)).text


def differences(case: Case, told: Facts) -> Iterator[tuple[str, str]]:
    """The facts of a case that a peer tells otherwise, and how."""
    expected = facts_of(case.value)
    for name in expected.keys() - told.keys():
        yield name, ABSENT
    implied = _implied(case.value)
    for name, found in told.items():
        if name not in expected and implied.get(name) == found:
            continue
        if name not in expected:
            yield name, f"extra: {_short(found)}"
        elif not _same(case, name, expected[name], found):
            yield name, f"{_short(found)} for {_short(expected[name])}"


def _implied(value: pdu.Pdu) -> Facts:
    """What a peer may tell as well: the text, and the segment that a header names, as if it stood in parameters."""
    if not isinstance(value, pdu.DeliverSm | pdu.SubmitSm | pdu.DataSm | pdu.SubmitMulti):
        return {}
    text = {"text": said_by(value, pdu.payload(value))[1]}
    segment = pdu.user_data(value).segment
    if segment is None:
        return text
    return text | {
        "tlv:sar_msg_ref_num": [segment.reference],
        "tlv:sar_total_segments": [segment.total],
        "tlv:sar_segment_seqnum": [segment.number],
    }


def _same(case: Case, name: str, expected: Any, found: Any) -> bool:
    if isinstance(expected, list) and isinstance(found, list):
        return len(expected) == len(found) and all(
            _same(case, name, one, other) for one, other in zip(expected, found, strict=True)
        )
    if isinstance(expected, str) and isinstance(found, int):
        return bool(expected) and int(expected, 16) == found
    if isinstance(found, dict) and "text" in found:
        udh, said = said_by(case.value, bytes.fromhex(expected))
        return found["text"] == said and found.get("udh", udh.hex()) == udh.hex()
    if isinstance(found, dict):
        return abs(_seconds(bytes.fromhex(expected).decode()) - found["time"]) < PATIENCE
    return bool(expected == found)


def _seconds(said: str) -> float:
    """Seconds since 1970 of a time (SMPP 3.4 section 7.1.1), relative ones from now."""
    years, months, days, hours, minutes, seconds = (int(said[at : at + 2]) for at in range(0, 12, 2))
    if said[15] == "R":
        now = datetime.now(UTC)
        month = now.month - 1 + months
        begun = now.replace(year=now.year + years + month // 12, month=month % 12 + 1, day=1)
        ahead = timedelta(days=now.day - 1 + days, hours=hours, minutes=minutes, seconds=seconds)
        return (begun + ahead).timestamp()
    local = datetime(2000 + years, months, days, hours, minutes, seconds, int(said[12]) * 100_000, UTC)
    offset = timedelta(minutes=15 * int(said[13:15]))
    return (local - offset if said[15] == "+" else local + offset).timestamp()


def _named(fact: str) -> str:
    """A tag that the peer has no name for goes by ours."""
    return f"tlv:{pdu.tag_name(int(fact[4:], 16))}" if fact.startswith("tlv:0x") else fact


def _short(found: Any) -> str:
    said = json.dumps(found)
    return said if len(said) <= 200 else f"{said[:60]}... ({len(said)})"


class Answers(NamedTuple):
    """What a peer made of the corpus: for each case what it read and what it wrote."""

    read: list[dict[str, Any]]
    wrote: list[dict[str, Any]]


def ask(command: Sequence[str | Path], cases: Sequence[Case]) -> Answers:
    """Put the whole corpus to a program, in one run."""
    lines = [json.dumps({"read": case.octets.hex()}) for case in cases]
    lines += [json.dumps({"write": order(case)}) for case in cases]
    asked = "\n".join(lines) + "\n"
    environment = {**os.environ, "TZ": "UTC"}  # a peer may tell dates in local time
    done = subprocess.run(
        command, input=asked, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(answers) == len(lines), done.stderr[-2000:]
    return Answers(answers[: len(cases)], answers[len(cases) :])


def mismatches(peer: str, way: str, cases: Sequence[Case], answers: Iterable[dict[str, Any]]) -> Iterator[Mismatch]:
    """Where the answers of a peer differ from the cases; a PDU it does not know differs in nothing."""
    for case, answer in zip(cases, answers, strict=True):
        if "unknown" in answer:
            continue
        if "error" in answer:
            yield Mismatch(peer, way, case, "pdu", answer["error"])
            continue
        if "octets" in answer:
            try:
                told = facts_of(pdu.decode(bytes.fromhex(answer["octets"])))
            except pdu.DecodeError as error:
                yield Mismatch(peer, way, case, "pdu", f"unreadable: {error}")
                continue
        else:
            told = {_named(fact): said for fact, said in answer["facts"].items()}
        for fact, outcome in differences(case, told):
            yield Mismatch(peer, way, case, fact, outcome)
