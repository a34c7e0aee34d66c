"""The summary of a deployment before it begins, and of how it ended."""

from collections import Counter
from collections.abc import Sequence

from rich.text import Text

from pointsman.core.text import join_first, pluralize
from pointsmanctl.deployment.model import OutcomeKind, ResourceChange, StackOutcome, StackPlan, Treatment
from pointsmanctl.output.lines import Line, LineTable, header

_WORDS = {"Add": "added", "Modify": "modified", "Remove": "removed", "Import": "imported", "Dynamic": "modified"}
_UNKNOWN = {
    Treatment.RECREATE: "its creation failed earlier: it is deleted and created again",
    Treatment.CONTINUE_ROLLBACK: "the rollback of an earlier update is finished first; its changes are known then",
}


def plan_table(plans: Sequence[StackPlan]) -> LineTable:
    """Return a line for each stack: what a deployment would do with it."""
    lines = [_plan_line(plan) for plan in plans]
    return LineTable([header("STACK", "ACCOUNT", "ACTION", "CHANGES"), *lines])


def _plan_line(plan: StackPlan) -> Line:
    action, style = _action(plan)
    cells = (Text(plan.stack.label), Text(plan.stack.account_id), Text(action, style))
    return Line(cells, Text(changes_text(plan)))


def _action(plan: StackPlan) -> tuple[str, str]:
    if plan.error:
        return "failed", "bold red"
    if plan.unchanged:
        return "unchanged", "dim"
    return plan.treatment.value, "yellow"


def changes_text(plan: StackPlan) -> str:
    """Return the changes of a plan in one sentence; resources that are replaced or removed are named."""
    if plan.error:
        return plan.error
    if plan.treatment in _UNKNOWN:
        return _UNKNOWN[plan.treatment]
    counts = Counter(_word(each) for each in plan.changes)
    return "; ".join(f"{count} {word}{_names(plan.changes, word)}" for word, count in counts.items()) or "none"


def _names(changes: Sequence[ResourceChange], word: str) -> str:
    if word == "added":
        return ""
    return f" ({join_first([each.resource for each in changes if _word(each) == word], 6)})"


def _word(change: ResourceChange) -> str:
    """Return what happens to a resource; CloudFormation does not always know before whether it is replaced."""
    replaced = {"True": "replaced", "Conditional": "modified or replaced"}.get(change.replacement)
    return replaced or _WORDS.get(change.action, change.action)


def outcome_summary(outcomes: Sequence[StackOutcome]) -> str:
    """Return the number of stacks by how they ended."""
    if not outcomes:  # only the run image was built
        return "No stack had to change."
    counts = Counter(each.kind for each in outcomes)
    return f"{pluralize(len(outcomes), 'stack')}: " + ", ".join(
        f"{counts[kind]} {kind.value}" for kind in OutcomeKind if counts[kind]
    )
