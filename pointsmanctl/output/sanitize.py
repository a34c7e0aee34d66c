"""Makes text from outside safe for a terminal: it cannot move the cursor, set colours or reverse a line."""

from enum import Enum
from typing import Any

from pointsman.core.text import escape_invisible
from pointsman.core.value import Value

KEPT = "\n\t"


def sanitized[Noun: Value](value: Noun) -> Noun:
    """Return `value` with control characters in its texts as their codes; line breaks and tabs stay."""
    values = {name: _sanitized(getattr(value, name)) for name in type(value).__struct_fields__}
    return value.replace(**values)


def _sanitized(value: Any) -> Any:
    match value:
        case Enum():
            return value
        case str():
            return escape_invisible(value, KEPT)
        case Value():
            return sanitized(value)
        case tuple():
            return tuple(_sanitized(each) for each in value)
        case dict():
            return {_sanitized(key): _sanitized(each) for key, each in value.items()}
        case _:
            return value
