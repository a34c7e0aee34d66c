"""The entries of an event: what the index has of it, and in which partitions."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from pointsman.core.git_ref import read_ref
from pointsman.core.index.activity import activity_of, activity_sort_key, is_activity
from pointsman.core.index.detail import LONGEST, detail_of
from pointsman.core.index.entry import Cause, EventKey, HostEntry, IndexEntry, TaskEntry
from pointsman.core.index.facets import (
    Facet,
    commit_partition_value,
    commit_sort_key,
    event_id,
    host_sort_key,
    partition,
    path_value,
    sort_key,
    task_sort_key,
)
from pointsman.core.index.missing_results import NOT_REPORTED, RESULTS_MISSING
from pointsman.core.index.outcomes import (
    WOULD_CHANGE,
    is_listed,
    is_of_check,
    outcomes_of,
    outcomes_of_task,
)
from pointsman.core.index.places import (
    authors_of,
    places_of,
    places_of_activity,
    places_of_outcome,
    places_of_task,
)
from pointsman.core.model import Mode
from pointsman.core.text import one_line
from pointsman.core.trail.command_events import CommandEvent
from pointsman.core.trail.drift_events import DriftEvent
from pointsman.core.trail.erratum_event import ErratumRecorded
from pointsman.core.trail.event import Event
from pointsman.core.trail.events import (
    BuildEventOfRun,
    DeliveryDecided,
    HostResultRecorded,
    RolloutEnded,
    RolloutRepeated,
    RolloutStarted,
)
from pointsman.core.trail.host_values import TaskResult
from pointsman.core.trail.long_diffs import sha256
from pointsman.core.trail.loops import joined_loops
from pointsman.core.trail.refused_events import RecordingCapped
from pointsman.core.value import Value

# An entry shall be one write unit: 1,024 bytes with its names. The longest texts are those of tasks.
TASK_BYTES: Final = 360
_OF_A_COMMIT: Final = (
    *(DeliveryDecided, RolloutStarted, RolloutRepeated, RolloutEnded, CommandEvent),
    *(DriftEvent, ErratumRecorded, RecordingCapped),  # a long time after the end of a rollout
)
MOST_ROLLOUTS: Final = 20  # of a delivery; its event has all
LONGEST_NAME: Final = 120  # characters of a task's name
LONGEST_ITEM: Final = 60  # characters of the items of its loop
AUTHORS_SHOWN: Final = 3
_UNKNOWN: Final = Cause()


class StoredEntry(Value, kw_only=True, frozen=True):
    """An entry and its key in the index."""

    pk: str
    sk: str
    entry: IndexEntry | HostEntry

    def item(self) -> dict[str, Any]:
        """The entry's fields beside its key, as the table has them."""
        return {"pk": self.pk, "sk": self.sk, **self.entry.to_dict()}


def stands_for_results(stored: StoredEntry) -> bool:
    """Whether an entry stands for all results of a rollout in some minutes, and not for one event."""
    return isinstance(stored.entry, IndexEntry) and is_activity(stored.entry)


def entries_of(
    event: Event,
    cause: Cause = _UNKNOWN,
    place: EventKey | None = None,
    *,
    misses_results: bool = False,
) -> list[StoredEntry]:
    """Every entry of `event`, each with another key; none if lists do not show it.

    `cause`: what its rollout brings. `place`: where the event is stored, if not where this version would store it.
    `misses_results`: it is the end of a run of which Ansible did not report that it finished.
    """
    if not is_listed(event):
        return []
    plain = entry_of(event, _branch_of(event, cause.ref), misses_results=misses_results)
    stored = (*_entries(event, plain, place or EventKey.of(event), cause.authors), *_activity(event, plain, cause))
    return list({(each.pk, each.sk): each for each in stored}.values())


def host_entry_of(event: Event) -> StoredEntry | None:
    """The entry of the host in the list of hosts, if `event` is its whole result."""
    if not isinstance(event, HostResultRecorded) or not event.final:
        return None
    entry = HostEntry(
        host=event.host,
        target=event.target,
        instance_id=event.instance_id,
        at=event.at,
        outcome=outcomes_of(event)[0],
        rollout=event.rollout or None,
        commit=event.commit,
        actor=event.actor,
    )
    return StoredEntry(
        pk=partition(Facet.HOSTS, "", event.host), sk=host_sort_key(event.host, event.target), entry=entry
    )


