"""What a rollout waits for, until when at most, and the commands that go on with it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from pointsman.core.identity import principal_name
from pointsman.core.model import Mode, Rollout, RolloutState, Run, RunState, TargetName
from pointsman.core.rollout_facts import Wait, WaitKind
from pointsman.core.rollout_plan import OnFailure
from pointsman.core.rollouts.build_steps import LONGEST_DELAY
from pointsman.core.rollouts.ending import ending_of
from pointsman.core.rollouts.situation import UNAVAILABLE_AFTER, wave_of
from pointsman.core.rollouts.waves import targets_of_wave
from pointsman.core.text import join_first, pluralize
from pointsmanctl.output.times import at_minute

# Beside the kinds of WaitKind, which concern a rollout as a whole:
TARGET = "target"  # another rollout holds the target
PLACE = "place"  # the wave runs some targets at a time
BUILD = "build"  # the region has started no build yet

_OWN_RESULT = {  # what follows at the latest
    WaitKind.HOLD: "then the rollout halts",
    WaitKind.APPROVAL: "then the rollout halts",
    WaitKind.ALARMS: "then the rollout halts",
    WaitKind.RESULTS: "then the wave has failed",
}


@dataclass(frozen=True)
class Waiting:
    """Something that a rollout, or some of its targets, wait for."""

    kind: str
    reason: str
    until: datetime | None = None  # at most; None: `bound` says what the bound is
    bound: str = ""
    asked_again: datetime | None = None  # a region that does not answer
    targets: tuple[str, ...] = ()  # empty: the rollout as a whole
    rollout: str | None = None  # that is waited for
    commands: tuple[str, ...] = ()  # that end the wait

    def __str__(self) -> str:
        """The wait in one sentence."""
        who = f"{join_first(self.targets)}: " if self.targets else ""
        again = f"asked again at {at_minute(self.asked_again)}" if self.asked_again else ""
        until = f"until {at_minute(self.until)}" if self.until else ""
        return ", ".join(part for part in (f"{who}{self.reason}", again, until, self.bound) if part)


def waits_of(rollout: Rollout, newest: Mapping[TargetName, Run]) -> list[Waiting]:
    """Return what a rollout waits for; nothing if it has ended. `newest` has the newest run on each target."""
    if rollout.state.ended:
        return []
    about_runs = [*_behind_others(newest.values()), *_without_build(rollout, newest)]
    return [*_of_rollout(rollout), *_for_a_place(rollout, newest), *about_runs]


def _of_rollout(rollout: Rollout) -> Iterator[Waiting]:
    hold, wait = rollout.hold, rollout.wait
    if hold:
        reason = f"held by {principal_name(hold.caller)}{f': {hold.reason}' if hold.reason else ''}"
        wait_for_person = Wait(kind=WaitKind.HOLD, reason=reason, until=hold.until)
        yield _waiting(rollout, wait_for_person)
    if wait and wait.kind is not WaitKind.HOLD:
        yield _waiting(rollout, wait)


def _waiting(rollout: Rollout, wait: Wait) -> Waiting:
    bound = _OWN_RESULT.get(wait.kind, "") if wait.until else "until that rollout has ended"
    return Waiting(wait.kind.value, wait.reason, wait.until, bound, commands=_releases(rollout, wait.kind))


def _releases(rollout: Rollout, kind: WaitKind) -> tuple[str, ...]:
    match kind:
        case WaitKind.APPROVAL:
            gate = f"{rollout.id} --wave {rollout.waves_started}"
            return f"pointsman rollout approve {gate}", f"pointsman rollout reject {gate}"
        case WaitKind.HOLD:
            return (f"pointsman rollout resume {rollout.id}",)
        case WaitKind.FREEZE:
            return (f"pointsman rollout resume {rollout.id} --override-freeze --reason '...'",)
        case _:
            return ()


def _for_a_place(rollout: Rollout, newest: Mapping[TargetName, Run]) -> Iterator[Waiting]:
    """Yield the targets of waves that run some targets at a time."""
    if ending_of(rollout) or rollout.hold or rollout.wait:
        return
    for index, wave in enumerate(rollout.waves[: rollout.waves_started]):
        outside = tuple(each.name for each in targets_of_wave(rollout, index) if each.name not in newest)
        if wave.max_parallel and outside:
            reason = f"wave {index + 1} runs {pluralize(wave.max_parallel, 'target')} at a time"
            yield Waiting(PLACE, reason, bound="until others of the wave have ended", targets=outside)


def _behind_others(runs: Iterable[Run]) -> Iterator[Waiting]:
    behind: dict[str, list[str]] = {}
    for run in runs:
        if run.state is RunState.WAITING and run.blocked_by:
            behind.setdefault(run.blocked_by, []).append(run.target.name)
    for other, targets in behind.items():
        yield Waiting(
            TARGET,
            f"waits behind {other}",
            bound="until its run there has ended",
            targets=tuple(targets),
            rollout=other,
            commands=(f"pointsman rollout show {other}",),
        )


def _without_build(rollout: Rollout, newest: Mapping[TargetName, Run]) -> Iterator[Waiting]:
    delayed: dict[str, list[Run]] = {}
    for run in newest.values():
        if _is_delayed(run):
            delayed.setdefault(run.reason, []).append(run)
    for reason, same in delayed.items():
        until, bound = _bound_of_start(rollout, newest, same)
        again = [run.backoff.until for run in same if run.backoff]
        targets = tuple(run.target.name for run in same)
        yield Waiting(BUILD, f"no build yet: {reason}", until, bound, min(again) if again else None, targets)


def _bound_of_start(
    rollout: Rollout, newest: Mapping[TargetName, Run], delayed: Iterable[Run]
) -> tuple[datetime | None, str]:
    """Until when these runs may be without a build, and what follows."""
    halting = [at for run in delayed if (at := _halts_at(rollout, newest, run))]
    if halting:
        return min(halting), "then the rollout halts"
    # Where a build may exist, the bound is that of the build itself.
    since = [None if run.start_requested_at else run.acquired_at for run in delayed]
    known = [at for at in since if at]
    if len(known) < len(since):
        return None, "until it is certain that there is no build"
    return max(known) + LONGEST_DELAY, "then the run is refused"


def _halts_at(rollout: Rollout, newest: Mapping[TargetName, Run], run: Run) -> datetime | None:
    """When a rollout halts because a region starts no build; None if its wave tolerates that, or nothing is judged."""
    goes_on = rollout.spec.plan is not None and rollout.spec.plan.on_failure is OnFailure.CONTINUE
    if not rollout.waves or goes_on or ending_of(rollout) or not run.acquired_at:
        return None
    index = wave_of(rollout, run.target)
    targets = targets_of_wave(rollout, index)
    without = [each for target in targets if (each := newest.get(target.name)) and _is_delayed(each)]
    if rollout.waves[index].tolerate.unavailable_targets.allows(len(without), len(targets)):
        return None
    return run.acquired_at + UNAVAILABLE_AFTER


def _is_delayed(run: Run) -> bool:
    return run.state is RunState.STARTING and bool(run.reason)


def next_commands(rollout: Rollout, newest: Mapping[TargetName, Run]) -> list[str]:
    """Return the commands that a person may want after a rollout that halted or ended without success."""
    has_ended, ending = rollout.state.ended, ending_of(rollout)
    if rollout.rollback or rollout.state in (RolloutState.SUCCEEDED, RolloutState.SUPERSEDED):
        return []
    if not has_ended:
        return [f"pointsman rollout cancel {rollout.id}"] if ending and not ending.stops_builds else []
    only_hosts = any(run.state is RunState.FAILED for run in newest.values())
    commands = [f"pointsman rollout retry {rollout.id}{' --failed-hosts' if only_hosts else ''}"]
    if rollout.spec.mode is Mode.APPLY and any(run.build_arn for run in newest.values()):
        commands.append(f"pointsman rollout rollback {rollout.id}")
    return commands
