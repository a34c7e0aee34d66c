"""The Slack message of a drift check on one target: which hosts began to drift, drift otherwise, or drift no longer."""

from collections.abc import Iterable, Iterator, Sequence

from pointsman.core.slack.message import SlackMessage, context, section
from pointsman.core.slack.text import NAME_LENGTH, REASON_LENGTH, code, plain
from pointsman.core.text import format_duration, pluralize
from pointsman.core.trail.drift_events import DriftDetected, DriftResolved

HOSTS_LISTED = 10
TASKS_LISTED = 3  # of one host

type Drift = DriftDetected | DriftResolved


def render_drift(events: Sequence[Drift]) -> SlackMessage:
    """Return the message of a target's events, which are in the partition of one check.

    What it detected may be resolved there later, when the route no longer checks the target.
    """
    first = events[0]
    resolved = [event for event in events if isinstance(event, DriftResolved)]
    hosts = {event.host for event in resolved}
    detected = [event for event in events if isinstance(event, DriftDetected) and event.host not in hosts]
    emoji, words = ("🌀", _begins(detected, resolved)) if detected else ("✅", _stops(resolved))
    route, target = first.route or "", first.target or ""
    head = f"{emoji} {code(route, NAME_LENGTH)} on {code(target, NAME_LENGTH)}: {words}"
    lines = list(_lines([*detected, *resolved]))
    commit = code((first.commit or "")[:7], NAME_LENGTH)
    command = code(f"pointsman drift {target}", NAME_LENGTH)
    foot = f"compared with {commit} · {code(first.rollout or '', NAME_LENGTH)} · {command}"
    text = f"{emoji} {plain(route, NAME_LENGTH)} on {plain(target, NAME_LENGTH)}: {words}"
    return SlackMessage(text=text, blocks=(section(head), *(section(each) for each in lines), context(foot)))


def _begins(detected: Sequence[DriftDetected], resolved: Sequence[DriftResolved]) -> str:
    words = f"{pluralize(len(detected), 'host')} {'drifts' if len(detected) == 1 else 'drift'}"
    return f"{words}, {len(resolved)} no longer" if resolved else words


def _stops(resolved: Sequence[DriftResolved]) -> str:
    return f"{pluralize(len(resolved), 'host')} no longer {'drifts' if len(resolved) == 1 else 'drift'}"


def _lines(events: Sequence[Drift]) -> Iterator[str]:
    for event in events[:HOSTS_LISTED]:
        yield _resolved(event) if isinstance(event, DriftResolved) else _detected(event)
    others = len(events) - HOSTS_LISTED
    if others > 0:
        yield f"… and {pluralize(others, 'more host')}"


def _detected(event: DriftDetected) -> str:
    host = code(event.host or "", NAME_LENGTH)
    since = "" if event.since >= event.at else f" · drifts for {_duration(event)}, now otherwise"
    tasks = ", ".join(_tasks(event))
    return f"{host} would be changed by {tasks}{since}" if tasks else f"{host} would be changed{since}"


def _tasks(event: DriftDetected) -> Iterable[str]:
    yield from (code(task.name, NAME_LENGTH) for task in event.tasks[:TASKS_LISTED])
    others = len(event.tasks[TASKS_LISTED:]) + event.tasks_omitted
    if others:
        yield f"{pluralize(others, 'more task')}"


def _resolved(event: DriftResolved) -> str:
    host = code(event.host or "", NAME_LENGTH)
    return f"{host} no longer drifts, after {_duration(event)}: {code(event.reason, REASON_LENGTH)}"


def _duration(event: Drift) -> str:
    return format_duration(max((event.at - event.since).total_seconds(), 0.0))
