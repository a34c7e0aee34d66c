"""Simulates people who decide on rollouts, sometimes twice, and command_receiver, which may die."""

import random
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import count

from bench.campaign.clock import Timeline
from bench.campaign.pushes import APPROVER
from bench.campaign.queue import FifoQueue
from pointsman.adapters.rollouts_memory import MemoryRollouts
from pointsman.core.cancellation import CommandId
from pointsman.core.model import Rollout, RolloutId
from pointsman.core.ports import Trail
from pointsman.core.queue_message import ReconcileRequest
from pointsman.core.rollouts.commands.forms import AnyCommand, Approve, Cancel, HoldRollout, Reject, Retry
from pointsman.core.rollouts.commands.service import CommandService
from pointsman.core.routes.compiled import CompiledRoutes
from pointsman.errors import Rejected

CALLER = "arn:aws:sts::111111111111:assumed-role/Ops/hana"


APPROVALS_EVERY = 900.0  # seconds


def _routes() -> CompiledRoutes:
    return CompiledRoutes(places=(), routes=(), people={APPROVER: (CALLER,)})


class _Requests:
    """Requests to start_build, in the episode's queue."""

    def __init__(self, queue: FifoQueue) -> None:
        self._queue = queue

    def request(self, rollout_id: RolloutId) -> None:
        """See ReconcileRequests.request."""
        self._queue.send(rollout_id, ReconcileRequest(reconcile=rollout_id).to_json())


class Commands:
    """Plans an episode's commands, about rollouts that exist. `invoke` runs a call in a process that may die."""

    def __init__(
        self,
        chance: random.Random,
        time: Timeline,
        service: tuple[MemoryRollouts, Trail, FifoQueue],
        rollouts: Callable[[], Iterable[RolloutId]],
        invoke: Callable[[Callable[[], None]], None],
    ) -> None:
        store, trail, queue = service
        self._store = store
        self._service = CommandService(store, trail, _Requests(queue), _routes, lambda: time.now)
        self._chance, self._time, self._rollouts, self._invoke = chance, time, rollouts, invoke
        self._numbers = count(1)
        self.seen: Counter[str] = Counter()

    def plan(self, number: int, seconds: float) -> None:
        """Schedule this many commands."""
        for _ in range(number):
            self._time.after(self._chance.uniform(600, seconds), self._command)
        self._time.after(APPROVALS_EVERY, self._approve)

    def _command(self) -> None:
        rollouts = sorted(self._rollouts())
        if not rollouts:
            return
        name, rollout = CommandId(f"command-{next(self._numbers)}"), self._chance.choice(rollouts)
        forms: tuple[AnyCommand, ...] = (
            Cancel(id=name, rollout=rollout),
            Retry(id=name, rollout=rollout, failed_hosts=self._chance.random() < 0.5),
            HoldRollout(id=name, rollout=rollout, seconds=3600),
        )
        self._send(self._chance.choices(forms, (4, 5, 1))[0])

    def _approve(self) -> None:
        """Somebody looks at the gates, and approves or, now and then, rejects or overlooks a rollout."""
        self._time.after(APPROVALS_EVERY, self._approve)
        for rollout_id in sorted(self._rollouts()):
            loaded = MemoryRollouts.load(self._store, rollout_id)  # without simulated failures
            if loaded and loaded[0].gate and self._chance.random() < 0.8:
                self._decide(loaded[0])

    def _decide(self, rollout: Rollout) -> None:
        name, wave = CommandId(f"command-{next(self._numbers)}"), rollout.waves_started
        commit = rollout.change.after
        approval = Approve(id=name, rollout=rollout.id, wave=wave, commit=commit)
        is_rejected = self._chance.random() < 0.1
        self._send(Reject(id=name, rollout=rollout.id, wave=wave) if is_rejected else approval)

    def _send(self, form: AnyCommand) -> None:
        for _ in range(self._chance.choice((1, 1, 2))):  # somebody who got no answer sends it again
            self._invoke(lambda: self._take(form))

    def _take(self, form: AnyCommand) -> None:
        try:
            event = self._service.execute(form, CALLER)
        except Rejected:
            return  # the rollout does not exist yet
        self.seen[event.type] += 1
