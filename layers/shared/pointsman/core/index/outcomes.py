"""By which outcomes an event is found, and whether a list shows it at all."""

from collections.abc import Iterator
from typing import Final

from pointsman.core.decision import Outcome
from pointsman.core.identity import ENGINE
from pointsman.core.index.entry import IndexEntry, TaskEntry
from pointsman.core.index.missing_results import RESULTS_MISSING
from pointsman.core.model import Mode, RolloutState, RunState
from pointsman.core.trail.command_events import CommandEvent, CommandRefused, name_of
from pointsman.core.trail.drift_events import DriftDetected, DriftResolved
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import (
    BuildReported,
    DeliveryDecided,
    HostResultRecorded,
    PlaybookEnded,
    RolloutEnded,
    RolloutStarted,
    RunDelayed,
    RunEnded,
    RunStarted,
    RunWaited,
)
from pointsman.core.trail.host_values import TaskResult
from pointsman.core.trail.item import NewerEvent
from pointsman.core.trail.refused_events import EventRejected, RecordingCapped
from pointsman.core.trail.wave_events import GateEvaluated, GateOutcome, RolloutHalted

# Steps on the way of a run. `--rollout` shows them; a list of many rollouts shows what came of them.
STEPS: Final = (RunWaited, RunDelayed, RunStarted)
RUN_ENDED: Final = RunEnded.__name__
STEP_TYPES: Final = frozenset({*(each.__name__ for each in STEPS), "BuildReported", "PlaybookEnded"})

WOULD_CHANGE: Final = "would_change"  # of a host or a task in a check
SUCCEEDED: Final = RunState.SUCCEEDED.value
CHANGES: Final = frozenset({"changed", WOULD_CHANGE})  # what most results of hosts are
WENT_WRONG: Final = frozenset(
    {"unreachable", RESULTS_MISSING, *(state.value for state in RunState if state.ended and state.failed)}
)
_COMMANDS: Final = {
    "cancel": "cancelled",
    "retry": "retried",
    "approve": "approved",
    "reject": "rejected",
    "hold": "held",
    "resume": "resumed",
    "rollback": "rolled_back",
    "run": "requested",
    "freeze": "frozen",
    "unfreeze": "unfrozen",
}
_FIXED: Final[dict[type[Event], str]] = {
    DriftDetected: "drifted",
    DriftResolved: "drift_resolved",
    EventRejected: "event_rejected",
    RecordingCapped: RESULTS_MISSING,
    RolloutHalted: "halted",
    RolloutStarted: "started",
}
# What `--outcome` takes.
OUTCOMES: Final = tuple(
    sorted(
        {
            *("ok", "changed", WOULD_CHANGE, "failed", "unreachable"),  # of hosts
            *(state.value for state in RunState if state.ended),
            *(state.value for state in RolloutState if state.ended),
            *(outcome.value for outcome in Outcome),  # of deliveries
            *_COMMANDS.values(),
            *_FIXED.values(),
            *("command_refused", "gate_failed", "gate_passed", RESULTS_MISSING),
            "outside",  # a build that a person started beside Pointsman
            "overridden",  # a freeze, by a person
        }
    )
)
# Types whose events all have one of these outcomes, so that they are found without reading others.
OUTCOMES_OF_TYPE: Final[dict[str, tuple[str, ...]]] = {
    **{each.__name__: (outcome,) for each, outcome in _FIXED.items()},
    DeliveryDecided.__name__: tuple(outcome.value for outcome in Outcome),
    CommandRefused.__name__: ("command_refused",),
    RUN_ENDED: tuple(state.value for state in RunState if state.ended),
}
RESULT_TYPES: Final = frozenset({RUN_ENDED, HostResultRecorded.__name__, PlaybookEnded.__name__})
# Of events of these types.
OUTCOMES_OF_RESULTS: Final = frozenset(
    {"ok", "changed", WOULD_CHANGE, "failed", "unreachable", RESULTS_MISSING, *OUTCOMES_OF_TYPE[RUN_ENDED]}
)


