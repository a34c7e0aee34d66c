"""The end of a rollout: its state, with the counts as the reason."""

from collections import Counter
from collections.abc import Collection

from pointsman.core.model import Rollout, RolloutState, Run, RunState
from pointsman.core.ports import Transition
from pointsman.core.rollout_facts import HaltKind
from pointsman.core.rollouts.contributors import passed
from pointsman.core.rollouts.ending import ending_of, is_stopped
from pointsman.core.rollouts.overtaking import not_reached
from pointsman.core.rollouts.route_line import ended
from pointsman.core.rollouts.situation import Situation
from pointsman.core.rollouts.transitions import about_rollout
from pointsman.core.rollouts.waves import not_started
from pointsman.core.trail.events import RolloutEnded


def end_of_rollout(situation: Situation) -> tuple[Transition, ...]:
    """End a rollout whose runs have all ended; nothing if one has not."""
    rollout, runs = situation.rollout, list(situation.newest.values())
    left = not_started(situation)
    if not all(run.state.ended for run in runs) or (left and not (rollout.waves and situation.ending)):
        return ()
    if not situation.ending and any(situation.is_wanted(target) for target in rollout.spec.targets):
        return ()  # in a freeze, say
    state, counts = rollout_result(rollout, runs)
    reason = "; ".join(part for part in (_why(rollout, state), counts) if part)
    event = RolloutEnded(**about_rollout(rollout, situation.now), state=state, reason=reason, round=rollout.round)
    over = rollout.replace(state=state, ended_at=situation.now, gate=None, hold=None, wait=None)
    unreached = not_reached(rollout, situation.runs)
    route = passed(ended(situation.route, rollout, unreached, reason), over) if rollout.is_of_whole_route else None
    return (Transition(rollout=over, route=route if route != situation.route else None, events=(event,)),)


def _why(rollout: Rollout, state: RolloutState) -> str | None:
    """What ended the rollout early."""
    if rollout.cancellation and state is not RolloutState.CANCELLED:
        return None
    ending = ending_of(rollout)
    return ending.reason if ending else None


def rollout_result(rollout: Rollout, runs: Collection[Run]) -> tuple[RolloutState, str]:
    """The result of a rollout whose runs have all ended, with the counts as its reason."""
    states = Counter(run.state for run in runs)
    stopped = sum(map(is_stopped, runs))
    is_superseded = rollout.halt is not None and rollout.halt.kind is HaltKind.SUPERSEDED
    succeeded, skipped = states[RunState.SUCCEEDED], states[RunState.SKIPPED]
    superseded = states[RunState.SUPERSEDED] + (stopped if is_superseded else 0)
    cancelled = states[RunState.CANCELLED] + (0 if is_superseded else stopped)
    total = len(rollout.spec.targets) if rollout.waves else len(runs)
    not_begun = max(0, total - len(runs)) + skipped
    failed = len(runs) - succeeded - superseded - cancelled - skipped
    counts = (
        (failed, "did not"),
        (cancelled, "cancelled"),
        (superseded, "superseded" if failed or cancelled or is_superseded else "superseded by a newer commit"),
        (not_begun, "not started"),
    )
    parts = [f"{succeeded} of {total} targets succeeded", *(f"{number} {what}" for number, what in counts if number)]
    return _state(rollout, failed, cancelled, superseded, is_superseded=is_superseded), ", ".join(parts)


def _state(rollout: Rollout, failed: int, cancelled: int, superseded: int, *, is_superseded: bool) -> RolloutState:
    if rollout.rollback and rollout.rollback.parts:
        return RolloutState.ROLLED_BACK
    if failed or (rollout.halt and not is_superseded):
        return RolloutState.FAILED
    if cancelled or (rollout.cancellation and rollout.waves):
        return RolloutState.CANCELLED
    return RolloutState.SUPERSEDED if superseded or is_superseded else RolloutState.SUCCEEDED
