"""What the engine needs of the world. Each port has an adapter for AWS and a twin in memory."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from pointsman.core.delivery import Delivery
from pointsman.core.model import Rollout, RolloutId, Run, RunState, Target, TargetQueue, Value
from pointsman.core.trail.events import Event, TrailEvent


class Queue(Protocol):
    """Where decided deliveries wait for the engine."""

    def send(self, delivery: Delivery) -> None:
        """Keep `delivery` durably, in order with the others of its repository and ref. Raises Unavailable."""


class DeadLetters(Protocol):
    """The dead-letter queue of the changes queue, for messages that can't be read."""

    def put(self, body: str, message_id: str, group_id: str, reason: str) -> None:
        """Keep a message unchanged, with the reason. Twice is once. Raises Unavailable."""


class Trail(Protocol):
    """The audit table."""

    def record(self, event: Event) -> bool:
        """Add `event`; False when the trail already has it. Raises Unavailable."""

    def of_partition(self, partition: str) -> list[TrailEvent]:
        """Every event of a partition, by time. Types that only a newer version knows are left out."""

    def with_key(self, partition: str, beginning: str) -> list[TrailEvent]:
        """The events of a partition whose keys have this beginning, by time."""


class Transition(Value):
    """Records to store together with the events that tell of it: all or nothing.

    A record's `version` is the one that was read (0: new). The write raises it by one, and fails if it moved meanwhile.
    """

    rollout: Rollout | None = None
    runs: tuple[Run, ...] = ()
    queues: tuple[TargetQueue, ...] = ()
    events: tuple[TrailEvent, ...] = ()


class RolloutStore(Protocol):
    """The rollouts table: present state."""

    def load(self, rollout_id: RolloutId) -> tuple[Rollout, tuple[Run, ...]] | None:
        """A rollout and its runs (every attempt), or None when it was never started. Raises Unreadable."""

    def queues(self, names: Iterable[str]) -> dict[str, TargetQueue]:
        """Queues by name; an empty one (version 0) where none is stored."""

    def commit(self, transition: Transition) -> None:
        """Store a transition in one transaction. Raises Conflict when any record has moved, Unavailable otherwise."""

    def open_rollouts(self) -> list[RolloutId]:
        """Ids of the rollouts that have not ended, in order."""

    def sweep_cursor(self) -> RolloutId | None:
        """The rollout at which the last sweep ended; None when it came to the end of the list."""

    def keep_sweep_cursor(self, rollout_id: RolloutId | None) -> None:
        """Remember where a sweep ended."""


class BuildReport(Value):
    """What CodeBuild says of a build."""

    arn: str
    state: RunState  # RUNNING or an end
    reason: str = ""
    log_url: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    started_outside: bool = False  # by somebody else than the engine


class BuildMissing(Value):
    """CodeBuild was asked for a build, answered, and did not name it."""

    arn: str
    at: datetime


class Builds(Protocol):
    """CodeBuild, in every account and region.

    Each call raises Unavailable when nobody can tell what it did, BuildDelayed when the target does not take calls now
    and did nothing, and BuildRefused when it will not, and did nothing.
    """

    def start(self, rollout: Rollout, run: Run) -> BuildReport:
        """Ask for the build of `run`. Within 5 minutes of the first call it gives the same build again."""

    def find(self, run: Run) -> BuildReport | None:
        """The build that an earlier, unanswered start of `run` made. None is certain: there is no such build."""

    def report(self, target: Target, arns: Sequence[str]) -> list[BuildReport]:
        """CodeBuild's present word on builds of one account and region; one that it does not name is left out."""
