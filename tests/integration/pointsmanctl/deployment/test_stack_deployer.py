"""One stack: created, updated, left alone, repaired, and failed with the reason."""

import contextlib
from pathlib import Path
from typing import Any

from localcloud import stacks
from localcloud.cloud import LocalCloud
from pointsmanctl.deployment.model import OutcomeKind, Stack, StackOutcome, StackPlan, Treatment
from pointsmanctl.deployment.stack_deployer import StackDeployer
from pointsmanctl.deployment.stack_events import Interrupted
from tests.support.deployment import RecordedProgress, deployer, queue_stack, queue_template


def deploy(by: StackDeployer, stack: Stack) -> tuple[StackPlan, StackOutcome]:
    plan = by.plan(stack)
    return plan, by.deploy(plan)


def status_of(cloud: LocalCloud, stack: Stack) -> str | None:
    state = deployer(cloud, Path()).state_of(stack)
    return state.status if state else None


def seconds_of(cloud: LocalCloud, stack: Stack) -> str:
    url = stacks.outputs(cloud.client("cloudformation", stack.account, stack.region), stack.name)["Url"]
    sqs = cloud.client("sqs", stack.account, stack.region)
    return str(
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]["VisibilityTimeout"]
    )


def test_a_stack_is_created_left_alone_and_updated(cloud: LocalCloud, tmp_path: Path) -> None:
    progress = RecordedProgress()
    by = deployer(cloud, tmp_path, progress)
    stack = queue_stack(queue_template(tmp_path / "t.json"), "steps", Seconds="30")

    plan, outcome = deploy(by, stack)
    assert [(each.action, each.resource) for each in plan.changes] == [("Add", "Queue")]
    assert outcome.kind is OutcomeKind.CREATED
    assert progress.phases_of(stack.label) == ["planning", "creating"]

    plan, outcome = deploy(by, stack)
    assert plan.unchanged
    assert outcome.kind is OutcomeKind.UNCHANGED

    plan, outcome = deploy(by, queue_stack(stack.template, "steps", Seconds="45"))
    assert [(each.action, each.resource) for each in plan.changes] == [("Modify", "Queue")]
    assert outcome.kind is OutcomeKind.UPDATED
    assert seconds_of(cloud, stack) == "45"


def test_what_nobody_sets_keeps_its_value(cloud: LocalCloud, tmp_path: Path) -> None:
    template = queue_template(tmp_path / "t.json")
    deploy(deployer(cloud, tmp_path), queue_stack(template, "kept", Seconds="77"))
    _, outcome = deploy(deployer(cloud, tmp_path), queue_stack(queue_template(template, topic=True), "kept"))
    assert outcome.kind is OutcomeKind.UPDATED
    assert seconds_of(cloud, queue_stack(template, "kept")) == "77"


def test_a_parameter_without_a_value_is_named_and_nothing_is_left(cloud: LocalCloud, tmp_path: Path) -> None:
    stack = queue_stack(queue_template(tmp_path / "t.json"), "incomplete")
    plan, outcome = deploy(deployer(cloud, tmp_path), stack)
    assert "no value for Seconds: set it in [workers.parameters]" in plan.error
    assert (outcome.kind, outcome.reason) == (OutcomeKind.FAILED, plan.error)
    assert status_of(cloud, stack) is None


def test_a_value_that_cloudformation_refuses_is_the_reason_and_nothing_is_left(
    cloud: LocalCloud, tmp_path: Path
) -> None:
    stack = queue_stack(queue_template(tmp_path / "t.json"), "refused", Seconds="0")
    plan = deployer(cloud, tmp_path).plan(stack)
    assert "Seconds" in plan.error
    assert status_of(cloud, stack) is None


def test_a_failed_creation_names_its_resource_and_is_repaired_with_the_same_values(
    cloud: LocalCloud, tmp_path: Path
) -> None:
    broken = queue_stack(queue_template(tmp_path / "t.json", broken=True), "repaired", Seconds="33")
    _, outcome = deploy(deployer(cloud, tmp_path), broken)
    assert outcome.kind is OutcomeKind.FAILED
    assert outcome.reason == "Policy: The role with name missing cannot be found. (ROLLBACK_COMPLETE)"
    assert status_of(cloud, broken) == "ROLLBACK_COMPLETE"

    plan, outcome = deploy(deployer(cloud, tmp_path), queue_stack(queue_template(tmp_path / "t.json"), "repaired"))
    assert plan.treatment is Treatment.RECREATE
    assert outcome.kind is OutcomeKind.CREATED
    assert seconds_of(cloud, broken) == "33"


