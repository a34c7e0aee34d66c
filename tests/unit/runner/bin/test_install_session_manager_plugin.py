"""The command that installs the Session Manager plugin: only where an inventory needs it and the image lacks it."""

from pathlib import Path

import pytest

from tests.support.ansible_runs import LOCAL_INVENTORY, RUNNER, script

plugin = script("install-session-manager-plugin")


def test_only_an_inventory_that_connects_by_ssm_needs_the_plugin() -> None:
    assert plugin.needs_plugin((RUNNER / "inventory" / "aws_ec2.yml").read_text())
    assert not plugin.needs_plugin((LOCAL_INVENTORY / "aws_ec2.yml").read_text())


class Image:
    """A build image, and a build whose inventory connects through Systems Manager."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.installed: list[str] = []
        self._programs = directory / "programs"
        self.cached = directory / "session-manager-plugin-0123.deb"
        self.cached.touch()
        self._programs.mkdir()
        monkeypatch.setenv("PATH", str(self._programs), prepend=":")
        monkeypatch.setenv("POINTSMAN_CACHE", str(directory))
        monkeypatch.setenv("CODEBUILD_SRC_DIR", str(directory))
        monkeypatch.delenv("POINTSMAN_INVENTORY_DIRECTORY", raising=False)
        monkeypatch.setattr(plugin, "install", lambda package, *rest: self.installed.append(package.version))

    def has(self, version: str) -> None:
        program = self._programs / "session-manager-plugin"
        program.write_text(f"#!/bin/sh\necho {version}\n")
        program.chmod(0o755)


@pytest.fixture
def image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Image:
    return Image(tmp_path, monkeypatch)


def test_the_plugin_of_the_run_image_is_used_as_it_is(image: Image, capsys: pytest.CaptureFixture[str]) -> None:
    image.has(plugin.Package().version)
    assert plugin.main() == 0
    assert image.installed == []
    assert "nothing to install" in capsys.readouterr().out
    assert not image.cached.exists()


def test_an_image_with_another_version_gets_the_pinned_one(image: Image, capsys: pytest.CaptureFixture[str]) -> None:
    image.has("1.0")
    assert plugin.main() == 0
    assert image.installed == [plugin.Package().version]
    assert f"the image has 1.0; installing {plugin.Package().version}" in capsys.readouterr().out


def test_an_image_without_the_plugin_gets_it(image: Image) -> None:
    assert plugin.main() == 0
    assert image.installed == [plugin.Package().version]
    assert image.cached.exists()


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("hosts.ini", "[pointsman_ssm]\nweb1 instance_id=i-0123456789abcdef0\n"),
        ("group_vars/web.yml", "ansible_connection: amazon.aws.aws_ssm\n"),
        ("playbooks/group_vars/web.yml", "ansible_connection: amazon.aws.aws_ssm\n"),
        ("playbooks/host_vars/web1/connection.yml", "ansible_connection: amazon.aws.aws_ssm\n"),
        ("playbooks/web.yml", "- {hosts: web, connection: amazon.aws.aws_ssm}\n"),
        ("ansible.cfg", "[defaults]\ntransport = amazon.aws.aws_ssm\n"),
    ],
)
def test_hosts_of_an_own_inventory_may_be_reached_by_ssm_wherever_that_stands(
    image: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str, text: str
) -> None:
    def write(name: str, content: str) -> None:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)

    monkeypatch.setenv("POINTSMAN_OPTIONS", '{"inventory": ["hosts.ini"]}')
    monkeypatch.setenv("POINTSMAN_PLAYBOOK", "playbooks/web.yml")
    write("hosts.ini", "[web]\nweb1\n")
    write("playbooks/web.yml", "- hosts: web\n")
    assert plugin.main() == 0
    assert image.installed == []
    write(file, text)
    assert plugin.main() == 0
    assert image.installed == [plugin.Package().version]
