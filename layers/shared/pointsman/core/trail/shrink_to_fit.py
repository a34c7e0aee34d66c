"""Shorten an event to fit one item of the audit table, and mark it as shortened."""

from collections.abc import Iterable

from pointsman.core.decision import Decision
from pointsman.core.text import cut
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import DeliveryDecided, HostResultRecorded
from pointsman.core.trail.host_values import TaskResult
from pointsman.core.trail.long_diffs import sha256

# DynamoDB allows 400 KB per item (409,600 bytes). The rest is for the index attributes and DynamoDB's overhead.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
EVENT_BYTES = 380_000
TEXT_STEPS = (8_000, 2_000, 500, 100)  # characters left of each diff and message, tried in turn
REASON_STEPS = (500, 200, 80, 40)  # characters left of each decision's reason, tried in turn


def shrink_to_fit(event: Event, limit: int = EVENT_BYTES) -> Event:
    """`event`, or a copy of at most `limit` bytes of JSON. The same event always gives the same copy."""
    if _size(event) <= limit:
        return event
    match event:
        case HostResultRecorded():
            return _fit_host_result(event, limit)
        case DeliveryDecided():
            return _fit_delivery(event, limit)
        case _:
            return event


def _size(event: Event) -> int:
    return len(event.to_json().encode())


def _fit_host_result(event: HostResultRecorded, limit: int) -> HostResultRecorded:
    for characters in TEXT_STEPS:
        tasks = tuple(_cut_task(task, characters) for task in event.tasks)
        event = event.replace(tasks=tasks, diff_pieces=None, shortened=True)
        if _size(event) <= limit:
            return event
    while event.tasks and _size(event) > limit:
        kept = _drop_half(event.tasks)
        omitted = event.tasks_omitted + len(event.tasks) - len(kept)
        event = event.replace(tasks=kept, tasks_omitted=omitted)
    return event


def _cut_task(task: TaskResult, characters: int) -> TaskResult:
    task = task.replace(message=task.message and cut(task.message, characters))
    if not task.diff or len(task.diff) <= characters:
        return task
    return task.replace(
        diff=cut(task.diff, characters), diff_sha256=task.diff_sha256 or sha256(task.diff), diff_pieces=None
    )


def _drop_half(tasks: tuple[TaskResult, ...]) -> tuple[TaskResult, ...]:
    """Drop half of the tasks, successful ones first."""
    failed_first = sorted(range(len(tasks)), key=lambda index: (tasks[index].status == "changed", index))
    return tuple(tasks[index] for index in sorted(failed_first[: len(tasks) // 2]))


def _fit_delivery(event: DeliveryDecided, limit: int) -> DeliveryDecided:
    """Drop file names, then target names, then cut reasons, then drop and count decisions."""
    change = event.change.replace(files=())
    event = event.replace(change=change, shortened=True)
    if _size(event) <= limit:
        return event
    event = _with_decisions(event, (each.replace(targets=()) for each in event.decisions))
    for characters in REASON_STEPS:
        if _size(event) <= limit:
            return event
        event = _with_decisions(event, (_cut_decision(each, characters) for each in event.decisions))
    while event.decisions and _size(event) > limit:
        kept = _drop_quarter(event.decisions)
        omitted = event.decisions_omitted + len(event.decisions) - len(kept)
        event = _with_decisions(event, kept).replace(decisions_omitted=omitted)
    return event


def _with_decisions(event: DeliveryDecided, decisions: Iterable[Decision]) -> DeliveryDecided:
    return event.replace(decisions=tuple(decisions))


def _cut_decision(decision: Decision, characters: int) -> Decision:
    shorter = {"reason": cut(decision.reason, characters), "pattern": None, "file": None}
    return decision.replace(**shorter)


def _drop_quarter(decisions: tuple[Decision, ...]) -> tuple[Decision, ...]:
    """Drop a quarter of the decisions, those that start no rollout first."""
    running_first = sorted(range(len(decisions)), key=lambda index: (not decisions[index].runs, index))
    return tuple(decisions[index] for index in sorted(running_first[: len(decisions) * 3 // 4]))
