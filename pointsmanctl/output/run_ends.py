"""Why a run ended: Ansible's reason rather than CodeBuild's "exit status 1", and which host results are missing."""

from collections.abc import Iterable, Iterator

from pointsman.core.codebuild import ended_before_ansible
from pointsman.core.index.missing_results import LATER_RESULTS_MISSING, NOT_REPORTED
from pointsman.core.model import Rollout, Run, RunState
from pointsman.core.ports import Trail
from pointsman.core.text import join_first
from pointsman.core.trail.events import PlaybookEnded
from pointsman.core.trail.item import ReadEvent
from pointsman.core.trail.keys import rollout_partition

type Ends = dict[str, PlaybookEnded]
"""By the build's ARN."""

MAX_HOSTS = 10  # named in one sentence


def ends_among(events: Iterable[ReadEvent]) -> Ends:
    """Return the PlaybookEnded events among `events`."""
    return {event.build_arn: event for event in events if isinstance(event, PlaybookEnded)}


def ends_of(trail: Trail, rollout: Rollout) -> Ends:
    """Return how Ansible ended in the builds of a rollout. Raises Unavailable."""
    return ends_among(trail.with_key(rollout_partition(rollout.id), "PlaybookEnded#"))


def why_ended(state: RunState, reason: str, build_arn: str | None, ends: Ends) -> str:
    """Return why a run ended and which results are missing; empty if it succeeded with all its results."""
    if not state.ended or build_arn is None or ended_before_ansible(reason):
        return "" if state is RunState.SUCCEEDED else reason
    end = ends.get(build_arn)
    reasons = [] if state is RunState.SUCCEEDED else [_reason(state, reason, end)]
    return "; ".join([*filter(None, reasons), *(gaps_of(end) if end else [NOT_REPORTED])])


def why_run_ended(run: Run, ends: Ends) -> str:
    """Return the same for a stored run."""
    return why_ended(run.state, run.reason, run.build_arn, ends)


def gaps_of(end: PlaybookEnded) -> Iterator[str]:
    """Yield what is missing from the results, one phrase each: hosts that a play stopped before, and results."""
    if cut_off := max(end.hosts_cut_off_total, len(end.hosts_cut_off)):
        yield f"stopped before {join_first(end.hosts_cut_off, MAX_HOSTS, total=cut_off, noun='host')}"
    if end.results_missing:
        hosts = join_first(end.results_missing, MAX_HOSTS, total=end.missing_total, noun="host")
        yield f"results are missing for {hosts}"
    if end.recording_error:
        yield f"host results are missing: {end.recording_error}"
    if end.was_cut_short:
        yield LATER_RESULTS_MISSING


def _reason(state: RunState, reason: str, end: PlaybookEnded | None) -> str:
    """Ansible knows why it failed; CodeBuild knows whether the build was stopped or timed out."""
    if end is None or not end.reason:
        return reason
    return end.reason if state is RunState.FAILED else f"{reason}; {end.reason}"