def keep_newest(hosts: dict[str, StoredEntry], event: Event) -> None:
    """Put the host of an event into `hosts`, by its sort key, unless a newer result of it is there."""
    if host := host_entry_of(event):
        hosts[host.sk] = max(hosts.get(host.sk, host), host, key=lambda each: each.entry.at)


def _branch_of(event: Event, ref: str | None) -> str | None:
    return branch_of(event.change.ref if isinstance(event, DeliveryDecided | RolloutStarted) else ref)


def _entries(event: Event, plain: IndexEntry, place: EventKey, authors: Sequence[str]) -> Iterator[StoredEntry]:
    identity = event_id(place.partition, place.key)
    plain = plain.replace(event_partition=place.partition, event_key=place.key)
    tasks = joined_loops(event.tasks) if isinstance(event, HostResultRecorded) else []
    entry = _with_first_tasks(plain, tasks)
    sk = sort_key(event.at, identity)
    for facet, value in places_of(event, entry, authors):
        pk = partition(facet, value, identity, person=entry.person, target=entry.target)
        yield StoredEntry(pk=pk, sk=sk, entry=entry)
    if event.commit and names_commit(event):
        pk = partition(Facet.COMMIT, commit_partition_value(event.commit), identity)
        yield StoredEntry(pk=pk, sk=commit_sort_key(event.commit, event.at, identity), entry=entry)
    if isinstance(event, HostResultRecorded):
        yield from _entries_of_tasks(event, tasks, plain, sk)


def _activity(event: Event, entry: IndexEntry, cause: Cause) -> Iterator[StoredEntry]:
    """The entries by which the event is found through its rollout."""
    rollout = entry.rollout or ""
    every = activity_of(event.at, rollout, branch_of(cause.ref), cause)
    for facet, value in places_of_activity(event, entry, cause.authors):
        pk = partition(facet, value, rollout, person=entry.person, target=entry.target)
        yield StoredEntry(pk=pk, sk=activity_sort_key(every), entry=every)
    for (facet, value), outcome in places_of_outcome(event, entry):
        of_outcome = every.replace(outcomes=(outcome,))
        pk = partition(facet, value, rollout)
        yield StoredEntry(pk=pk, sk=activity_sort_key(every), entry=of_outcome)


def names_commit(event: Event) -> bool:
    """Whether an event is found by its commit: what begins, continues or ends a rollout, and what is in none.

    What comes long after the end of a rollout is, too. The others are found with the rollout.
    """
    outside = isinstance(event, BuildEventOfRun) and event.started_by is not None
    return isinstance(event, _OF_A_COMMIT) or outside or not event.rollout


def branch_of(ref: str | None) -> str | None:
    """The branch of a ref, as entries have it: without refs/heads/; other refs as they are."""
    if not ref:
        return None
    read = read_ref(ref)
    return read.name if read.kind == "branch" else ref


def entry_of(event: Event, branch: str | None, *, misses_results: bool = False) -> IndexEntry:
    """What a list shows of an event, without tasks."""
    missing = (RESULTS_MISSING,) if misses_results else ()
    return IndexEntry(
        event_partition=event.partition,
        event_key=event.key,
        type=event.type,
        at=event.at,
        actor=event.actor,
        login=event.login if isinstance(event, CommandEvent) else None,
        authors=authors_of(event)[:AUTHORS_SHOWN],
        repository=event.repository,
        commit=event.commit,
        branch=branch,
        route=event.route,
        rollout=event.rollout or None,
        rollouts=_rollouts(event)[:MOST_ROLLOUTS],
        target=event.target,
        host=event.host,
        instance_id=getattr(event, "instance_id", None),
        outcomes=(*outcomes_of(event), *missing),
        detail=f"{detail_of(event)}; {NOT_REPORTED}" if misses_results else detail_of(event),
    )


def _rollouts(event: Event) -> tuple[str, ...]:
    """The rollouts that a delivery started: they do not name the changed files themselves."""
    decisions = event.decisions if isinstance(event, DeliveryDecided) else ()
    return tuple(each.rollout for each in decisions if each.runs and each.rollout)


