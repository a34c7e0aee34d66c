"""Routes x subject -> decisions, each with its reason, and the orders of those that run. Pure."""

from dataclasses import dataclass

from pointsman.core.identity import rollout_id
from pointsman.core.model import Decision, Mode, Order, Outcome
from pointsman.core.payloads.subject import Subject
from pointsman.core.routes.model import Route, Routes, WhenUndetermined
from pointsman.core.routing.judge import condition_of, judge_all_but_files
from pointsman.core.routing.judge_files import FilesJudge
from pointsman.core.routing.verdict import Verdict
from pointsman.core.text import one_line


@dataclass(frozen=True, slots=True)
class Routing:
    """The decision of every route of the repository, and the orders that follow."""

    decisions: tuple[Decision, ...]
    orders: tuple[Order, ...]
    wants_files: bool  # the difference itself might decide otherwise

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
        return f"nothing runs: none of {count} routes takes it"


def decide(subject: Subject, routes: Routes) -> Routing:
    """Every route of the subject's repository, asked. No route of the repository: no decision."""
    files = FilesJudge(subject.files)
    decisions: list[Decision] = []
    orders: list[Order] = []
    wants_files = False
    for route in routes.of_repository(subject.change.repository):
        verdict, by_files = _judge(route, subject, files)
        runs, reason = _policy(route, verdict)
        order = _order(subject, route, routes) if runs else None
        decisions.append(
            Decision(
                route=route.name,
                outcome=verdict.outcome,
                runs=runs,
                held=_is_held(route, verdict),
                reason=reason,
                pattern=verdict.pattern,
                file=verdict.file and one_line(verdict.file, 1_000),
                targets=tuple(target.name for target in order.targets) if order else (),
                rollout=order.rollout if order else None,
            )
        )
        orders += [order] if order else []
        wants_files |= by_files and _may_be_otherwise(subject, verdict)
    return Routing(tuple(decisions), tuple(orders), wants_files)


def takes_action(routes: Routes, repository: str, action: str) -> bool:
    """Whether some route of the repository takes pull requests to which `action` happened."""
    conditions = [route.on.pull_request for route in routes.of_repository(repository)]
    return any(condition and action in condition.types for condition in conditions)


def _judge(route: Route, subject: Subject, files: FilesJudge) -> tuple[Verdict, bool]:
    """What a route says to a subject, and whether its files decided that."""
    condition = condition_of(route, subject)
    verdicts = judge_all_but_files(route, condition, subject)
    if condition is None or verdicts[-1].outcome is not Outcome.MATCHED:
        return verdicts[-1].after(verdicts[:-1]), False
    of_files = files.judge(condition)
    if of_files is None:
        return verdicts[-1].after(verdicts[:-1]), False
    return of_files.after(verdicts), True


def _may_be_otherwise(subject: Subject, verdict: Verdict) -> bool:
    if verdict.outcome is Outcome.IGNORED:
        return subject.files.doubt is not None
    return verdict.outcome is Outcome.UNDETERMINED


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


def _is_held(route: Route, verdict: Verdict) -> bool:
    return verdict.outcome is Outcome.UNDETERMINED and route.when_undetermined is WhenUndetermined.HOLD


def _order(subject: Subject, route: Route, routes: Routes) -> Order:
    """What a route that runs asks for: a pull request is checked, and changes nothing."""
    change, asked = subject.change, subject.change.pull_request
    mode = Mode.CHECK if asked else Mode.APPLY
    return Order(
        rollout=rollout_id(change.repository_id, route.name, change.after, mode),
        route=route.name,
        mode=mode,
        playbook=route.playbook,
        tags=route.tags,
        extra_vars=route.extra_vars,
        when_busy=route.when_busy,
        line=f"{route.name}#{asked.number}" if asked else None,
        targets=routes.targets_of(route),
    )
