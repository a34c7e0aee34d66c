"""Waves: which targets may start, and whether a wave has failed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from pointsman.core.model import Rollout, Run, RunState, Target, TargetName
from pointsman.core.rollout_facts import HaltKind, Wait, WaitKind
from pointsman.core.rollout_plan import Tolerance
from pointsman.core.rollouts.situation import HostTally, Situation, has_started, is_unavailable, wave_of
from pointsman.core.text import join_first
from pointsman.core.trail.wave_events import GateInputs

RESULTS_WITHIN = timedelta(minutes=10)  # host results may arrive after the end of their build


def targets_of_wave(rollout: Rollout, wave: int) -> tuple[Target, ...]:
    """The targets of a wave, in their order."""
    return tuple(target for target in rollout.spec.targets if wave_of(rollout, target) == wave)


def is_last_wave(rollout: Rollout) -> bool:
    """Whether no target is in a later wave than the newest that started. A run by hand may have none in a wave."""
    return all(has_started(rollout, target) for target in rollout.spec.targets)


def not_started(situation: Situation) -> tuple[TargetName, ...]:
    """The targets that have no run."""
    return tuple(target.name for target in situation.rollout.spec.targets if target.name not in situation.newest)


def has_room(situation: Situation, target: Target) -> bool:
    """Whether one more target of the wave may run."""
    rollout = situation.rollout
    if not rollout.waves:
        return True
    index = wave_of(rollout, target)
    most = rollout.waves[index].max_parallel
    return most is None or sum(situation.is_live(each) for each in targets_of_wave(rollout, index)) < most


def may_start(situation: Situation) -> frozenset[TargetName]:
    """The targets whose next run may begin now, as far as the waves are concerned."""
    rollout = situation.rollout
    if not rollout.waves:
        return frozenset(target.name for target in rollout.spec.targets)
    allowed: set[TargetName] = set()
    for index, wave in enumerate(rollout.waves[: rollout.waves_started]):
        targets = targets_of_wave(rollout, index)
        wanted = [target.name for target in targets if situation.is_wanted(target)]
        if wave.max_parallel is not None:
            live = sum(situation.is_live(target) for target in targets)
            wanted = wanted[: max(0, wave.max_parallel - live)]
        allowed.update(wanted)
    return frozenset(allowed)


@dataclass(frozen=True)
class WaveResult:
    """What is known of a wave. It has failed if there is a reason."""

    inputs: GateInputs
    failure: str | None = None
    kind: HaltKind = HaltKind.FAILED
    unread: tuple[Run, ...] = ()  # runs on whose host results it depends, and that were not read
    wait: Wait | None = None  # for results that are not in the trail yet


def result_of_wave(situation: Situation, index: int) -> WaveResult:
    """The result of a wave, whose runs may not all have ended."""
    targets = targets_of_wave(situation.rollout, index)
    runs = [run for target in targets if (run := situation.run(target)) and not situation.is_wanted(target)]
    tolerate = situation.rollout.waves[index].tolerate
    is_over = all(situation.is_settled(target) for target in targets)
    failed = [run for run in runs if run.state.failed and (is_over or not _is_from_before(situation.rollout, run))]
    unavailable = [run for run in runs if is_unavailable(run, situation.now)]
    inputs = GateInputs(targets=len(targets), targets_failed=len(failed), targets_unavailable=len(unavailable))
    if not tolerate.unavailable_targets.allows(len(unavailable), len(targets)):
        return WaveResult(inputs, f"no build starts on {_names(unavailable)}: {unavailable[0].reason}")
    if not failed:
        return _without_failure(situation.rollout, runs, inputs, is_over=is_over)
    if reason := _beyond_hosts(failed, tolerate):
        return WaveResult(inputs, reason)
    return _by_hosts(situation, runs, failed, tolerate, inputs)


def _without_failure(rollout: Rollout, runs: Iterable[Run], inputs: GateInputs, *, is_over: bool) -> WaveResult:
    """The result of a wave in which nothing failed: the next may not start if the commit did not get to a target."""
    without = [run for run in runs if run.state in (RunState.SUPERSEDED, RunState.CANCELLED, RunState.SKIPPED)]
    if not without or not is_over or is_last_wave(rollout):
        return WaveResult(inputs)
    reason = f"{_names(without)} did not get the commit: {without[0].reason}"
    return WaveResult(inputs, reason, kind=HaltKind.SUPERSEDED)


def _is_from_before(rollout: Rollout, run: Run) -> bool:
    """Whether a run ended before a retry: if it failed, that counts only when what was retried has ended."""
    since = rollout.reopened_at
    return since is not None and run.ended_at is not None and run.ended_at < since


def _beyond_hosts(failed: list[Run], tolerate: Tolerance) -> str | None:
    """Why the wave has failed whatever happened to its hosts."""
    without_playbook = [run for run in failed if run.state is not RunState.FAILED]
    if without_playbook:
        return f"{_names(without_playbook)}: {without_playbook[0].reason or without_playbook[0].state}"
    if not (tolerate.failed_hosts.number or tolerate.unreachable_hosts.number):
        return f"{_names(failed)} failed"
    return None


def _by_hosts(
    situation: Situation, runs: list[Run], failed: list[Run], tolerate: Tolerance, inputs: GateInputs
) -> WaveResult:
    """The result of a wave that tolerates some hosts."""
    shares = (tolerate.failed_hosts, tolerate.unreachable_hosts)
    needed = [run for run in runs if run.build_arn] if any(each.is_percentage for each in shares) else failed
    needed = [run for run in needed if run.state.ended]
    tallies = situation.facts.tallies
    if unread := tuple(run for run in needed if run.key not in tallies):
        return WaveResult(inputs, unread=unread)
    if missing := [run for run in needed if tallies[run.key] is None]:
        until = max((run.ended_at or situation.now) for run in missing) + RESULTS_WITHIN
        if situation.now < until:
            reason = f"the results of hosts on {_names(missing)} have not arrived"
            return WaveResult(inputs, wait=Wait(kind=WaitKind.RESULTS, reason=reason, until=until))
        return WaveResult(inputs, f"{_names(missing)} failed, and results of hosts are missing")
    return _compared(failed, [tally for run in needed if (tally := tallies[run.key])], situation, tolerate, inputs)


def _compared(
    failed: list[Run], tallies: Iterable[HostTally], situation: Situation, tolerate: Tolerance, inputs: GateInputs
) -> WaveResult:
    tallies = list(tallies)
    hosts, bad = sum(each.hosts for each in tallies), sum(each.failed for each in tallies)
    unreachable = sum(each.unreachable for each in tallies)
    inputs = inputs.replace(hosts_failed=bad, hosts_unreachable=unreachable)
    unexplained = [run for run in failed if _without_host(situation.facts.tallies[run.key])]
    if unexplained:
        return WaveResult(inputs, f"{_names(unexplained)} failed, although no host did")
    if not tolerate.failed_hosts.allows(bad, hosts):
        return WaveResult(inputs, f"{bad} of {hosts} hosts failed, and {tolerate.failed_hosts} may")
    if not tolerate.unreachable_hosts.allows(unreachable, hosts):
        reason = f"{unreachable} of {hosts} hosts were unreachable, and {tolerate.unreachable_hosts} may be"
        return WaveResult(inputs, reason)
    return WaveResult(inputs)


def _without_host(tally: HostTally | None) -> bool:
    return tally is None or not (tally.failed or tally.unreachable)


def _names(runs: Iterable[Run]) -> str:
    return join_first([run.target.name for run in runs])
