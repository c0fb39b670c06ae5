"""Input made to take long: what grows with its square would stop the one loop that everything runs in."""

from __future__ import annotations

import orjson
import pytest

from smppd.config import SystemConfig
from smppd.http.asking import broken
from smppd.systems.http import Answer
from smppd.systems.kannel_checks import checked
from smppd.systems.kannel_replies import LARGEST, replies
from smppd.systems.kannel_request import Asked, Refusal, from_query
from smppd.systems.kannel_xml import from_xml

pytestmark = pytest.mark.timeout(10)  # each takes less than a second; what they guard against takes many minutes

MANY = 1_000_000
UNREAD: tuple[dict[str, bytes], None] = ({}, None)


def test_xml_with_a_million_lines_in_a_field() -> None:
    lines = b"\n" * MANY
    values, _ = from_xml(b"<message><submit><ud>a" + lines + b"b</ud></submit></message>")
    assert values == {"text": b"a" + lines + b"b"}


def test_xml_with_a_million_lines_between_the_fields() -> None:
    assert from_xml(b"<message><submit>" + b"\n" * MANY + b"<ud>a</ud></submit></message>") == ({"text": b"a"}, None)


def test_xml_that_is_deeper_than_any_message() -> None:
    count = MANY // 7
    assert from_xml(b"<a>" * count + b"</a>" * count) == UNREAD


def test_a_receiver_of_many_digits() -> None:
    with pytest.raises(Refusal, match="denied"):
        checked(Asked({"to": b"1" * MANY + b"x", "from": b"1"}), "", default=True)


def test_json_that_ends_within_a_text_of_quotes() -> None:
    body = b'{"messages":[{"text":"a"},{"text":"' + b'\\"' * (MANY // 2)
    with pytest.raises(orjson.JSONDecodeError) as caught:
        orjson.loads(body)
    assert broken(body, caught.value).startswith("the JSON is broken at line 1, column ")


@pytest.mark.parametrize("end", ["", "\\", '\\"', "[{,"])
def test_json_that_ends_within_a_text_names_its_message(end: str) -> None:
    body = ('{"messages":[{"text":"a"},{"text":"b' + end).encode()
    with pytest.raises(orjson.JSONDecodeError) as caught:
        orjson.loads(body)
    assert ", in message 2: " in broken(body, caught.value)


def test_charsets_that_nobody_knows_are_not_remembered() -> None:
    from encodings import _cache  # type: ignore[attr-defined]

    for name in (b"nobody-knows-1", b"nobody_knows_2" * 1000, b"nobody\0knows"):
        before = len(_cache)
        with pytest.raises(Refusal, match="Charset"):
            checked(from_query(b"to=1&from=1&text=a&charset=" + name), "", default=True)
        assert len(_cache) == before


@pytest.mark.timeout(3)
@pytest.mark.parametrize("said", [b"<script", b"<script>", b"<head", b"</head><head>", b"<", b"</script <", b"<!--"])
def test_a_page_of_tags_that_are_never_closed(said: bytes) -> None:
    config = SystemConfig.model_validate({"type": "kannel", "max_messages": 1})
    page = said * (LARGEST // len(said))
    for found in replies(Answer(200, {"Content-Type": "text/html"}, page, True), config, "255750000001", "15001", "r"):
        assert found.text


@pytest.mark.parametrize(
    ("page", "text"),
    [
        (b"<html><head><title>no</title></head><body>Asante <b>sana</b></body></html>", "Asante sana"),
        (b"<html><head><title>yes</title><body>Asante", "yes Asante"),
        (b"<style>p > a {}</style>a < b<script>no", "a < b"),
        (b"a<!-- <p> no --> b", "a b"),
    ],
)
def test_what_a_page_says(page: bytes, text: str) -> None:
    config = SystemConfig.model_validate({"type": "kannel", "max_messages": 1})
    answer = Answer(200, {"Content-Type": "text/html"}, page, True)
    assert [found.text for found in replies(answer, config, "255750000001", "15001", "r")] == [text]
