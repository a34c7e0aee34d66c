"""A build's source: the pinned commit, with its submodules if the project fetches them."""

from pathlib import Path

import pytest

from localcloud.codebuild.source import SourceError, fetch
from localcloud.github.repository import GitRepository

LOCATION = "https://github.com/acme/infra.git"


@pytest.fixture
def infra(tmp_path: Path) -> GitRepository:
    """acme/infra with the role of acme/shared as a submodule, whose repository has moved on since."""
    made = GitRepository(tmp_path / "git", tmp_path / "clones", "acme/infra")
    shared = made.sibling("acme/shared")
    made.create()
    shared.create()
    made.commit({"site.yml": "- hosts: all\n"}, "Begin")
    commit = shared.commit({"tasks/main.yml": "one\n"}, "One").after
    shared.commit({"tasks/main.yml": "two\n"}, "Two")
    made.add_submodule("roles/shared", "https://github.com/acme/shared.git", commit, "Share a role")
    return made


def checkout(tmp_path: Path, *, submodules: bool, version: str = "") -> Path:
    directory = tmp_path / "src"
    fetch(tmp_path / "git", LOCATION, version, directory, submodules=submodules)
    return directory


def test_a_submodule_has_the_commit_that_the_repository_names(infra: GitRepository, tmp_path: Path) -> None:
    directory = checkout(tmp_path, submodules=True)
    assert (directory / "roles/shared/tasks/main.yml").read_text() == "one\n"


def test_without_submodules_their_directories_are_empty(infra: GitRepository, tmp_path: Path) -> None:
    assert list((checkout(tmp_path, submodules=False) / "roles/shared").iterdir()) == []


def test_later_commits_keep_the_submodule(infra: GitRepository, tmp_path: Path) -> None:
    infra.commit({"README.md": "1\n"}, "Describe it")
    assert (checkout(tmp_path, submodules=True) / "roles/shared/tasks/main.yml").exists()


def test_a_submodule_with_a_relative_address_is_fetched(infra: GitRepository, tmp_path: Path) -> None:
    infra.add_submodule("more", "../shared.git", infra.sibling("acme/shared").resolve("main"), "Once more")
    assert (checkout(tmp_path, submodules=True) / "more/tasks/main.yml").read_text() == "two\n"


def test_a_submodule_that_does_not_exist_fails_the_source(infra: GitRepository, tmp_path: Path) -> None:
    infra.add_submodule("gone", "https://github.com/acme/gone.git", "1" * 40, "Break it")
    with pytest.raises(SourceError, match="gone"):
        checkout(tmp_path, submodules=True)
