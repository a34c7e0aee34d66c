"""Reads routes.yaml and reports each error and warning with its line and column."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from pointsman.core.routes.check import check_routes
from pointsman.core.routes.diagnostic import Diagnostic, Location
from pointsman.core.routes.lint import lint
from pointsman.core.routes.model import Routes
from pointsman.core.text import escape_invisible
from pointsmanctl.routes_file.known_regions import unknown_regions
from pointsmanctl.routes_file.yaml_hints import explained


@dataclass(frozen=True, slots=True)
class LocatedDiagnostic:
    """An error or a warning with its position in the file: line and column count from 1."""

    file: str
    line: int
    column: int
    diagnostic: Diagnostic
    is_warning: bool = False

    def __str__(self) -> str:
        return escape_invisible(
            f"{self.file}:{self.line}:{self.column}: {'warning: ' * self.is_warning}{self.diagnostic}"
        )


@dataclass(frozen=True, slots=True)
class CheckedRoutes:
    """The routes of a file, its errors and its warnings, in the order of the file."""

    routes: Routes | None  # None where there is an error
    errors: list[LocatedDiagnostic]
    warnings: list[LocatedDiagnostic]


def read_routes(path: Path) -> tuple[Routes | None, list[LocatedDiagnostic]]:
    """Return the routes in the file at `path`, or None and every error in the order of the file. Raises OSError."""
    routes, errors, _ = _read(path)
    return routes, errors


def read_checked(path: Path) -> CheckedRoutes:
    """Return the routes with all errors, or all warnings when there is no error. Raises OSError."""
    routes, errors, positions = _read(path)
    warnings = [*lint(routes), *unknown_regions(routes)] if routes else []
    return CheckedRoutes(routes, errors, positions.of(warnings, is_warning=True))


def _read(path: Path) -> tuple[Routes | None, list[LocatedDiagnostic], "_Positions"]:
    unknown = _Positions(path, {})
    try:
        text = _lines(path.read_bytes().decode())
    except UnicodeDecodeError as error:
        mark = _mark_after(_lines(error.object[: error.start].decode()), path)
        return (
            None,
            _Positions(path, {(): _At(mark)}).of([Diagnostic((), "not YAML: this byte is not UTF-8")]),
            unknown,
        )
    try:
        loader = _Loader(text)
        node = _node_of(loader)
        if node is None:
            return None, unknown.of([Diagnostic((), "the file is empty")]), unknown
        duplicates, written = list(_duplicate_keys(node)), dict(_positions_in(node))  # before YAML merges are applied
        data = loader.construct_document(node)  # this applies `<<`, also in the nodes
    except yaml.reader.ReaderError as error:
        mark = _mark_after(text[: error.position], path)
        return (
            None,
            _Positions(path, {(): _At(mark)}).of([Diagnostic((), "not YAML: this character is not allowed")]),
            unknown,
        )
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark or error.context_mark
        positions = _Positions(path, {(): _At(at)} if at else {})
        return None, positions.of([Diagnostic((), f"not YAML: {explained(error)}")]), unknown
    except (yaml.YAMLError, RecursionError) as error:
        return None, unknown.of([Diagnostic((), f"not YAML: {error}")]), unknown
    routes, errors = check_routes(data)
    positions = _Positions(path, written | dict(_positions_in(node)))
    located = positions.of([*duplicates, *errors])
    return (None if located else routes), located, positions


def _lines(text: str) -> str:
    """Return the text with the same line ending everywhere."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _mark_after(text: str, path: Path) -> yaml.Mark:
    """Return the position after `text`."""
    return yaml.Mark(str(path), 0, text.count("\n"), len(text) - text.rfind("\n") - 1, None, 0)


def _node_of(loader: "_Loader") -> yaml.Node | None:
    """Return the node of the document. Raises MarkedYAMLError, also for PyYAML's own ValueErrors."""
    try:
        return loader.get_single_node()
    except ValueError as error:  # an escape of a character that does not exist
        raise yaml.MarkedYAMLError(problem=str(error), problem_mark=loader.get_mark()) from error


