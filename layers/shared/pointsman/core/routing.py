"""Routes x push -> decisions, each with its reason, and the orders of those that run. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from pointsman.core.identity import rollout_id
from pointsman.core.model import Decision, Mode, Order, Outcome
from pointsman.core.patterns import Hit, PatternList
from pointsman.core.push import ChangedFiles, Push
from pointsman.core.routes import PushCondition, Route, Routes, WhenUndetermined
from pointsman.core.text import one_line

NAMES_TOLD = 3  # file names in a reason
NAME_TOLD = 200  # characters of a name in a reason


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one condition, or all of a route's, says to a push."""

    outcome: Outcome
    reason: str
    pattern: str | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True)
class Routing:
    """The decision of every route of the repository, and the orders that follow."""

    decisions: tuple[Decision, ...]
    orders: tuple[Order, ...]

    @property
    def reason(self) -> str:
        """The whole in one sentence."""
        running = [decision.route for decision in self.decisions if decision.runs]
        count = len(self.decisions)
        if running:
            routes = f"route{'s' * (count > 1)} run{'s' * (len(running) == 1)}"
            return f"{len(running)} of {count} {routes}: {', '.join(running)}"
        if count == 1:
            return f"nothing runs: {self.decisions[0].reason}"
        return f"nothing runs: none of {count} routes takes this push"


def decide(push: Push, routes: Routes) -> Routing:
    """Every route of the push's repository, asked. No route of the repository: no decision."""
    decisions: list[Decision] = []
    orders: list[Order] = []
    for route in routes.of_repository(push.change.repository):
        verdict = judge(route.on.push, push)
        runs, reason = _policy(route, verdict)
        order = _order(push, route, routes) if runs else None
        decisions.append(
            Decision(
                route=route.name,
                outcome=verdict.outcome,
                runs=runs,
                reason=reason,
                pattern=verdict.pattern,
                file=verdict.file and one_line(verdict.file, 1_000),
                targets=tuple(target.name for target in order.targets) if order else (),
                rollout=order.rollout if order else None,
            )
        )
        orders += [order] if order else []
    return Routing(tuple(decisions), tuple(orders))


def judge(condition: PushCondition, push: Push) -> Verdict:
    """What a route's condition says to a push: its ref first, then its files."""
    of_ref = _judge_ref(condition, push)
    if of_ref.outcome is not Outcome.MATCHED:
        return of_ref
    of_files = _judge_files(condition, push.files)
    if of_files is None:
        return of_ref
    both = f"{of_ref.reason}; {of_files.reason}"
    return Verdict(of_files.outcome, both, of_files.pattern, of_files.file)


def _policy(route: Route, verdict: Verdict) -> tuple[bool, str]:
    """Whether the route runs, and the reason with its policy told."""
    if verdict.outcome is not Outcome.UNDETERMINED:
        return verdict.outcome is Outcome.MATCHED, verdict.reason
    so = {
        WhenUndetermined.RUN: "so it runs (when_undetermined: run)",
        WhenUndetermined.IGNORE: "so it does not run (when_undetermined: ignore)",
        WhenUndetermined.HOLD: "so it is held and does not run (when_undetermined: hold)",
    }
    return route.when_undetermined is WhenUndetermined.RUN, f"{verdict.reason}, {so[route.when_undetermined]}"


def _order(push: Push, route: Route, routes: Routes) -> Order:
    return Order(
        rollout=rollout_id(push.change.repository_id, route.name, push.change.after, Mode.APPLY),
        route=route.name,
        mode=Mode.APPLY,
        playbook=route.playbook,
        tags=route.tags,
        extra_vars=route.extra_vars,
        when_busy=route.when_busy,
        targets=routes.targets_of(route),
    )


