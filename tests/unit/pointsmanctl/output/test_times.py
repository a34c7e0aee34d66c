"""Times as people write them."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pointsmanctl.output.times import local_minute, local_text, parse_time, zone_name

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30m", NOW - timedelta(minutes=30)),
        ("7d", NOW - timedelta(days=7)),
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20T10:00+02:00", datetime(2026, 11, 20, 8, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_people_write_them(text: str, expected: datetime) -> None:
    assert parse_time(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "tomorrow", "5", "-3d", "9999999d", "2026-13-01"])
def test_an_invalid_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="is not a valid time: use 30m"):
        parse_time(text, NOW)


@pytest.mark.parametrize("text", ["999999w", "0001-01-01T00:00+02:00", "9999-12-31T23:59-02:00", "99999w"])
def test_a_time_outside_the_calendar_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a valid time: use 30m|is before 1970"):
        parse_time(text, NOW)


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("today", datetime(2026, 11, 22, 23, tzinfo=UTC)),
        ("Yesterday", datetime(2026, 11, 21, 23, tzinfo=UTC)),
        ("monday", datetime(2026, 11, 22, 23, tzinfo=UTC)),
        ("tuesday", datetime(2026, 11, 16, 23, tzinfo=UTC)),
        ("2026-07-01", datetime(2026, 6, 30, 22, tzinfo=UTC)),
        ("2026-11-20T10:00", datetime(2026, 11, 20, 9, tzinfo=UTC)),
        ("2026-11-20T10:00Z", datetime(2026, 11, 20, 10, tzinfo=UTC)),
    ],
)
def test_days_and_times_are_those_of_the_reader(text: str, expected: datetime) -> None:
    assert parse_time(text, NOW) == expected


@pytest.mark.usefixtures("berlin")
def test_times_are_shown_in_the_zone_of_the_reader() -> None:
    assert zone_name() == "CET/CEST"
    assert local_minute(NOW) == "2026-11-23 13:00 CET"
    assert local_minute(datetime(2026, 7, 1, tzinfo=UTC)) == "2026-07-01 02:00 CEST"


@pytest.mark.usefixtures("berlin")
def test_a_time_that_the_clocks_show_twice_has_the_name_of_its_zone() -> None:
    summer, winter = (datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1))
    assert (local_text(summer), local_text(winter)) == ("2026-10-25 02:30:00 CEST", "2026-10-25 02:30:00 CET")
    assert local_text(summer - timedelta(hours=1)) == "2026-10-25 01:30:00"
    assert local_text(winter + timedelta(hours=1)) == "2026-10-25 03:30:00"
    assert local_text(datetime(2026, 3, 29, 1, 30, tzinfo=UTC)) == "2026-03-29 03:30:00"


@pytest.mark.parametrize("moment", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)])
def test_times_at_the_ends_of_the_calendar_are_shown(moment: datetime) -> None:
    assert local_text(moment).endswith(f"{moment:%m-%d %H:%M:%S}")


@pytest.mark.usefixtures("berlin")
def test_a_range_has_both_hours_of_the_same_clock_time() -> None:
    night = datetime(2026, 10, 25, tzinfo=UTC)
    assert parse_time("2026-10-25T02:30", NOW) == night.replace(minute=30)
    assert parse_time("2026-10-25T02:30", NOW, is_end=True) == night.replace(hour=1, minute=30)
    assert parse_time("2026-10-25T02:30", NOW, ZoneInfo("Europe/Berlin"), is_end=True) == night.replace(
        hour=1, minute=30
    )
    assert parse_time("2026-10-25T02:30+02:00", NOW, is_end=True) == night.replace(minute=30)


@pytest.mark.usefixtures("berlin")
def test_without_summer_time_a_zone_has_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "JST-9")
    time.tzset()
    assert zone_name() == "JST"
    assert local_minute(NOW) == "2026-11-23 21:00 JST"
