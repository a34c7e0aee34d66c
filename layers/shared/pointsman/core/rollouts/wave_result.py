"""The result of a wave: whether it has failed, as far as its runs and their hosts say by now."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from pointsman.core.model import Rollout, Run, RunState
from pointsman.core.rollout_facts import HaltKind, Wait, WaitKind
from pointsman.core.rollout_plan import Amount, Tolerance
from pointsman.core.rollouts.build_steps import was_given_up
from pointsman.core.rollouts.situation import HostTally, Situation, has_started, is_unavailable
from pointsman.core.rollouts.waves import is_last_wave, targets_of_wave
from pointsman.core.text import join_first
from pointsman.core.trail.wave_events import GateInputs

RESULTS_WITHIN = timedelta(minutes=10)  # host results may arrive after the end of their build


@dataclass(frozen=True)
class WaveResult:
    """What is known of a wave. It has failed if there is a reason."""

    inputs: GateInputs
    failure: str | None = None
    kind: HaltKind = HaltKind.FAILED
    unread: tuple[Run, ...] = ()  # runs on whose host results it depends, and that were not read
    wait: Wait | None = None  # for results that are not in the trail yet


def results_of_waves(situation: Situation) -> Iterator[tuple[int, WaveResult]]:
    """The result of the newest wave, with its number; before it those of waves in which something happened since."""
    newest = situation.rollout.waves_started - 1
    for index in range(newest + 1):
        runs = _runs_of_wave(situation, index)
        if index == newest or any(_is_news(situation, run) for run in runs):
            yield index + 1, _result_of_wave(situation, index, runs)


def _runs_of_wave(situation: Situation, index: int) -> list[Run]:
    """The newest runs of a wave, without those that are to be repeated."""
    targets = targets_of_wave(situation.rollout, index)
    return [run for target in targets if (run := situation.run(target)) and not situation.is_wanted(target)]


def _is_news(situation: Situation, run: Run) -> bool:
    """Whether a run of an earlier wave has to be judged: its end came after the newest wave began, or its region fails.

    What ended before was judged when the next wave began, and its hosts need not be read again.
    """
    return is_unavailable(run, situation.now) or (run.state is not RunState.SUCCEEDED and _ended_late(situation, run))


def _ended_late(situation: Situation, run: Run) -> bool:
    since = situation.rollout.wave_started_at
    return run.ended_at is not None and (since is None or run.ended_at > since)


def _result_of_wave(situation: Situation, index: int, runs: list[Run]) -> WaveResult:
    rollout = situation.rollout
    targets = targets_of_wave(rollout, index)
    tolerate = rollout.waves[index].tolerate
    is_over = all(situation.is_settled(target) for target in rollout.spec.targets if has_started(rollout, target))
    unavailable = [run for run in runs if is_unavailable(run, situation.now) or was_given_up(run)]
    failed = [run for run in runs if run.state.failed and (is_over or not _is_from_before(rollout, run))]
    failed = [run for run in failed if not was_given_up(run)]
    if index < rollout.waves_started - 1 and not any(_ended_late(situation, run) for run in failed):
        failed = []
    inputs = GateInputs(targets=len(targets), targets_failed=len(failed), targets_unavailable=len(unavailable))
    if not tolerate.unavailable_targets.allows(len(unavailable), len(targets)):
        return WaveResult(inputs, f"no build starts on {_names(unavailable)}: {unavailable[0].reason}")
    if not failed:
        return _without_failure(rollout, runs, inputs, is_over=is_over)
    if reason := _beyond_hosts(failed, tolerate):
        return WaveResult(inputs, reason)
    return _HostsOfWave(situation, runs, failed, tolerate, is_over=is_over).result(inputs)


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


@dataclass(frozen=True)
class _HostsOfWave:
    """The hosts of a wave that tolerates some of them, and in which runs failed."""

    situation: Situation
    runs: list[Run]
    failed: list[Run]
    tolerate: Tolerance
    is_over: bool

    def result(self, inputs: GateInputs) -> WaveResult:
        """The result of the wave, or what has to be read or waited for to know it."""
        now, tallies = self.situation.now, self.situation.facts.tallies
        needed = self._needed()
        if unread := tuple(run for run in needed if run.key not in tallies):
            return WaveResult(inputs, unread=unread)
        if missing := [run for run in needed if tallies[run.key] is None]:
            until = max((run.ended_at or now) for run in missing) + RESULTS_WITHIN
            if now < until:
                reason = f"the results of hosts on {_names(missing)} have not arrived"
                return WaveResult(inputs, wait=Wait(kind=WaitKind.RESULTS, reason=reason, until=until))
            return WaveResult(inputs, f"the results of hosts on {_names(missing)} are missing")
        return self._compared([tally for run in needed if (tally := tallies[run.key])], inputs)

    def _needed(self) -> list[Run]:
        """The runs whose hosts decide: for a share of the wave's hosts those of all runs, once all are known."""
        shares = (self.tolerate.failed_hosts, self.tolerate.unreachable_hosts)
        if not self.is_over or not any(map(_is_share, shares)):
            return self.failed
        return [run for run in self.runs if run.build_arn and run.state.ended]

    def _compared(self, tallies: list[HostTally], inputs: GateInputs) -> WaveResult:
        hosts, bad = sum(each.hosts for each in tallies), sum(each.failed for each in tallies)
        unreachable = sum(each.unreachable for each in tallies)
        inputs = inputs.replace(hosts_failed=bad, hosts_unreachable=unreachable)
        unexplained = [run for run in self.failed if not self._is_explained(run)]
        if unexplained:
            return WaveResult(inputs, f"{_names(unexplained)} failed, although no host did")
        if self._is_beyond(self.tolerate.failed_hosts, bad, hosts):
            return WaveResult(inputs, f"{bad} of {hosts} hosts failed, and {self.tolerate.failed_hosts} may")
        if self._is_beyond(self.tolerate.unreachable_hosts, unreachable, hosts):
            may_be = self.tolerate.unreachable_hosts
            return WaveResult(inputs, f"{unreachable} of {hosts} hosts were unreachable, and {may_be} may be")
        return WaveResult(inputs)

    def _is_explained(self, run: Run) -> bool:
        tally = self.situation.facts.tallies[run.key]
        return tally is not None and tally.explains_failure

    def _is_beyond(self, amount: Amount, count: int, hosts: int) -> bool:
        return (self.is_over or not _is_share(amount)) and not amount.allows(count, hosts)


def _is_share(amount: Amount) -> bool:
    """Whether an amount depends on how many hosts the wave has: 0% does not."""
    return amount.is_percentage and amount.number > 0


def _names(runs: Iterable[Run]) -> str:
    return join_first([run.target.name for run in runs])
