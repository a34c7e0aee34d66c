"""Real git, and GitHub's payloads made of it."""

import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from localcloud.git import ZERO, Author, GitError, NoRepository, Repository, repository_for
from localcloud.git_history import Planned, make_history
from localcloud.github import Webhook, ping_payload, pull_request_payload, push_payload
from localcloud.seed import seed

GRACE = Author("Grace Hopper", "grace@example.com")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "git", tmp_path / "clones", "acme/infra")
    assert made.create()
    made.commit({"README.md": "# infra\n", "ansible/site.yml": "- hosts: all\n"}, "Begin")
    return made


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
def test_a_clone_url_leads_to_the_local_repository(repository: Repository, tmp_path: Path, location: str) -> None:
    assert repository_for(tmp_path / "git", location) == repository.bare


@pytest.mark.parametrize(
    "location", ["https://github.com/acme/other.git", "../../etc", "acme/../infra", "/etc/passwd", ""]
)
def test_nothing_else_leads_anywhere(repository: Repository, tmp_path: Path, location: str) -> None:
    with pytest.raises(NoRepository):
        repository_for(tmp_path / "git", location)


def test_a_commit_adds_changes_and_removes_files(repository: Repository) -> None:
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


def test_a_commit_that_changes_nothing_is_refused(repository: Repository) -> None:
    with pytest.raises(GitError, match=r"^README\.md already has that content$"):
        repository.commit({"README.md": "# infra\n"}, "Nothing")


@pytest.mark.parametrize("path", ["../outside", "/etc/foo", ".git/hooks/post-commit", "sub/.git/config", ".", ""])
def test_a_file_outside_the_repository_is_refused(repository: Repository, path: str) -> None:
    with pytest.raises(GitError, match=r"is not a file of the repository$"):
        repository.commit({path: "x"}, "Escape")


