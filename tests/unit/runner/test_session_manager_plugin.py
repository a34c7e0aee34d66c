"""The Session Manager plugin: the pinned version, with its checksum, without root, also for the run image."""

import hashlib
import io
import tarfile
from pathlib import Path

import pytest
import session_manager_plugin as plugin

PROGRAM = b"#!/bin/sh\n"


def test_a_machine_without_a_package_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(plugin.CannotInstallError, match="riscv64"):
        plugin.install(plugin.Package(), "riscv64", "", tmp_path / "program")


@pytest.mark.parametrize("kind", ["64bit", "arm64"])
def test_the_package_is_of_one_version(kind: str) -> None:
    pinned = plugin.Package()
    assert f"/{pinned.version}/ubuntu_{kind}/" in pinned.url(kind)
    assert len(bytes.fromhex(pinned.sha256[kind])) == 32


def deb(path: str = plugin.PROGRAM, version: bytes = b"2.0\n") -> bytes:
    """A .deb with one program."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as files:
        member = tarfile.TarInfo(f"./{path}")
        member.size = len(PROGRAM)
        files.addfile(member, io.BytesIO(PROGRAM))
    members = {"debian-binary": version, "control.tar.gz": b"odd", "data.tar.gz/": data.getvalue()}
    return b"!<arch>\n" + b"".join(
        f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode() + content + b"\n" * (len(content) % 2)
        for name, content in members.items()
    )


class Downloads:
    """AWS's downloads on disk, and where a build installs from them."""

    def __init__(self, directory: Path) -> None:
        self.cache = directory / "cache"
        self.program = directory / "bin" / "session-manager-plugin"
        self.file = directory / "1.0" / "ubuntu_64bit" / "session-manager-plugin.deb"
        self.file.parent.mkdir(parents=True)
        self._address = directory.as_uri()
        self.offer(deb())

    def offer(self, content: bytes) -> None:
        """Put a package there, whose checksum is pinned."""
        self.file.write_bytes(content)
        pinned = {"64bit": hashlib.sha256(content).hexdigest()}
        self.package = plugin.Package("1.0", self._address, pinned)

    def install(self) -> bytes:
        """Install it. Returns the installed program."""
        plugin.install(self.package, "x86_64", str(self.cache), self.program)
        return self.program.read_bytes()


@pytest.fixture
def downloads(tmp_path: Path) -> Downloads:
    return Downloads(tmp_path)


def test_the_program_of_the_package_is_installed(downloads: Downloads) -> None:
    assert downloads.install() == PROGRAM
    assert downloads.program.stat().st_mode & 0o777 == 0o755


def test_the_cache_replaces_the_download(downloads: Downloads) -> None:
    downloads.install()
    downloads.file.unlink()
    assert downloads.install() == PROGRAM


def test_an_altered_file_of_the_cache_is_downloaded_again(downloads: Downloads) -> None:
    downloads.install()
    [cached] = downloads.cache.iterdir()
    cached.write_bytes(b"altered")
    assert downloads.install() == PROGRAM
    assert cached.read_bytes() == downloads.file.read_bytes()


def test_the_cache_keeps_one_version(downloads: Downloads) -> None:
    downloads.install()
    downloads.offer(deb(version=b"2.1\n"))
    downloads.install()
    assert [each.read_bytes() for each in downloads.cache.iterdir()] == [downloads.file.read_bytes()]


def test_a_package_with_another_checksum_is_not_installed(downloads: Downloads) -> None:
    downloads.file.write_bytes(b"another package")
    with pytest.raises(plugin.CannotInstallError, match="has the SHA-256"):
        downloads.install()
    assert not downloads.program.exists()
    assert not downloads.cache.exists()


@pytest.mark.parametrize("content", [b"no archive", deb("usr/bin/other"), b"!<arch>\n"])
def test_a_package_without_the_program_is_an_error(downloads: Downloads, content: bytes) -> None:
    downloads.offer(content)
    with pytest.raises(plugin.CannotInstallError, match="does not contain"):
        downloads.install()


def test_a_package_that_cannot_be_downloaded_is_an_error(downloads: Downloads) -> None:
    downloads.file.unlink()
    with pytest.raises(plugin.CannotInstallError, match="cannot download"):
        downloads.install()


# --- the command of the run image ------------------------------------------------------------------------------------


def offer_program(directory: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    """Put a plugin of a version on the PATH."""
    program = directory / "session-manager-plugin"
    program.write_text(f"#!/bin/sh\necho {version}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(directory), prepend=":")


@pytest.mark.parametrize(("version", "status"), [(plugin.Package().version, 0), ("1.0", 1)])
def test_the_image_is_refused_unless_it_has_the_pinned_version(
    version: str, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer_program(tmp_path, monkeypatch, version)
    assert plugin.main(["--check"]) == status


def test_the_command_installs_the_program_at_a_path(
    downloads: Downloads, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(plugin, "Package", lambda: downloads.package)
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    assert plugin.main([str(downloads.program)]) == 0
    assert downloads.program.read_bytes() == PROGRAM
    downloads.file.unlink()
    assert plugin.main([str(downloads.program)]) == 1
    assert "cannot download" in capsys.readouterr().err
