"""Takes the commands of people. It only stores what was decided; start_build does the rest, as for every other fact."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pointsman.core.model import Rollout, RolloutId, Run, RunState, TargetName
from pointsman.core.ports import ReconcileRequests, RolloutStore, Trail
from pointsman.core.rollouts.command import Command, CommandName, CommandRequest, Ruling, cancel, retry
from pointsman.core.rollouts.failed_hosts import failed_hosts
from pointsman.core.rollouts.reconcile import latest
from pointsman.core.trail.command_events import CommandEvent, CommandRefused, RolloutCancelled, RolloutRetried
from pointsman.core.trail.events import HostResultRecorded, PlaybookEnded, TrailEvent
from pointsman.core.trail.keys import rollout_partition
from pointsman.errors import Conflict, Rejected, Unavailable

LOST_RACES_ALLOWED = 25


@dataclass(frozen=True)
class CommandDesk:
    """Decides commands and stores the result, exactly once for each id."""

    store: RolloutStore
    trail: Trail
    requests: ReconcileRequests
    clock: Callable[[], datetime]

    def take(self, request: CommandRequest, caller: str) -> CommandEvent:
        """Execute a command; return its event. The same command again returns the first event.

        Raises Rejected (404) if the rollout does not exist, and Unavailable.
        """
        command = Command(request, caller, self.clock())
        for _ in range(LOST_RACES_ALLOWED):
            loaded = self.store.load(request.rollout)
            if loaded is None:
                raise Rejected(404, f"rollout {request.rollout} does not exist: `pointsman status` lists the rollouts")
            if event := self._taken(request) or self._store(self._decide(command, *loaded)):
                if not isinstance(event, CommandRefused):
                    self._hurry(request.rollout)
                return event
        raise Unavailable(f"rollout {request.rollout} keeps changing: send the command again")

    def _taken(self, request: CommandRequest) -> CommandEvent | None:
        """The event of this command, if it was taken before."""
        for kind in (RolloutCancelled, RolloutRetried, CommandRefused):
            for event in self.trail.with_key(rollout_partition(request.rollout), f"{kind.__name__}#{request.id}"):
                if isinstance(event, kind):
                    return event
        return None

    def _decide(self, command: Command, rollout: Rollout, runs: tuple[Run, ...]) -> Ruling:
        match command.request.name:
            case CommandName.CANCEL:
                return cancel(command, rollout)
            case CommandName.RETRY:
                queues = self.store.queues({run.queue for run in runs})
                hosts = self._failed_hosts(command, runs) if command.request.failed_hosts else {}
                return retry(command, rollout, runs, queues, hosts)

    def _failed_hosts(self, command: Command, runs: tuple[Run, ...]) -> dict[TargetName, tuple[str, ...]]:
        """By target, the hosts to which its retry is limited."""
        limited = {}
        for name, run in latest(runs).items():
            if run.state is RunState.FAILED and name in (command.request.targets or (name,)):
                limited[name] = failed_hosts(run.build_arn, self._results(run))
        return {name: hosts for name, hosts in limited.items() if hosts}

    def _results(self, run: Run) -> list[TrailEvent]:
        partition = rollout_partition(run.rollout)
        of_run = f"#{run.target.name}#{run.attempt}#"
        return [
            *self.trail.with_key(partition, f"{HostResultRecorded.__name__}{of_run}"),
            *self.trail.with_key(partition, f"{PlaybookEnded.__name__}{of_run}"),
        ]

    def _store(self, ruling: Ruling) -> CommandEvent | None:
        """Store a ruling; None if the rollout was changed meanwhile."""
        try:
            if ruling.transition:
                self.store.commit(ruling.transition)
            else:
                self.trail.record(ruling.event)
        except Conflict:
            return None
        return ruling.event

    def _hurry(self, rollout_id: RolloutId) -> None:
        """Have start_build continue now. Without an answer, the next sweep does: the command is stored."""
        try:
            self.requests.request(rollout_id)
        except Unavailable:
            return
