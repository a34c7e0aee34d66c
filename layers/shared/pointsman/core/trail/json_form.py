"""What DynamoDB has and JSON has not, in JSON. The product stores no such value: only somebody else can have done it.

| in the table | in JSON |
| --- | --- |
| a number | the number |
| a set of strings | `{"SS": ["a", "b"]}`, sorted |
| a set of numbers | `{"NS": [1, 2.5]}`, sorted |
| a set of binary values | `{"BS": ["YQ==", "Yg=="]}`, sorted |
| a binary value | `{"B": "YQ=="}` |

A set is not a plain list here: else a list could take its place, and the hash would be the same.
"""

from base64 import b64encode
from collections.abc import Set
from decimal import Decimal
from typing import Any


def json_form(value: Any) -> Any:
    """A value of an item as JSON types; what is one stays as it is. Raises TypeError for anything else."""
    match value:
        case dict():
            return {name: json_form(each) for name, each in value.items()}
        case list() | tuple():
            return [json_form(each) for each in value]
        case None | str() | int() | float():
            return value
        case _:
            return tagged(value)


def tagged(value: Any) -> Any:
    """The form of a value that is no JSON type, as the `default` of json.dumps. Raises TypeError for anything else."""
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case Set():
            return _of_set(value)
        case _:
            return {"B": _base64(value)}


def _of_set(values: Set[Any]) -> dict[str, list[Any]]:
    if all(isinstance(each, str) for each in values):
        return {"SS": sorted(values)}
    if all(isinstance(each, int | float | Decimal) for each in values):
        return {"NS": [json_form(each) for each in sorted(values)]}
    return {"BS": sorted(map(_base64, values))}


def _base64(value: Any) -> str:
    """boto3 has a class of its own for binary values."""
    return b64encode(bytes(value)).decode()
