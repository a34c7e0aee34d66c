"""One public class name means one thing in the whole product, and errors.py draws every exception."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from pointsman import errors
from tests.contract.templates.cloudformation import ROOT

PRODUCT = ("layers/shared/pointsman", "functions", "runner", "pointsmanctl", "localcloud", "bench")
FIXED_BY_ANSIBLE = {"CallbackModule"}  # the class of every callback
BUILT_IN = {"Exception", "ValueError"}


def modules(*folders: str) -> Iterator[Path]:
    """Every module of the folders, and the runner's commands, which have no suffix."""
    for folder in folders:
        yield from sorted(path for path in (ROOT / folder).rglob("*.py") if ".build" not in path.parts)
        yield from sorted(path for path in (ROOT / folder / "bin").glob("*") if path.is_file())


def public_classes(*folders: str) -> Iterator[tuple[ast.ClassDef, str]]:
    for path in modules(*folders):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield node, str(path.relative_to(ROOT))


def test_no_public_class_name_is_defined_twice() -> None:
    homes: dict[str, list[str]] = defaultdict(list)
    for node, path in public_classes(*PRODUCT):
        homes[node.name].append(path)
    assert {name: paths for name, paths in homes.items() if len(paths) > 1 and name not in FIXED_BY_ANSIBLE} == {}


def drawn() -> dict[str, str]:
    """Exception → its base class, as errors.py draws them."""
    bases: dict[str, str] = {}
    path: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if match := re.fullmatch(r"((?:│   |    )*)[├└]── (\w+) +\S.*", line):
            depth = len(match[1]) // 4 + 1
            path[depth:] = [match[2]]
            bases[match[2]] = path[depth - 1]
        elif match := re.match(r"(\w+)", line):
            path = [match[1]]
    return bases


def defined() -> dict[str, str]:
    """Exception → its base class, as they are defined. The demo and the local cloud are no part of the product."""
    classes = {
        node.name: ast.unparse(node.bases[0])
        for node, path in public_classes("layers/shared/pointsman", "functions", "runner", "pointsmanctl")
        if node.bases and not path.startswith("pointsmanctl/demo/")
    }
    exceptions = {"PointsmanError", *BUILT_IN}
    while more := {name for name, base in classes.items() if base in exceptions} - exceptions:
        exceptions |= more
    return {name: classes[name] for name in exceptions - {"PointsmanError", *BUILT_IN}}


def test_errors_py_draws_every_exception_below_its_base() -> None:
    assert drawn() == defined()
