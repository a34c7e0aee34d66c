"""`pointsman routes explain`: what would happen, and why, without any cloud."""

import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from pointsman.core.model import Decision
from pointsman.core.pull_request import read_pull_request
from pointsman.core.push import read_push
from pointsman.core.routes import Routes
from pointsman.core.routing import decide
from pointsman.core.subject import NothingToRun, Subject
from pointsman.errors import Misconfigured, Rejected
from pointsmanctl.changed_names import names_in, read_range
from pointsmanctl.decisions_table import decisions_table
from pointsmanctl.options import err, fail, given, out, print_json
from pointsmanctl.routes_file import read_routes
from pointsmanctl.what_if import WhatIf

STDIN = "-"


def explain(
    names: Annotated[
        list[str] | None, typer.Argument(help="With --files: the changed files.", show_default=False)
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
    repository: Annotated[str | None, typer.Option("--repo", help="owner/name.", callback=given)] = None,
    branch: Annotated[str | None, typer.Option(help="The branch that is pushed.", callback=given)] = None,
    tag: Annotated[str | None, typer.Option(help="The tag that is pushed.", callback=given)] = None,
    base: Annotated[str | None, typer.Option(help="A pull request to this branch ...", callback=given)] = None,
    head: Annotated[str | None, typer.Option(help="... from this one.", callback=given)] = None,
    action: Annotated[str, typer.Option(help="What happened to the pull request.")] = "opened",
    fork: Annotated[str | None, typer.Option(help="The fork that it comes from, owner/name.", callback=given)] = None,
    actor: Annotated[str, typer.Option(help="Login of who does it.")] = "somebody",
    actor_id: Annotated[int | None, typer.Option(help="GitHub's number of who does it.")] = None,
    message: Annotated[
        str | None, typer.Option(help="The newest commit's message, or the pull request's title.")
    ] = None,
    file: Annotated[Path, typer.Option("--routes", help="The rules.")] = Path("routes.yaml"),
    as_json: Annotated[bool, typer.Option("--json", help="A JSON list, for programs.")] = False,
) -> None:
    """Show what each route would decide about a change, why, and by which pattern and file."""
    routes = _rules(file)
    refs = {"--branch": branch, "--tag": tag, "--base": base}
    if payload is not None:
        others = {"--files": files or None, "--files-from": files_from, "--git": git, "--repo": repository, **refs}
        _refuse_beside("--payload", others)
        subject = _saved(payload)
    else:
        told = _WhatIs(names, files, files_from, git)
        what = told.what(routes, repository, refs, head)
        if fork or action != "opened":
            what = replace(what, fork=fork, action=action)
        said = told.message if message is None else message
        subject = replace(what, actor=actor, actor_id=actor_id, message=said).subject()
    _show(subject, routes, as_json=as_json)


class _WhatIs:
    """What the options say of the change."""

    def __init__(self, names: list[str] | None, files: bool, files_from: str | None, git: str | None) -> None:
        ways = {"--files": files or None, "--files-from": files_from, "--git": git}
        chosen = [way for way, value in ways.items() if value is not None]
        if len(chosen) != 1:
            raise typer.BadParameter(f"give one of {', '.join(ways)} and --payload: which files have changed?")
        if names and not files:
            raise typer.BadParameter(f"{names[0]!r} is what? Names of files follow --files")
        self._range = read_range(git, Path.cwd()) if git else None
        self._files = self._range.names if self._range else tuple(names or ())
        if files_from is not None:
            self._files = names_in(_read(files_from))

    @property
    def message(self) -> str:
        """The newest commit's, where git was asked."""
        return self._range.message if self._range else ""

    def what(self, routes: Routes, repository: str | None, refs: dict[str, str | None], head: str | None) -> WhatIf:
        """The repository, the ref and the files. Raises BadParameter when one of them is not said."""
        repository = repository or (self._range and self._range.repository) or _only_repository(routes)
        if repository is None or not re.fullmatch(r"[\w.-]+/[\w.-]+", repository, re.ASCII):
            raise typer.BadParameter("give the repository: --repo owner/name")
        given_refs = [name for name, value in refs.items() if value]
        if not given_refs and self._range and self._range.branch:
            refs, given_refs = refs | {"--branch": self._range.branch}, ["--branch"]
        if len(given_refs) != 1:
            raise typer.BadParameter("give one of --branch, --tag, and --base with --head: what is pushed?")
        if bool(refs["--base"]) != bool(head):
            raise typer.BadParameter("a pull request has both: --base (where it goes) and --head (where it comes from)")
        branch = refs["--branch"] or refs["--base"] or ""
        return WhatIf(repository=repository, files=self._files, branch=branch, tag=refs["--tag"], head=head)


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


def _only_repository(routes: Routes) -> str | None:
    named = {text for route in routes.routes for text in route.repository}
    return named.pop() if len(named) == 1 else None


def _refuse_beside(option: str, others: dict[str, Any]) -> None:
    if beside := [name for name, value in others.items() if value is not None]:
        raise typer.BadParameter(f"can't stand beside {option}, which says that itself", param_hint=beside[0])


def _read(source: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if source == STDIN else Path(source).read_bytes()
    except OSError as error:
        fail(f"{source}: {error.strerror}")


def _saved(source: str) -> Subject:
    """A delivery's payload. One that starts nothing ends the command, saying why."""
    try:
        content = json.loads(_read(source))
        read = read_pull_request(content) if "pull_request" in content else read_push(content)
    except (ValueError, TypeError, RecursionError) as error:
        raise Misconfigured(f"{source} is no payload of GitHub's: it is not a JSON object") from error
    except Rejected as rejected:
        raise Misconfigured(f"{source} is no payload of a push or pull request: {rejected.reason}") from rejected
    if isinstance(read, NothingToRun):
        err.print(Text(f"{read.repository}: {read.reason}"))
        raise typer.Exit
    return read


def _show(subject: Subject, routes: Routes, *, as_json: bool) -> None:
    routing = decide(subject, routes)
    if routing.wants_files:
        err.print(Text("The deployed receiver asks GitHub for the changed files here, if it has a token.", style="dim"))
    if as_json:
        print_json([_as_json(decision) for decision in routing.decisions])
        return
    if not routing.decisions:
        names = ", ".join(dict.fromkeys(text for route in routes.routes for text in route.repository))
        out.print(Text(f"no route is for the repository {subject.change.repository}: there are routes for {names}"))
        return
    out.print(decisions_table([_as_json(decision) for decision in routing.decisions], full=True))
    out.print(Text(routing.reason))


def _as_json(decision: Decision) -> dict[str, Any]:
    told = decision.model_dump(mode="json", exclude={"rollout"})
    return {"route": told.pop("route"), "decision": told.pop("outcome"), **told}
