"""`pointsman routes explain`: what would happen, from every way to say what has changed."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from localcloud.github.git_command import git_environment
from pointsmanctl.errors import InvalidInput
from pointsmanctl.explain.changed_names import names_in, read_range
from pointsmanctl.main import app
from pointsmanctl.output.shapes import DECISION_COLUMNS
from tests.support.receiver import ROOT

DEV, PROD = "dev/eu-west-1", "prod/eu-west-1"
RULES = str(ROOT / "routes.yaml")
UNUSUAL = ("ansible/a b", 'ansible/"q"', "ansible/日本", "ansible/two\nlines", "ansible/t\tb", "ansible/b\\s")


def explain(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(app, ["routes", "explain", "--routes", RULES, *arguments], input=stdin)


def decisions(*arguments: str, stdin: bytes | None = None) -> list[dict[str, Any]]:
    result = explain("--output=json", *arguments, stdin=stdin)
    assert result.exit_code == 0, result.output
    commit_range: list[dict[str, Any]] = json.loads(result.stdout)
    return commit_range


def test_explain_shows_decision_pattern_and_file_of_each_route() -> None:
    [decision] = decisions("--repo", "acme/infra", "--branch", "main", "--files", "a.md", "b.md", "roles/c")
    assert decision.keys() == {*DECISION_COLUMNS, "would_run", "plan"}
    assert decision["rollout"] is None
    assert (decision["route"], decision["outcome"], decision["runs"]) == ("site", "matched", True)
    assert (decision["pattern"], decision["file"]) == ("**", "roles/c")
    assert len(decision["targets"]) == 10
    table_text = explain("--branch", "main", "--files", "a.md", "roles/c").stdout
    assert "ROUTE" in table_text
    assert "roles/c" in table_text
    assert "1 of 1 route runs: site" in table_text
    assert "site: ansible-playbook site.yml  on dev/us-east-1, dev/ca-central-1" in table_text


def test_the_rules_only_repository_need_not_be_named_and_case_does_not_count() -> None:
    assert decisions("--branch", "main", "--files") == decisions("--repo", "ACME/Infra", "--branch", "main", "--files")


def test_files_without_names_are_a_push_that_changes_nothing() -> None:
    [decision] = decisions("--branch", "main", "--files")
    assert decision["reason"].endswith("no files were changed")


def test_names_come_from_standard_input_or_a_file(tmp_path: Path) -> None:
    names = tmp_path / "names"
    names.write_bytes(b"docs/a.md\0ansible/two\nlines\0")
    [decision] = decisions("--branch", "main", "--files-from", str(names))
    assert decision["file"] == "ansible/two\\x0alines"
    [decision] = decisions("--branch", "main", "--files-from", "-", stdin=b'docs/a.md\n"ansible/\\346\\227\\245"\n')
    assert decision["file"] == "ansible/日"


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (b"", ()),
        (b"a\nb\n", ("a", "b")),
        (b"a\r\nb", ("a", "b")),
        (b"a\0b\nc\0", ("a", "b\nc")),
        (b'"a\\tb\\n\\"\\\\"\n', ('a\tb\n"\\',)),
        (b'"\n', ('"',)),
    ],
)
def test_names_are_read_as_git_writes_them(content: bytes, names: tuple[str, ...]) -> None:
    assert names_in(content) == names


@pytest.mark.parametrize(
    ("name", "outcome", "reason"),
    [
        ("push_main", "matched", "matches paths[0]"),
        ("push_enterprise_server", "matched", "matches paths[0]"),
        ("push_forced", "undetermined", "after a force push"),
        ("push_docs_only", "ignored", "no changed file matches paths"),
        ("pull_request_opened", "ignored", "the route handles the event push, not pull_request"),
    ],
)
def test_a_saved_delivery_is_explained(name: str, outcome: str, reason: str) -> None:
    [decision] = decisions("--payload", str(ROOT / f"events/github/{name}.json"))
    assert decision["outcome"] == outcome
    assert reason in decision["reason"]


def test_a_request_saved_from_githubs_page_is_accepted() -> None:
    payload = json.loads((ROOT / "events/github/push_main.json").read_text())
    saved = json.dumps({"id": 1, "request": {"headers": {}, "payload": payload}}).encode()
    [decision] = decisions("--payload", "-", stdin=saved)
    assert decision["outcome"] == "matched"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--payload", "events/github/push_deleted_branch.json"), "was deleted: nothing to run"),
        (("--payload", "events/github/push_published_example.json"), "no route is for the repository Codertocat/"),
        (("--repo", "acme/other", "--branch", "main", "--files", "a"), "the routes are for acme/infra"),
    ],
)
def test_without_a_route_for_the_change_there_is_a_reason(arguments: tuple[str, ...], expected: str) -> None:
    arguments = tuple(str(ROOT / each) if each.startswith("events/") else each for each in arguments)
    result = explain("--output=json", *arguments)
    assert (result.exit_code, json.loads(result.stdout)) == (0, [])
    assert expected in result.stderr


def test_names_in_another_encoding_are_refused() -> None:
    with pytest.raises(InvalidInput, match="are UTF-16"):
        names_in("ansible/a\n".encode("utf-16"))
    with pytest.raises(InvalidInput, match="are UTF-16"):
        names_in("ansible/a\n".encode("utf-16-le"))
    assert names_in(b"a\0") == names_in(b"\xef\xbb\xbfa\n") == ("a",)
    with pytest.raises(InvalidInput, match="not UTF-8"):
        names_in(b"ansible/caf\xe9\n")
    for arguments in (("--files", "ansible/caf\udce9"), ("--files", "a", "--branch", "x\udce9")):
        result = explain("--branch", "main", *arguments)
        assert result.exit_code == 2
        assert "is not UTF-8" in result.output


# --- git ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two commits on main, of which the second has unusual names; a tag has the branch's name."""
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "remote", "add", "origin", "git@github.com:acme/infra.git")
    (tmp_path / "ansible").mkdir()
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/a.md").write_text("1")
    commit(tmp_path, "Begin")
    for name in UNUSUAL:
        (tmp_path / name).write_text("1")
    commit(tmp_path, "Names [skip ci]")
    git(tmp_path, "tag", "main")
    git(tmp_path, "config", "diff.relative", "true")
    monkeypatch.chdir(tmp_path / "docs")
    return tmp_path


