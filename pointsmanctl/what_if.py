"""A subject that never happened: what the routes are asked about when somebody wants to know what they would say."""

from dataclasses import dataclass

from pointsman.core.model import Change, PullRequest
from pointsman.core.push import kept_files
from pointsman.core.subject import ChangedFiles, Comparison, Subject

NOBODY = "0" * 40


@dataclass(frozen=True)
class WhatIf:
    """A push to `branch` or of `tag`; or, with `head`, a pull request from there to `branch`."""

    repository: str
    files: tuple[str, ...]
    branch: str = ""
    tag: str | None = None
    head: str | None = None
    action: str = "opened"
    fork: str | None = None
    actor: str = "somebody"
    actor_id: int | None = None
    message: str = ""

    def subject(self) -> Subject:
        """It, as if GitHub had told of it. Its files are exactly those that are named."""
        files = ChangedFiles(tuple(dict.fromkeys(self.files)))
        return Subject(
            event="pull_request" if self.head else "push",
            change=self._change(files),
            kind="pull request" if self.head else "tag" if self.tag else "branch",
            name=self.tag or self.branch,
            message=self.message,
            files=files,
            comparison=Comparison(self.repository, None, NOBODY, "trees"),
            action=self.action if self.head else "",
            fork=self.fork if self.head else None,
        )

    def _change(self, files: ChangedFiles) -> Change:
        asked = PullRequest(number=0, base=self.branch, head=self.head) if self.head else None
        ref = "refs/pull/0/head" if asked else f"refs/tags/{self.tag}" if self.tag else f"refs/heads/{self.branch}"
        return Change(
            repository=self.repository,
            repository_id=0,
            ref=ref,
            before=NOBODY,
            after=NOBODY,
            pull_request=asked,
            actor=self.actor,
            actor_id=self.actor_id,
            author=self.actor,
            title=self.message.partition("\n")[0],
            url="https://github.com/",
            compare_url="https://github.com/",
            **kept_files(files),
        )
