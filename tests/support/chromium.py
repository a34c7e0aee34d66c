"""Chromium for the tests: the one that is installed, or Debian's, unpacked into .tools/chromium without root."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / ".tools"
FETCHED = TOOLS / "chromium"
VARIABLE = "POINTSMAN_CHROMIUM"  # the path of a browser, or "fetch" for Debian's in spite of an installed one
NAMES = ("chromium", "chromium-browser", "google-chrome")
PACKAGES = ("chromium", "fonts-liberation")
# No test needs the network, and root has no sandbox.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{root}/usr/share/fonts</dir><dir>/usr/share/fonts</dir><cachedir>{root}/font-cache</cachedir></fontconfig>
"""


class NoBrowserError(Exception):
    """There is no browser here, and no way to get one."""


@dataclass(frozen=True)
class Chromium:
    """A browser, and the variables that it needs beside those of this process."""

    path: Path
    environment: dict[str, str] = field(default_factory=dict)


def find_chromium() -> Chromium:
    """Find a browser, or fetch it. Raises NoBrowserError."""
    wanted = os.environ.get(VARIABLE, "")
    if wanted and wanted != "fetch":
        return Chromium(Path(wanted))
    installed = [found for name in NAMES if (found := shutil.which(name))]
    if installed and not wanted:
        return Chromium(Path(installed[0]))
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        raise NoBrowserError(
            f"no Chromium is installed, and there is no apt-get to fetch it with; {VARIABLE} names one"
        )
    with _lock():
        if not FETCHED.exists():
            _fetch()
    return _fetched()


def _fetched() -> Chromium:
    path = FETCHED / "usr/lib/chromium/chromium"
    if not path.exists():
        raise NoBrowserError("the package chromium of this distribution has no browser")
    # Some libraries have a directory of their own, such as pulseaudio's.
    places = [*(FETCHED / "usr/lib").glob("*-linux-gnu*"), *(FETCHED / "usr/lib").glob("*-linux-gnu*/*/")]
    libraries = [str(each) for each in places if any(each.glob("*.so*"))]
    return Chromium(
        path,
        {
            "LD_LIBRARY_PATH": ":".join([*libraries, *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]),
            "FONTCONFIG_FILE": str(FETCHED / "fonts.conf"),
        },
    )


def _fetch() -> None:
    """Download the packages that are not installed, and unpack them."""
    work = TOOLS / "chromium.new"
    shutil.rmtree(work, ignore_errors=True)
    lists, cache, root = work / "lists", work / "cache", work / "root"
    for each in (lists / "partial", cache / "archives/partial", root):
        each.mkdir(parents=True)
    options = [
        *("-q", "-o", f"Dir::State::Lists={lists}", "-o", f"Dir::Cache={cache}", "-o", "Debug::NoLocking=1"),
        *("-o", "APT::Sandbox::User=root", "-o", "Acquire::Languages=none"),
    ]
    _call("apt-get", *options, "update")
    _call("apt-get", *options, "--yes", "--no-install-recommends", "--download-only", "install", *PACKAGES)
    for package in sorted((cache / "archives").glob("*.deb")):
        _call("dpkg", "-x", str(package), str(root))
    (root / "fonts.conf").write_text(_FONTS.format(root=FETCHED))
    root.rename(FETCHED)
    shutil.rmtree(work)


def _call(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=os.environ | {"LC_ALL": "C"})
    if done.returncode != 0:
        raise NoBrowserError(f"Chromium cannot be fetched: {' '.join(words)}: {done.stdout}{done.stderr}")


@contextmanager
def _lock() -> Iterator[None]:
    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / "chromium.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
