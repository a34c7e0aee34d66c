"""`pointsman routes explain`: what would run for a change, and why. It needs no cloud."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pointsmanctl.options import OutputOption, PagerOption, full_name, not_empty, utf8_text, utf8_texts
from pointsmanctl.output.formats import Format, print_objects
from pointsmanctl.output.messages import note, warn

if TYPE_CHECKING:
    from pointsman.core.routes.compiled import CompiledRoutes
    from pointsman.core.routing.routing_input import NothingToRun, RoutingInput
    from pointsmanctl.explain.what_if import ChangeOptions

_PULL_REQUEST = "Only with --base and --head."


def explain(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="With --files: the changed files.", show_default=False, callback=utf8_texts),
    ] = None,
    files: Annotated[
        bool,
        typer.Option("--files", help="The names that follow are the changed files; none if no file changed."),
    ] = False,
    files_from: Annotated[
        str | None,
        typer.Option(help="Read the changed files from a file, one per line or NUL-separated; - is standard input."),
    ] = None,
    git: Annotated[
        str | None,
        typer.Option(
            help="Take the changed files from git: A..B, A...B or one commit of this repository.",
            callback=not_empty,
        ),
    ] = None,
    payload: Annotated[
        str | None, typer.Option(help="Use a saved delivery of a push or pull_request; - is standard input.")
    ] = None,
    repository: Annotated[str | None, typer.Option("--repo", help="owner/name.", callback=full_name)] = None,
    branch: Annotated[str | None, typer.Option(help="Pushed branch.", callback=not_empty)] = None,
    tag: Annotated[str | None, typer.Option(help="Pushed tag.", callback=not_empty)] = None,
    base: Annotated[str | None, typer.Option(help="Target branch of a pull request.", callback=not_empty)] = None,
    head: Annotated[str | None, typer.Option(help="Source branch of a pull request.", callback=not_empty)] = None,
    action: Annotated[str | None, typer.Option(help=_PULL_REQUEST, callback=not_empty, show_default="opened")] = None,
    fork: Annotated[str | None, typer.Option(help=f"owner/name. {_PULL_REQUEST}", callback=full_name)] = None,
    actor: Annotated[str | None, typer.Option(help="Login of the person.", callback=not_empty)] = None,
    actor_id: Annotated[int | None, typer.Option(help="GitHub's user id of the person.")] = None,
    message: Annotated[
        str | None,
        typer.Option(help="Message of the newest commit, or title of the pull request.", callback=utf8_text),
    ] = None,
    file: Annotated[Path, typer.Option("--routes", help="The routes file.")] = Path("routes.yaml"),
    output: OutputOption = Format.TABLE,
    pager: PagerOption = True,
) -> None:
    """Show what each route decides about a change, why, and by which pattern and file."""
    from pointsmanctl.explain.saved_delivery import read_saved
    from pointsmanctl.explain.what_if import ChangeOptions
    from pointsmanctl.routes_file.load import load_compiled

    options = ChangeOptions(
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
    routes = load_compiled(file)
    if payload is not None:
        _refuse_with_payload(options, {"--files": files or names, "--files-from": files_from, "--git": git})
        routing_input = read_saved(payload)
    else:
        routing_input = _what_if(options, routes, names or [], files, files_from, git)
    _print(routing_input, routes, output, pager=pager)


def _what_if(
    options: "ChangeOptions",
    routes: "CompiledRoutes",
    names: list[str],
    files: bool,
    files_from: str | None,
    git: str | None,
) -> "RoutingInput":
    """Return the change that the options describe. Raises BadParameter when options are missing or conflict."""
    from pointsmanctl.explain.changed_names import names_in, read_range
    from pointsmanctl.explain.saved_delivery import read_source
    from pointsmanctl.explain.what_if import what_if

    if names and not files:
        raise typer.BadParameter(f"unexpected argument {names[0]!r}: write --files before the names of files")
    sources = {"--files": files or None, "--files-from": files_from, "--git": git}
    if sum(value is not None for value in sources.values()) != 1:
        raise typer.BadParameter(f"say which files changed: give one of {', '.join(sources)} or --payload")
    commits = read_range(git, Path.cwd()) if git else None
    changed = tuple(names) if files else names_in(read_source(files_from)) if files_from is not None else ()
    return what_if(options, routes, commits, commits.names if commits else changed)


def _refuse_with_payload(options: "ChangeOptions", others: dict[str, object]) -> None:
    conflicting = [name for name, value in (others | options.by_name()).items() if value]
    if conflicting:
        raise typer.BadParameter("not allowed with --payload: the payload already has it", param_hint=conflicting[0])


def _print(
    routing_input: "RoutingInput | NothingToRun", routes: "CompiledRoutes", output: Format, *, pager: bool
) -> None:
    from pointsman.core.routing.routing_input import NothingToRun

    repository = (
        routing_input.repository if isinstance(routing_input, NothingToRun) else routing_input.change.repository
    )
    if not routes.of_repository(repository):
        names = ", ".join(dict.fromkeys(text for route in routes.routes for text in route.repository))
        _print_none(f"no route is for the repository {repository}; the routes are for {names}", output)
    elif isinstance(routing_input, NothingToRun):
        _print_none(routing_input.reason, output)
    else:
        _print_decisions(routing_input, routes, output, pager=pager)


def _print_none(reason: str, output: Format) -> None:
    """Print an empty list of decisions, and the reason."""
    from pointsmanctl.output.shapes import DECISION_COLUMNS

    if output is not Format.TABLE:
        print_objects([], output, DECISION_COLUMNS)
    warn(reason)


def _print_decisions(routing_input: "RoutingInput", routes: "CompiledRoutes", output: Format, *, pager: bool) -> None:
    from datetime import UTC, datetime

    from rich.console import Group
    from rich.text import Text

    from pointsman.core.routing.decide import decide
    from pointsmanctl.explain.plan import plan_lines, plan_object
    from pointsmanctl.explain.would_run import command_lines, would_run
    from pointsmanctl.output.console import show
    from pointsmanctl.output.decisions_table import decisions_table
    from pointsmanctl.output.shapes import DECISION_COLUMNS, decision_object

    routing, now = decide(routing_input, routes), datetime.now(UTC)
    if routing.needs_changed_files:
        note("On AWS, the receiver would now read the changed files from GitHub, if it has a token.")
    # There is no rollout id: it depends on the commit.
    decisions = [decision_object(decision) | {"rollout": None} for decision in routing.decisions]
    if output is not Format.TABLE:
        specs = {spec.route: spec for spec in routing.specs}
        for each in decisions:
            running = specs.get(each["route"])
            each["would_run"] = would_run(running) if running else []
            each["plan"] = plan_object(running.plan, running.targets, now) if running and running.plan else None
        print_objects(decisions, output, DECISION_COLUMNS)
        return
    note(_summary(routing_input, routes))
    lines = [line for spec in routing.specs for line in command_lines(spec)]
    lines += [
        line for each in routing.specs if each.plan for line in plan_lines(each.route, each.plan, each.targets, now)
    ]
    show(Group(decisions_table(decisions, full=True), Text(routing.reason), *lines), pager=pager)


def _summary(routing_input: "RoutingInput", routes: "CompiledRoutes") -> str:
    change, request = routing_input.change, routing_input.change.pull_request
    source = (
        f"pull request from {request.head} to {request.base}"
        if request
        else f"{routing_input.kind} {routing_input.name}"
    )
    others = len(routes.routes) - len(routes.of_repository(change.repository))
    return f"{change.repository}, {source}" + (f"; {others} of the routes are for other repositories" if others else "")
