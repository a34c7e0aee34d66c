"""`pointsman routes explain`: what would happen, and why, without any cloud."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from pointsman.core.routes.model import Routes
from pointsman.core.routing.decide import decide
from pointsman.core.routing.routing_input import NothingToRun, RoutingInput
from pointsmanctl.changed_names import names_in, read_range
from pointsmanctl.decisions_table import decisions_table, shown
from pointsmanctl.options import JsonOption, all_readable, err, fail, full_name, given, out, print_json, readable
from pointsmanctl.routes_file import read_routes
from pointsmanctl.saved_delivery import read_saved, read_source
from pointsmanctl.what_if import StoredRun, what_if
from pointsmanctl.would_run import told, would_run

_PULL_REQUEST = "Only with --base and --head."


def explain(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="With --files: the changed files.", show_default=False, callback=all_readable),
    ] = None,
    files: Annotated[
        bool, typer.Option("--files", help="The names that follow have changed; none: nothing has.")
    ] = False,
    files_from: Annotated[
        str | None, typer.Option(help="A file with the names, one a line or NUL-separated; - is standard input.")
    ] = None,
    git: Annotated[
        str | None, typer.Option(help="Commits of the repository here: A..B, A...B or one.", callback=given)
    ] = None,
    payload: Annotated[
        str | None, typer.Option(help="A saved delivery, push or pull_request; - is standard input.")
    ] = None,
    repository: Annotated[str | None, typer.Option("--repo", help="owner/name.", callback=full_name)] = None,
    branch: Annotated[str | None, typer.Option(help="The branch that is pushed.", callback=given)] = None,
    tag: Annotated[str | None, typer.Option(help="The tag that is pushed.", callback=given)] = None,
    base: Annotated[str | None, typer.Option(help="A pull request to this branch ...", callback=given)] = None,
    head: Annotated[str | None, typer.Option(help="... from this one.", callback=given)] = None,
    action: Annotated[str | None, typer.Option(help=_PULL_REQUEST, callback=given, show_default="opened")] = None,
    fork: Annotated[str | None, typer.Option(help=f"owner/name. {_PULL_REQUEST}", callback=full_name)] = None,
    actor: Annotated[str | None, typer.Option(help="Login of who does it.", callback=given)] = None,
    actor_id: Annotated[int | None, typer.Option(help="GitHub's number of who does it.")] = None,
    message: Annotated[
        str | None,
        typer.Option(help="The newest commit's message, or the pull request's title.", callback=readable),
    ] = None,
    file: Annotated[Path, typer.Option("--routes", help="The rules.")] = Path("routes.yaml"),
    as_json: JsonOption = False,
) -> None:
    """Show what each route would decide about a change, why, and by which pattern and file."""
    asked = StoredRun(
        repository=repository,
        branch=branch,
        tag=tag,
        base=base,
        head=head,
        action=action,
        fork=fork,
        actor=actor,
        actor_id=actor_id,
        message=message,
    )
    routes = _rules(file)
    if payload is not None:
        _refuse_beside(asked, {"--files": files or names, "--files-from": files_from, "--git": git})
        subject = read_saved(payload)
    else:
        subject = _what_if(asked, routes, names or [], files, files_from, git)
    _show(subject, routes, as_json=as_json)


def _what_if(
    asked: StoredRun, routes: Routes, names: list[str], files: bool, files_from: str | None, git: str | None
) -> RoutingInput:
    """What the options say would happen. Raises BadParameter where they say too little or too much."""
    if names and not files:
        raise typer.BadParameter(f"{names[0]!r} is what? Write --files before the names of files")
    ways = {"--files": files or None, "--files-from": files_from, "--git": git}
    if sum(value is not None for value in ways.values()) != 1:
        raise typer.BadParameter(f"give one of {', '.join(ways)} and --payload: which files have changed?")
    known = read_range(git, Path.cwd()) if git else None
    changed = tuple(names) if files else names_in(read_source(files_from)) if files_from is not None else ()
    return what_if(asked, routes, known, known.names if known else changed)


def _rules(file: Path) -> Routes:
    try:
        routes, faults = read_routes(file)
    except OSError as error:
        fail(f"{file}: {error.strerror}")
    for fault in faults:
        typer.echo(fault, err=True)
    if routes is None:
        raise typer.Exit(1)
    return routes


def _refuse_beside(asked: StoredRun, others: dict[str, object]) -> None:
    beside = [option for option, value in (others | asked.options()).items() if value]
    if beside:
        raise typer.BadParameter("can't stand beside --payload, which says all of that itself", param_hint=beside[0])


def _show(subject: RoutingInput | NothingToRun, routes: Routes, *, as_json: bool) -> None:
    repository = subject.repository if isinstance(subject, NothingToRun) else subject.change.repository
    if not routes.of_repository(repository):
        names = ", ".join(dict.fromkeys(text for route in routes.routes for text in route.repository))
        _tell(f"no route is for the repository {repository}: there are routes for {names}", as_json=as_json)
    elif isinstance(subject, NothingToRun):
        _tell(subject.reason, as_json=as_json)
    else:
        _decide(subject, routes, as_json=as_json)


def _tell(reason: str, *, as_json: bool) -> None:
    """There are no decisions, and why."""
    if as_json:
        print_json([])
    err.print(Text(reason))


def _decide(subject: RoutingInput, routes: Routes, *, as_json: bool) -> None:
    routing = decide(subject, routes)
    if routing.needs_changed_files:
        err.print(Text("The deployed receiver asks GitHub for the changed files here, if it has a token.", style="dim"))
    decisions = [shown(decision) for decision in routing.decisions]
    specs = {spec.route: spec for spec in routing.specs}
    if as_json:
        for each in decisions:
            each["would_run"] = would_run(specs[each["route"]]) if each["route"] in specs else []
        print_json(decisions)
        return
    err.print(Text(_asked_about(subject, routes), style="dim"))
    out.print(decisions_table(decisions, full=True))
    out.print(Text(routing.reason))
    for spec in routing.specs:
        out.print(*told(spec), sep="\n")


def _asked_about(subject: RoutingInput, routes: Routes) -> str:
    change, request = subject.change, subject.change.pull_request
    what = f"pull request from {request.head} to {request.base}" if request else f"{subject.kind} {subject.name}"
    others = len(routes.routes) - len(routes.of_repository(change.repository))
    return f"{change.repository}, {what}" + (f"; {others} of the routes are for other repositories" if others else "")
