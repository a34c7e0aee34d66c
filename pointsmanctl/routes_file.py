"""Reads routes.yaml, so that every fault can be told with its line and column."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pointsman.core.routes import Routes
from pointsman.core.routes_check import check_routes
from pointsman.core.routes_doubts import doubts
from pointsman.core.routes_fault import Fault, Place


@dataclass(frozen=True, slots=True)
class LocatedFault:
    """A fault and where it stands: line and column count from 1."""

    file: str
    line: int
    column: int
    fault: Fault

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.fault}"


def read_routes(path: Path) -> tuple[Routes | None, list[LocatedFault]]:
    """The rules in the file at `path`, or None and every fault in the order of the file. Raises OSError."""
    try:
        node, data = _parsed(path)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        reason = "; ".join(part for part in (error.context, error.problem) if part)
        return None, [LocatedFault(str(path), line, column, Fault((), f"not YAML: {reason}"))]
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        return None, [LocatedFault(str(path), 1, 1, Fault((), f"not YAML: {error}"))]
    if node is None:
        return None, [LocatedFault(str(path), 1, 1, Fault((), "the file is empty"))]
    routes, faults = check_routes(data)
    located = _located(path, node, [*_doubled_keys(node), *faults])
    return (None if located else routes), located


def read_doubts(path: Path, routes: Routes) -> list[LocatedFault]:
    """What is valid but doubtful in the file at `path`, which holds `routes`, in its order. Raises OSError."""
    node, _ = _parsed(path)
    return _located(path, node, doubts(routes)) if node else []


def _parsed(path: Path) -> tuple[yaml.Node | None, Any]:
    """The file as YAML's nodes, before anything is merged, and as plain values."""
    text = path.read_text(encoding="utf-8")
    node = _Loader(text).get_single_node()
    return node, _Loader(text).get_single_data()


def _located(path: Path, node: yaml.Node, faults: Iterable[Fault]) -> list[LocatedFault]:
    marks = dict(_marks(node))
    located = [_at(path, marks, fault) for fault in faults]
    return sorted(located, key=lambda each: (each.line, each.column))


def _at(path: Path, marks: dict[Place, yaml.Mark], fault: Fault) -> LocatedFault:
    place = fault.place
    if place[:1] == ("routes",) and place[:3] not in marks and ("defaults", *place[2:3]) in marks:
        place = ("defaults", *place[2:])  # what a route does not say itself
    while place not in marks:  # what is missing stands nowhere: its parent tells where it should be
        place = place[:-1]
    return LocatedFault(str(path), marks[place].line + 1, marks[place].column + 1, fault)


class _Loader(yaml.SafeLoader):
    """YAML 1.2's plain values: `on` and `no` are words, and a number with a leading zero is one too."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own protocol


for _tag, _pattern, _first in (
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", list("-+0123456789")),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?$", list("-+.0123456789")),
    ("merge", r"^<<$", ["<"]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)


def _doubled_keys(node: yaml.Node, place: Place = (), above: tuple[int, ...] = ()) -> Iterator[Fault]:
    if id(node) in above:  # an alias inside its own anchor
        return
    keys = [at for at, _ in _children(node)]
    yield from (
        Fault((*place, key), "this key stands here twice") for key in dict.fromkeys(keys) if keys.count(key) > 1
    )
    for at, value in _children(node):
        yield from _doubled_keys(value, (*place, at), (*above, id(node)))


def _marks(node: yaml.Node, place: Place = (), above: tuple[int, ...] = ()) -> Iterator[tuple[Place, yaml.Mark]]:
    if id(node) in above:
        return
    yield place, node.start_mark
    for at, value in _children(node):
        yield from _marks(value, (*place, at), (*above, id(node)))


def _children(node: yaml.Node) -> Iterator[tuple[str | int, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        yield from ((key.value, value) for key, value in node.value if isinstance(key, yaml.ScalarNode))
    elif isinstance(node, yaml.SequenceNode):
        yield from enumerate(node.value)
