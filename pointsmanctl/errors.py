"""The errors of the commands and their exit statuses.

CommandError          1   the command or the rollout failed
├── NotRemovable      1   this text cannot be removed from the item of the audit trail
├── DeploymentFailed  1   a stack cannot be built, planned or deployed
├── InvalidInput      2   a file, a commit range or a setting cannot be used
├── NotFound          3   there is no such rollout, commit or item
└── CloudUnavailable  4   the stack cannot be reached: no credentials, no region, no such stack
"""

from enum import IntEnum

from pointsman.errors import Misconfigured, PointsmanError, Unavailable


class ExitCode(IntEnum):
    """Every exit status of `pointsman`. The comments are in docs/reference/command-line.md."""

    # Done. `deploy`: every selected stack is in the state of this version, or `--plan` has shown what would change.
    # For `audit`, no matching events is an answer, too.
    OK = 0
    # Failed: `rollout show` or `watch` of a rollout that failed, was cancelled or was rolled back, `--exit-status` with
    # such a rollout, a command that was refused, a no to a question, `routes check` with an error, `drift` of a host
    # that drifts or of which it is unknown, a push that was not accepted, a stack that could not be deployed, a broken
    # link of `doctor`, a stack that was not deleted.
    FAILED = 1
    # Wrong use: an option, a file, a commit range or a setting cannot be used, or there is no terminal to ask on.
    USAGE = 2
    NOT_FOUND = 3  # Not found: no such rollout, no delivery of the commit, no such item.
    # The stack cannot be read: no credentials, no region, no such stack, access denied, or AWS does not answer.
    UNAVAILABLE = 4
    INTERRUPTED = 130  # Interrupted by Ctrl-C.


class CommandError(Exception):
    """Root of the errors that end a command. The message says what is wrong, then what to do."""

    exit_code = ExitCode.FAILED


class NotRemovable(CommandError):
    """An item of the audit trail cannot be changed in that way."""


class DeploymentFailed(CommandError):
    """A stack cannot be built, planned or deployed."""


class InvalidInput(CommandError):
    """An argument, a file or a setting is not valid."""

    exit_code = ExitCode.USAGE


class NotFound(CommandError):
    """The rollout, commit or item does not exist."""

    exit_code = ExitCode.NOT_FOUND


class CloudUnavailable(CommandError):
    """Neither AWS nor the local cloud can be used."""

    exit_code = ExitCode.UNAVAILABLE


REPORTED = (CommandError, PointsmanError)
"""Errors that end a command with one line; everything else is a bug and shows its traceback."""


def exit_code_of(error: Exception) -> ExitCode:
    """Return the exit status for an error."""
    match error:
        case CommandError():
            return error.exit_code
        case Unavailable() | Misconfigured():  # from the adapters: AWS did not answer, or denied it
            return ExitCode.UNAVAILABLE
        case _:
            return ExitCode.FAILED
