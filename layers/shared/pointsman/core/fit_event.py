"""Make an event small enough for one item of the audit table, and say so in it."""

from pointsman.core.text import cut
from pointsman.events import DeliveryDecided, Event, HostResultRecorded, TaskResult

# DynamoDB holds 400 KB an item (409,600 bytes); the rest is room for the index attributes and its own overhead.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
EVENT_BYTES = 380_000
TEXT_STEPS = (8_000, 2_000, 500, 100)  # characters left of each diff and message, tried in turn


def fitted(event: Event, limit: int = EVENT_BYTES) -> Event:
    """`event`, or a shortened copy of at most `limit` bytes of JSON. One event is always shortened the same way."""
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
    return len(event.model_dump_json(exclude_none=True).encode())


def _fit_host_result(event: HostResultRecorded, limit: int) -> HostResultRecorded:
    for characters in TEXT_STEPS:
        tasks = tuple(_cut_task(task, characters) for task in event.tasks)
        event = event.model_copy(update={"tasks": tasks, "shortened": True})
        if _size(event) <= limit:
            return event
    while event.tasks and _size(event) > limit:
        kept = _without_last_half(event.tasks)
        omitted = event.tasks_omitted + len(event.tasks) - len(kept)
        event = event.model_copy(update={"tasks": kept, "tasks_omitted": omitted})
    return event


def _cut_task(task: TaskResult, characters: int) -> TaskResult:
    return task.model_copy(
        update={
            "message": task.message and cut(task.message, characters),
            "diff": task.diff and cut(task.diff, characters),
        }
    )


def _without_last_half(tasks: tuple[TaskResult, ...]) -> tuple[TaskResult, ...]:
    """The first half of `tasks`, where those that did not fail go first: who reads on looks for the failure."""
    by_need = sorted(range(len(tasks)), key=lambda place: (tasks[place].status == "changed", place))
    return tuple(tasks[place] for place in sorted(by_need[: len(tasks) // 2]))


def _fit_delivery(event: DeliveryDecided, limit: int) -> DeliveryDecided:
    """Without file names, then without target names: the counts and the reasons stay."""
    event = event.model_copy(update={"change": event.change.model_copy(update={"files": ()})})
    if _size(event) <= limit:
        return event
    decisions = tuple(decision.model_copy(update={"targets": ()}) for decision in event.decisions)
    return event.model_copy(update={"decisions": decisions})
