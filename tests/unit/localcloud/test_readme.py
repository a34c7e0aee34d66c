"""The README names files that exist."""

import re

from localcloud.layout import CHECKOUT

DIRECTORY = CHECKOUT / "localcloud"


def test_every_module_of_the_tables_exists() -> None:
    tables = [line for line in (DIRECTORY / "README.md").read_text().splitlines() if line.startswith("|")]
    named = {path for line in tables for path in re.findall(r"`(\w[\w/]*(?:\.py|/))`", line)}
    assert len(named) > 15
    assert [path for path in sorted(named) if not (DIRECTORY / path).exists()] == []


def test_every_bridge_is_in_the_table() -> None:
    text = (DIRECTORY / "README.md").read_text()
    bridges = [file.name for file in (DIRECTORY / "aws").glob("*.py") if file.name != "__init__.py"]
    assert [name for name in bridges if f"`aws/{name}`" not in text] == []
