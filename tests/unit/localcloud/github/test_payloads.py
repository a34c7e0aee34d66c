"""The body of a push event, made of real git."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from localcloud.github.commits import Author
from localcloud.github.git_command import GitError
from localcloud.github.history import PlannedCommit, make_history
from localcloud.github.payloads import push_payload
from localcloud.github.repository import ZERO, GitRepository

GRACE = Author("Grace Hopper", "grace@example.com")


def test_a_payload_has_the_fields_of_githubs_own(repository: GitRepository) -> None:
    when = datetime(2026, 5, 1, 12, 30, tzinfo=UTC)
    update = repository.commit({"ansible/site.yml": "- hosts: web\n"}, "Narrow the hosts", author=GRACE, when=when)
    payload = push_payload(repository, update, GRACE)

    assert payload["ref"] == "refs/heads/main"
    assert (payload["before"], payload["after"]) == (update.before, update.after)
    assert (payload["created"], payload["deleted"], payload["forced"]) == (False, False, False)
    assert payload["base_ref"] is None
    assert payload["compare"] == f"https://github.com/acme/infra/compare/{update.before[:12]}...{update.after[:12]}"
    assert payload["commits"] == [payload["head_commit"]]
    head = payload["head_commit"]
    assert head["id"] == update.after
    assert head["timestamp"] == "2026-05-01T12:30:00+00:00"
    assert head["author"] == {"name": "Grace Hopper", "email": "grace@example.com", "username": "grace"}
    assert head["modified"] == ["ansible/site.yml"]
    assert payload["pusher"] == {"name": "grace", "email": "grace@example.com"}
    assert payload["sender"]["login"] == "grace"
    assert isinstance(payload["sender"]["id"], int)
    assert payload["repository"]["full_name"] == "acme/infra"
    assert payload["repository"]["clone_url"] == "https://github.com/acme/infra.git"
    assert payload["repository"]["default_branch"] == "main"
    assert payload["repository"]["owner"]["login"] == "acme"


def test_a_new_branch_is_created_and_a_deleted_one_has_no_commits(repository: GitRepository) -> None:
    made = repository.commit({"a": "1"}, "On a branch", branch="feature/x")
    payload = push_payload(repository, made, GRACE)
    assert (payload["created"], payload["before"], payload["ref"]) == (True, ZERO, "refs/heads/feature/x")
    assert [commit["message"] for commit in payload["commits"]] == ["On a branch"]

    gone = push_payload(repository, repository.delete_branch("feature/x"), GRACE)
    assert (gone["deleted"], gone["after"], gone["commits"], gone["head_commit"]) == (True, ZERO, [], None)


def test_a_branch_put_back_is_forced(repository: GitRepository) -> None:
    first = repository.resolve("main")
    repository.commit({"a": "1"}, "To be undone")
    payload = push_payload(repository, repository.reset_branch("main", first), GRACE)
    assert payload["forced"] is True
    assert payload["commits"] == []


def test_one_push_brings_several_commits(repository: GitRepository) -> None:
    update = repository.commit_several([({"a": "1"}, "One"), ({}, "Nothing"), ({"a": None}, "Gone")], author=GRACE)
    payload = push_payload(repository, update, GRACE)
    assert [each["message"] for each in payload["commits"]] == ["One", "Nothing", "Gone"]
    assert [each["added"] for each in payload["commits"]] == [["a"], [], []]
    assert payload["commits"][2]["removed"] == ["a"]
    assert payload["head_commit"] == payload["commits"][-1]


def test_a_renamed_file_is_one_removed_and_one_added(repository: GitRepository) -> None:
    update = repository.rename({"ansible/site.yml": "playbooks/all/site.yml"}, "Move")
    head = push_payload(repository, update, GRACE)["head_commit"]
    assert (head["added"], head["removed"]) == (["playbooks/all/site.yml"], ["ansible/site.yml"])


def test_a_merge_lists_its_commits_as_not_distinct(repository: GitRepository) -> None:
    repository.commit({"feature.md": "1"}, "On the branch", branch="feature")
    repository.commit({"main.md": "1"}, "On main")
    payload = push_payload(repository, repository.merge("feature", "Merge pull request #1"), GRACE)
    numbers = [(each["message"], each["distinct"], each["added"]) for each in payload["commits"]]
    assert numbers == [("On the branch", False, ["feature.md"]), ("Merge pull request #1", True, ["feature.md"])]


def test_a_squash_brings_a_branch_as_one_commit(repository: GitRepository) -> None:
    repository.commit_several([({"a": "1"}, "One"), ({"b": "2"}, "Two")], branch="feature")
    payload = push_payload(repository, repository.squash("feature", "Both (#2)"), GRACE)
    [commit] = payload["commits"]
    assert (commit["message"], commit["added"]) == ("Both (#2)", ["a", "b"])
    assert len(repository.describe(payload["after"]).parents) == 1


def test_a_branch_at_another_has_no_commits_and_names_its_base(repository: GitRepository) -> None:
    repository.commit({"a": "1"}, "On a branch", branch="feature")
    for branch, source in (("release", "main"), ("feature-2", "feature")):
        payload = push_payload(repository, repository.create_branch(branch, source), GRACE)
        assert (payload["created"], payload["commits"]) == (True, [])
        assert payload["base_ref"] == f"refs/heads/{source}"
        assert payload["head_commit"]["id"] == payload["after"] == repository.resolve(source)
        assert payload["compare"] == f"https://github.com/acme/infra/compare/{branch}"


def test_a_branch_named_like_a_folder_of_branches_is_none_of_them(repository: GitRepository) -> None:
    repository.create_branch("feature/x")
    with pytest.raises(GitError, match="no refs/heads/feature to delete"):
        repository.delete_branch("feature")


def test_the_first_push_to_an_empty_repository_has_all_its_commits(tmp_path: Path) -> None:
    empty = GitRepository(tmp_path / "git", tmp_path / "clones", "acme/empty")
    empty.create()
    payload = push_payload(empty, empty.commit_several([({"a": "1"}, "One"), ({"b": "1"}, "Two")]), GRACE)
    assert (payload["created"], payload["before"], payload["base_ref"]) == (True, ZERO, None)
    one, two = payload["commits"]
    assert payload["compare"] == f"https://github.com/acme/empty/compare/{one['id'][:12]}^...{two['id'][:12]}"


@pytest.mark.parametrize("message", [None, "Version 1"], ids=["lightweight", "annotated"])
def test_a_tag_is_pushed_without_commits(repository: GitRepository, message: str | None) -> None:
    update = repository.tag("v1", message=message)
    payload = push_payload(repository, update, GRACE)
    main = repository.resolve("main")
    assert (payload["ref"], payload["before"], payload["created"]) == ("refs/tags/v1", ZERO, True)
    assert (payload["after"] == main) == (message is None)
    assert (payload["commits"], payload["base_ref"]) == ([], "refs/heads/main")
    assert payload["head_commit"]["id"] == main
    assert payload["compare"] == "https://github.com/acme/infra/compare/v1"
    gone = push_payload(repository, repository.delete_tag("v1"), GRACE)
    assert (gone["before"], gone["after"], gone["deleted"]) == (update.after, ZERO, True)
    assert gone["head_commit"] is None


@pytest.mark.parametrize("message", [None, "Again"])
def test_a_tag_that_is_moved_back_is_forced(repository: GitRepository, message: str | None) -> None:
    first = repository.resolve("main")
    repository.commit({"a": "1"}, "Later")
    before = repository.tag("v1", message="Version 1").after
    payload = push_payload(repository, repository.tag("v1", first, message), GRACE)
    assert (payload["before"], payload["forced"], payload["head_commit"]["id"]) == (before, True, first)


def test_a_repository_that_was_renamed_keeps_its_id(repository: GitRepository) -> None:
    update = repository.commit({"a": "1"}, "Change")
    id_before = push_payload(repository, update, GRACE)["repository"]["id"]
    payload = push_payload(repository, update, GRACE, full_name="acme/platform", repository_id=id_before)
    assert (payload["repository"]["id"], payload["repository"]["full_name"]) == (id_before, "acme/platform")
    assert payload["repository"]["clone_url"] == "https://github.com/acme/platform.git"
    assert payload["head_commit"]["url"].startswith("https://github.com/acme/platform/commit/")


def test_a_push_lists_its_newest_2048_commits_and_3000_names_of_each(repository: GitRepository) -> None:
    begun = repository.resolve("main")
    many: dict[str | bytes, str | bytes | None] = {f"files/{number:04}": "x" for number in range(2_999)}
    changed: dict[str | bytes, str | bytes | None] = {"README.md": None, "ansible/site.yml": "x"}
    commits = [PlannedCommit(f"Commit {number}", {"counter": str(number)}) for number in range(2_048)]
    update = make_history(repository, [*commits, PlannedCommit("Many files", many | changed)])
    assert (update.before, update.ref) == (begun, "refs/heads/main")
    payload = push_payload(repository, update, GRACE)
    assert [each["message"] for each in payload["commits"][:2]] == ["Commit 1", "Commit 2"]
    assert len(payload["commits"]) == 2_048
    head = payload["head_commit"]
    assert payload["commits"][-1] == head
    assert (len(head["added"]), head["removed"], head["modified"]) == (2_999, ["README.md"], [])


def test_a_file_name_keeps_spaces_and_umlauts(repository: GitRepository) -> None:
    update = repository.commit({"docs/Übung eins.md": "x"}, "Übung")
    assert push_payload(repository, update, GRACE)["head_commit"]["added"] == ["docs/Übung eins.md"]
