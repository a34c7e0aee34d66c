"""Which files changed: real repositories, their payloads and GitHub's API, with git itself as the oracle."""

import subprocess
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from localcloud.github.git_command import git_environment
from localcloud.github.history import PlannedCommit, make_history
from localcloud.github.repository import GitRepository, RefUpdate
from localcloud.github.shapes import identity_of
from pointsman.adapters.changed_files_github import GithubChangedFiles
from pointsman.adapters.github_http import GithubHttp
from pointsman.adapters.github_token import GithubToken
from pointsman.core.github.pull_request import read_pull_request
from pointsman.core.github.push import read_push
from pointsman.core.routing.decide import decide
from pointsman.core.routing.routing_input import Comparison, RoutingInput
from pointsman.errors import Unavailable
from tests.support.github_api import GithubServer, github_server
from tests.support.pushes import (
    HANA,
    KINDS,
    Pushed,
    forced_aside,
    forced_back,
    many_files,
    one_commit,
    oracle,
    pushed,
    several_commits,
)
from tests.support.receiver import ROOT, routes_with


def subject_of(payload: dict[str, Any]) -> RoutingInput:
    read = read_pull_request(payload) if "pull_request" in payload else read_push(payload)
    assert isinstance(read, RoutingInput)
    return read


def stored_run(server: GithubServer, comparison: Comparison, secret: str | None = None) -> set[str]:
    http = GithubHttp(server.url)
    return set(
        GithubChangedFiles(http, GithubToken(lambda: secret or server.token, http)).changed_files(comparison, 20)
    )


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GithubServer]:
    with github_server(tmp_path) as running:
        yield running


@pytest.fixture
def repository(server: GithubServer) -> GitRepository:
    """Three files on main."""
    repository = server.repository()
    repository.commit({"ansible/site.yml": "1", "docs/a.md": "1", "README.md": "1"}, "Begin", author=HANA)
    return repository


TOUCHED_TWICE = KINDS["several commits"]
every_kind = pytest.mark.parametrize("push", list(chain.from_iterable(KINDS.values())), ids=lambda push: push.__name__)


def is_enough(push: Callable[[GitRepository], Pushed]) -> bool:
    """Whether docs/routes.md says that the payload of such a push is enough."""
    [kind] = (kind for kind, pushes in KINDS.items() if push in pushes)
    rows = (line[2:-2].split(" | ") for line in (ROOT / "docs/routes.md").read_text().splitlines())
    [enough] = (
        row[2] for row in rows if len(row) == 3 and row[0].startswith(kind) and row[2][:3] in ("yes", "no", "no:")
    )
    return enough.startswith("yes")


@every_kind
def test_github_and_git_have_the_same_difference(
    server: GithubServer, repository: GitRepository, push: Callable[[GitRepository], Pushed]
) -> None:
    body = push(repository)
    assert stored_run(server, subject_of(body.payload).comparison) == oracle(repository, body)


@every_kind
def test_a_payload_names_exactly_the_files_that_git_names(
    repository: GitRepository, push: Callable[[GitRepository], Pushed]
) -> None:
    body = push(repository)
    files = subject_of(body.payload).files
    differs = oracle(repository, body)
    assert set(files.names) <= differs
    assert files.gap or differs <= set(files.names) | set(files.uncertain)
    assert (files.gap is None) == is_enough(push)
    assert files.exact == (is_enough(push) and push not in TOUCHED_TWICE)
    if files.exact:
        assert set(files.names) == differs


