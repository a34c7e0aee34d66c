"""AWS's Session Manager plugin: the version, its checksums, and how it is installed without root.

The version is pinned, and the package's SHA-256 is compared with the one below: what is downloaded cannot change
unnoticed. Only the program is unpacked. A build installs it with `bin/install-session-manager-plugin`; the run image
has it already, installed by this module as a command:

    session_manager_plugin.py PATH     install the program there
    session_manager_plugin.py --check  exit with 1 unless the program on the PATH has this version
"""

import hashlib
import io
import platform
import subprocess
import sys
import tarfile
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PROGRAM = "usr/local/sessionmanagerplugin/bin/session-manager-plugin"
MACHINES = {"x86_64": "64bit", "amd64": "64bit", "aarch64": "arm64", "arm64": "arm64"}
_ARCHIVE = b"!<arch>\n"  # a .deb is an archive of ar
_HEADER = 60  # bytes before each of its members: the name is in the first 16, the size in bytes 48 to 57


class CannotInstallError(Exception):
    """The plugin cannot be downloaded, verified or installed. The message has the reason."""


@dataclass(frozen=True)
class Package:
    """AWS's package. To raise the version, verify its signature once, then write both checksums here:
    docs.aws.amazon.com/systems-manager/latest/userguide/install-plugin-linux-verify-signature.html
    """

    version: str = "1.2.835.0"
    downloads: str = "https://s3.amazonaws.com/session-manager-downloads/plugin"
    sha256: Mapping[str, str] = field(
        default_factory=lambda: {
            "64bit": "7c6dcad12518571cc7959a713e6a8ae1bdf6ed66fd9bee37dc189e39ca58ae03",
            "arm64": "0add94c4c8b6ca63f26e44fd655d662b0f6455a268b5b9ebebee0f462214e928",
        }
    )

    def url(self, kind: str) -> str:
        """The address of the package for 64bit or arm64. Its program runs on every Linux with glibc."""
        return f"{self.downloads}/{self.version}/ubuntu_{kind}/session-manager-plugin.deb"


def install(package: Package, machine: str, cache: str, program: Path) -> None:
    """Download the package or take it from the cache, verify it, and unpack its program. Raises CannotInstallError."""
    if machine not in MACHINES:
        raise CannotInstallError(f"AWS has no package for {machine}: use a build image for x86_64 or arm64")
    content = _verified(package, MACHINES[machine], Path(cache) if cache else None)
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_bytes(_program(content))
    program.chmod(0o755)


def _verified(package: Package, kind: str, cache: Path | None) -> bytes:
    """The package's content. A cached file is verified like a new one, since another build may have written it."""
    expected = package.sha256[kind]
    cached = cache / f"session-manager-plugin-{expected}.deb" if cache else None
    if cached and cached.is_file() and hashlib.sha256(content := cached.read_bytes()).hexdigest() == expected:
        return content
    content = _download(package.url(kind))
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise CannotInstallError(f"{package.url(kind)} has the SHA-256 {found}, not {expected}")
    if cached:
        _keep(cached, content)
    return content


def _keep(cached: Path, content: bytes) -> None:
    cached.parent.mkdir(parents=True, exist_ok=True)
    forget_cached(str(cached.parent))
    cached.write_bytes(content)


def forget_cached(cache: str) -> None:
    """Remove every package from the cache, if there is one: a build with the run image needs none."""
    for file in Path(cache).glob("session-manager-plugin-*.deb") if cache else ():
        file.unlink()


def _download(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            content: bytes = answer.read()
    except OSError as error:
        raise CannotInstallError(f"cannot download {url}: {error}") from error
    return content


def _program(package: bytes) -> bytes:
    """The program in a .deb."""
    try:
        [data] = [content for name, content in _members(package) if name.startswith("data.tar")]
        with tarfile.open(fileobj=io.BytesIO(data)) as files:
            member = next(each for each in files if each.name.removeprefix("./") == PROGRAM)
            opened = files.extractfile(member)
            return opened.read() if opened else b""
    except (ValueError, StopIteration, tarfile.TarError) as error:
        raise CannotInstallError(f"the package does not contain {PROGRAM}") from error


def _members(archive: bytes) -> Iterator[tuple[str, bytes]]:
    """The files of an archive of ar. Each begins at an even position."""
    if not archive.startswith(_ARCHIVE):
        raise ValueError("not an archive")
    position = len(_ARCHIVE)
    while position + _HEADER <= len(archive):
        header = archive[position : position + _HEADER]
        start, size = position + _HEADER, int(header[48:58])
        yield header[:16].decode("ascii").strip().rstrip("/"), archive[start : start + size]
        position = start + size + size % 2


def installed_version() -> str:
    """The version of the plugin that the image has, or an empty text."""
    try:
        command = ["session-manager-plugin", "--version"]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def main(arguments: Sequence[str]) -> int:
    """Install the program at a path, or check the one on the PATH. Returns the exit status."""
    package = Package()
    if arguments == ["--check"]:
        found = installed_version()
        print(f"session-manager-plugin {found or 'is missing'}")
        return 0 if found == package.version else 1
    try:
        [path] = arguments
        install(package, platform.machine(), "", Path(path))
    except (ValueError, CannotInstallError) as error:
        print(f"session_manager_plugin: {error}", file=sys.stderr)
        return 1
    print("session-manager-plugin", package.version)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
