"""The definition of the run image: the product's files with the team's own, under a hash that changes when they do."""

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from localcloud.layout import CHECKOUT
from pointsmanctl.deployment.run_image.definition import Definition, read_definition
from pointsmanctl.deployment.settings import ImageSettings
from pointsmanctl.errors import InvalidInput

IMAGE = CHECKOUT / "image"


def read(directory: Path, **settings: str) -> Definition:
    return read_definition(IMAGE, ImageSettings.model_validate(settings), directory)


def contents(definition: Definition) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(definition.archive)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_archive_has_what_the_definition_names_and_what_builds_it(tmp_path: Path) -> None:
    files = contents(read(tmp_path))
    assert files.keys() == {
        "image/execution-environment.yml",
        "image/build_image.py",
        "image/requirements.txt",
        "image/constraints.txt",
        "image/galaxy.yml",
        "image/python.txt",
        "image/system.txt",
        "runner/requirements.txt",
        "runner/bin/install-ansible",
        "runner/session_manager_plugin.py",
    }
    assert all(body == (CHECKOUT / name).read_bytes() for name, body in files.items())


def test_the_same_files_make_the_same_archive(tmp_path: Path) -> None:
    assert read(tmp_path) == read(tmp_path)


def test_every_change_is_another_image(tmp_path: Path) -> None:
    (tmp_path / "more.txt").write_text("requests==2.32.5\n")
    (tmp_path / "other.txt").write_text("requests==2.32.4\n")
    changes = [{}, {"python": "more.txt"}, {"python": "other.txt"}, {"system": "more.txt"}]
    changes += [{"architecture": "arm64"}, {"revision": "2026-12"}]
    assert len({read(tmp_path, **change).tag for change in changes}) == len(changes)


def test_ansible_builder_takes_the_teams_files(tmp_path: Path) -> None:
    (tmp_path / "requirements.yml").write_text("collections: [{name: community.crypto, version: 3.0.3}]\n")
    (tmp_path / "python.txt").write_text("requests==2.32.5\n")
    (tmp_path / "bindep.txt").write_text("jq [platform:rpm]\n")
    definition = read(tmp_path, galaxy="requirements.yml", python="python.txt", system="bindep.txt")
    with zipfile.ZipFile(io.BytesIO(definition.archive)) as archive:
        archive.extractall(tmp_path / "source")
    command = [str(Path(sys.executable).with_name("ansible-builder")), "create", "--context", str(tmp_path / "context")]
    file = tmp_path / "source" / "image" / "execution-environment.yml"
    subprocess.run([*command, "--file", str(file)], check=True, capture_output=True)
    built = tmp_path / "context" / "_build"
    assert "community.crypto" in (built / "requirements.yml").read_text()
    assert (built / "requirements.txt").read_text() == "requests==2.32.5\n"
    assert (built / "bindep.txt").read_text() == "jq [platform:rpm]\n"


def test_every_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "requirements.yml").write_text("just a text\n")
    (tmp_path / "python.txt").write_text("requests==2.32.5 --hash=sha256:12\n")
    with pytest.raises(InvalidInput) as refused:
        read(tmp_path, galaxy="requirements.yml", python="python.txt", system="missing.txt")
    text = str(refused.value)
    assert "image.galaxy: the file must have `roles` and `collections`" in text
    assert "image.python: ansible-builder reads neither hashes nor other files" in text
    assert f"image.system: {tmp_path / 'missing.txt'} cannot be read: No such file or directory" in text


@pytest.mark.parametrize("body", [b"\xff\xfe", b"a: [b"])
def test_a_list_that_cannot_be_parsed_is_named(body: bytes, tmp_path: Path) -> None:
    (tmp_path / "requirements.yml").write_bytes(body)
    with pytest.raises(InvalidInput, match=r"image\.galaxy: the file cannot be read"):
        read(tmp_path, galaxy="requirements.yml")
