"""`not_author`: nobody approves what they have pushed, written or requested themselves.

Whoever is unknown may be the one who approves, so it is refused then.
"""

from collections.abc import Callable

from pointsman.core.change import Change
from pointsman.core.model import Rollout
from pointsman.core.text import join_first

type LoginOf = Callable[[str], str | None]  # of an IAM principal

OTHERWISE = "or set `not_author: false`, deploy, and run the route again"
BOT = "[bot]"  # how GitHub ends the login of an app: https://docs.github.com/en/rest/users/users


def reason_against_author(login: str, rollout: Rollout, login_of: LoginOf) -> str | None:
    """Why `login` does not count as somebody else than who pushed, wrote or requested a rollout."""
    change, request = rollout.change, rollout.request
    requester = login_of(request.actor) if request else None
    known = [*logins_of(change), *([requester] if requester else [])]
    if login.lower() in {name.lower() for name in known}:
        return f"{login} pushed, wrote or requested it, and somebody else has to approve it"
    if request and requester is None:
        return f"routes.yaml has no login for {request.actor}, who ran it: add it to `people` and deploy, {OTHERWISE}"
    if not change.author:
        return "nobody knows the author of the commit, since no push brought it: push it"
    if unknown := unknown_of(change):
        names = join_first(unknown)
        fix = "add the commit's e-mail address to the account and push a new commit"
        return f"GitHub knows no account of {names}, who pushed or wrote it: {fix}, {OTHERWISE}"
    if all(name.endswith(BOT) for name in known):
        names = join_first(known)
        fix = "let a person push or merge a new commit"
        return f"only {names} pushed and wrote it, and nobody knows who is behind that: {fix}, {OTHERWISE}"
    return None


def logins_of(change: Change) -> list[str]:
    """The logins of everybody who pushed or wrote a commit, each once."""
    author = (change.author_login,) if change.author_login else ()
    return list(dict.fromkeys((change.actor, *change.earlier_actors, *author, *(change.authors or ()))))


def unknown_of(change: Change) -> list[str]:
    """The names of those who pushed or wrote a commit, and whose login is not known."""
    is_unknown = change.authors is None and change.author_login is None
    return [*((change.author,) if is_unknown else ()), *change.unknown_authors]
