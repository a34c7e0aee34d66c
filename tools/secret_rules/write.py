"""The module that the redactor loads, out of the rules of gitleaks."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

from tools.secret_rules.beginnings import beginnings
from tools.secret_rules.go_regex import translate
from tools.secret_rules.selection import COMMON_BEGINNINGS, GROUPS, LEFT_OUT, WORDS
from tools.secret_rules.source import SOURCE, VERSION, read_rules

TARGET = Path(__file__).parents[2] / "runner" / "redaction" / "gitleaks_rules.py"
Kind = Literal["beginning", "name", "shape"]

# Characters by which a token is known, whatever follows: `ghp_`, `GR1348941`.
SHORTEST_BEGINNING = 3  # with a sign among them
SHORTEST_WORD = 6
_SIGNS = "_-.~"
_BEFORE_NAME = r"[\w.-]{0,50}?"  # of gitleaks' rules with a name: the redactor needs the secret alone
_AFTER_NAME = r"""[\x60'"\s=]{0,5}"""
_END = r"""(?:[\x60'"\s;]|\\[nr]|$)"""
# A file's token ends with a quote or white space; in a message a comma, a bracket or a full stop may follow.
_OTHER_END = re.compile(r"\(\?:\[\^([^]]+)\]\|\\Z\)$")
_ENDS_IN_CLASS = re.compile(r"[\]w]\{[\d,]+\}\)?$")
_REST = r"[\w-]*"  # vendors make their tokens longer now and then: what follows is not left behind
_ENDS = r"(?![\w-])"
# Only one rule has these; a diff's sign may stand before it.
_EDGES = {
    r"""(?:^|[\\'"\x60\s>=:(,)])""": r"(?<![\w~.])",
    r"""(?:$|[\\'"\x60\s<),])""": r"(?![\w~-])",
}
_ENDS_VALUE = r"(?![\w/+-]|\.\w)"

_HEAD = f'''"""The rules of gitleaks {VERSION}, written by `python -m tools.secret_rules`. Do not edit.

{SOURCE}
MIT License, Copyright (c) 2019 Zachary Rice: LICENSE.gitleaks.
"""

# Of each rule: id, words of which a text must have one, pattern, how the secret is known (by its beginning, by the name
# before it, by its shape), the entropy that a secret exceeds, and what is no secret.
RULES: tuple[tuple[str, tuple[str, ...], str, str, float, str], ...] = (
'''
_CUT = "# What only tokens begin with: by it one is known that was cut.\n"


class RuleText(NamedTuple):
    """A rule as the module has it."""

    name: str
    words: tuple[str, ...]
    pattern: str
    kind: Kind
    entropy: float
    allowed: str


def module() -> str:
    """The module's text."""
    rules = list(selected())
    lines = "".join(f"    {tuple(rule)!r},\n" for rule in rules)
    tokens = sorted({each for rule in rules for each in _tellings(rule)})
    return f"{_HEAD}{lines})\n\n{_CUT}BEGINNINGS = {_table(tokens)}\n"


def selected() -> Iterator[RuleText]:
    """Every rule that is not left out, for Python."""
    for rule in read_rules():
        if rule["id"] not in LEFT_OUT:
            yield _rule(rule)


def _rule(rule: dict[str, Any]) -> RuleText:
    written = rule["regex"].replace(_BEFORE_NAME, "")
    for edge, narrow in _EDGES.items():
        written = written.replace(edge, narrow)
    named = _AFTER_NAME in written
    pattern = translate(written, rule.get("secretGroup", GROUPS.get(rule["id"])))
    pattern = pattern.replace(translate(_END), _ENDS_VALUE if named else _ENDS)
    pattern = _OTHER_END.sub(r"(?![\1])", pattern)
    kind: Kind = "name" if named else "shape"
    if not named and all(map(_is_telling, beginnings(pattern))):
        kind = "beginning"
        pattern += _REST if _ENDS_IN_CLASS.search(pattern) else ""
    words = tuple(WORDS.get(rule["id"], rule["keywords"]))
    return RuleText(rule["id"], words, pattern, kind, float(rule.get("entropy", 0)), "|".join(_allowed(rule)))


def _allowed(rule: dict[str, Any]) -> Iterator[str]:
    """What gitleaks takes for no secret, of the secret alone: other lists are about files and lines."""
    for allowlist in rule.get("allowlists", ()):
        if "regexTarget" not in allowlist:
            yield from map(translate, allowlist.get("regexes", ()))


def _is_telling(beginning: str) -> bool:
    return len(beginning) >= (SHORTEST_BEGINNING if set(_SIGNS) & set(beginning) else SHORTEST_WORD)


def _tellings(rule: RuleText) -> Iterator[str]:
    """The beginnings that are enough to know a token that was cut: up to their last sign, or with a number."""
    for each in filter(_is_telling, beginnings(rule.pattern)):
        end = max(map(each.rfind, _SIGNS)) + 1 or (len(each) if re.search(r"\d{3}", each) else 0)
        if re.fullmatch(r"[\w.~-]{3,}", each[:end]) and each[:end] not in COMMON_BEGINNINGS:
            yield each[:end]


def _table(texts: list[str]) -> str:
    return "(\n" + "".join(f"    {text!r},\n" for text in texts) + ")"
