"""What surprises in a single filter pattern: it is valid, and may not say what was meant."""

from itertools import pairwise

from pointsman.core.patterns.items import ANY, SLASH, PatternItem, Repeat
from pointsman.core.patterns.pattern import Pattern


def surprise(pattern: Pattern) -> str | None:
    """What the pattern takes beyond what a reader would think, and what to write; None where nothing surprises."""
    text = pattern.text
    sign, bare = ("!", text[1:]) if pattern.negated else ("", text)
    if bare.startswith("+"):
        return (
            f"`{text}`: `+` with nothing before it says nothing; write `{sign}{bare[1:]}`, or `\\+` for the character"
        )
    if bare.startswith("?"):
        return (
            f"`{text}`: `?` with nothing before it lets the name begin anywhere, as in GitHub Actions; "
            f"write `{sign}**{bare[1:]}`, or `\\?` for the character"
        )
    if any(_crosses_cases(item) for item in pattern.items):
        return f"`{text}`: a range from upper to lower case takes `[`, `\\`, `]`, `^`, `_` and the backtick, too"
    if any(pair == (PatternItem(ANY, Repeat.MANY), PatternItem(SLASH)) for pair in pairwise(pattern.items)):
        return (
            f"`{text}`: `**` begins no folder here, so the slash after it has to be there, as GitHub's documentation "
            "says; Actions was seen to take names without it, too: write `*/` or `**` alone to say which"
        )
    return None


def _crosses_cases(item: PatternItem) -> bool:
    members = item.chars.members or frozenset()
    return len(members) > 1 and not all(char.isalnum() for char in members)
