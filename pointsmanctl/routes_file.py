"""Reads routes.yaml, so that every fault can be told with its line and column."""

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
from pointsmanctl.known_regions import doubts_of_regions
from pointsmanctl.yaml_hints import told_of


@dataclass(frozen=True, slots=True)
class LocatedFault:
    """A fault and where it stands: line and column count from 1."""

    file: str
    line: int
    column: int
    fault: Diagnostic
    doubtful: bool = False  # no more than a warning

    def __str__(self) -> str:
        return escape_invisible(f"{self.file}:{self.line}:{self.column}: {'warning: ' * self.doubtful}{self.fault}")


@dataclass(frozen=True, slots=True)
class Checked:
    """What a file says, and what is wrong or doubtful in it, each in the order of the file."""

    routes: Routes | None  # None where there is a fault
    faults: list[LocatedFault]
    lint: list[LocatedFault]


def read_routes(path: Path) -> tuple[Routes | None, list[LocatedFault]]:
    """The rules in the file at `path`, or None and every fault in the order of the file. Raises OSError."""
    routes, faults, _ = _read(path)
    return routes, faults


def read_checked(path: Path) -> Checked:
    """As `read_routes`, and what is doubtful in rules without a fault. Raises OSError."""
    routes, faults, places = _read(path)
    found = [*lint(routes), *doubts_of_regions(routes)] if routes else []
    return Checked(routes, faults, places.of(found, doubtful=True))


def _read(path: Path) -> tuple[Routes | None, list[LocatedFault], "_Places"]:
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
            _Places(path, {(): _At(mark)}).of([Diagnostic((), "not YAML: this character can't stand here")]),
            nowhere,
        )
    except yaml.MarkedYAMLError as error:
        found = error.problem_mark or error.context_mark
        places = _Places(path, {(): _At(found)} if found else {})
        return None, places.of([Diagnostic((), f"not YAML: {told_of(error)}")]), nowhere
    except (yaml.YAMLError, RecursionError) as error:
        return None, nowhere.of([Diagnostic((), f"not YAML: {error}")]), nowhere
    routes, faults = check_routes(data)
    places = _Places(path, written | dict(_places_in(node)))
    located = places.of([*doubled, *faults])
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

    def of(self, faults: Iterable[Diagnostic], *, doubtful: bool = False) -> list[LocatedFault]:
        """`faults` in the order of the file. What several routes have from one place is told once."""
        located = [self._at(fault, doubtful) for fault in faults]
        once: dict[tuple[int, int, str], LocatedFault] = {}
        for each in located:
            once.setdefault((each.line, each.column, each.fault.reason), each)
        return sorted(once.values(), key=lambda each: (each.line, each.column))

    def _at(self, fault: Diagnostic, doubtful: bool) -> LocatedFault:
        location = fault.location
        if (
            location[:1] == ("routes",)
            and location[:3] not in self.marks
            and ("defaults", *location[2:3]) in self.marks
        ):
            location = ("defaults", *location[2:])  # what a route does not say itself
        while (
            location and location not in self.marks
        ):  # what is missing stands nowhere: its parent tells where it should be
            location = location[:-1]
        at = self.marks.get(location)
        mark = at and ((at.key if fault.of_key else None) or at.value)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        told = replace(fault, location=location) if doubtful else fault
        return LocatedFault(str(self.path), line, column, told, doubtful)


class _Loader(yaml.SafeLoader):
    """YAML 1.2's plain values: `on` and `no` are words, and a number with a leading zero is one too."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own protocol

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """The value of a node. Raises ConstructorError, also where PyYAML's own constructors stumble."""
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, LookupError, AttributeError, TypeError, OverflowError) as error:
            problem = f"this is no {node.tag.rpartition(':')[2]}"
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
            told = f"this key stands here twice: also on line {first[at].line + 1}"
            yield Diagnostic((*location, at), told, of_key=True)
        if key:
            first.setdefault(at, key)
        yield from _doubled_keys(value, (*location, at), (*above, id(node)))


def _places_in(node: yaml.Node, location: Location = (), above: tuple[int, ...] = ()) -> Iterator[tuple[Location, _At]]:
    """Every place below `node`, each after those above it."""
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
