"""What a status means, as it is documented and as it is done."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pdu import Status, status_name, status_words
from smppd.config.carriers import CarrierConfig
from smppd.smpp.statuses import TABLE, Meaning, meanings

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "statuses.md").read_text()


def test_the_document_has_every_status_of_the_table_and_no_other() -> None:
    rows = re.findall(r"^\| 0x(\w+) \| (\w+) \| (.+) \| ([\w-]+) \|$", DOCUMENT, re.MULTILINE)
    documented = [(int(code, 16), name, words, meaning) for code, name, words, meaning in rows]
    assert documented == [
        (code, status_name(code), status_words(code), meaning.value) for code, meaning in sorted(TABLE.items())
    ]


def test_the_document_explains_every_meaning() -> None:
    explained = re.findall(r"^\| ([\w-]+) \| [^|]+ \|$", DOCUMENT, re.MULTILINE)
    assert explained[1:] == [meaning.value for meaning in Meaning]


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (0, Meaning.ACCEPTED),
        (Status.ESME_RTHROTTLED, Meaning.THROTTLE),
        (Status.ESME_RMSGQFUL, Meaning.THROTTLE),
        (Status.ESME_RSYSERR, Meaning.RETRY),
        (Status.ESME_RINVSRCADR, Meaning.OTHER_CARRIER),
        (Status.ESME_RINVDSTADR, Meaning.FAIL),
        (Status.ESME_RSUBMITFAIL, Meaning.ONCE),
        (0x400, Meaning.ONCE),
        (0xFFFFFFFF, Meaning.ONCE),
    ],
)
def test_the_shipped_meaning(status: int, meaning: Meaning) -> None:
    assert meanings({})(status) is meaning


def test_a_carrier_s_own_table_goes_before_it_however_the_number_is_written() -> None:
    config = CarrierConfig.model_validate(
        {"hosts": ["a:1"], "system_id": "x", "status": {"0x0B": "retry", "88": "fail", "0x444": "other-carrier"}}
    )
    meaning = meanings(config.status)
    assert [meaning(code) for code in (0x0B, 0x58, 0x444)] == [Meaning.RETRY, Meaning.FAIL, Meaning.OTHER_CARRIER]
    assert meaning(0x14) is Meaning.THROTTLE


def test_what_was_accepted_stays_accepted_whatever_is_configured() -> None:
    assert meanings({"0x00": "fail"})(0) is Meaning.ACCEPTED
