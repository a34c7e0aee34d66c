"""Run every import of a function, late ones included, on a path like Lambda's.

`python -I -S artifact_imports.py HANDLER DIRECTORY...` prints, as JSON, where each imported package of others lies. It
needs no package, so that it sees the function's alone. Imports for type checkers are left out: Lambda has no stubs.
"""

import ast
import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

OWN = ("functions", "pointsman", "redaction")


def main(handler: str, directories: list[str]) -> None:
    """Import a handler's module, and then whatever it and our modules beneath it import."""
    sys.path[:0] = directories
    importlib.import_module(handler)
    packages: dict[str, str] = {}
    seen: set[str] = set()
    waiting = [handler]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if name.partition(".")[0] not in OWN:
            packages |= location(name)
            continue
        for statement in imports_in(name):
            try:
                exec(ast.unparse(statement), {})
            except ImportError as error:
                sys.exit(f"{name}, line {statement.lineno}: {error}")
            waiting += imported_by(statement)
    json.dump(packages, sys.stdout)


def imports_in(name: str) -> Iterator[ast.Import | ast.ImportFrom]:
    """The import statements of a module."""
    if source := sys.modules[name].__file__:
        for node in walk(ast.parse(Path(source).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield node


def imported_by(statement: ast.Import | ast.ImportFrom) -> list[str]:
    """The modules that a statement has imported."""
    names = [each.name for each in statement.names]
    if isinstance(statement, ast.Import):
        return names
    module = str(statement.module)
    return [module, *(each for name in names if (each := f"{module}.{name}") in sys.modules)]


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """Every node but those for type checkers."""
    yield node
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.If(test=ast.Name("TYPE_CHECKING")):
                pass
            case _:
                yield from walk(child)


def location(name: str) -> dict[str, str]:
    """Where the package of others lies that has this module; nothing for the standard library."""
    top = name.partition(".")[0]
    if top in sys.stdlib_module_names:
        return {}
    return {top: str(sys.modules[top].__file__)}


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
