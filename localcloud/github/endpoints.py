"""Endpoints of the REST API for one repository: comparison, commit and tree.

Source: https://docs.github.com/en/rest/commits/commits, https://docs.github.com/en/rest/git/trees
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Final
from urllib.parse import quote, urlencode

from localcloud.github.app import DOCS, GithubApiError
from localcloud.github.commits import read_headers
from localcloud.github.objects import FileDifference, GitObjects
from localcloud.github.shapes import RepositoryShapes
from localcloud.web import HttpResponse

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
class RepositoryRequest:
    """A request for a repository that the token may read."""

    objects: GitObjects
    shapes: RepositoryShapes
    identity: int
    path: str
    """The path below the repository, such as `compare/main...f/x`."""
    query: dict[str, str]
    tree_limit: int

    @property
    def about(self) -> str:
        """The rest of the path after the endpoint's name."""
        return self.path.partition("trees/" if self.path.startswith("git/") else "/")[2]

    @property
    def paged(self) -> bool:
        """Whether the request has a page number or size."""
        return bool(self.query.keys() & {"page", "per_page"})

    def paging(self, default: int) -> tuple[int, int]:
        """(page number, page size). `default`: the size without `per_page`."""
        size = min(_number(self.query, "per_page", default), _MOST_A_PAGE) if "per_page" in self.query else default
        return _number(self.query, "page", 1), size


def compare(request: RepositoryRequest) -> HttpResponse:
    """`/compare/BASE...HEAD`: the commits and files of HEAD since it diverged from BASE."""
    objects, shapes = request.objects, request.shapes
    base_name, dots, head_name = request.about.partition("...")
    # `owner:branch` works for the repository's own owner.
    base, head = (objects.resolve(name.removeprefix(f"{shapes.owner}:")) for name in (base_name, head_name))
    if not (dots and base and head):
        raise GithubApiError(404, "Not Found", _COMPARE)
    fork = objects.merge_base(base, head)
    if fork is None:
        raise GithubApiError(404, f"No common ancestor between {base_name} and {head_name}.", _COMPARE)
    shas = objects.between(base, head)
    page, size = request.paging(_A_PAGE if request.paged else _MOST_COMMITS_COMPARED)
    # Without paging only the newest are listed; with it, the oldest come first.
    start = (page - 1) * size if request.paged else max(0, len(shas) - size)
    answer = {
        **_comparison(request, base, head, fork),
        "commits": [shapes.commit(each) for each in read_headers(objects.bare, shas[start : start + size])],
    }
    if page == 1:
        files = objects.difference(fork, head)[:_MOST_FILES_COMPARED]
        answer["files"] = [shapes.file(each, head) for each in files]
    return HttpResponse.json(answer, headers=_link(request, ceil(len(shas) / size)) if request.paged else {})


def _comparison(request: RepositoryRequest, base: str, head: str, fork: str) -> dict[str, Any]:
    """A comparison without its commits and files."""
    shapes, bare = request.shapes, request.objects.bare
    ahead, behind = request.objects.counts(base, head)
    web = f"{shapes.web}/compare"
    return {
        "url": f"{shapes.url}/compare/{request.about}",
        "html_url": f"{web}/{request.about}",
        "permalink_url": f"{web}/{shapes.owner}:{base}...{shapes.owner}:{head}",
        "diff_url": f"{web}/{request.about}.diff",
        "patch_url": f"{web}/{request.about}.patch",
        "base_commit": shapes.commit(read_headers(bare, [base])[0]),
        "merge_base_commit": shapes.commit(read_headers(bare, [fork])[0]),
        "status": _status(ahead, behind),
        "ahead_by": ahead,
        "behind_by": behind,
        "total_commits": ahead,
    }


def commit(request: RepositoryRequest) -> HttpResponse:
    """`/commits/REF`: a commit with its files, against its first parent."""
    objects, shapes = request.objects, request.shapes
    sha = objects.resolve(request.about)
    if sha is None:
        raise _absent(request, 422, f"No commit found for SHA: {request.about}", _COMMIT)
    [header] = read_headers(objects.bare, [sha])
    every = objects.difference(header.parents[0] if header.parents else None, sha)
    files = every[:_MOST_FILES_OF_A_COMMIT]
    page, size = request.paging(_FILES_A_PAGE)
    answer = {
        **shapes.commit(header),
        "stats": _stats(every),
        "files": [shapes.file(each, sha) for each in files[(page - 1) * size : page * size]],
    }
    return HttpResponse.json(answer, headers=_link(request, ceil(len(files) / size)))


def tree(request: RepositoryRequest) -> HttpResponse:
    """`/git/trees/TREE`: the entries of a tree, of a commit's or of a branch's."""
    objects, shapes = request.objects, request.shapes
    tree_sha = objects.resolve(request.about, "tree")
    if tree_sha is None:
        raise _absent(request, 404, "Not Found", _TREE)
    # Any value enables it, even 0.
    entries = objects.tree(tree_sha, recursive="recursive" in request.query)
    if not entries:
        # GitHub answers 404 for an empty tree: https://github.com/orgs/community/discussions/131150
        raise GithubApiError(404, "Not Found", _TREE)
    sha = objects.resolve(request.about) or tree_sha
    answer = {
        "sha": sha,
        "url": f"{shapes.url}/git/trees/{sha}",
        "tree": [shapes.entry(each) for each in entries[: request.tree_limit]],
        "truncated": len(entries) > request.tree_limit,
    }
    return HttpResponse.json(answer)


def _stats(files: Sequence[FileDifference]) -> dict[str, int]:
    additions, deletions = sum(each.additions for each in files), sum(each.deletions for each in files)
    return {"total": additions + deletions, "additions": additions, "deletions": deletions}


def _status(ahead: int, behind: int) -> str:
    if ahead and behind:
        return "diverged"
    return "ahead" if ahead else "behind" if behind else "identical"


def _absent(request: RepositoryRequest, status: int, message: str, documentation: str) -> GithubApiError:
    """The error for a missing object; an empty repository has its own."""
    if request.objects.is_empty():
        return GithubApiError(409, "Git Repository is empty.", documentation)
    return GithubApiError(status, message, documentation)


def _link(request: RepositoryRequest, pages: int) -> dict[str, str]:
    """The `Link` header: the pages before and after this one."""
    page = _number(request.query, "page", 1)
    others: Sequence[tuple[str, int]] = (
        ("prev", page - 1 if page > 1 else 0),
        ("next", page + 1 if page < pages else 0),
        ("last", pages if page < pages else 0),
        ("first", 1 if page > 1 else 0),
    )
    url = f"{request.shapes.api}/repositories/{request.identity}/{quote(request.path)}"
    links = [
        f'<{url}?{urlencode({**request.query, "page": number})}>; rel="{name}"' for name, number in others if number
    ]
    return {"link": ", ".join(links)} if links else {}


def _number(query: dict[str, str], name: str, default: int) -> int:
    """A positive number of the query; the default for anything else."""
    text = query.get(name, "")
    return int(text) if text.isdecimal() and int(text) > 0 else default
