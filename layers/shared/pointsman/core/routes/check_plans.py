"""Errors of valid rules about rollouts: targets without a wave, approvals that nobody can give, ambiguous people."""

from collections.abc import Iterator

from pointsman.core.routes.approvers import resolve, team_of
from pointsman.core.routes.diagnostic import Diagnostic, Location
from pointsman.core.routes.model import Route, Routes
from pointsman.core.routes.principals import is_covered
from pointsman.core.routes.rollout_rules import ApprovalGate, WaveRule
from pointsman.core.routes.suggestions import did_you_mean
from pointsman.core.text import join_first, pluralize


def plan_diagnostics(routes: Routes) -> Iterator[Diagnostic]:
    """Errors in the waves and gates of all routes, and in who may approve."""
    yield from _ambiguous_people(routes)
    for number, route in enumerate(routes.routes):
        location: Location = ("routes", number, "waves")
        if route.waves:
            yield from _wave_errors(location, route, routes)
            yield from _gate_errors(location, route.waves, routes)


def _wave_errors(location: Location, route: Route, routes: Routes) -> Iterator[Diagnostic]:
    waves = routes.waves_of(route)
    if missing := waves.without_wave:
        which = f"{pluralize(len(missing), 'target')} ({join_first(missing)})"
        verb = "is" if len(missing) == 1 else "are"
        yield Diagnostic(location, f"{which} {verb} in no wave: add a last wave with `*/*`")
    for wave in sorted(waves.empty_waves):
        reason = "gets no target: earlier waves have all that it selects, or the route has none of them"
        yield Diagnostic((*location, wave), reason)
    for wave, index in waves.matching_nothing():
        if wave not in waves.empty_waves:
            yield Diagnostic((*location, wave, "targets", index), "matches no target of the route")
    for wave, index in waves.too_late():
        if wave not in waves.empty_waves:
            reason = "has no effect: all of its targets are in earlier waves. A target is in the first that selects it"
            yield Diagnostic((*location, wave, "targets", index), reason)


def _gate_errors(location: Location, waves: tuple[WaveRule, ...], routes: Routes) -> Iterator[Diagnostic]:
    for number, wave in enumerate(waves):
        if wave.after is None or wave.after.approval is None:
            continue
        here = (*location, number, "after", "approval")
        if number == len(waves) - 1:
            yield Diagnostic(here, "nothing waits for it, because no wave follows: move it to the wave before")
        yield from _approval_errors(here, wave.after.approval, routes)


def _approval_errors(location: Location, approval: ApprovalGate, routes: Routes) -> Iterator[Diagnostic]:
    unknown = [
        (index, team)
        for index, approver in enumerate(approval.by)
        if (team := team_of(approver)) is not None and team not in routes.teams
    ]
    for index, team in unknown:
        hint = did_you_mean(team, list(routes.teams)) or ": add it to `teams`"
        yield Diagnostic((*location, "by", index), f"no team is named `{team}`{hint}")
    logins = resolve(approval.by, routes)
    if logins and not unknown and not set(logins) & set(routes.people):
        reason = (
            f"nobody can approve, because `people` has no IAM principal of {join_first(logins)}: "
            "add the ARN of the IAM user or of the role's session"
        )
        yield Diagnostic((*location, "by"), reason)


def _ambiguous_people(routes: Routes) -> Iterator[Diagnostic]:
    logins: dict[str, str] = {}
    owners: list[tuple[str, str]] = []
    for login, principals in routes.people.items():
        if (first := logins.setdefault(login.lower(), login)) != login:
            yield Diagnostic(("people", login), f"`{first}` is the same login: put all ARNs under one of them")
            continue
        for index, arn in enumerate(principals):
            other = next((owner for each, owner in owners if owner != login and _overlap(each, arn)), None)
            if other:
                reason = f"this principal is also `{other}`'s: whoever uses it would be two people"
                yield Diagnostic(("people", login, index), reason)
            owners.append((arn, login))


def _overlap(one: str, other: str) -> bool:
    """Whether two ARNs surely cover a common one. Two different patterns may do so all the same."""
    return is_covered(one, other) or is_covered(other, one)
