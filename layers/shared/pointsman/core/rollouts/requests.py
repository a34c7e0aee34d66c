"""A rollout that no push and no pull request asked for: a commit on targets of a route, by whom, and why."""

from datetime import datetime

from pointsman.core.change import Change
from pointsman.core.identity import rollout_id
from pointsman.core.model import DeliveryId, Rollout, RolloutSpec
from pointsman.core.rollouts.transitions import rollout_started
from pointsman.core.run_request import RunRequest
from pointsman.core.trail.events import RolloutStarted


def requested(change: Change, spec: RolloutSpec, request: RunRequest, now: datetime) -> tuple[Rollout, RolloutStarted]:
    """The rollout of a request, and its event. The same request of the same commit always has the same id.

    `change` has the commit, and `spec` the route, the mode and the targets with their limits. The rollout counts as
    newer than every push before `now`.
    """
    name = rollout_id(change.repository_id, spec.route, change.after, spec.mode, request.id)
    rollout = Rollout(
        id=name,
        change=change.replace(files=()),  # their names are in the event of the delivery
        spec=spec.replace(rollout=name),
        delivery=DeliveryId(request.id),
        last_message_id=request.id,
        pushes=(),
        request=request,
        created_at=now,
    )
    return rollout, rollout_started(rollout, now)
