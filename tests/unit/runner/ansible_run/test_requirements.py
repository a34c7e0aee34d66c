"""What a repository requires: which files are installed, with which commands, and what the cache keeps."""

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from ansible_run import requirements

PINNED = "roles: [{name: geerlingguy.nginx, version: 3.2.0}]\ncollections: [{name: community.docker, version: 4.6.1}]\n"


class Project:
    """A repository, the runner's own directory, and commands that only leave a mark."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = directory / "src"
        self.root.mkdir()
        self.cache = directory / "cache"
        self.build = directory / "build"
        self.build.mkdir()
        self.commands: list[list[str]] = []
        self.fails = False
        monkeypatch.setattr(requirements, "BUILD_DIRECTORY", self.build)

    def write(self, name: str, text: str) -> None:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def install(self, named: Sequence[str] | None = None, *, cached: bool = True) -> requirements.Installed | None:
        def run(command: Sequence[str], more: Mapping[str, str]) -> bool:
            self.commands.append(list(command))
            if roles := more.get("ANSIBLE_ROLES_PATH"):
                (Path(roles) / "installed").mkdir(exist_ok=True)
            return not self.fails

        environ = {"POINTSMAN_CACHE": str(self.cache)} if cached else {}
        return requirements.install(self.root, named, environ, run)

    @property
    def programs(self) -> list[tuple[str, str]]:
        """Each command's program and its last word."""
        return [(command[0].rpartition("/")[2], command[-1].rpartition("/")[2]) for command in self.commands]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    return Project(tmp_path, monkeypatch)


def test_the_usual_places_are_installed_from(project: Project) -> None:
    for name in ("requirements.yml", "roles/requirements.yml", "collections/requirements.yml"):
        project.write(name, PINNED)
    project.write("docs/requirements.yml", PINNED)
    project.install()
    assert [command[1:] for command in project.commands] == [
        ["install", "--role-file=requirements.yml"],
        ["install", "--role-file=roles/requirements.yml"],
        ["install", "--role-file=collections/requirements.yml"],
    ]


def test_named_files_replace_the_usual_places(project: Project) -> None:
    project.write("requirements.yml", PINNED)
    project.write("galaxy.yml", PINNED)
    project.install(["galaxy.yml"])
    assert project.programs == [("ansible-galaxy", "--role-file=galaxy.yml")]


def test_a_repository_without_requirements_installs_nothing(project: Project) -> None:
    assert project.install() == requirements.Installed()
    assert project.install([]) == requirements.Installed()
    assert project.commands == []


def test_a_command_that_fails_installs_nothing_and_keeps_nothing(project: Project) -> None:
    project.write("requirements.yml", PINNED)
    project.fails = True
    assert project.install() is None
    assert not project.cache.exists()


# --- the cache ------------------------------------------------------------------------------------------------------


def test_pinned_roles_and_collections_come_from_the_cache_the_second_time(project: Project) -> None:
    project.write("requirements.yml", PINNED)
    project.install()
    installed = project.install()
    assert len(project.commands) == 1
    assert installed
    assert installed.galaxy
    assert installed.galaxy.is_relative_to(project.cache)
    assert (installed.galaxy / "roles/installed").is_dir()


def test_other_requirements_are_installed_again(project: Project) -> None:
    project.write("requirements.yml", PINNED)
    project.install()
    project.write("requirements.yml", PINNED.replace("3.2.0", "3.3.0"))
    project.install()
    assert len(project.commands) == 2


@pytest.mark.parametrize(
    "entry",
    [
        "{name: a.b}",
        "{name: a.b, version: main}",
        '{name: a.b, version: ">=1.0.0"}',
        "{name: a.b, version: '*'}",
        "{src: ./local, version: 1.0.0}",
        "{name: file:///srv/b, version: 1.0.0}",
        "{include: more.yml, version: 1.0.0}",
        "a.b",
    ],
)
def test_what_may_mean_something_else_tomorrow_is_not_cached(project: Project, entry: str) -> None:
    project.write("requirements.yml", f"roles: [{entry}]\n")
    project.install()
    assert not project.cache.exists()


