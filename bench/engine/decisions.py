"""How many decisions a second the engine makes: `next_steps` alone, without reading and writing."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from bench.engine.fleet import push, started, targets
from pointsman.core.identity import route_key
from pointsman.core.model import Rollout, Run, RunState, TargetQueue
from pointsman.core.ports import Surroundings
from pointsman.core.rollouts.reconcile import next_steps
from pointsman.core.route_state import RouteState

SECONDS = 1.0  # measured for each size and state


@dataclass(frozen=True)
class Rate:
    """The decisions of one rollout."""

    targets: int
    state: str
    per_second: float


def rates(number: int) -> list[Rate]:
    """A new rollout, whose every target has a step, and one whose builds all run, where nothing is to do."""
    now = datetime.now(UTC)
    delivery = push(targets(number), at=now)
    rollout = started(delivery, now)
    key = route_key(rollout.change.repository_id, rollout.spec.route)
    queues = {name: TargetQueue(name=name) for name in rollout.spec.queues}
    around = Surroundings(queues=queues, routes={key: RouteState(key=key)})
    running = tuple(_running(rollout, index, now) for index in range(number))
    return [
        Rate(number, "every target starts", _per_second(rollout, (), around)),
        Rate(number, "every build runs", _per_second(rollout, running, around)),
    ]


def _running(rollout: Rollout, index: int, now: datetime) -> Run:
    target = rollout.spec.targets[index]
    return Run(
        rollout=rollout.id,
        route=rollout.spec.route,
        target=target,
        state=RunState.RUNNING,
        build_arn=f"arn:aws:codebuild:{target.region}:{target.account_id}:build/pointsman:{index:08d}",
        created_at=rollout.created_at,
        ordering_time=rollout.ordering_time,
        started_at=now,
        version=2,
    )


def _per_second(rollout: Rollout, runs: tuple[Run, ...], around: Surroundings) -> float:
    now, count, begin = datetime.now(UTC), 0, time.process_time()
    while (took := time.process_time() - begin) < SECONDS:
        next_steps(rollout, runs, around, {}, now)
        count += 1
    return count / took
