"""What a deployment would do, and how it ended, for people."""

from pathlib import Path

from rich.console import Console

from pointsmanctl.deployment.model import (
    OutcomeKind,
    ResourceChange,
    Stack,
    StackOutcome,
    StackPlan,
    Treatment,
)
from pointsmanctl.output.deploy_progress import LiveProgress, PlainProgress
from pointsmanctl.output.deploy_summary import outcome_summary, plan_table
from tests.support.command_line import printed


def stack(label: str = "dev/eu-west-1") -> Stack:
    return Stack(label, "pointsman-worker", "dev", "222222222222", "eu-west-1", Path("template.yaml"))


def line(plan: StackPlan) -> str:
    return " ".join(printed(plan_table([plan]))[1].split())


def test_changes_are_counted_and_what_is_lost_or_replaced_is_named() -> None:
    changes = [
        ResourceChange("Add", "New", "AWS::SQS::Queue"),
        ResourceChange("Modify", "Project", "AWS::CodeBuild::Project"),
        ResourceChange("Modify", "Table", "AWS::DynamoDB::Table", replacement="True"),
        ResourceChange("Modify", "Role", "AWS::IAM::Role", replacement="Conditional"),
        ResourceChange("Remove", "Old", "AWS::SQS::Queue"),
    ]
    assert line(StackPlan(stack(), Treatment.UPDATE, "arn", changes)) == (
        "dev/eu-west-1 222222222222 update 1 added; 1 modified (Project); 1 replaced (Table); "
        "1 modified or replaced (Role); 1 removed (Old)"
    )


def test_a_stack_without_changes_a_failed_one_and_one_to_repair() -> None:
    assert line(StackPlan(stack(), Treatment.UPDATE)).endswith("unchanged none")
    assert line(StackPlan(stack(), Treatment.GIVE_UP, error="no access")).endswith("failed no access")
    assert "it is deleted and created again" in line(StackPlan(stack(), Treatment.RECREATE))


def test_the_end_counts_stacks_by_how_they_ended() -> None:
    kinds = (OutcomeKind.UPDATED, OutcomeKind.FAILED, OutcomeKind.UPDATED)
    assert outcome_summary([StackOutcome(stack(), kind) for kind in kinds]) == "3 stacks: 2 updated, 1 failed"


def test_in_a_log_a_phase_is_one_line() -> None:
    out = Console(width=80)
    with out.capture() as captured:
        progress = PlainProgress(out)
        progress.update("dev/eu-west-1", "updating", "1/3 Role")
        progress.update("dev/eu-west-1", "updating", "2/3 Project")
        progress.end("dev/eu-west-1", "updated in 12s")
    assert captured.get().splitlines() == ["dev/eu-west-1: updating", "dev/eu-west-1: updated in 12s"]


def test_on_a_terminal_a_stack_is_one_line() -> None:
    progress = LiveProgress()
    progress.update("control", "building")
    progress.end("control", "created in 1m 04s")
    progress.update("dev/eu-west-1", "updating", "1/3 Role")
    progress.update("dev/eu-west-1", "updating", "2/3 Project")
    first, second = (each.split() for each in printed(progress))
    assert first == ["✓", "control", "created", "in", "1m", "04s"]
    assert second[1:] == ["dev/eu-west-1", "updating", "2/3", "Project", "0s"]


def test_a_deployment_that_changes_no_stack_says_so() -> None:
    """The run image alone was built."""
    assert outcome_summary([]) == "No stack had to change."
