"""A repository with one commit, and a client of the API that answers from it."""

from pathlib import Path

import pytest

from localcloud.github.repository import GitRepository
from tests.support.github_client import ApiClient


@pytest.fixture
def client(tmp_path: Path) -> ApiClient:
    return ApiClient(tmp_path)


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    made = GitRepository(tmp_path / "git", tmp_path / "clones", "acme/infra")
    assert made.create()
    made.commit({"README.md": "# infra\n", "ansible/site.yml": "- hosts: all\n  roles: [app]\n"}, "Begin")
    return made
