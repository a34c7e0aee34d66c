"""What a rollback does, in lines for people: before it is asked for, and when it is done."""

from collections.abc import Iterator, Mapping

from pointsman.core.model import Rollout
from pointsman.core.rollouts.rollback_plan import rollout_of_part
from pointsman.core.text import pluralize
from pointsman.core.trail.command_events import RolloutRolledBack


def plan_lines(rollout: Rollout, plan: RolloutRolledBack, titles: Mapping[str, str]) -> Iterator[str]:
    """Yield which targets go back to which commit, and which stay. `titles` are of the earlier rollouts."""
    change = rollout.change
    yield f"{rollout.id}, route {rollout.spec.route}: commit {change.after[:7]}  {change.title}"
    for part in plan.parts:
        title = f"  {titles[part.rollout]}" if part.rollout in titles else ""
        yield f"back to {part.commit[:7]}{title} ({part.rollout}): {', '.join(part.targets)}"
    for reason, targets in _by_reason(plan.left_out).items():
        yield f"stays as it is, because {reason}: {', '.join(targets)}"
    if not rollout.state.ended:
        yield "what is left of it does not start, and its running builds are stopped"


def done_lines(rollout: Rollout, event: RolloutRolledBack) -> Iterator[str]:
    """Yield which rollouts bring the earlier commits back."""
    targets = sum(len(part.targets) for part in event.parts)
    yield f"{rollout.id} is rolled back on {pluralize(targets, 'target')}:"
    for part in event.parts:
        follower = rollout_of_part(rollout, event.command, part)
        yield f"{follower} brings {part.commit[:7]} back to {', '.join(part.targets)}"
    for reason, names in _by_reason(event.left_out).items():
        yield f"left out, because {reason}: {', '.join(names)}"


def _by_reason(left_out: Mapping[str, str]) -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = {}
    for name, reason in left_out.items():
        reasons.setdefault(reason, []).append(name)
    return reasons
