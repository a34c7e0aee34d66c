"""Worker stacks that routes.yaml no longer names."""

from pointsman.core.text import join_first, pluralize
from pointsmanctl.deployment.accounts import CONTROL
from pointsmanctl.deployment.left_workers import LeftWorkers
from pointsmanctl.doctor.model import CheckResult, Link

NAME = "workers"


def judge(left: LeftWorkers) -> CheckResult:
    """Judge the targets that have a worker stack, but are not in routes.yaml."""
    link = Link(NAME, CONTROL)
    if left.targets:
        return link.warning(
            f"{pluralize(len(left.targets), 'worker stack')} of this installation, but not in routes.yaml: "
            f"{join_first(left.targets)}",
            f"run `pointsman destroy --only {left.targets[0]}`, or name the target in routes.yaml",
        )
    if left.unseen:
        return link.skipped(
            f"other regions cannot be searched for worker stacks: {join_first(left.unseen)}", "see docs/access.md"
        )
    return link.ok("routes.yaml names every worker stack of this installation")
