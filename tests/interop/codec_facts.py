"""PDUs as flat facts that programs in any language can tell, and where two tellings differ.

A fact is a number, octets as hex, or a list of such. A program that only tells more than octets may say
{"text": TEXT, "udh": HEX} of a message, {"time": SECONDS} of a date, and a number for octets.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pdu
from pdu.declare import LAYOUTS
from tests.interop.corpus import Case

PATIENCE = 120  # seconds for a peer to go through the corpus on a busy machine; alone it takes two
ABSENT = "absent"
RECEIPT = ("id", "stat", "sub", "dlvrd", "err", "submit date", "done date", "text")  # what a receipt's text has

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
    elements: tuple[pdu.Element, ...] = ()
    body = octets
    if value.esm_class & pdu.EsmClass.UDHI and octets:
        elements, body = pdu.parse_udh(octets)
    said = pdu.decode_text(body, getattr(value, "data_coding", 0), elements=elements)
    return octets[: len(octets) - len(body)], said.text


def differences(case: Case, told: Facts) -> Iterator[tuple[str, str]]:
    """The facts of a case that a peer tells otherwise, and how."""
    expected = facts_of(case.value)
    for name in expected.keys() - told.keys():
        yield name, ABSENT
    more = implied(case.value)
    for name, found in told.items():
        if name not in expected and name in more and more[name] == found:
            continue
        if name.startswith("typed:") and name not in more:
            continue  # made of several values to the peer alone
        if name not in expected:
            yield name, f"extra: {_short(found)}"
        elif not _same(case, name, expected[name], found):
            yield name, f"{_short(found)} for {_short(expected[name])}"


def implied(value: pdu.Pdu) -> Facts:
    """What a peer may tell as well: the text, the elements of a header, the segment as if it stood in parameters."""
    if not isinstance(value, pdu.DeliverSm | pdu.SubmitSm | pdu.DataSm | pdu.SubmitMulti):
        return {}
    found = pdu.user_data(value)
    more: Facts = {}
    for name, parts in parts_of(value.tlvs):
        more.setdefault(f"typed:{name}", parts)
    more |= {"text": said_by(value, pdu.payload(value))[1], "elements": [tag for tag, _ in found.elements]}
    if found.segment is not None:
        more["tlv:sar_msg_ref_num"] = [found.segment.reference]
        more["tlv:sar_total_segments"] = [found.segment.total]
        more["tlv:sar_segment_seqnum"] = [found.segment.number]
    receipt = pdu.parse_receipt(value) if isinstance(value, pdu.DeliverSm) else None
    if receipt is not None:
        more["receipt"] = {name: receipt.fields.get(name, "") for name in RECEIPT}
    return more


def parts_of(tlvs: tuple[pdu.Tlv, ...]) -> Iterator[tuple[str, list[Any]]]:
    """The optional parameters that are made of several values."""
    for name, read in pdu.STANDARD.read_all(tlvs):
        if isinstance(read, pdu.ItsSession):
            yield name, [read.session, read.unit, int(read.ends)]
        elif isinstance(read, tuple):
            yield name, _fact(tuple(read))


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
    """Seconds since 1970 of a time, relative ones from now."""
    read = pdu.parse_time(said)
    assert read is not None, said
    return (read.after(datetime.now(UTC)) if isinstance(read, pdu.Relative) else read).timestamp()


def named(fact: str) -> str:
    """A tag that the peer has no name for goes by ours."""
    kind, _, number = fact.partition(":0x")
    return f"{kind}:{pdu.tag_name(int(number, 16))}" if number else fact


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
            told = {named(fact): said for fact, said in answer["facts"].items()}
        for fact, outcome in differences(case, told):
            yield Mismatch(peer, way, case, fact, outcome)
