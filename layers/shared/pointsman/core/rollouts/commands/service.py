"""Takes the commands of people. It only stores the result; start_build does the rest, as for every other fact."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Any

from pointsman.core.identity import rollout_id, route_of
from pointsman.core.model import Mode, Rollout, RolloutId, Run
from pointsman.core.ports import ReconcileRequests, RolloutStore, Surroundings, Trail, load_readable
from pointsman.core.rollouts.commands import decisions
from pointsman.core.rollouts.commands.failed_hosts import FailedHosts
from pointsman.core.rollouts.commands.forms import (
    AnyCommand,
    AnyRolloutCommand,
    Approve,
    Cancel,
    EndFreeze,
    HoldRollout,
    Reject,
    Resume,
    Retry,
    RollBack,
    RunByHand,
    StartFreeze,
)
from pointsman.core.rollouts.commands.freeze import freeze, unfreeze
from pointsman.core.rollouts.commands.result import Command, CommandResult, refuse
from pointsman.core.rollouts.commands.retry import retry
from pointsman.core.rollouts.commands.rollback import roll_back
from pointsman.core.rollouts.commands.run import run_by_hand
from pointsman.core.routes.compiled import CompiledRoutes
from pointsman.core.text import join_first
from pointsman.core.trail.command_events import COMMAND, CommandEvent, CommandRefused, name_of
from pointsman.core.trail.keys import command_partition, rollout_partition
from pointsman.errors import Conflict, Rejected, Unavailable

LOST_RACES_ALLOWED = 25


@dataclass(frozen=True)
class CommandService:
    """Decides commands and stores the result, exactly once for each id."""

    store: RolloutStore
    trail: Trail
    requests: ReconcileRequests
    routes: Callable[[], CompiledRoutes]
    clock: Callable[[], datetime]

    def execute(self, form: AnyCommand, caller: str) -> CommandEvent:
        """Execute a command; return its event. The same command again returns the first event.

        Raises Rejected (404 if the rollout does not exist, 409 if another command has this id) and Unavailable.
        """
        for _ in range(LOST_RACES_ALLOWED):
            event = self._earlier(form, caller) or self._decide_and_store(form, caller)
            if event is None:
                continue  # something was changed meanwhile
            if event.rollout and not isinstance(event, CommandRefused):
                with suppress(Unavailable):  # the next sweep does it: the command is stored
                    self.requests.request(RolloutId(event.rollout))
            return event
        raise Unavailable("the rollout or the freezes keep changing: send the command again")

    def _earlier(self, form: AnyCommand, caller: str) -> CommandEvent | None:
        """The event of this command, if it was executed before."""
        rollout = getattr(form, "rollout", None)
        partition = rollout_partition(rollout) if rollout else command_partition(form.id)
        for event in self.trail.with_key(partition, f"{COMMAND}{form.id}"):
            if isinstance(event, CommandEvent) and event.command == form.id:
                if event.actor != caller or name_of(event) != form.name:
                    raise Rejected(409, f"the id {form.id} belongs to another command: choose a new one")
                return event
        return None

    def _decide_and_store(self, form: AnyCommand, caller: str) -> CommandEvent | None:
        """Return the event, or None if another writer was faster."""
        result = self._decide(form, caller)
        if result.transition is None:
            is_plan = isinstance(form, RollBack) and not isinstance(result.event, CommandRefused)
            return result.event if is_plan or self.trail.record(result.event) else None
        try:
            self.store.commit(result.transition)
        except Conflict:
            return None
        return result.event

    def _decide(self, form: AnyCommand, caller: str) -> CommandResult:
        routes = self.routes()
        about: dict[str, Any] = {"caller": caller, "at": self.clock(), "login": routes.login_of(caller)}
        match form:
            case RunByHand():
                return self._run(Command(form, **about))
            case StartFreeze():
                names = [route.name for route in routes.routes]
                return freeze(Command(form, **about), self._around((), ()).freezes, names, routes.target_names)
            case EndFreeze():
                return unfreeze(Command(form, **about), self._around((), ()).freezes)
            case _:
                return self._of_rollout(form, about)

    def _of_rollout(self, form: AnyRolloutCommand, about: dict[str, Any]) -> CommandResult:
        rollout, runs = self._load(form.rollout)
        key = route_of(rollout)
        around = self._around({run.queue for run in runs}, (key,))
        route = around.routes[key]
        match form:
            case Cancel():
                return decisions.cancel(Command(form, **about), rollout)
            case Retry():
                hosts = FailedHosts(self.trail).of(form.targets, runs) if form.failed_hosts else {}
                return retry(Command(form, **about), rollout, runs, around.queues, route, hosts)
            case Approve():
                return decisions.approve(Command(form, **about), rollout, route, self.routes().login_of)
            case Reject():
                return decisions.reject(Command(form, **about), rollout, runs)
            case HoldRollout():
                return decisions.hold(Command(form, **about), rollout, route)
            case Resume():
                return decisions.resume(Command(form, **about), rollout, route)
            case RollBack():
                load = cache(self.store.load)
                return roll_back(Command(form, **about), rollout, runs, around.queues, route, load)

    def _run(self, command: Command[RunByHand]) -> CommandResult:
        form, routes = command.form, self.routes()
        route = next((each for each in routes.routes if each.name == form.route), None)
        if route is None:
            known = join_first(sorted(each.name for each in routes.routes))
            return refuse(command, None, f"no route is named {form.route}: there are {known}")
        states = self.store.routes_named(route.name)
        newest = {ref.rollout: state for state in states if (ref := state.newest_commit)}
        loaded = {name: each[0] for name in newest if (each := load_readable(self.store, name))}
        wanted = form.repository.lower()
        found = [
            (rollout, newest[name])
            for name, rollout in loaded.items()
            if not wanted or rollout.change.repository.lower() == wanted
        ]
        if not found:
            return refuse(command, None, _without_newest([name for name in newest if name not in loaded]))
        if len(found) > 1 or (len(newest) > 1 and not wanted):
            names = join_first(sorted(rollout.change.repository for rollout, _ in found))
            return refuse(command, None, f"the route serves several repositories: choose one of {names}")
        rollout, state = found[0]
        if form.commit is None and (rollout.rollback or rollout.change.after in state.bad):
            bad = rollout.change.after[:7]
            return refuse(command, None, f"the newest commit of the route, {bad}, was rolled back: choose another one")
        name = rollout_id(rollout.change.repository_id, route.name, form.commit or rollout.change.after, Mode.APPLY)
        brought = load_readable(self.store, name)
        change = brought[0].change if brought else rollout.change
        load = partial(load_readable, self.store)
        return run_by_hand(command, route, routes.targets_of(route), state, change, load)

    def _load(self, rollout_id: RolloutId) -> tuple[Rollout, tuple[Run, ...]]:
        loaded = self.store.load(rollout_id)
        if loaded is None:
            raise Rejected(404, f"rollout {rollout_id} does not exist: `pointsman status` lists the rollouts")
        return loaded

    def _around(self, queues: Iterable[str], routes: Iterable[str]) -> Surroundings:
        return self.store.surroundings(queues, routes)


def _without_newest(lost: list[RolloutId]) -> str:
    """Why there is no commit to run. Rollouts that are lost were deleted by hand, or another version wrote them."""
    if not lost:
        return "no commit of the route has run yet: push one first"
    return f"the newest rollout of the route, {join_first(lost)}, can no longer be read: push a commit"
