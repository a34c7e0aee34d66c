"""An entry of the index: what a list shows of an event of the trail, and where the event is."""

from datetime import datetime

from pointsman.core.trail.event import Event
from pointsman.core.trail.events import RolloutStarted
from pointsman.core.value import Value


class EventKey(Value, kw_only=True, frozen=True):
    """Where an event is in the trail. Another version may have given it another key than it would get today."""

    partition: str
    key: str

    @classmethod
    def of(cls, event: Event) -> "EventKey":
        """Where this version stores an event."""
        return cls(partition=event.partition, key=event.key)


class Cause(Value, kw_only=True, frozen=True):
    """What an event's rollout brings: only the start of a rollout says it."""

    ref: str | None = None
    authors: tuple[str, ...] = ()  # their logins
    repository: str | None = None
    route: str | None = None

    @classmethod
    def of(cls, start: RolloutStarted) -> "Cause":
        """What a rollout brings, by its start."""
        change = start.change
        return cls(ref=change.ref, authors=change.author_logins, repository=start.repository, route=start.route)


class TaskEntry(Value, kw_only=True, frozen=True):
    """A task of a host result. Tasks with the same `diff` changed the same in their files."""

    name: str  # as in the playbook
    item: str | None = None  # the items of its loop, only the first
    role: str | None = None
    action: str  # the module: "ansible.builtin.template"
    path: str  # "roles/app/tasks/main.yml:12"
    status: str  # "changed", "failed" or "unreachable"
    changed_path: str | None = None  # the first file of the host that the task changed
    changed_files: int = 0  # how many files it changed
    diff: str | None = None  # the first 16 hexadecimal digits of the diff's SHA-256; None: there is no diff
    ignored: bool = False
    rescued: bool = False
    check_mode: bool | None = None  # as in the event: whether it ran in check mode, where the run did not

    @property
    def title(self) -> str:
        """Its name, with the items of its loop."""
        return f"{self.name} (item={self.item})" if self.item is not None else self.name


class IndexEntry(Value, kw_only=True, frozen=True):
    """What a list shows of an event. One event has an entry in each partition by which it is found."""

    event_partition: str  # `pk` of the event in the trail
    event_key: str  # `sk` of the event in the trail
    type: str  # of the event
    at: datetime
    actor: str | None = None  # GitHub login of who pushed, or the ARN of who sent a command
    login: str | None = None  # GitHub login of who sent a command
    authors: tuple[str, ...] = ()  # GitHub logins of who wrote the change, if the event brought it; only the first
    repository: str | None = None
    commit: str | None = None
    branch: str | None = None  # without refs/heads/; other refs as they are
    route: str | None = None
    rollout: str | None = None
    rollouts: tuple[str, ...] = ()  # that a delivery started
    target: str | None = None
    host: str | None = None
    instance_id: str | None = None
    outcomes: tuple[str, ...] = ()
    detail: str = ""  # one line for people
    tasks: tuple[TaskEntry, ...] = ()  # the first that changed the host or failed on it
    tasks_omitted: int = 0  # how many had no room

    @property
    def place(self) -> EventKey:
        """Where the event is in the trail."""
        return EventKey(partition=self.event_partition, key=self.event_key)

    @property
    def person(self) -> str | None:
        """The person by whom the entry is found: a GitHub login, or an ARN without one."""
        return self.login or self.actor

    @property
    def account(self) -> str | None:
        """The account's label in the target."""
        return self.target.partition("/")[0] if self.target else None

    @property
    def region(self) -> str | None:
        """The target's region."""
        return self.target.partition("/")[2] if self.target else None


class HostEntry(Value, kw_only=True, frozen=True):
    """A host that the trail knows, with its newest result."""

    host: str
    target: str
    instance_id: str | None = None
    at: datetime  # of the newest result
    outcome: str
    rollout: str | None = None
    commit: str | None = None
    actor: str | None = None
