"""Builds the routing input of a change that has not happened, from options and a commit range."""

import re
from dataclasses import dataclass, replace
from typing import Any

import typer

from pointsman.core.change import Change, PullRequest
from pointsman.core.routes.compiled import CompiledRoutes
from pointsman.core.routing.routing_input import ChangedFiles, Comparison, RoutingInput
from pointsmanctl.explain.changed_names import CommitRange

NO_COMMIT = "0" * 40
NOBODY = "somebody"


@dataclass(frozen=True)
class ChangeOptions:
    """The options that describe a change; None where an option is not set."""

    repository: str | None = None
    branch: str | None = None
    tag: str | None = None
    base: str | None = None
    head: str | None = None
    action: str | None = None
    fork: str | None = None
    actor: str | None = None
    actor_id: int | None = None
    message: str | None = None

    def by_name(self) -> dict[str, Any]:
        """Return the value of each option by its name."""
        names = {"repository": "--repo", "actor_id": "--actor-id"}
        return {names.get(name, f"--{name}"): value for name, value in vars(self).items()}


def what_if(
    options: ChangeOptions, routes: CompiledRoutes, commits: CommitRange | None, files: tuple[str, ...]
) -> RoutingInput:
    """Return the change as if GitHub had delivered it; its files are exactly `files`.

    Options that are not set are taken from the commit range, if there is one. Raises BadParameter.
    """
    repository = options.repository or (commits and commits.repository) or _only_repository(routes)
    if repository is None:
        raise typer.BadParameter("the repository is missing: give --repo owner/name")
    options = _with_ref(options, commits)
    _refuse_invalid_names(files)
    message = options.message if options.message is not None else commits.message if commits else ""
    changed = ChangedFiles(tuple(dict.fromkeys(name.removeprefix("./") for name in files)))
    is_pull_request = options.base is not None
    return RoutingInput(
        event="pull_request" if is_pull_request else "push",
        change=_change(options, repository, message, changed),
        kind="pull request" if is_pull_request else "tag" if options.tag else "branch",
        name=options.base or options.tag or options.branch or "",
        message=message,
        files=changed,
        comparison=Comparison(repository, None, NO_COMMIT, "trees", 0),
        action=(options.action or "opened") if is_pull_request else "",
        fork=options.fork,
    )


def _with_ref(options: ChangeOptions, commits: CommitRange | None) -> ChangeOptions:
    """Return the options with the ref of the range. Raises BadParameter if it is missing or ambiguous."""
    branch = commits.branch if commits else None
    if options.base and not options.head and branch:
        options = replace(options, head=branch)
    if not (options.branch or options.tag or options.base) and branch:
        options = replace(options, branch=branch)
    _refuse_full_refs(options)
    if [options.branch, options.tag, options.base].count(None) != 2:
        raise typer.BadParameter("the ref is missing or ambiguous: give one of --branch, --tag, or --base with --head")
    if (options.base is None) != (options.head is None):
        raise typer.BadParameter("a pull request needs both --base (its target branch) and --head (its source branch)")
    if options.base is None and (options.action or options.fork):
        raise typer.BadParameter("--action and --fork are only for pull requests: give --base and --head")
    return options


def _refuse_full_refs(options: ChangeOptions) -> None:
    for option, value in options.by_name().items():
        if not isinstance(value, str) or option not in ("--branch", "--tag", "--base", "--head"):
            continue
        if value.startswith("refs/tags/"):
            raise typer.BadParameter(f"write --tag {value.removeprefix('refs/tags/')}", param_hint=option)
        if value.startswith("refs/heads/"):
            correct = "--branch" if option == "--tag" else option
            raise typer.BadParameter(f"write {correct} {value.removeprefix('refs/heads/')}", param_hint=option)


def _refuse_invalid_names(files: tuple[str, ...]) -> None:
    """Refuse names that a file in a repository cannot have. Raises BadParameter."""
    for name in files:
        if name.startswith("/"):
            raise typer.BadParameter(
                f"{name!r}: give file names relative to the root of the repository, without a slash at the start"
            )
        if {"", ".", ".."} & set(name.removeprefix("./").split("/")):
            raise typer.BadParameter(f"{name!r} is not the name of a file in a repository")
        if re.match(r"[ACDMRTUX]\d*\t", name):
            raise typer.BadParameter(f"{name!r} looks like a line of `git diff --name-status`: use --name-only")


def _only_repository(routes: CompiledRoutes) -> str | None:
    """Return the repository that the routes name without wildcards, if there is exactly one."""
    names = {text for route in routes.routes for text in route.repository if not set(text) & set("*?+[]!")}
    return names.pop() if len(names) == 1 else None


def _change(options: ChangeOptions, repository: str, message: str, files: ChangedFiles) -> Change:
    request = PullRequest(number=0, base=options.base, head=options.head or "") if options.base else None
    ref = (
        "refs/pull/0/head" if request else f"refs/tags/{options.tag}" if options.tag else f"refs/heads/{options.branch}"
    )
    return Change(
        repository=repository,
        repository_id=0,
        ref=ref,
        before=NO_COMMIT,
        after=NO_COMMIT,
        pull_request=request,
        actor=options.actor or NOBODY,
        actor_id=options.actor_id,
        author=options.actor or NOBODY,
        author_login=options.actor,
        title=message.partition("\n")[0],
        url="https://github.com/",
        compare_url="https://github.com/",
        **files.kept,
    )
