"""What drifts on a host, as lines for people."""

from collections.abc import Iterator

from rich.text import Text

from pointsman.core.text import pluralize
from pointsman.core.trail.drift_events import DriftDetected, DriftingTask


def drift_lines(event: DriftDetected) -> Iterator[Text]:
    """Yield how many tasks would change the host, and each of them."""
    others = "" if event.since >= event.at else f", which drifts since {event.since:%m-%d %H:%M}"
    total = len(event.tasks) + event.tasks_omitted
    yield Text(f"drifts: {pluralize(total, 'task')} would change this host{others}", "yellow")
    yield from (task_line(task) for task in event.tasks)
    if event.tasks_omitted:
        yield Text(f"and {pluralize(event.tasks_omitted, 'more task')}", "dim")


def task_line(task: DriftingTask) -> Text:
    """Return a task with its module and where it is written."""
    role = f"{task.role} : " if task.role else ""
    return Text.assemble(f"{role}{task.name}", (f"  {task.action}  {task.path}", "dim"))
