"""Follows an operation of CloudFormation by its events, and finds the reason of its failure."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pointsmanctl.deployment.model import StackState
from pointsmanctl.deployment.stack_state import read_stack
from pointsmanctl.deployment.treatment import GONE
from pointsmanctl.errors import DeploymentFailed

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef

QUIET_MINUTES = 60  # without any event: no resource of these stacks takes so long
_ALIAS = "AWS::Lambda::Alias"
_ROLLED_BACK = (
    "the new version of the function was not accepted, and the version before is live again: see its log, and the "
    "alarms in Slack"
)
_CONSEQUENCES = ("resource creation cancelled", "resource update cancelled", "the following resource(s) failed")


class Interrupted(Exception):
    """The command is ending; CloudFormation goes on."""


@dataclass
class Pace:
    """How often CloudFormation is asked, until when, and whether the command is ending."""

    seconds: float = 3.0
    quiet_seconds: float = QUIET_MINUTES * 60
    stopping: threading.Event = field(default_factory=threading.Event)

    def pause(self) -> None:
        """Wait until the next question. Raises Interrupted."""
        if self.stopping.wait(self.seconds):
            raise Interrupted


@dataclass
class Operation:
    """One operation on a stack: the events since `newest`, which was the newest one before it began."""

    cloudformation: "CloudFormationClient"
    stack_id: str
    newest: str | None
    is_ours: bool = True  # otherwise it may have ended already
    events: list["StackEventTypeDef"] = field(default_factory=list)  # the oldest first

    @classmethod
    def begin(cls, cloudformation: "CloudFormationClient", stack_id: str, *, is_ours: bool = True) -> "Operation":
        """Remember where the events of the next operation will begin."""
        newest = next(iter(_events(cloudformation, stack_id)), None)
        return cls(cloudformation, stack_id, newest["EventId"] if newest else None, is_ours)

    def follow(self, pace: Pace, on_progress: Callable[[str, int], None]) -> StackState:
        """Wait until the stack's operation has ended, for as long as it makes progress; the state then.

        `on_progress` gets the last resource and the number of resources that are done. Raises DeploymentFailed,
        Interrupted.
        """
        progress_at = time.monotonic()
        while True:
            if fresh := self._read_new():
                progress_at = time.monotonic()
                on_progress(fresh[-1]["LogicalResourceId"], len(self.finished_resources))
            state = read_stack(self.cloudformation, self.stack_id) or StackState(self.stack_id, GONE)
            begun = self.events or not self.is_ours  # right after the call, the status may be the one before it
            if begun and not state.status.endswith("_IN_PROGRESS"):
                self._read_new()
                return state
            if time.monotonic() - progress_at > pace.quiet_seconds:
                raise DeploymentFailed(
                    f"{state.status} without an event for {pace.quiet_seconds / 60:.0f} minutes. CloudFormation may "
                    "still be at work: see its console, and deploy again to continue"
                )
            pace.pause()

    @property
    def finished_resources(self) -> set[str]:
        """The resources whose latest event says that they are done."""
        latest = {each["LogicalResourceId"]: each for each in self.events if not _is_stack(each)}
        return {name for name, each in latest.items() if each["ResourceStatus"].endswith("_COMPLETE")}

    @property
    def failure(self) -> str:
        """The first resource that failed, with its reason; empty if there is none."""
        failed = [each for each in self.events if each["ResourceStatus"].endswith("_FAILED")]
        causes = [each for each in failed if not _is_consequence(each)]
        own = [each for each in causes if not _is_stack(each)] or causes or failed
        if not own:
            return ""
        reason = f"{own[0]['LogicalResourceId']}: {own[0].get('ResourceStatusReason', 'no reason given')}"
        return f"{reason.rstrip('.')} ({_ROLLED_BACK})" if own[0].get("ResourceType") == _ALIAS else reason

    def _read_new(self) -> list["StackEventTypeDef"]:
        known = self.events[-1]["EventId"] if self.events else self.newest
        fresh: list[StackEventTypeDef] = []
        for event in _events(self.cloudformation, self.stack_id):
            if event["EventId"] == known:
                break
            fresh.insert(0, event)
        self.events += fresh
        return fresh


def describe_resource(name: str) -> str:
    """Return a resource's logical id; for an alias, what CloudFormation waits for."""
    function = name.removesuffix("Aliaslive")
    return name if function == name else f"{function} goes live; its alarms are watched for some minutes"


def _events(cloudformation: "CloudFormationClient", stack_id: str) -> Iterator["StackEventTypeDef"]:
    """Yield the events of a stack, the newest first."""
    for page in cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack_id):
        yield from page["StackEvents"]


def _is_stack(event: "StackEventTypeDef") -> bool:
    return bool(event.get("PhysicalResourceId") == event["StackId"])


def _is_consequence(event: "StackEventTypeDef") -> bool:
    return str(event.get("ResourceStatusReason", "")).lower().startswith(_CONSEQUENCES)
