"""Plans and deploys all stacks of an installation: the control stack first, then the workers at the same time."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace

from pointsmanctl.deployment.accounts import CONTROL
from pointsmanctl.deployment.installation import Installation
from pointsmanctl.deployment.model import (
    OutcomeKind,
    Progress,
    Stack,
    StackOutcome,
    StackPlan,
    StackState,
)
from pointsmanctl.deployment.stack_deployer import StackDeployer
from pointsmanctl.errors import DeploymentFailed

AT_ONCE = 16  # stacks; each waits for CloudFormation most of the time


@dataclass
class Deployment:
    """One deployment of the selected stacks."""

    installation: Installation
    deployer: StackDeployer
    control_account_id: str
    at_once: int = AT_ONCE
    _open_plans: dict[str, StackPlan] = field(default_factory=dict)  # not carried out, by label

    def plan(self, selected: Sequence[str]) -> list[StackPlan]:
        """Plan the selected stacks. Raises DeploymentFailed if the workers need a control stack that is not there."""
        present = self.control_state()
        if CONTROL not in selected and not (present and present.outputs):
            raise DeploymentFailed("the control stack is not deployed: deploy it first, without --only")
        facts = self.installation.facts(self.control_account_id, present)
        control = self.installation.control_stack(self.control_account_id, facts.external_id)
        targets = [name for name in selected if name != CONTROL]
        stacks = [control] if CONTROL in selected else []
        stacks += self.installation.worker_stacks(facts, targets)
        return self._plan_each(stacks)

    def deploy(self, plans: Sequence[StackPlan]) -> list[StackOutcome]:
        """Carry out the plans. If the control stack fails, no worker is touched."""
        control = [plan for plan in plans if plan.stack.label == CONTROL]
        workers = [plan for plan in plans if plan.stack.label != CONTROL]
        outcomes = [self._deploy_one(plan) for plan in control]
        if any(each.kind is OutcomeKind.FAILED for each in outcomes):
            reason = "the control stack failed"
            return outcomes + [StackOutcome(plan.stack, OutcomeKind.SKIPPED, reason) for plan in workers]
        return outcomes + self._each(self._deploy_one, self._with_present_facts(workers) if control else workers)

    def control_state(self) -> StackState | None:
        """Return the control stack as it is; None if it does not exist."""
        return self.deployer.state_of(self.installation.control_stack(self.control_account_id, ""))

    def show_on(self, progress: Progress) -> None:
        """Show what follows on another progress display."""
        self.deployer = replace(self.deployer, progress=progress)

    def close(self) -> None:
        """Discard the change sets that were not executed."""
        self._each(self.deployer.discard, list(self._open_plans.values()))
        self._open_plans.clear()

    def _plan_each(self, stacks: Iterable[Stack]) -> list[StackPlan]:
        def plan(stack: Stack) -> StackPlan:
            planned = self.deployer.plan(stack)
            self._open_plans[stack.label] = planned
            return planned

        return self._each(plan, list(stacks))

    def _deploy_one(self, plan: StackPlan) -> StackOutcome:
        self._open_plans.pop(plan.stack.label, None)
        return self.deployer.deploy(plan)

    def _with_present_facts(self, plans: Sequence[StackPlan]) -> list[StackPlan]:
        """Return the plans with the outputs of the control stack, where they were predicted differently."""
        facts = self.installation.facts(self.control_account_id, self.control_state())
        stale = [plan for plan in plans if plan.stack.parameters["ControlBusArn"] != facts.bus_arn]
        if not stale:
            return list(plans)
        renewed = self._plan_each(
            replace(plan.stack, parameters={**plan.stack.parameters, "ControlBusArn": facts.bus_arn}) for plan in stale
        )
        return [plan for plan in plans if plan not in stale] + renewed

    def _each[S, T](self, action: Callable[[S], T], items: Sequence[S]) -> list[T]:
        """Call `action` with each item at the same time. Ctrl-C ends the waiting of all threads."""
        if not items:
            return []
        with ThreadPoolExecutor(min(self.at_once, len(items))) as pool:
            futures: list[Future[T]] = [pool.submit(action, item) for item in items]
            try:
                wait(futures)
            except BaseException:
                self.deployer.pace.stopping.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return [future.result() for future in futures]
