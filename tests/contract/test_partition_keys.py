"""Each table's keys have one home, keep their stored form, and are what IAM allows each role to write."""

import ast
from collections.abc import Iterator
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from pointsman.adapters import rollouts_table
from pointsman.adapters.rollouts_table import Key
from pointsman.core.trail import keys
from tests.contract.templates.cloudformation import ROOT, allowed, control

HOMES = {"layers/shared/pointsman/core/trail/keys.py", "layers/shared/pointsman/adapters/rollouts_table.py"}
PRODUCT = ("layers/shared/pointsman", "functions", "pointsmanctl")
PREFIXES = (
    *("ROLLOUT#", "DELIVERY#", "INSTANCE#", "COMMAND#", "BUILD#", "REJECTED#"),
    *("RUN#", "QUEUE#", "ROUTE#", "RESULTS#", "SLACK#", "FREEZES", "SWEEP", "DRIFT"),
)
DAY = date(2026, 11, 23)
ARN = "arn:aws:codebuild:eu-west-1:222222222222:build/pointsman:1"

BY_AUDIT_WRITER = [rollouts_table.build_results_key(ARN), rollouts_table.rejected_results_key("222222222222", DAY)]
BY_NOTIFY = [
    rollouts_table.slack_message_key("r-1"),
    rollouts_table.slack_message_key("r-1", "failed#1"),
    rollouts_table.route_status_key("0a1b"),
    rollouts_table.STALE_KEY,
]
BY_BOTH = [
    rollouts_table.rollout_key("r-1"),
    rollouts_table.run_key("r-1", "dev/eu-west-1", 2),
    rollouts_table.route_key("186853002#site"),
]
BY_START_BUILD = [
    rollouts_table.queue_key("dev/eu-west-1"),
    rollouts_table.drift_key("dev/eu-west-1", "186853002#site"),
    rollouts_table.SWEEP_KEY,
]
BY_COMMAND_RECEIVER = [rollouts_table.FREEZES_KEY]
ALL = [*BY_BOTH, *BY_START_BUILD, *BY_COMMAND_RECEIVER, *BY_AUDIT_WRITER, *BY_NOTIFY]


def strings(path: Path) -> Iterator[str]:
    """Every string of a module that is not a docstring."""
    tree = ast.parse(path.read_text())
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def test_only_their_homes_write_the_keys() -> None:
    paths = [path for folder in PRODUCT for path in sorted((ROOT / folder).rglob("*.py"))]
    writers = {
        str(path.relative_to(ROOT))
        for path in paths
        if any(text.startswith(prefix) for text in strings(path) for prefix in PREFIXES)
    }
    assert writers == HOMES


def test_the_keys_of_the_audit_table_keep_their_stored_form() -> None:
    assert keys.rollout_partition("r-1") == "ROLLOUT#r-1"
    assert keys.delivery_partition("d-1") == "DELIVERY#d-1"
    assert keys.instance_partition("i-0a1b") == "INSTANCE#i-0a1b"
    assert keys.command_partition("c-1") == "COMMAND#c-1"
    assert keys.build_partition(ARN) == f"BUILD#{ARN}"
    assert keys.rejected_partition("e-1") == "REJECTED#e-1"
    assert keys.rejected_day_partition("222222222222", DAY) == "REJECTED#222222222222#2026-11-23"
    assert keys.rollout_of("ROLLOUT#r-1") == "r-1"
    assert keys.rollout_of("DELIVERY#d-1") is None


def test_the_keys_of_the_rollouts_table_keep_their_stored_form() -> None:
    stored = [(key["pk"], key["sk"]) for key in ALL]
    assert stored == [
        ("ROLLOUT#r-1", "ROLLOUT"),
        ("ROLLOUT#r-1", "RUN#dev/eu-west-1#2"),
        ("ROUTE#site", "ROUTE#186853002"),
        ("QUEUE#dev/eu-west-1", "QUEUE"),
        ("DRIFT", "dev/eu-west-1#186853002#site"),
        ("SWEEP", "SWEEP"),
        ("FREEZES", "FREEZES"),
        (f"RESULTS#{ARN}", "RESULTS"),
        ("RESULTS#REJECTED#222222222222#2026-11-23", "RESULTS"),
        ("SLACK#r-1", "MESSAGE"),
        ("SLACK#r-1", "MESSAGE#failed#1"),
        ("SLACK#ROUTE#0a1b", "STATUS"),
        ("SLACK#stale", "STALE"),
    ]


def leading_keys(role: str) -> list[str]:
    """The partitions of the rollouts table that a role may write."""
    [writing] = [
        each
        for each in allowed(control(), role)
        if "dynamodb:PutItem" in each.actions and "<RolloutsTable.Arn>" in each.resources
    ]
    patterns: list[str] = writing.conditions["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
    return patterns


@pytest.mark.parametrize(
    ("role", "partitions", "own"),
    [
        ("StartBuildRole", ["ROLLOUT#*", "QUEUE#*", "ROUTE#*", "DRIFT", "SWEEP"], [*BY_BOTH, *BY_START_BUILD]),
        ("CommandReceiverRole", ["ROLLOUT#*", "ROUTE#*", "FREEZES"], [*BY_BOTH, *BY_COMMAND_RECEIVER]),
        ("AuditWriterRole", [f"{rollouts_table.RESULTS_PREFIX}*"], BY_AUDIT_WRITER),
        ("NotifyRole", [f"{rollouts_table.SLACK_PREFIX}*"], BY_NOTIFY),
    ],
)
def test_a_role_may_write_its_own_items_and_no_others(role: str, partitions: list[str], own: list[Key]) -> None:
    assert leading_keys(role) == partitions
    writable = [key for key in ALL if any(fnmatchcase(key["pk"], pattern) for pattern in partitions)]
    assert writable == own
