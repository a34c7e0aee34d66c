"""No module is too long to read: 350 lines; 75 for a handler, whose workflow belongs in the core."""

from pathlib import Path

import pytest

from tests.contract.templates.cloudformation import ROOT

FOLDERS = ("layers", "functions", "runner", "pointsmanctl", "localcloud", "bench", "tools", "tests")
MAX_LINES = 350
MAX_HANDLER_LINES = 75


def modules(folder: str) -> list[Path]:
    """Every module of a folder, and Ansible's commands, which have no suffix."""
    commands = [path for path in (ROOT / folder / "bin").glob("*") if path.is_file()]
    return [*(ROOT / folder).rglob("*.py"), *commands]


def longer_than(limit: int, paths: list[Path]) -> dict[str, int]:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in paths}
    return {path: length for path, length in lengths.items() if length > limit}


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_module_is_longer_than_350_lines(folder: str) -> None:
    assert modules(folder), f"no module in {folder}"
    assert longer_than(MAX_LINES, modules(folder)) == {}


def test_no_handler_is_longer_than_75_lines() -> None:
    handlers = list((ROOT / "functions").glob("*/handler.py"))
    assert len(handlers) == 8
    assert longer_than(MAX_HANDLER_LINES, handlers) == {}
