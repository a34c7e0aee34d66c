"""Regular expressions for commit messages, in time linear in the message.

The engine is RE2 (https://github.com/google/re2/wiki/Syntax). It has no look-around and no back-references, which can
make other engines hang. It is imported with the first expression, since most rules have none.
"""

from functools import cache
from typing import Protocol


class CompiledRegex(Protocol):
    """A compiled expression."""

    def search(self, text: str) -> object | None:
        """A match anywhere in `text`, or None."""


@cache
def compile_regex(text: str) -> CompiledRegex:
    """Compile `text`. Raises ValueError with the reason if it is invalid."""
    import re2  # noqa: PLC0415

    options = re2.Options()
    options.log_errors = False
    try:
        compiled: CompiledRegex = re2.compile(text, options)
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error.args[0])
        raise ValueError(f"`{text}` is not a valid RE2 regular expression: {reason}") from error
    return compiled
