"""`not_author`: nobody approves what they have pushed, written or requested themselves, nor what comes along with it.

Whoever is unknown may be the one who approves, so it is refused then.
"""

from collections.abc import Callable, Iterable

from pointsman.core.model import Rollout
from pointsman.core.rollouts.contributors import brought_by, logins_of, unknown_of
from pointsman.core.route_state import Contributors, RouteState
from pointsman.core.text import join_first

type LoginOf = Callable[[str], str | None]  # of an IAM principal

OTHERWISE = "set `not_author: false`, deploy, and run the route again"
BOT = "[bot]"  # how GitHub ends the login of an app: https://docs.github.com/en/rest/users/users
COMES_ALONG = "which has not passed all gates of the route and comes along"


def reason_against_author(login: str, rollout: Rollout, route: RouteState, login_of: LoginOf) -> str | None:
    """Why `login` does not count as somebody else than who pushed, wrote or requested what a rollout brings."""
    change, request = rollout.change, rollout.request
    requester = login_of(request.actor) if request else None
    known = [*logins_of(change), *([requester] if requester else [])]
    if _is_among(login, known):
        return f"{login} pushed, wrote or requested it, and somebody else has to approve it"
    if request and requester is None:
        return (
            f"routes.yaml has no login for {request.actor}, who ran it: add it to `people` and deploy, or {OTHERWISE}"
        )
    if not change.author:
        return "nobody knows the author of the commit, since no push brought it: push it"
    if unknown := unknown_of(change):
        return _unknown(unknown, "it")
    brought = brought_by(route, rollout)
    if reason := _reason_against_brought(login, brought):
        return reason
    known += [name for each in brought.kept for name in each.logins]
    if all(name.endswith(BOT) for name in known):
        names = join_first(list(dict.fromkeys(known)))
        fix = "let a person push or merge a new commit"
        return f"only {names} pushed and wrote it, and nobody knows who is behind that: {fix}, or {OTHERWISE}"
    return None


def _reason_against_brought(login: str, brought: Contributors) -> str | None:
    """Why `login` cannot approve the commits that come along."""
    own = [each.commit[:7] for each in brought.kept if _is_among(login, each.logins)]
    if own:
        return f"{login} pushed or wrote {join_first(own)}, {COMES_ALONG}: somebody else has to approve it"
    for each in brought.kept:
        if each.unknown:
            return _unknown(list(each.unknown), f"{each.commit[:7]}, {COMES_ALONG}")
    if brought.has_more or any(each.is_cut for each in brought.kept):
        return f"too many people pushed or wrote what comes along to know all of them: {OTHERWISE}"
    return None


def _unknown(names: list[str], what: str) -> str:
    """A newer commit would bring this one along, so it is no way out."""
    fix = "add the commit's e-mail address to the account for later commits, and for this one"
    return f"GitHub knows no account of {join_first(names)}, who pushed or wrote {what}: {fix} {OTHERWISE}"


def _is_among(login: str, names: Iterable[str]) -> bool:
    return login.lower() in {name.lower() for name in names}
