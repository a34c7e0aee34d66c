"""`freeze` and `unfreeze`: nothing starts on a route, on targets, or anywhere."""

from collections.abc import Collection
from datetime import timedelta
from fnmatch import fnmatchcase

from pointsman.core.ports import Transition
from pointsman.core.rollouts.commands.forms import EndFreeze, StartFreeze
from pointsman.core.rollouts.commands.result import Command, CommandResult, about_command, refuse
from pointsman.core.route_state import Freeze, Freezes
from pointsman.core.text import join_first
from pointsman.core.trail.command_events import FreezeEnded, FreezeStarted

EVERYTHING = "*"
MOST_FREEZES = 100  # they are one item of the table


def freeze(
    command: Command[StartFreeze], freezes: Freezes, routes: Collection[str], targets: Collection[str]
) -> CommandResult:
    """Start a freeze, or make one longer or shorter. `routes` and `targets` are the names in routes.yaml."""
    form = command.form
    if reason := _reason_against(form.scope, routes, targets):
        return refuse(command, None, reason)
    if not form.reason:
        return refuse(command, None, "a freeze needs a reason, since others will ask for it: give one")
    kept = {scope: each for scope, each in freezes.scopes.items() if each.until > command.at}
    if len(kept) >= MOST_FREEZES and form.scope not in kept:
        return refuse(command, None, f"there are {MOST_FREEZES} freezes, which is the limit: freeze `*`")
    until = command.at + timedelta(seconds=form.seconds)
    new = Freeze(command=form.id, caller=command.caller, at=command.at, until=until, reason=form.reason)
    event = FreezeStarted(**about_command(command, None), scope=form.scope, until=until)
    return CommandResult(event, Transition(freezes=freezes.replace(scopes=kept | {form.scope: new}), events=(event,)))


def unfreeze(command: Command[EndFreeze], freezes: Freezes) -> CommandResult:
    """End a freeze."""
    live = {scope: each for scope, each in freezes.scopes.items() if each.until > command.at}
    scope = command.form.scope
    if scope not in live:
        others = f": what is frozen is {join_first(list(live))}" if live else ": nothing is frozen by hand"
        return refuse(command, None, f"{scope} is not frozen{others}")
    left = {other: each for other, each in live.items() if other != scope}
    event = FreezeEnded(**about_command(command, None), scope=scope)
    return CommandResult(event, Transition(freezes=freezes.replace(scopes=left), events=(event,)))


def _reason_against(scope: str, routes: Collection[str], targets: Collection[str]) -> str | None:
    """Why there is nothing to freeze in a scope."""
    if scope == EVERYTHING or scope in routes:
        return None
    if "/" in scope:
        is_known = any(fnmatchcase(name, scope) for name in targets)
        return None if is_known else f"no target is named {scope}: there are {join_first(sorted(targets))}"
    return f"no route is named {scope}: there are {join_first(sorted(routes))}, targets such as prod/*, and * for all"