def test_a_merge_that_throws_away_what_main_has_hides_it_in_a_payload_but_not_from_github(
    server: GithubServer, repository: GitRepository
) -> None:
    """A push of several commits that would be ignored needs GitHub: no payload shows which commits are merges."""
    repository.commit({"ansible/x.yml": "1"}, "On a branch", branch="topic", author=HANA)
    main = repository.commit({"docs/a.md": "2"}, "On main", author=HANA).after
    topic = repository.resolve("topic")
    parents = ["-p", topic, "-p", main]
    environment = git_environment(
        {f"GIT_{who}_{what}": "h" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    )
    merge = subprocess.run(
        ["git", "commit-tree", f"{topic}^{{tree}}", *parents, "-m", "Our own words"],
        cwd=repository.bare,
        env=environment,
        capture_output=True,
        check=True,
        text=True,
    ).stdout.strip()
    body = pushed(repository, repository.reset_branch("main", merge))
    subject = subject_of(body.payload)
    assert oracle(repository, body) == {"ansible/x.yml", "docs/a.md"} == stored_run(server, subject.comparison)
    assert "docs/a.md" not in subject.files.names + subject.files.uncertain
    assert decide(subject, routes_with({"on": {"push": {"paths": ["docs/**"]}}})).needs_changed_files


def test_a_tag_and_a_branch_on_one_commit_are_one_rollout_of_a_route_that_takes_both(repository: GitRepository) -> None:
    by_branch = subject_of(one_commit(repository).payload)
    by_tag = subject_of(pushed(repository, repository.tag("v1")).payload)
    assert by_branch.change.after == by_tag.change.after
    assert (by_branch.kind, by_tag.kind) == ("branch", "tag")
    both = routes_with({"on": {"push": {"branches": ["main"], "tags": ["v*"], "paths": ["ansible/**"]}}})
    [first], [second] = (decide(subject, both).specs for subject in (by_branch, by_tag))
    assert first == second  # so that the engine takes the second for a repetition
    apart = routes_with({"on": {"push": {"branches": ["main"]}}}, {"on": {"push": {"tags": ["v*"]}}})
    assert [spec.route for spec in decide(by_tag, apart).specs] == ["route-2"]


def test_a_mode_a_link_and_a_submodule_are_changes_of_their_file(
    server: GithubServer, repository: GitRepository
) -> None:
    before = repository.resolve("main")
    stream = (
        f"commit refs/heads/main\ncommitter H <h@example.com> 1795420800 +0000\ndata 1\nx\nfrom {before}\n"
        "M 100755 inline README.md\ndata 1\n1\nM 120000 inline docs/link\ndata 4\na.md\n"
        f"M 160000 {before} vendor/module\n\n"
    )
    subprocess.run(
        ["git", "fast-import", "--quiet"], cwd=repository.bare, env=git_environment(), input=stream.encode(), check=True
    )
    body = pushed(repository, RefUpdate("refs/heads/main", before, repository.resolve("main")))
    names = stored_run(server, subject_of(body.payload).comparison)
    assert names == oracle(repository, body) == {"README.md", "docs/link", "vendor/module"}


# --- how GitHub is asked --------------------------------------------------------------------------------------------


def test_an_app_asks_with_a_token_for_the_repository_alone(server: GithubServer, repository: GitRepository) -> None:
    body = forced_back(repository)
    comparison = subject_of(body.payload).comparison
    assert stored_run(server, comparison, server.app_secret) == oracle(repository, body)
    first, *others = [(call["method"], call["path"], call["status"]) for call in server.calls]
    assert (first[0], first[2]) == ("POST", 201)
    assert sorted(others) == sorted(
        ("GET", f"/repos/acme/infra/git/trees/{sha}", 200) for sha in (comparison.base, comparison.head)
    )


def test_a_tree_that_is_cut_off_leaves_the_comparison(server: GithubServer, repository: GitRepository) -> None:
    server.api.control(tree_limit=1)
    body = several_commits(repository)
    assert stored_run(server, subject_of(body.payload).comparison) == oracle(repository, body)


@pytest.mark.parametrize("push", [forced_aside, many_files], ids=lambda push: push.__name__)
def test_without_a_complete_source_there_is_no_list(
    server: GithubServer, repository: GitRepository, push: Callable[[GitRepository], Pushed]
) -> None:
    """A comparison is three-dot and lists 300 files: after a forced push it would tell another difference."""
    server.api.control(tree_limit=1)
    with pytest.raises(Unavailable, match="cannot list all changed files"):
        stored_run(server, subject_of(push(repository).payload).comparison)


def test_a_renamed_repository_is_followed(server: GithubServer, repository: GitRepository) -> None:
    body = forced_back(repository)
    server.api.control(renames={"acme/old-name": "acme/infra"})
    comparison = subject_of(body.payload).comparison
    under_the_old_name = replace(comparison, repository="acme/old-name")
    for secret in (server.token, server.app_secret):
        assert stored_run(server, under_the_old_name, secret) == oracle(repository, body)


def test_a_commit_that_is_gone_or_a_repository_that_may_not_be_read_is_unknown(server: GithubServer) -> None:
    server.repository().commit({"a": "1"}, "Begin", author=HANA)
    server.repository("other/private").commit({"a": "1"}, "Begin", author=HANA)
    for name in ("acme/infra", "other/private", "acme/none"):
        with pytest.raises(Unavailable, match="does not find the commit, or the token has no access"):
            stored_run(server, Comparison(name, "1" * 40, "2" * 40, "trees", identity_of(name)))


# --- any history ----------------------------------------------------------------------------------------------------

NAMES = ("a", "b/c", "b/d")
CHANGES = st.dictionaries(st.sampled_from(NAMES), st.none() | st.integers(0, 2), min_size=1)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(history=st.lists(CHANGES, min_size=1, max_size=5), forced=st.booleans())
def test_payload_and_github_agree_with_git_for_every_push(
    server: GithubServer, repository: GitRepository, history: list[dict[str, int | None]], forced: bool
) -> None:
    there: dict[str | bytes, str | bytes | None] = dict.fromkeys(NAMES, "1")
    make_history(repository, [PlannedCommit("Anew", {**there, "ansible/site.yml": None}, HANA)], "main")
    start = repository.resolve("main")
    steps: list[PlannedCommit] = []
    for wanted in history:
        files: dict[str | bytes, str | bytes | None] = {
            name: None if content is None else str(content) for name, content in wanted.items()
        }
        steps.append(
            PlannedCommit("Step", {name: new for name, new in files.items() if new is not None or name in there}, HANA)
        )
        there = {name: new for name, new in {**there, **files}.items() if new is not None}
    update = make_history(repository, steps)
    if forced:
        update = repository.reset_branch("main", start)
    body = pushed(repository, update)
    subject, differs = subject_of(body.payload), oracle(repository, body)
    assert stored_run(server, subject.comparison) == differs
    assert set(subject.files.names) <= differs
    assert subject.files.gap or differs <= set(subject.files.names) | set(subject.files.uncertain)