def git(directory: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=directory, env=git_environment(), check=True)


def commit(directory: Path, message: str) -> None:
    git(directory, "add", "-A")
    git(directory, "-c", "user.name=h", "-c", "user.email=h@example.com", "commit", "-q", "-m", message)


@pytest.mark.parametrize("commits", ["HEAD~1..HEAD", "HEAD~1...HEAD", "HEAD", "HEAD~1.."])
def test_a_range_of_git_says_its_files_its_branch_its_repository_and_its_message(
    repository: Path, commits: str
) -> None:
    commit_range = read_range(commits, repository)
    assert set(commit_range.names) == set(UNUSUAL)
    assert (commit_range.branch, commit_range.repository, commit_range.message) == (
        "main",
        "acme/infra",
        "Names [skip ci]",
    )
    [decision] = decisions("--git", commits)
    assert decision["reason"].endswith("the message contains [skip ci] (set skip_ci: false to ignore such markers)")
    [decision] = decisions("--git", commits, "--message", "Names")
    assert decision["runs"]


def test_a_range_that_ends_elsewhere_is_not_the_branch_that_is_checked_out(repository: Path) -> None:
    git(repository, "branch", "side", "HEAD~1")
    assert read_range("HEAD~1..HEAD~1", repository).branch is None
    assert read_range("main~1..side", repository).branch == "side"
    assert read_range("side", repository).branch == "side"
    assert read_range("main~1", repository).branch is None
    result = explain("--git", "HEAD~1")
    assert result.exit_code == 2
    assert "give one of --branch" in result.output


def test_the_end_of_a_shallow_clone_is_not_a_first_commit(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{repository}", "shallow")
    with pytest.raises(InvalidInput, match="git fetch --unshallow"):
        read_range("HEAD", tmp_path / "shallow")
    with pytest.raises(InvalidInput, match="'HEAD~1' is not a commit in this repository"):
        read_range("HEAD~1..HEAD", tmp_path / "shallow")


def test_the_first_commit_changes_all_its_files(repository: Path) -> None:
    assert read_range("HEAD~1", repository).names == ("docs/a.md",)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://github.com/acme/infra", "acme/infra"),
        ("https://token@GitHub.com/acme/infra.git", "acme/infra"),
        ("ssh://git@ssh.github.com:443/acme/infra.git", "acme/infra"),
        ("https://gitlab.com/acme/infra.git", None),
    ],
)
def test_the_repository_is_read_off_the_remote(repository: Path, url: str, name: str | None) -> None:
    git(repository, "remote", "set-url", "origin", url)
    assert read_range("HEAD", repository).repository == name


@pytest.mark.parametrize(
    ("commits", "expected"),
    [("nosuch..HEAD", "'nosuch' is not a commit in this repository"), ("--output=x", "is not a commit range")],
)
def test_an_unknown_commit_range_is_reported(repository: Path, commits: str, expected: str) -> None:
    result = explain(f"--git={commits}")
    assert result.exit_code == 2
    assert expected in result.stderr


# --- what would run -------------------------------------------------------------------------------------------------


