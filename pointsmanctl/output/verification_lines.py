"""The result of `pointsman audit verify`, for people and for programs."""

from collections.abc import Iterator
from typing import Any, Final

from pointsman.core.archive.findings import Finding, Verification
from pointsman.core.text import escape_invisible, pluralize
from pointsmanctl.output.times import as_json, at_minute

COLUMNS: Final = ("proven", "first", "until", "hours", "events", "kind", "where", "hour", "partition", "key", "detail")
_MOST_FINDINGS: Final = 20


def verification_lines(result: Verification) -> Iterator[str]:
    """The result, for people: first whether the range is proven, then what was found, then what to know.

    Keys are what somebody has put into the table or a bundle: they cannot move the cursor over the lines before.
    """
    yield from map(escape_invisible, _lines(result))


def _lines(result: Verification) -> Iterator[str]:
    if result.first is None or result.until is None:
        yield "Nothing is proven: the archive has no digest of this time."
    else:
        yield _headline(result, at_minute(result.first), at_minute(result.until))
    for number, finding in enumerate(result.findings[:_MOST_FINDINGS]):
        label = "FIRST" if number == 0 and len(result.findings) > 1 else "FOUND"
        yield f"{label}  {at_minute(finding.hour)}  {finding.kind:<9}  {finding.where:<7}  {finding.detail}"
    if (more := len(result.findings) - _MOST_FINDINGS) > 0:
        yield f"... and {more:,} more: --output json has all"
    yield from _remarks(result)


def _headline(result: Verification, first: str, until: str) -> str:
    what = f"{pluralize(result.events, 'event')} of {pluralize(result.hours, 'hour')}, from {first} to {until}"
    if not result.proven:
        return f"NOT PROVEN: {pluralize(len(result.findings), 'discrepancy', 'discrepancies')} in {what}."
    return f"Proven complete and unaltered: {what}."


def _remarks(result: Verification) -> Iterator[str]:
    yield from (f"Signed with the key {key}" for key in result.keys)
    yield from not_checked(result)
    for number, one, many, rest in (
        (result.corrected, "event differs", "events differ", "by an erratum, which accounts for it"),
        (result.expired, "event has", "events have", "expired in the audit table; the archive has them"),
        (result.from_table, "event was", "events were", "archived from the table by an operator, not from the stream"),
        (result.late, "event was", "events were", f"recorded hours after the event: first {result.first_late}"),
        (result.waiting, "event is", "events are", "newer than the last digest, and not proven yet"),
        (result.older, "event is", "events are", "older than the archive: `pointsman audit backfill` adds them"),
    ):
        if number:
            yield f"{number:,} {one if number == 1 else many} {rest}."


def not_checked(result: Verification) -> Iterator[str]:
    """What the verification did not look at."""
    if result.with_trail:
        yield (
            "The audit table was read where digests name it. Whether it has a whole rollout that no digest names, "
            "`pointsman audit backfill --check` says, which reads all of it."
        )
    else:
        yield "The archive was compared with its digests; the audit table was not read."


def verification_object(result: Verification) -> dict[str, Any]:
    """The result, for programs."""
    return {"proven": result.proven, **result.to_dict(), "not_checked": list(not_checked(result))}


def verification_rows(result: Verification) -> list[dict[str, Any]]:
    """The rows of CSV: one for each finding, or one without."""
    head = {
        "proven": result.proven,
        "first": result.first and as_json(result.first),
        "until": result.until and as_json(result.until),
        "hours": result.hours,
        "events": result.events,
    }
    return [{**head, **_finding(each)} for each in result.findings] or [head]


def _finding(finding: Finding) -> dict[str, Any]:
    return finding.to_dict()
