"""The command that installs the Session Manager plugin: the right package, with the right signature."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.ansible_runs import LOCAL_INVENTORY, RUNNER, script

plugin = script("install-session-manager-plugin")


@pytest.mark.parametrize(
    ("machine", "debian", "path"),
    [
        ("x86_64", True, "ubuntu_64bit/session-manager-plugin.deb"),
        ("aarch64", True, "ubuntu_arm64/session-manager-plugin.deb"),
        ("x86_64", False, "linux_64bit/session-manager-plugin.rpm"),
        ("aarch64", False, "linux_arm64/session-manager-plugin.rpm"),
    ],
)
def test_the_plugins_package_is_the_documented_one(machine: str, debian: bool, path: str) -> None:
    assert plugin.package(machine, debian=debian) == path


def test_a_machine_without_a_package_is_an_error() -> None:
    with pytest.raises(plugin.CannotInstallError, match="riscv64"):
        plugin.package("riscv64", debian=True)


def test_only_an_inventory_that_connects_by_ssm_needs_the_plugin() -> None:
    assert plugin.needs_plugin((RUNNER / "inventory" / "aws_ec2.yml").read_text())
    assert not plugin.needs_plugin((LOCAL_INVENTORY / "aws_ec2.yml").read_text())


needs_gpg = pytest.mark.skipif(shutil.which("gpg") is None, reason="gpg is not installed")


@needs_gpg
def test_the_key_has_the_fingerprint(tmp_path: Path) -> None:
    command = ["gpg", "--batch", "--homedir", str(tmp_path), "--show-keys", "--with-colons"]
    output = subprocess.run(command, input=plugin.KEY, capture_output=True, text=True, check=True)
    assert f"fpr:::::::::{plugin.FINGERPRINT}:" in output.stdout


class Packages:
    """Downloads on disk, signed by a key of the test, and a dpkg that records its arguments."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = directory / "gnupg"
        self.home.mkdir(mode=0o700)
        self._gpg("--passphrase", "", "--quick-generate-key", "test <test@example.org>", "ed25519", "sign", "never")
        key = self._gpg("--armor", "--export")
        output = self._gpg("--list-keys", "--with-colons")
        fingerprint = next(line.split(":")[9] for line in output.splitlines() if line.startswith("fpr:"))
        self.file = directory / "downloads" / "ubuntu_64bit" / "session-manager-plugin.deb"
        self.file.parent.mkdir(parents=True)
        self.file.write_bytes(b"a package")
        self.source = plugin.Source((directory / "downloads").as_uri(), key, fingerprint)
        self.installed = directory / "installed"
        bin_directory = directory / "bin"
        bin_directory.mkdir()
        (bin_directory / "dpkg").write_text(f'#!/bin/sh\necho "$@" >> {self.installed}\n')
        (bin_directory / "dpkg").chmod(0o755)
        monkeypatch.setenv("PATH", f"{bin_directory}:/usr/bin:/bin")

    def sign(self) -> None:
        self._gpg("--detach-sign", "--output", f"{self.file}.sig", str(self.file))

    def end(self) -> None:
        subprocess.run(["gpgconf", "--homedir", str(self.home), "--kill", "all"], check=False, timeout=300)

    def _gpg(self, *arguments: str) -> str:
        command = ["gpg", "--batch", "--quiet", "--homedir", str(self.home), "--pinentry-mode", "loopback", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=3000).stdout


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    fake = Packages(tmp_path, monkeypatch)
    yield fake
    fake.end()


@needs_gpg
def test_a_package_signed_by_the_key_is_installed(packages: Packages) -> None:
    packages.sign()
    plugin.install(packages.source, "x86_64", debian=True)
    assert packages.installed.read_text().startswith("--install /")


@needs_gpg
def test_a_package_that_was_altered_is_not_installed(packages: Packages) -> None:
    packages.sign()
    packages.file.write_bytes(b"another package")
    with pytest.raises(plugin.CannotInstallError, match="BAD signature"):
        plugin.install(packages.source, "x86_64", debian=True)
    assert not packages.installed.exists()


@needs_gpg
def test_a_package_signed_by_another_key_is_not_installed(packages: Packages) -> None:
    packages.sign()
    other = plugin.Source(packages.source.downloads)
    with pytest.raises(plugin.CannotInstallError):
        plugin.install(other, "x86_64", debian=True)
    assert not packages.installed.exists()


@needs_gpg
def test_a_package_that_cannot_be_downloaded_is_an_error(packages: Packages) -> None:
    with pytest.raises(plugin.CannotInstallError, match="cannot download"):
        plugin.install(packages.source, "x86_64", debian=True)
