"""The trail as a table for people: one line per event, and the tasks of each host below it."""

from collections.abc import Container, Iterable, Iterator, Sequence

from rich.syntax import Syntax
from rich.text import Text

from pointsman.core.decision import Decision, Outcome
from pointsman.core.index.entry import EventKey
from pointsman.core.index.missing_results import NOT_REPORTED, place_of_end
from pointsman.core.model import Mode, RunState
from pointsman.core.text import format_duration, join_first, pluralize
from pointsman.core.trail.command_events import CommandEvent
from pointsman.core.trail.drift_events import DriftDetected, DriftResolved
from pointsman.core.trail.erratum_event import ErratumRecorded
from pointsman.core.trail.events import (
    BuildReported,
    DeliveryDecided,
    HostResultRecorded,
    PlaybookEnded,
    RawReportRecorded,
    RolloutEnded,
    RolloutRepeated,
    RolloutStarted,
    RunDelayed,
    RunEnded,
    RunStarted,
    RunWaited,
)
from pointsman.core.trail.instance_events import InstanceDecided, InstancesSkipped
from pointsman.core.trail.item import NewerEvent, ReadEvent
from pointsman.core.trail.refused_events import EventRejected, RecordingCapped
from pointsman.core.trail.wave_events import GateEvaluated, RolloutHalted, RolloutWaited, WaveStarted
from pointsmanctl.output.command_lines import command_lines
from pointsmanctl.output.drift_lines import drift_lines
from pointsmanctl.output.host_lines import host_lines, joined_parts, outside
from pointsmanctl.output.lines import Line, LineTable, header
from pointsmanctl.output.run_ends import Ends, ends_among, gaps_of
from pointsmanctl.output.sanitize import sanitized
from pointsmanctl.output.styles import STYLES
from pointsmanctl.output.times import local, local_text, zone_name
from pointsmanctl.output.wave_lines import overtaken_line, wave_lines

COLUMNS = ("WHO", "COMMIT", "TARGET", "HOST", "WHAT")


def trail_table(
    events: Sequence[ReadEvent],
    *,
    diffs: bool = False,
    complete: bool = False,
    missing_ends: Container[EventKey] = (),
) -> LineTable:
    """Return events as lines: when, who, which commit, where, what; the tasks of a host below its line.

    With `diffs`, each task has its own line, with what it changed in its file. `complete`: these are all events of
    their rollouts, so an event that is not among them was never reported. `missing_ends`: the ends of runs of which
    Ansible did not report that it finished, as far as others know of them.
    """
    ends = ends_among(events) if complete else None
    pairs = [
        (sanitized(event), NOT_REPORTED if EventKey.of(event) in missing_ends else _end_note(event, ends))
        for event in _with_reasons(joined_parts(events, complete=complete))
    ]
    years = {local(event.at).year for event in events}
    form = "%m-%d %H:%M:%S" if len(years) == 1 else "%Y-%m-%d %H:%M:%S"
    lines = [_event_line(event, local_text(event.at, form), note, diffs=diffs) for event, note in pairs]
    return LineTable([header(f"TIME ({zone_name()})", *COLUMNS), *lines])


def _with_reasons(events: Iterable[ReadEvent]) -> Iterator[ReadEvent]:
    """Yield the events; failed runs have Ansible's reason if it gave one."""
    events = list(events)
    reasons = {arn: end.reason for arn, end in ends_among(events).items()}
    for event in events:
        reason = reasons.get(event.build_arn or "") if isinstance(event, RunEnded) else None
        failed = isinstance(event, RunEnded) and event.state is RunState.FAILED
        yield event.replace(reason=reason) if failed and reason else event


def _end_note(event: ReadEvent, ends: Ends | None) -> str:
    """Return a note if a build ended and Ansible did not report how."""
    if ends is None or not isinstance(event, RunEnded) or place_of_end(event) is None:
        return ""
    return "" if event.build_arn in ends else NOT_REPORTED


def _event_line(event: ReadEvent, time: str, note: str, *, diffs: bool) -> Line:
    commit = (event.commit or "")[:7]
    cells = (time, event.actor or "", commit, event.target or "", event.host or "")
    head, *details = describe(event, diffs=diffs)
    details += [Text(note, "yellow")] if note else []
    return Line(tuple(Text(cell) for cell in cells), head, details)


