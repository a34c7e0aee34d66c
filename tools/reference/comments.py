"""The comments beside and above the fields of a class, which say what a field means."""

import ast
import inspect
import io
import textwrap
import tokenize
from typing import Any


def field_comments(kind: type[Any]) -> dict[str, str]:
    """Return field → its comment: on its line, or on the lines above it. Inherited fields have those of their class."""
    comments: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        if each.__module__.startswith(("pointsman", "pointsmanctl", "functions")):
            comments |= _own_comments(each)
    return {name: text.replace("None:", "Without it:") for name, text in comments.items()}


def _own_comments(kind: type[Any]) -> dict[str, str]:
    source = textwrap.dedent(inspect.getsource(kind))
    lines = _comment_lines(source)
    [definition] = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    fields = [node for node in definition.body if isinstance(node, ast.AnnAssign | ast.Assign)]
    return {_name(node): _of_field(node, lines) for node in fields}


def _name(node: ast.AnnAssign | ast.Assign) -> str:
    return ast.unparse(node.target if isinstance(node, ast.AnnAssign) else node.targets[0])


def _of_field(node: ast.stmt, lines: dict[int, tuple[bool, str]]) -> str:
    """Return the comment of one field: (whole line, text) by line number is given."""
    beside = lines.get(node.end_lineno or node.lineno)
    if beside and not beside[0]:
        return beside[1]
    above: list[str] = []
    number = node.lineno - 1
    while number in lines and lines[number][0]:
        above.insert(0, lines[number][1])
        number -= 1
    return " ".join(above)


def _comment_lines(source: str) -> dict[int, tuple[bool, str]]:
    found: dict[int, tuple[bool, str]] = {}
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            text = token.string.removeprefix("#").partition("# noqa")[0].strip()
            found[token.start[0]] = (not token.line[: token.start[1]].strip(), text)
    return found
