"""Others' text made fit for a terminal: it cannot move the cursor, colour anything or turn a line around."""

from enum import Enum
from typing import Any

from pydantic import BaseModel

from pointsman.core.text import escape_invisible

KEPT = "\n\t"


def harmless[Told: BaseModel](told: Told) -> Told:
    """`told` with the control characters of every text in it as their codes; line breaks and tabs stay."""
    values = {name: _harmless(getattr(told, name)) for name in type(told).model_fields}
    return told.model_copy(update=values)


def _harmless(value: Any) -> Any:
    match value:
        case Enum():
            return value
        case str():
            return escape_invisible(value, KEPT)
        case BaseModel():
            return harmless(value)
        case tuple():
            return tuple(_harmless(each) for each in value)
        case dict():
            return {_harmless(key): _harmless(each) for key, each in value.items()}
        case _:
            return value
