"""The ChangedFilesSource port on GitHub's REST API.

Two trees give the exact difference, whatever lies between them, with up to 100,000 entries each. A comparison finds the
commit where a branch left another, but lists at most 300 files.
https://docs.github.com/en/rest/commits/commits#compare-two-commits
https://docs.github.com/en/rest/git/trees#get-a-tree
"""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

from msgspec import Struct, ValidationError, convert

from pointsman.adapters.github_http import Deadline, GithubHttp
from pointsman.adapters.github_token import GithubToken
from pointsman.core.routing.routing_input import Comparison
from pointsman.core.text import replace_surrogates
from pointsman.errors import Misconfigured, Unavailable

FILES_LISTED = 300  # by a comparison, and by a commit's first page


class _Entry(Struct, frozen=True):
    path: str
    mode: str
    type: str
    sha: str | None = None


class _Tree(Struct, frozen=True):
    tree: list[_Entry]
    truncated: bool


class _Named(Struct, frozen=True):
    sha: str


class _File(Struct, frozen=True):
    filename: str
    status: str
    previous_filename: str | None = None


class _Compared(Struct, frozen=True):
    merge_base_commit: _Named
    files: list[_File]


class _Commit(Struct, frozen=True):
    parents: list[_Named]
    files: list[_File]


class GithubChangedFiles:
    """Lists changed files, with a separate token for each repository."""

    def __init__(self, http: GithubHttp, token: GithubToken) -> None:
        self._http = http
        self._token = token

    def changed_files(self, comparison: Comparison, seconds: float) -> tuple[str, ...]:
        """See ChangedFilesSource.changed_files."""
        deadline = Deadline(seconds)
        token = self._token.get(comparison.repository_id, deadline)
        query = _Query(self._http, token, comparison.repository, deadline)
        try:
            return tuple(replace_surrogates(name) for name in query.names(comparison))
        except Misconfigured:
            self._token.forget()  # it may be revoked, or a new one may have more permissions
            raise


class _Query:
    """The requests for one comparison, with their token and their deadline."""

    def __init__(self, http: GithubHttp, token: str, repository: str, deadline: Deadline) -> None:
        self._http = http
        self._token = token
        self._repository = repository
        self._deadline = deadline

    def names(self, comparison: Comparison) -> list[str]:
        """Every name that differs."""
        base, head = comparison.base, comparison.head
        if comparison.kind == "commit":
            return self._of_commit(head)
        if base is None:
            return self._between(None, head)
        return self._between(base, head) if comparison.kind == "trees" else self._since_fork(base, head)

    def _since_fork(self, base: str, head: str) -> list[str]:
        compared = self._compare(base, head)
        if len(compared.files) < FILES_LISTED:
            return _both_names(compared.files)
        return self._between(compared.merge_base_commit.sha, head)

    def _of_commit(self, head: str) -> list[str]:
        commit = self._get(_Commit, f"/commits/{quote(head, safe='')}")
        if len(commit.files) < FILES_LISTED:
            return _both_names(commit.files)
        return self._between(commit.parents[0].sha if commit.parents else None, head)

    def _between(self, base: str | None, head: str) -> list[str]:
        """Compare two trees. If they are too large, use a comparison, provided it has the same base."""
        with ThreadPoolExecutor(max_workers=2) as pool:
            trees = list(pool.map(lambda commit: self._tree(commit) if commit else _EMPTY, (base, head)))
        if not any(tree.truncated for tree in trees):
            before, after = ({(each.path, each.mode, each.sha) for each in _files(tree)} for tree in trees)
            return sorted({path for path, _, _ in before ^ after})
        compared = self._compare(base, head) if base else None
        if compared and compared.merge_base_commit.sha == base and len(compared.files) < FILES_LISTED:
            return _both_names(compared.files)
        raise Unavailable(
            "GitHub's API cannot list all changed files: it lists at most 100,000 of a tree and 300 of a comparison"
        )

    def _tree(self, commit: str) -> _Tree:
        return self._get(_Tree, f"/git/trees/{quote(commit, safe='')}?recursive=1")

    def _compare(self, base: str, head: str) -> _Compared:
        # The files are on the first page of commits, whatever its size.
        return self._get(_Compared, f"/compare/{quote(base, safe='')}...{quote(head, safe='')}?per_page=1")

    def _get[Answer: Struct](self, kind: type[Answer], path: str) -> Answer:
        answer = self._http.ask("GET", f"/repos/{self._repository}{path}", self._token, self._deadline)
        try:
            return convert(answer, kind)
        except ValidationError as error:
            raise Unavailable("GitHub's API answered in an unknown format") from error


_EMPTY = _Tree(tree=[], truncated=False)


def _files(tree: _Tree) -> list[_Entry]:
    """Files, symbolic links and submodules, but not directories."""
    return [entry for entry in tree.tree if entry.type != "tree"]


def _both_names(files: list[_File]) -> list[str]:
    """All names, also the old name of a rename. The source of a copy is unchanged."""
    names = [file.filename for file in files if file.status != "unchanged"]
    return names + [file.previous_filename for file in files if file.previous_filename and file.status == "renamed"]
