"""What is deployed, what a deployment would change, and how it ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Stack:
    """A stack to deploy: the control stack, or the worker stack of a target."""

    label: str  # `control`, or the target's name: dev/eu-west-1
    name: str
    account: str  # its name in routes.yaml, or `control`
    account_id: str
    region: str
    template: Path
    parameters: Mapping[str, str] = field(default_factory=dict)


class Treatment(StrEnum):
    """What a stack needs, by the state that CloudFormation has it in."""

    CREATE = "create"
    UPDATE = "update"
    RECREATE = "recreate"  # its creation failed: only a deletion leads out of that state
    CONTINUE_ROLLBACK = "continue rollback"  # the rollback of an update failed: it must end before the next update
    WAIT = "wait"  # an operation is running
    GIVE_UP = "give up"  # only a person can decide


@dataclass(frozen=True)
class StackState:
    """A stack as CloudFormation has it."""

    id: str
    status: str
    reason: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ResourceChange:
    """What a change set does with one resource."""

    action: str  # Add, Modify, Remove, Import, Dynamic
    resource: str
    kind: str
    replacement: str = "False"  # True, False or Conditional


@dataclass(frozen=True)
class StackPlan:
    """What a deployment would do with a stack. Without a change set, its changes are not known yet."""

    stack: Stack
    treatment: Treatment
    change_set: str | None = None  # its ARN
    changes: Sequence[ResourceChange] = ()
    error: str = ""  # why it cannot be deployed

    @property
    def unchanged(self) -> bool:
        """Whether the stack is already in the state of this version."""
        return self.treatment is Treatment.UPDATE and not self.change_set and not self.error


class OutcomeKind(StrEnum):
    """How the deployment of a stack ended."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DELETED = "deleted"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class StackOutcome:
    """How the deployment of a stack ended, and why it failed."""

    stack: Stack
    kind: OutcomeKind
    reason: str = ""
    seconds: float = 0.0


class Progress(Protocol):
    """Shows what happens. Methods are called from several threads."""

    def update(self, label: str, phase: str, detail: str = "") -> None:
        """Show the phase of a stack, such as `creating`, and a detail that changes often."""

    def end(self, label: str, text: str, *, failed: bool = False) -> None:
        """Show how a stack ended."""


class NoProgress:
    """Shows nothing."""

    def update(self, label: str, phase: str, detail: str = "") -> None:
        """Show nothing."""

    def end(self, label: str, text: str, *, failed: bool = False) -> None:
        """Show nothing."""
