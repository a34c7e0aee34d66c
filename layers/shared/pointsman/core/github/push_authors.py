"""Who wrote and committed what a push brought, as GitHub tells it.

Git does not verify names and addresses. GitHub names the account that an address belongs to, if there is one.
https://docs.github.com/en/webhooks/webhook-events-and-payloads#push
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from pointsman.core.github.payload import UNKNOWN_PERSON, Person, account_login
from pointsman.core.github.push_files import COMMITS_LISTED, WEB_FLOW, PushedCommit
from pointsman.core.text import one_line, pluralize

LOGINS_KEPT = 50
NAMES_KEPT = 10
NAME_LENGTH = 100

# GitHub adds these lines when it squashes the commits of several people. Only addresses of GitHub itself have a login.
# https://docs.github.com/en/pull-requests/committing-changes-to-your-project/creating-and-editing-commits/creating-a-commit-with-multiple-authors
_CO_AUTHOR = re.compile(
    r"^co-authored-by:([^<\n]*)<(?:(?:\d+\+)?([^<>@\s]+)@users\.noreply\.)?", re.IGNORECASE | re.MULTILINE
)
# The first line of a merge that GitHub made, and the last part of that of a squash.
# https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/incorporating-changes-from-a-pull-request/about-pull-request-merges
_MERGED = re.compile(r"Merge pull request #(\d{1,10}) from |[^\n]* \(#(\d{1,10})\)(?:\n|\Z)")


class PushAuthors(Struct, frozen=True):
    """The logins of authors, and the names of those whose login is not known."""

    logins: tuple[str, ...]
    unknown: tuple[str, ...]


def authors_of(commits: Sequence[PushedCommit], head: PushedCommit, pusher: str | None) -> PushAuthors:
    """The authors of the commits that a push lists, and of its head. `pusher`: the name of one without a login."""
    logins: dict[str, None] = {}
    unknown: dict[str, None] = {pusher: None} if pusher else {}
    for commit in (head, *commits):
        for person in _people(commit):
            if person.login:
                logins[person.login] = None
            else:
                unknown[person.display_name] = None
        logins |= dict.fromkeys(_co_authors(commit))
    names = [one_line(name, NAME_LENGTH) for name in unknown]
    if len(names) > NAMES_KEPT:
        names = [*names[:NAMES_KEPT], f"{len(names) - NAMES_KEPT} more"]
    if len(logins) > LOGINS_KEPT:
        names.append(pluralize(len(logins) - LOGINS_KEPT, "other account"))
    if len(commits) >= COMMITS_LISTED:
        names.append(f"the authors of more than {COMMITS_LISTED:,} commits")
    return PushAuthors(tuple(logins)[:LOGINS_KEPT], tuple(names))


def co_authors_of(commits: Sequence[PushedCommit], head: PushedCommit) -> tuple[str, ...]:
    """The login of each co-author of the commits that a push lists, or the name if the login is not known."""
    found = dict.fromkeys(
        account_login(login) or one_line(name.strip(), NAME_LENGTH)
        for commit in (head, *commits)
        for name, login in _CO_AUTHOR.findall(commit.text)
    )
    names = [name for name in found if name]
    return (*names[:LOGINS_KEPT], *([f"{len(names) - LOGINS_KEPT} more"] if len(names) > LOGINS_KEPT else []))


def merged_pull_request(head: PushedCommit) -> int | None:
    """The number of the pull request that somebody merged with GitHub's button, as the message of the commit has it."""
    if not head.committer or head.committer.username != WEB_FLOW:
        return None
    match = _MERGED.match(head.text)
    return int(match[1] or match[2]) if match else None


def _people(commit: PushedCommit) -> Iterator[Person]:
    """The author and the committer, unless that is GitHub itself: then it was made on its web page."""
    yield commit.author or Person(name=UNKNOWN_PERSON)
    if commit.committer and commit.committer.username != WEB_FLOW:
        yield commit.committer


def _co_authors(commit: PushedCommit) -> Iterable[str]:
    found = (account_login(match[2]) for match in _CO_AUTHOR.finditer(commit.text))
    return (login for login in found if login)
