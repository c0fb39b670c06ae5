"""Times as SMPP writes them (3.4 section 7.1.1, 5.0 section 4.7.23), and the dates of delivery receipts.

Nothing here reads a clock: what is relative is added to a moment that the caller names.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

from pdu.errors import EncodeError

_QUARTER = timedelta(minutes=15)
_LONGEST = timedelta(days=31, hours=23, minutes=59, seconds=59)
_TIME = re.compile(r"[0-9]{15}[-+R]")
_OFFSET = re.compile(r"(?<=[0-9]) ?(?:(?:UTC|GMT)?([-+])([01][0-9]):?([0-5][0-9])|Z|UTC|GMT)$", re.IGNORECASE)
_FRACTION = re.compile(r"(?<=[0-9]:[0-5][0-9]:[0-5][0-9])[.,]([0-9]{1,9})$")
_GROUP = re.compile(r"[0-9]+")
_BETWEEN = re.compile(r"[0-9](?:[0-9]|[-/.:, T_]+(?=[0-9]))*")
# How many digits the year of a date has, by the digits of all: the specification's form first.
_WIDTHS = {10: (2,), 12: (2, 4), 14: (4,)}
# Seconds and milliseconds since 1970 are taken for such from 2001 to 2038: what is beyond begins like a year of ours.
_EPOCHS = {10: 1, 13: 1000}
_YEARS = range(1970, 2100)


class Relative(NamedTuple):
    """A time from now on, as years to seconds; each 0 to 99 when read."""

    years: int = 0
    months: int = 0
    days: int = 0
    hours: int = 0
    minutes: int = 0
    seconds: int = 0

    def after(self, now: datetime) -> datetime:
        """The moment this far after `now`, which must be aware, in its zone.

        Years, months and days are those of the calendar there (a month after 31 January is the last of February);
        hours, minutes and seconds have passed on any clock. Raises ValueError for a naive `now` and OverflowError
        beyond the year 9999.
        """
        if now.utcoffset() is None:
            raise ValueError("now: without an offset")
        month = now.month - 1 + self.months
        year, month = now.year + self.years + month // 12, month % 12 + 1
        if year > 9999:
            raise OverflowError("beyond the year 9999")
        date = now.replace(year=year, month=month, day=min(now.day, monthrange(year, month)[1]))
        date += timedelta(days=self.days)
        span = timedelta(hours=self.hours, minutes=self.minutes, seconds=self.seconds)
        return (date.astimezone(UTC) + span).astimezone(now.tzinfo) if span else date


_LIMITS = Relative(99, 12, 31, 23, 59, 59)


def parse_time(text: str) -> datetime | Relative | None:
    """The time in schedule_delivery_time or validity_period: aware, or relative. Never raises.

    None for what is neither, the empty string (now, or the carrier's default) included. Tenths and offset of a
    relative time mean nothing; offsets of more than the specification's 12 hours are read. Years are 2000 to 2099.
    """
    if not _TIME.fullmatch(text):
        return None
    pairs = [int(text[at : at + 2]) for at in range(0, 12, 2)]
    if text[15] == "R":
        return Relative(*pairs)
    offset = int(text[13:15]) * _QUARTER
    year, month, day, hour, minute, second = pairs
    try:
        zone = timezone(-offset if text[15] == "-" else offset)
        return datetime(2000 + year, month, day, hour, minute, second, int(text[12]) * 100_000, zone)
    except ValueError:  # no such day or hour, or an offset of a day
        return None


def format_time(value: datetime | timedelta | Relative, field: str = "time") -> str:
    """The 16 characters for schedule_delivery_time or validity_period.

    A datetime becomes absolute, cut to its tenth of a second; a timedelta or Relative becomes relative, a timedelta
    in days to seconds, rounded up to a second. Raises EncodeError naming `field`: a datetime that is naive, outside of
    2000 to 2099 or whose offset is not in quarter hours up to 12; a timedelta below zero or longer than 31 days,
    23:59:59; a Relative beyond 99 years, 12 months, 31 days, 23:59:59.
    """
    if isinstance(value, datetime):
        return _absolute(value, field)
    if isinstance(value, timedelta):
        if value < timedelta():
            raise EncodeError(field, "a time before now")
        seconds = -(-value // timedelta(seconds=1))
        if seconds > _LONGEST // timedelta(seconds=1):
            raise EncodeError(field, "too long for a relative time: the longest is 31 days, 23:59:59")
        minutes, seconds = divmod(seconds, 60)
        value = Relative(0, 0, minutes // 1440, minutes // 60 % 24, minutes % 60, seconds)
    for name, count, limit in zip(Relative._fields, value, _LIMITS, strict=True):
        if not isinstance(count, int) or not 0 <= count <= limit:
            raise EncodeError(field, f"{name}: not a number within 0 to {limit}")
    return "".join([f"{count:02d}" for count in value]) + "000R"


def _absolute(value: datetime, field: str) -> str:
    offset = value.utcoffset()
    if offset is None:
        raise EncodeError(field, "a datetime without an offset")
    if offset % _QUARTER:
        raise EncodeError(field, "an offset that is not in quarter hours")
    quarters = offset // _QUARTER
    if abs(quarters) > 48:
        raise EncodeError(field, "an offset of more than 12 hours")
    if not 2000 <= value.year <= 2099:
        raise EncodeError(field, "a year outside of 2000 to 2099")
    sign = "-" if quarters < 0 else "+"
    return f"{value:%y%m%d%H%M%S}{value.microsecond // 100_000}{abs(quarters):02d}{sign}"


def parse_date(text: str) -> datetime | None:
    """The moment in a submit or done date of a receipt, or in final_date of query_sm_resp. Never raises.

    Reads YYMMDDhhmm, with seconds, with a year of four digits, with blanks or punctuation between (year first), an
    offset behind, SMPP's absolute form, and seconds or milliseconds since 1970 where the digits make no date. Naive,
    in the carrier's own zone, unless the text has an offset. None for all else: empty, zeros, no such day.
    """
    text = text.strip(" \t\r\n\0")
    if len(text) > 40:
        return None
    time = parse_time(text)
    if time is not None:
        return time if isinstance(time, datetime) else None
    found = _local(text)
    if found is not None:
        return found
    # After the rest: "240102-0304" ends in hours and minutes, not in an offset.
    offset = _OFFSET.search(text)
    if offset is None:
        return _epoch(text)
    found = _local(text[: offset.start()])
    if found is None:
        return None
    span = timedelta(hours=int(offset[2]), minutes=int(offset[3])) if offset[1] else timedelta()
    return found.replace(tzinfo=timezone(-span if offset[1] == "-" else span))


def _local(text: str) -> datetime | None:
    """The naive moment of a text without an offset."""
    fraction = _FRACTION.search(text)
    if fraction:
        text = text[: fraction.start()]
    if not _BETWEEN.fullmatch(text):
        return None
    groups = _GROUP.findall(text)
    digits = "".join([group.zfill(2) for group in groups])
    for width in _WIDTHS.get(len(digits), ()):
        # Of a year at the end no one can tell which of the other two is the month, so it stands first or nowhere.
        first = len(groups[0])
        if len(groups) > 1 and first < 6 and (first != width or any(len(group) > width for group in groups[1:3])):
            continue
        year, rest = int(digits[:width]) + (2000 if width == 2 else 0), digits[width:]
        month, day, hour, minute, second = (int(rest[at : at + 2] or 0) for at in range(0, 10, 2))
        if year in _YEARS:
            try:
                found = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001  in the carrier's zone
            except ValueError:
                continue
            return found.replace(microsecond=int(fraction[1][:6].ljust(6, "0"))) if fraction else found
    return None


def _epoch(digits: str) -> datetime | None:
    scale = _EPOCHS.get(len(digits))
    if scale is None or not (digits.isascii() and digits.isdecimal()):
        return None
    seconds, rest = divmod(int(digits), scale)
    if not 1_000_000_000 <= seconds < 2**31:
        return None
    return datetime.fromtimestamp(seconds, UTC) + timedelta(milliseconds=rest)
