"""A change that never happened: what the routes are asked about when somebody wants to know what they would say."""

import re
from dataclasses import dataclass, replace

import typer

from pointsman.core.model import Change, PullRequest
from pointsman.core.routes.model import Routes
from pointsman.core.routing.routing_input import ChangedFiles, Comparison, RoutingInput
from pointsmanctl.changed_names import Range

NO_COMMIT = "0" * 40
NOBODY = "somebody"


@dataclass(frozen=True)
class StoredRun:
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

    def options(self) -> dict[str, object]:
        """Each option and what it says."""
        names = {"repository": "--repo", "actor_id": "--actor-id"}
        return {names.get(name, f"--{name}"): value for name, value in vars(self).items()}


def what_if(asked: StoredRun, routes: Routes, known: Range | None, files: tuple[str, ...]) -> RoutingInput:
    """The change as if GitHub had told of it; its files are exactly `files`.

    What the options leave open is taken from git's range, where one was given. Raises BadParameter.
    """
    repository = asked.repository or (known and known.repository) or _only_repository(routes)
    if repository is None:
        raise typer.BadParameter("give the repository: --repo owner/name")
    asked = _with_ref(asked, known)
    _refuse_odd(files)
    message = asked.message if asked.message is not None else known.message if known else ""
    changed = ChangedFiles(tuple(dict.fromkeys(name.removeprefix("./") for name in files)))
    is_pull_request = asked.base is not None
    return RoutingInput(
        event="pull_request" if is_pull_request else "push",
        change=_change(asked, repository, message, changed),
        kind="pull request" if is_pull_request else "tag" if asked.tag else "branch",
        name=asked.base or asked.tag or asked.branch or "",
        message=message,
        files=changed,
        comparison=Comparison(repository, None, NO_COMMIT, "trees", 0),
        action=(asked.action or "opened") if is_pull_request else "",
        fork=asked.fork,
    )


def _with_ref(asked: StoredRun, known: Range | None) -> StoredRun:
    """The same with what is pushed, or asked for, said once."""
    here = known.branch if known else None
    if asked.base and not asked.head and here:
        asked = replace(asked, head=here)
    if not (asked.branch or asked.tag or asked.base) and here:
        asked = replace(asked, branch=here)
    _refuse_whole_refs(asked)
    if [asked.branch, asked.tag, asked.base].count(None) != 2:
        raise typer.BadParameter("give one of --branch, --tag, and --base with --head: what is pushed?")
    if (asked.base is None) != (asked.head is None):
        raise typer.BadParameter("a pull request has both: --base (where it goes) and --head (where it comes from)")
    if asked.base is None and (asked.action or asked.fork):
        raise typer.BadParameter("--action and --fork are of a pull request: give --base and --head")
    return asked


def _refuse_whole_refs(asked: StoredRun) -> None:
    for option, value in asked.options().items():
        if not isinstance(value, str) or option not in ("--branch", "--tag", "--base", "--head"):
            continue
        if value.startswith("refs/tags/"):
            raise typer.BadParameter(f"write --tag {value.removeprefix('refs/tags/')}", param_hint=option)
        if value.startswith("refs/heads/"):
            meant = "--branch" if option == "--tag" else option
            raise typer.BadParameter(f"write {meant} {value.removeprefix('refs/heads/')}", param_hint=option)


def _refuse_odd(files: tuple[str, ...]) -> None:
    """Names that no file of a repository has, since they come from something else."""
    for name in files:
        if name.startswith("/"):
            raise typer.BadParameter(f"{name!r}: a file's name begins at the repository's root, without a slash")
        if {"", ".", ".."} & set(name.removeprefix("./").split("/")):
            raise typer.BadParameter(f"{name!r} is no name of a file in a repository")
        if re.match(r"[ACDMRTUX]\d*\t", name):
            raise typer.BadParameter(f"{name!r} looks like a line of --name-status: give it with --name-only")


def _only_repository(routes: Routes) -> str | None:
    """The one repository that the rules name whole, where there is just one."""
    named = {text for route in routes.routes for text in route.repository if not set(text) & set("*?+[]!")}
    return named.pop() if len(named) == 1 else None


def _change(asked: StoredRun, repository: str, message: str, files: ChangedFiles) -> Change:
    request = PullRequest(number=0, base=asked.base, head=asked.head or "") if asked.base else None
    ref = "refs/pull/0/head" if request else f"refs/tags/{asked.tag}" if asked.tag else f"refs/heads/{asked.branch}"
    return Change(
        repository=repository,
        repository_id=0,
        ref=ref,
        before=NO_COMMIT,
        after=NO_COMMIT,
        pull_request=request,
        actor=asked.actor or NOBODY,
        actor_id=asked.actor_id,
        author=asked.actor or NOBODY,
        title=message.partition("\n")[0],
        url="https://github.com/",
        compare_url="https://github.com/",
        **files.kept,
    )
