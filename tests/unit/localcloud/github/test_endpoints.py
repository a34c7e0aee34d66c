"""Comparisons, trees and commits: the truth of git, in GitHub's words and within GitHub's limits."""

import json
import re
from pathlib import Path

import pytest

from localcloud.github.git_command import git
from localcloud.github.history import PlannedCommit, make_history
from localcloud.github.repository import GitRepository
from tests.support.github_client import ApiClient, many, named


def test_a_comparison_lists_a_branchs_commits_since_it_diverged(client: ApiClient, repository: GitRepository) -> None:
    left = repository.resolve("main")
    repository.commit({"docs/x.md": "1\n2\n", "ansible/site.yml": "- hosts: web\n"}, "Feature", branch="feature/x")
    repository.commit({"README.md": "# changed\n"}, "Main")
    answer = client.get("compare/main...feature/x")
    assert (answer["status"], answer["ahead_by"], answer["behind_by"], answer["total_commits"]) == ("diverged", 1, 1, 1)
    assert answer["base_commit"]["sha"] == repository.resolve("main")
    assert answer["merge_base_commit"]["sha"] == left
    assert [each["commit"]["message"] for each in answer["commits"]] == ["Feature"]
    assert named(answer["files"]) == [("modified", "ansible/site.yml"), ("added", "docs/x.md")]
    site, docs = answer["files"]
    assert (site["additions"], site["deletions"], site["changes"]) == (1, 2, 3)
    assert (docs["additions"], docs["deletions"], docs["changes"]) == (2, 0, 2)
    assert docs["sha"] == git(["rev-parse", "feature/x:docs/x.md"], repository.bare).strip()
    assert docs["blob_url"].endswith(f"/acme/infra/blob/{repository.resolve('feature/x')}/docs/x.md")


def test_a_comparison_says_who_is_ahead(client: ApiClient, repository: GitRepository) -> None:
    first = repository.resolve("main")
    second = repository.commit({"a": "1"}, "Second").after
    assert client.get(f"compare/{first}...{second}")["status"] == "ahead"
    assert client.get(f"compare/{first[:7]}...main")["status"] == "ahead"
    behind = client.get(f"compare/{second}...{first}")
    assert (behind["status"], behind["behind_by"], behind["files"]) == ("behind", 1, [])
    assert client.get("compare/main...acme:main")["status"] == "identical"


def test_a_comparison_finds_what_was_renamed_and_removed(client: ApiClient, repository: GitRepository) -> None:
    repository.commit({"Über uns.md": "x" * 99, "gone.md": "y"}, "More")
    base = repository.resolve("main")
    repository.rename({"Über uns.md": "docs/ü b.md", "ansible/site.yml": "ansible/all.yml"}, "Rename")
    repository.commit({"gone.md": None}, "Remove")
    files = client.get(f"compare/{base}...main")["files"]
    assert named(files) == [
        ("renamed", "ansible/all.yml"), ("renamed", "docs/ü b.md"), ("removed", "gone.md"),
    ]  # fmt: skip
    assert [file.get("previous_filename") for file in files] == ["ansible/site.yml", "Über uns.md", None]
    assert files[1]["contents_url"].endswith(f"/contents/docs/%C3%BC%20b.md?ref={repository.resolve('main')}")
    assert files[2]["sha"] == git(["rev-parse", f"{base}:gone.md"], repository.bare).strip()


def test_a_file_that_becomes_a_link_has_changed_and_a_binary_one_has_no_lines(
    client: ApiClient, repository: GitRepository, tmp_path: Path
) -> None:
    begun = repository.commit({"run": "ls", "logo.png": b"\0\1"}, "More").after
    work = tmp_path / "work"
    git(["clone", "--quiet", str(repository.bare), str(work)], tmp_path)
    (work / "run").unlink()
    (work / "run").symlink_to("README.md")
    (work / "logo.png").write_bytes(b"\0\2")
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    git([*identity, "commit", "--quiet", "--all", "--message=Link"], work)
    git(["push", "--quiet"], work)
    files = client.get(f"compare/{begun}...main")["files"]
    assert named(files) == [("modified", "logo.png"), ("changed", "run")]
    assert files[0]["changes"] == 0


