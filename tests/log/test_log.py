"""What a log line may say, and that it is one line."""

import json
import logging
import re
from collections.abc import Iterator

import pytest

from smppd import log
from smppd.config import LogConfig, Secret


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    log.setup(LogConfig())
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)


def one(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    line: dict[str, str] = json.loads(err)
    return line


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("15001", "15001"),
        ("123456", "123456"),
        ("MOH", "MOH"),
        ("Clinic 24h", "Clinic 24h"),
        ("", ""),
        ("1234567", "12***67"),
        ("712345678", "712****78"),
        ("255712345678", "2557******78"),
        ("+255712345678", "+255*******78"),
        ("00255712345678900", "00255**********00"),
    ],
)
def test_a_number_shows_at_most_its_beginning_and_last_two_digits(number: str, shown: str) -> None:
    log.setup(LogConfig())
    assert log.masked(number) == shown


def test_open_privacy_shows_the_number() -> None:
    log.setup(LogConfig(privacy="open"))
    assert log.masked("255712345678") == "255712345678"


def test_an_event_is_one_json_line_with_time_level_and_fields(capsys: pytest.CaptureFixture[str]) -> None:
    log.setup(LogConfig())
    log.get("link").info("bound", carrier="voda", window=10, raw_size=3)
    line = one(capsys)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    assert line == {"level": "info", "event": "bound", "part": "link", "carrier": "voda", "window": 10, "raw_size": 3}


def test_text_form_is_one_line_even_if_a_field_holds_a_line_break(capsys: pytest.CaptureFixture[str]) -> None:
    log.setup(LogConfig(format="text"))
    log.get("link").warning("bind refused", reason='no "such"\nuser', code=13, empty="")
    _, err = capsys.readouterr()
    assert err.count("\n") == 1
    assert err.endswith(' warning bind refused part=link reason="no \\"such\\"\\nuser" code=13 empty=""\n')


def test_content_and_numbers_are_hidden_by_the_name_of_their_field(capsys: pytest.CaptureFixture[str]) -> None:
    log.setup(LogConfig())
    log.get("intake").info("stored", sender="255712345678", to="15001", text="HIV positive", body=b"\x00\x01")
    line = one(capsys)
    assert (line["sender"], line["to"], line["text"], line["body"]) == (
        "2557******78", "15001", "<12 characters>", "<2 octets>",
    )  # fmt: skip


def test_open_privacy_shows_content(capsys: pytest.CaptureFixture[str]) -> None:
    log.setup(LogConfig(privacy="open"))
    log.get("intake").info("stored", sender="255712345678", text="anc 12", body=b"\x00\x01")
    line = one(capsys)
    assert (line["sender"], line["text"], line["body"]) == ("255712345678", "anc 12", "0001")


@pytest.mark.parametrize("privacy", ["masked", "open"])
def test_a_secret_is_hidden_by_its_name_and_by_its_type(privacy: str, capsys: pytest.CaptureFixture[str]) -> None:
    log.setup(LogConfig.model_validate({"privacy": privacy}))
    log.get("x").info("e", db_password="hunter2", value=Secret("hunter2"), Authorization="Bearer hunter2")
    _, err = capsys.readouterr()
    assert "hunter2" not in err
    assert err.count("***") == 3


def fail_deeply() -> None:
    try:
        int("secret text of a message")
    except ValueError as error:
        raise RuntimeError("another text") from error


@pytest.mark.parametrize("form", ["json", "text"])
def test_an_exception_is_its_types_and_places_and_never_its_message(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    log.setup(LogConfig.model_validate({"format": form}))
    try:
        fail_deeply()
    except RuntimeError as error:
        log.get("x").error("failed", exc_info=True)
        log.get("x").error("failed", error=error)
    _, err = capsys.readouterr()
    assert err.count("\n") == 2
    assert len(re.findall(r"RuntimeError at \S+test_log\.py:\d+ in \w+ from ValueError at \S+:\d+ in", err)) == 2
    assert "text of" not in err
    assert "another" not in err
    assert "Traceback" not in err


def test_a_stack_is_given_when_debugging_and_still_without_the_message(capsys: pytest.CaptureFixture[str]) -> None:
    log.setup(LogConfig(level="debug"))
    try:
        fail_deeply()
    except RuntimeError:
        log.get("x").exception("failed")
    line = one(capsys)
    assert "in fail_deeply" in line["stack"]
    assert "another text" not in json.dumps(line).replace('raise RuntimeError(\\"another text\\")', "")


def test_each_failure_of_a_group_is_named() -> None:
    found = log.place(ExceptionGroup("texts", [KeyError("x"), OSError("y")]))
    assert found == "ExceptionGroup from KeyError from OSError"


def test_events_below_the_level_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    log.setup(LogConfig(level="warning"))
    logger = log.get("x")
    logger.info("no")
    logger.warning("yes")
    assert one(capsys)["event"] == "yes"


def test_a_reload_reaches_loggers_made_before(capsys: pytest.CaptureFixture[str]) -> None:
    log.setup(LogConfig(level="error"))
    logger = log.get("x")
    logger.info("no")
    log.setup(LogConfig(level="info"))
    logger.info("yes")
    assert one(capsys)["event"] == "yes"


def test_a_library_speaks_in_our_form_and_without_its_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    log.setup(LogConfig())
    logging.getLogger("aiohttp.server").warning("bad request %s\nfuture: text", "http://u:hunter2@x/?text=HIV")
    logging.getLogger("aiohttp.access").info("left out")
    line = one(capsys)
    assert (line["level"], line["part"], line["event"]) == ("warning", "aiohttp.server", "bad request %s")
