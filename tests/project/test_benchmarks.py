"""The benchmarks compare equals: every library there is does the same work."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from benchmarks import codec, codecs, session, texts
from benchmarks.codec import Commands, Differs, check, check_texts, told_by

PEERS = ("aiosmpplib", "smpplib", "smpp34 (Rust)", "libsmpp34 (C)", "smpp (npm)")


@pytest.fixture(scope="module")
def found() -> Iterator[Commands]:
    with codec.commands() as (commands, _):
        yield commands


@pytest.mark.parametrize("name", ["smppd", "smppd, values", *PEERS])
def test_every_library_reads_and_writes_the_two_pdus(found: Commands, name: str) -> None:
    if name not in found:
        pytest.skip(f"{name} is not installed")
    told = told_by(found[name], 0)
    check(told)
    assert all(us > 0 for us in told["us"])


@pytest.mark.parametrize("name", texts.LIBRARIES)
def test_every_library_makes_the_same_of_the_texts(name: str) -> None:
    pytest.importorskip("pdu" if name == "smppd" else name)
    told = told_by([sys.executable, "-m", "benchmarks.texts", name, "{}"], 0)
    check_texts(told)
    assert set(told["us"]) <= set(texts.WORK)


def test_another_field_or_octet_stops_the_benchmark() -> None:
    told = {"fields": codecs.FIELDS, "frames": [codecs.A.hex(), codecs.B.hex()]}
    check(told)
    with pytest.raises(Differs, match="read"):
        check(told | {"fields": [["255712345679", *codecs.FIELDS[0][1:]], codecs.FIELDS[1]]})
    with pytest.raises(Differs, match="wrote"):
        check(told | {"frames": [codecs.A.hex(), codecs.B.hex()[:-2] + "02"]})
    with pytest.raises(Differs):
        check_texts({"faults": {"split GSM, 1,000": texts.fault("split GSM, 1,000", [b"\x05\x00\x03\x07\x01\x01"])}})
    assert texts.fault("encode GSM, 160 characters", texts.GSM.encode()[:-1])
    assert texts.fault("decode UCS-2, 70", texts.AMHARIC[1:])


@pytest.mark.parametrize("name", session.CLIENTS)
def test_every_client_has_all_its_messages_answered(name: str) -> None:
    if name != "smppd":
        pytest.importorskip("smpp34")
    told = session.measure(name, 10, 205)
    assert told["messages"] == 205
    assert 0 < told["p50"] <= told["p99"]
