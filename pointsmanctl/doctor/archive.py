"""The archive of the trail: its schedule is on, its hours are closed, and its bucket refuses nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from pointsman.adapters.archive_s3 import S3Archive
from pointsman.adapters.kept_segments_dynamodb import DynamoKeptSegments
from pointsman.core.archive.digest import CLOSES_AFTER, HOUR, digest_hour
from pointsman.core.archive.stream import SEGMENTS, segment_hour
from pointsman.core.text import format_duration, pluralize
from pointsmanctl.deployment.accounts import CONTROL
from pointsmanctl.doctor.model import CheckResult, ControlContext, Link
from pointsmanctl.doctor.schedules import rule_state

NAME = "archive"
# The next hour takes an hour, and audit_archiver looks every half hour.
MAY_LAG: Final = HOUR + HOUR + CLOSES_AFTER + timedelta(minutes=45)
_DEPLOY = "run `pointsman deploy`"
now = partial(datetime.now, UTC)


def check(control: ControlContext) -> Iterator[CheckResult]:
    """Read the schedule of audit_archiver, the newest digest, and what the bucket refused."""
    link = Link(NAME, CONTROL)
    export, digests = control.output("ExportBucketName"), control.output("DigestBucketName")
    if not (export and digests and control.output("IndexTableName")):
        yield link.broken("the control stack has no archive: it is of an earlier version", _DEPLOY)
        return
    yield judge_schedule(link, rule_state(control, "audit-archiver"))
    archive = S3Archive(control.client("s3"), export, digests)
    newest, oldest = archive.newest_digest(), archive.oldest_segment()
    yield judge_age(link, digest_hour(newest) if newest else None, segment_hour(oldest) if oldest else None, now())
    kept = DynamoKeptSegments(control.client("dynamodb"), control.output("IndexTableName"))
    yield judge_kept(link, len(kept.names(SEGMENTS, "~")))


def judge_schedule(link: Link, state: str | None) -> CheckResult:
    """Judge the state of the rule that calls audit_archiver."""
    if state is None:
        return link.broken("the rule that calls audit_archiver is gone", _DEPLOY)
    if state != "ENABLED":
        return link.broken(
            f"the rule that calls audit_archiver is {state}: no hour of the trail is closed and signed",
            "enable it in EventBridge; the next call catches up",
        )
    return link.ok("audit_archiver is called every half hour")


def judge_age(link: Link, closed: datetime | None, waiting: datetime | None, at: datetime) -> CheckResult:
    """Judge how far the archive lags: by the newest digest, or by the oldest event that waits for the first one."""
    hour = closed or waiting
    if hour and at - hour > MAY_LAG:
        text = f"the newest digest is of {hour:%Y-%m-%d %H:00} UTC" if closed else "no hour has a digest yet"
        return link.broken(
            f"{text}: the archive lags by {format_duration((at - hour - HOUR).total_seconds())}",
            "read audit_archiver's log and fix the cause; the next call catches up",
        )
    if closed:
        return link.ok(f"the newest digest is of {closed:%Y-%m-%d %H:00} UTC")
    return link.skipped("no hour has a digest yet: the first one has it within two hours")


def judge_kept(link: Link, kept: int) -> CheckResult:
    """Judge how many batches the bucket refused, and audit_archiver has not archived yet."""
    if not kept:
        return link.ok("the bucket has refused nothing that is not archived since")
    return link.warning(
        f"the archive's bucket refused {pluralize(kept, 'batch', 'batches')}, which the index table keeps",
        "read audit_indexer's log for S3's reason; audit_archiver archives them as soon as it can",
    )
