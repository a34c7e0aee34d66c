"""The body of a pull_request event, made of real git."""

import json
from pathlib import Path

from localcloud.github.commits import Author
from localcloud.github.pull_request import pull_request_payload
from localcloud.github.repository import GitRepository

GRACE = Author("Grace Hopper", "grace@example.com")


def test_a_pull_request_has_both_sides_and_counts_their_differences(repository: GitRepository) -> None:
    repository.commit({"a": "1\n2\n", "README.md": None}, "On the branch", branch="feature", author=GRACE)
    repository.commit({"b": "1"}, "On main")
    payload = pull_request_payload(repository, 7, "opened", "main", "feature", GRACE, title="Change a", draft=True)
    pull = payload["pull_request"]
    assert (payload["action"], payload["number"], pull["title"], pull["draft"]) == ("opened", 7, "Change a", True)
    assert (pull["base"]["ref"], pull["base"]["sha"]) == ("main", repository.resolve("main"))
    assert (pull["head"]["label"], pull["head"]["sha"]) == ("acme:feature", repository.resolve("feature"))
    assert pull["head"]["repo"]["id"] == pull["base"]["repo"]["id"] == payload["repository"]["id"]
    assert (pull["commits"], pull["changed_files"], pull["additions"], pull["deletions"]) == (1, 2, 2, 1)
    assert (pull["state"], pull["merged"], payload["sender"]["login"]) == ("open", False, "grace")
    assert "before" not in payload


def test_a_pull_request_has_the_fields_of_githubs_own(repository: GitRepository) -> None:
    repository.commit({"a": "1"}, "On the branch", branch="feature")
    payload = pull_request_payload(repository, 7, "opened", "main", "feature", GRACE)
    sample = json.loads(Path("events/github/pull_request_opened.json").read_text())
    assert payload.keys() == sample.keys()
    for side in ("head", "base"):
        assert payload["pull_request"][side].keys() == sample["pull_request"][side].keys()
    missing = sample["pull_request"].keys() - payload["pull_request"].keys()
    assert missing == {"_links", "review_comment_url", "review_comments_url"}


def test_a_pull_request_from_a_fork_leaves_its_head_in_the_base(repository: GitRepository) -> None:
    fork = repository.fork("hana/infra")
    first = fork.commit({"a": "1"}, "In the fork", branch="feature").after
    payload = pull_request_payload(repository, 8, "opened", "main", "feature", GRACE, head_repository="hana/infra")
    pull = payload["pull_request"]
    assert (pull["head"]["sha"], pull["head"]["label"]) == (first, "hana:feature")
    assert (pull["head"]["repo"]["full_name"], pull["head"]["repo"]["fork"]) == ("hana/infra", True)
    assert repository.resolve("refs/pull/8/head") == first
    second = fork.commit({"a": "2"}, "Again", branch="feature").after
    again = pull_request_payload(
        repository, 8, "synchronize", "main", "feature", GRACE, head_repository="hana/infra", before=first
    )
    assert (again["before"], again["after"], again["pull_request"]["commits"]) == (first, second, 2)


def test_a_pull_request_that_is_merged_is_closed(repository: GitRepository) -> None:
    repository.commit({"a": "1"}, "On the branch", branch="feature")
    pull = pull_request_payload(repository, 9, "closed", "main", "feature", GRACE, merged=True)["pull_request"]
    assert (pull["state"], pull["merged"], pull["merged_by"]["login"]) == ("closed", True, "grace")
    assert pull["closed_at"]
    assert pull["merged_at"]
