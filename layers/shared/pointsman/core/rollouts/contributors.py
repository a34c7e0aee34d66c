"""Who pushed and wrote what a commit of a route brings along: it has the commits before it, also those never approved.

A commit that waits at its gate is superseded by one on top of it. So a route with `not_author` keeps who had a part in
each, until the commit or one on top of it has passed all gates.
"""

from pointsman.core.change import Change
from pointsman.core.model import Rollout, RolloutState
from pointsman.core.ports import Transition
from pointsman.core.route_state import Contribution, Contributors, RouteState

COMMITS_KEPT = 30
NAMES_KEPT = 50  # of each commit


def logins_of(change: Change) -> list[str]:
    """The logins of everybody who pushed or wrote a commit, each once."""
    author = (change.author_login,) if change.author_login else ()
    return list(dict.fromkeys((change.actor, *change.earlier_actors, *author, *(change.authors or ()))))


def unknown_of(change: Change) -> list[str]:
    """The names of those who pushed or wrote a commit, and whose login is not known."""
    is_unknown = change.authors is None and change.author_login is None
    return [*((change.author,) if is_unknown else ()), *change.unknown_authors]


def noting(delivered: Transition, route: RouteState) -> Transition:
    """What a delivery changes, with who had a part in its commit. `route` is as it was read."""
    rollout = delivered.rollout
    if rollout is None or not rollout.is_of_whole_route or not _asks_for_others(rollout):
        return delivered
    is_known = any(each.rollout == rollout.id for each in route.contributors.kept)
    if delivered.route is None and rollout.version and not is_known:
        return delivered  # its commit had passed all gates, and nothing of it runs again
    before = delivered.route or route
    after = _with(before, rollout)
    return delivered if after == before else delivered.replace(route=after)


def _asks_for_others(rollout: Rollout) -> bool:
    gates = [wave.after for wave in rollout.waves if wave.after]
    return any(gate.approval and gate.approval.not_author for gate in gates)


def _with(route: RouteState, rollout: Rollout) -> RouteState:
    logins, unknown = logins_of(rollout.change), unknown_of(rollout.change)
    contribution = Contribution(
        rollout=rollout.id,
        commit=rollout.change.after,
        ordering_time=rollout.ordering_time,
        logins=tuple(logins[:NAMES_KEPT]),
        unknown=tuple(unknown[:NAMES_KEPT]),
        is_cut=max(len(logins), len(unknown)) > NAMES_KEPT,
    )
    others = (each for each in route.contributors.kept if each.rollout != rollout.id)
    kept = sorted((*others, contribution), key=lambda each: each.ordering_time)
    has_more = route.contributors.has_more or len(kept) > COMMITS_KEPT
    return route.replace(contributors=Contributors(kept=tuple(kept[-COMMITS_KEPT:]), has_more=has_more))


def passed(route: RouteState, rollout: Rollout) -> RouteState:
    """The route after `rollout` has ended: what has passed all gates with it needs no other approval."""
    known = route.contributors.kept
    behind = _position(known, rollout)
    if not _has_passed_gates(rollout) or not behind:
        return route
    return route.replace(contributors=Contributors(kept=known[behind:]))


def brought_by(route: RouteState, rollout: Rollout) -> Contributors:
    """Who had a part in what a rollout brings, its own commit included; nobody, if all of it has passed all gates."""
    known = route.contributors
    return known.replace(kept=known.kept[: _position(known.kept, rollout)])


def _position(known: tuple[Contribution, ...], rollout: Rollout) -> int:
    """How many there are up to the commit of `rollout`, whether a push or a person brought it."""
    return max((number for number, each in enumerate(known, 1) if each.commit == rollout.change.after), default=0)


def _has_passed_gates(rollout: Rollout) -> bool:
    """Whether a rollout that has ended was let on to all its targets, whatever became of it there."""
    if rollout.waves:
        return rollout.waves_started >= len(rollout.waves)
    return rollout.state not in (RolloutState.SUPERSEDED, RolloutState.CANCELLED)
