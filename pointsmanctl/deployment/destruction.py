"""Deletes the stacks of an installation: the workers at once, the run image, the control stack. The trail stays."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from pointsmanctl.deployment.accounts import CONTROL, Accounts
from pointsmanctl.deployment.artifacts import PREFIX
from pointsmanctl.deployment.installation import Installation
from pointsmanctl.deployment.model import OutcomeKind, Progress, Stack, StackOutcome, StackState
from pointsmanctl.deployment.run_image.stacks import IMAGE, is_image_stack
from pointsmanctl.deployment.settings import BUCKET
from pointsmanctl.deployment.stack_deployer import reason_of
from pointsmanctl.deployment.stack_events import Operation, Pace
from pointsmanctl.deployment.stack_state import read_stack
from pointsmanctl.deployment.template import parse_template
from pointsmanctl.deployment.treatment import GONE
from pointsmanctl.errors import CommandError, DeploymentFailed

AT_ONCE = 16
_BUCKET_TYPE = "AWS::S3::Bucket"


@dataclass(frozen=True)
class Retained:
    """A resource that CloudFormation keeps when its stack is deleted."""

    stack: str  # label
    kind: str
    name: str


@dataclass(frozen=True)
class Destruction:
    """Deletes the selected stacks of an installation."""

    installation: Installation
    accounts: Accounts
    control_account_id: str
    progress: Progress
    pace: Pace

    def existing(self, selected: Sequence[str]) -> list[tuple[Stack, StackState]]:
        """Return the selected stacks that exist, with their states."""
        facts = self.installation.facts(self.control_account_id, None)
        control = self.installation.control_stack(self.control_account_id, facts.external_id)
        stacks = self.installation.worker_stacks(facts, [name for name in selected if name not in {CONTROL, IMAGE}])
        stacks += self.installation.image_stacks(self.control_account_id, None) if IMAGE in selected else []
        stacks += [control] if CONTROL in selected else []
        with ThreadPoolExecutor(AT_ONCE) as pool:
            states = list(pool.map(self._state, stacks))
        return [(stack, state) for stack, state in zip(stacks, states, strict=True) if state]

    def retained(self, stacks: Sequence[tuple[Stack, StackState]]) -> list[Retained]:
        """Return what stays when these stacks are deleted."""
        return [each for stack, state in stacks for each in self._retained(stack, state)]

    def destroy(self, stacks: Sequence[tuple[Stack, StackState]]) -> list[StackOutcome]:
        """Delete the stacks. If one fails, those that it uses stay, so that the command can be repeated."""
        images = [each for each in stacks if is_image_stack(each[0])]
        control = [each for each in stacks if each[0].label == CONTROL]
        workers = [each for each in stacks if each not in images and each not in control]
        outcomes = self._destroy_each(workers, [])
        outcomes += self._destroy_each(images, outcomes)
        return outcomes + self._destroy_each(control, outcomes)

    def _destroy_each(
        self, stacks: Sequence[tuple[Stack, StackState]], before: Sequence[StackOutcome]
    ) -> list[StackOutcome]:
        """Delete stacks at once, unless one of those before was not deleted."""
        left = next((each.stack.label for each in before if each.kind is not OutcomeKind.DELETED), None)
        if left:
            return [
                StackOutcome(stack, OutcomeKind.SKIPPED, f"the stack {left} was not deleted") for stack, _ in stacks
            ]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(lambda each: self._destroy(*each), stacks))

    def _destroy(self, stack: Stack, state: StackState) -> StackOutcome:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._delete(stack, state)
            outcome = StackOutcome(stack, OutcomeKind.DELETED)
        except (BotoCoreError, ClientError, CommandError) as error:
            outcome = StackOutcome(stack, OutcomeKind.FAILED, reason_of(error))
        failed = outcome.kind is OutcomeKind.FAILED
        self.progress.end(stack.label, f"failed: {outcome.reason}" if failed else "deleted", failed=failed)
        return outcome

    def _delete(self, stack: Stack, state: StackState) -> None:
        cloudformation = self.accounts.client("cloudformation", stack.account, stack.region)
        s3 = self.accounts.client("s3", stack.account, stack.region)
        kept = {each.name for each in self._retained(stack, state)}
        for bucket in self._resources(stack, state, _BUCKET_TYPE):
            if bucket not in kept:
                self.progress.update(stack.label, "emptying its buckets")
                empty_bucket(s3, bucket)
        operation = Operation.begin(cloudformation, state.id)
        self.progress.update(stack.label, "deleting")
        cloudformation.delete_stack(StackName=state.id)
        end = operation.follow(self.pace, self._shown(stack.label))
        if end.status != GONE:
            raise DeploymentFailed(f"{operation.failure or end.reason} ({end.status})")
        if not self._shares_bucket(stack):
            self._delete_artifacts(s3, stack)

    def _shown(self, label: str) -> Callable[[str, int], None]:
        return lambda resource, _: self.progress.update(label, "deleting", resource)

    def _shares_bucket(self, stack: Stack) -> bool:
        """Whether another stack of the installation is there that was deployed from the same bucket."""
        place = stack.account_id, stack.region
        facts = self.installation.facts(self.control_account_id, None)
        stacks = [
            self.installation.control_stack(self.control_account_id, facts.external_id),
            *self.installation.image_stacks(self.control_account_id, None),
            *self.installation.worker_stacks(facts, self.installation.targets),
        ]
        others = [each for each in stacks if (each.account_id, each.region) == place and each.label != stack.label]
        return any(self._state(each) for each in others)

    def _delete_artifacts(self, s3: Any, stack: Stack) -> None:
        """Delete the artifacts, and their bucket if `deploy` named it."""
        settings = self.installation.settings
        name = settings.artifacts_bucket.format(account=stack.account_id, region=stack.region)
        if not _exists(s3, name, stack.account_id):
            return
        empty_bucket(s3, name, f"{PREFIX}/")
        if settings.artifacts_bucket == BUCKET and _is_empty(s3, name):
            s3.delete_bucket(Bucket=name, ExpectedBucketOwner=stack.account_id)

    def _retained(self, stack: Stack, state: StackState) -> Iterator[Retained]:
        cloudformation = self.accounts.client("cloudformation", stack.account, stack.region)
        body = cloudformation.get_template(StackName=state.id, TemplateStage="Original")["TemplateBody"]
        resources = (parse_template(body) if isinstance(body, str) else body).get("Resources", {})
        kept = {name for name, each in resources.items() if str(each.get("DeletionPolicy", "")).startswith("Retain")}
        for each in self._listed(stack, state):
            if each["LogicalResourceId"] in kept and each.get("PhysicalResourceId"):
                yield Retained(stack.label, each["ResourceType"], each["PhysicalResourceId"])

    def _resources(self, stack: Stack, state: StackState, kind: str) -> list[str]:
        """Return the names of a stack's resources of one type that exist."""
        return [
            each["PhysicalResourceId"]
            for each in self._listed(stack, state)
            if each["ResourceType"] == kind and each["ResourceStatus"] != GONE and each.get("PhysicalResourceId")
        ]

    def _listed(self, stack: Stack, state: StackState) -> Iterator[Any]:
        cloudformation = self.accounts.client("cloudformation", stack.account, stack.region)
        for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=state.id):
            yield from page["StackResourceSummaries"]

    def _state(self, stack: Stack) -> StackState | None:
        return read_stack(self.accounts.client("cloudformation", stack.account, stack.region), stack.name)


def empty_bucket(s3: Any, bucket: str, prefix: str = "") -> None:
    """Delete every object of a bucket, with its versions; a bucket that does not exist is empty."""
    try:
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
            objects = [
                {"Key": each["Key"], "VersionId": each["VersionId"]}
                for each in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            ]
            if objects:
                s3.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
    except s3.exceptions.NoSuchBucket:
        return


def _exists(s3: Any, bucket: str, owner: str) -> bool:
    from botocore.exceptions import ClientError

    try:
        s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=owner)
    except ClientError:
        return False
    return True


def _is_empty(s3: Any, bucket: str) -> bool:
    return not s3.list_objects_v2(Bucket=bucket, MaxKeys=1).get("Contents")