def test_a_commit_of_a_git_repository_is_cached(project: Project) -> None:
    project.write("requirements.yml", f"- {{src: https://github.com/acme/x, scm: git, version: {'0f' * 20}}}\n")
    project.install()
    assert project.cache.exists()


def test_what_was_not_used_for_a_month_is_removed(project: Project) -> None:
    old, recent = (project.cache / "galaxy" / name for name in ("old", "recent"))
    for directory, days in ((old, 31), (recent, 29)):
        directory.mkdir(parents=True)
        os.utime(directory, (time.time() - days * 86400,) * 2)
    project.write("requirements.yml", PINNED)
    project.install()
    assert not old.exists()
    assert recent.exists()


def test_without_a_cache_everything_is_installed_each_time(project: Project) -> None:
    project.write("requirements.yml", PINNED)
    for _ in range(2):
        project.install(cached=False)
    assert len(project.commands) == 2


# --- Python packages ------------------------------------------------------------------------------------------------


def test_ansible_itself_is_left_out_and_named(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.write("requirements.txt", "ansible>=9\nansible-core==2.18\nansible-lint\nnetaddr\n")
    project.install()
    assert (project.build / "requirements.txt").read_text() == "ansible-lint\nnetaddr\n"
    assert "requirements.txt: 'ansible-core==2.18' is not installed" in capsys.readouterr().out


def test_packages_are_installed_in_the_versions_of_the_runners_own(project: Project) -> None:
    project.write("requirements.txt", "netaddr\n")
    project.install()
    [command] = project.commands
    assert f"--target={project.build}/python" in command
    assert command[-1] == f"--constraint={project.build}/constraints.txt"
    assert "ansible-core==" in (project.build / "constraints.txt").read_text()


def test_files_that_a_file_includes_are_found(project: Project) -> None:
    project.write("build/requirements.txt", "-r base.txt\n-c /etc/constraints.txt\n")
    project.install(["build/requirements.txt"])
    text = (project.build / "requirements.txt").read_text()
    assert text == f"-r {project.root}/build/base.txt\n-c /etc/constraints.txt\n"


def test_hashes_are_kept_and_need_no_constraints(project: Project) -> None:
    project.write("requirements.txt", "netaddr==1.3.0 \\\n    --hash=sha256:0f\n")
    project.install()
    assert not any(word.startswith("--constraint") for word in project.commands[0])
    assert "--hash=sha256:0f" in (project.build / "requirements.txt").read_text()


@pytest.mark.parametrize("text", ["", "---\n# nothing yet\n", "---\n...\n"])
def test_an_empty_file_is_not_given_to_ansible_galaxy_which_would_fail(
    project: Project, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write("requirements.yml", text)
    project.write("roles/requirements.yml", PINNED)
    assert project.install()
    assert project.programs == [("ansible-galaxy", "requirements.yml")]
    assert project.commands[0][-1] == "--role-file=roles/requirements.yml"
    assert "requirements.yml is empty" in capsys.readouterr().out


def test_a_comment_in_another_encoding_stays_as_it_is(project: Project) -> None:
    (project.root / "requirements.txt").write_bytes(b"# -*- coding: latin-1 -*-\n# caf\xe9\nboto3==1.2\n")
    project.install()
    assert (project.build / "requirements.txt").read_bytes().splitlines()[1] == b"# caf\xe9"


def test_ansible_is_left_out_behind_a_byte_order_mark(project: Project) -> None:
    (project.root / "requirements.txt").write_bytes(b"\xef\xbb\xbfansible==9.0\nboto3==1.2\n")
    project.install()
    assert (project.build / "requirements.txt").read_text() == "boto3==1.2\n"
