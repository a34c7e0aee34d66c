"""A change that has not happened: the input of the routes when somebody wants to know what they would decide."""

import re
from dataclasses import dataclass, replace

import typer

from pointsman.core.model import Change, PullRequest
from pointsman.core.routes.compiled import CompiledRoutes
from pointsman.core.routing.routing_input import ChangedFiles, Comparison, RoutingInput
from pointsmanctl.explain.changed_names import CommitRange

NO_COMMIT = "0" * 40
NOBODY = "somebody"


@dataclass(frozen=True)
class ChangeOptions:
    """What the options say of a change; None where they say nothing."""

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

    def by_name(self) -> dict[str, object]:
        """Each option and its value."""
        names = {"repository": "--repo", "actor_id": "--actor-id"}
        return {names.get(name, f"--{name}"): value for name, value in vars(self).items()}


def what_if(
    options: ChangeOptions, routes: CompiledRoutes, known: CommitRange | None, files: tuple[str, ...]
) -> RoutingInput:
    """The change as if GitHub had delivered it; its files are exactly `files`.

    What the options leave open is taken from the git range, if there is one. Raises BadParameter.
    """
    repository = options.repository or (known and known.repository) or _only_repository(routes)
    if repository is None:
        raise typer.BadParameter("give the repository: --repo owner/name")
    options = _with_ref(options, known)
    _refuse_odd(files)
    message = options.message if options.message is not None else known.message if known else ""
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


def _with_ref(options: ChangeOptions, known: CommitRange | None) -> ChangeOptions:
    """The same with the ref completed from the range. Raises BadParameter where it is missing, or given twice."""
    branch = known.branch if known else None
    if options.base and not options.head and branch:
        options = replace(options, head=branch)
    if not (options.branch or options.tag or options.base) and branch:
        options = replace(options, branch=branch)
    _refuse_whole_refs(options)
    if [options.branch, options.tag, options.base].count(None) != 2:
        raise typer.BadParameter("say what is pushed: give one of --branch, --tag, or --base with --head")
    if (options.base is None) != (options.head is None):
        raise typer.BadParameter("a pull request needs both --base (its target branch) and --head (its source branch)")
    if options.base is None and (options.action or options.fork):
        raise typer.BadParameter("--action and --fork are only for pull requests: give --base and --head")
    return options


def _refuse_whole_refs(options: ChangeOptions) -> None:
    for option, value in options.by_name().items():
        if not isinstance(value, str) or option not in ("--branch", "--tag", "--base", "--head"):
            continue
        if value.startswith("refs/tags/"):
            raise typer.BadParameter(f"write --tag {value.removeprefix('refs/tags/')}", param_hint=option)
        if value.startswith("refs/heads/"):
            meant = "--branch" if option == "--tag" else option
            raise typer.BadParameter(f"write {meant} {value.removeprefix('refs/heads/')}", param_hint=option)


def _refuse_odd(files: tuple[str, ...]) -> None:
    """Refuse names that no file in a repository can have. Raises BadParameter."""
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
    """The repository that the routes name in full, if there is exactly one."""
    named = {text for route in routes.routes for text in route.repository if not set(text) & set("*?+[]!")}
    return named.pop() if len(named) == 1 else None


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
        title=message.partition("\n")[0],
        url="https://github.com/",
        compare_url="https://github.com/",
        **files.kept,
    )
