"""The runner as an archive for the worker stack's layer, as `sam package` would upload it."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Final

from localcloud.layout import CHECKOUT

_RUNNER: Final = CHECKOUT / "runner"
_PLACEHOLDER: Final = "Content: ../runner\n"
# What tools and tests leave there.
_LEFT_OUT: Final = {".build", ".ansible", "__pycache__"}


def archive(directory: Path = _RUNNER) -> bytes:
    """A zip file of the directory. Equal files give equal bytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        for path in sorted(directory.rglob("*")):
            relative = path.relative_to(directory)
            if path.is_file() and not _LEFT_OUT & set(relative.parts):
                entry = zipfile.ZipInfo(relative.as_posix())
                entry.external_attr = path.stat().st_mode << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                file.writestr(entry, path.read_bytes())
    return content.getvalue()


def with_archive(template: str, bucket: str, key: str) -> str:
    """The worker template with the layer's content in S3."""
    before, placeholder, after = template.partition(_PLACEHOLDER)
    if not placeholder:
        raise ValueError(f"the worker template has no line {_PLACEHOLDER.strip()!r}")
    return f"{before}Content: {{S3Bucket: {bucket}, S3Key: {key}}}\n{after}"