def rollouts_of(entry: IndexEntry, load: Callable[[str, str], Event | None]) -> set[str]:
    """The rollouts of an entry: its own, or those that its delivery started.

    If the entry may not have them all, the event is read.
    """
    found = {*entry.rollouts, *((entry.rollout,) if entry.rollout else ())}
    event = load(entry.event_partition, entry.event_key) if len(entry.rollouts) >= MOST_ROLLOUTS else None
    return found if event is None else found | {*_rollouts(event)}


def _entries_of_tasks(
    event: HostResultRecorded, tasks: Sequence[TaskResult], plain: IndexEntry, sk: str
) -> Iterator[StoredEntry]:
    """An entry for each task, and one for each file that an item of it changed."""
    for number, task in enumerate(tasks):
        entry = _with_task(plain, event, task)
        for facet, value in places_of_task(task.name, entry.outcomes):
            pk = partition(facet, value, person=entry.person, target=entry.target)
            yield StoredEntry(pk=pk, sk=task_sort_key(sk, number), entry=entry)
    for number, task in enumerate(event.tasks):
        entry = _with_task(plain, event, task)
        for path in task.changed_paths if WOULD_CHANGE not in entry.outcomes else ():
            pk = partition(Facet.PATH, path_value(event.target, event.host, path))
            yield StoredEntry(pk=pk, sk=task_sort_key(sk, number), entry=entry)


def _with_task(plain: IndexEntry, event: HostResultRecorded, task: TaskResult) -> IndexEntry:
    """The entry of one task."""
    return plain.replace(
        tasks=(task_entry(task),),
        outcomes=outcomes_of_task(event.mode, task),
        detail=one_line(task.message or "", LONGEST),
    )


def _with_first_tasks(entry: IndexEntry, tasks: Sequence[TaskResult]) -> IndexEntry:
    """The entry with as many tasks as have room, failed ones first."""
    ordered = sorted(tasks, key=lambda task: task.status == "changed")
    kept: list[TaskEntry] = []
    room = TASK_BYTES
    for task in ordered:
        shown = task_entry(task)
        room -= len(shown.to_json().encode())
        if kept and room < 0:
            break
        kept.append(shown)
    return entry.replace(tasks=tuple(kept), tasks_omitted=len(tasks) - len(kept))


def task_entry(task: TaskResult) -> TaskEntry:
    """What the index has of a task."""
    return TaskEntry(
        name=one_line(task.name, LONGEST_NAME),
        item=task.item and one_line(task.item, LONGEST_ITEM),
        role=task.role,
        action=task.action,
        path=task.path,
        status=task.status,
        check_mode=task.check_mode,
        changed_path=task.changed_paths[0] if task.changed_paths else None,
        changed_files=task.changed_files,
        diff=diff_digest(task),
        ignored=task.ignored,
        rescued=task.rescued,
    )


def has_task(entry: IndexEntry, name: str, outcomes: Sequence[str], load: Callable[[str, str], Event | None]) -> bool:
    """Whether an entry is of a task of this name, and with one of these outcomes if there are any.

    If the entry has not all tasks, the event is read.
    """
    mode = Mode.CHECK if is_of_check(entry) else Mode.APPLY
    shown = one_line(name, LONGEST_NAME)
    if any(task.name == shown and task_meets(mode, task, outcomes) for task in entry.tasks):
        return True
    event = load(entry.event_partition, entry.event_key) if entry.tasks_omitted else None
    return event is not None and event_has_task(event, name, outcomes)


def event_has_task(event: Event, name: str, outcomes: Sequence[str]) -> bool:
    """Whether an event has a task of this name, and with one of these outcomes if there are any."""
    return isinstance(event, HostResultRecorded) and any(
        task.name == name and task_meets(event.mode, task, outcomes) for task in event.tasks
    )


def task_meets(mode: Mode, task: TaskEntry | TaskResult, outcomes: Sequence[str]) -> bool:
    """Whether a task has one of these outcomes. Without any, every task meets them."""
    return not outcomes or not {*outcomes}.isdisjoint(outcomes_of_task(mode, task))


def diff_digest(task: TaskResult) -> str | None:
    """The digest by which equal diffs are found: of the whole diff, even if the task has only a piece of it."""
    return (task.diff_sha256 or sha256(task.diff))[:16] if task.diff else None
