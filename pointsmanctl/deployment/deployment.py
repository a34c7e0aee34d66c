"""Plans and deploys all stacks of an installation: the control stack, the run image, then all workers at once."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace

from pointsman.adapters.signer_kms import KmsSigner
from pointsmanctl.deployment.accounts import CONTROL
from pointsmanctl.deployment.installation import ControlFacts, Installation
from pointsmanctl.deployment.model import (
    OutcomeKind,
    Progress,
    Stack,
    StackOutcome,
    StackPlan,
    StackState,
)
from pointsmanctl.deployment.run_image.images import RunImage
from pointsmanctl.deployment.run_image.stacks import IMAGE, is_image_stack
from pointsmanctl.deployment.stack_deployer import StackDeployer, expected_errors, reason_of
from pointsmanctl.errors import DeploymentFailed

AT_ONCE = 16  # stacks; each waits for CloudFormation most of the time
_PREDICTED = ("ControlBusArn", "Image")


@dataclass
class Deployment:
    """One deployment of the selected stacks."""

    installation: Installation
    deployer: StackDeployer
    control_account_id: str
    image: RunImage | None = None
    at_once: int = AT_ONCE
    _open_plans: dict[str, StackPlan] = field(default_factory=dict)  # not carried out, by label
    _image_selected: bool = False
    _image_failed: bool = False  # one of its stacks

    def plan(self, selected: Sequence[str]) -> list[StackPlan]:
        """Plan the selected stacks. Raises DeploymentFailed if the workers need something that is not there."""
        present = self.control_state()
        if CONTROL not in selected and not (present and present.outputs):
            raise DeploymentFailed("the control stack is not deployed: deploy it first, without --only")
        targets = [name for name in selected if name not in {CONTROL, IMAGE}]
        self._image_selected = IMAGE in selected
        facts = self._facts(present, targets)
        control = self.installation.control_stack(self.control_account_id, facts.external_id)
        stacks = [control] if CONTROL in selected else []
        stacks += self.image.stacks() if self.image and self._image_selected else []
        stacks += self.installation.worker_stacks(facts, targets)
        plans = self._plan_each(stacks)
        self._image_failed = any(is_image_stack(plan.stack) and plan.error for plan in plans)
        return plans

    def regions_to_build(self) -> list[str]:
        """Return the regions that get a new run image; none if the image is there, or is not selected."""
        return self.image.missing() if self.image and self._image_selected else []

    def deploy(self, plans: Sequence[StackPlan]) -> list[StackOutcome]:
        """Carry out the plans: the control stack, the run image, the workers. What needs a failed part is skipped."""
        control = [plan for plan in plans if plan.stack.label == CONTROL]
        images = [plan for plan in plans if is_image_stack(plan.stack)]
        workers = [plan for plan in plans if plan not in control and plan not in images]
        outcomes = [self._deploy_one(plan) for plan in control]
        if _failed(outcomes):
            return outcomes + _skipped([*images, *workers], "the control stack failed")
        outcomes += self._each(self._deploy_one, images)
        self._image_failed |= any(is_image_stack(each.stack) for each in _failed(outcomes))
        if failure := self._build_image():
            waiting = [plan for plan in workers if self._uses_run_image(plan.stack.label)]
            workers = [plan for plan in workers if plan not in waiting]
            outcomes += [failure, *_skipped(waiting, "the run image was not built")]
        renewed = self._with_present_facts(workers) if control or images or self._image_selected else workers
        return outcomes + self._each(self._deploy_one, renewed)

    def _build_image(self) -> StackOutcome | None:
        """Build the run image where it is missing; its failure."""
        if not self.regions_to_build() or self.image is None:
            return None
        stack = self.image.stacks()[0]
        try:
            if self._image_failed:
                raise DeploymentFailed("it is not built, because one of its stacks failed")
            self.image.build(self.deployer.progress, self.deployer.pace)
        except expected_errors() as error:
            self.deployer.progress.end(IMAGE, f"failed: {reason_of(error)}", failed=True)
            return StackOutcome(stack, OutcomeKind.FAILED, reason_of(error))
        return None

    def _uses_run_image(self, target: str) -> bool:
        account, _, region = target.partition("/")
        return "Image" not in self.installation.settings.worker_parameters(account, region)

    def _facts(self, control: StackState | None, targets: Sequence[str]) -> ControlFacts:
        """Return what the workers need to know. Raises DeploymentFailed if an image that is not selected is missing."""
        facts = self.installation.facts(self.control_account_id, control)
        if self.image is None:
            return facts
        facts = replace(facts, images=self.image.images())
        needed = {name.partition("/")[2] for name in targets if self._uses_run_image(name)}
        regions = needed & set(self.image.missing())
        if regions and not self._image_selected:
            raise DeploymentFailed(
                f"the run image is not in {', '.join(sorted(regions))} yet: deploy it, too, with --only {IMAGE}"
            )
        return facts

    def signing_key(self) -> str | None:
        """Return the fingerprint of the key that signs the trail's digests; None if the control stack has none.

        Raises Unavailable or Misconfigured.
        """
        control = self.control_state()
        arn = control.outputs.get("SigningKeyArn") if control else None
        if arn is None:
            return None
        stack = self.installation.control_stack(self.control_account_id, "")
        client = self.deployer.accounts.client("kms", stack.account, stack.region)
        return hashlib.sha256(KmsSigner(client, arn).public_key()).hexdigest()

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
        """Return the plans with the bus and the image as they are now, where they were predicted differently."""
        facts = self._facts(self.control_state(), ())
        actual = {each.label: each for each in self.installation.worker_stacks(facts, [p.stack.label for p in plans])}
        changed = {
            plan.stack.label: {
                name: value for name in _PREDICTED if (value := actual[plan.stack.label].parameters.get(name))
            }
            for plan in plans
        }
        stale = [plan for plan in plans if not changed[plan.stack.label].items() <= plan.stack.parameters.items()]
        if not stale:
            return list(plans)
        renewed = self._plan_each(
            replace(plan.stack, parameters={**plan.stack.parameters, **changed[plan.stack.label]}) for plan in stale
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


def _failed(outcomes: Sequence[StackOutcome]) -> list[StackOutcome]:
    return [each for each in outcomes if each.kind is OutcomeKind.FAILED]


def _skipped(plans: Sequence[StackPlan], reason: str) -> list[StackOutcome]:
    return [StackOutcome(plan.stack, OutcomeKind.SKIPPED, reason) for plan in plans]