def is_listed(event: Event) -> bool:
    """Whether lists show the event. Its rollout shows it in any case."""
    match event:
        case BuildReported():
            return event.started_by is not None
        case PlaybookEnded():
            return event.exit_status != 0 or event.misses_results
        case HostResultRecorded():
            return event.final or bool(event.tasks)
        case GateEvaluated():
            return event.outcome is not GateOutcome.WAITING
        case _:
            return not isinstance(event, STEPS)


def is_quiet_entry(entry: IndexEntry) -> bool:
    """Whether it is a run that succeeded, as its hosts show: only its rollout has it."""
    return (
        entry.type == RUN_ENDED
        and entry.rollout is not None
        and SUCCEEDED in entry.outcomes
        and RESULTS_MISSING not in entry.outcomes
    )


def in_words(outcome: str) -> str:
    """An outcome as people read it: `rolled back`."""
    return outcome.replace("_", " ")


def outcome_of_result(mode: Mode, status: str) -> str:
    """The outcome of a host, or of a task on it: its status, but a check changes nothing."""
    return WOULD_CHANGE if mode is Mode.CHECK and status == "changed" else status


def outcome_of_task(mode: Mode, task: TaskEntry | TaskResult) -> str:
    """The outcome of a task: a task can run in check mode in a run that applies, and the other way round."""
    own = {None: mode, True: Mode.CHECK, False: Mode.APPLY}[task.check_mode]
    return outcome_of_result(own, task.status)


def outcomes_of_task(mode: Mode, task: TaskEntry | TaskResult) -> tuple[str, ...]:
    """By which outcome a task is found: by none if it failed, and that was rescued or ignored."""
    return () if task.rescued or task.ignored else (outcome_of_task(mode, task),)


def is_of_check(entry: IndexEntry) -> bool:
    """Whether a check found what would change. What the host did comes first; the others are of single tasks."""
    return next((each for each in entry.outcomes if each in ("changed", WOULD_CHANGE)), None) == WOULD_CHANGE


def outcomes_of(event: Event) -> tuple[str, ...]:
    """The outcomes of an event, most of which have one."""
    match event:
        case HostResultRecorded():
            return tuple(dict.fromkeys(_result(event)))
        case RunEnded() | RolloutEnded():
            return (event.state.value,)
        case CommandEvent():
            return tuple(_command(event))
        case DeliveryDecided():
            return tuple(sorted({each.outcome.value for each in event.decisions})) or (Outcome.IGNORED.value,)
        case _:
            return _other(event)


def _result(event: HostResultRecorded) -> Iterator[str]:
    """The host's status, what it did beside that, and what single tasks did that ran in another mode than the run.

    A host that failed may have been changed before it failed.
    """
    yield outcome_of_result(event.mode, event.status)
    if event.status not in ("ok", "changed"):
        counts = event.counts
        numbers = {"unreachable": counts.unreachable, "failed": counts.failed, "changed": counts.changed}
        yield from (outcome_of_result(event.mode, status) for status, number in numbers.items() if number)
    for task in event.tasks:
        yield from outcomes_of_task(event.mode, task) if task.check_mode is not None else ()


def _other(event: Event) -> tuple[str, ...]:
    match event:
        case GateEvaluated():
            return () if event.outcome is GateOutcome.WAITING else (f"gate_{event.outcome}",)
        case PlaybookEnded():
            return (RESULTS_MISSING,) if event.misses_results or event.was_cut_short else ()
        case BuildReported():
            return ("outside",) if event.started_by else ()
        case NewerEvent():
            return ()
        case _:
            fixed = _FIXED.get(type(event))
            return (fixed,) if fixed else ()


def _command(event: CommandEvent) -> list[str]:
    if isinstance(event, CommandRefused):
        return ["command_refused"]
    by_person = event.actor != ENGINE  # a rollback after a failure may run in any freeze
    overridden = ["overridden"] if by_person and getattr(event, "overrides_freeze", False) else []
    return [_COMMANDS[name_of(event)], *overridden]
