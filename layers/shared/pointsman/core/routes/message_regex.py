"""Regular expressions for commit messages, in time linear in the message whatever the expression says.

The engine is RE2 (https://github.com/google/re2/wiki/Syntax): it knows no look-around and no back-reference, which are
what makes others hang. It is imported when the first expression is met: most rules have none.
"""

from functools import cache
from typing import Protocol


class CompiledRegex(Protocol):
    """A compiled expression."""

    def search(self, text: str) -> object | None:
        """Something, where the expression matches anywhere in `text`."""


@cache
def compile_regex(text: str) -> CompiledRegex:
    """Compile `text`. Raises ValueError saying why it is none."""
    import re2  # noqa: PLC0415

    options = re2.Options()
    options.log_errors = False
    try:
        compiled: CompiledRegex = re2.compile(text, options)
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error.args[0])
        raise ValueError(f"`{text}` is no regular expression of RE2: {reason}") from error
    return compiled
