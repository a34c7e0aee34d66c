"""What a push or a pull request changes."""

from datetime import datetime

from pointsman.core.value import Value


class PullRequest(Value, kw_only=True, frozen=True):
    """The branches of a pull request."""

    number: int
    base: str  # branch it is to be merged into
    head: str  # branch it comes from
    merged_by: str | None = None  # login of who merged it


class Change(Value, kw_only=True, frozen=True):
    """What a push or a pull request changes."""

    repository: str  # "acme/infra"
    repository_id: int
    ref: str  # "refs/heads/main", "refs/tags/v1" or "refs/pull/7/head"
    before: str  # the ref's commit before the push; of a pull request: the newest commit of its base
    after: str
    created: bool = False
    forced: bool = False
    pull_request: PullRequest | None = None
    actor: str  # login of the person who pushed, or who opened or updated the pull request
    actor_id: int | None = None  # GitHub's id of the actor: unlike a login it is never given to somebody else
    author: str  # name of the head commit's author; of a pull request: login of its author
    author_login: str | None = None  # login of GitHub's account of that author; None: unknown, such as another e-mail
    committer: str | None = None  # name of the head commit's committer: "GitHub" for what was made on its web page
    committer_login: str | None = None  # login of GitHub's account of that committer: "web-flow" is GitHub's own
    # Whom lines Co-authored-by of the pushed commits name: logins, or names of those whose login is not known.
    co_authors: tuple[str, ...] = ()
    merges: int | None = None  # number of the pull request that `actor` merged with GitHub's button, as the commit says
    authors: tuple[str, ...] | None = None  # logins of who wrote or committed what the push brought; None: not recorded
    unknown_authors: tuple[str, ...] = ()  # names of those whose login is not known, and of such a pusher
    earlier_actors: tuple[str, ...] = ()  # logins of others who pushed the same commit before
    title: str  # first line of the head commit's message, or the pull request's title
    url: str  # page of the head commit or of the pull request
    compare_url: str
    files: tuple[str, ...] = ()  # the first ones only: ChangedFiles.kept
    files_total: int | None = None  # None: the list of changed files is incomplete

    @property
    def author_logins(self) -> tuple[str, ...]:
        """The logins of those who wrote, committed or co-authored it, as far as they are known. Not GitHub itself."""
        author = (self.author_login,) if self.author_login else ()
        return tuple(dict.fromkeys((*author, *(self.authors or ()))))


class Push(Value, kw_only=True, frozen=True):
    """A push to a commit. A redelivery is the same push; a later push has another time."""

    before: str  # the ref's commit before it
    pushed_at: datetime | None = None
