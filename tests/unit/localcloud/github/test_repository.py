"""Real git: what a repository takes, and what it refuses."""

from pathlib import Path

import pytest

from localcloud.github.commits import Author
from localcloud.github.git_command import GitError, NoRepository
from localcloud.github.payloads import push_payload
from localcloud.github.repository import ZERO, GitRepository, repository_for

GRACE = Author("Grace Hopper", "grace@example.com")


@pytest.mark.parametrize(
    "location",
    [
        "https://github.com/acme/infra.git",
        "https://github.com/acme/infra",
        "https://token@github.com/acme/infra.git",
        "git@github.com:acme/infra.git",
        "acme/infra",
    ],
)
def test_a_clone_url_leads_to_the_local_repository(repository: GitRepository, tmp_path: Path, location: str) -> None:
    assert repository_for(tmp_path / "git", location) == repository.bare


@pytest.mark.parametrize(
    "location", ["https://github.com/acme/other.git", "../../etc", "acme/../infra", "/etc/passwd", ""]
)
def test_nothing_else_leads_anywhere(repository: GitRepository, tmp_path: Path, location: str) -> None:
    with pytest.raises(NoRepository):
        repository_for(tmp_path / "git", location)


def test_a_commit_adds_changes_and_removes_files(repository: GitRepository) -> None:
    before = repository.resolve("main")
    update = repository.commit(
        {"ansible/site.yml": "- hosts: web\n", "docs/new.md": "x", "README.md": None},
        "Change\n\nWith a body",
        author=GRACE,
    )
    assert update.before == before
    (commit,) = repository.commits(update.before, update.after)
    assert (commit.added, commit.modified, commit.removed) == (["docs/new.md"], ["ansible/site.yml"], ["README.md"])
    assert commit.message == "Change\n\nWith a body"
    assert commit.author == commit.committer == GRACE


def test_a_commit_that_changes_nothing_is_refused(repository: GitRepository) -> None:
    with pytest.raises(GitError, match=r"^README\.md already has that content$"):
        repository.commit({"README.md": "# infra\n"}, "Nothing")


@pytest.mark.parametrize("path", ["../outside", "/etc/foo", ".git/hooks/post-commit", "sub/.git/config", ".", ""])
def test_a_file_outside_the_repository_is_refused(repository: GitRepository, path: str) -> None:
    with pytest.raises(GitError, match=r"is not a file of the repository$"):
        repository.commit({path: "x"}, "Escape")


@pytest.mark.parametrize(
    ("path", "content", "complaint"),
    [
        ("missing.md", None, "the repository has no file 'missing.md' to delete"),
        ("ansible", "x", "'ansible' is a directory, not a file"),
        ("ansible", None, "'ansible' is a directory, not a file"),
        ("README.md/x", "x", "'README.md/x' cannot be created: 'README.md' is a file, not a directory"),
        ("x" * 300, "x", "cannot be changed: .*File name too long"),
        ("new.md", Path("/nowhere/at/all"), "'new.md' cannot be changed: .*No such file"),
        ("new.md", "\udcff", "the content of new.md is not valid UTF-8"),
        ("\udcff.md", "x", "the file's name is not valid UTF-8"),
        ("a\0b", "x", "the file's name contains a NUL"),
    ],
)
def test_a_mistake_in_a_file_is_reported_in_one_line(
    repository: GitRepository, path: str, content: str | Path | None, complaint: str
) -> None:
    with pytest.raises(GitError, match=complaint) as error:
        repository.commit({path: content}, "Mistake")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("message", "author", "branch", "complaint"),
    [
        ("\udcff", GRACE, "main", "the message is not valid UTF-8"),
        ("x", Author("\udcff", "a@example.com"), "main", "the author is not valid UTF-8"),
        ("x", Author("A", "\udcff"), "main", "the author's address is not valid UTF-8"),
        ("x", GRACE, "\udcff", "the branch is not valid UTF-8"),
        ("", GRACE, "main", "empty commit message"),
    ],
)
def test_text_that_git_cannot_keep_is_reported_in_one_line(
    repository: GitRepository, message: str, author: Author, branch: str, complaint: str
) -> None:
    with pytest.raises(GitError, match=complaint) as error:
        repository.commit({"a": "1"}, message, author=author, branch=branch)
    assert "\n" not in str(error.value)
    str(error.value).encode()


