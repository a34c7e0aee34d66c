"""What can go wrong, sorted by who must act.

PointsmanError
├── Rejected        the sender must change the request (4xx); nothing was started
├── Unavailable     a service failed: try again; the queue's retry and dead-letter queue do that
│   └── SlackBusy   Slack asks to wait; nothing was posted
├── Misconfigured   the operator must change a setting, a template or routes.yaml
│   └── SlackRefused  Slack never accepts this call; the message says what to change
├── MessageGone     a Slack message was deleted, or is not ours to edit: post a new one
├── Unreadable      a stored record is none that this version knows: it stays, and the others go on
├── Conflict        somebody else moved the same record first: load again and decide again
├── BuildDelayed    one target starts no build now: that run waits with the reason, the others go on
└── BuildRefused    one target will not start a build: that run ends with the reason, the others go on
"""

from collections.abc import Sequence


class PointsmanError(Exception):
    """Root of every error that Pointsman raises on purpose. Catch it only to report."""


class Rejected(PointsmanError):
    """The sender's request can't be taken. Catch it at the door and answer `status`."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Unavailable(PointsmanError):
    """A service did not do its part this time. Let it reach the retry."""


class Misconfigured(PointsmanError):
    """A setting, secret or rule is missing or wrong. Let it reach the operator: the message names every fault."""


class Conflict(PointsmanError):
    """A conditional write lost against another writer. Catch it to load and decide again."""


class Unreadable(PointsmanError):
    """A stored record was written by a newer version, or changed by hand. Catch it to go on with the others."""


class BuildDelayed(PointsmanError):
    """A region or account is throttled or over a quota, and started nothing. Catch it to try again later."""


class BuildRefused(PointsmanError):
    """A region or account will not start a build. Catch it to end that run, and only that run, with the reason."""


class SlackBusy(Unavailable):
    """Slack asks to wait `retry_after` seconds; nothing was done."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"Slack asks to wait {retry_after:g} s")
        self.retry_after = retry_after


class SlackRefused(Misconfigured):
    """Slack will never do this; nothing was done. The message names what the operator must do."""


class MessageGone(PointsmanError):
    """There is no such message any more, or it is not ours to edit. Catch it to post a new one."""


def raise_failures(failures: Sequence[Exception]) -> None:
    """Raise the failure that says most, with the others as its notes; nothing when there is none.

    What nobody foresaw keeps its type and goes first, then what will not pass by itself; several that pass are one.
    """
    if not failures:
        return
    gravest = min(failures, key=_rank)
    others = [f"{type(failure).__name__}: {failure}" for failure in failures if failure is not gravest]
    if others and isinstance(gravest, Unavailable):
        raise Unavailable("; ".join(dict.fromkeys(str(failure) for failure in failures))) from gravest
    for other in dict.fromkeys(others):
        gravest.add_note(f"another that failed: {other}")
    raise gravest


def _rank(failure: Exception) -> int:
    return 0 if not isinstance(failure, PointsmanError) else 2 if isinstance(failure, Unavailable) else 1
