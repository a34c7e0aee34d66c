"""The commands of docs/tamper-evidence.md that check a digest without Pointsman, as they stand there."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.archive import ArchivedTrail
from tests.support.events import DEV, started_rollout

GUIDE = (Path(__file__).parents[2] / "docs" / "tamper-evidence.md").read_text()
NEEDED = ("bash", "gzip", "openssl", "python3")


@pytest.mark.skipif(not all(map(shutil.which, NEEDED)), reason="needs bash, gzip, openssl and python3")
@pytest.mark.parametrize("forged", [False, True])
def test_openssl_checks_a_digest(tmp_path: Path, forged: bool) -> None:
    trail, other = ArchivedTrail(), ArchivedTrail()
    trail.close(3)
    trail.record(started_rollout(DEV).replace(at=trail.now))
    trail.close(2)
    other.close(3)
    [pem] = (other if forged else trail).archive.public_keys().values()
    (tmp_path / "03.json.gz").write_bytes(trail.archive.locked["digests/2026/11/23/11.json.gz"])
    (tmp_path / "key.pem").write_bytes(pem)
    [commands] = re.findall(r"```sh\n(gzip .*?)```", GUIDE, re.DOTALL)
    done = subprocess.run(
        ["bash", "-c", commands], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode == 0, "Verified OK" in done.stdout) == (not forged, not forged), done.stderr