def test_a_commit_to_an_unknown_repository_says_so(repository: GitRepository, tmp_path: Path) -> None:
    unknown = GitRepository(tmp_path / "git", tmp_path / "clones", "acme/other")
    with pytest.raises(NoRepository, match="there is no local repository acme/other"):
        unknown.commit({"a": "1"}, "Nowhere")


def test_a_commit_that_failed_leaves_nothing_for_the_next(repository: GitRepository) -> None:
    with pytest.raises(GitError):
        repository.commit({"left/over.md": "x", "README.md/x": "x"}, "Half")
    update = repository.commit({"a": "1"}, "Whole")
    assert repository.describe(update.after).added == ["a"]


def test_a_file_that_the_repository_ignores_is_committed_when_it_is_named(repository: GitRepository) -> None:
    repository.commit({".gitignore": "*.log\n"}, "Ignore logs")
    update = repository.commit({"kept.log": "x"}, "Keep one")
    assert repository.describe(update.after).added == ["kept.log"]


@pytest.mark.parametrize(
    "branch", ["refs/heads/main", "refs/x", "team/refs/heads/main", "@{-1}", "main@{1}", "@", "HEAD", "-x", "a b", ""]
)
def test_an_invalid_branch_name_is_refused_and_harms_no_later_push(repository: GitRepository, branch: str) -> None:
    repository.commit({"first": "1"}, "Elsewhere", branch="elsewhere")
    with pytest.raises(GitError) as error:
        repository.commit({"a": "1"}, "Astray", branch=branch)
    assert "\n" not in str(error.value)
    assert repository.commit({"a": "2"}, "On main").ref == "refs/heads/main"


def test_a_branch_may_be_named_like_the_start_of_a_ref(repository: GitRepository) -> None:
    for branch in ("heads/main", "origin/main", "main"):
        before = repository.resolve("refs/heads/main")
        update = repository.commit({branch.replace("/", "-"): "1"}, "Change", branch=branch)
        assert (update.ref, update.after) == (f"refs/heads/{branch}", repository.resolve(f"refs/heads/{branch}"))
        assert repository.is_ancestor(before, update.after)


def test_an_empty_commit_must_be_allowed(repository: GitRepository) -> None:
    payload = push_payload(repository, repository.commit({}, "Nothing", allow_empty=True), GRACE)
    [commit] = payload["commits"]
    assert (commit["added"], commit["removed"], commit["modified"]) == ([], [], [])


def test_a_conflict_needs_a_resolution(repository: GitRepository) -> None:
    repository.commit({"README.md": "theirs", "new.md": "x"}, "Theirs", branch="feature")
    repository.commit({"README.md": "ours"}, "Ours")
    with pytest.raises(GitError, match=r"git merge: .*README\.md"):
        repository.merge("feature")
    update = repository.merge("feature", resolution={"README.md": "both"})
    merge = repository.describe(update.after)
    assert merge.message == "Merge branch 'feature' into main"
    assert len(merge.parents) == 2
    assert (merge.modified, merge.added) == (["README.md"], ["new.md"])
    assert (repository.clone / "README.md").read_text() == "both"


def test_what_is_merged_already_is_not_merged_again(repository: GitRepository) -> None:
    repository.create_branch("feature")
    with pytest.raises(GitError, match="nothing to merge"):
        repository.merge("feature")


def test_a_revert_undoes_a_commit_or_a_merge(repository: GitRepository) -> None:
    change = repository.commit({"README.md": "# changed\n"}, "Change")
    undone = repository.describe(repository.revert(change.after).after)
    assert undone.message == f'Revert "Change"\n\nThis reverts commit {change.after}.'
    assert undone.modified == ["README.md"]
    repository.commit({"a": "1"}, "On the branch", branch="feature")
    merge = repository.merge("feature")
    assert repository.describe(repository.revert(merge.after).after).removed == ["a"]


def test_a_branch_is_deleted_and_made_again(repository: GitRepository) -> None:
    repository.commit({"a": "1"}, "First", branch="feature")
    repository.delete_branch("feature")
    again = repository.commit({"b": "1"}, "Second", branch="feature")
    assert again.before == ZERO
    assert [each["message"] for each in push_payload(repository, again, GRACE)["commits"]] == ["Second"]
    assert repository.describe(again.after).added == ["b"]
