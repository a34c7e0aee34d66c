"""Directories as zip files. The same files always give the same bytes, on every machine."""

import io
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)  # zip's first day
_COMPRESSION = 6
_LEFT_OUT = ("__pycache__",)


def zip_directory(directory: Path, *, bytecode: bool) -> bytes:
    """Return the files of a directory as a zip file, without names that begin with a dot. `bytecode`: keep it."""
    paths = sorted(_files(directory, bytecode=bytecode))
    return zip_of((path.relative_to(directory).as_posix(), path.read_bytes()) for path in paths)


def zip_of(files: Iterable[tuple[str, bytes]]) -> bytes:
    """Return files, by their names in it, as a zip file."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=_COMPRESSION) as archive:
        for name, body in files:
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.create_system = 3  # Unix, whose modes follow
            # Programs are found by their first line: an installation may have lost their modes.
            entry.external_attr = (0o100755 if body.startswith(b"#!") else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, body)
    return content.getvalue()


def _files(directory: Path, *, bytecode: bool) -> Iterator[Path]:
    for path in directory.iterdir():
        if path.name.startswith(".") or (path.name in _LEFT_OUT and not bytecode):
            continue
        if path.is_dir():
            yield from _files(path, bytecode=bytecode)
        else:
            yield path
