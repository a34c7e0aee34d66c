"""Reads routes.yaml, and names each error and warning with its line and column."""

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
    """Something wrong in the file and where it stands: line and column count from 1."""

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
    """What a file says, and its errors and warnings, each in the order of the file."""

    routes: Routes | None  # None where there is an error
    errors: list[LocatedDiagnostic]
    warnings: list[LocatedDiagnostic]


def read_routes(path: Path) -> tuple[Routes | None, list[LocatedDiagnostic]]:
    """The routes in the file at `path`, or None and every error in the order of the file. Raises OSError."""
    routes, errors, _ = _read(path)
    return routes, errors


def read_checked(path: Path) -> CheckedRoutes:
    """As `read_routes`, and the warnings where there is no error. Raises OSError."""
    routes, errors, places = _read(path)
    found = [*lint(routes), *unknown_regions(routes)] if routes else []
    return CheckedRoutes(routes, errors, places.of(found, is_warning=True))


def _read(path: Path) -> tuple[Routes | None, list[LocatedDiagnostic], "_Places"]:
    nowhere = _Places(path, {})
    try:
        text = _lines(path.read_bytes().decode())
    except UnicodeDecodeError as error:
        mark = _mark_after(_lines(error.object[: error.start].decode()), path)
        return None, _Places(path, {(): _At(mark)}).of([Diagnostic((), "not YAML: this byte is not UTF-8")]), nowhere
    try:
        loader = _Loader(text)
        node = _node_of(loader)
        if node is None:
            return None, nowhere.of([Diagnostic((), "the file is empty")]), nowhere
        doubled, written = list(_doubled_keys(node)), dict(_places_in(node))  # before anything is merged
        data = loader.construct_document(node)  # which merges what stands at `<<`, in the nodes too
    except yaml.reader.ReaderError as error:
        mark = _mark_after(text[: error.position], path)
        return (
            None,
            _Places(path, {(): _At(mark)}).of([Diagnostic((), "not YAML: this character is not allowed")]),
            nowhere,
        )
    except yaml.MarkedYAMLError as error:
        found = error.problem_mark or error.context_mark
        places = _Places(path, {(): _At(found)} if found else {})
        return None, places.of([Diagnostic((), f"not YAML: {explained(error)}")]), nowhere
    except (yaml.YAMLError, RecursionError) as error:
        return None, nowhere.of([Diagnostic((), f"not YAML: {error}")]), nowhere
    routes, errors = check_routes(data)
    places = _Places(path, written | dict(_places_in(node)))
    located = places.of([*doubled, *errors])
    return (None if located else routes), located, places


def _lines(text: str) -> str:
    """As a file's text is read: every end of a line is the same."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _mark_after(text: str, path: Path) -> yaml.Mark:
    """Where the file goes on after `text`."""
    return yaml.Mark(str(path), 0, text.count("\n"), len(text) - text.rfind("\n") - 1, None, 0)


def _node_of(loader: "_Loader") -> yaml.Node | None:
    """The document's node. Raises MarkedYAMLError, also where PyYAML's own scanner stumbles."""
    try:
        return loader.get_single_node()
    except ValueError as error:  # an escape of a character that there is none of
        raise yaml.MarkedYAMLError(problem=str(error), problem_mark=loader.get_mark()) from error


@dataclass(frozen=True, slots=True)
class _At:
    """Where a value stands, and where its key does; of a key that stands twice, the last."""

    value: yaml.Mark
    key: yaml.Mark | None = None


@dataclass(frozen=True, slots=True)
class _Places:
    """Where everything of a file stands. What an alias or `<<` brings stands at its anchor."""

    path: Path
    marks: dict[Location, _At]

    def of(self, diagnostics: Iterable[Diagnostic], *, is_warning: bool = False) -> list[LocatedDiagnostic]:
        """`diagnostics` in the order of the file. What several routes take from one location is named once."""
        located = [self._at(each, is_warning) for each in diagnostics]
        once: dict[tuple[int, int, str], LocatedDiagnostic] = {}
        for each in located:
            once.setdefault((each.line, each.column, each.diagnostic.reason), each)
        return sorted(once.values(), key=lambda each: (each.line, each.column))

    def _at(self, diagnostic: Diagnostic, is_warning: bool) -> LocatedDiagnostic:
        location = diagnostic.location
        if (
            location[:1] == ("routes",)
            and location[:3] not in self.marks
            and ("defaults", *location[2:3]) in self.marks
        ):
            location = ("defaults", *location[2:])  # what a route takes from the defaults
        while (
            location and location not in self.marks
        ):  # a missing value stands nowhere: its parent is where it should be
            location = location[:-1]
        at = self.marks.get(location)
        mark = at and ((at.key if diagnostic.of_key else None) or at.value)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        found = replace(diagnostic, location=location) if is_warning else diagnostic
        return LocatedDiagnostic(str(self.path), line, column, found, is_warning)


class _Loader(yaml.SafeLoader):
    """YAML 1.2's plain values: `on` and `no` are words, and a number with a leading zero is one too."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own protocol

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """The value of a node. Raises ConstructorError, also where PyYAML's own constructors stumble."""
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


def _doubled_keys(node: yaml.Node, location: Location = (), above: tuple[int, ...] = ()) -> Iterator[Diagnostic]:
    if id(node) in above:  # an alias inside its own anchor
        return
    first: dict[str | int, yaml.Mark] = {}
    for at, key, value in _children(node):
        if key and at in first:
            reason = f"this key is a duplicate: it is also on line {first[at].line + 1}"
            yield Diagnostic((*location, at), reason, of_key=True)
        if key:
            first.setdefault(at, key)
        yield from _doubled_keys(value, (*location, at), (*above, id(node)))


def _places_in(node: yaml.Node, location: Location = (), above: tuple[int, ...] = ()) -> Iterator[tuple[Location, _At]]:
    """Every location below `node`, each after those above it."""
    if not location:
        yield location, _At(node.start_mark)
    for at, key, value in _children(node):
        yield (*location, at), _At(value.start_mark, key)
        if id(value) not in (*above, id(node)):
            yield from _places_in(value, (*location, at), (*above, id(node)))


def _children(node: yaml.Node) -> Iterator[tuple[str | int, yaml.Mark | None, yaml.Node]]:
    """The name or number of each child, where its key stands, if it has one, and the child."""
    if isinstance(node, yaml.MappingNode):
        yield from ((key.value, key.start_mark, value) for key, value in node.value if isinstance(key, yaml.ScalarNode))
    elif isinstance(node, yaml.SequenceNode):
        yield from ((location, None, value) for location, value in enumerate(node.value))
