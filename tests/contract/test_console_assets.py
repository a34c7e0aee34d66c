"""What the console brings for the browser: htmx as npm has it, and nothing from elsewhere."""

import hashlib
import re
from pathlib import Path

import pytest

from pointsman.adapters.report_page.files import THEME
from pointsmanctl.console.app import STATIC

HTMX = "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"


def test_htmx_is_the_file_of_the_package() -> None:
    assert hashlib.sha256((STATIC / "htmx/htmx.min.js").read_bytes()).hexdigest() == HTMX
    assert 'version="4.0.1"' in (STATIC / "htmx/htmx.min.js").read_text()
    assert "4.0.1" in (STATIC / "htmx/README.md").read_text()
    assert "Zero-Clause BSD" in (STATIC / "htmx/LICENSE").read_text()


@pytest.mark.parametrize("path", [STATIC / "console.css", THEME, STATIC / "console.js", STATIC / "icon.svg"])
def test_nothing_is_loaded_from_elsewhere(path: Path) -> None:
    text = path.read_text().replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"https?://|@import|url\(|innerHTML|eval\(|Function\(", text)
