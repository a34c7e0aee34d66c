"""Times as people write them."""

from datetime import UTC, datetime, timedelta

import pytest

from pointsmanctl.output.times import parse_time

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


@pytest.mark.parametrize("text", ["", "yesterday", "5", "-3d", "9999999d", "2026-13-01"])
def test_an_invalid_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="is not a valid time: use 30m"):
        parse_time(text, NOW)


@pytest.mark.parametrize("text", ["999999w", "0001-01-01T00:00+02:00", "9999-12-31T23:59-02:00", "99999w"])
def test_a_time_outside_the_calendar_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a valid time: use 30m|is before 1970"):
        parse_time(text, NOW)