def describe(event: ReadEvent, *, diffs: bool = False) -> list[Text | Syntax]:
    """Return an event in one line, and the lines below it."""
    match event:
        case HostResultRecorded():
            return host_lines(event, diffs=diffs)
        case DeliveryDecided():
            return list(_delivery(event))
        case InstanceDecided():
            head = Text(f"instance {event.instance_id} came up")
            return [head, *(_decision(each) for each in event.decisions)]
        case RunEnded() | RolloutEnded():
            return [_ended(event)]
        case CommandEvent() | DriftDetected():
            return list(command_lines(event) if isinstance(event, CommandEvent) else drift_lines(event))
        case WaveStarted() | GateEvaluated() | RolloutWaited() | RolloutHalted():
            return list(wave_lines(event))
        case PlaybookEnded():
            return [_playbook(event)]
        case _:
            return [_line(event)]


def _line(event: ReadEvent) -> Text:
    match event:
        case RolloutStarted():
            return _started(event)
        case RolloutRepeated():
            return Text(f"redelivered as {event.delivery}: {event.reason}")
        case RunWaited():
            return Text(f"waits behind {event.blocked_by}")
        case RunDelayed():
            return Text(f"no build yet: {event.reason}", "yellow")
        case RunStarted():
            return Text(f"build started {event.build_arn.rpartition('/')[2]}")
        case BuildReported():
            report = f"CodeBuild: {event.status}" + (f", {event.phase}" if event.phase else "")
            return Text(report + outside(event), style="dim" if event.started_by is None else "yellow")
        case EventRejected():
            return Text(
                f"rejected {event.detail_type} from account {event.sender_account}: {event.reason}", style="red"
            )
        case _:
            return _note(event)


def _started(event: RolloutStarted) -> Text:
    check = ", check only" if event.mode is Mode.CHECK else ""
    targets = pluralize(len(event.targets), "target")
    why = f"; {event.request.reason}" if event.request else ""
    overtakes = f"; {overtaken_line(event.overtakes)}" if event.overtakes else ""
    return Text(f"rollout {event.rollout} on route {event.route} started{check}: {targets}{why}{overtakes}")


def _note(event: ReadEvent) -> Text:
    """Return the line of an event about instances, or about the trail itself."""
    match event:
        case DriftResolved():
            return Text(f"no longer drifts: {event.reason}", "green")
        case InstancesSkipped():
            return Text(f"no run of their own for {join_first(event.instances)}: {event.reason}")
        case RecordingCapped():
            return Text(f"recording stopped: {event.reason}", STYLES["failed"])
        case ErratumRecorded():
            fields = ", ".join(event.fields)
            return Text(f"erratum {event.erratum}: removed {fields} from {event.item_key}: {event.reason}", "yellow")
        case RawReportRecorded():
            note = f"{event.detail_type} of a runner of another version, kept as it came ({event.reason})"
            return Text(f"{note}; -o json shows it{outside(event)}", "yellow")
        case NewerEvent():
            return Text(f"{event.type}: written by a newer version of Pointsman; -o json shows all of it", "dim")
        case _:
            return Text(event.type)


def _ended(event: RunEnded | RolloutEnded) -> Text:
    text = Text("run " if isinstance(event, RunEnded) else f"rollout {event.rollout} ")
    text.append(event.state.value.replace("_", " "), STYLES.get(event.state.value, ""))
    if isinstance(event, RunEnded) and event.duration_seconds is not None:
        text.append(f" after {format_duration(event.duration_seconds)}")
    if event.reason and event.state.value != "succeeded":
        text.append(f": {event.reason}")
    return text


def _playbook(event: PlaybookEnded) -> Text:
    """Return how Ansible ended, and which results are missing."""
    if event.exit_status == 0:
        text = Text(f"Ansible succeeded: {pluralize(event.hosts, 'host')}", "green")
        text.append(f": {event.reason}" if event.reason else "", "default")
    else:
        ending = "was stopped" if event.exit_status is None else f"failed (exit status {event.exit_status})"
        text = Text(f"Ansible {ending}", STYLES["failed"])
        text.append(f": {event.reason}" if event.reason else "", "default")
    for gap in gaps_of(event):
        text.append(f"\n{gap}", STYLES["failed"])
    text.append(outside(event), "yellow")
    return text


def _delivery(event: DeliveryDecided) -> Iterator[Text]:
    head = Text(f"delivery {event.delivery}: {event.change.title}")
    if event.shortened:
        head.append(" (shortened)", "dim")
    yield head
    yield from (_decision(each) for each in event.decisions)
    if event.decisions_omitted:
        yield Text(f"and {pluralize(event.decisions_omitted, 'more decision')}", style="dim")
    if not event.decisions:
        yield Text(event.reason, style="dim")


def _decision(decision: Decision) -> Text:
    outcome = decision.outcome.value
    if decision.outcome is Outcome.UNDETERMINED:
        outcome += ", runs" if decision.runs else ", does not run"
    line = Text(f"{decision.route}: ")
    line.append(outcome, STYLES.get(decision.outcome.value, ""))
    line.append(f" ({decision.reason})")
    return line
