"""Takes the commands of people. It only stores the result; start_build does the rest, as for every other fact."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from pointsman.core.model import Rollout, Run, RunState, TargetName
from pointsman.core.ports import ReconcileRequests, RolloutStore, Trail
from pointsman.core.rollouts.command import Command, CommandName, CommandRequest, CommandResult, cancel, retry
from pointsman.core.rollouts.failed_hosts import failed_hosts, that_fit
from pointsman.core.rollouts.reconcile import latest
from pointsman.core.trail.command_events import (
    COMMAND,
    CommandEvent,
    CommandRefused,
    RolloutCancelled,
    RolloutRetried,
)
from pointsman.core.trail.events import HostResultRecorded, PlaybookEnded, TrailEvent
from pointsman.core.trail.keys import rollout_partition
from pointsman.errors import Conflict, Rejected, Unavailable

LOST_RACES_ALLOWED = 25
PARALLEL_QUERIES = 16


@dataclass(frozen=True)
class CommandService:
    """Decides commands and stores the result, exactly once for each id."""

    store: RolloutStore
    trail: Trail
    requests: ReconcileRequests
    clock: Callable[[], datetime]

    def execute(self, request: CommandRequest, caller: str) -> CommandEvent:
        """Execute a command; return its event. The same command again returns the first event.

        Raises Rejected (404 if the rollout does not exist, 409 if another command has this id) and Unavailable.
        """
        for _ in range(LOST_RACES_ALLOWED):
            loaded = self.store.load(request.rollout)
            if loaded is None:
                raise Rejected(404, f"rollout {request.rollout} does not exist: `pointsman status` lists the rollouts")
            event = self._earlier(request, caller) or self._decide_and_store(
                Command(request, caller, self.clock()), *loaded
            )
            if event is None:
                continue  # the rollout was changed meanwhile
            if not isinstance(event, CommandRefused):
                with suppress(Unavailable):  # the next sweep does it: the command is stored
                    self.requests.request(request.rollout)
            return event
        raise Unavailable(f"rollout {request.rollout} keeps changing: send the command again")

    def _earlier(self, request: CommandRequest, caller: str) -> CommandEvent | None:
        """The event of this command, if it was executed before."""
        for event in self.trail.with_key(rollout_partition(request.rollout), f"{COMMAND}{request.id}"):
            if isinstance(event, CommandEvent) and event.command == request.id:
                if event.actor != caller or name_of(event) != request.name:
                    raise Rejected(409, f"the id {request.id} belongs to another command: choose a new one")
                return event
        return None

    def _decide_and_store(self, command: Command, rollout: Rollout, runs: tuple[Run, ...]) -> CommandEvent | None:
        """Return the event, or None if another writer was faster."""
        result = self._decide(command, rollout, runs)
        if result.transition is None:
            return result.event if self.trail.record(result.event) else None
        try:
            self.store.commit(result.transition)
        except Conflict:
            return None
        return result.event

    def _decide(self, command: Command, rollout: Rollout, runs: tuple[Run, ...]) -> CommandResult:
        match command.request.name:
            case CommandName.CANCEL:
                return cancel(command, rollout)
            case CommandName.RETRY:
                queues = self.store.queues({run.queue for run in runs})
                hosts = self._failed_hosts(command, runs) if command.request.failed_hosts else {}
                return retry(command, rollout, runs, queues, hosts)

    def _failed_hosts(self, command: Command, runs: tuple[Run, ...]) -> dict[TargetName, tuple[str, ...]]:
        """By target, the hosts to which its retry is limited."""
        wanted = command.request.targets
        failed = [
            run for name, run in latest(runs).items() if name in (wanted or (name,)) and run.state is RunState.FAILED
        ]
        with ThreadPoolExecutor(max_workers=PARALLEL_QUERIES) as pool:
            hosts = list(pool.map(lambda run: failed_hosts(run.build_arn, self._results(run)), failed))
        return that_fit({run.target.name: names for run, names in zip(failed, hosts, strict=True)})

    def _results(self, run: Run) -> list[TrailEvent]:
        partition = rollout_partition(run.rollout)
        of_run = f"#{run.target.name}#{run.attempt}#"
        return [
            *self.trail.with_key(partition, f"{HostResultRecorded.__name__}{of_run}"),
            *self.trail.with_key(partition, f"{PlaybookEnded.__name__}{of_run}"),
        ]


def name_of(event: CommandEvent) -> str:
    """The command's name, such as `cancel`."""
    match event:
        case RolloutCancelled():
            return CommandName.CANCEL
        case RolloutRetried():
            return CommandName.RETRY
        case CommandRefused():
            return event.name
        case _:
            return event.type