@dataclass(frozen=True, slots=True)
class _At:
    """The position of a value and of its key; of a duplicate key, the last."""

    value: yaml.Mark
    key: yaml.Mark | None = None


@dataclass(frozen=True, slots=True)
class _Positions:
    """The position of every value of a file. The value of an alias or `<<` has the position of its anchor."""

    path: Path
    marks: dict[Location, _At]

    def of(self, diagnostics: Iterable[Diagnostic], *, is_warning: bool = False) -> list[LocatedDiagnostic]:
        """Return `diagnostics` in the order of the file, each once even if several routes share its location."""
        located = [self._at(each, is_warning) for each in diagnostics]
        unique: dict[tuple[int, int, str], LocatedDiagnostic] = {}
        for each in located:
            unique.setdefault((each.line, each.column, each.diagnostic.reason), each)
        return sorted(unique.values(), key=lambda each: (each.line, each.column))

    def _at(self, diagnostic: Diagnostic, is_warning: bool) -> LocatedDiagnostic:
        location = diagnostic.location
        if (
            location[:1] == ("routes",)
            and location[:3] not in self.marks
            and ("defaults", *location[2:3]) in self.marks
        ):
            location = ("defaults", *location[2:])  # the route has it from the defaults
        while location and location not in self.marks:  # a missing value has no position: use its parent's
            location = location[:-1]
        at = self.marks.get(location)
        mark = at and ((at.key if diagnostic.of_key else None) or at.value)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        diagnostic = replace(diagnostic, location=location) if is_warning else diagnostic
        return LocatedDiagnostic(str(self.path), line, column, diagnostic, is_warning)


class _Loader(yaml.SafeLoader):
    """Loads plain values as YAML 1.2: `on`, `no` and numbers with a leading zero are text."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own protocol

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Return the value of a node. Raises ConstructorError, also for other errors of PyYAML's constructors."""
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, LookupError, AttributeError, TypeError, OverflowError) as error:
            problem = f"this is not a valid {node.tag.rpartition(':')[2]}"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from error


for _tag, _pattern, _first in (
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", list("-+0123456789")),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?$", list("-+.0123456789")),
    ("merge", r"^<<$", ["<"]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)


def _duplicate_keys(node: yaml.Node, location: Location = (), above: tuple[int, ...] = ()) -> Iterator[Diagnostic]:
    if id(node) in above:  # an alias inside its own anchor
        return
    first: dict[str | int, yaml.Mark] = {}
    for at, key, value in _children(node):
        if key and at in first:
            reason = f"this key is a duplicate: it is also on line {first[at].line + 1}"
            yield Diagnostic((*location, at), reason, of_key=True)
        if key:
            first.setdefault(at, key)
        yield from _duplicate_keys(value, (*location, at), (*above, id(node)))


def _positions_in(
    node: yaml.Node, location: Location = (), above: tuple[int, ...] = ()
) -> Iterator[tuple[Location, _At]]:
    """Yield every location below `node`, parents first."""
    if not location:
        yield location, _At(node.start_mark)
    for at, key, value in _children(node):
        yield (*location, at), _At(value.start_mark, key)
        if id(value) not in (*above, id(node)):
            yield from _positions_in(value, (*location, at), (*above, id(node)))


def _children(node: yaml.Node) -> Iterator[tuple[str | int, yaml.Mark | None, yaml.Node]]:
    """Yield the name or number of each child, the position of its key, if any, and the child."""
    if isinstance(node, yaml.MappingNode):
        yield from ((key.value, key.start_mark, value) for key, value in node.value if isinstance(key, yaml.ScalarNode))
    elif isinstance(node, yaml.SequenceNode):
        yield from ((location, None, value) for location, value in enumerate(node.value))