@pytest.mark.parametrize(
    ("path", "content", "complaint"),
    [
        ("missing.md", None, "the repository has no file 'missing.md' to delete"),
        ("ansible", "x", "'ansible' is a directory, not a file"),
        ("ansible", None, "'ansible' is a directory, not a file"),
        ("README.md/x", "x", "'README.md/x' cannot be: 'README.md' is a file, not a directory"),
        ("x" * 300, "x", "cannot be changed: .*File name too long"),
        ("new.md", Path("/nowhere/at/all"), "'new.md' cannot be changed: .*No such file"),
        ("new.md", "\udcff", "the content of new.md is not valid UTF-8"),
        ("\udcff.md", "x", "the file's name is not valid UTF-8"),
        ("a\0b", "x", "the file's name has a NUL"),
    ],
)
def test_a_mistake_in_a_file_is_told_in_one_line(
    repository: Repository, path: str, content: str | Path | None, complaint: str
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
def test_text_that_git_cannot_keep_is_told_in_one_line(
    repository: Repository, message: str, author: Author, branch: str, complaint: str
) -> None:
    with pytest.raises(GitError, match=complaint) as error:
        repository.commit({"a": "1"}, message, author=author, branch=branch)
    assert "\n" not in str(error.value)
    str(error.value).encode()


def test_a_commit_to_an_unknown_repository_says_so(repository: Repository, tmp_path: Path) -> None:
    unknown = Repository(tmp_path / "git", tmp_path / "clones", "acme/other")
    with pytest.raises(NoRepository, match="no local repository stands for acme/other"):
        unknown.commit({"a": "1"}, "Nowhere")


def test_a_commit_that_failed_leaves_nothing_for_the_next(repository: Repository) -> None:
    with pytest.raises(GitError):
        repository.commit({"left/over.md": "x", "README.md/x": "x"}, "Half")
    update = repository.commit({"a": "1"}, "Whole")
    assert repository.describe(update.after).added == ["a"]


def test_a_file_that_the_repository_ignores_is_committed_when_it_is_named(repository: Repository) -> None:
    repository.commit({".gitignore": "*.log\n"}, "Ignore logs")
    update = repository.commit({"kept.log": "x"}, "Keep one")
    assert repository.describe(update.after).added == ["kept.log"]


@pytest.mark.parametrize(
    "branch", ["refs/heads/main", "refs/x", "team/refs/heads/main", "@{-1}", "main@{1}", "@", "HEAD", "-x", "a b", ""]
)
def test_what_is_no_branchs_name_is_refused_and_harms_no_later_push(repository: Repository, branch: str) -> None:
    repository.commit({"first": "1"}, "Elsewhere", branch="elsewhere")
    with pytest.raises(GitError) as error:
        repository.commit({"a": "1"}, "Astray", branch=branch)
    assert "\n" not in str(error.value)
    assert repository.commit({"a": "2"}, "On main").ref == "refs/heads/main"


def test_a_branch_may_be_named_like_the_start_of_a_ref(repository: Repository) -> None:
    for branch in ("heads/main", "origin/main", "main"):
        before = repository.resolve("refs/heads/main")
        update = repository.commit({branch.replace("/", "-"): "1"}, "Change", branch=branch)
        assert (update.ref, update.after) == (f"refs/heads/{branch}", repository.resolve(f"refs/heads/{branch}"))
        assert repository.is_ancestor(before, update.after)


def test_a_payload_tells_the_push_as_github_does(repository: Repository) -> None:
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


def test_a_new_branch_is_created_and_a_deleted_one_has_no_commits(repository: Repository) -> None:
    made = repository.commit({"a": "1"}, "On a branch", branch="feature/x")
    payload = push_payload(repository, made, GRACE)
    assert (payload["created"], payload["before"], payload["ref"]) == (True, ZERO, "refs/heads/feature/x")
    assert [commit["message"] for commit in payload["commits"]] == ["On a branch"]

    gone = push_payload(repository, repository.delete_branch("feature/x"), GRACE)
    assert (gone["deleted"], gone["after"], gone["commits"], gone["head_commit"]) == (True, ZERO, [], None)


def test_a_branch_put_back_is_forced(repository: Repository) -> None:
    first = repository.resolve("main")
    repository.commit({"a": "1"}, "To be undone")
    payload = push_payload(repository, repository.reset_branch("main", first), GRACE)
    assert payload["forced"] is True
    assert payload["commits"] == []


def test_one_push_brings_several_commits(repository: Repository) -> None:
    update = repository.commit_several([({"a": "1"}, "One"), ({}, "Nothing"), ({"a": None}, "Gone")], author=GRACE)
    payload = push_payload(repository, update, GRACE)
    assert [each["message"] for each in payload["commits"]] == ["One", "Nothing", "Gone"]
    assert [each["added"] for each in payload["commits"]] == [["a"], [], []]
    assert payload["commits"][2]["removed"] == ["a"]
    assert payload["head_commit"] == payload["commits"][-1]


def test_an_empty_commit_is_made_only_when_it_is_asked_for(repository: Repository) -> None:
    payload = push_payload(repository, repository.commit({}, "Nothing", allow_empty=True), GRACE)
    [commit] = payload["commits"]
    assert (commit["added"], commit["removed"], commit["modified"]) == ([], [], [])


def test_a_renamed_file_is_told_as_one_removed_and_one_added(repository: Repository) -> None:
    update = repository.rename({"ansible/site.yml": "playbooks/all/site.yml"}, "Move")
    head = push_payload(repository, update, GRACE)["head_commit"]
    assert (head["added"], head["removed"]) == (["playbooks/all/site.yml"], ["ansible/site.yml"])


def test_a_merge_tells_the_commits_it_brings_and_they_are_not_new(repository: Repository) -> None:
    repository.commit({"feature.md": "1"}, "On the branch", branch="feature")
    repository.commit({"main.md": "1"}, "On main")
    payload = push_payload(repository, repository.merge("feature", "Merge pull request #1"), GRACE)
    told = [(each["message"], each["distinct"], each["added"]) for each in payload["commits"]]
    assert told == [("On the branch", False, ["feature.md"]), ("Merge pull request #1", True, ["feature.md"])]


def test_a_conflict_is_merged_as_it_is_settled_and_refused_otherwise(repository: Repository) -> None:
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


def test_what_is_merged_already_is_not_merged_again(repository: Repository) -> None:
    repository.create_branch("feature")
    with pytest.raises(GitError, match="nothing to merge"):
        repository.merge("feature")


def test_a_squash_brings_a_branch_as_one_commit(repository: Repository) -> None:
    repository.commit_several([({"a": "1"}, "One"), ({"b": "2"}, "Two")], branch="feature")
    payload = push_payload(repository, repository.squash("feature", "Both (#2)"), GRACE)
    [commit] = payload["commits"]
    assert (commit["message"], commit["added"]) == ("Both (#2)", ["a", "b"])
    assert len(repository.describe(payload["after"]).parents) == 1


def test_a_revert_undoes_a_commit_or_a_merge(repository: Repository) -> None:
    change = repository.commit({"README.md": "# changed\n"}, "Change")
    undone = repository.describe(repository.revert(change.after).after)
    assert undone.message == f'Revert "Change"\n\nThis reverts commit {change.after}.'
    assert undone.modified == ["README.md"]
    repository.commit({"a": "1"}, "On the branch", branch="feature")
    merge = repository.merge("feature")
    assert repository.describe(repository.revert(merge.after).after).removed == ["a"]


def test_a_branch_where_another_is_has_no_commits_and_says_whence_it_comes(repository: Repository) -> None:
    repository.commit({"a": "1"}, "On a branch", branch="feature")
    for branch, source in (("release", "main"), ("feature-2", "feature")):
        payload = push_payload(repository, repository.create_branch(branch, source), GRACE)
        assert (payload["created"], payload["commits"]) == (True, [])
        assert payload["base_ref"] == f"refs/heads/{source}"
        assert payload["head_commit"]["id"] == payload["after"] == repository.resolve(source)
        assert payload["compare"] == f"https://github.com/acme/infra/compare/{branch}"


def test_a_branch_is_deleted_and_made_again(repository: Repository) -> None:
    repository.commit({"a": "1"}, "First", branch="feature")
    repository.delete_branch("feature")
    again = repository.commit({"b": "1"}, "Second", branch="feature")
    assert again.before == ZERO
    assert [each["message"] for each in push_payload(repository, again, GRACE)["commits"]] == ["Second"]
    assert repository.describe(again.after).added == ["b"]


def test_a_branch_named_like_a_folder_of_branches_is_none_of_them(repository: Repository) -> None:
    repository.create_branch("feature/x")
    with pytest.raises(GitError, match="no refs/heads/feature to delete"):
        repository.delete_branch("feature")


def test_the_first_push_to_an_empty_repository_has_all_its_commits(tmp_path: Path) -> None:
    empty = Repository(tmp_path / "git", tmp_path / "clones", "acme/empty")
    empty.create()
    payload = push_payload(empty, empty.commit_several([({"a": "1"}, "One"), ({"b": "1"}, "Two")]), GRACE)
    assert (payload["created"], payload["before"], payload["base_ref"]) == (True, ZERO, None)
    one, two = payload["commits"]
    assert payload["compare"] == f"https://github.com/acme/empty/compare/{one['id'][:12]}^...{two['id'][:12]}"


@pytest.mark.parametrize("message", [None, "Version 1"], ids=["lightweight", "annotated"])
def test_a_tag_is_pushed_without_commits(repository: Repository, message: str | None) -> None:
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
def test_a_tag_that_is_moved_back_is_forced(repository: Repository, message: str | None) -> None:
    first = repository.resolve("main")
    repository.commit({"a": "1"}, "Later")
    before = repository.tag("v1", message="Version 1").after
    payload = push_payload(repository, repository.tag("v1", first, message), GRACE)
    assert (payload["before"], payload["forced"], payload["head_commit"]["id"]) == (before, True, first)


def test_a_repository_that_was_renamed_keeps_its_id(repository: Repository) -> None:
    update = repository.commit({"a": "1"}, "Change")
    known = push_payload(repository, update, GRACE)["repository"]["id"]
    payload = push_payload(repository, update, GRACE, full_name="acme/platform", repository_id=known)
    assert (payload["repository"]["id"], payload["repository"]["full_name"]) == (known, "acme/platform")
    assert payload["repository"]["clone_url"] == "https://github.com/acme/platform.git"
    assert payload["head_commit"]["url"].startswith("https://github.com/acme/platform/commit/")


def test_a_push_lists_its_newest_2048_commits_and_3000_names_of_each(repository: Repository) -> None:
    begun = repository.resolve("main")
    many: dict[str | bytes, str | bytes | None] = {f"files/{number:04}": "x" for number in range(2_999)}
    changed: dict[str | bytes, str | bytes | None] = {"README.md": None, "ansible/site.yml": "x"}
    commits = [Planned(f"Commit {number}", {"counter": str(number)}) for number in range(2_048)]
    update = make_history(repository, [*commits, Planned("Many files", many | changed)])
    assert (update.before, update.ref) == (begun, "refs/heads/main")
    payload = push_payload(repository, update, GRACE)
    assert [each["message"] for each in payload["commits"][:2]] == ["Commit 1", "Commit 2"]
    assert len(payload["commits"]) == 2_048
    head = payload["head_commit"]
    assert payload["commits"][-1] == head
    assert (len(head["added"]), head["removed"], head["modified"]) == (2_999, ["README.md"], [])


def test_a_history_may_begin_anew_and_have_any_file_name(repository: Repository) -> None:
    files: dict[str | bytes, str | bytes | None] = {b"caf\xe9": "x", 'a "b"\n\\c': b"\0"}
    update = make_history(repository, [Planned("Alone", files)], "alone", orphan=True)
    commit = repository.describe(update.after)
    assert (update.before, commit.parents) == (ZERO, [])
    assert commit.added == ['a "b"\n\\c', "caf\ufffd"]


def test_a_pull_request_tells_both_sides_and_what_lies_between(repository: Repository) -> None:
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


def test_a_pull_request_has_the_fields_of_githubs_own(repository: Repository) -> None:
    repository.commit({"a": "1"}, "On the branch", branch="feature")
    payload = pull_request_payload(repository, 7, "opened", "main", "feature", GRACE)
    sample = json.loads(Path("events/github/pull_request_opened.json").read_text())
    assert payload.keys() == sample.keys()
    for side in ("head", "base"):
        assert payload["pull_request"][side].keys() == sample["pull_request"][side].keys()
    missing = sample["pull_request"].keys() - payload["pull_request"].keys()
    assert missing == {"_links", "review_comment_url", "review_comments_url"}


def test_a_pull_request_from_a_fork_leaves_its_head_in_the_base(repository: Repository) -> None:
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


def test_a_pull_request_that_is_merged_is_closed(repository: Repository) -> None:
    repository.commit({"a": "1"}, "On the branch", branch="feature")
    pull = pull_request_payload(repository, 9, "closed", "main", "feature", GRACE, merged=True)["pull_request"]
    assert (pull["state"], pull["merged"], pull["merged_by"]["login"]) == ("closed", True, "grace")
    assert pull["closed_at"]
    assert pull["merged_at"]


def test_a_file_name_with_spaces_and_umlauts_is_told_as_it_is(repository: Repository) -> None:
    update = repository.commit({"docs/Übung eins.md": "x"}, "Übung")
    assert push_payload(repository, update, GRACE)["head_commit"]["added"] == ["docs/Übung eins.md"]


def test_authors_are_read_from_text() -> None:
    assert Author.parse("Grace Hopper <grace@example.com>") == GRACE
    assert Author.parse("Grace Hopper") == Author("Grace Hopper", "grace.hopper@example.com")
    assert Author("X", "first.last@y").login == "first-last"


def test_the_seed_is_the_checkouts_ansible_without_what_tools_leave(tmp_path: Path) -> None:
    ansible = tmp_path / "ansible"
    for path in ("site.yml", "roles/app/tasks/main.yml", ".build/home/x", "plugins/__pycache__/x.pyc"):
        (ansible / path).parent.mkdir(parents=True, exist_ok=True)
        (ansible / path).write_text("---\n")
    (ansible / "bin").mkdir()
    (ansible / "bin" / "run").write_text("#!/bin/sh\n")
    (ansible / "bin" / "run").chmod(0o755)
    repository = Repository(tmp_path / "git", tmp_path / "clones", "acme/infra")
    update = seed(repository, ansible)
    assert update is not None
    (commit,) = repository.commits(ZERO, update.after)
    assert commit.added == [
        "README.md",
        "ansible/bin/run",
        "ansible/roles/app/tasks/main.yml",
        "ansible/site.yml",
        "docs/runbook.md",
    ]
    assert (repository.clone / "ansible/bin/run").stat().st_mode & 0o111
    assert seed(repository, ansible) is None


class Endpoint:
    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        seen = self.requests

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                seen.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(202)
                self.end_headers()
                self.wfile.write(b'{"decisions": []}')

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/github"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_a_delivery_is_signed_and_kept_and_a_redelivery_has_the_same_id(
    endpoint: Endpoint, repository: Repository, tmp_path: Path
) -> None:
    hook = Webhook(endpoint.url, "s3cret", tmp_path / "deliveries")
    first = hook.deliver("ping", ping_payload(repository))
    again = hook.redeliver(first.id)

    (headers, body), (headers_again, body_again) = endpoint.requests
    digest = hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    assert headers["x-hub-signature-256"] == f"sha256={digest}"
    assert headers["x-github-event"] == "ping"
    assert headers["content-type"] == "application/json"
    assert headers["user-agent"].startswith("GitHub-Hookshot/")
    assert json.loads(body)["zen"]
    assert body_again == body
    assert headers_again["x-github-delivery"] == headers["x-github-delivery"] == first.id == again.id
    assert [(each.redelivery, each.response.status) for each in hook.deliveries()] == [(False, 202), (True, 202)]
    assert hook.deliveries()[0].response.json() == {"decisions": []}


def test_githubs_published_signature(endpoint: Endpoint, tmp_path: Path) -> None:
    hook = Webhook(endpoint.url, "It's a Secret to Everybody", tmp_path)
    sent = hook.deliver("push", b"Hello, World!")
    digest = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    assert sent.headers["X-Hub-Signature-256"] == f"sha256={digest}"


def test_an_endpoint_that_does_not_answer_is_a_failed_delivery(tmp_path: Path) -> None:
    sent = Webhook("http://127.0.0.1:9/github", "x", tmp_path).deliver("push", b"{}")
    assert sent.response.status == 0
    assert "Connect" in sent.response.body


def test_there_is_nothing_to_redeliver_under_an_unknown_id(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        Webhook("http://127.0.0.1:9/", "x", tmp_path).redeliver("none")
