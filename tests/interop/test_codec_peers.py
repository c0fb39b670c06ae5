"""Six foreign codecs and ours tell the same of every PDU in the corpus, but for the differences that are listed."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import pdu
from pdu.declare import LAYOUTS
from pdu.kinds import Record
from tests.interop import codec_tshark
from tests.interop.codec_differences import (
    DIFFERENCES,
    DOCUMENT,
    NEVER_AGREED,
    PEERS,
    Difference,
    document,
    known,
)
from tests.interop.codec_facts import Mismatch, ask, facts_of, implied, mismatches, named
from tests.interop.corpus import SHAPES, Case, corpus
from tests.interop.kit import need, need_node_package

pytestmark = [pytest.mark.interop, pytest.mark.timeout(240)]

HERE = Path(__file__).parent


class Verdict(NamedTuple):
    """What came of a peer and the corpus: `agreed` counts facts by way, command and name."""

    found: list[Mismatch]
    agreed: Counter[tuple[str, str, str]]
    unknown: dict[str, set[str]]
    said: set[str]  # names of the cases whose text it read as we do


def python_package(name: str) -> Callable[[Path], dict[str, list[dict[str, Any]]]]:
    def answers(folder: Path) -> dict[str, list[dict[str, Any]]]:
        need(importlib.util.find_spec(name), f"the Python package {name}")
        return asked(sys.executable, HERE / "codec_python.py", name)

    return answers


def node(folder: Path) -> dict[str, list[dict[str, Any]]]:
    need_node_package()
    return asked("node", HERE / "codec_node.js")


def perl(folder: Path) -> dict[str, list[dict[str, Any]]]:
    need(shutil.which("perl"), "Perl")
    there = subprocess.run(["perl", "-MNet::SMPP", "-e", "1"], capture_output=True, check=False)
    need(there.returncode == 0, "Net::SMPP (Debian: libnet-smpp-perl)")
    return asked("perl", HERE / "codec_perl.pl")


def tshark(folder: Path) -> dict[str, list[dict[str, Any]]]:
    program = shutil.which("tshark") or ""
    need(program, "tshark (Debian: tshark)")
    codec_tshark.capture(folder / "corpus.pcap", corpus())
    return {"reads": [{"facts": told} for told in codec_tshark.dissect(program, folder / "corpus.pcap")]}


def asked(*command: str | Path) -> dict[str, list[dict[str, Any]]]:
    answers = ask(command, corpus())
    return {"reads": answers.read, "writes": answers.wrote}


ANSWERS: dict[str, Callable[[Path], dict[str, list[dict[str, Any]]]]] = {
    "tshark": tshark,
    "aiosmpplib": python_package("aiosmpplib"),
    "smpplib": python_package("smpplib"),
    "smpp34": python_package("smpp34"),
    "node": node,
    "perl": perl,
}


@cache
def verdict_on(peer: str, folder: Path) -> Verdict:
    found: list[Mismatch] = []
    agreed: Counter[tuple[str, str, str]] = Counter()
    unknown: dict[str, set[str]] = {}
    said: set[str] = set()
    for way, answers in ANSWERS[peer](folder).items():
        pairs = list(zip(corpus(), answers, strict=True))
        unknown[way] = {case.command for case, answer in pairs if "unknown" in answer}
        differing = list(mismatches(peer, way, corpus(), answers))
        found += differing
        wrong: dict[Case, set[str]] = defaultdict(set)
        for each in differing:
            wrong[each.case].add(each.fact)
        for case, answer in pairs:
            if "unknown" in answer or "pdu" in wrong[case]:
                continue
            if way == "reads" and any(
                _is_text(fact, told) for fact, told in answer["facts"].items() if fact not in wrong[case]
            ):
                said.add(case.name)
            told_apart = implied(case.value).keys() & set(map(named, answer.get("facts", {})))
            for fact in (facts_of(case.value).keys() | told_apart) - wrong[case]:
                agreed[way, case.command, fact] += 1
    return Verdict(found, agreed, unknown, said)


def _is_text(fact: str, told: Any) -> bool:
    """Whether a peer told a text and not octets."""
    if isinstance(told, list):
        return any(_is_text(fact, each) for each in told)
    return fact == "text" or (isinstance(told, dict) and "text" in told)


@pytest.fixture(scope="module", params=sorted(ANSWERS))
def peer(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def verdict(peer: str, tmp_path_factory: pytest.TempPathFactory) -> Verdict:
    return verdict_on(peer, tmp_path_factory.getbasetemp())


def explanation(found: Mismatch) -> Difference | None:
    return next((each for each in DIFFERENCES if each.explains(found)), None)


def test_every_difference_is_listed(verdict: Verdict) -> None:
    unlisted = [each for each in verdict.found if explanation(each) is None]
    shown = [f"{each.peer} {each.way} {each.case.name}: {each.fact}: {each.outcome}" for each in unlisted]
    assert not shown, "\n".join(shown[:20])


def test_every_listed_difference_still_occurs(peer: str, verdict: Verdict) -> None:
    found = {explanation(each) for each in verdict.found}
    assert [each for each in DIFFERENCES if each.peer == peer and each not in found] == []


def test_a_peer_knows_the_pdus_that_it_is_listed_with(peer: str, verdict: Verdict) -> None:
    for way, unknown in verdict.unknown.items():
        assert unknown == {pdu.command_name(number) for number in LAYOUTS} - set(known(peer)), way


def test_each_mandatory_parameter_of_each_pdu_was_agreed_on_both_ways(peer: str, verdict: Verdict) -> None:
    missing = [
        f"{way} {command}: {fact}"
        for way in verdict.unknown
        for command in known(peer)
        for fact in ["command", "sequence", *(name for name, _ in LAYOUTS[pdu.Command[command.upper()]][0])]
        if not verdict.agreed[way, command, fact]
    ]
    assert missing == []


def test_each_standard_tag_was_agreed_on_but_those_that_are_listed(peer: str, verdict: Verdict) -> None:
    standard = {f"tlv:{pdu.tag_name(tag)}" for tag in pdu.Tag}
    for way in verdict.unknown:
        agreed = {fact for agreed_way, _, fact in verdict.agreed if agreed_way == way}
        never = {fact.removeprefix("tlv:") for fact in standard - agreed}
        assert never == NEVER_AGREED.get((peer, way), set()), way


# Optional parameters of several values that no peer takes apart.
WHOLE = {"source_subaddress", "dest_subaddress", "ms_validity"}


def test_what_a_parameter_is_made_of_is_read_by_others_as_we_read_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp()
    agreed = {fact for peer in ("tshark", "node") for _, _, fact in verdict_on(peer, folder).agreed}
    several = {parameter.name for parameter in pdu.STANDARD if isinstance(parameter.kind, Record)}
    assert {name for name in several if f"typed:{name}" not in agreed} == WHOLE


# How many peers read a text as we do, at the least: it is what it was meant to be, and not what we both got wrong.
WITNESSES = {"GSM": 2, "ASCII": 2, "Latin-1": 3, "Cyrillic": 1, "Hebrew": 1, "UCS-2": 3, "turkish": 1, "spanish": 1}
WITNESSES |= {"portuguese": 1, "receipt": 2}


@pytest.mark.parametrize("alphabet", sorted(WITNESSES))
def test_texts_are_read_by_others_as_we_read_them(alphabet: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp()
    counts = Counter(name for peer in ("tshark", "aiosmpplib", "node") for name in verdict_on(peer, folder).said)
    cases = [case.name for case in corpus() if case.name.startswith(f"deliver_sm: {alphabet}") and case.text]
    assert cases
    assert {name: counts[name] for name in cases if counts[name] < WITNESSES[alphabet]} == {}


def test_the_corpus_has_every_pdu_every_parameter_and_every_tag() -> None:
    facts = {(case.command, fact) for case in corpus() for fact in facts_of(case.value)}
    for number, (fields, _) in LAYOUTS.items():
        for name, _ in fields:
            values = {repr(getattr(case.value, name)) for case in corpus() if case.value.command_id == number}
            assert len(values) > 2, f"{pdu.command_name(number)}: {name}"
    assert {f"tlv:{pdu.tag_name(tag)}" for tag in pdu.Tag} <= {fact for _, fact in facts}
    assert set(SHAPES) <= {pdu.tag_name(tag) for tag in pdu.Tag}


def test_our_own_codec_reads_the_corpus_as_it_was_meant() -> None:
    assert [case.name for case in corpus() if pdu.decode(case.octets) != case.value] == []
    assert len({case.octets for case in corpus()}) == len(corpus())


def test_every_peer_is_listed_and_asked() -> None:
    assert set(PEERS) == set(ANSWERS) == {each.peer for each in DIFFERENCES}


def test_the_page_on_interoperation_says_what_the_table_says() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "run python -m tests.interop.codec_differences"
