"""CodeBuild's statuses, phases and log links, translated for Pointsman."""

import re
from collections.abc import Iterable
from datetime import timedelta

from redaction import Redactor

from pointsman.core.model import RunState
from pointsman.core.text import cut

MESSAGE_LENGTH = 2_000  # characters
# Ansible runs in the phase BUILD, so a build that ends in one of these has no results of hosts that could be missing.
# https://docs.aws.amazon.com/codebuild/latest/userguide/view-build-details-phases.html
_BEFORE_ANSIBLE = re.compile(
    r"(?:SUBMITTED|QUEUED|PROVISIONING|DOWNLOAD_SOURCE|INSTALL|PRE_BUILD) "
    r"(?:FAILED|FAULT|TIMED_OUT|STOPPED|CLIENT_ERROR)(?::|$)"
)
# A build can be queued for 8 hours and run for 36; the rest is a margin.
# https://docs.aws.amazon.com/codebuild/latest/userguide/limits.html
LONGEST_BUILD = timedelta(hours=45)
# https://docs.aws.amazon.com/codebuild/latest/APIReference/API_Build.html#CodeBuild-Type-Build-buildStatus
BUILD_STATES = {
    "IN_PROGRESS": RunState.RUNNING,
    "SUCCEEDED": RunState.SUCCEEDED,
    "FAILED": RunState.FAILED,
    "STOPPED": RunState.STOPPED,
    "TIMED_OUT": RunState.TIMED_OUT,
    "FAULT": RunState.FAULTED,
}


def build_state(status: str) -> RunState:
    """The state of a build. A status that this version does not know counts as running: only a known end ends a run."""
    return BUILD_STATES.get(status, RunState.RUNNING)


_WORD = re.compile(r"[A-Za-z0-9_.-]{1,64}")
# Until a build has a log, CodeBuild links to `...#logEvent:group=null;stream=null`, which is no page.
_NO_LOG = re.compile(r"(?:group|stream)(?:=|%3D|\$253D)(?:null|undefined)?(?![^;&])", re.IGNORECASE)


def log_link(url: str | None) -> str | None:
    """`url`, or None if there is no log yet."""
    return url if url and not _NO_LOG.search(url) else None


def build_reason(status: str, phase: str | None, message: str | None) -> str:
    """The reason of a build's end, such as `BUILD FAILED: COMMAND_EXECUTION_ERROR: ...`."""
    if phase is None:
        return f"CodeBuild reported {status}"
    return f"{phase}: {message}" if message else phase


def ended_before_ansible(reason: str) -> bool:
    """Whether a reason, as `build_reason` gives it, is of a build that ended before Ansible could start."""
    return _BEFORE_ANSIBLE.match(reason) is not None


def known_word(text: object) -> str | None:
    """A word of CodeBuild, such as a compute type, or None if it is none: it is recorded as it is."""
    return text if isinstance(text, str) and _WORD.fullmatch(text) else None


def seconds_of(phases: Iterable[object]) -> int | None:
    """The duration of a build from the seconds of its phases; None if no phase says it."""
    known = [each for each in phases if isinstance(each, int) and 0 <= each <= LONGEST_BUILD.total_seconds()]
    return sum(known) if known else None


def failed_phase(phases: Iterable[tuple[str, str | None, Iterable[str]]]) -> tuple[str | None, str | None]:
    """The first phase (type, status, messages) that did not succeed, and its message."""
    for kind, status, messages in phases:
        if status not in (None, "SUCCEEDED", "IN_PROGRESS"):
            # A phase without a message has the context ": ".
            message = "; ".join(text for text in messages if text.strip(": "))
            # CodeBuild quotes the command that failed, which may contain a secret.
            return f"{kind} {status}", cut(Redactor().redact(message), MESSAGE_LENGTH) or None
    return None, None
