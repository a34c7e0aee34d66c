"""docs/security-model.md names tests that exist."""

import re
import subprocess

from tests.contract.templates.cloudformation import ROOT


def test_every_threat_is_shown_by_a_test_that_exists() -> None:
    named = re.findall(r"`(test_\w+)`", (ROOT / "docs/security-model.md").read_text())
    found = subprocess.run(
        ["git", "grep", "-hoE", r"def test_\w+", "--", "tests"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert len(named) >= 15
    assert [each for each in named if each not in found] == []