def _judge_ref(condition: PushCondition, push: Push) -> Verdict:
    own, other = ("branches", "tags") if push.kind == "branch" else ("tags", "branches")
    told = f"{push.kind} {one_line(push.name, NAME_TOLD)}"
    if wanted := condition.list_of(own):
        return _judge_wanted_ref(wanted, own, push.name, told)
    if unwanted := condition.list_of(f"{own}-ignore"):
        if hit := unwanted.decide(push.name):
            return Verdict(Outcome.IGNORED, f"{told} matches {_place(f'{own}-ignore', hit)}", hit.pattern.text)
        return Verdict(Outcome.MATCHED, f"{told} matches none of {own}-ignore")
    if condition.list_of(other) or condition.list_of(f"{other}-ignore"):
        return Verdict(Outcome.IGNORED, f"{told} can't match: the route names {other} and no {own}")
    return Verdict(Outcome.MATCHED, f"{told}: the route takes every branch and tag")


def _judge_wanted_ref(wanted: PatternList, key: str, name: str, told: str) -> Verdict:
    hit = wanted.decide(name)
    if hit is None:
        return Verdict(Outcome.IGNORED, f"{told} matches none of {key} {[pattern.text for pattern in wanted.patterns]}")
    if not hit.included:
        return Verdict(Outcome.IGNORED, f"{told} is left out by {_place(key, hit)}", hit.pattern.text)
    return Verdict(Outcome.MATCHED, f"{told} matches {_place(key, hit)}", hit.pattern.text)


def _judge_files(condition: PushCondition, files: ChangedFiles) -> Verdict | None:
    """What `paths` or `paths-ignore` says; None where the route has neither."""
    if wanted := condition.list_of("paths"):
        return _judge_wanted_files(wanted, files)
    if unwanted := condition.list_of("paths-ignore"):
        return _judge_unwanted_files(unwanted, files)
    return None


def _judge_wanted_files(wanted: PatternList, files: ChangedFiles) -> Verdict:
    left_out: tuple[str, Hit] | None = None
    for name in files.names:
        hit = wanted.decide(name)
        if hit and hit.included:
            told = f"{_told([name])} matches {_place('paths', hit)}"
            return Verdict(Outcome.MATCHED, told, hit.pattern.text, name)
        if hit and not left_out and wanted.takes_back(hit, name):
            left_out = (name, hit)
    return _no_file(files, "no {} file matches paths", left_out and "left out by paths", left_out)


def _judge_unwanted_files(unwanted: PatternList, files: ChangedFiles) -> Verdict:
    ignored: tuple[str, Hit] | None = None
    for name in files.names:
        hit = unwanted.decide(name)
        if hit is None:
            return Verdict(Outcome.MATCHED, f"{_told([name])} matches none of paths-ignore", None, name)
        ignored = ignored or (name, hit)
    return _no_file(files, "every {} file matches paths-ignore", "ignored by paths-ignore", ignored)


def _no_file(files: ChangedFiles, what: str, by: str | None, first: tuple[str, Hit] | None) -> Verdict:
    """No file lets the route run: ignored when the list is complete, undetermined when it is not.

    `what` says so with {} for the kind of file; `first` is a file that a pattern decided on, and `by` how.
    """
    if not files.names and not files.gap:
        return Verdict(Outcome.IGNORED, "no file was changed")
    pattern, file = (first[1].pattern.text, first[0]) if first else (None, None)
    count = f"the {len(files.names)} files are" if len(files.names) > 1 else "the only one is"
    reason = f"{what.format('listed' if files.gap else 'changed')}: {count} {_told(files.names)}"
    if first and by:
        reason += f" ({_told([first[0]])} is {_place(by, first[1])})"
    if not files.gap:
        return Verdict(Outcome.IGNORED, reason, pattern, file)
    incomplete = f"the list of changed files is incomplete ({files.gap})"
    return Verdict(Outcome.UNDETERMINED, f"{reason}, and {incomplete}" if files.names else incomplete, pattern, file)


def _place(key: str, hit: Hit) -> str:
    return f"{key}[{hit.index}] `{hit.pattern.text}`"


def _told(names: Iterable[str]) -> str:
    every = list(names)
    shown = ", ".join(one_line(name, NAME_TOLD) for name in every[:NAMES_TOLD])
    return f"{shown} and {len(every) - NAMES_TOLD} more" if len(every) > NAMES_TOLD else shown
