"""How a report writes numbers, times and links."""

from datetime import date, datetime
from typing import Final

from pointsman.core.index.event_names import SHORT
from pointsman.core.report.span import TimeSpan
from pointsman.core.report.values import AuditReport, BarUnit, Durations
from pointsman.core.text import format_duration, pluralize

NONE: Final = "–"
SHORT_COMMIT: Final = 7
UNPRICED: Final = (
    "Some compute types have no price here, or were not recorded: their minutes are not in the cost. "
    "Give the price of a compute type with --price, or one for all others with --minute-price."
)
SHORT_ROLLOUT: Final = SHORT


def title_of(report: AuditReport, span: TimeSpan) -> str:
    """Return `November 2026`, or the days of another time."""
    if report.month:
        return f"{span.day(report.since):%B %Y}"
    first, last = span.local(report.since), span.local(report.until)
    return f"{first:%-d %B %Y %H:%M} to {last:%-d %B %Y %H:%M}"


def duration(seconds: float | None) -> str:
    """Return `3m 04s`, or a dash."""
    return NONE if seconds is None else format_duration(seconds)


def median(found: Durations) -> str:
    """Return the median of durations."""
    return duration(found.median)


def percent(share: float | None) -> str:
    """Return `12 %`, or a dash."""
    if share is None:
        return NONE
    return f"{share * 100:.1f} %" if 0 < share < 0.1 else f"{share * 100:.0f} %"


def per_day(number: float | None) -> str:
    """Return `1.4 a day`, or how many a week if there are few."""
    if number is None:
        return NONE
    return f"{number:.1f} a day" if number >= 1 or number == 0 else f"{number * 7:.1f} a week"


def dollars(amount: float) -> str:
    """Return an amount of US dollars."""
    return f"${amount:,.2f}"


def cost(amount: float, unpriced_minutes: int) -> str:
    """Return what builds cost, and that some of their minutes have no price."""
    if not unpriced_minutes:
        return dollars(amount)
    unknown = f"{count(unpriced_minutes, 'minute')} without a price"
    return f"{dollars(amount)} and {unknown}" if amount else unknown


def price(dollars_a_minute: float | None) -> str:
    """Return `$0.005`, or a dash."""
    return NONE if dollars_a_minute is None else f"${dollars_a_minute:g}"


def compute_name(environment_type: str | None, compute_type: str | None) -> str:
    """Return `LINUX_CONTAINER/BUILD_GENERAL1_SMALL`, as the command takes it."""
    return "/".join(each for each in (environment_type, compute_type) if each) or "not recorded"


def day(moment: date | datetime) -> str:
    """Return `Tue 24 Nov`."""
    return f"{moment:%a %-d %b}"


def period(first: date, unit: BarUnit) -> str:
    """Return how a table calls a day, week or month."""
    if unit is BarUnit.MONTH:
        return f"{first:%B %Y}"
    return f"week of {first:%-d %b %Y}" if unit is BarUnit.WEEK else day(first)


def words(outcome: str) -> str:
    """Return an outcome as people read it."""
    return outcome.replace("_", " ")


def safe_url(url: str | None) -> str | None:
    """Return a URL if a page may link to it."""
    return url if url and url.startswith("https://") else None


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return `2 runs`."""
    return pluralize(number, noun, plural)
