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
from localcloud.github import Webhook, ping_payload, push_payload
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
