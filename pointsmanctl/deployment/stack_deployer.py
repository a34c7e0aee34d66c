"""Plans and deploys one stack."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pointsman.core.text import format_duration
from pointsmanctl.deployment.accounts import Accounts
from pointsmanctl.deployment.artifacts import ArtifactPublisher
from pointsmanctl.deployment.change_sets import (
    create_change_set,
    discard_change_set,
    parameter_list,
    read_changes,
)
from pointsmanctl.deployment.model import (
    OutcomeKind,
    Progress,
    Stack,
    StackOutcome,
    StackPlan,
    StackState,
    Treatment,
)
from pointsmanctl.deployment.ssm_values import with_ssm_values
from pointsmanctl.deployment.stack_events import Operation, Pace, describe_resource
from pointsmanctl.deployment.stack_state import read_stack
from pointsmanctl.deployment.template import read_parameters
from pointsmanctl.deployment.treatment import GONE, ROLLED_BACK, SUCCEEDED, treatment_of
from pointsmanctl.errors import CommandError, DeploymentFailed

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient


@dataclass(frozen=True)
class StackDeployer:
    """Plans and deploys stacks, one call for each. Expected failures become part of the plan or the outcome."""

    accounts: Accounts
    artifacts: ArtifactPublisher
    progress: Progress
    pace: Pace

    def state_of(self, stack: Stack) -> StackState | None:
        """Return a stack as it is; None if it does not exist."""
        return read_stack(self._cloudformation(stack), stack.name)

    def plan(self, stack: Stack) -> StackPlan:
        """Find out what a deployment would change. Its change set is executed by `deploy` or removed by `discard`."""
        try:
            plan = self._plan(stack)
        except expected_errors() as error:
            plan = StackPlan(stack, Treatment.GIVE_UP, error=reason_of(error))
        if plan.error:
            self.progress.end(stack.label, f"cannot be deployed: {plan.error}", failed=True)
        return plan

    def deploy(self, plan: StackPlan) -> StackOutcome:
        """Carry out a plan."""
        stack, start = plan.stack, time.monotonic()
        try:
            kind, reason = self._deploy(plan)
        except expected_errors() as error:
            kind, reason = OutcomeKind.FAILED, reason_of(error)
        outcome = StackOutcome(stack, kind, reason, time.monotonic() - start)
        self.progress.end(stack.label, outcome_text(outcome), failed=kind is OutcomeKind.FAILED)
        return outcome

    def discard(self, plan: StackPlan) -> None:
        """Remove the change set of a plan that is not carried out."""
        if plan.change_set:
            discard_change_set(self._cloudformation(plan.stack), plan.stack, plan.change_set)

    def _plan(self, stack: Stack) -> StackPlan:
        self.progress.update(stack.label, "planning")
        present = self._settled(stack)
        treatment = treatment_of(present.status if present else None)
        if treatment is Treatment.GIVE_UP and present:
            reason = f"it is in {present.status} ({present.reason or 'no reason given'}): end that in the console first"
            return StackPlan(stack, treatment, error=reason)
        if treatment in {Treatment.RECREATE, Treatment.CONTINUE_ROLLBACK}:
            return StackPlan(stack, treatment)
        return self._change_set(stack, present, treatment)

    def _settled(self, stack: Stack) -> StackState | None:
        """Return the state of a stack, after any operation that is running."""
        present = self.state_of(stack)
        if present is None or treatment_of(present.status) is not Treatment.WAIT:
            return present
        phase = f"waiting for {present.status}"
        self.progress.update(stack.label, phase)
        operation = Operation.begin(self._cloudformation(stack), present.id, is_ours=False)
        operation.follow(self.pace, lambda resource, _: self.progress.update(stack.label, phase, resource))
        return self.state_of(stack)

    def _change_set(self, stack: Stack, present: StackState | None, treatment: Treatment) -> StackPlan:
        updates = treatment is Treatment.UPDATE
        known = read_parameters(stack.template)
        resolved = with_ssm_values(stack, self.accounts.client("ssm", stack.account, stack.region), known)
        parameters = parameter_list(resolved, known, present, updates=updates)
        url = self.artifacts.publish(stack)
        cloudformation = self._cloudformation(stack)
        change_set = create_change_set(cloudformation, stack, url, parameters, self.pace, updates=updates)
        changes = read_changes(cloudformation, change_set) if change_set else []
        return StackPlan(stack, treatment, change_set, changes)

    def _deploy(self, plan: StackPlan) -> tuple[OutcomeKind, str]:
        if plan.error:
            return OutcomeKind.FAILED, plan.error
        if plan.treatment is Treatment.RECREATE:
            plan = self._recreated(plan.stack)
        elif plan.treatment is Treatment.CONTINUE_ROLLBACK:
            plan = self._rolled_back(plan.stack)
        if plan.change_set is None:
            return OutcomeKind.UNCHANGED, ""
        return self._execute(plan, plan.change_set)

    def _execute(self, plan: StackPlan, change_set: str) -> tuple[OutcomeKind, str]:
        stack, total = plan.stack, len(plan.changes)
        updates = plan.treatment is Treatment.UPDATE
        cloudformation = self._cloudformation(stack)
        operation, state = self._operate(
            stack,
            "updating" if updates else "creating",
            lambda _: cloudformation.execute_change_set(ChangeSetName=change_set),
            total,
        )
        if state.status in SUCCEEDED:
            return (OutcomeKind.UPDATED if updates else OutcomeKind.CREATED), ""
        return OutcomeKind.FAILED, f"{operation.failure or state.reason} ({state.status})"

    def _recreated(self, stack: Stack) -> StackPlan:
        """Delete a stack whose creation failed, and plan its creation with the same parameters."""
        before = self.state_of(stack)
        cloudformation = self._cloudformation(stack)
        operation, state = self._operate(
            stack, "deleting the failed creation", lambda name: cloudformation.delete_stack(StackName=name)
        )
        if state.status != GONE:
            raise DeploymentFailed(f"the failed creation cannot be deleted: {operation.failure or state.reason}")
        return self._change_set(stack, before, Treatment.CREATE)

    def _rolled_back(self, stack: Stack) -> StackPlan:
        """Finish the rollback of an update that failed, and plan the update."""
        cloudformation = self._cloudformation(stack)
        operation, state = self._operate(
            stack, "finishing a rollback", lambda name: cloudformation.continue_update_rollback(StackName=name)
        )
        if state.status != ROLLED_BACK:
            raise DeploymentFailed(f"the rollback of an earlier update fails: {operation.failure or state.reason}")
        return self._change_set(stack, state, Treatment.UPDATE)

    def _operate(
        self, stack: Stack, phase: str, begin: Callable[[str], object], total: int = 0
    ) -> tuple[Operation, StackState]:
        """Begin an operation on a stack and follow it to its end."""
        present = self.state_of(stack)
        if present is None:
            raise DeploymentFailed("the stack has disappeared: deploy again")
        operation = Operation.begin(self._cloudformation(stack), present.id)
        self.progress.update(stack.label, phase)
        begin(present.id)

        def show(resource: str, finished: int) -> None:
            detail = describe_resource(resource)
            self.progress.update(stack.label, phase, f"{finished}/{total} {detail}" if total else detail)

        return operation, operation.follow(self.pace, show)

    def _cloudformation(self, stack: Stack) -> "CloudFormationClient":
        client: CloudFormationClient = self.accounts.client("cloudformation", stack.account, stack.region)
        return client


def outcome_text(outcome: StackOutcome) -> str:
    """Return how a deployment ended, for people."""
    match outcome.kind:
        case OutcomeKind.FAILED | OutcomeKind.SKIPPED:
            return f"{outcome.kind}: {outcome.reason}"
        case OutcomeKind.UNCHANGED:
            return "unchanged"
        case _:
            return f"{outcome.kind} in {format_duration(outcome.seconds)}"


def expected_errors() -> tuple[type[Exception], ...]:
    """Return what may go wrong with one stack without a bug."""
    from botocore.exceptions import BotoCoreError, ClientError

    return (BotoCoreError, ClientError, CommandError)


def reason_of(error: Exception) -> str:
    """Return why an operation failed: AWS's own message where there is one."""
    response = getattr(error, "response", None)
    return str(response["Error"]["Message"]) if response else str(error)
