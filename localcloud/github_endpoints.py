"""The answers of GitHub's REST API about one repository: a comparison, a commit, a tree.

Source: https://docs.github.com/en/rest/commits/commits, https://docs.github.com/en/rest/git/trees
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Final
from urllib.parse import quote, urlencode

from localcloud.git_commits import read_headers
from localcloud.github_app import DOCS, Refused
from localcloud.github_objects import Difference, Objects
from localcloud.github_shapes import Shapes
from localcloud.web import Response

_MOST_FILES_COMPARED: Final = 300
_MOST_COMMITS_COMPARED: Final = 250
_FILES_A_PAGE: Final = 300
_MOST_FILES_OF_A_COMMIT: Final = 3000
_A_PAGE: Final = 30
_MOST_A_PAGE: Final = 100
_COMPARE: Final = f"{DOCS}/commits/commits#compare-two-commits"
_COMMIT: Final = f"{DOCS}/commits/commits#get-a-commit"
_TREE: Final = f"{DOCS}/git/trees#get-a-tree"


@dataclass(frozen=True)
class StoredRun:
    """A request about a repository that the token may read."""

    objects: Objects
    shapes: Shapes
    identity: int
    path: str
    """`compare/main...f/x`, below the repository's own."""
    query: dict[str, str]
    tree_limit: int

    @property
    def about(self) -> str:
        """What follows the endpoint's name in the path."""
        return self.path.partition("trees/" if self.path.startswith("git/") else "/")[2]

    @property
    def paged(self) -> bool:
        """Whether the request says which page it wants, or how long one is."""
        return bool(self.query.keys() & {"page", "per_page"})

    def paging(self, default: int) -> tuple[int, int]:
        """(page, how many on it). `default`: how many where `per_page` does not say it."""
        size = min(_number(self.query, "per_page", default), _MOST_A_PAGE) if "per_page" in self.query else default
        return _number(self.query, "page", 1), size


def compare(asked: StoredRun) -> Response:
    """`/compare/BASE...HEAD`: what HEAD has since it left BASE."""
    objects, shapes = asked.objects, asked.shapes
    base_name, dots, head_name = asked.about.partition("...")
    # `owner:branch` is answered where the owner is the repository's own.
    base, head = (objects.resolve(name.removeprefix(f"{shapes.owner}:")) for name in (base_name, head_name))
    if not (dots and base and head):
        raise Refused(404, "Not Found", _COMPARE)
    fork = objects.merge_base(base, head)
    if fork is None:
        raise Refused(404, f"No common ancestor between {base_name} and {head_name}.", _COMPARE)
    shas = objects.between(base, head)
    page, size = asked.paging(_A_PAGE if asked.paged else _MOST_COMMITS_COMPARED)
    # Without paging the newest are told, with it they come from the oldest on.
    start = (page - 1) * size if asked.paged else max(0, len(shas) - size)
    answer = {
        **_compared(asked, base, head, fork),
        "commits": [shapes.commit(each) for each in read_headers(objects.bare, shas[start : start + size])],
    }
    if page == 1:
        files = objects.difference(fork, head)[:_MOST_FILES_COMPARED]
        answer["files"] = [shapes.file(each, head) for each in files]
    return Response.json(answer, headers=_link(asked, ceil(len(shas) / size)) if asked.paged else {})


def _compared(asked: StoredRun, base: str, head: str, fork: str) -> dict[str, Any]:
    """A comparison without its commits and files."""
    shapes, bare = asked.shapes, asked.objects.bare
    ahead, behind = asked.objects.counts(base, head)
    web = f"{shapes.web}/compare"
    return {
        "url": f"{shapes.url}/compare/{asked.about}",
        "html_url": f"{web}/{asked.about}",
        "permalink_url": f"{web}/{shapes.owner}:{base}...{shapes.owner}:{head}",
        "diff_url": f"{web}/{asked.about}.diff",
        "patch_url": f"{web}/{asked.about}.patch",
        "base_commit": shapes.commit(read_headers(bare, [base])[0]),
        "merge_base_commit": shapes.commit(read_headers(bare, [fork])[0]),
        "status": _status(ahead, behind),
        "ahead_by": ahead,
        "behind_by": behind,
        "total_commits": ahead,
    }


def commit(asked: StoredRun) -> Response:
    """`/commits/REF`: a commit with its files, against its first parent."""
    objects, shapes = asked.objects, asked.shapes
    sha = objects.resolve(asked.about)
    if sha is None:
        raise _absent(asked, 422, f"No commit found for SHA: {asked.about}", _COMMIT)
    [told] = read_headers(objects.bare, [sha])
    every = objects.difference(told.parents[0] if told.parents else None, sha)
    files = every[:_MOST_FILES_OF_A_COMMIT]
    page, size = asked.paging(_FILES_A_PAGE)
    answer = {
        **shapes.commit(told),
        "stats": _stats(every),
        "files": [shapes.file(each, sha) for each in files[(page - 1) * size : page * size]],
    }
    return Response.json(answer, headers=_link(asked, ceil(len(files) / size)))


def tree(asked: StoredRun) -> Response:
    """`/git/trees/TREE`: the entries of a tree, of a commit's or of a branch's."""
    objects, shapes = asked.objects, asked.shapes
    found = objects.resolve(asked.about, "tree")
    if found is None:
        raise _absent(asked, 404, "Not Found", _TREE)
    # Any value asks for it, even 0.
    entries = objects.tree(found, recursive="recursive" in asked.query)
    if not entries:
        # GitHub has no tree without entries: https://github.com/orgs/community/discussions/131150
        raise Refused(404, "Not Found", _TREE)
    sha = objects.resolve(asked.about) or found
    answer = {
        "sha": sha,
        "url": f"{shapes.url}/git/trees/{sha}",
        "tree": [shapes.entry(each) for each in entries[: asked.tree_limit]],
        "truncated": len(entries) > asked.tree_limit,
    }
    return Response.json(answer)


def _stats(files: Sequence[Difference]) -> dict[str, int]:
    additions, deletions = sum(each.additions for each in files), sum(each.deletions for each in files)
    return {"total": additions + deletions, "additions": additions, "deletions": deletions}


def _status(ahead: int, behind: int) -> str:
    if ahead and behind:
        return "diverged"
    return "ahead" if ahead else "behind" if behind else "identical"


def _absent(asked: StoredRun, status: int, message: str, documentation: str) -> Refused:
    """What is not there, in a repository or in an empty one."""
    if asked.objects.is_empty():
        return Refused(409, "Git Repository is empty.", documentation)
    return Refused(status, message, documentation)


def _link(asked: StoredRun, pages: int) -> dict[str, str]:
    """The `Link` header: the pages before and after this one."""
    page = _number(asked.query, "page", 1)
    others: Sequence[tuple[str, int]] = (
        ("prev", page - 1 if page > 1 else 0),
        ("next", page + 1 if page < pages else 0),
        ("last", pages if page < pages else 0),
        ("first", 1 if page > 1 else 0),
    )
    url = f"{asked.shapes.api}/repositories/{asked.identity}/{quote(asked.path)}"
    told = [f'<{url}?{urlencode({**asked.query, "page": number})}>; rel="{name}"' for name, number in others if number]
    return {"link": ", ".join(told)} if told else {}


def _number(query: dict[str, str], name: str, default: int) -> int:
    """A number of the query; what is none counts for nothing."""
    text = query.get(name, "")
    return int(text) if text.isdecimal() and int(text) > 0 else default
