"""audit_archiver: close the hours of the archive of the trail.

A schedule invokes it. It merges what audit_indexer has stored of each hour that has ended, signs the hour's digest, and
lets old events expire only while all of this works.
"""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.audit_archiver import wiring
from pointsman.adapters.function_logger import function_logger
from pointsman.core.archive.age import ArchiveAge
from pointsman.core.archive.expiry import guard_expiry
from pointsman.errors import Misconfigured

logger = function_logger()
metrics = Metrics()
now = partial(datetime.now, UTC)

TIME_TO_CLOSE_MS = 60_000  # the longest that an hour can take


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> None:
    """Close every hour that has ended. Raises for a retry."""
    try:
        close_hours(context)
        age = ArchiveAge(wiring.archive(), now).measure()
        metrics.add_metric(name="ArchiveAge", unit=MetricUnit.Seconds, value=age or 0)
    finally:  # also when no hour can be closed: then nothing may expire
        switch_expiry()


def close_hours(context: LambdaContext) -> None:
    """Close hours until none is left, or no time."""
    hours = events = 0
    try:
        for closed in wiring.archiver().run(now, lambda: context.get_remaining_time_in_millis() < TIME_TO_CLOSE_MS):
            logger.info("closed an hour", extra={"hour": f"{closed.hour:%Y-%m-%dT%H}", "events": closed.events})
            hours, events = hours + 1, events + closed.events
    finally:
        metrics.add_metric(name="HoursClosed", unit=MetricUnit.Count, value=hours)
        metrics.add_metric(name="EventsArchived", unit=MetricUnit.Count, value=events)


def switch_expiry() -> None:
    """Let events expire, or not: not where nobody may look whether the archive has them."""
    wanted = wiring.settings().expire_after_days > 0
    try:
        lost = wanted and wiring.has_lost()
        newest = wiring.archive().newest_digest()
    except Misconfigured:
        _switch(None, wanted=wanted, lost=True)
        raise
    _switch(newest, wanted=wanted, lost=lost)


def _switch(newest: str | None, *, wanted: bool, lost: bool) -> None:
    on, changed = guard_expiry(wiring.expiry(), newest, now(), wanted=wanted, lost=lost)
    if changed:
        logger.warning("switched the expiry of events", extra={"on": on, "lost": lost})
