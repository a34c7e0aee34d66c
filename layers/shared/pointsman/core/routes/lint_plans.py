"""Warnings about rules of rollouts that are valid but probably not meant."""

from collections.abc import Iterator

from pointsman.core.rollout_plan import OnFailure
from pointsman.core.routes.approvers import resolve, team_of
from pointsman.core.routes.diagnostic import Diagnostic, Location
from pointsman.core.routes.model import Route, Routes
from pointsman.core.routes.principals import ANY
from pointsman.core.routes.rollout_rules import ApprovalGate, GateRule


def lint_people(routes: Routes) -> Iterator[Diagnostic]:
    """Warn about principals that anybody could use."""
    for login, principals in routes.people.items():
        for index, arn in enumerate(principals):
            if f"/{ANY}/" in arn:
                reason = (
                    f"whoever may assume any role of the account can take this session's name, and be `{login}`: "
                    "write the beginning of the role's name before `*`"
                )
                yield Diagnostic(("people", login, index), reason)


def lint_plan(location: Location, route: Route, routes: Routes) -> Iterator[Diagnostic]:
    """Warn about the waves of a route, what follows a failure, and its checks for drift."""
    waves = route.waves or ()
    assignment = routes.waves_of(route)
    for wave, index in assignment.repeating():
        reason = "has no effect: other entries of the wave match all of its targets"
        yield Diagnostic((*location, "waves", wave, "targets", index), reason)
    for number, rule in enumerate(waves):
        if rule.after:
            here = (*location, "waves", number, "after")
            yield from _lint_gate(here, rule.after, routes, is_last=number == len(waves) - 1)
    if route.on_failure is OnFailure.CONTINUE and len(waves) < 2:
        yield Diagnostic((*location, "on_failure"), "`continue` has no effect: no wave follows another")
    if route.drift and route.on.push is None:
        reason = "has no effect until the route is run by hand: without push it never applies a commit"
        yield Diagnostic((*location, "drift"), reason)


def _lint_gate(location: Location, gate: GateRule, routes: Routes, *, is_last: bool) -> Iterator[Diagnostic]:
    accounts = {account.id for account in routes.accounts.values()}
    for index, alarm in enumerate(gate.alarms or ()):
        account = alarm.split(":")[4]
        if account not in accounts:
            reason = f"no account of this file is {account}: Pointsman can read alarms of its accounts only"
            yield Diagnostic((*location, "alarms", index), reason)
    if gate.alarms and gate.soak is None:
        reason = "are looked at once, right after the wave, when they may not know of it yet: add `soak`"
        yield Diagnostic((*location, "alarms"), reason)
    if is_last and gate.soak and not gate.alarms:
        yield Diagnostic((*location, "soak"), "nothing follows it: no wave waits, and no alarm is looked at")
    if gate.approval:
        yield from _lint_approval((*location, "approval"), gate.approval, routes)


def _lint_approval(location: Location, approval: ApprovalGate, routes: Routes) -> Iterator[Diagnostic]:
    known = {login.lower() for login in routes.people}
    for index, approver in enumerate(approval.by):
        team = team_of(approver)
        named: list[tuple[Location, str]] = [((*location, "by", index), approver)]
        if team is not None:
            named = [(("teams", team, place), login) for place, login in enumerate(routes.teams[team])]
        for here, login in named:
            if login.lower() not in known:
                yield Diagnostic(
                    here, f"nobody can approve as `{login}`: add the ARNs of this person's IAM principals to `people`"
                )
    able = [login for login in resolve(approval.by, routes) if login in routes.people]
    if approval.not_author and len(able) == 1:
        reason = f"only `{able[0]}` can approve, and nobody can if the change is theirs: add another approver"
        yield Diagnostic((*location, "not_author"), reason)
