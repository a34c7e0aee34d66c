"""A rollout as the console shows it: its waves with their regions, its progress, and what it waits for."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from pointsman.core.git_ref import read_ref
from pointsman.core.identity import principal_name
from pointsman.core.model import Mode, Rollout, Run, RunState, Target, TargetName
from pointsman.core.rollouts.waves import targets_of_wave
from pointsmanctl.console.views.links import web_url
from pointsmanctl.console.views.tones import tone_of
from pointsmanctl.output.plan_parts import gate_parts, policy_parts
from pointsmanctl.output.rollout_words import decisions_of, people_of, took, why_of
from pointsmanctl.output.tally import tally
from pointsmanctl.output.waits import Waiting, next_commands, waits_of
from pointsmanctl.output.wave_views import WaveView, waves_of
from pointsmanctl.stack.rollouts import LoadedRollout

_MOST_CHIPS = 12  # targets of a region in a wave that are shown one by one
_NOT_STARTED = "not_started"
_ORDER = ("good", "bad", "wait", "busy", "quiet")  # of the parts of a bar


@dataclass(frozen=True)
class TargetChip:
    """A target of a wave, and the state of its newest run."""

    account: str
    target: str
    state: str
    tone: str


@dataclass(frozen=True)
class RegionRow:
    """The targets of a wave in one region: one by one, or counted if they are many."""

    region: str
    chips: tuple[TargetChip, ...]
    tally: str = ""


@dataclass(frozen=True)
class WaveCard:
    """A wave. `number` is None if the rollout has no waves: all its targets run at once."""

    number: int | None
    state: str
    tone: str
    tally: str
    policies: str
    gate: str
    regions: tuple[RegionRow, ...]


@dataclass(frozen=True)
class BarPart:
    """A part of a bar, in percent."""

    tone: str
    start: float
    width: float


@dataclass(frozen=True)
class RolloutProgress:
    """How many targets have ended."""

    parts: tuple[BarPart, ...]
    ended: int
    total: int
    tally: str


@dataclass(frozen=True)
class RunLine:
    """One attempt on one target."""

    target: str
    attempt: int
    state: str
    tone: str
    took: str
    log_url: str | None
    why: str
    hosts: tuple[str, ...]
    is_newest: bool
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True)
class RolloutCard:
    """A rollout in a list, and the head of its page."""

    id: str
    title: str
    route: str
    playbook: str
    is_check: bool
    repository: str
    ref: str
    commit: str
    who: str
    people: str
    state: str
    tone: str
    created_at: datetime
    ended_at: datetime | None
    progress: RolloutProgress
    waves: tuple[WaveCard, ...]
    waits: tuple[Waiting, ...]
    decisions: tuple[str, ...]
    next_commands: tuple[str, ...]
    url: str | None


def rollout_card(loaded: LoadedRollout) -> RolloutCard:
    """Return what a list shows of a rollout."""
    rollout, newest = loaded.rollout, loaded.newest
    change, spec = rollout.change, rollout.spec
    return RolloutCard(
        id=rollout.id,
        title=(rollout.request.reason if rollout.request else "") or change.title,
        route=spec.route,
        playbook=spec.playbook,
        is_check=spec.mode is Mode.CHECK,
        repository=change.repository,
        ref=read_ref(change.ref).shown,
        commit=change.after,
        who=principal_name(rollout.actor),
        people=people_of(rollout),
        state=rollout.state.value,
        tone=tone_of(rollout.state.value),
        created_at=rollout.created_at,
        ended_at=rollout.ended_at,
        progress=_progress(newest, len(spec.targets)),
        waves=tuple(_waves(rollout, newest)),
        waits=tuple(waits_of(rollout, newest)),
        decisions=tuple(decisions_of(rollout)),
        next_commands=tuple(next_commands(rollout, newest)),
        url=web_url(change.url),
    )


def run_rows(loaded: LoadedRollout) -> tuple[RunLine, ...]:
    """Return each attempt of a rollout, the newest of a target first."""
    newest = loaded.newest
    runs = sorted(loaded.runs, key=lambda run: (run.target.wave, run.target.name, -run.attempt))
    return tuple(_run_row(run, loaded, is_newest=newest[run.target.name] is run) for run in runs)


def _run_row(run: Run, loaded: LoadedRollout, *, is_newest: bool) -> RunLine:
    return RunLine(
        target=run.target.name,
        attempt=run.attempt,
        state=run.state.value,
        tone=tone_of(run.state.value),
        took=took(run),
        log_url=web_url(run.log_url),
        why=why_of(run, loaded.ends),
        hosts=run.hosts,
        is_newest=is_newest,
        started_at=run.started_at,
        ended_at=run.ended_at,
    )


def _progress(newest: Mapping[TargetName, Run], total: int) -> RolloutProgress:
    counts = Counter(tone_of(run.state.value) for run in newest.values())
    parts, start = [], 0.0
    for tone in _ORDER:
        width = 100 * counts[tone] / max(total, 1)
        if width:
            parts.append(BarPart(tone, round(start, 3), round(width, 3)))
        start += width
    ended = sum(run.state.ended for run in newest.values())
    return RolloutProgress(tuple(parts), ended, total, tally(newest.values(), total))


def _waves(rollout: Rollout, newest: Mapping[TargetName, Run]) -> Iterator[WaveCard]:
    if not rollout.waves:
        counts = tally(newest.values(), len(rollout.spec.targets))
        yield WaveCard(None, "", "quiet", counts, "", "", _regions(rollout.spec.targets, newest))
    for view in waves_of(rollout, newest):
        yield _wave(rollout, view, newest)


def _wave(rollout: Rollout, view: WaveView, newest: Mapping[TargetName, Run]) -> WaveCard:
    failed = any(run.state.failed for run in view.runs)
    state = view.state.value
    return WaveCard(
        number=view.number,
        state=state,
        tone="bad" if failed else tone_of(state),
        tally=view.tally,
        policies="; ".join(policy_parts(view.wave)),
        gate="; ".join(gate_parts(view.wave.after)) if view.wave.after else "",
        regions=_regions(targets_of_wave(rollout, view.number - 1), newest),
    )


def _regions(targets: Iterable[Target], newest: Mapping[TargetName, Run]) -> tuple[RegionRow, ...]:
    ordered = sorted(targets, key=lambda each: (each.region, each.account))
    groups = groupby(ordered, key=lambda each: each.region)
    return tuple(_region(region, tuple(found), newest) for region, found in groups)


def _region(region: str, targets: Sequence[Target], newest: Mapping[TargetName, Run]) -> RegionRow:
    if len(targets) > _MOST_CHIPS:
        runs = [newest[each.name] for each in targets if each.name in newest]
        return RegionRow(region, (), tally(runs, len(targets)))
    return RegionRow(region, tuple(_chip(each, newest.get(each.name)) for each in targets))


def _chip(target: Target, run: Run | None) -> TargetChip:
    state = run.state.value if run else _NOT_STARTED
    tone = "wait" if run and run.state is RunState.WAITING else tone_of(state)
    return TargetChip(target.account, target.name, state, tone)
