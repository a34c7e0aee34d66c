"""`pointsman push`: commit and push in the local cloud's repository, as a developer would to GitHub."""

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from localcloud.cloud import LocalCloud, LocalCloudError
from localcloud.git import Author, GitError
from localcloud.layout import REPOSITORY
from pointsmanctl.decisions_table import decisions_table
from pointsmanctl.options import fail, out


def push(
    file: Annotated[str, typer.Option(help="Path in the repository, such as ansible/roles/app/defaults/main.yml.")],
    content: Annotated[str | None, typer.Option(help="The file's new content.")] = None,
    source: Annotated[
        Path | None, typer.Option("--from", help="A file to copy instead.", exists=True, dir_okay=False)
    ] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Delete the file instead.")] = False,
    message: Annotated[str | None, typer.Option("--message", "-m", help="The commit's message.")] = None,
    branch: Annotated[str, typer.Option(help="A branch that does not exist starts at main.")] = "main",
    author: Annotated[str, typer.Option(help="Name <address>; the address's first part is the login.")] = (
        "Ada Lovelace <ada@example.com>"
    ),
    repository: Annotated[str, typer.Option("--repo", help="owner/name.")] = REPOSITORY,
) -> None:
    """Commit one file in the local repository, push it, and show what the receiver answered."""
    if [content is not None, source is not None, delete].count(True) != 1:
        raise typer.BadParameter("give one of --content, --from and --delete")
    new = None if delete else source if source is not None else content
    try:
        cloud = LocalCloud.attach()
        pushed = cloud.push(
            {file: new}, message or f"Change {file}", author=Author.parse(author), branch=branch, repository=repository
        )
    except (LocalCloudError, GitError) as error:
        fail(str(error))
    response = pushed.delivery.response
    out.print(f"{pushed.update.after[:7]} on {branch}: delivery {pushed.delivery.id} → HTTP {response.status}")
    answer = response.json() if response.body else {}
    if answer.get("decisions"):
        out.print(decisions_table(answer["decisions"]))
    else:
        out.print(Text(response.body))
    out.print(Text(f"Slack: {cloud.record.slack_url}", style="dim"))
    if not 200 <= response.status < 300:
        raise typer.Exit(1)
