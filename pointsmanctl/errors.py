"""The errors of the commands and their exit statuses. docs/command-line.md has the same table.

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
    """Every exit status of `pointsman`."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    UNAVAILABLE = 4
    INTERRUPTED = 130


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
