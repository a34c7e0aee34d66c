"""Lets DynamoDB remove old events only while the archive has them."""

from datetime import datetime, timedelta
from typing import Final

from pointsman.core.archive.digest import HOUR, digest_hour
from pointsman.core.archive.ports import Expiry

# An event stays 30 days at least; who is so far behind has 29 days left.
_MAY_BE_BEHIND: Final = timedelta(days=1)


def guard_expiry(
    expiry: Expiry, newest_digest: str | None, now: datetime, *, wanted: bool, lost: bool
) -> tuple[bool, bool]:
    """Switch the expiry on or off. Return whether it is on now, and whether that is a change.

    It is off unless it is `wanted`, while the newest digest is a day old, and while events are `lost`: those that
    audit_indexer could not store.
    """
    on = wanted and not lost and _is_up_to_date(newest_digest, now)
    return on, expiry.switch(on=on)


def _is_up_to_date(newest: str | None, now: datetime) -> bool:
    return newest is not None and now - (digest_hour(newest) + HOUR) <= _MAY_BE_BEHIND
