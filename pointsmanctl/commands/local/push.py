"""`pointsman local push`: commit and push to the local cloud's repository, as a developer would to GitHub."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pointsmanctl.errors import CommandError, ExitCode
from pointsmanctl.options import OutputOption
from pointsmanctl.output.formats import Format, print_objects
from pointsmanctl.output.messages import note

if TYPE_CHECKING:
    from localcloud.cloud import LocalCloud
    from localcloud.github.local_github import PushResult
    from pointsmanctl.stack.rollouts import LoadedRollout

REPOSITORY = "acme/infra"
APPEARANCE_TIMEOUT = 60.0  # seconds from the receiver's answer until the rollout exists


def push(
    file: Annotated[str, typer.Option(help="Path in the repository, such as roles/app/defaults/main.yml.")],
    content: Annotated[str | None, typer.Option(help="The new content of the file.")] = None,
    source: Annotated[
        Path | None, typer.Option("--from", help="Copy this file instead.", exists=True, dir_okay=False)
    ] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Delete the file instead.")] = False,
    message: Annotated[str | None, typer.Option("--message", "-m", help="The commit message.")] = None,
    branch: Annotated[str, typer.Option(help="Branch to push to. A new branch starts at main.")] = "main",
    author: Annotated[str, typer.Option(help="Name <address>; the part before the @ is the login.")] = (
        "Ada Lovelace <ada@example.com>"
    ),
    repository: Annotated[str, typer.Option("--repo", help="owner/name; a new one is created.")] = REPOSITORY,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Follow the rollouts until they have ended.")] = False,
    exit_status: Annotated[
        bool, typer.Option("--exit-status", help="With --watch: exit with 1 if a rollout has failed.")
    ] = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """Commit one file to the local repository, push it, and show the receiver's answer."""
    if [content is not None, source is not None, delete].count(True) != 1:
        raise typer.BadParameter("give one of --content, --from and --delete")
    from localcloud.cloud import LocalCloud
    from localcloud.errors import LocalCloudError
    from localcloud.github.commits import Author
    from localcloud.github.git_command import GitError

    new = None if delete else source if source is not None else content
    try:
        cloud = LocalCloud.attach()
        cloud.github.repository(repository).create()
        pushed = cloud.github.push(
            {file: new},
            message or f"Change {file}",
            author=Author.parse(author),
            branch=branch,
            repository=repository,
        )
    except (LocalCloudError, GitError) as error:
        raise CommandError(str(error)) from error
    decisions = _show_answer(cloud, pushed, branch, output)
    if not 200 <= pushed.delivery.response.status < 300:
        raise typer.Exit(ExitCode.FAILED)
    rollouts = [decision["rollout"] for decision in decisions if decision["rollout"]]
    if watch and rollouts and any(each.failed for each in _watch(cloud, rollouts, output)) and exit_status:
        raise typer.Exit(ExitCode.FAILED)


def _show_answer(cloud: "LocalCloud", pushed: "PushResult", branch: str, output: Format) -> list[dict[str, Any]]:
    """Show the receiver's answer. Returns its decisions."""
    from rich.text import Text

    from pointsmanctl.output.console import show
    from pointsmanctl.output.decisions_table import decisions_table
    from pointsmanctl.output.shapes import DECISION_COLUMNS

    response = pushed.delivery.response
    answer = response.json() if response.body else {}
    decisions: list[dict[str, Any]] = answer.get("decisions") or []
    if output is not Format.TABLE:
        print_objects(decisions, output, DECISION_COLUMNS)
        return decisions
    show(Text(f"{pushed.update.after[:7]} on {branch}: delivery {pushed.delivery.id} → HTTP {response.status}"))
    show(decisions_table(decisions) if decisions else Text(response.body))
    note(f"Slack: {cloud.record.slack_url}")
    return decisions


def _watch(cloud: "LocalCloud", rollouts: list[str], output: Format) -> "list[LoadedRollout]":
    import time

    from pointsmanctl.errors import NotFound
    from pointsmanctl.output.watch import quiet_view, view
    from pointsmanctl.stack.connection import Connection
    from pointsmanctl.stack.follow import follow
    from pointsmanctl.stack.rollouts import RolloutReader

    reader = RolloutReader(Connection(cloud.session(), cloud.endpoint, cloud.record.outputs))
    deadline = time.monotonic() + APPEARANCE_TIMEOUT
    while len(loaded := reader.load_each(rollouts)) < len(rollouts):
        if time.monotonic() > deadline:
            missing = sorted(set(rollouts) - {each.rollout.id for each in loaded})
            raise NotFound(f"rollout {', '.join(missing)} did not appear: see {cloud.layout.server_log}")
        time.sleep(0.5)
    with view(detailed=len(rollouts) == 1) if output is Format.TABLE else quiet_view() as update:
        return follow(lambda: reader.load_each(rollouts), update, 1)
