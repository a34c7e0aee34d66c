"""Warnings about valid filter patterns that may not mean what their author expects."""

from itertools import pairwise

from pointsman.core.patterns.items import ANY, SLASH, PatternItem, Repeat
from pointsman.core.patterns.pattern import Pattern


def unexpected_meaning(pattern: Pattern) -> str | None:
    """Describe an unexpected meaning of the pattern, and what to write instead; None if there is none."""
    text = pattern.text
    sign, bare = ("!", text[1:]) if pattern.negated else ("", text)
    if bare.startswith("+"):
        return f"`{text}`: `+` at the start has no effect; write `{sign}{bare[1:]}`, or `\\+` to match the character"
    if bare.startswith("?"):
        return (
            f"`{text}`: `?` at the start matches any beginning, as in GitHub Actions; "
            f"write `{sign}**{bare[1:]}`, or `\\?` to match the character"
        )
    if any(_crosses_cases(item) for item in pattern.items):
        return f"`{text}`: a range from upper to lower case includes `[`, `\\`, `]`, `^`, `_` and the backtick"
    if any(pair == (PatternItem(ANY, Repeat.MANY), PatternItem(SLASH)) for pair in pairwise(pattern.items)):
        return (
            f"`{text}`: `**` is not at the start of a folder, so the slash after it is required, as GitHub "
            "documents; GitHub Actions also matches names without it: write `*/` or `**` to be explicit"
        )
    return None


def _crosses_cases(item: PatternItem) -> bool:
    members = item.chars.members or frozenset()
    return len(members) > 1 and not all(char.isalnum() for char in members)
