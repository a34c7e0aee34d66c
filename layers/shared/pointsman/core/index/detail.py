"""An event in one line, as lists show it."""

from typing import Final

from pointsman.core.index.missing_results import LATER_RESULTS_MISSING
from pointsman.core.index.outcomes import in_words, outcomes_of
from pointsman.core.model import Mode
from pointsman.core.text import format_duration, join_first, one_line, pluralize
from pointsman.core.trail.command_events import CommandEvent, CommandRefused, FreezeEnded, FreezeStarted, name_of
from pointsman.core.trail.drift_events import DriftDetected, DriftResolved
from pointsman.core.trail.erratum_event import ErratumRecorded
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import (
    BuildReported,
    DeliveryDecided,
    HostResultRecorded,
    PlaybookEnded,
    RolloutEnded,
    RolloutRepeated,
    RolloutStarted,
    RunEnded,
)
from pointsman.core.trail.instance_events import InstanceDecided, InstancesSkipped
from pointsman.core.trail.refused_events import EventRejected, RecordingCapped
from pointsman.core.trail.wave_events import GateEvaluated, RolloutHalted, RolloutWaited, WaveStarted

LONGEST: Final = 240  # characters
# Of commands whose outcome is not said in the same words.
_WORDS: Final = {"run": "requested by hand", "unfreeze": "no longer frozen"}


def detail_of(event: Event) -> str:
    """The event in one line of at most LONGEST characters, without what the entry has in fields of its own."""
    return one_line(_detail(event), LONGEST)


def _detail(event: Event) -> str:
    match event:
        case HostResultRecorded():
            return _host_result(event)
        case RunEnded() | RolloutEnded():
            return _ended(event)
        case CommandEvent():
            return _command(event)
        case RolloutStarted():
            check = ", check only" if event.mode is Mode.CHECK else ""
            why = event.request.reason if event.request else event.change.title
            return f"started on {pluralize(len(event.targets), 'target')}{check}: {why}"
        case DeliveryDecided():
            return f"{event.change.title}: {event.reason}"
        case WaveStarted() | GateEvaluated() | RolloutWaited() | RolloutHalted():
            return _wave(event)
        case _:
            return _other(event)


def _host_result(event: HostResultRecorded) -> str:
    counts = event.counts
    verb = "would change" if event.mode is Mode.CHECK else "changed"
    parts = [f"{counts.ok} ok"]
    for number, word in (
        (counts.changed, verb),
        (counts.failed, "failed"),
        (counts.unreachable, "unreachable"),
        (counts.rescued, "rescued"),
        (counts.ignored, "ignored"),
    ):
        parts += [f"{number} {word}"] if number else []
    return ", ".join(parts)


def _ended(event: RunEnded | RolloutEnded) -> str:
    what = "run " if isinstance(event, RunEnded) else "rollout "
    text = what + in_words(event.state.value)
    if isinstance(event, RunEnded) and event.duration_seconds is not None:
        text += f" after {format_duration(event.duration_seconds)}"
    succeeded = event.state.value == "succeeded"
    return text if succeeded or not event.reason else f"{text}: {event.reason}"


def _command(event: CommandEvent) -> str:
    name = name_of(event)
    done = _WORDS.get(name) or in_words(outcomes_of(event)[0])
    verb = f"{name} refused" if isinstance(event, CommandRefused) else done
    scope = event.scope if isinstance(event, FreezeStarted | FreezeEnded) else ""
    wave = f" after wave {number}" if (number := getattr(event, "wave", 0)) else ""
    freeze = ", in a freeze, too" if getattr(event, "overrides_freeze", False) else ""
    reason = f": {event.reason}" if event.reason else ""
    return f"{'everything' if scope == '*' else scope} {verb}{wave}{freeze}{reason}".strip()


def _wave(event: WaveStarted | GateEvaluated | RolloutWaited | RolloutHalted) -> str:
    match event:
        case WaveStarted():
            return f"wave {event.wave} of {event.waves} started: {join_first(event.targets)}"
        case GateEvaluated():
            return f"gate after wave {event.wave} {event.outcome}: {event.reason}"
        case RolloutWaited():
            return f"waits: {event.reason}"
        case RolloutHalted():
            return f"halted in wave {event.wave}: {event.reason}"


def _other(event: Event) -> str:
    match event:
        case RolloutRepeated():
            return f"redelivered: {event.reason}"
        case BuildReported():
            return f"build {event.status} that {event.started_by} started" if event.started_by else event.status
        case PlaybookEnded():
            hosts = join_first(event.results_missing, total=event.missing_total)
            missing = f"; results missing: {hosts}" if hosts else ""
            error = f"; host results missing: {event.recording_error}" if event.recording_error else ""
            error += f"; {LATER_RESULTS_MISSING}" if event.was_cut_short else ""
            return f"Ansible ended{f': {event.reason}' if event.reason else ''}{missing}{error}"
        case DriftDetected():
            return f"drifts: {pluralize(len(event.tasks) + event.tasks_omitted, 'task')} would change this host"
        case DriftResolved():
            return f"no longer drifts: {event.reason}"
        case InstanceDecided():
            return f"instance {event.instance_id} came up"
        case _:
            return _about_the_trail(event)


def _about_the_trail(event: Event) -> str:
    match event:
        case InstancesSkipped():
            return f"no run of their own for {join_first(event.instances)}: {event.reason}"
        case EventRejected():
            return f"rejected {event.detail_type} from account {event.sender_account}: {event.reason}"
        case RecordingCapped():
            return f"recording stopped: {event.reason}"
        case ErratumRecorded():
            return f"erratum {event.erratum}: removed {', '.join(event.fields)}: {event.reason}"
        case _:
            return getattr(event, "reason", "") or event.type
