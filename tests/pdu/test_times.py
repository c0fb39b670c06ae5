"""Times of SMPP and dates of receipts, both ways."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pdu import EncodeError, Relative, format_time, parse_date, parse_time


def zone(hours: float) -> timezone:
    return timezone(timedelta(hours=hours))


naive = datetime.fromisoformat
QUARTERS = st.integers(-48, 48).map(lambda quarters: zone(quarters / 4))
MOMENTS = st.builds(
    lambda at, where, tenth: at.replace(microsecond=tenth * 100_000, tzinfo=where),
    st.datetimes(naive("2000-01-01"), naive("2099-12-31T23:59:59")),
    QUARTERS,
    st.integers(0, 9),
)
RELATIVES = st.builds(
    Relative,
    st.integers(0, 99),
    st.integers(0, 12),
    st.integers(0, 31),
    st.integers(0, 23),
    st.integers(0, 59),
    st.integers(0, 59),
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("261122120000000+", datetime(2026, 11, 22, 12, tzinfo=UTC)),
        ("261122120000700+", datetime(2026, 11, 22, 12, 0, 0, 700_000, UTC)),
        ("000101000000000+", datetime(2000, 1, 1, tzinfo=UTC)),
        ("991231235959900+", datetime(2099, 12, 31, 23, 59, 59, 900_000, UTC)),
        ("240229120000012+", datetime(2024, 2, 29, 12, tzinfo=zone(3))),
        ("240229120000023+", datetime(2024, 2, 29, 12, tzinfo=zone(5.75))),
        ("240229120000014-", datetime(2024, 2, 29, 12, tzinfo=zone(-3.5))),
        ("240229120000048+", datetime(2024, 2, 29, 12, tzinfo=zone(12))),
        ("240229120000048-", datetime(2024, 2, 29, 12, tzinfo=zone(-12))),
        ("000001000000000R", Relative(days=1)),
        ("020610233429000R", Relative(2, 6, 10, 23, 34, 29)),
        ("000000000000000R", Relative()),
        ("991231235959000R", Relative(99, 12, 31, 23, 59, 59)),
    ],
)
def test_a_time_is_read_and_written(text: str, value: datetime | Relative) -> None:
    read = parse_time(text)
    assert read == value
    assert isinstance(read, datetime) == isinstance(value, datetime)
    assert format_time(value) == text
    if isinstance(read, datetime) and isinstance(value, datetime):
        assert read.utcoffset() == value.utcoffset()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("000001000000948R", Relative(days=1)),  # tenths and offset mean nothing
        ("007599000000000R", Relative(months=75, days=99)),
        ("240229120000000-", datetime(2024, 2, 29, 12, tzinfo=UTC)),
        ("240229120000056+", datetime(2024, 2, 29, 12, tzinfo=zone(14))),  # Kiribati
        ("240229120000095-", datetime(2024, 2, 29, 12, tzinfo=zone(-23.75))),
    ],
)
def test_what_we_would_not_write_is_read(text: str, value: datetime | Relative) -> None:
    assert parse_time(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "261122120000",  # local time of the carrier, as in final_date: parse_date
        "26112212000000+",
        "2611221200000000+",
        "261122120000000",
        "261122120000000 ",
        "261122120000000r",
        "261322120000000+",
        "230229120000000+",
        "261122240000000+",
        "261122126000000+",
        "000000000000000+",
        "261122120000096+",
        "2611221200000ab+",
        " 61122120000000+",
        "+61122120000000+",
        "٢٦١١٢٢١٢٠٠٠٠٠٠٠+",
        "261122120000000+\n",
    ],
)
def test_what_is_no_time_is_none(text: str) -> None:
    assert parse_time(text) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (timedelta(), "000000000000000R"),
        (timedelta(minutes=90), "000000013000000R"),
        (timedelta(hours=24), "000001000000000R"),
        (timedelta(days=31, hours=23, minutes=59, seconds=59), "000031235959000R"),
        (timedelta(milliseconds=1), "000000000001000R"),  # not before it
        (timedelta(seconds=59, microseconds=1), "000000000100000R"),
        (datetime(2026, 11, 22, 12, 0, 0, 799_999, UTC), "261122120000700+"),
        (datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("Africa/Nairobi")), "260701120000012+"),
    ],
)
def test_what_is_given_becomes_16_characters(value: timedelta | datetime, text: str) -> None:
    assert format_time(value) == text


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (naive("2026-11-22"), "a datetime without an offset"),
        (datetime(2026, 11, 22, tzinfo=timezone(timedelta(minutes=10))), "an offset that is not in quarter hours"),
        (datetime(2026, 11, 22, tzinfo=timezone(timedelta(seconds=1))), "an offset that is not in quarter hours"),
        (datetime(2026, 11, 22, tzinfo=zone(12.25)), "an offset of more than 12 hours"),
        (datetime(2026, 11, 22, tzinfo=zone(-13)), "an offset of more than 12 hours"),
        (datetime(1999, 12, 31, tzinfo=UTC), "a year outside of 2000 to 2099"),
        (datetime(2100, 1, 1, tzinfo=UTC), "a year outside of 2000 to 2099"),
        (timedelta(seconds=-1), "a time before now"),
        (timedelta(days=32), "too long for a relative time: the longest is 31 days, 23:59:59"),
        (timedelta(days=31, hours=23, minutes=59, seconds=59.5), "too long for a relative time: the longest is "
         "31 days, 23:59:59"),
        (Relative(years=100), "years: not a number within 0 to 99"),
        (Relative(months=13), "months: not a number within 0 to 12"),
        (Relative(days=32), "days: not a number within 0 to 31"),
        (Relative(hours=24), "hours: not a number within 0 to 23"),
        (Relative(minutes=60), "minutes: not a number within 0 to 59"),
        (Relative(seconds=-1), "seconds: not a number within 0 to 59"),
        (Relative(days=1.5), "days: not a number within 0 to 31"),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_by_the_name_of_its_field(
    value: datetime | timedelta | Relative, reason: str
) -> None:
    with pytest.raises(EncodeError) as error:
        format_time(value, "validity_period")
    assert (error.value.field, error.value.reason) == ("validity_period", reason)


@pytest.mark.parametrize(
    ("span", "now", "then"),
    [
        (Relative(days=1), "2026-11-22T12:00:00+00:00", "2026-11-23T12:00:00+00:00"),
        (Relative(months=1), "2026-01-31T12:00:00+03:00", "2026-02-28T12:00:00+03:00"),
        (Relative(months=1), "2024-01-31T12:00:00+03:00", "2024-02-29T12:00:00+03:00"),
        (Relative(years=1), "2024-02-29T12:00:00+00:00", "2025-02-28T12:00:00+00:00"),
        (Relative(years=4), "2024-02-29T12:00:00+00:00", "2028-02-29T12:00:00+00:00"),
        (Relative(months=1, days=1), "2026-01-31T12:00:00+00:00", "2026-03-01T12:00:00+00:00"),
        (Relative(months=12), "2026-12-31T12:00:00+00:00", "2027-12-31T12:00:00+00:00"),
        (Relative(months=99), "2026-11-22T12:00:00+00:00", "2035-02-22T12:00:00+00:00"),
        (Relative(hours=23, minutes=59, seconds=59), "2026-12-31T00:00:01+00:00", "2027-01-01T00:00:00+00:00"),
        (Relative(), "2026-11-22T12:00:00.500000+05:45", "2026-11-22T12:00:00.500000+05:45"),
    ],
)
def test_a_relative_time_is_added_by_the_calendar(span: Relative, now: str, then: str) -> None:
    assert span.after(datetime.fromisoformat(now)).isoformat() == then


def test_hours_pass_on_any_clock_and_days_by_the_calendar_of_the_zone() -> None:
    before = datetime(2026, 3, 28, 12, tzinfo=ZoneInfo("Europe/Paris"))  # a day of 23 hours follows
    assert Relative(days=1).after(before).isoformat() == "2026-03-29T12:00:00+02:00"
    assert Relative(hours=24).after(before).isoformat() == "2026-03-29T13:00:00+02:00"


def test_a_relative_time_needs_an_aware_now_and_ends_with_the_calendar() -> None:
    with pytest.raises(ValueError, match="now"):
        Relative(days=1).after(naive("2026-11-22"))
    with pytest.raises(OverflowError):
        Relative(years=99).after(datetime(9950, 1, 1, tzinfo=UTC))
    with pytest.raises(OverflowError):
        Relative(days=99).after(datetime(9999, 12, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2401020304", "2024-01-02T03:04:00"),
        ("240102030405", "2024-01-02T03:04:05"),
        ("20240102030405", "2024-01-02T03:04:05"),
        ("202401020304", "2024-01-02T03:04:00"),
        ("201201020304", "2020-12-01T02:03:04"),  # could be both: the specification's form first
        (" 2401020304\r\n\0", "2024-01-02T03:04:00"),
        ("2024-01-02 03:04:05", "2024-01-02T03:04:05"),
        ("2024/01/02 03:04:05", "2024-01-02T03:04:05"),
        ("2024.01.02 03.04.05", "2024-01-02T03:04:05"),
        ("2024-01-02T03:04", "2024-01-02T03:04:00"),
        ("2024-1-2 3:04", "2024-01-02T03:04:00"),
        ("24/01/02 03:04", "2024-01-02T03:04:00"),
        ("24-01-02,03:04:05", "2024-01-02T03:04:05"),
        ("24:01:02:03:04", "2024-01-02T03:04:00"),
        ("240102 0304", "2024-01-02T03:04:00"),
        ("240102-0304", "2024-01-02T03:04:00"),
        ("240102 030405", "2024-01-02T03:04:05"),
        ("20240102_030405", "2024-01-02T03:04:05"),
        ("20240102 03:04", "2024-01-02T03:04:00"),
        ("2024-01-02 03:04:05.123", "2024-01-02T03:04:05.123000"),
        ("2024-01-02 03:04:05,123456789", "2024-01-02T03:04:05.123456"),
        ("2024-01-02T03:04:05Z", "2024-01-02T03:04:05+00:00"),
        ("2024-01-02 03:04:05 UTC", "2024-01-02T03:04:05+00:00"),
        ("2024-01-02T03:04:05.5+02:00", "2024-01-02T03:04:05.500000+02:00"),
        ("2024-01-02 03:04:05 GMT-0530", "2024-01-02T03:04:05-05:30"),
        ("2401020304+0300", "2024-01-02T03:04:00+03:00"),
        ("240102030405-0500", "2024-01-02T03:04:05-05:00"),
        ("20-12-01 02:03-05:00", "2020-12-01T02:03:00-05:00"),
        ("240102030405012+", "2024-01-02T03:04:05+03:00"),
        ("1764164645", "2025-11-26T13:44:05+00:00"),
        ("1764164645123", "2025-11-26T13:44:05.123000+00:00"),
    ],
)
def test_a_date_of_a_receipt_is_read(text: str, iso: str) -> None:
    found = parse_date(text)
    assert found is not None
    assert found.isoformat() == iso


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "0",
        "0000000000",
        "000000000000",
        "00000000000000",
        "0000-00-00 00:00:00",
        "none",
        "NULL",
        "2413020304",
        "2302290304",
        "2401022504",
        "240102",
        "20240102",
        "24010203",
        "24010203045",
        "02/01/2024 03:04",  # 2 January or 1 February
        "02/01/2019 03:04",
        "02-01-2019 03:04:05",
        "000001000000000R",
        "240102030405+",
        "2024-01-02 03:04:05 EAT",
        "+2401020304",
        "-1764164645",
        "٢٤٠١٠٢٠٣٠٤",
        "2401020304" * 5,
    ],
)
def test_a_date_that_says_nothing_is_none(text: str) -> None:
    assert parse_date(text) is None


@given(MOMENTS)
def test_an_absolute_time_comes_back(moment: datetime) -> None:
    text = format_time(moment)
    for read in (parse_time(text), parse_date(text)):
        assert isinstance(read, datetime)
        assert (read, read.utcoffset()) == (moment, moment.utcoffset())


@given(RELATIVES)
def test_a_relative_time_comes_back(value: Relative) -> None:
    assert parse_time(format_time(value)) == value


@given(st.integers(0, 32 * 86400 - 1), MOMENTS)
def test_a_timedelta_comes_back_as_what_it_adds(seconds: int, now: datetime) -> None:
    value = parse_time(format_time(timedelta(seconds=seconds)))
    assert isinstance(value, Relative)
    assert value.after(now) == now + timedelta(seconds=seconds)


@given(RELATIVES, MOMENTS)
def test_a_relative_time_lies_ahead_and_keeps_the_zone(value: Relative, now: datetime) -> None:
    then = value.after(now)
    assert then >= now
    assert then.tzinfo == now.tzinfo


@given(st.datetimes(naive("2013-01-01"), naive("2099-12-31")), st.sampled_from(["%y%m%d%H%M%S", "%Y%m%d%H%M%S"]))
def test_a_local_date_comes_back(moment: datetime, form: str) -> None:
    assert parse_date(moment.strftime(form)) == moment.replace(microsecond=0)


@given(st.text(max_size=60) | st.text("0123456789-+/:. TZR", max_size=20))
@example("9999-12-31T23:59:59+19:59")
@example("0001-01-01 00:00:00")
def test_reading_never_raises(text: str) -> None:
    time, date = parse_time(text), parse_date(text)
    assert time is None or len(text) == 16
    assert date is None or 1970 <= date.year <= 2099
