"""The name that `sam deploy` gives the archive of a directory, so that `doctor` knows what was deployed by hand."""

import hashlib
import os
from pathlib import Path

from pointsmanctl.deployment.packages import LEFT_OUT


def sam_digest(directory: Path) -> str:
    """Return the digest by which SAM CLI names the archive of a directory in which nothing has run.

    See `dir_checksum` in samcli/lib/utils/hash.py: each file's path, then the digest of its content.
    """
    digest = hashlib.md5(usedforsecurity=False)
    files: list[str] = []
    for parent, folders, names in os.walk(directory, followlinks=True):
        left_out = LEFT_OUT(parent, [*folders, *names])
        folders[:] = [each for each in folders if each not in left_out]
        files += [os.path.join(parent, each) for each in names if each not in left_out]  # noqa: PTH118 - sorted as SAM does
    for file in sorted(files):
        digest.update(os.path.relpath(file, directory).encode())
        digest.update(hashlib.md5(Path(file).read_bytes(), usedforsecurity=False).hexdigest().encode())
    return digest.hexdigest()