@pytest.mark.parametrize("basehead", ["main...gone", "gone...main", "main", "main..main", "...main", "main~1...main"])
def test_a_comparison_with_what_is_not_there_is_not_found(
    client: ApiClient, repository: GitRepository, basehead: str
) -> None:
    answer = client.get(f"compare/{basehead}", status=404)
    assert (answer["message"], answer["status"]) == ("Not Found", "404")
    assert answer["documentation_url"].startswith("https://docs.github.com/rest/commits/commits")


def test_unrelated_histories_are_not_compared(client: ApiClient, repository: GitRepository) -> None:
    make_history(repository, [PlannedCommit("Alone", {"a": "1"})], "alone", orphan=True)
    answer = client.get("compare/main...alone", status=404)
    assert answer["message"] == "No common ancestor between main and alone."


@pytest.mark.parametrize(("count", "listed"), [(299, 299), (300, 300), (301, 300)])
def test_a_comparison_lists_300_files_on_any_page(
    client: ApiClient, repository: GitRepository, count: int, listed: int
) -> None:
    base = repository.resolve("main")
    make_history(repository, [many(count), PlannedCommit("Another", {"files/0000": "x"})])
    assert len(client.get(f"compare/{base}...main")["files"]) == listed
    first = client.call(f"/repos/acme/infra/compare/{base}...main?per_page=1")
    answer = json.loads(first.body)
    assert (len(answer["files"]), len(answer["commits"]), answer["total_commits"]) == (listed, 1, 2)
    assert 'page=2>; rel="next"' in first.headers["link"]
    second = client.get(f"compare/{base}...main?per_page=1&page=2")
    assert [each["commit"]["message"] for each in second["commits"]] == ["Another"]
    assert "files" not in second


def test_a_comparison_lists_the_newest_250_commits_or_pages_from_the_oldest(
    client: ApiClient, repository: GitRepository
) -> None:
    base = repository.resolve("main")
    make_history(repository, [PlannedCommit(f"{number}", {"a": f"{number}"}) for number in range(260)])
    answer = client.get(f"compare/{base}...main")
    messages = [each["commit"]["message"] for each in answer["commits"]]
    assert (answer["total_commits"], len(messages), messages[0], messages[-1]) == (260, 250, "10", "259")
    paged = client.get(f"compare/{base}...main?per_page=500")
    assert [each["commit"]["message"] for each in paged["commits"]] == [f"{number}" for number in range(100)]
    assert len(client.get(f"compare/{base}...main?page=2")["commits"]) == 30


@pytest.mark.parametrize("name", ["main", "refs/heads/main", "heads/main", "HEAD", "v1", "v2"])
def test_a_tree_is_found_by_branch_and_tag(client: ApiClient, repository: GitRepository, name: str) -> None:
    repository.tag("v1")
    repository.tag("v2", message="Annotated")
    sha = repository.resolve("main")
    assert client.get(f"git/trees/{name}")["sha"] == sha
    assert client.get(f"git/trees/{sha}")["sha"] == sha


def test_a_recursive_tree_has_files_and_directories_of_every_depth(
    client: ApiClient, repository: GitRepository
) -> None:
    update = repository.commit({"docs/a b/ü.md": "four"}, "Deep")
    answer = client.get(f"git/trees/{update.after}?recursive=1")
    entries = {entry["path"]: entry for entry in answer["tree"]}
    folders = ["ansible", "docs", "docs/a b"]
    assert [path for path, entry in entries.items() if entry["type"] == "tree"] == folders
    assert sorted(entries) == sorted([*folders, "README.md", "ansible/site.yml", "docs/a b/ü.md"])
    file = entries["docs/a b/ü.md"]
    assert (file["mode"], file["size"]) == ("100644", 4)
    assert file["url"] == f"http://127.0.0.1:1/_github/repos/acme/infra/git/blobs/{file['sha']}"
    assert "size" not in entries["docs"]
    assert answer["truncated"] is False
    assert [entry["path"] for entry in client.get("git/trees/main")["tree"]] == ["README.md", "ansible", "docs"]
    below = client.get(f"git/trees/{entries['docs']['sha']}")
    assert (below["sha"], [entry["path"] for entry in below["tree"]]) == (entries["docs"]["sha"], ["a b"])


