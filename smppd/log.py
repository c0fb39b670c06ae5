"""One line per event to stderr. Numbers are masked and texts left out unless privacy is "open"; secrets never appear.

Callers name their fields; what a field may show follows from its name, so that no call site can forget:
`from to sender recipient number originator` are phone numbers, `text body data raw pdu` are content.
"""

from __future__ import annotations

import logging
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Protocol, cast

import orjson
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

NUMBERS = frozenset({"from", "to", "sender", "recipient", "number", "originator"})
CONTENT = frozenset({"text", "body", "data", "raw", "pdu"})
SECRET_WORDS = ("password", "secret", "token", "authorization", "credential", "dsn", "cookie")

_OURS = str(Path(__file__).resolve().parent)


class Settings(Protocol):
    """What `setup` reads: the [log] table."""

    @property
    def level(self) -> str: ...
    @property
    def format(self) -> str: ...
    @property
    def privacy(self) -> str: ...


class _Privacy:
    open = False


def setup(settings: Settings) -> None:
    """Send our events, and warnings of libraries, to stderr as `settings` says. May be called again on reload."""
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    _Privacy.open = settings.privacy == "open"
    _configure(level, _json if settings.format == "json" else _text)
    root = logging.getLogger()
    root.handlers[:] = [_Foreign()]
    root.setLevel(max(level, logging.WARNING))
    logging.captureWarnings(True)


def _configure(level: int, render: Processor) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            _stamp,
            _Failures(with_stack=level <= logging.DEBUG),
            _discreet,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: structlog.WriteLogger(sys.stderr),
        cache_logger_on_first_use=False,  # a reload must reach every logger
    )


def get(name: str) -> FilteringBoundLogger:
    """The logger of one part of the gateway; its lines carry `name` as `part`."""
    return cast(FilteringBoundLogger, structlog.get_logger(part=name))


def masked(number: str) -> str:
    """`number` with its middle hidden: at most the first five and last two digits stay.

    Short codes (six digits or fewer) and alphanumeric senders name a service, not a person, and stay whole.
    """
    digits = sum(c.isdigit() for c in number)
    if _Privacy.open or digits <= 6:
        return number
    head = min(5, len(number) // 3)
    return f"{number[:head]}{'*' * (len(number) - head - 2)}{number[-2:]}"


def place(error: BaseException) -> str:
    """Type and place of `error` and of what caused it, on one line and without their messages."""
    names: list[str] = []
    at: BaseException | None = error
    while at is not None and len(names) < 8:
        names.append(f"{type(at).__name__}{_where(at.__traceback__)}")
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
    if isinstance(error, BaseExceptionGroup):
        names += [place(inner) for inner in error.exceptions[:3]]
    return " from ".join(names)


def _where(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)
    if not frames:
        return ""
    # The last line of ours says more than the line of the library it called.
    frame = next((frame for frame in reversed(frames) if frame.filename.startswith(_OURS)), frames[-1])
    return f" at {'/'.join(Path(frame.filename).parts[-3:])}:{frame.lineno} in {frame.name}"


def _stamp(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"time": now, "level": event.pop("level"), "event": event.pop("event", ""), **event}


class _Failures:
    """`exc_info` and exceptions given as values become one line; the stack only when debugging, never the message."""

    def __init__(self, with_stack: bool) -> None:
        self.with_stack = with_stack

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        given = event.pop("exc_info", None)
        error = given[1] if isinstance(given, tuple) else sys.exc_info()[1] if given is True else given
        if isinstance(error, BaseException):
            event.setdefault("error", error)
            if self.with_stack:
                event["stack"] = "".join(traceback.format_tb(error.__traceback__))
        for key, value in event.items():
            if isinstance(value, BaseException):
                event[key] = place(value)
        return event


def _discreet(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for key, value in event.items():
        if any(word in key.lower() for word in SECRET_WORDS) or (type(value) is not str and repr(value) == "'***'"):
            event[key] = "***"
        elif _Privacy.open:
            continue
        elif key in NUMBERS and isinstance(value, str):
            event[key] = masked(value)
        elif key in CONTENT and isinstance(value, str | bytes | bytearray | memoryview):
            event[key] = f"<{len(value)} {'characters' if isinstance(value, str) else 'octets'}>"
    return event


def _json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    return orjson.dumps(dict(event), default=_plain, option=orjson.OPT_NON_STR_KEYS).decode()


def _text(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    head = f"{event.pop('time')} {event.pop('level'):<7} {_word(event.pop('event'), free=True)}"
    return " ".join([head, *(f"{key}={_word(value)}" for key, value in event.items())])


def _word(value: object, free: bool = False) -> str:
    text = value if isinstance(value, str) else str(_plain(value)) if isinstance(value, bytes) else str(value)
    if text.isprintable() and (free or (text and not any(c in ' "=' for c in text))):
        return text
    return orjson.dumps(text).decode()


def _plain(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


class _Foreign(logging.Handler):
    """Lines of libraries in our form. Their arguments may quote a URL or a message, so only the template is kept."""

    def emit(self, record: logging.LogRecord) -> None:
        first, *_ = str(record.msg).splitlines() or [""]
        level = min(max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL)
        get(record.name).log(level, first, exc_info=record.exc_info)


_configure(logging.INFO, _json)  # what is logged before `setup` is as discreet as what comes after