def test_a_failed_update_names_its_resource_and_leaves_the_stack_as_it_was(cloud: LocalCloud, tmp_path: Path) -> None:
    template = queue_template(tmp_path / "t.json")
    deploy(deployer(cloud, tmp_path), queue_stack(template, "update", Seconds="30"))
    broken = queue_stack(queue_template(template, broken=True), "update", Seconds="31")
    _, outcome = deploy(deployer(cloud, tmp_path), broken)
    assert outcome.kind is OutcomeKind.FAILED
    assert outcome.reason == "Policy: The role with name missing cannot be found. (UPDATE_ROLLBACK_COMPLETE)"
    assert seconds_of(cloud, broken) == "30"

    _, outcome = deploy(deployer(cloud, tmp_path), queue_stack(queue_template(template), "update", Seconds="31"))
    assert outcome.kind is OutcomeKind.UPDATED


def test_a_plan_that_is_discarded_leaves_no_stack(cloud: LocalCloud, tmp_path: Path) -> None:
    by = deployer(cloud, tmp_path)
    stack = queue_stack(queue_template(tmp_path / "t.json"), "discarded", Seconds="30")
    plan = by.plan(stack)
    assert status_of(cloud, stack) == "REVIEW_IN_PROGRESS"
    by.discard(plan)
    assert status_of(cloud, stack) is None


def test_a_stack_with_a_change_set_that_nobody_executed_is_created(cloud: LocalCloud, tmp_path: Path) -> None:
    stack = queue_stack(queue_template(tmp_path / "t.json"), "abandoned", Seconds="30")
    deployer(cloud, tmp_path).plan(stack)
    _, outcome = deploy(deployer(cloud, tmp_path), stack)
    assert outcome.kind is OutcomeKind.CREATED


def test_an_interrupted_deployment_is_continued_by_the_next(cloud: LocalCloud, tmp_path: Path) -> None:
    by = deployer(cloud, tmp_path)
    stack = queue_stack(queue_template(tmp_path / "t.json", topic=True), "interrupted", Seconds="30")
    plan = by.plan(stack)
    by.pace.stopping.set()
    by.pace.seconds = 0.0
    with contextlib.suppress(Interrupted):
        by.deploy(plan)
    _, outcome = deploy(deployer(cloud, tmp_path), stack)  # waits for the creation that goes on
    assert outcome.kind is OutcomeKind.UNCHANGED


def test_files_of_a_template_reach_the_bucket_of_every_account(cloud: LocalCloud, tmp_path: Path) -> None:
    by = deployer(cloud, tmp_path)
    template = queue_template(tmp_path / "t.json", layer=True)
    for account, region in (("dev", "eu-west-1"), ("prod", "us-east-1")):
        stack = queue_stack(template, "layers", account, region, Seconds="30")
        assert deploy(by, stack)[1].kind is OutcomeKind.CREATED
        assert len(cloud.client("lambda", account, region).list_layers()["Layers"]) == 1
    assert deploy(deployer(cloud, tmp_path / "again"), stack)[1].kind is OutcomeKind.UNCHANGED


def test_a_bucket_of_another_account_is_refused(cloud: LocalCloud, tmp_path: Path) -> None:
    def taken(template: Path) -> Any:
        return queue_stack(template, "foreign", "prod", "eu-central-1", Seconds="30")

    cloud.client("s3", "dev", "eu-central-1").create_bucket(
        Bucket="pointsman-artifacts-333333333333-eu-central-1",
        CreateBucketConfiguration={"LocationConstraint": "eu-central-1"},
    )
    plan = deployer(cloud, tmp_path).plan(taken(queue_template(tmp_path / "t.json")))
    assert "pointsman-artifacts-333333333333-eu-central-1 cannot be used" in plan.error
