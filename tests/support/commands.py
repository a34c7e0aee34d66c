"""Commands of people, and the service that takes them, for tests."""

from itertools import count

from pointsman.adapters.queue_memory import MemoryQueue
from pointsman.core.cancellation import CommandId
from pointsman.core.model import RolloutId, TargetName
from pointsman.core.queue_message import ReconcileRequest
from pointsman.core.rollouts.command import CommandName, CommandRequest
from pointsman.core.rollouts.command_service import CommandService
from pointsman.core.trail.command_events import CommandEvent
from tests.support.world import World

HANA = "arn:aws:sts::111111111111:assumed-role/Ops/hana"


class People:
    """People who send commands to a world. start_build answers each request to reconcile, unless `waits`."""

    def __init__(self, world: World) -> None:
        self.world, self.queue, self.waits = world, MemoryQueue(), False
        self._numbers = count(1)

    @property
    def service(self) -> CommandService:
        return CommandService(self.world.store, self.world.trail, self.queue, self.world.clock)

    def send(
        self,
        name: CommandName,
        rollout: RolloutId,
        *targets: TargetName,
        reason: str = "",
        failed_hosts: bool = False,
        command: str | None = None,
    ) -> CommandEvent:
        request = CommandRequest(
            id=CommandId(command or f"command-{next(self._numbers)}"),
            name=name,
            rollout=rollout,
            reason=reason,
            targets=targets,
            failed_hosts=failed_hosts,
        )
        event = self.service.execute(request, HANA)
        if not self.waits:
            self.run_start_build()
        return event

    def cancel(self, rollout: RolloutId, reason: str = "", command: str | None = None) -> CommandEvent:
        return self.send(CommandName.CANCEL, rollout, reason=reason, command=command)

    def retry(
        self, rollout: RolloutId, *targets: TargetName, failed_hosts: bool = False, command: str | None = None
    ) -> CommandEvent:
        return self.send(CommandName.RETRY, rollout, *targets, failed_hosts=failed_hosts, command=command)

    def run_start_build(self) -> None:
        """Let start_build handle what is in the queue."""
        while self.queue.messages:
            request = ReconcileRequest.read_from(self.queue.messages.pop(0))
            assert request
            self.world.engine.reconcile([request.reconcile])
