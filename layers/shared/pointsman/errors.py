"""The exceptions of Pointsman, by who must act.

PointsmanError
├── Rejected            the sender must change the request (4xx); nothing was started
├── Unavailable         a service failed; try again, as the queue does before it uses its dead-letter queue
│   └── SlackBusy       Slack is throttling; nothing was posted
├── Misconfigured       the operator must change a setting, a template or routes.yaml
│   └── SlackRefused    Slack never accepts this call; the message says what to change
├── MessageGone         a Slack message was deleted or belongs to another app; post a new one
├── Unreadable          a stored record has a format that this version does not know; skip it
├── Conflict            another writer changed the record first; load it and decide again
├── BuildDelayed        a target cannot start a build now; its run waits, the others continue
└── BuildRefused        a target will not start a build; its run ends, the others continue

ValueError
└── PatternError        a filter pattern is invalid; the routes check reports it as a diagnostic

Exception, inside adapters
└── AwsJsonError        a call of the JSON client failed; the adapter translates its code

Exception, inside pointsmanctl/deployment
└── Interrupted         somebody pressed Ctrl-C; CloudFormation goes on without the command

Exception, in runner/ and pointsmanctl/: the command prints the message and exits with a status other than 0
├── SettingsError       ansible.cfg cannot be read
├── WrongVariablesError a variable of the build is invalid
├── CannotInstallError  the Session Manager plugin cannot be downloaded, verified or installed
├── UnreadableError     a vault password or a secret variable cannot be read
├── NothingToDoError    no host of the inventory is one of the run's instances
├── CannotStartError    Ansible cannot start: a variable, a secret or a requirement is wrong
└── CommandError        a command of `pointsman` failed, or what it was asked about did
    ├── NotRemovable    an erratum cannot be made
    ├── DeploymentFailed  a stack cannot be built, planned or deployed
    ├── InvalidInput    a file, a commit range or a setting cannot be used
    ├── NotFound        there is no such rollout, commit or item
    └── CloudUnavailable  the stack cannot be reached
"""

from collections.abc import Sequence


class PointsmanError(Exception):
    """Base of the exceptions that handlers and adapters raise. Catch it only to report."""


class Rejected(PointsmanError):
    """The request is invalid or not allowed. Catch it in the handler and answer `status`."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Unavailable(PointsmanError):
    """A service failed or did not answer. Let the retry handle it."""


class Misconfigured(PointsmanError):
    """A setting, secret or rule is missing or wrong. Do not catch it: the operator must see the message."""


class Conflict(PointsmanError):
    """A conditional write failed, since another writer was first. Catch it to load and decide again."""


class Unreadable(PointsmanError):
    """A newer version wrote a stored record, or somebody changed it by hand. Catch it to continue with the others."""


class BuildDelayed(PointsmanError):
    """A region or account is throttled or over a quota. It started nothing. Catch it to try again later."""


class BuildRefused(PointsmanError):
    """A region or account will not start a build. Catch it to end that run, and no other, with the reason."""


class SlackBusy(Unavailable):
    """Slack asks to wait `retry_after` seconds. Nothing was posted."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"Slack asks to wait {retry_after:g} s")
        self.retry_after = retry_after


class SlackRefused(Misconfigured):
    """Slack never accepts this call. The message says what the operator must change."""


class MessageGone(PointsmanError):
    """The message was deleted, or belongs to another app. Catch it to post a new one."""


def raise_failures(failures: Sequence[Exception]) -> None:
    """Raise the most severe failure, with the others as its notes. Return when there is none.

    Unexpected exceptions come first, then those that a retry does not help. Several Unavailable become one.
    """
    if not failures:
        return
    worst = min(failures, key=_severity)
    others = [f"{type(failure).__name__}: {failure}" for failure in failures if failure is not worst]
    if others and isinstance(worst, Unavailable):
        raise Unavailable("; ".join(dict.fromkeys(str(failure) for failure in failures))) from worst
    for other in dict.fromkeys(others):
        worst.add_note(f"also failed: {other}")
    raise worst


def _severity(failure: Exception) -> int:
    return 0 if not isinstance(failure, PointsmanError) else 2 if isinstance(failure, Unavailable) else 1