def test_explain_shows_what_would_run_on_each_target(tmp_path: Path) -> None:
    rules = tmp_path / "routes.yaml"
    rules.write_text(
        """
accounts: {dev: "222222222222", prod: "333333333333"}
regions: [eu-west-1]
targets: [{account: dev}, {account: prod, limit: fleet, extra_vars: {level: warn}}]
routes:
  - name: site
    repository: acme/infra
    on: [push, pull_request]
    playbook: site.yml
    limit: web
    targets: ["*/*", {account: prod, tags: [web, db], extra_vars: {backup: true}}]
  - {name: other, repository: acme/other, on: push, playbook: x.yml, targets: all}
"""
    )
    rest = ("--repo", "acme/infra", "--files", "a")
    words = ["routes", "explain", "--routes", str(rules), "--branch", "main", *rest]
    [site] = json.loads(CliRunner().invoke(app, [*words, "--output=json"]).stdout)
    assert site["would_run"] == [
        {
            "mode": "apply",
            "playbook": "site.yml",
            "limit": "web",
            "tags": [],
            "extra_vars": {},
            "options": {},
            "targets": [DEV],
        },
        {
            "mode": "apply",
            "options": {},
            "playbook": "site.yml",
            "limit": "fleet:&web",
            "tags": ["web", "db"],
            "extra_vars": {"level": "warn", "backup": True},
            "targets": [PROD],
        },
    ]
    table_text = CliRunner().invoke(app, words)
    assert f"ansible-playbook site.yml --limit=web  on {DEV}" in table_text.stdout
    assert "--limit=fleet:&web' --tags=web,db" in " ".join(table_text.stdout.split())
    assert "acme/infra, branch main; 1 of the routes are for other repositories" in table_text.stderr
    words = ["routes", "explain", "--routes", str(rules), "--base", "main", "--head", "x", *rest]
    assert "site.yml --check --limit=web" in CliRunner().invoke(app, words).stdout


# --- what is said wrongly -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--branch", "main"), "say which files changed"),
        (("--branch", "main", "a"), "write --files before the names of files"),
        (("--files", "a"), "the ref is missing or ambiguous"),
        (("--branch", "main", "--tag", "v1", "--files", "a"), "the ref is missing or ambiguous"),
        (("--base", "main", "--files", "a"), "a pull request needs both"),
        (("--branch", "main", "--fork", "eve/infra", "--files", "a"), "--action and --fork are only for pull requests"),
        (("--repo", "acme", "--branch", "main", "--files", "a"), "'acme' is not owner/name"),
        (("--base", "main", "--head", "x", "--fork", "eve", "--files", "a"), "'eve' is not owner/name"),
        (("--branch", "refs/heads/main", "--files", "a"), "write --branch main"),
        (("--branch", "refs/tags/v1", "--files", "a"), "write --tag v1"),
        (("--tag", "refs/heads/main", "--files", "a"), "write --branch main"),
        (("--branch", "main", "--files", ""), "'' is not the name of a file in a repository"),
        (("--branch", "main", "--files", "../x"), "'../x' is not the name of a file"),
        (("--branch", "main", "--files", "a//b"), "'a//b' is not the name of a file"),
        (("--branch", "main", "--files", "/srv/a"), "relative to the root of the repository"),
        (("--branch", "main", "--files", "M\tansible/a"), "looks like a line of `git diff --name-status`"),
        (("--payload", "x", "--branch", "main"), "not allowed with --payload"),
        (("--branch", "", "--files", "a"), "the value is empty"),
    ],
)
def test_missing_and_conflicting_options_are_reported(arguments: tuple[str, ...], expected: str) -> None:
    result = explain(*arguments)
    assert result.exit_code == 2
    assert expected in " ".join(result.output.replace("│", " ").split())


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"{", "is not JSON"),
        (b"[]", "but not an object"),
        (b"{}", "not the payload of a push or pull request: missing: ref"),
    ],
)
def test_an_invalid_delivery_is_reported(content: bytes, expected: str) -> None:
    result = explain("--payload", "-", stdin=content)
    assert result.exit_code == 2
    assert expected in result.stderr


def test_errors_in_routes_are_reported_and_nothing_is_decided(tmp_path: Path) -> None:
    rules = tmp_path / "routes.yaml"
    rules.write_text("accounts: {}\n")
    result = CliRunner().invoke(app, ["routes", "explain", "--routes", str(rules), "--branch", "main", "--files"])
    assert result.exit_code == 2
    assert "accounts: must not be empty" in result.stderr


def test_a_pull_request_is_explained() -> None:
    [decision] = decisions("--base", "main", "--head", "x", "--files", "ansible/a")
    assert decision["reason"] == "the route handles the event push, not pull_request"
