"""Why a run ended: Ansible's reason rather than CodeBuild's "exit status 1", and which host results are missing."""

from collections.abc import Iterable

from pointsman.core.model import Rollout, Run, RunState
from pointsman.core.ports import Trail
from pointsman.core.text import join_first
from pointsman.core.trail.events import PlaybookEnded
from pointsman.core.trail.item import ReadEvent

type Ends = dict[str, PlaybookEnded]
"""By the build's ARN."""

NAMES_SHOWN = 10
NOT_REPORTED = "Ansible did not report how it ended: host results may be missing"


def ends_among(events: Iterable[ReadEvent]) -> Ends:
    """The PlaybookEnded events among `events`."""
    return {event.build_arn: event for event in events if isinstance(event, PlaybookEnded)}


def ends_of(trail: Trail, rollout: Rollout) -> Ends:
    """How Ansible ended in a rollout's builds. Raises Unavailable."""
    return ends_among(trail.with_key(f"ROLLOUT#{rollout.id}", "PlaybookEnded#"))


def why_ended(state: RunState, reason: str, build_arn: str | None, ends: Ends) -> str:
    """Why a run ended, and which results are missing; empty for one that succeeded with all its results."""
    if not state.ended or build_arn is None:
        return "" if state is RunState.SUCCEEDED else reason
    end = ends.get(build_arn)
    reasons = [] if state is RunState.SUCCEEDED else [_reason(state, reason, end)]
    return "; ".join(each for each in (*reasons, *(missing(end) if end else (NOT_REPORTED,))) if each)


def why_run_ended(run: Run, ends: Ends) -> str:
    """The same for a stored run."""
    return why_ended(run.state, run.reason, run.build_arn, ends)


def missing(end: PlaybookEnded) -> tuple[str, ...]:
    """What the host results lack: hosts that a play cut off, and results that could not be sent."""
    cut_off = max(end.hosts_cut_off_total, len(end.hosts_cut_off))
    shown = ", ".join(end.hosts_cut_off[:NAMES_SHOWN])
    more = f" and {cut_off - NAMES_SHOWN} more" if cut_off > NAMES_SHOWN else ""
    return (
        f"cut off before they ran: {shown}{more}" if cut_off else "",
        f"results are missing for {join_first(end.results_missing, NAMES_SHOWN)}" if end.results_missing else "",
    )


def _reason(state: RunState, reason: str, end: PlaybookEnded | None) -> str:
    """Ansible knows why it failed; CodeBuild knows whether the build was stopped or timed out."""
    if end is None or not end.reason:
        return reason
    return end.reason if state is RunState.FAILED else f"{reason}; {end.reason}"
