"""What can go wrong, sorted by who must act.

PointsmanError
├── Rejected        the sender must change the request (4xx); nothing was started
├── Unavailable     nobody's fault: try again; the queue's retry and dead-letter do that
├── Misconfigured   the operator must change a setting, a template or routes.yaml
├── Unreadable      a stored record is none that this version knows: it stays, and the others go on
├── Conflict        somebody else moved the same record first: load again and decide again
├── BuildDelayed    one target starts no build now: that run waits with the reason, the others go on
└── BuildRefused    one target will not start a build: that run ends with the reason, the others go on
"""


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
