"""Runs functions with what Lambda provides: the standard library, boto3 and their layers.

Gaps: the emulator starts functions with its own interpreter, whose packages (here: the whole development environment,
this checkout included) would hide a dependency that is missing from the layer; and it unpacks code and layers again for
each process of a function, and everything else in the emulator waits for that.
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
import threading
import types
import zipfile
from pathlib import Path
from typing import Any, Final

from localcloud.aws import emulator

# boto3 and its dependencies, as in Lambda's runtime.
_RUNTIME_PACKAGES: Final = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")


def install(directory: Path) -> None:
    """Link the packages into `directory`, and start functions with only these on their path."""
    interpreter = _write_interpreter(directory)
    original = emulator.lambda_runtime._detect_runtime_binary

    def runtime_binary(runtime: str) -> tuple[str, str]:
        binary, script = original(runtime)
        return (str(interpreter) if runtime.startswith("python") else binary), script

    emulator.lambda_runtime._detect_runtime_binary = runtime_binary
    # The emulator's module gets a `zipfile` that unpacks each archive once only.
    shared = types.SimpleNamespace(**vars(zipfile))
    shared.ZipFile = _unpacked_once(directory / "unpacked")
    emulator.lambda_runtime.zipfile = shared


def _unpacked_once(cache: Path) -> type[zipfile.ZipFile]:
    """A ZipFile that unpacks equal contents once, and creates a link to them at the requested path."""
    unpacking = threading.Lock()

    class UnpackedOnce(zipfile.ZipFile):
        def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
            target, unpacked = Path(path), cache / _digest(self)
            with unpacking:
                if not unpacked.is_dir():
                    partial = unpacked.with_suffix(".partial")
                    super().extractall(partial, members, pwd)
                    partial.rename(unpacked)
            target.rmdir()
            target.symlink_to(unpacked)

    return UnpackedOnce


def _digest(archive: zipfile.ZipFile) -> str:
    """A digest of the archive's content: every name, size and checksum."""
    entries = sorted((each.filename, each.file_size, each.CRC) for each in archive.infolist())
    return hashlib.sha256(repr(entries).encode()).hexdigest()[:32]


def _write_interpreter(directory: Path) -> Path:
    packages = directory / "packages"
    packages.mkdir(parents=True, exist_ok=True)
    for name in _RUNTIME_PACKAGES:
        source = _location(name)
        link = packages / source.name
        link.unlink(missing_ok=True)
        link.symlink_to(source)
    interpreter = directory / "python"
    # -S: no site-packages. The path is set in the script, so that a function's own PYTHONPATH cannot extend it.
    interpreter.write_text(f'#!/bin/sh\nPYTHONPATH="{packages}" exec "{sys.executable}" -S "$@"\n')
    interpreter.chmod(0o755)
    return interpreter


def _location(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"{name} is not installed: run `uv sync`")
    origin = Path(spec.origin)
    return origin.parent if origin.name == "__init__.py" else origin
