"""The letters with which every secret of a rule begins: `ghp_`, `sk_live_`. Python's own parser reads the pattern."""

import re
from collections.abc import Iterable
from importlib import import_module
from typing import Any

parser, ops = import_module("re._parser"), import_module("re._constants")

MOST_CHOICES = 3  # of one character


def beginnings(pattern: str) -> set[str]:
    """What a match of the pattern's first group, or of all of it, can begin with; an empty text: with anything."""
    parsed = parser.parse(pattern, re.ASCII)
    secret = _first_group(parsed)
    return _literals(parsed if secret is None else secret)[0]


def _first_group(parsed: Iterable[Any]) -> Any:
    for operation, argument in parsed:
        inner: list[Any] = []
        if operation is ops.SUBPATTERN:
            if argument[0]:
                return argument[-1]
            inner = [argument[-1]]
        elif operation is ops.BRANCH:
            inner = argument[1]
        for each in inner:
            if (found := _first_group(each)) is not None:
                return found
    return None


def _literals(parsed: Iterable[Any]) -> tuple[set[str], bool]:
    """The texts with which it begins, and whether they are all of it."""
    texts = {""}
    for operation, argument in parsed:
        if operation is ops.AT:
            continue
        following, whole = _next(operation, argument)
        texts = {text + more for text in texts for more in following}
        if not whole:
            return texts, False
    return texts, True


def _next(operation: Any, argument: Any) -> tuple[set[str], bool]:
    if operation is ops.LITERAL:
        return {chr(argument)}, True
    if operation is ops.SUBPATTERN:
        return _literals(argument[-1])
    if operation is ops.MAX_REPEAT and argument[0]:
        return _literals(argument[2])[0], False
    if operation is ops.BRANCH:
        each = [_literals(branch) for branch in argument[1]]
        return {text for texts, _ in each for text in texts}, all(whole for _, whole in each)
    if operation is ops.IN and len(argument) <= MOST_CHOICES and all(kind is ops.LITERAL for kind, _ in argument):
        return {chr(code) for _, code in argument}, True
    return {""}, False
