"""`--output`: tables for people; JSON, JSON Lines and CSV for programs, from the same objects."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from pointsman.core.text import CONTROL, escape_invisible


class Format(StrEnum):
    """The formats of an answer."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


# https://owasp.org/www-community/attacks/CSV_Injection; tabs and line breaks are shown as their codes.
_FORMULA: Final = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")

type Object = Mapping[str, Any]
"""A JSON object, made by output/shapes.py."""


def print_objects(
    objects: Sequence[Object], output: Format, columns: Sequence[str], rows: Iterable[Object] | None = None
) -> None:
    """Print `objects` on stdout. CSV has `columns` of `rows`; without `rows`, of the objects themselves."""
    match output:
        case Format.CSV:
            _print_csv(objects if rows is None else rows, columns)
        case Format.JSONL:
            for each in objects:
                _print_json(each, indent=None)
        case _:
            _print_json(objects, indent=2)


def _print_json(value: object, *, indent: int | None) -> None:
    """Print JSON with escaped control characters, because a terminal may show it."""
    written = json.dumps(value, indent=indent, ensure_ascii=False)
    lines = (CONTROL.sub(lambda match: f"\\u{ord(match.group()):04x}", line) for line in written.split("\n"))
    sys.stdout.write("\n".join(lines) + "\n")


def _print_csv(rows: Iterable[Object], columns: Sequence[str]) -> None:
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_inert(_cell(row.get(name)), row.get(name)) for name in columns] for row in rows)


def _inert(cell: str, value: object) -> str:
    """Return a cell that no spreadsheet takes for a formula: text that looks like one begins with an apostrophe."""
    is_number = isinstance(value, int | float)
    return f"'{cell}" if cell.startswith(_FORMULA) and not is_number else cell


def _cell(value: object) -> str:
    """Return a value on one line; the elements of a list are separated by spaces."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case list() | tuple():
            return " ".join(_cell(each) for each in value)
        case _:
            return escape_invisible(str(value))
