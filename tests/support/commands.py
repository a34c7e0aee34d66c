"""Commands of people, and the service that takes them, for tests."""

from itertools import count
from typing import Any

from pointsman.adapters.queue_memory import MemoryQueue
from pointsman.core.cancellation import CommandId
from pointsman.core.model import RolloutId, TargetName
from pointsman.core.queue_message import ReconcileRequest
from pointsman.core.rollouts.commands.forms import Cancel, CommandForm, Retry
from pointsman.core.rollouts.commands.service import CommandService
from pointsman.core.routes.compiled import CompiledRoutes
from pointsman.core.trail.command_events import CommandEvent
from tests.support.world import World

HANA = "arn:aws:sts::111111111111:assumed-role/Ops/hana"


class People:
    """People who send commands to a world. start_build answers each request to reconcile, unless `waits`."""

    def __init__(self, world: World, routes: CompiledRoutes | None = None) -> None:
        self.world, self.queue, self.waits = world, MemoryQueue(), False
        self.routes = routes or CompiledRoutes(places=(), routes=())
        self._numbers = count(1)

    @property
    def service(self) -> CommandService:
        return CommandService(self.world.store, self.world.trail, self.queue, lambda: self.routes, self.world.clock)

    def send[Form: CommandForm](
        self, kind: type[Form], command: str | None = None, caller: str = HANA, **fields: Any
    ) -> CommandEvent:
        form: Any = kind(id=CommandId(command or f"command-{next(self._numbers)}"), **fields)
        event = self.service.execute(form, caller)
        if not self.waits:
            self.run_start_build()
        return event

    def cancel(self, rollout: RolloutId, reason: str = "", command: str | None = None) -> CommandEvent:
        return self.send(Cancel, command, rollout=rollout, reason=reason)

    def retry(
        self, rollout: RolloutId, *targets: TargetName, failed_hosts: bool = False, command: str | None = None
    ) -> CommandEvent:
        return self.send(Retry, command, rollout=rollout, targets=targets, failed_hosts=failed_hosts)

    def run_start_build(self) -> None:
        """Let start_build handle what is in the queue."""
        while self.queue.messages:
            request = ReconcileRequest.read_from(self.queue.messages.pop(0))
            assert request
            self.world.engine.reconcile([request.reconcile])