def test_a_submodule_is_a_commit_of_another_repository(client: ApiClient, repository: GitRepository) -> None:
    index = {"GIT_INDEX_FILE": str(repository.bare / "index-of-test")}
    git(["read-tree", "main"], repository.bare, index)
    git(["update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},roles/shared"], repository.bare, index)
    tree = git(["write-tree"], repository.bare, index).strip()
    answer = client.get(f"git/trees/{tree}?recursive=1")["tree"]
    assert answer[-1] == {"path": "roles/shared", "mode": "160000", "type": "commit", "sha": "1" * 40}


def test_a_tree_above_the_limit_is_truncated(client: ApiClient, repository: GitRepository) -> None:
    entries = client.get("git/trees/main?recursive=1")["tree"]
    client.api.control(tree_limit=len(entries))
    assert client.get("git/trees/main?recursive=1")["truncated"] is False
    client.api.control(tree_limit=len(entries) - 1)
    answer = client.get("git/trees/main?recursive=1")
    assert (answer["truncated"], answer["tree"]) == (True, entries[:-1])


def test_a_tree_without_entries_is_not_found(client: ApiClient, repository: GitRepository) -> None:
    """As on GitHub: https://github.com/orgs/community/discussions/131150."""
    repository.commit({"README.md": None, "ansible/site.yml": None}, "Nothing left")
    client.get("git/trees/main?recursive=1", status=404)
    client.get(f"git/trees/{'1' * 40}", status=404)


def test_a_commit_lists_its_files_against_its_first_parent(client: ApiClient, repository: GitRepository) -> None:
    repository.commit({"feature.md": "1\n"}, "Feature", branch="feature")
    main = repository.commit({"README.md": None}, "Main").after
    merge = repository.merge("feature").after
    answer = client.get(f"commits/{merge}")
    assert [each["sha"] for each in answer["parents"]] == [main, repository.resolve("feature")]
    assert named(answer["files"]) == [("added", "feature.md")]
    assert answer["stats"] == {"total": 1, "additions": 1, "deletions": 0}
    assert answer["commit"]["message"] == "Merge branch 'feature' into main"
    assert answer["commit"]["tree"]["sha"] == repository.describe(merge).tree
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", answer["commit"]["author"]["date"])


def test_the_first_commit_adds_all_it_has(client: ApiClient, repository: GitRepository) -> None:
    answer = client.get("commits/main")
    assert answer["parents"] == []
    assert named(answer["files"]) == [("added", "README.md"), ("added", "ansible/site.yml")]


def test_a_commits_files_page_up_to_3000(client: ApiClient, repository: GitRepository) -> None:
    sha = make_history(repository, [many(3_001)]).after
    path, files, last = f"/repos/acme/infra/commits/{sha}", [], ""
    while path:
        answer = client.call(path)
        files += [file["filename"] for file in json.loads(answer.body)["files"]]
        last = answer.headers["link"]
        following = re.search(r'<http://127\.0\.0\.1:1/_github([^>]+)>; rel="next"', last)
        path = following[1] if following else ""
    assert files == [f"files/{number:04}" for number in range(3_000)]
    assert 'page=9>; rel="prev"' in last
    assert len(client.api.calls) == 10
    assert len(client.get(f"commits/{sha}?per_page=50&page=2")["files"]) == 50


def test_an_unknown_commit_cannot_be_processed(client: ApiClient, repository: GitRepository) -> None:
    answer = client.get(f"commits/{'1' * 40}", status=422)
    assert answer["message"] == f"No commit found for SHA: {'1' * 40}"


def test_an_empty_repository_is_a_conflict(client: ApiClient) -> None:
    client.repository("acme/empty")
    for path in ("commits/main", "git/trees/main"):
        assert client.get(path, 409, "acme/empty")["message"] == "Git Repository is empty."
