"""Who may approve: the logins behind `approval.by`, and which of them have an IAM principal."""

from collections.abc import Iterable, Iterator

from pointsman.core.routes.model import Routes

TEAM = "team:"


def team_of(approver: str) -> str | None:
    """The name of the team, or None if this is a login."""
    return approver.removeprefix(TEAM) if approver.startswith(TEAM) else None


def resolve(approvers: Iterable[str], routes: Routes) -> tuple[str, ...]:
    """The logins of approvers and their teams, each once, sorted, spelled as in `people`. Unknown teams have none."""
    spelled = {login.lower(): login for login in routes.people}
    logins: dict[str, str] = {}
    for login in _members(approvers, routes):
        logins.setdefault(login.lower(), spelled.get(login.lower(), login))
    return tuple(logins[key] for key in sorted(logins))


def _members(approvers: Iterable[str], routes: Routes) -> Iterator[str]:
    for approver in approvers:
        team = team_of(approver)
        yield from (approver,) if team is None else routes.teams.get(team, ())
