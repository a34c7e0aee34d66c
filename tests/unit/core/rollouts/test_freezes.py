"""Freeze windows: when they begin and end, at changes of daylight saving time and where windows meet."""

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pointsman.core.rollout_plan import FreezeWindow
from pointsman.core.rollouts.freezes import LOOK_AHEAD, frozen_until

HOUR = 3600
DAY = 24 * HOUR
BERLIN = "Europe/Berlin"


def at(text: str) -> datetime:
    """A time in UTC: `at("2026-03-06 16:00")`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def window(cron: str, seconds: int = HOUR, time_zone: str = BERLIN) -> FreezeWindow:
    return FreezeWindow(cron=cron, seconds=seconds, time_zone=time_zone)


def test_without_windows_nothing_is_frozen() -> None:
    assert frozen_until((), at("2026-03-06 16:00")) is None


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-03-06 15:59:59.999999", None),  # Friday, 17:00 in Berlin is 16:00 UTC
        ("2026-03-06 16:00", "2026-03-09 08:00"),
        ("2026-03-08 12:34:56.789", "2026-03-09 08:00"),
        ("2026-03-09 07:59:59.999999", "2026-03-09 08:00"),
        ("2026-03-09 08:00", None),
    ],
)
def test_a_weekend_is_frozen_from_its_first_to_before_its_last_moment(now: str, until: str | None) -> None:
    assert frozen_until([window("0 17 * * FRI", 64 * HOUR)], at(now)) == (until and at(until))


def test_the_answer_is_in_utc_whatever_the_zone_of_the_question() -> None:
    until = frozen_until([window("0 17 * * FRI", 64 * HOUR)], at("2026-03-06 16:00").astimezone(ZoneInfo(BERLIN)))
    assert until is not None
    assert until.tzinfo is UTC


@pytest.mark.parametrize(
    ("now", "until"),
    [
        # 29 March 2026: from 02:00 CET to 03:00 CEST, at 01:00 UTC
        ("2026-03-28 16:00", "2026-03-30 16:00"),  # 17:00 CET; 48 hours later it is 18:00 CEST
        ("2026-03-30 15:59", "2026-03-30 16:00"),
        # 25 October 2026: from 03:00 CEST to 02:00 CET, at 01:00 UTC
        ("2026-10-24 15:00", "2026-10-26 15:00"),  # 17:00 CEST; 48 hours later it is 16:00 CET
        ("2026-10-26 15:00", None),
    ],
)
def test_a_window_over_a_change_of_time_lasts_its_seconds(now: str, until: str | None) -> None:
    assert frozen_until([window("0 17 * * SAT", 48 * HOUR)], at(now)) == (until and at(until))


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-03-29 00:59:59", None),
        ("2026-03-29 01:00", "2026-03-29 02:00"),  # 02:30 is skipped: it begins with the end of the gap, at 03:00 CEST
        ("2026-03-29 02:00", None),
        ("2026-10-25 00:29:59", None),
        ("2026-10-25 00:30", "2026-10-25 01:30"),  # 02:30 comes twice: it begins at the first
        ("2026-10-25 01:15", "2026-10-25 01:30"),  # 02:15 for the second time
        ("2026-10-25 01:30", None),  # 02:30 for the second time
    ],
)
def test_a_window_that_begins_in_a_change_of_time(now: str, until: str | None) -> None:
    assert frozen_until([window("30 2 * * *")], at(now)) == (until and at(until))


@pytest.mark.parametrize(
    ("cron", "now", "until"),
    [
        ("0 0 L * *", "2028-02-29 12:00", "2028-03-01 00:00"),
        ("0 0 L * *", "2028-02-28 12:00", None),
        ("0 0 L * *", "2026-04-30 00:00", "2026-05-01 00:00"),
        ("0 0 31 * *", "2026-06-30 12:00", None),  # June has no 31st
        ("0 0 31 * *", "2026-12-31 12:00", "2027-01-01 00:00"),
        ("0 0 29 2 *", "2028-02-29 23:59", "2028-03-01 00:00"),
    ],
)
def test_month_ends(cron: str, now: str, until: str | None) -> None:
    assert frozen_until([window(cron, DAY, "UTC")], at(now)) == (until and at(until))


def test_windows_that_overlap_or_follow_each_other_are_one_freeze() -> None:
    windows = [
        window("0 17 * * FRI", 8 * HOUR, "UTC"),
        window("0 0 * * SAT", 12 * HOUR, "UTC"),  # overlaps the first
        window("0 12 * * SAT", 12 * HOUR, "UTC"),  # follows without a pause
        window("1 0 * * SUN", HOUR, "UTC"),  # after a minute's pause
    ]
    assert frozen_until(windows, at("2026-03-06 18:00")) == at("2026-03-08 00:00")
    assert frozen_until(reversed(windows), at("2026-03-06 18:00")) == at("2026-03-08 00:00")
    assert frozen_until(windows, at("2026-03-08 00:00")) is None


def test_a_short_window_within_a_long_one_does_not_end_it() -> None:
    windows = [window("0 9 * * *", 8 * HOUR, "UTC"), window("0 12 * * *", HOUR, "UTC")]
    assert frozen_until(windows, at("2026-03-06 12:30")) == at("2026-03-06 17:00")


@pytest.mark.parametrize(("cron", "seconds"), [("0 0 * * *", DAY), ("0 * * * *", HOUR), ("* * * * *", 60)])
def test_a_freeze_without_end_is_followed_for_a_bounded_time(cron: str, seconds: int) -> None:
    now = at("2026-03-06 12:30")
    until = frozen_until([window(cron, seconds)], now)
    assert until is not None
    assert now < until <= now + LOOK_AHEAD + timedelta(days=2)


# Every minute of these days is looked at; both have a change of time in Berlin.
SCANNED = [at("2026-03-27 00:00"), at("2026-10-23 00:00")]
FIELDS = st.tuples(
    st.sampled_from([0, 15, 30, 59]),
    st.lists(st.integers(0, 23), min_size=1, max_size=3, unique=True).map(lambda hours: tuple(sorted(hours)))
    | st.sampled_from([(1, 2, 3), (2,), (3,)]),
    st.integers(0, 6) | st.none(),  # day of the week
)
type Fields = tuple[int, tuple[int, ...], int | None]


@cache
def local_times(first: datetime) -> list[tuple[datetime, datetime]]:
    """Each minute around `first`, with the wall-clock times in Berlin that it stands for."""
    zone = ZoneInfo(BERLIN)
    times = []
    for i in range(24 * 24 * 60):
        moment = first - timedelta(days=9) + timedelta(minutes=i)
        local, before = moment.astimezone(zone), (moment - timedelta(minutes=1)).astimezone(zone)
        naive = local.replace(tzinfo=None)
        skipped = int((naive - before.replace(tzinfo=None)).total_seconds()) // 60
        # A minute stands for itself and for those that were skipped just before it; repeated ones for nothing.
        times += [(moment, naive - timedelta(minutes=each)) for each in range(max(skipped, 1)) if not local.fold]
    return times


def scan(fields: Fields, first: datetime) -> list[datetime]:
    """Each minute at which a window begins, found by looking at every minute."""
    minute, hours, weekday = fields
    return [
        moment
        for moment, local in local_times(first)
        if local.minute == minute and local.hour in hours and weekday in (None, local.isoweekday() % 7)
    ]


@given(
    st.lists(st.tuples(FIELDS, st.integers(1, 40 * 60)), min_size=1, max_size=3),
    st.sampled_from(SCANNED),
    st.integers(0, 4 * 24 * 60),
)
@example([((30, (2,), None), 30)], SCANNED[1], 2 * 24 * 60 + 75)
def test_it_is_what_a_scan_of_every_minute_finds(plans: list[tuple[Fields, int]], first: datetime, offset: int) -> None:
    spans = [(begin, begin + timedelta(minutes=minutes)) for fields, minutes in plans for begin in scan(fields, first)]
    now = first + timedelta(minutes=offset)
    expected = now
    while later := max((end for begin, end in spans if begin <= expected < end), default=None):
        expected = later
    windows = [
        window(f"{minute} {','.join(map(str, hours))} * * {'*' if weekday is None else weekday}", seconds=60 * minutes)
        for (minute, hours, weekday), minutes in plans
    ]
    if expected >= first + timedelta(days=14):
        # The scan ends before the freeze.
        assert frozen_until(windows, now) is not None
    else:
        assert frozen_until(windows, now) == (expected if expected > now else None)
